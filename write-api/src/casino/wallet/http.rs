//! The route of a player's own balance.

use axum::extract::State;
use serde::Serialize;
use shared::http::Private;
use shared::money::Money;
use shared::problem::Problem;
use utoipa::ToSchema;

use super::super::error::CasinoError;
use super::store;
use crate::accounts::PlayerSession;
use crate::app::SharedApp;

/// What a player has.
#[derive(Serialize, ToSchema)]
pub struct BalanceAnswer {
    #[schema(value_type = f64)]
    balance: Money,
    currency: String,
}

/// The balance of the player who asks, and its currency.
#[utoipa::path(get, path = "/api/casino/wallet/balance", tag = "casino",
    responses((status = 200, body = BalanceAnswer), (status = 401, body = shared::problem::ProblemBody)))]
pub async fn balance(
    State(app): State<SharedApp>,
    PlayerSession { operator, player }: PlayerSession,
) -> Result<Private<BalanceAnswer>, Problem> {
    let (balance, currency) = app
        .db
        .read(move |db| {
            Box::pin(async move { Ok::<_, CasinoError>(store::balance(operator, db, player).await?) })
        })
        .await?;
    Ok(Private(BalanceAnswer {
        balance: currency.money(balance),
        currency: currency.code().to_owned(),
    }))
}
