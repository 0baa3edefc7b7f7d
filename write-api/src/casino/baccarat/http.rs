//! The route of the baccarat.

use axum::extract::State;
use serde::Deserialize;
use shared::http::read_json;
use shared::json::object;
use shared::money::Amount;
use shared::problem::Problem;
use utoipa::ToSchema;

use super::bet::Bet;
use super::rules::Side;
use crate::accounts::PlayerToken;
use crate::app::SharedApp;
use crate::casino::decided::refuse_decided;
use crate::casino::error::CasinoError;
use crate::casino::http::{RoundAnswer, play};
use crate::commands::{Answer, Repeatable};
use crate::openapi::Moving;

/// A bet on one coup. Members that are not named here are ignored, as legacy pages send more; what only the server
/// decides is refused.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object with stake and params")]
pub struct BaccaratBet {
    /// What the bet costs; on the banker a multiple of 20 minor units.
    #[schema(value_type = f64)]
    stake: Amount,
    /// Must be the operator's, if it is sent.
    currency: Option<String>,
    #[serde(deserialize_with = "object")]
    params: BaccaratParams,
}

/// What is bet on.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object with bet_on")]
pub struct BaccaratParams {
    /// `player`, `banker` or `tie`.
    #[schema(value_type = Side)]
    bet_on: String,
}

/// Plays one coup: debits the stake, deals from a new shoe, and credits what was won, all in one step. With an
/// `Idempotency-Key` a repeat gets the first answer again.
#[utoipa::path(post, path = "/api/casino/baccarat/play", tag = "casino", request_body = BaccaratBet,
    params(("Idempotency-Key" = Option<String>, Header, description = "Names this bet, so that it can be repeated")),
    security(("bearer" = []), ("player_cookie" = [])),
    responses(
        (status = 200, body = RoundAnswer),
        Moving,
    ))]
pub async fn play_coup(
    State(app): State<SharedApp>,
    player: PlayerToken,
    request: Repeatable,
) -> Result<Answer, Problem> {
    refuse_decided(&request.body)?;
    let asked: BaccaratBet = read_json(&request.body)?;
    let side = Side::parse(&asked.params.bet_on).map_err(CasinoError::from)?;
    let bet = |round_id| Bet {
        round_id,
        side,
        stake: asked.stake,
        currency: asked.currency,
    };
    play(&app, player, request.command, bet).await
}
