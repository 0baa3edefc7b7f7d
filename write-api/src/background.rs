//! Work that is done every now and then for as long as the service runs. Must never hold up shutdown, nor end because it
//! failed once.

use std::fmt::Display;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::app::{App, SharedApp};

/// Does `work` after each `pause` until `stop`. A failure is logged as `failed`, and the work is tried again the next
/// time; it ends early where it looks at `stop` itself.
pub fn every<E: Display + Send + 'static>(
    pause: Duration,
    app: SharedApp,
    stop: CancellationToken,
    failed: &'static str,
    work: impl for<'a> Fn(&'a App, &'a CancellationToken) -> BoxFuture<'a, Result<(), E>> + Send + 'static,
) {
    let tasks = app.tasks.clone();
    tasks.spawn(async move {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
            if let Err(error) = work(&app, &stop).await {
                tracing::warn!(%error, "{failed}");
            }
        }
    });
}
