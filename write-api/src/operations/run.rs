//! The task that does long operations step by step. Must never keep anything between two steps but in the database.

use std::time::Duration;

use serde_json::json;
use shared::db::DbError;
use shared::fail_point;
use shared::ids::OperatorId;
use sqlx::PgConnection;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::error::OperationError;
use super::rules::{Operation, Step, Work};
use super::store;
use crate::app::{App, SharedApp};
use crate::audit::{Action, Change, Doer, record};
use crate::background::every;
use crate::{leaderboards, resets, revenue};

/// What became of an attempt at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stepped {
    /// There is more to do.
    On,
    /// The operation has ended, or another instance is at it.
    Off,
}

/// Does what there is every now and then until `stop`.
pub fn spawn_runner(app: SharedApp, stop: CancellationToken) {
    let pause = Duration::from_millis(app.options.operations.operation_ms);
    every(
        pause,
        app,
        stop,
        "long operations could not be looked for; it is tried again",
        |app, stop| Box::pin(run_all(app, stop)),
    );
}

/// One step of each operation in turn, those too that were ordered meanwhile, so that a large one does not hold up the
/// others; until none goes on here.
async fn run_all(app: &App, stop: &CancellationToken) -> Result<(), DbError> {
    loop {
        revenue::begin_when_due(app).await?;
        let at = app.clock.now();
        let found = app
            .db
            .read(move |db| Box::pin(async move { Ok::<_, DbError>(store::unfinished(db, at).await?) }));
        let mut goes_on = false;
        for (operator, id) in found.await? {
            if stop.is_cancelled() {
                return Ok(());
            }
            goes_on |= attempt(app, operator, id).await? == Stepped::On;
        }
        if !goes_on {
            return Ok(());
        }
    }
}

/// One step in one transaction. One that fails is noted, and tried again when this task comes by the next time.
async fn attempt(app: &App, operator: OperatorId, id: Uuid) -> Result<Stepped, DbError> {
    let at = app.clock.now();
    let (tx_id, limits) = (app.random.uuid(at), Limits::of(app));
    let stepped = app.db.write(move |db| {
        let limits = limits.clone();
        Box::pin(async move { step(operator, db, id, &limits, tx_id, at).await })
    });
    match stepped.await {
        Ok(stepped) => Ok(stepped),
        Err(error) => {
            tracing::warn!(?error, %operator, operation = %id, "a step of a long operation failed");
            if !error.is_passing() {
                let (failure, most) = (error.reason(), app.options.operations.operation_failures_max);
                let note = app.db.write(move |db| {
                    let failure = failure.clone();
                    Box::pin(async move {
                        if store::note_failure(operator, db, id, &failure, most, at).await? {
                            record_ended(operator, db, id, at).await?;
                        }
                        Ok::<_, DbError>(())
                    })
                });
                note.await?;
            }
            Ok(Stepped::Off)
        }
    }
}

/// What steps are bounded by.
#[derive(Clone, Debug)]
struct Limits {
    statement_ms: u64,
    reset_batch: u32,
    leaderboard_batch: u32,
    standings_kept: u32,
    revenue: revenue::Terms,
}

impl Limits {
    fn of(app: &App) -> Self {
        Self {
            // Before the limit of the whole transaction: that one looks like a database that is away.
            statement_ms: app.db.limits().db_transaction_ms / 2,
            reset_batch: app.options.operations.reset_batch,
            leaderboard_batch: app.options.leaderboards.leaderboard_batch,
            standings_kept: app.options.leaderboards.standings_kept,
            revenue: app.options.revenue.terms(),
        }
    }
}

async fn step(
    operator: OperatorId,
    db: &mut PgConnection,
    id: Uuid,
    limits: &Limits,
    tx_id: Uuid,
    at: OffsetDateTime,
) -> Result<Stepped, OperationError> {
    let Some(operation) = store::take(operator, db, id).await? else {
        return Ok(Stepped::Off);
    };
    store::limit_statements(db, limits.statement_ms).await?;
    let step = do_step(&operation, db, limits, tx_id, at).await?;
    fail_point::reach("operation_step");
    store::advance(operator, db, id, &step, at).await?;
    if step.is_last {
        record_ended(operator, db, id, at).await?;
    }
    Ok(if step.is_last { Stepped::Off } else { Stepped::On })
}

async fn do_step(
    operation: &Operation,
    db: &mut PgConnection,
    limits: &Limits,
    tx_id: Uuid,
    at: OffsetDateTime,
) -> Result<Step, OperationError> {
    let (batch, kept) = (limits.leaderboard_batch, limits.standings_kept);
    match &operation.work {
        Work::ContestStart(asked) if operation.contest_id.is_none() => {
            leaderboards::start_step(operation, db, asked, batch, kept, at).await
        }
        Work::ResetUsers | Work::ContestStart(_) => {
            resets::step(operation, db, limits.reset_batch, tx_id, at).await
        }
        Work::ContestEnd => leaderboards::end_step(operation, db, batch, kept, at).await,
        Work::RevenueCalculate { through }
        | Work::RevenueDaily { through }
        | Work::RevenuePost { through } => {
            Ok(revenue::step(operation, db, *through, &limits.revenue, tx_id, at).await?)
        }
    }
}

/// Writes into the audit log how an operation ended.
async fn record_ended(
    operator: OperatorId,
    db: &mut PgConnection,
    id: Uuid,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let Some(ended) = store::find(operator, db, id).await? else {
        return Ok(());
    };
    let change = Change {
        subject: Some(format!("operation {id}")),
        after: json!({
            "kind": ended.work.kind(),
            "status": ended.status,
            "looked_at": ended.looked_at,
            "changed": ended.changed,
            "failed": ended.failed,
            "failure": ended.failure,
        }),
        ..Change::default()
    };
    let doer = Doer::system(operator, at);
    record(operator, db, &doer, Action::OperationEnded, change).await
}
