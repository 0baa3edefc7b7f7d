//! How staff begin a long operation: once for each key. Must never begin one that is not in the audit log.

use std::sync::Arc;

use shared::db::{Db, DbError};
use sqlx::PgConnection;
use uuid::Uuid;

use super::error::OperationError;
use super::http::Accepted;
use super::rules::Work;
use super::store;
use crate::audit::{Action, Change, Doer, record};
use crate::commands::{self, Actor, Answer, Command};
use crate::{leaderboards, resets};

/// A long operation as it was asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) id: Uuid,
    /// None where a repeat needs no first answer, because doing it again changes nothing.
    pub(crate) command: Option<Command>,
    pub(crate) work: Work,
    pub(crate) action: Action,
    /// For the audit log.
    pub(crate) after: serde_json::Value,
}

/// Writes the operation down, or repeats the answer to the same request.
pub(crate) async fn start(doer: Doer, db: &Db, asked: Asked) -> Result<Answer, OperationError> {
    let asked = Arc::new((doer, asked));
    match attempt(db, &asked).await {
        // The same request, or another operation, was written meanwhile. It is committed, so this time it is found.
        Err(OperationError::Database(error))
            if commands::is_taken(&error) || error.is_constraint("operations_one_at_once") =>
        {
            match attempt(db, &asked).await {
                Err(OperationError::Database(error)) if error.is_constraint("operations_one_at_once") => {
                    Err(OperationError::UnderWay)
                }
                done => done,
            }
        }
        done => done,
    }
}

/// Writes into the audit log that the service itself began an operation.
pub(crate) async fn record_begun(
    db: &mut PgConnection,
    doer: &Doer,
    id: Uuid,
    work: &Work,
) -> Result<(), DbError> {
    let after = serde_json::to_value(work).map_err(|error| DbError::Broken(Box::new(error)))?;
    let change = Change {
        subject: Some(format!("operation {id}")),
        after,
        ..Change::default()
    };
    Ok(record(doer.operator, db, doer, Action::OperationBegun, change).await?)
}

async fn attempt(db: &Db, asked: &Arc<(Doer, Asked)>) -> Result<Answer, OperationError> {
    let asked = Arc::clone(asked);
    let work = db.write(move |db| {
        let asked = Arc::clone(&asked);
        Box::pin(async move { in_transaction(&asked.0, db, &asked.1).await })
    });
    work.await
}

async fn in_transaction(doer: &Doer, db: &mut PgConnection, asked: &Asked) -> Result<Answer, OperationError> {
    let (operator, at) = (doer.operator, doer.at);
    let actor = Actor::doing(doer);
    if let Some(command) = &asked.command
        && let Some(stored) = commands::find(operator, db, &actor, command.key()).await?
    {
        return Ok(command.repeat(stored)?);
    }
    store::insert(operator, db, asked.id, &asked.work, Some(doer), at).await?;
    match &asked.work {
        Work::ResetUsers => {
            let total = resets::begin(operator, db, asked.id).await?;
            store::put_scope(operator, db, asked.id, Some(total), None).await?;
        }
        Work::ContestEnd => {
            let contest = leaderboards::running_contest(db).await?;
            store::put_scope(operator, db, asked.id, None, Some(contest)).await?;
        }
        Work::ContestStart(_)
        | Work::RevenueCalculate { .. }
        | Work::RevenueDaily { .. }
        | Work::RevenuePost { .. } => {}
    }
    let answer = Answer::accepted(serde_json::to_string(&Accepted::new(
        asked.id,
        asked.work.kind(),
    ))?);
    if let Some(command) = &asked.command {
        commands::insert(operator, db, &actor, command, &answer, at).await?;
    }
    let change = Change {
        subject: Some(format!("operation {}", asked.id)),
        after: asked.after.clone(),
        ..Change::default()
    };
    record(operator, db, doer, asked.action, change).await?;
    Ok(answer)
}
