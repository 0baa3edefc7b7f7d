//! How sportsbooks come to be without anybody's help: their address, their codes, their registration.
//! Must never let two have one name, or an address that means something else.

use axum::Router;
use axum::routing::{get, post};

use crate::app::SharedApp;

pub(crate) mod http;
mod rules;
pub(crate) mod store;

pub use rules::ReferralCode;
pub(crate) use rules::is_reserved;

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/register-sportsbook", post(http::register))
        .route("/api/admin/{subdomain}/referral-code", get(http::referral_code))
}
