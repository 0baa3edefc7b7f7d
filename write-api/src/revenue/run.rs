//! The steps that work out and post daily revenue, one operator in each, and the schedule. Must never work out a day
//! while another one posts it: both lock the operator's row first.

use shared::ids::{OperatorId, PlayerId};
use sqlx::PgConnection;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::error::RevenueError;
use super::rules::{Shares, last_day_due, movements, parts_of};
use super::store::{self, Worked};
use crate::app::App;
use crate::ledger::{self, HouseReason, HouseTransfer};
use crate::operations::{self, Cursor, Operation, Step, Work};
use crate::operators;
use crate::reports::day_totals;

/// Works out every day up to `through` of the next operator, from the first that is not posted on.
pub(crate) async fn calculate_step(
    operation: &Operation,
    db: &mut PgConnection,
    through: Date,
    shares: &Shares,
    at: OffsetDateTime,
) -> Result<Step, RevenueError> {
    let Some(operator) = store::next_operator(db, operation.cursor.operator).await? else {
        return Ok(last_step(operation));
    };
    operators::lock(operator, db).await?;
    let days = calculate(operator, db, through, shares, at).await?;
    past(operation, db, operator, days).await
}

/// Posts every day up to `through` that was worked out for the next operator, the oldest first.
pub(crate) async fn post_step(
    operation: &Operation,
    db: &mut PgConnection,
    through: Date,
    tx_id: Uuid,
    at: OffsetDateTime,
) -> Result<Step, RevenueError> {
    let Some(operator) = store::next_operator(db, operation.cursor.operator).await? else {
        return Ok(last_step(operation));
    };
    operators::lock(operator, db).await?;
    let days = post(operator, db, through, tx_id, at).await?;
    past_posted(operation, db, operator, days).await
}

/// Works out and posts in one step, as the schedule does.
pub(crate) async fn daily_step(
    operation: &Operation,
    db: &mut PgConnection,
    through: Date,
    shares: &Shares,
    tx_id: Uuid,
    at: OffsetDateTime,
) -> Result<Step, RevenueError> {
    let Some(operator) = store::next_operator(db, operation.cursor.operator).await? else {
        return Ok(last_step(operation));
    };
    operators::lock(operator, db).await?;
    calculate(operator, db, through, shares, at).await?;
    let days = post(operator, db, through, tx_id, at).await?;
    past_posted(operation, db, operator, days).await
}

fn last_step(operation: &Operation) -> Step {
    Step {
        is_last: true,
        ..Step::standing(operation)
    }
}

/// As [`past`], but stays at an operator that may have more days to post.
async fn past_posted(
    operation: &Operation,
    db: &mut PgConnection,
    operator: OperatorId,
    days: i64,
) -> Result<Step, RevenueError> {
    if days < store::DAYS_POSTED_AT_ONCE {
        past(operation, db, operator, days).await
    } else {
        Ok(Step::standing(operation))
    }
}

async fn past(
    operation: &Operation,
    db: &mut PgConnection,
    operator: OperatorId,
    days: i64,
) -> Result<Step, RevenueError> {
    let total = match operation.total {
        Some(total) => total,
        None => store::operators(db).await?,
    };
    Ok(Step {
        cursor: Cursor {
            operator,
            player: PlayerId::new(0),
        },
        total: Some(total),
        looked_at: 1,
        changed: days.min(1),
        ..Step::standing(operation)
    })
}

/// Writes the rows of the days that are not posted, in place of those that are there. How many.
async fn calculate(
    operator: OperatorId,
    db: &mut PgConnection,
    through: Date,
    shares: &Shares,
    at: OffsetDateTime,
) -> Result<i64, RevenueError> {
    let (capital, pool) = store::initial_balances(operator, db).await?;
    let mut next = store::first_unposted(operator, db).await?;
    let mut worked = Vec::new();
    while let Some(day) = next.filter(|day| *day <= through) {
        let totals = day_totals(operator, db, day).await?;
        let revenue = totals
            .staked
            .checked_sub(totals.paid)
            .ok_or(RevenueError::OutOfRange)?;
        let parts = parts_of(revenue.get(), capital, pool, shares);
        worked.push(Worked { day, totals, parts });
        next = day.next_day();
    }
    store::put(operator, db, &worked, at).await?;
    Ok(i64::try_from(worked.len()).unwrap_or(i64::MAX))
}

/// Moves the parts of each day and marks it as posted. How many.
async fn post(
    operator: OperatorId,
    db: &mut PgConnection,
    through: Date,
    tx_id: Uuid,
    at: OffsetDateTime,
) -> Result<i64, RevenueError> {
    let days = store::due(operator, db, through).await?;
    if days.is_empty() {
        return Ok(0);
    }
    let mut held = store::held(operator, db).await?;
    for (day, parts) in &days {
        let reference = day.to_string();
        for movement in movements(parts, &mut held) {
            let transfer = HouseTransfer {
                debit: movement.debit,
                credit: movement.credit,
                amount: movement.amount,
                reason: HouseReason::Revenue,
                reference: &reference,
            };
            ledger::transfer(operator, db, tx_id, &transfer, at).await?;
        }
        store::mark_posted(operator, db, *day, tx_id, at).await?;
    }
    Ok(i64::try_from(days.len()).unwrap_or(i64::MAX))
}

/// Writes the operation of the schedule down when it is time. The row of the schedule is locked meanwhile, so that one
/// instance does; while the operation of an earlier day has not ended, it is left for later.
pub(crate) async fn begin_when_due(app: &App) -> Result<(), shared::db::DbError> {
    let (now, options) = (app.clock.now(), &app.options.revenue);
    let due = last_day_due(now, options.due_at(), options.grace());
    let Some(through) = due.filter(|_| options.revenue_scheduled) else {
        return Ok(());
    };
    let id = app.random.uuid(now);
    let is_due = app.db.read(move |db| {
        Box::pin(async move { Ok::<_, shared::db::DbError>(store::is_due(db, through).await?) })
    });
    if !is_due.await? {
        return Ok(());
    }
    let begin = app.db.write(move |db| {
        Box::pin(async move {
            if store::take_schedule(db, through).await? {
                let work = Work::RevenueDaily { through };
                operations::insert(OperatorId::PLATFORM, db, id, &work, None, now).await?;
            }
            Ok::<_, shared::db::DbError>(())
        })
    });
    begin.await
}
