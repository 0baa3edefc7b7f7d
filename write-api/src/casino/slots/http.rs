//! The routes of the slots.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use shared::http::{JsonBody, read_json};
use shared::money::Amount;
use shared::problem::{Problem, ProblemBody};
use utoipa::ToSchema;
use uuid::Uuid;

use super::bet::{Bet, play};
use super::store;
use crate::accounts::PlayerSession;
use crate::app::SharedApp;
use crate::casino::error::CasinoError;
use crate::casino::http::RoundAnswer;
use crate::commands::{Answer, Repeatable};

/// A bet on one spin. Members that are not named here are ignored, as legacy pages send more.
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
    responses(
        (status = 200, body = RoundAnswer),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 422, body = ProblemBody),
        (status = 503, body = ProblemBody),
    ))]
pub async fn bet(
    State(app): State<SharedApp>,
    PlayerSession { operator, player }: PlayerSession,
    request: Repeatable,
) -> Result<Answer, Problem> {
    let SlotsBet { stake, currency } = read_json(&request.body)?;
    let at = app.clock.now();
    let bet = Arc::new(Bet {
        round_id: app.random.uuid(at),
        at,
        stake,
        currency,
        command: request.command,
    });
    let answer = app.db.write(move |db| {
        let bet = Arc::clone(&bet);
        Box::pin(async move { play(operator, db, player, &bet).await })
    });
    Ok(answer.await?)
}

/// Which round's result is wanted. Members that are not named here are ignored, as legacy pages send more.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object with a ref")]
pub struct SlotsResult {
    /// The round's id, from the bet's answer.
    #[serde(rename = "ref")]
    id: String,
    /// What the client takes the payout to be; refused if it is not that.
    #[schema(value_type = Option<f64>)]
    payout: Option<Amount>,
}

/// Shows a round of the player who asks again, with the balance of now. Changes nothing: the round was decided and
/// paid when it was bet on.
#[utoipa::path(post, path = "/api/casino/slots/result", tag = "casino", request_body = SlotsResult,
    responses(
        (status = 200, body = RoundAnswer),
        (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub async fn result(
    State(app): State<SharedApp>,
    PlayerSession { operator, player }: PlayerSession,
    JsonBody(SlotsResult { id, payout }): JsonBody<SlotsResult>,
) -> Result<Answer, Problem> {
    let id = Uuid::try_parse(&id).map_err(|_| CasinoError::UnknownRound)?;
    let round = app.db.read(move |db| {
        Box::pin(async move {
            let round = store::round(operator, db, player, id).await?;
            round.ok_or(CasinoError::UnknownRound)
        })
    });
    let round = round.await?;
    if let Some(payout) = payout {
        round.check_payout(&payout)?;
    }
    let shown = RoundAnswer::new(&round.settled(), &round.currency);
    let json = serde_json::to_string(&shown).map_err(CasinoError::from)?;
    Ok(Answer::ok(json))
}
