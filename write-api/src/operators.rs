//! What an operator's staff change about their own site: its theme, its branding with the betting limits, and the
//! casino switch. Must never save a part of what was sent, nor bump a version when nothing changed.

mod changes;
pub mod http;
mod store;

use axum::Router;
use axum::routing::{get, post};
use shared::db::DbError;
use shared::field::FieldError;

use crate::app::SharedApp;

pub use changes::{save_branding, save_theme};
pub(crate) use store::{casino_enabled, lock};

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/branding/{subdomain}/update", post(http::update_branding))
        .route("/api/save-theme/{subdomain}", post(http::save_theme))
        .route("/api/admin/{subdomain}/toggle-casino", post(http::toggle_casino))
        .route("/api/admin/{subdomain}/casino-setting", get(http::casino_setting))
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// Members hold what they may not; these are all of them.
    #[error("fields hold what they may not")]
    Invalid(Vec<FieldError>),
    /// The operator is gone.
    #[error("there is no such operator")]
    NoOperator,
    /// The database failed.
    #[error(transparent)]
    Database(DbError),
}

shared::transaction_error!(ChangeError);
