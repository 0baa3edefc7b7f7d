//! The audit log: who of the staff did what, from where, and how it was before. Must never be written but in the
//! transaction of what was done, and never hold a secret.
//!
//! Entries can't be changed. Afterwards each is put into its operator's chain of hashes, so that who noted a hash can
//! tell later whether anything before it was changed.

mod chain;
pub mod http;
mod rules;
mod store;
mod verify;

use axum::Router;
use axum::routing::get;

use crate::app::SharedApp;

pub use chain::{chain, spawn_chain};
pub use rules::{Action, AuditOptions, Change, Doer, Needs, PlatformDoer};
pub use store::record;
pub use verify::{AuditFault, Verified, verify_audit};

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/admin/{subdomain}/audit-log", get(http::operator_log))
        .route("/api/superadmin/audit-log", get(http::platform_log))
}
