//! The task that puts entries into their operators' chains of hashes. Must never make staff wait: it runs after the
//! commits, and a chain is locked for no longer than it takes to add to it.

use std::time::Duration;

use shared::db::DbError;
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;

use super::store;
use crate::app::{App, SharedApp};
use crate::background::every;

/// Chains entries that are in no chain yet, `batch` of them at most; answers how many. To be called in a transaction
/// that writes. Several instances may do it at once: each takes other entries, and waits for the end of the chain.
///
/// # Errors
/// When the database fails.
pub async fn chain(db: &mut PgConnection, batch: u32) -> Result<usize, sqlx::Error> {
    let due = store::take_due(db, batch).await?;
    let (operators, ids): (Vec<_>, Vec<_>) = due.iter().copied().unzip();
    let entries = store::entries(&operators, db, &ids).await?;
    for of_one in entries.chunk_by(|one, next| one.operator == next.operator) {
        let operator = of_one[0].operator;
        let (position, mut hash) = store::lock_head(operator, db).await?;
        let links: Vec<_> = (position + 1..)
            .zip(of_one)
            .map(|(position, entry)| {
                hash = entry.hash(&hash, position);
                (entry.id, hash)
            })
            .collect();
        store::extend(operator, db, position, &links).await?;
    }
    Ok(due.len())
}

/// Chains every now and then until `stop`.
pub fn spawn_chain(app: SharedApp, stop: CancellationToken) {
    let pause = Duration::from_millis(app.options.audit.audit_chain_ms);
    every(
        pause,
        app,
        stop,
        "the audit log could not be chained; it is tried again",
        |app, stop| Box::pin(catch_up(app, stop)),
    );
}

async fn catch_up(app: &App, stop: &CancellationToken) -> Result<(), DbError> {
    let batch = app.options.audit.audit_chain_batch;
    while !stop.is_cancelled() {
        let chained = app
            .db
            .write(move |db| Box::pin(async move { Ok::<_, DbError>(chain(db, batch).await?) }))
            .await?;
        if u32::try_from(chained).is_ok_and(|chained| chained < batch) {
            break;
        }
    }
    Ok(())
}
