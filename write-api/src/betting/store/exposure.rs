//! What pending bets mean for their operators: kept as bets are placed and settled. Must never be changed outside the
//! transaction that changes the bet.

use std::collections::BTreeMap;

use shared::ids::{OperatorId, PlayerId};
use shared::sports::Sport;
use sqlx::PgConnection;

use crate::betting::rules::exposure::OnSelection;

/// Rows that bets on one selection are spread over, so that they do not wait for one another.
const SHARDS: i64 = 8;

/// What a bet adds to a selection while it is pending.
#[derive(Clone, Debug)]
pub(crate) struct Delta {
    pub(crate) operator: OperatorId,
    pub(crate) player: PlayerId,
    pub(crate) sport: String,
    pub(crate) event: String,
    pub(crate) market: String,
    pub(crate) selection: String,
    /// At most one selection of a book wins.
    pub(crate) book: String,
    /// Whether it is the bet's only leg.
    pub(crate) is_single: bool,
    pub(crate) stake: i64,
    /// What the bet pays if all its legs win.
    pub(crate) returns: i64,
    /// 1 when the bet becomes pending, −1 when it is pending no more.
    pub(crate) times: i64,
}

/// Adds these to what is kept. Rows are written in one order, so that two transactions can't wait for each other.
pub(crate) async fn change_exposure(db: &mut PgConnection, deltas: &[Delta]) -> Result<(), sqlx::Error> {
    let mut sums: BTreeMap<_, [i64; 6]> = BTreeMap::new();
    for delta in deltas {
        let shard = delta.player.get() % SHARDS;
        let key = (
            delta.operator,
            &delta.sport,
            &delta.event,
            &delta.market,
            &delta.book,
            &delta.selection,
            shard,
        );
        let sum = sums.entry(key).or_default();
        let first = if delta.is_single { 0 } else { 3 };
        sum[first] += delta.times;
        sum[first + 1] += delta.times * delta.stake;
        sum[first + 2] += delta.times * delta.returns;
    }
    if sums.is_empty() {
        return Ok(());
    }
    let keys = || sums.keys();
    let text = |part: fn(&Key<'_>) -> String| keys().map(part).collect::<Vec<String>>();
    let operators: Vec<i64> = keys().map(|key| key.0.get()).collect();
    let shards: Vec<i16> = keys()
        .map(|key| i16::try_from(key.6).unwrap_or_default())
        .collect();
    let column = |at: usize| sums.values().map(|sum| sum[at]).collect::<Vec<i64>>();
    sqlx::query!(
        "
        insert into market_exposure as kept (
            operator_id, sport, event_id, market_id, book, selection_id, shard, bets, staked, returns, multiples,
            multiples_staked, multiples_returns
        )
        select *
        from unnest(
            $1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[], $8::bigint[],
            $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[]
        )
        on conflict (operator_id, sport, event_id, market_id, book, selection_id, shard) do update
        set
            bets = kept.bets + excluded.bets,
            staked = kept.staked + excluded.staked,
            returns = kept.returns + excluded.returns,
            multiples = kept.multiples + excluded.multiples,
            multiples_staked = kept.multiples_staked + excluded.multiples_staked,
            multiples_returns = kept.multiples_returns + excluded.multiples_returns
        ",
        &operators,
        &text(|key| key.1.clone()),
        &text(|key| key.2.clone()),
        &text(|key| key.3.clone()),
        &text(|key| key.4.clone()),
        &text(|key| key.5.clone()),
        &shards,
        &column(0),
        &column(1),
        &column(2),
        &column(3),
        &column(4),
        &column(5),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Operator, sport, event, market, book, selection and shard.
type Key<'a> = (
    OperatorId,
    &'a String,
    &'a String,
    &'a String,
    &'a String,
    &'a String,
    i64,
);

/// A selection that pending bets are on.
#[derive(Clone, Debug)]
pub(in super::super) struct Exposed {
    pub(in super::super) sport: String,
    pub(in super::super) event: String,
    pub(in super::super) market: String,
    pub(in super::super) book: String,
    pub(in super::super) selection: String,
    pub(in super::super) on: OnSelection,
}

/// What pending bets mean on all selections of these events.
pub(in super::super) async fn on_events(
    operator: OperatorId,
    db: &mut PgConnection,
    events: &[(Sport, String)],
) -> Result<Vec<Exposed>, sqlx::Error> {
    let (sports, ids): (Vec<_>, Vec<_>) = events
        .iter()
        .map(|(sport, id)| (sport.key().to_owned(), id.clone()))
        .unzip();
    let rows = sqlx::query!(
        r#"
        select
            kept.sport,
            kept.event_id,
            kept.market_id,
            kept.book,
            kept.selection_id,
            sum(kept.staked)::bigint as "staked!",
            sum(kept.returns)::bigint as "returns!",
            sum(kept.multiples_returns)::bigint as "multiples_returns!"
        from unnest($2::text[], $3::text[]) as event (sport, id)
        join market_exposure as kept
            on kept.operator_id = $1 and kept.sport = event.sport and kept.event_id = event.id
        group by kept.sport, kept.event_id, kept.market_id, kept.book, kept.selection_id
        "#,
        operator.get(),
        &sports,
        &ids,
    )
    .fetch_all(db)
    .await?;
    let exposed = rows.into_iter().map(|row| Exposed {
        sport: row.sport,
        event: row.event_id,
        market: row.market_id,
        book: row.book,
        selection: row.selection_id,
        on: OnSelection {
            staked: row.staked.into(),
            returns: row.returns.into(),
            multiples_returns: row.multiples_returns.into(),
        },
    });
    Ok(exposed.collect())
}

/// Forgets at most `most` rows that no bet is counted in any more; how many there were.
pub(crate) async fn prune_exposure(db: &mut PgConnection, most: i64) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "
        delete from market_exposure
        where (operator_id, sport, event_id, market_id, book, selection_id, shard) in (
            select operator_id, sport, event_id, market_id, book, selection_id, shard
            from market_exposure
            where bets = 0 and multiples = 0
            limit $1
            for update skip locked
        )
        ",
        most,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
