//! Resets of all balances: every player of an operator gets the balance that new players get, each by one movement of
//! the ledger. Must never touch what a player is still to be paid, nor a player who came after the reset began.
//!
//! Open rounds stay open: their stakes are paid for, and what they pay later is the player's, beside the new balance.
//! A wallet that a bet holds is waited for, so that the bet is before the reset or after it.

pub mod http;
mod rules;
mod step;
mod store;

use axum::Router;
use axum::routing::post;

use crate::app::SharedApp;

pub(crate) use step::step;
pub(crate) use store::{begin, begin_for_all};

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new().route("/api/admin/{subdomain}/reset-users", post(http::reset_users))
}
