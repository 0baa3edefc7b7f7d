//! Players as their operator's staff see them, and what staff may do to them: disable them, and set a balance right.
//! Must never show or touch a player of another operator, nor keep a player from what an open round pays.

mod adjustment;
mod error;
pub mod http;
mod options;
mod rules;
mod store;
mod switch;

use axum::Router;
use axum::routing::{get, post};

use crate::app::SharedApp;

pub use error::PlayersError;
pub use options::PlayerOptions;
pub(crate) use rules::Why;

/// The routes. A player is switched by two of them: older pages name the player in the body.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/admin/{subdomain}/users", get(http::list))
        .route("/api/admin/{subdomain}/users/{id}", get(http::show))
        .route(
            "/api/admin/{subdomain}/users/{id}/statement",
            get(http::statement),
        )
        .route("/api/admin/{subdomain}/users/{id}/toggle", post(http::toggle))
        .route("/api/admin/{subdomain}/toggle-user", post(http::toggle_named))
        .route("/api/admin/{subdomain}/users/{id}/adjust", post(http::adjust))
}
