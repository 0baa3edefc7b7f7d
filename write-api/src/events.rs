//! The events of the feed as an operator's staff see them, and the events and markets that it does not offer.
//! Must never guess what an event key stands for, nor touch another operator's rows.

pub(crate) mod catalogue;
mod changes;
pub mod http;
mod rules;
mod store;

use axum::Router;
use axum::routing::{get, post};
use shared::db::DbError;
use shared::field::FieldError;

use crate::app::SharedApp;
use rules::{MAX_DISABLED_EVENTS, Place};

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route(
            "/api/admin/{subdomain}/betting-events/{event_key}/toggle",
            post(http::toggle),
        )
        .route("/api/admin/{subdomain}/disabled-events", get(http::list))
        .route("/api/admin/{subdomain}/events", get(catalogue::list))
}

/// Why a switch was not made.
#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    /// Members hold what they may not; these are all of them.
    #[error("fields hold what they may not")]
    Invalid(Vec<FieldError>),
    /// The operator is gone.
    #[error("there is no such operator")]
    NoOperator,
    /// The key stands for nothing.
    #[error("there is no such event or market")]
    NotFound,
    /// The key stands for each of these.
    #[error("the key stands for more than one thing")]
    Ambiguous(Vec<Place>),
    /// A selection goes with a market, and the key stands for something else.
    #[error("a selection goes with a market")]
    SelectionOfNoMarket,
    /// The market has no such selection.
    #[error("there is no such selection")]
    NoSelection,
    /// The operator has disabled as much as it may.
    #[error("an operator may disable at most {MAX_DISABLED_EVENTS} events and markets")]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Database(DbError),
}

shared::transaction_error!(SwitchError);
