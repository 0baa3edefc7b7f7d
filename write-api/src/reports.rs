//! What operators and the platform earn and their players do, in numbers. Must never read a round to answer: what settled
//! is counted as it settles.
//!
//! One definition for everybody: *revenue* is what was staked less what was paid, of what settled; *liability* is what
//! the players' wallets hold.

mod export;
pub(crate) mod http;
mod options;
mod rules;
mod shown;
mod store;
mod totals;

use axum::Router;
use axum::routing::get;

use crate::app::SharedApp;
use http::platform;

pub use options::ReportOptions;
pub use totals::{DayTotals, day_totals, fold_totals, spawn_folding};

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/admin/{subdomain}/stats", get(http::stats))
        .route("/api/admin/{subdomain}/reports/overview", get(http::overview))
        .route("/api/admin/{subdomain}/reports/{report}", get(http::report))
        .route(
            "/api/admin/{subdomain}/reports/{report}/export",
            get(http::export),
        )
        .route("/api/superadmin/stats", get(platform::stats))
        .route("/api/superadmin/reports/overview", get(platform::overview))
        .route("/api/superadmin/reports/{report}", get(platform::report))
        .route("/api/superadmin/reports/{report}/export", get(platform::export))
        .route(
            "/api/superadmin/revenue-by-operator",
            get(platform::revenue_by_operator),
        )
        .route("/api/superadmin/global-users", get(platform::global_users))
}
