//! What each operator won or lost on each day, how it is split, and the movements that put the parts into the wallets of
//! the operator and the platform. Must never change a day that was posted, nor post one twice, nor lose a cent.

mod days;
mod error;
pub mod http;
mod options;
mod rules;
mod run;
mod schedule;
pub mod status;
mod store;

use axum::Router;
use axum::routing::{get, post};

use crate::app::SharedApp;

pub use error::RevenueError;
pub use options::RevenueOptions;
pub(crate) use rules::{Basis, Parts, parts_of};
pub(crate) use run::{Terms, step};
pub(crate) use schedule::begin_when_due;

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/superadmin/revenue/calculate", post(http::calculate))
        .route("/api/superadmin/revenue/post", post(http::post))
        .route("/api/superadmin/revenue/status", get(status::show))
        .route("/api/superadmin/daily-revenue", get(http::list))
        .route("/api/admin/{subdomain}/daily-revenue", get(http::list_own))
}
