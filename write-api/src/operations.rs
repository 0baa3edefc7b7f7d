//! Work that takes many transactions, such as a reset of all balances: a row for each, with a cursor that moves in the
//! same transactions as the effects. Must never do anything that a killed process would leave half done, nor do anything
//! twice.
//!
//! Every instance looks for rows that have not ended. It takes one by its lock, does one bounded step of it and gives it
//! back with the commit: the lock of an instance that dies is gone with its connection, so that another one goes on.

mod error;
pub mod http;
pub mod list;
mod options;
mod rules;
mod run;
mod start;
mod store;

use axum::Router;
use axum::routing::{get, post};

use crate::app::SharedApp;

pub use error::OperationError;
pub(crate) use error::{passes, plain};
pub use options::OperationOptions;
pub(crate) use rules::{Cursor, NewContestAsked, Operation, Step, Work};
pub use run::spawn_runner;
pub(crate) use start::{Asked, record_begun, start};
pub(crate) use store::insert;

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/admin/{subdomain}/operations", get(list::own))
        .route("/api/superadmin/operations", get(list::platform))
        .route("/api/admin/{subdomain}/operations/{id}", get(http::show))
        .route("/api/superadmin/operations/{id}", get(http::show_platform))
        .route(
            "/api/admin/{subdomain}/operations/{id}/resume",
            post(http::resume),
        )
        .route(
            "/api/superadmin/operations/{id}/resume",
            post(http::resume_platform),
        )
}
