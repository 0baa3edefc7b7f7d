//! Bets and their legs. Must never show a player the bet of another.

use shared::ids::{OperatorId, PlayerId};
use shared::money::{Currency, Minor};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::Offer;
use crate::betting::rules::slip::{Kind, Policy};
use crate::betting::rules::verdict::Terms;
use crate::paging::Page;

/// A new bet.
#[derive(Debug)]
pub(in super::super) struct NewBet<'a> {
    pub(in super::super) id: i64,
    pub(in super::super) player: PlayerId,
    pub(in super::super) kind: &'a Kind,
    pub(in super::super) terms: &'a Terms,
    pub(in super::super) lines: u64,
    pub(in super::super) potential_payout: Minor,
    pub(in super::super) policy: Policy,
    pub(in super::super) category: &'a str,
    pub(in super::super) market: &'a str,
    pub(in super::super) legs: &'a [Offer],
    pub(in super::super) at: OffsetDateTime,
}

/// Writes a new bet with its legs.
pub(in super::super) async fn insert(
    operator: OperatorId,
    db: &mut PgConnection,
    bet: &NewBet<'_>,
) -> Result<(), sqlx::Error> {
    let legs = bet.legs;
    let text = |part: fn(&Offer) -> &str| legs.iter().map(|leg| part(leg).to_owned()).collect::<Vec<_>>();
    let maybe =
        |part: fn(&Offer) -> &Option<String>| legs.iter().map(|leg| part(leg).clone()).collect::<Vec<_>>();
    let sizes: Vec<i16> = bet
        .terms
        .sizes
        .iter()
        .map(|size| i16::try_from(*size).unwrap_or(i16::MAX))
        .collect();
    let prices: Vec<i64> = legs.iter().map(|leg| leg.price.milli()).collect();
    let starts: Vec<OffsetDateTime> = legs.iter().map(|leg| leg.starts_at).collect();
    sqlx::query!(
        "
        with bet as (
            insert into bets (
                operator_id, id, player_id, kind, sizes, lines, unit_stake, stake, potential_payout, max_payout, policy,
                category, market, placed_at
            )
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ),
        market as (
            insert into bet_markets (sport, event_id, market_id, offered)
            select market.sport, market.event_id, market.id, array(
                select one.value ->> 'name' from jsonb_array_elements(market.selections) as one (value)
            )
            from unnest($15::text[], $16::text[], $17::text[]) as leg (sport, event_id, market_id)
            cross join lateral (
                select *
                from markets
                where sport = leg.sport and event_id = leg.event_id and id = leg.market_id
                limit 1
            ) as market
            where not exists (
                select
                from bet_markets
                where sport = leg.sport and event_id = leg.event_id and market_id = leg.market_id
            )
            order by market.sport, market.event_id, market.id
            on conflict do nothing
        )
        insert into bet_legs (
            operator_id, bet_id, player_id, sport, event_id, market_id, selection_id, line, line_kind, price_milli, home,
            away, league, starts_at, market_key, market_name, selection_name, book, number
        )
        select $1, $2, $3, leg.*
        from unnest(
            $15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::bigint[], $22::text[],
            $23::text[], $24::text[], $25::timestamptz[], $26::text[], $27::text[], $28::text[], $29::text[]
        ) with ordinality as leg
        ",
        operator.get(),
        bet.id,
        bet.player.get(),
        bet.kind.as_str(),
        &sizes,
        i32::try_from(bet.lines).unwrap_or(i32::MAX),
        bet.terms.unit_stake.get(),
        bet.terms.stake.get(),
        bet.potential_payout.get(),
        bet.terms.max_payout.get(),
        bet.policy.as_str(),
        bet.category,
        bet.market,
        bet.at,
        &text(|leg| leg.sport.key()),
        &text(|leg| &leg.event),
        &text(|leg| &leg.market),
        &text(|leg| &leg.selection),
        &maybe(|leg| &leg.line) as &[Option<String>],
        &maybe(|leg| &leg.line_kind) as &[Option<String>],
        &prices,
        &text(|leg| &leg.home),
        &text(|leg| &leg.away),
        &text(|leg| &leg.league),
        &starts,
        &text(|leg| &leg.market_key),
        &text(|leg| &leg.market_name),
        &text(|leg| &leg.selection_name),
        &text(|leg| &leg.book),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A bet as it is kept.
#[derive(Clone, Debug)]
pub(in super::super) struct BetRow {
    pub(in super::super) id: i64,
    pub(in super::super) kind: String,
    pub(in super::super) sizes: Vec<i16>,
    pub(in super::super) lines: i32,
    pub(in super::super) unit_stake: Minor,
    pub(in super::super) stake: Minor,
    pub(in super::super) potential_payout: Minor,
    pub(in super::super) max_payout: Minor,
    pub(in super::super) policy: String,
    pub(in super::super) status: String,
    pub(in super::super) payout: Minor,
    pub(in super::super) settlements: i32,
    pub(in super::super) placed_at: OffsetDateTime,
    pub(in super::super) settled_at: Option<OffsetDateTime>,
    pub(in super::super) currency: Currency,
}

/// A leg as it is kept.
#[derive(Clone, Debug)]
pub(in super::super) struct LegRow {
    pub(in super::super) bet_id: i64,
    pub(in super::super) sport: String,
    pub(in super::super) event_id: String,
    pub(in super::super) market_id: String,
    pub(in super::super) selection_id: String,
    pub(in super::super) line: Option<String>,
    pub(in super::super) price_milli: i64,
    pub(in super::super) home: String,
    pub(in super::super) away: String,
    pub(in super::super) league: String,
    pub(in super::super) starts_at: OffsetDateTime,
    pub(in super::super) market_key: String,
    pub(in super::super) market_name: String,
    pub(in super::super) selection_name: String,
    pub(in super::super) outcome: Option<String>,
}

/// Which of a player's bets.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Filter {
    /// Only those that stand so.
    pub(in super::super) status: Option<&'static str>,
}

/// A page of the player's bets, the newest first.
pub(in super::super) async fn bets(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    filter: Filter,
    page: Page,
) -> Result<Vec<BetRow>, sqlx::Error> {
    sqlx::query_as!(
        BetRow,
        r#"
        select
            bets.id, kind, sizes, lines, unit_stake as "unit_stake: Minor", stake as "stake: Minor",
            potential_payout as "potential_payout: Minor", max_payout as "max_payout: Minor", policy, status,
            payout as "payout: Minor", settlements, placed_at, settled_at, operators.currency as "currency: Currency"
        from bets
        join operators on operators.id = operator_id
        where operator_id = $1 and player_id = $2 and ($3::text is null or status = $3)
        order by bets.id desc
        limit $4
        offset $5
        "#,
        operator.get(),
        player.get(),
        filter.status,
        page.size(),
        page.offset(),
    )
    .fetch_all(db)
    .await
}

/// How many of the player's bets there are on all pages.
pub(in super::super) async fn count(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    filter: Filter,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from bets
        where operator_id = $1 and player_id = $2 and ($3::text is null or status = $3)
        "#,
        operator.get(),
        player.get(),
        filter.status,
    )
    .fetch_one(db)
    .await
}

/// One bet of the player.
pub(in super::super) async fn find_bet(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    id: i64,
) -> Result<Option<BetRow>, sqlx::Error> {
    sqlx::query_as!(
        BetRow,
        r#"
        select
            bets.id, kind, sizes, lines, unit_stake as "unit_stake: Minor", stake as "stake: Minor",
            potential_payout as "potential_payout: Minor", max_payout as "max_payout: Minor", policy, status,
            payout as "payout: Minor", settlements, placed_at, settled_at, operators.currency as "currency: Currency"
        from bets
        join operators on operators.id = operator_id
        where operator_id = $1 and player_id = $2 and bets.id = $3
        "#,
        operator.get(),
        player.get(),
        id,
    )
    .fetch_optional(db)
    .await
}

/// The legs of these bets, in the order of bets and of their numbers.
pub(in super::super) async fn legs_of(
    operator: OperatorId,
    db: &mut PgConnection,
    bets: &[i64],
) -> Result<Vec<LegRow>, sqlx::Error> {
    sqlx::query_as!(
        LegRow,
        "
        select
            bet_id, sport, event_id, market_id, selection_id, line, price_milli, home, away, league, starts_at,
            market_key, market_name, selection_name, outcome
        from bet_legs
        where operator_id = $1 and bet_id = any($2)
        order by bet_id, number
        ",
        operator.get(),
        bets,
    )
    .fetch_all(db)
    .await
}

/// What a player's bets came to.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Stats {
    pub(in super::super) settled: i64,
    pub(in super::super) won: i64,
    pub(in super::super) pending: i64,
    pub(in super::super) staked: Minor,
    pub(in super::super) returned: Minor,
    pub(in super::super) at_stake: Minor,
    pub(in super::super) currency: Currency,
}

/// Adds up the player's bets.
pub(in super::super) async fn stats(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
) -> Result<Stats, sqlx::Error> {
    sqlx::query_as!(
        Stats,
        r#"
        select
            count(*) filter (where status <> 'pending') as "settled!",
            count(*) filter (where status <> 'pending' and payout > stake) as "won!",
            count(*) filter (where status = 'pending') as "pending!",
            coalesce(sum(stake) filter (where status <> 'pending'), 0)::bigint as "staked!: Minor",
            coalesce(sum(payout), 0)::bigint as "returned!: Minor",
            coalesce(sum(stake) filter (where status = 'pending'), 0)::bigint as "at_stake!: Minor",
            (select currency from operators where id = $1) as "currency!: Currency"
        from bets
        where operator_id = $1 and player_id = $2
        "#,
        operator.get(),
        player.get(),
    )
    .fetch_one(db)
    .await
}
