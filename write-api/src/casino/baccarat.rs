//! Baccarat: a bet is debited, decided and paid in one step. Must never deal from a shoe that was not shuffled for it.

mod bet;
pub mod http;
pub mod rules;

use axum::Router;
use axum::routing::post;

use crate::app::SharedApp;

/// The routes.
pub(super) fn router() -> Router<SharedApp> {
    Router::new().route("/api/casino/baccarat/play", post(http::play_coup))
}
