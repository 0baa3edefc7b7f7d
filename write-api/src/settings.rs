//! What an operator sets about money: what new players start with, and the limits of bets. Must never save a part of
//! what was sent, nor let an operator's staff set more than the platform allows.

mod changes;
pub(crate) mod http;
mod rules;
mod store;

use axum::Router;
use axum::routing::get;
use shared::branding::BettingLimits;
use shared::db::DbError;
use shared::field::FieldError;
use shared::ids::OperatorId;
use sqlx::PgConnection;

use crate::app::SharedApp;

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route(
            "/api/admin/{subdomain}/settings",
            get(http::own).post(http::save_own),
        )
        .route(
            "/api/superadmin/operators/{id}/settings",
            get(http::of_operator).post(http::save_of_operator),
        )
}

/// The limits that the platform does not allow the operator, as `save_branding` names them. The operator's row must be
/// locked.
pub(crate) async fn above_bounds(
    operator: OperatorId,
    db: &mut PgConnection,
    limits: &BettingLimits,
) -> Result<Vec<FieldError>, sqlx::Error> {
    let highest = store::settings(operator, db)
        .await?
        .map(|settings| settings.highest);
    let highest = highest.unwrap_or_default();
    let bounds = [
        ("betting.max_bet", limits.max_bet, highest.max_bet),
        ("betting.max_payout", limits.max_payout, highest.max_payout),
    ];
    let above = bounds.into_iter().filter_map(|(field, limit, most)| {
        let most = limits.currency.money(most.filter(|most| limit > *most)?);
        let detail = format!("must be at most what the platform allows, which is {most}");
        Some(FieldError::new(field, detail))
    });
    Ok(above.collect())
}

/// Why settings were not saved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// Members hold what they may not; these are all of them.
    #[error("fields hold what they may not")]
    Invalid(Vec<FieldError>),
    /// Somebody saved others meanwhile; this is their version.
    #[error("the settings are of version {0} by now")]
    Changed(i64),
    /// The operator is gone.
    #[error("there is no such operator")]
    NoOperator,
    /// The database failed.
    #[error(transparent)]
    Database(DbError),
}

shared::transaction_error!(SettingsError);
