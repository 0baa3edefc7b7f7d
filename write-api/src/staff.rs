//! The staff of an operator and of the platform, as their colleagues see and change them. Must never leave either without
//! anybody who may do everything there.

use axum::Router;
use axum::routing::{get, post};

use crate::app::SharedApp;

mod changes;
mod error;
pub(crate) mod http;
mod store;

pub(crate) use changes::{add, reset_second_factor};
pub(crate) use error::StaffError;
pub(crate) use store::{find, put_password};

/// The routes.
pub fn router() -> Router<SharedApp> {
    use http::{operator, platform};

    Router::new()
        .route("/api/superadmin/staff", get(platform::list).post(platform::add))
        .route("/api/superadmin/staff/{id}/role", post(platform::put_role))
        .route("/api/superadmin/staff/{id}/toggle", post(platform::toggle))
        .route(
            "/api/superadmin/staff/{id}/reset-password",
            post(platform::reset_password),
        )
        .route(
            "/api/superadmin/staff/{id}/reset-totp",
            post(platform::reset_second_factor),
        )
        .route("/api/superadmin/me", get(platform::me))
        .route(
            "/api/admin/{subdomain}/staff/{id}/reset-totp",
            post(operator::reset_second_factor),
        )
        .route(
            "/api/admin/{subdomain}/staff",
            get(operator::list).post(operator::add),
        )
        .route("/api/admin/{subdomain}/staff/{id}/toggle", post(operator::toggle))
        .route(
            "/api/admin/{subdomain}/staff/{id}/reset-password",
            post(operator::reset_password),
        )
}
