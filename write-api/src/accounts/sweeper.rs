//! Deletes expired sessions, a batch at a time. Must never hold up shutdown.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::{App, SharedApp};
use crate::background::every;

use super::error::AccountError;
use super::store;

/// Sweeps every now and then until `stop`.
pub fn spawn_sweeper(app: SharedApp, stop: CancellationToken) {
    let pause = Duration::from_secs(app.options.accounts.session_sweep_s.into());
    every(
        pause,
        app,
        stop,
        "expired sessions could not be deleted; they open nothing and are tried again",
        |app, stop| Box::pin(sweep(app, stop)),
    );
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
