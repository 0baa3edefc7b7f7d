//! The routes of the roulette.

use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use shared::http::{JsonBody, read_json};
use shared::json::{object, objects};
use shared::money::Amount;
use shared::problem::{Problem, ProblemBody};
use utoipa::ToSchema;

use super::bet::Spin;
use super::rules::table::Place;
use crate::accounts::{PlayerSession, PlayerToken};
use crate::app::SharedApp;
use crate::casino::decided::refuse_decided;
use crate::casino::error::CasinoError;
use crate::casino::http::{RoundAnswer, RoundQuestion, play};
use crate::casino::table::Game;
use crate::commands::{Answer, Repeatable};
use crate::openapi::Moving;

/// Bets on one spin. Members that are not named here are ignored, as legacy pages send more; what only the server
/// decides is refused.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object with params")]
pub struct RouletteSpin {
    #[serde(deserialize_with = "object")]
    params: SpinParams,
    /// Must be the operator's, if it is sent.
    currency: Option<String>,
}

/// The bets.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object with bets")]
pub struct SpinParams {
    /// At least one.
    #[serde(deserialize_with = "objects")]
    bets: Vec<SpinBet>,
}

/// A stake on a place of the table.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object with type, value and stake")]
pub struct SpinBet {
    /// `single`, `split`, `street`, `trio`, `corner`, `first_four`, `six_line`, `dozen`, `column`, `color`,
    /// `even_odd` or `low_high`.
    #[serde(rename = "type")]
    #[schema(rename = "type")]
    bet_type: String,
    /// A number for `single` (0 to 36) and for `dozen` and `column` (1 to 3); the list of the numbers for `split`,
    /// `street`, `trio`, `corner`, `first_four` and `six_line`; `red` or `black`; `even` or `odd`; `low` or `high`.
    #[serde(default)]
    value: Value,
    /// What lies there.
    #[schema(value_type = f64)]
    stake: Option<Amount>,
    /// The same, as some legacy pages name it.
    #[schema(value_type = Option<f64>)]
    amount: Option<Amount>,
}

impl RouletteSpin {
    /// Where each stake lies, if every bet is one that there is.
    fn read(self, most: usize) -> Result<Vec<(Place, Amount)>, Problem> {
        if self.params.bets.len() > most {
            return Err(CasinoError::TooManyBets(most).into());
        }
        let bets = self.params.bets.into_iter().enumerate();
        bets.map(|(at, bet)| {
            let place = Place::parse(&bet.bet_type, &bet.value);
            let place = place.map_err(|error| CasinoError::RoulettePlace { at, error })?;
            let field = || format!("params.bets[{at}].stake");
            match (bet.stake, bet.amount) {
                (Some(stake), None) | (None, Some(stake)) => Ok((place, stake)),
                (None, None) => Err(Problem::invalid_field(&field(), "is missing")),
                (Some(_), Some(_)) => Err(Problem::invalid_field(&field(), "must not be sent beside amount")),
            }
        })
        .collect()
    }
}

/// Spins once for all bets: debits their stakes, decides, and credits what was won, all in one step. With an
/// `Idempotency-Key` a repeat gets the first answer again.
#[utoipa::path(post, path = "/api/casino/roulette/spin", tag = "casino", request_body = RouletteSpin,
    params(("Idempotency-Key" = Option<String>, Header, description = "Names this spin, so that it can be repeated")),
    security(("bearer" = []), ("player_cookie" = [])),
    responses(
        (status = 200, body = RoundAnswer),
        Moving,
    ))]
pub async fn spin(
    State(app): State<SharedApp>,
    player: PlayerToken,
    request: Repeatable,
) -> Result<Answer, Problem> {
    refuse_decided(&request.body)?;
    let mut asked: RouletteSpin = read_json(&request.body)?;
    let currency = asked.currency.take();
    let bets = asked.read(app.options.casino.roulette_bets)?;
    let spin = |round_id| Spin {
        round_id,
        bets,
        currency,
    };
    play(&app, player, request.command, spin).await
}

/// Confirms a spin: shows it again, with the balance of now. Changes nothing: the spin was paid when it was decided. A
/// payout that is not that of the spin is refused.
#[utoipa::path(post, path = "/api/casino/roulette/win", tag = "casino", request_body = RoundQuestion,
    security(("bearer" = []), ("player_cookie" = [])),
    responses(
        (status = 200, body = RoundAnswer),
        (status = 404, body = ProblemBody),
    ))]
pub async fn win(
    State(app): State<SharedApp>,
    player: PlayerSession,
    JsonBody(question): JsonBody<RoundQuestion>,
) -> Result<Answer, Problem> {
    question.answer(&app, player, Game::Roulette).await
}
