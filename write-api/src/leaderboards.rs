//! Leaderboards: the standings of players and operators in the running contest, kept by one background task from
//! wallets that changed. Must never write anything that a bet waits for, nor be asked by a bet.
//!
//! What changed is told by the ledger: [`refresh`] reads which wallets the entries of ended transactions name, and
//! copies the lifetime totals of those wallets. So a wallet that is read twice counts once, and one whose transaction
//! ended late is read when it has ended.

pub(crate) mod cli;
mod contests;
mod final_standings;
pub mod http;
mod options;
mod refresh;
mod rules;
mod store;

use axum::Router;
use axum::routing::{get, post};

use crate::app::SharedApp;

pub use contests::{ContestBegun, NewContest, begin_contest, catch_up};
pub(crate) use contests::{end_step, running_contest, start_step};
pub use options::LeaderboardOptions;
pub use refresh::{Refreshed, refresh, spawn_refresh};

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route(
            "/api/superadmin/contests",
            get(http::list).post(http::start_contest),
        )
        .route("/api/superadmin/contests/current", get(http::current))
        .route("/api/superadmin/contests/end", post(http::end_contest))
        .route(
            "/api/superadmin/contests/{id}/end-date",
            post(http::change_end_date),
        )
        .route("/api/superadmin/contests/{id}/standings", get(http::standings))
}
