//! The casino: the wallet that its pages show, and its games. Must never let a client decide anything but its stake.

pub mod baccarat;
mod batch;
pub mod blackjack;
pub mod cards;
pub mod crash;
mod decided;
mod error;
pub mod fairness;
pub mod history;
pub mod http;
mod lanes;
mod moves;
mod options;
pub mod returns;
pub mod roulette;
mod rules;
pub mod seeds;
pub mod slots;
mod store;
mod sweeper;
mod table;
pub mod user;
#[cfg(test)]
mod vectors;
pub mod wallet;

use axum::Router;
use axum::routing::get;

use crate::app::SharedApp;

pub use lanes::{Lanes, LanesHealth};
pub use options::CasinoOptions;
pub use sweeper::spawn_sweeper;

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/casino/health", get(http::health))
        .merge(history::router())
        .merge(seeds::router())
        .merge(user::router())
        .merge(wallet::router())
        .merge(slots::router())
        .merge(roulette::router())
        .merge(baccarat::router())
        .merge(blackjack::router())
        .merge(crash::router())
}
