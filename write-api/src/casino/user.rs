//! Who plays, as casino pages show it. Must never tell one player of another.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Serialize;
use shared::http::Private;
use shared::ids::{OperatorId, PlayerId};
use shared::money::Money;
use shared::problem::Problem;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::accounts::{AccountError, PlayerSession, profile};
use crate::app::SharedApp;

/// The routes.
pub(super) fn router() -> Router<SharedApp> {
    Router::new().route("/api/casino/user/info", get(info))
}

/// The player who asks.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserInfo {
    success: bool,
    user_id: PlayerId,
    operator_id: OperatorId,
    username: String,
    email: String,
    /// What the wallet holds, in the operator's currency.
    #[schema(value_type = f64)]
    balance: Money,
    currency: String,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    last_login: Option<OffsetDateTime>,
}

/// The player who asks, with the balance of this moment.
#[utoipa::path(get, path = "/api/casino/user/info", tag = "casino",
    security(("bearer" = []), ("player_cookie" = [])),
    responses(
        (status = 200, body = UserInfo),
    ))]
pub async fn info(
    State(app): State<SharedApp>,
    PlayerSession { operator, player, .. }: PlayerSession,
) -> Result<Private<UserInfo>, Problem> {
    let row = app
        .db
        .read(move |db| {
            Box::pin(async move {
                let row = profile(operator, db, player).await?;
                row.ok_or(AccountError::NotLoggedIn)
            })
        })
        .await?;
    Ok(Private(UserInfo {
        success: true,
        user_id: player,
        operator_id: operator,
        username: row.username,
        email: row.email,
        balance: row.currency.money(row.balance),
        currency: row.currency.code().to_owned(),
        created_at: row.created_at,
        last_login: row.last_login_at,
    }))
}
