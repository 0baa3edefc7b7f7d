//! The four wallets of each operator: what stands for its losses, and where its profit goes. Their money is in the
//! ledger. Must never move money between an operator and another one.

use axum::Router;
use axum::routing::get;

use crate::app::SharedApp;

pub(crate) mod http;
pub(crate) mod platform;
mod rules;
mod store;

pub(crate) use store::open;

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/admin/{subdomain}/wallets", get(http::wallets))
        .route("/api/admin/{subdomain}/wallets/{wallet_type}", get(http::wallet))
        .route("/api/superadmin/operator-wallets", get(platform::of_all))
        .route(
            "/api/superadmin/operator-wallets/{operator_id}",
            get(platform::of_one),
        )
}
