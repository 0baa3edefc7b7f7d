//! The rounds that a player played. Must never show more of an open round than its player saw at the table.

pub mod http;
mod rules;
mod store;

use axum::Router;
use axum::routing::get;

use crate::app::SharedApp;

/// The routes.
pub(super) fn router() -> Router<SharedApp> {
    Router::new().route("/api/casino/history", get(http::list))
}
