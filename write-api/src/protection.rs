//! Responsible gaming: limits on stakes, losses and deposits that players set for themselves, time-outs and
//! self-exclusion. Must never make a limit less strict at once, nor hold back a win.

mod changes;
mod error;
pub mod http;
mod options;
mod problem;
pub mod rules;
mod store;

use axum::Router;
use axum::routing::{get, post};

use crate::app::SharedApp;

pub use error::SettingError;
pub use options::ProtectionOptions;
pub(crate) use problem::told_to_operator;
pub(crate) use store::{protection, protections};

/// The routes. Limits are also set with POST, for pages that know nothing else.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route(
            "/api/player/limits",
            get(http::limits).put(http::set_limits).post(http::set_limits),
        )
        .route("/api/player/limits/time-out", post(http::take_time_out))
        .route("/api/player/limits/self-exclusion", post(http::exclude_oneself))
}
