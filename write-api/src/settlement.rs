//! What markets came to, and the settlement of all bets on them. Must never guess what a market or a selection that is
//! not known came to: its bets stay pending, and are listed.
//!
//! A settlement is written first ([`order`]), behind the closed gate: from then on no bet on the market is taken, and
//! every bet that was taken before is there to be found. A task of whichever instance then settles the bets in batches,
//! each one transaction that also moves the cursor, so that a crash repeats nothing and leaves nothing out. A later
//! settlement of the same market posts the differences; an undo makes its bets pending again.
//!
//! What a score decides is pure (`rules`), and so is reading a feed of results (`results`).

pub mod check;
mod error;
pub mod http;
mod order;
pub mod results;
pub mod rules;
mod run;
mod scores;
mod store;

use axum::Router;
use axum::routing::{get, post};

use crate::app::SharedApp;

pub use error::SettlementError;
pub use order::{Order, Said, Source, order};
pub use run::spawn_settling;
pub use scores::{ResultsOptions, spawn_scores};

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route(
            "/api/admin/{subdomain}/pending-markets",
            get(http::pending::of_operator),
        )
        .route("/api/superadmin/pending-markets", get(http::pending::of_all))
        .route(
            "/api/admin/{subdomain}/manual-settle",
            post(http::manual::by_operator),
        )
        .route("/api/superadmin/manual-settle", post(http::manual::by_platform))
        .route(
            "/api/admin/{subdomain}/settlements",
            get(http::history::of_operator),
        )
        .route("/api/superadmin/settlements", get(http::history::of_all))
}
