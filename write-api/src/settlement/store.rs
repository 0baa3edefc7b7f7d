//! The statements of settlements. Must never find a bet that a later settlement has decided.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use shared::ids::{OperatorId, PlayerId};
use shared::sports::Sport;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::order::{Order, Said};
use crate::settlement::rules::Outcome;

mod asked;
mod lists;

pub(super) use asked::{AskedSelection, asked_selections, said_by_results};
pub(super) use lists::{
    Group, Known, PendingBet, made, made_count, made_settlement, pending_bets, pending_count,
    pending_markets, places, selections,
};

/// Writes a settlement; its number.
pub(super) async fn insert(
    operator: OperatorId,
    db: &mut PgConnection,
    order: &Order,
) -> Result<i64, sqlx::Error> {
    let (outcomes, others) = match &order.said {
        Said::Undone => (None, None),
        Said::Outcomes { of, others } => {
            let of: BTreeMap<&str, Cow<'static, str>> = of
                .iter()
                .map(|(selection, outcome)| (selection.as_str(), outcome.as_text()))
                .collect();
            let json = serde_json::to_value(of).map_err(|error| sqlx::Error::Encode(error.into()))?;
            (Some(json), others.map(Outcome::as_text))
        }
    };
    sqlx::query_scalar!(
        "
        insert into market_settlements (
            operator_id, sport, event_id, market_id, outcomes, others, source, reason, made_by, made_at, due_at
        )
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
        returning id
        ",
        operator.get(),
        order.sport.key(),
        order.event,
        order.market,
        outcomes,
        others.as_deref(),
        order.source.as_str(),
        order.reason,
        order.made_by,
        order.at,
    )
    .fetch_one(db)
    .await
}

/// A settlement whose bets are not all settled.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) operator: OperatorId,
    pub(super) id: i64,
    pub(super) sport: String,
    pub(super) event: String,
    pub(super) market: String,
    pub(super) said: Said,
    pub(super) source: String,
    pub(super) after: (i64, i64),
}

/// The oldest settlement that is due, held by this transaction; not one that another instance works on, nor one that
/// follows another of the same market and bets: those are settled in their order, so that the last word counts.
pub(super) async fn take(db: &mut PgConnection, at: OffsetDateTime) -> Result<Option<Due>, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select
            operator_id as "operator: OperatorId",
            id,
            sport,
            event_id,
            market_id,
            outcomes,
            others,
            source,
            after_operator,
            after_bet
        from market_settlements as due
        where done_at is null
            and due_at <= $1
            and not exists (
                select
                from market_settlements as older
                where older.sport = due.sport
                    and older.event_id = due.event_id
                    and older.market_id = due.market_id
                    and older.id < due.id
                    and older.done_at is null
                    and (older.operator_id = due.operator_id or 0 in (older.operator_id, due.operator_id))
            )
        order by due_at, id
        limit 1
        for update skip locked
        "#,
        at,
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        Ok(Due {
            operator: row.operator,
            id: row.id,
            sport: row.sport,
            event: row.event_id,
            market: row.market_id,
            said: said(row.outcomes, row.others.as_deref())?,
            source: row.source,
            after: (row.after_operator, row.after_bet),
        })
    })
    .transpose()
}

fn said(outcomes: Option<Value>, others: Option<&str>) -> Result<Said, sqlx::Error> {
    let unreadable = || sqlx::Error::Decode("an outcome can't be read".into());
    let read = |text: &str| Outcome::parse(text).ok_or_else(unreadable);
    let others = others.map(read).transpose()?;
    match outcomes {
        None if others.is_none() => Ok(Said::Undone),
        outcomes => {
            let of: BTreeMap<String, String> = match outcomes {
                Some(json) => {
                    serde_json::from_value(json).map_err(|error| sqlx::Error::Decode(error.into()))?
                }
                None => BTreeMap::new(),
            };
            let of = of
                .into_iter()
                .map(|(selection, text)| Ok((selection, read(&text)?)));
            Ok(Said::Outcomes {
                of: of.collect::<Result<_, sqlx::Error>>()?,
                others,
            })
        }
    }
}

/// A bet on the market, and whose it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate {
    pub(super) operator: OperatorId,
    pub(super) bet: i64,
    pub(super) player: PlayerId,
}

/// The next bets on the market behind the cursor that no later settlement has decided.
pub(super) async fn candidates(
    db: &mut PgConnection,
    due: &Due,
    most: i64,
) -> Result<Vec<Candidate>, sqlx::Error> {
    let only = (due.operator != OperatorId::PLATFORM).then(|| due.operator.get());
    sqlx::query_as!(
        Candidate,
        r#"
        select operator_id as "operator: OperatorId", bet_id as bet, player_id as "player: PlayerId"
        from bet_legs
        where sport = $1
            and event_id = $2
            and market_id = $3
            and (operator_id, bet_id) > ($4, $5)
            and ($6::bigint is null or operator_id = $6)
            and settlement_id < $7
        order by operator_id, bet_id
        limit $8
        "#,
        due.sport,
        due.event,
        due.market,
        due.after.0,
        due.after.1,
        only,
        due.id,
        most,
    )
    .fetch_all(db)
    .await
}

/// Moves the cursor, and ends the settlement where nothing is behind it.
pub(super) async fn advance(
    db: &mut PgConnection,
    due: &Due,
    after: (i64, i64),
    counted: (i64, i64),
    done_at: Option<OffsetDateTime>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        update market_settlements
        set
            after_operator = $3,
            after_bet = $4,
            bets = bets + $5,
            changed = changed + $6,
            failures = 0,
            done_at = $7
        where operator_id = $1 and id = $2
        ",
        due.operator.get(),
        due.id,
        after.0,
        after.1,
        counted.0,
        counted.1,
        done_at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Puts off a settlement whose last batch failed: longer each time, at most five minutes.
pub(super) async fn put_off(
    operator: OperatorId,
    db: &mut PgConnection,
    id: i64,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        update market_settlements
        set failures = failures + 1, due_at = $3::timestamptz + least(300, 2 ^ least(failures, 10)) * interval '1 second'
        where operator_id = $1 and id = $2 and done_at is null
        ",
        operator.get(),
        id,
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Markets with bets that got no result although their events should have started before `before`, by what was told when
/// they were bet on and by what is told now, and that no settlement is under way for.
pub(super) async fn forgotten(
    db: &mut PgConnection,
    before: OffsetDateTime,
    most: i64,
) -> Result<Vec<(Sport, String, String)>, sqlx::Error> {
    let rows = sqlx::query!(
        "
        select leg.sport, leg.event_id, leg.market_id
        from bet_legs as leg
        join events as event on event.sport = leg.sport and event.id = leg.event_id
        where leg.is_waiting
            and leg.starts_at < $1
            and event.starts_at < $1
            and not exists (
                select
                from market_settlements
                where sport = leg.sport
                    and event_id = leg.event_id
                    and market_id = leg.market_id
                    and operator_id in (0, leg.operator_id)
                    and (done_at is null or source = 'rule' and outcomes is not null)
            )
        group by leg.sport, leg.event_id, leg.market_id
        limit $2
        ",
        before,
        most,
    )
    .fetch_all(db)
    .await?;
    let known = rows
        .into_iter()
        .filter_map(|row| Some((Sport::find(&row.sport)?, row.event_id, row.market_id)));
    Ok(known.collect())
}
