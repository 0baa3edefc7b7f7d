//! Slots: a bet is decided, debited and paid in one step. Must never decide one without its debit.

mod bet;
pub mod http;
pub mod rules;

use axum::Router;
use axum::routing::post;

use crate::app::SharedApp;

/// The routes.
pub(super) fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/casino/slots/bet", post(http::bet))
        .route("/api/casino/slots/result", post(http::result))
}
