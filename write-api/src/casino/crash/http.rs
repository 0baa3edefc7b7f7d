//! The routes of crash.

use axum::extract::State;
use serde::Deserialize;
use shared::http::read_json;
use shared::json::object;
use shared::money::Amount;
use shared::problem::{Problem, ProblemBody};
use utoipa::ToSchema;
use uuid::Uuid;

use super::bet::{CashOut, Start};
use super::rules::multiplier::{Target, WrittenTarget};
use crate::accounts::PlayerToken;
use crate::app::SharedApp;
use crate::casino::decided::{refuse_decided, refuse_decided_but};
use crate::casino::error::CasinoError;
use crate::casino::http::{RoundAnswer, play};
use crate::commands::{Answer, Repeatable};
use crate::openapi::Moving;

/// A bet on one round. Members that are not named here are ignored, as legacy pages send more; what only the server
/// decides is refused.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object with a stake")]
pub struct CrashStart {
    /// What the round costs.
    #[schema(value_type = f64)]
    stake: Amount,
    /// Must be the operator's, if it is sent.
    currency: Option<String>,
    #[serde(default, deserialize_with = "object")]
    params: CrashParams,
}

/// How the round is to be played.
#[derive(Default, Deserialize, ToSchema)]
#[serde(expecting = "an object with auto_cashout")]
pub struct CrashParams {
    /// The multiplier at which the round is cashed out by itself: 1.01 to 20.00, at most two decimals.
    #[schema(value_type = Option<f64>)]
    auto_cashout: Option<WrittenTarget>,
}

/// Starts a round. Its multiplier is `floor(100·e^(0.00006·t)) / 100` after `t` milliseconds by the server's clock, and
/// stays below 20.00, where the round is cashed out by itself. The answer tells curve, start and the
/// server's time, and never the crash point. With an
/// `Idempotency-Key` a repeat gets the first answer again.
#[utoipa::path(post, path = "/api/casino/crash/play", tag = "casino", request_body = CrashStart,
    params(("Idempotency-Key" = Option<String>, Header, description = "Names this bet, so that it can be repeated")),
    security(("bearer" = []), ("player_cookie" = [])),
    responses(
        (status = 200, body = RoundAnswer),
        (status = 409, body = ProblemBody),
        Moving,
    ))]
pub async fn start(
    State(app): State<SharedApp>,
    player: PlayerToken,
    request: Repeatable,
) -> Result<Answer, Problem> {
    refuse_decided(&request.body)?;
    let asked: CrashStart = read_json(&request.body)?;
    let auto_cashout = read(asked.params.auto_cashout.as_ref(), "params.auto_cashout")?;
    let start = |round_id| Start {
        round_id,
        stake: asked.stake,
        currency: asked.currency,
        auto_cashout,
    };
    play(&app, player, request.command, start).await
}

/// A wish to cash out.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object with a ref")]
pub struct CrashCashout {
    /// The round, from the answer to its start.
    #[serde(rename = "ref")]
    id: String,
    /// The most that the round may be cashed out at: what is paid is the multiplier of the server's clock when the
    /// request arrived, or this if it is less.
    #[schema(value_type = Option<f64>)]
    multiplier: Option<WrittenTarget>,
}

/// Cashes a running round out at the multiplier of the server's clock when the request arrived. A round that was cashed
/// out before, by the player or by itself, answers what it paid; one that crashed is refused. Whoever has a session may,
/// also while the player, the operator or the casino is disabled: the stake is paid, and the clock runs on.
#[utoipa::path(post, path = "/api/casino/crash/cashout", tag = "casino", request_body = CrashCashout,
    params(("Idempotency-Key" = Option<String>, Header, description = "Names this wish, so that it can be repeated")),
    security(("bearer" = []), ("player_cookie" = [])),
    responses(
        (status = 200, body = RoundAnswer),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody),
        Moving,
    ))]
pub async fn cashout(
    State(app): State<SharedApp>,
    player: PlayerToken,
    request: Repeatable,
) -> Result<Answer, Problem> {
    refuse_decided_but(&request.body, "multiplier")?;
    let asked: CrashCashout = read_json(&request.body)?;
    let cash_out = CashOut {
        round: Uuid::try_parse(&asked.id).map_err(|_| CasinoError::UnknownRound)?,
        at_most: read(asked.multiplier.as_ref(), "multiplier")?,
    };
    play(&app, player, request.command, |_| cash_out).await
}

fn read(written: Option<&WrittenTarget>, field: &str) -> Result<Option<Target>, Problem> {
    let read = written.map(WrittenTarget::read).transpose();
    read.map_err(|error| Problem::invalid_field(field, error.to_string()))
}
