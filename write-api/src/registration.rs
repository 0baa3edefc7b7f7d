//! How sportsbooks come to be without anybody's help: their address, their codes, their registration.
//! Must never let two have one name, or an address that means something else.

use axum::Router;
use axum::routing::{get, post};

use crate::app::SharedApp;

pub(crate) mod bulk;
mod csv;
mod file;
mod founding;
pub(crate) mod http;
mod multipart;
mod options;
mod rules;
pub(crate) mod store;

pub use options::RegistrationOptions;
pub use rules::ReferralCode;
pub(crate) use rules::is_reserved;

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/register-sportsbook", post(http::register))
        .route("/api/bulk-register", post(bulk::register))
        .route("/api/bulk-register/template", get(bulk::template))
        .route("/api/admin/{subdomain}/referral-code", get(http::referral_code))
}
