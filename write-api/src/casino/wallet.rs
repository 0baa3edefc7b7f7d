//! The wallet as casino pages show it. Must never write one: that is the ledger's.

pub mod http;
mod store;

use axum::Router;
use axum::routing::get;

use crate::app::SharedApp;

/// The routes.
pub(super) fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/casino/wallet/balance", get(http::balance))
        .route("/api/casino/wallet/statement", get(http::statement))
}
