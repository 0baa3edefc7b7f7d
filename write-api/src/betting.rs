//! Bets on sports: placing, looking at and selling them, and what settles them. Must never take a price, a market or a
//! result from a client.
//!
//! The way of a bet: `gate::enter` keeps whoever changes what is offered out until the bet is committed, the wallet is
//! locked, everything is read again from the database, and bet, legs, exposure, stake and answer are written in that one
//! transaction. A bet's player, terms and prices never change; its legs and its verdict do, under the lock of the
//! player's wallet.

mod cash_out;
mod error;
pub(crate) mod gate;
pub mod http;
mod options;
mod place;
pub mod rules;
pub(crate) mod settling;
mod slip;
mod store;

use axum::Router;
use axum::routing::{get, post};

use crate::app::SharedApp;

pub use error::{BetError, LegError};
pub use options::BettingOptions;
pub(crate) use store::{prune_exposure, prune_quotes};

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/betting/place", post(http::place::single))
        .route("/api/betting/place-combo", post(http::place::combo))
        .route("/api/betting/place-system", post(http::place::system))
        .route("/api/betting/bets", get(http::own::list))
        .route("/api/betting/bet/{bet_id}", get(http::own::one))
        .route(
            "/api/admin/{subdomain}/betting-events",
            get(http::exposure::of_operator),
        )
        .route("/api/superadmin/betting-events", get(http::exposure::of_all))
        .route("/api/betting/stats", get(http::own::stats))
        .route(
            "/api/betting/cash-out/{bet_id}/quote",
            post(http::cash_out::quote),
        )
        .route("/api/betting/cash-out/{bet_id}", post(http::cash_out::accept))
}
