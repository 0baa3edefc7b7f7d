//! Deletes expired sessions, a batch at a time. Must never hold up shutdown.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::{App, SharedApp};

use super::error::AccountError;
use super::store;

/// Sweeps every now and then until `stop`.
pub fn spawn_sweeper(app: SharedApp, stop: CancellationToken) {
    let tasks = app.tasks.clone();
    tasks.spawn(async move {
        let pause = Duration::from_secs(app.options.accounts.session_sweep_s.into());
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            if let Err(error) = sweep(&app, &stop).await {
                tracing::warn!(%error, "expired sessions could not be deleted; they open nothing and are tried again");
            }
        }
    });
}

async fn sweep(app: &App, stop: &CancellationToken) -> Result<(), AccountError> {
    let batch = app.options.accounts.session_sweep_batch;
    while !stop.is_cancelled() {
        let now = app.clock.now();
        let deleted = app
            .db
            .write(move |db| {
                Box::pin(async move {
                    let deleted = store::delete_expired_sessions(db, now, batch.into()).await?;
                    Ok::<_, AccountError>(deleted)
                })
            })
            .await?;
        if deleted < batch.into() {
            break;
        }
    }
    Ok(())
}
