//! The rounds that a player played. Must never show more of an open round than its player saw at the table.

pub mod http;
mod rules;
mod store;

use axum::Router;
use axum::routing::get;

use crate::app::SharedApp;

pub(super) use rules::game_named;

/// The routes.
pub(super) fn router() -> Router<SharedApp> {
    Router::new().route("/api/casino/history", get(http::list))
}
