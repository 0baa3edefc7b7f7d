//! The casino: the wallet that its pages show, and its games. Must never let a client decide anything but its stake.

mod batch;
mod error;
pub mod fairness;
pub mod http;
mod lanes;
mod moves;
mod options;
mod rules;
pub mod slots;
mod store;
mod table;
pub mod wallet;

use axum::Router;
use axum::routing::get;

use crate::app::SharedApp;

pub use lanes::Lanes;
pub use options::CasinoOptions;

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/casino/health", get(http::health))
        .merge(wallet::router())
        .merge(slots::router())
}
