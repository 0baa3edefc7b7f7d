//! The steps that work out and post daily revenue, one operator in each. Must never work out a day while another one
//! posts it: both lock the operator's row first. Nor let one operator stop those behind it.

use shared::db::TransactionError;
use shared::ids::{OperatorId, PlayerId};
use sqlx::types::Json;
use sqlx::{Connection, PgConnection};
use time::{Date, Duration, OffsetDateTime};
use uuid::Uuid;

use super::error::RevenueError;
use super::rules::{Basis, Effects, Shares, movements, parts_of};
use super::schedule;
use super::store::{self, Worked};
use crate::ledger::{self, HouseReason, HouseTransfer};
use crate::operations::{Cursor, Operation, Step, Work, passes};
use crate::operators;
use crate::reports::{DayTotals, day_totals};

/// What steps go by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(super) shares: Shares,
    /// How many days before the last one are looked at for what settled into them later.
    pub(super) correction_days: u16,
}

/// Works out every day up to `through` of the next operator, posts them, or both, as the operation wants it. An operator
/// that fails is noted, and the operation goes on behind it.
pub(crate) async fn step(
    operation: &Operation,
    db: &mut PgConnection,
    through: Date,
    terms: &Terms,
    tx_id: Uuid,
    at: OffsetDateTime,
) -> Result<Step, RevenueError> {
    let Some(operator) = store::next_operator(db, operation.cursor.operator).await? else {
        let is_schedule = matches!(operation.work, Work::RevenueDaily { .. });
        if is_schedule && operation.failed == 0 {
            schedule::note_done(db, through).await?;
        }
        return Ok(Step {
            is_last: true,
            ..Step::standing(operation)
        });
    };
    let mut savepoint = db.begin().await?;
    let done = do_operator(
        operator,
        &mut savepoint,
        &operation.work,
        through,
        terms,
        tx_id,
        at,
    )
    .await;
    match done {
        Ok(done) => {
            savepoint.commit().await?;
            if done.has_more {
                return Ok(Step::standing(operation));
            }
            past(operation, db, operator, done.days.min(1), 0).await
        }
        Err(error) if error.database().is_some_and(passes) => Err(error),
        Err(error) => {
            tracing::warn!(?error, %operator, operation = %operation.id, "revenue of an operator failed");
            savepoint.rollback().await?;
            let unposted = store::first_unposted(operator, db).await?;
            let day = unposted.filter(|day| *day <= through).unwrap_or(through);
            schedule::note_failure(operator, db, day, error.reason(), at).await?;
            past(operation, db, operator, 0, 1).await
        }
    }
}

/// What was done for one operator.
struct Done {
    days: i64,
    has_more: bool,
}

async fn do_operator(
    operator: OperatorId,
    db: &mut PgConnection,
    work: &Work,
    through: Date,
    terms: &Terms,
    tx_id: Uuid,
    at: OffsetDateTime,
) -> Result<Done, RevenueError> {
    operators::lock(operator, db).await?;
    let mut days = 0;
    if !matches!(work, Work::RevenuePost { .. }) {
        days = calculate(operator, db, through, terms, at).await?;
    }
    if matches!(work, Work::RevenueCalculate { .. }) {
        return Ok(Done {
            days,
            has_more: false,
        });
    }
    let posted = post(operator, db, through, tx_id, at).await?;
    let has_more = posted == store::DAYS_POSTED_AT_ONCE;
    if !has_more && !matches!(work, Work::RevenuePost { .. }) {
        schedule::forget_failure(operator, db).await?;
    }
    Ok(Done {
        days: posted,
        has_more,
    })
}

async fn past(
    operation: &Operation,
    db: &mut PgConnection,
    operator: OperatorId,
    changed: i64,
    failed: i64,
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
        changed,
        failed,
        ..Step::standing(operation)
    })
}

/// Writes the rows of the days that are not posted, in place of those that are there, and a correction of each posted
/// day that something settled into later. How many.
async fn calculate(
    operator: OperatorId,
    db: &mut PgConnection,
    through: Date,
    terms: &Terms,
    at: OffsetDateTime,
) -> Result<i64, RevenueError> {
    let (capital, pool) = store::initial_balances(operator, db).await?;
    let basis = Basis {
        capital,
        pool,
        shares: terms.shares,
    };
    let corrections = corrections(operator, db, through, terms, basis).await?;
    store::put_corrections(operator, db, &corrections, at).await?;
    let mut days = Vec::new();
    if let Some(from) = store::first_unposted(operator, db).await? {
        for totals in day_totals(operator, db, from, through).await? {
            days.push(work_out(0, &totals, basis)?);
        }
    }
    store::put_days(operator, db, &days, at).await?;
    Ok(i64::try_from(corrections.len() + days.len()).unwrap_or(i64::MAX))
}

/// The corrections of days that were posted with other totals than they have now, each by what its day was split by.
/// `basis` is for days of which that was not kept.
async fn corrections(
    operator: OperatorId,
    db: &mut PgConnection,
    through: Date,
    terms: &Terms,
    basis: Basis,
) -> Result<Vec<Worked>, RevenueError> {
    let from = through.saturating_sub(Duration::days(terms.correction_days.into()));
    let totals = day_totals(operator, db, from, through).await?;
    let mut worked = Vec::new();
    for counted in store::counted(operator, db, from, through).await? {
        let Some(now) = totals.iter().find(|totals| totals.day == counted.day) else {
            continue;
        };
        if (now.staked, now.paid, now.sports) != (counted.staked, counted.paid, counted.sports) {
            let basis = counted.basis.map_or(basis, |Json(basis)| basis);
            worked.push(work_out(counted.next_number, now, basis)?);
        }
    }
    Ok(worked)
}

fn work_out(number: i32, totals: &DayTotals, basis: Basis) -> Result<Worked, RevenueError> {
    let revenue = totals
        .staked
        .checked_sub(totals.paid)
        .ok_or(RevenueError::OutOfRange)?;
    let parts = parts_of(revenue.get(), &basis);
    Ok(Worked::new(number, totals, &parts, basis))
}

/// Moves the parts of each calculation, or what they differ by from what was posted of the day before, and marks it as
/// posted. How many.
async fn post(
    operator: OperatorId,
    db: &mut PgConnection,
    through: Date,
    tx_id: Uuid,
    at: OffsetDateTime,
) -> Result<i64, RevenueError> {
    let due = store::due(operator, db, through).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let mut held = store::held(operator, db).await?;
    for calculation in &due {
        let reference = calculation.day.to_string();
        let posted = match calculation.number {
            0 => Effects::default(),
            _ => store::posted(operator, db, calculation.day).await?,
        };
        for movement in movements(&calculation.parts, calculation.sports, &posted, &mut held) {
            let transfer = HouseTransfer {
                debit: movement.debit,
                credit: movement.credit,
                amount: movement.amount,
                reason: HouseReason::Revenue,
                reference: &reference,
            };
            ledger::transfer(operator, db, tx_id, &transfer, at).await?;
        }
        store::mark_posted(operator, db, calculation, tx_id, at).await?;
    }
    Ok(i64::try_from(due.len()).unwrap_or(i64::MAX))
}
