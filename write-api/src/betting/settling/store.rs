//! The statements that settle bets, many at a time. Must never read a bet before its player's wallet is held.

use std::collections::HashMap;

use shared::ids::{OperatorId, PlayerId};
use shared::money::{Currency, Minor};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{Bet, Leg, Settled};
use crate::betting::rules::payout::Price;
use crate::betting::rules::verdict::{Counted, Status, Terms, Verdict};
use crate::settlement::rules::Outcome;

/// These bets as they stand, with all their legs, in the order of operators and ids.
pub(crate) async fn read_bets(
    db: &mut PgConnection,
    bets: &[(OperatorId, i64)],
) -> Result<Vec<Bet>, sqlx::Error> {
    let (operators, ids): (Vec<i64>, Vec<i64>) =
        bets.iter().map(|(operator, id)| (operator.get(), *id)).unzip();
    let rows = sqlx::query!(
        r#"
        select
            bet.operator_id as "operator!: OperatorId",
            bet.id as "id!",
            bet.player_id as "player!: PlayerId",
            bet.sizes as "sizes!",
            bet.unit_stake as "unit_stake!: Minor",
            bet.stake as "stake!: Minor",
            bet.max_payout as "max_payout!: Minor",
            bet.potential_payout as "potential_payout!: Minor",
            bet.category as "category!",
            bet.market as "market!",
            bet.status as "status!",
            bet.payout as "payout!: Minor",
            bet.settlements as "settlements!"
        from unnest($1::bigint[], $2::bigint[]) as asked (operator_id, id)
        cross join lateral (
            select * from bets where operator_id = asked.operator_id and id = asked.id limit 1
        ) as bet
        order by bet.operator_id, bet.id
        "#,
        &operators,
        &ids,
    )
    .fetch_all(&mut *db)
    .await?;
    let mut legs = legs(db, &operators, &ids).await?;
    rows.into_iter()
        .map(|row| {
            let status = Status::parse(&row.status).ok_or_else(|| unreadable("a bet's status"))?;
            let sizes = row.sizes.iter().map(|size| usize::try_from(*size));
            let sizes = sizes
                .collect::<Result<_, _>>()
                .map_err(|_| unreadable("a bet's sizes"))?;
            Ok(Bet {
                operator: row.operator,
                id: row.id,
                player: row.player,
                terms: Terms {
                    sizes,
                    unit_stake: row.unit_stake,
                    stake: row.stake,
                    max_payout: row.max_payout,
                },
                potential_payout: row.potential_payout,
                category: row.category,
                market: row.market,
                stood: Verdict {
                    status,
                    payout: row.payout,
                },
                settlements: row.settlements,
                legs: legs.remove(&(row.operator, row.id)).unwrap_or_default(),
            })
        })
        .collect()
}

type Legs = HashMap<(OperatorId, i64), Vec<Leg>>;

async fn legs(db: &mut PgConnection, operators: &[i64], ids: &[i64]) -> Result<Legs, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select
            leg.operator_id as "operator!: OperatorId",
            leg.bet_id as "bet_id!",
            leg.number as "number!",
            leg.sport as "sport!",
            leg.event_id as "event_id!",
            leg.market_id as "market_id!",
            leg.selection_id as "selection_id!",
            leg.book as "book!",
            leg.price_milli as "price_milli!",
            leg.outcome as "outcome?",
            leg.settlement_id as "settlement_id!",
            leg.is_by_hand as "is_by_hand!"
        from unnest($1::bigint[], $2::bigint[]) as asked (operator_id, id)
        cross join lateral (
            select * from bet_legs where operator_id = asked.operator_id and bet_id = asked.id order by number
        ) as leg
        "#,
        operators,
        ids,
    )
    .fetch_all(db)
    .await?;
    let mut legs = Legs::new();
    for row in rows {
        let outcome = row
            .outcome
            .map(|text| Outcome::parse(&text).ok_or_else(|| unreadable("a leg's outcome")));
        let leg = Leg {
            number: row.number,
            sport: row.sport,
            event: row.event_id,
            market: row.market_id,
            selection: row.selection_id,
            book: row.book,
            price: Price::from_milli(row.price_milli).ok_or_else(|| unreadable("a leg's price"))?,
            outcome: outcome.transpose()?,
            settlement: row.settlement_id,
            is_by_hand: row.is_by_hand,
        };
        legs.entry((row.operator, row.bet_id)).or_default().push(leg);
    }
    Ok(legs)
}

fn unreadable(what: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("{what} can't be read").into())
}

/// What these players owe; those who owe nothing are not there. Their wallets must be held.
pub(crate) async fn owed(
    db: &mut PgConnection,
    players: &[(OperatorId, PlayerId)],
) -> Result<HashMap<(OperatorId, PlayerId), Minor>, sqlx::Error> {
    let (operators, ids): (Vec<i64>, Vec<i64>) = players
        .iter()
        .map(|(operator, player)| (operator.get(), player.get()))
        .unzip();
    let rows = sqlx::query!(
        r#"
        select
            kept.operator_id as "operator!: OperatorId",
            kept.player_id as "player!: PlayerId",
            kept.amount as "amount!: Minor"
        from unnest($1::bigint[], $2::bigint[]) as asked (operator_id, player_id)
        cross join lateral (
            select *
            from receivables
            where operator_id = asked.operator_id and player_id = asked.player_id
            limit 1
        ) as kept
        "#,
        &operators,
        &ids,
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| ((row.operator, row.player), row.amount))
        .collect())
}

/// Writes what a player owes.
pub(super) async fn put_owed(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    amount: Minor,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        insert into receivables (operator_id, player_id, amount)
        values ($1, $2, $3)
        on conflict (operator_id, player_id) do update set amount = excluded.amount
        ",
        operator.get(),
        player.get(),
        amount.get(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes the legs as they stand.
pub(super) async fn put_legs(db: &mut PgConnection, settled: &[Settled]) -> Result<(), sqlx::Error> {
    let legs = || {
        settled
            .iter()
            .flat_map(|one| one.bet.legs.iter().map(move |leg| (&one.bet, leg)))
    };
    let operators: Vec<i64> = legs().map(|(bet, _)| bet.operator.get()).collect();
    let bets: Vec<i64> = legs().map(|(bet, _)| bet.id).collect();
    let numbers: Vec<i16> = legs().map(|(_, leg)| leg.number).collect();
    let outcomes: Vec<Option<String>> = legs()
        .map(|(_, leg)| leg.outcome.map(|outcome| outcome.as_text().into_owned()))
        .collect();
    let settlements: Vec<i64> = legs().map(|(_, leg)| leg.settlement).collect();
    let by_hand: Vec<bool> = legs().map(|(_, leg)| leg.is_by_hand).collect();
    let waiting: Vec<bool> = settled
        .iter()
        .flat_map(|one| {
            let is_pending = one.now.status == Status::Pending;
            one.bet
                .legs
                .iter()
                .map(move |leg| is_pending && leg.outcome.is_none())
        })
        .collect();
    sqlx::query!(
        "
        update bet_legs as kept
        set
            outcome = leg.outcome,
            settlement_id = leg.settlement_id,
            is_by_hand = leg.is_by_hand,
            is_waiting = leg.is_waiting
        from (
            select *
            from unnest(
                $1::bigint[], $2::bigint[], $3::smallint[], $4::text[], $5::bigint[], $6::boolean[], $7::boolean[]
            ) as leg (operator_id, bet_id, number, outcome, settlement_id, is_by_hand, is_waiting)
            limit cardinality($1::bigint[])
        ) as leg
        where kept.operator_id = leg.operator_id
            and kept.bet_id = leg.bet_id
            and kept.number = leg.number
            and (kept.outcome, kept.settlement_id, kept.is_by_hand, kept.is_waiting)
                is distinct from (leg.outcome, leg.settlement_id, leg.is_by_hand, leg.is_waiting)
        ",
        &operators,
        &bets,
        &numbers,
        &outcomes as &[Option<String>],
        &settlements,
        &by_hand,
        &waiting,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes what bets come to, and what that changes of the totals.
pub(super) async fn put_bets(
    db: &mut PgConnection,
    rows: &[(&Settled, Counted)],
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let numbers = |part: fn(&Settled) -> i64| rows.iter().map(|(one, _)| part(one)).collect::<Vec<_>>();
    let texts = |part: fn(&Settled) -> &str| {
        rows.iter()
            .map(|(one, _)| part(one).to_owned())
            .collect::<Vec<_>>()
    };
    let counts =
        |part: fn(&Counted) -> i32| rows.iter().map(|(_, counted)| part(counted)).collect::<Vec<_>>();
    let sums = |part: fn(&Counted) -> i64| rows.iter().map(|(_, counted)| part(counted)).collect::<Vec<_>>();
    let versions: Vec<i32> = rows.iter().map(|(one, _)| one.bet.settlements + 1).collect();
    let by: Vec<Option<i64>> = rows.iter().map(|(one, _)| one.by).collect();
    sqlx::query!(
        "
        with asked as (
            select *
            from unnest(
                $2::bigint[], $3::bigint[], $4::integer[], $5::bigint[], $6::text[], $7::bigint[], $8::text[],
                $9::text[], $10::integer[], $11::integer[], $12::integer[], $13::bigint[], $14::bigint[]
            ) as asked (
                operator_id, bet_id, version, market_settlement_id, status, payout, category, market, settled, won,
                voided, staked, paid
            )
            limit cardinality($2::bigint[])
        ),
        written as (
            update bets as kept
            set
                status = asked.status,
                payout = asked.payout,
                settlements = asked.version,
                settled_at = case when asked.status <> 'pending' then $1::timestamptz end
            from asked
            where kept.operator_id = asked.operator_id and kept.id = asked.bet_id
        )
        insert into bet_settlements (
            operator_id, bet_id, version, market_settlement_id, status, payout, category, market, settled, won, voided,
            staked, paid, settled_at
        )
        select asked.*, $1
        from asked
        ",
        at,
        &numbers(|one| one.bet.operator.get()),
        &numbers(|one| one.bet.id),
        &versions,
        &by as &[Option<i64>],
        &texts(|one| one.now.status.as_str()),
        &numbers(|one| one.now.payout.get()),
        &texts(|one| &one.bet.category),
        &texts(|one| &one.bet.market),
        &counts(|counted| counted.settled),
        &counts(|counted| counted.won),
        &counts(|counted| counted.voided),
        &sums(|counted| counted.staked),
        &sums(|counted| counted.paid),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Which of the bets' operators want to be told, with their currencies.
pub(super) async fn subscribed(
    db: &mut PgConnection,
    settled: &[&Settled],
) -> Result<HashMap<OperatorId, Currency>, sqlx::Error> {
    let mut operators: Vec<i64> = settled.iter().map(|one| one.bet.operator.get()).collect();
    operators.sort_unstable();
    operators.dedup();
    let rows = sqlx::query!(
        r#"
        select id as "id: OperatorId", currency as "currency: Currency"
        from operators
        where id = any($1)
            and exists (
                select
                from webhook_endpoints
                where operator_id = operators.id and is_enabled and 'bet.settled' = any(event_types)
            )
        "#,
        &operators,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.currency)).collect())
}
