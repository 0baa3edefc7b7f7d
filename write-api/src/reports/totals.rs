//! The daily totals of what settled. Must never make whoever settles wait for a row of a total.
//!
//! A trigger writes what a transaction settled to `daily_totals_due` in that transaction. Here those rows are added up
//! into `daily_totals` a while later. Whoever reads takes the sum of both in one statement, so that totals are exact at
//! every moment, whichever of the tables a number is in. Triggers add to the coarser totals whatever is added to these.

use std::time::Duration;

use shared::db::DbError;
use shared::ids::OperatorId;
use shared::money::Minor;
use sqlx::PgConnection;
use time::Date;
use tokio_util::sync::CancellationToken;

use crate::app::{App, SharedApp};
use crate::background::every;

/// Adds at most `batch` due rows to the daily totals; how many there were. To be called in a transaction that writes.
/// Several instances may do it at once: each takes other rows.
pub async fn fold_totals(db: &mut PgConnection, batch: u32) -> Result<u64, sqlx::Error> {
    let taken = sqlx::query_scalar!(
        r#"
        with taken as (
            delete from daily_totals_due
            where ctid = any (array(
                select ctid
                from daily_totals_due
                limit $1
                for update skip locked
            ))
            returning *
        ),
        added as (
            insert into daily_totals as total (
                operator_id, day, product, category, kind, settled, won, voided, staked, paid
            )
            select operator_id, day, product, category, kind, sum(settled), sum(won), sum(voided), sum(staked), sum(paid)
            from taken
            group by operator_id, day, product, category, kind
            -- In one order for everybody, so that two instances never wait for each other crosswise.
            order by operator_id, day, product, category, kind
            on conflict (operator_id, day, product, category, kind) do update
            set
                settled = total.settled + excluded.settled,
                won = total.won + excluded.won,
                voided = total.voided + excluded.voided,
                staked = total.staked + excluded.staked,
                paid = total.paid + excluded.paid
        )
        select count(*) as "taken!" from taken
        "#,
        i64::from(batch),
    )
    .fetch_one(db)
    .await?;
    Ok(taken.unsigned_abs())
}

/// What settled on one day in UTC, over all products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayTotals {
    /// The day.
    pub day: Date,
    /// Rounds and bets that settled; voided ones are in no number.
    pub settled: i64,
    /// Their stakes.
    pub staked: Minor,
    /// What they paid.
    pub paid: Minor,
    /// The stakes of sports bets among them, less what these paid.
    pub sports: Minor,
}

/// What the operator's players did on each of these days in UTC, the first one first; exact at this moment.
pub async fn day_totals(
    operator: OperatorId,
    db: &mut PgConnection,
    from: Date,
    through: Date,
) -> Result<Vec<DayTotals>, sqlx::Error> {
    sqlx::query_as!(
        DayTotals,
        r#"
        select
            days.day::date as "day!",
            coalesce(sum(settled), 0)::bigint as "settled!",
            coalesce(sum(staked), 0)::bigint as "staked!: Minor",
            coalesce(sum(paid), 0)::bigint as "paid!: Minor",
            coalesce(sum(staked - paid) filter (where product = 'sports'), 0)::bigint as "sports!: Minor"
        from generate_series($2::date::timestamp, $3::date::timestamp, interval '1 day') as days (day)
        left join (
            select day, product, settled, staked, paid
            from daily_totals
            where operator_id = $1 and day between $2 and $3
            union all
            select day, product, settled, staked, paid
            from daily_totals_due
            where operator_id = $1 and day between $2 and $3
        ) as both_tables on both_tables.day = days.day::date
        group by days.day
        order by days.day
        "#,
        operator.get(),
        from,
        through,
    )
    .fetch_all(db)
    .await
}

/// Adds up what is due every now and then until `stop`.
pub fn spawn_folding(app: SharedApp, stop: CancellationToken) {
    let pause = Duration::from_secs(app.options.reports.totals_fold_s.into());
    every(
        pause,
        app,
        stop,
        "the daily totals could not be added up; it is tried again",
        |app, stop| Box::pin(catch_up(app, stop)),
    );
}

async fn catch_up(app: &App, stop: &CancellationToken) -> Result<(), DbError> {
    let batch = app.options.reports.totals_fold_batch;
    while !stop.is_cancelled() {
        let folded = app
            .db
            .write(move |db| Box::pin(async move { Ok::<_, DbError>(fold_totals(db, batch).await?) }));
        if folded.await? < u64::from(batch) {
            break;
        }
    }
    Ok(())
}
