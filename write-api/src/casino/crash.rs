//! Crash: a round that runs against the server's clock, decided by its seed. Must never tell the crash point of a round
//! that runs, nor believe a client's clock.

mod bet;
pub mod http;
pub mod rules;

use axum::Router;
use axum::routing::post;

use crate::app::SharedApp;

pub(super) use bet::{CrashEnd, Ended};

/// The routes.
pub(super) fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/casino/crash/play", post(http::start))
        .route("/api/casino/crash/cashout", post(http::cashout))
}
