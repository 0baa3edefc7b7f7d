//! Telling operators what happened: whom they want it told, the outbox, and its delivery. Must never lose an event that
//! was committed, reach an address that is not public, or let one subscriber hold up another.
//!
//! An event is written in the transaction that makes it true (`emit`), only for those who subscribed. Rounds, which
//! are many, are found after their commit instead (`rounds`). Delivery is at least once and in no promised order.

mod address;
mod delivery;
mod endpoints;
mod events;
pub(crate) mod http;
pub(crate) mod log;
mod options;
mod rounds;
mod rules;
mod store;
mod task;

use axum::Router;
use axum::routing::{get, post};

use crate::app::SharedApp;

pub(crate) use events::{Event, EventType, emit, emit_all};
pub use options::WebhookOptions;
pub use task::{Sender, spawn_delivery};

/// The routes.
pub fn router() -> Router<SharedApp> {
    const ONE: &str = "/api/admin/{subdomain}/webhooks/{id}";
    Router::new()
        .route(
            "/api/admin/{subdomain}/webhooks",
            get(http::list).post(http::create),
        )
        .route(
            "/api/admin/{subdomain}/webhooks/event-types",
            get(http::event_types),
        )
        .route(ONE, get(http::show).put(http::update).delete(http::delete))
        .route(&format!("{ONE}/test"), post(http::test))
        .route(&format!("{ONE}/rotate-secret"), post(http::rotate_secret))
        .route(&format!("{ONE}/deliveries"), get(log::deliveries))
        .route(
            &format!("{ONE}/deliveries/{{delivery_id}}/replay"),
            post(log::replay),
        )
        .route(&format!("{ONE}/replay-failed"), post(log::replay_failed))
}

/// Why something about webhooks was not done.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The operator has no such endpoint.
    #[error("there is no such webhook")]
    NoEndpoint,
    /// The endpoint has no such delivery.
    #[error("there is no such delivery")]
    NoDelivery,
    /// It is tried already.
    #[error("the delivery is still being tried")]
    StillPending,
    /// The endpoint is disabled.
    #[error("the webhook is disabled")]
    Disabled,
    /// Its secret was changed so lately that the one before still signs, until then.
    #[error("the secret was changed already")]
    RotatedAlready(time::OffsetDateTime),
    /// The operator has as many as it may.
    #[error("an operator may have at most {0} webhooks")]
    TooMany(u32),
    /// The database failed.
    #[error(transparent)]
    Database(shared::db::DbError),
}

shared::transaction_error!(WebhookError);
