//! The routes of the slots.

use super::bet::Bet;
use crate::accounts::{PlayerSession, PlayerToken};
use crate::app::SharedApp;
use crate::casino::decided::refuse_decided;
use crate::casino::http::{RoundAnswer, RoundQuestion, play};
use crate::casino::table::Game;
use crate::commands::{Answer, Repeatable};
use crate::openapi::Moving;
use axum::extract::State;
use serde::Deserialize;
use shared::http::{JsonBody, read_json};
use shared::money::Amount;
use shared::problem::{Problem, ProblemBody};
use utoipa::ToSchema;

/// A bet on one spin. Members that are not named here are ignored, as legacy pages send more;
/// what only the server decides is refused.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object with a stake")]
pub struct SlotsBet {
    /// What the spin costs: a multiple of 20 minor units, for 20 lines.
    #[schema(value_type = f64)]
    stake: Amount,
    /// Must be the operator's, if it is sent.
    currency: Option<String>,
}

/// Spins once: debits the stake, decides, and credits what was won, all in one step. With an `Idempotency-Key` a
/// repeat gets the first answer again.
#[utoipa::path(post, path = "/api/casino/slots/bet", tag = "casino", request_body = SlotsBet,
    params(("Idempotency-Key" = Option<String>, Header, description = "Names this bet, so that it can be repeated")),
    security(("bearer" = []), ("player_cookie" = [])),
    responses(
        (status = 200, body = RoundAnswer),
        Moving,
    ))]
pub async fn bet(
    State(app): State<SharedApp>,
    player: PlayerToken,
    request: Repeatable,
) -> Result<Answer, Problem> {
    refuse_decided(&request.body)?;
    let SlotsBet { stake, currency } = read_json(&request.body)?;
    let bet = |round_id| Bet {
        round_id,
        stake,
        currency,
    };
    play(&app, player, request.command, bet).await
}

/// Shows a spin of the player who asks again, with the balance of now. Changes nothing: the round was decided and paid
/// when it was bet on.
#[utoipa::path(post, path = "/api/casino/slots/result", tag = "casino", request_body = RoundQuestion,
    security(("bearer" = []), ("player_cookie" = [])),
    responses(
        (status = 200, body = RoundAnswer),
        (status = 404, body = ProblemBody),
    ))]
pub async fn result(
    State(app): State<SharedApp>,
    player: PlayerSession,
    JsonBody(question): JsonBody<RoundQuestion>,
) -> Result<Answer, Problem> {
    question.answer(&app, player, Game::Slots).await
}
