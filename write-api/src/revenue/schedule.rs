//! The schedule of daily revenue, what it could not do, and how far it is. Must never let an instance's own clock decide
//! whether a day is over.

use shared::db::DbError;
use shared::ids::OperatorId;
use sqlx::PgConnection;
use time::{Date, OffsetDateTime};

use super::rules::last_day_due;
use crate::app::App;
use crate::audit::Doer;
use crate::operations::{self, Work};

/// Operators that the status lists at most.
const LISTED: i64 = 100;

/// Writes the operation of the schedule down when it is time. The row of the schedule is locked meanwhile, so that one
/// instance does; while the operation of an earlier day has not ended, it is left for later. A day that was not done
/// wholly is tried again after a while.
pub(crate) async fn begin_when_due(app: &App) -> Result<(), DbError> {
    let options = &app.options.revenue;
    if !options.revenue_scheduled {
        return Ok(());
    }
    let (at, grace, retry) = (options.due_at(), options.grace(), options.retry());
    let due = app.db.read(move |db| {
        Box::pin(async move {
            let now = now(db).await?;
            let through = last_day_due(now, at, grace);
            match through {
                Some(through) if is_due(db, through, now - retry).await? => Ok(Some((through, now))),
                _ => Ok::<_, DbError>(None),
            }
        })
    });
    let Some((through, now)) = due.await? else {
        return Ok(());
    };
    let at = app.clock.now();
    let id = app.random.uuid(at);
    let begin = app.db.write(move |db| {
        Box::pin(async move {
            if take(db, through, now, now - retry).await? {
                let (work, doer) = (
                    Work::RevenueDaily { through },
                    Doer::system(OperatorId::PLATFORM, at),
                );
                operations::insert(OperatorId::PLATFORM, db, id, &work, None, at).await?;
                operations::record_begun(db, &doer, id, &work).await?;
            }
            Ok::<_, DbError>(())
        })
    });
    begin.await
}

/// The database's time.
pub(super) async fn now(db: &mut PgConnection) -> Result<OffsetDateTime, sqlx::Error> {
    sqlx::query_scalar!(r#"select revenue_now() as "now!""#)
        .fetch_one(db)
        .await
}

/// Whether the schedule has not done this day, nor tried it since `retried_before`.
async fn is_due(
    db: &mut PgConnection,
    through: Date,
    retried_before: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let due = sqlx::query_scalar!(
        r#"
        select last_day < $1 and (tried_day is distinct from $1 or tried_at <= $2) as "is_due!"
        from revenue_schedule
        "#,
        through,
        retried_before,
    );
    Ok(due.fetch_optional(db).await?.unwrap_or(false))
}

/// Takes the day for whoever asks, unless another instance has or the operation of an earlier day has not ended.
async fn take(
    db: &mut PgConnection,
    through: Date,
    now: OffsetDateTime,
    retried_before: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let taken = sqlx::query!(
        r#"
        update revenue_schedule
        set tried_day = $1, tried_at = $2
        where last_day < $1
            and (tried_day is distinct from $1 or tried_at <= $3)
            and not exists (select from operations where kind = 'revenue_daily' and ended_at is null)
        "#,
        through,
        now,
        retried_before,
    )
    .execute(db)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// Notes that the schedule has done everything up to this day.
pub(super) async fn note_done(db: &mut PgConnection, through: Date) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update revenue_schedule set last_day = greatest(last_day, $1)",
        through
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes why the operator's revenue of `day` is not posted.
pub(super) async fn note_failure(
    operator: OperatorId,
    db: &mut PgConnection,
    day: Date,
    reason: &str,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into revenue_failures as noted (operator_id, day, reason, first_failed_at, failed_at)
        values ($1, $2, $3, $4, $4)
        on conflict (operator_id) do update
        set day = excluded.day, reason = excluded.reason, failures = noted.failures + 1, failed_at = excluded.failed_at
        "#,
        operator.get(),
        day,
        reason,
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets the operator's failure, because all is posted.
pub(super) async fn forget_failure(operator: OperatorId, db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from revenue_failures where operator_id = $1",
        operator.get()
    )
    .execute(db)
    .await?;
    Ok(())
}

/// When revenue was last worked out and posted, and what of it waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct StatusRow {
    pub(super) calculated_at: Option<OffsetDateTime>,
    pub(super) posted_at: Option<OffsetDateTime>,
    pub(super) last_day: Option<Date>,
    pub(super) unposted: i64,
    pub(super) done_through: Option<Date>,
    pub(super) failures: i64,
}

pub(super) async fn status(db: &mut PgConnection) -> Result<StatusRow, sqlx::Error> {
    sqlx::query_as!(
        StatusRow,
        r#"
        select
            max(ended_at) filter (where kind in ('revenue_calculate', 'revenue_daily')) as calculated_at,
            max(ended_at) filter (where kind in ('revenue_post', 'revenue_daily')) as posted_at,
            (select max(day) from daily_revenue) as last_day,
            (select count(*) from revenue_calculations where posted_at is null) as "unposted!",
            (select last_day from revenue_schedule) as done_through,
            (select count(*) from revenue_failures) as "failures!"
        from operations
        where operator_id = 0 and status = 'done'
        "#
    )
    .fetch_one(db)
    .await
}

/// Why an operator's revenue is not posted.
#[derive(Clone, Debug)]
pub(super) struct FailureRow {
    pub(super) operator: OperatorId,
    pub(super) subdomain: String,
    pub(super) day: Date,
    pub(super) reason: String,
    pub(super) failures: i32,
    pub(super) first_failed_at: OffsetDateTime,
    pub(super) failed_at: OffsetDateTime,
}

/// The operators whose revenue failed, the one with the oldest day first.
pub(super) async fn failures(db: &mut PgConnection) -> Result<Vec<FailureRow>, sqlx::Error> {
    sqlx::query_as!(
        FailureRow,
        r#"
        select
            failed.operator_id as "operator: OperatorId", operators.subdomain, failed.day, failed.reason,
            failed.failures, failed.first_failed_at, failed.failed_at
        from revenue_failures as failed
        join operators on operators.id = failed.operator_id
        order by failed.day, failed.operator_id
        limit $1
        "#,
        LISTED,
    )
    .fetch_all(db)
    .await
}

/// An operator with days that are over and not posted.
#[derive(Clone, Debug)]
pub(super) struct BehindRow {
    pub(super) operator: OperatorId,
    pub(super) subdomain: String,
    pub(super) from: Date,
    pub(super) days: i64,
    pub(super) calculated: i64,
    /// Over all operators, also those that are not listed.
    pub(super) all_days: i64,
}

/// The operators that are behind, the one with the oldest day first.
pub(super) async fn behind(db: &mut PgConnection, through: Date) -> Result<Vec<BehindRow>, sqlx::Error> {
    sqlx::query_as!(
        BehindRow,
        r#"
        with counted as (
            select operator_id, min(day) as day
            from daily_totals_due
            group by operator_id
        ),
        beginning as (
            select
                operators.id,
                operators.subdomain,
                coalesce(
                    posted.last_day + 1,
                    least(
                        (operators.created_at at time zone 'utc')::date,
                        (select min(day) from daily_totals where operator_id = operators.id),
                        counted.day
                    )
                ) as day
            from operators
            left join revenue_posted as posted on posted.operator_id = operators.id
            left join counted on counted.operator_id = operators.id
        )
        select
            id as "operator: OperatorId",
            subdomain,
            day as "from!",
            ($1::date - day + 1)::bigint as "days!",
            (
                select count(*)
                from daily_revenue
                where operator_id = id and posted_at is null and daily_revenue.day <= $1
            ) as "calculated!",
            (sum($1::date - day + 1) over ())::bigint as "all_days!"
        from beginning
        where day <= $1
        order by day, id
        limit $2
        "#,
        through,
        LISTED,
    )
    .fetch_all(db)
    .await
}
