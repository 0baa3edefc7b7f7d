//! Roulette: all bets of a spin are debited, decided and paid in one step. Must never pay what was not won by the spin.

mod bet;
pub mod http;
pub mod rules;

use axum::Router;
use axum::routing::post;

use crate::app::SharedApp;

/// The routes.
pub(super) fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/casino/roulette/spin", post(http::spin))
        .route("/api/casino/roulette/win", post(http::win))
}
