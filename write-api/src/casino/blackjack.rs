//! Blackjack: a round of several numbered steps, whose shoe never leaves the server. Must never believe a client's
//! cards.

mod bet;
pub mod http;
pub mod rules;

use axum::Router;
use axum::routing::post;

use crate::app::SharedApp;

pub(super) use bet::Abandoned;

/// The routes.
pub(super) fn router() -> Router<SharedApp> {
    Router::new().route("/api/casino/blackjack/play", post(http::play_hand))
}
