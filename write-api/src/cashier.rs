//! Deposits and withdrawals, as an operator's payment system reports them. Must never let one reference move money
//! twice, nor take a deposit that its player wanted to be kept from.
//!
//! A reference is the payment system's own name for a payment. It counts once: it is unique among all deposits and
//! withdrawals of an operator, and asking again with it gets the first answer. It is the key of the command that is
//! written in the transaction of its ledger entry, so that no other idempotency key is needed.

mod error;
pub mod http;
mod movement;
mod rules;
mod store;

use axum::Router;
use axum::routing::post;

use crate::app::SharedApp;

pub use error::CashierError;

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/admin/{subdomain}/players/{id}/deposit", post(http::deposit))
        .route(
            "/api/admin/{subdomain}/players/{id}/withdraw",
            post(http::withdraw),
        )
}
