//! The casino: the wallet that its pages show, and its games. Must never let a client decide anything but its stake.

mod error;
pub mod fairness;
pub mod http;
mod rules;
pub mod slots;
mod store;
pub mod wallet;

use axum::Router;
use axum::routing::get;

use crate::app::SharedApp;

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/casino/health", get(http::health))
        .merge(wallet::router())
        .merge(slots::router())
}
