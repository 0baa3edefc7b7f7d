//! What the platform's staff see of the operators and do with them. Must never touch an operator's money.

use axum::Router;
use axum::routing::{get, post};

use crate::app::SharedApp;

mod changes;
pub(crate) mod http;
mod store;

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/superadmin/operators", get(http::operators))
        .route("/api/superadmin/operators/{id}/toggle", post(http::toggle))
        .route(
            "/api/superadmin/operators/{id}/reset-password",
            post(http::reset_password),
        )
        .route(
            "/api/superadmin/operators/{id}/reset-totp",
            post(http::reset_second_factor),
        )
}
