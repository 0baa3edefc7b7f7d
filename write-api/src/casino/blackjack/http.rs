//! The route of the blackjack.

use axum::extract::State;
use serde::Deserialize;
use shared::http::read_json;
use shared::json::object;
use shared::money::Amount;
use shared::problem::{Problem, ProblemBody};
use time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

use super::bet::{Act, Deal};
use super::rules::Decision;
use crate::accounts::PlayerToken;
use crate::app::SharedApp;
use crate::casino::decided::refuse_decided;
use crate::casino::error::CasinoError;
use crate::casino::http::{RoundAnswer, play};
use crate::commands::{Answer, Repeatable};
use crate::openapi::Moving;

/// A deal, or a decision in an open round. Members that are not named here are ignored, as legacy pages send more; what
/// only the server decides (deck, hands, state, payout …) is refused.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object with an action")]
pub struct BlackjackMove {
    /// `deal`, which is the default, `hit`, `stand`, `double`, `split` or `insurance`; after a split also `hit_split`,
    /// `stand_split` and `double_split`.
    action: Option<String>,
    /// What the hand costs: for a deal, and ignored after it.
    #[schema(value_type = Option<f64>)]
    stake: Option<Amount>,
    /// Must be the operator's, if it is sent.
    currency: Option<String>,
    #[serde(default, deserialize_with = "object")]
    params: BlackjackParams,
}

/// Which round and which step of it is meant.
#[derive(Default, Deserialize, ToSchema)]
#[serde(expecting = "an object with ref and action_number")]
pub struct BlackjackParams {
    /// The round, from the answer to the deal; without it the player's open round is meant.
    #[serde(rename = "ref")]
    id: Option<String>,
    /// The number of this decision in its round, from 1: one more than the `action_number` of the last answer. A second
    /// request with the same number gets the first one's answer, or is refused if it decides otherwise. Needs `ref`, and
    /// is itself needed unless an `Idempotency-Key` is sent.
    action_number: Option<i16>,
}

/// Deals a hand, or takes the next decision of an open one. A blackjack against the dealer's ace stays open for
/// `insurance`, which makes it even money, or `stand`. Double, split and insurance take their further stake at
/// once. With an `Idempotency-Key`, or with `params.action_number`, a repeat gets the first answer again; a decision that
/// sends neither is refused, since a double click would be two. A round without a decision for 15 minutes is ended by standing.
///
/// A round whose stake is paid is played on, hit by hit, also while the player, the operator or the casino is disabled;
/// only what adds a stake is refused then.
#[utoipa::path(post, path = "/api/casino/blackjack/play", tag = "casino", request_body = BlackjackMove,
    params(("Idempotency-Key" = Option<String>, Header, description = "Names this move, so that it can be repeated")),
    security(("bearer" = []), ("player_cookie" = [])),
    responses(
        (status = 200, body = RoundAnswer),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody),
        Moving,
    ))]
pub async fn play_hand(
    State(app): State<SharedApp>,
    player: PlayerToken,
    request: Repeatable,
) -> Result<Answer, Problem> {
    refuse_decided(&request.body)?;
    let asked: BlackjackMove = read_json(&request.body)?;
    let pause = Duration::seconds(app.options.casino.blackjack_abandoned_s.into());
    let action = asked.action.as_deref().unwrap_or("deal");
    if action == "deal" {
        let stake = asked
            .stake
            .ok_or_else(|| Problem::invalid_field("stake", "is missing"))?;
        let deal = |round_id| Deal {
            round_id,
            stake,
            currency: asked.currency,
            pause,
        };
        return play(&app, player, request.command, deal).await;
    }
    let (decision, on_split) = read_action(action)?;
    let round = asked.params.round()?;
    if asked.params.action_number.is_none() && request.command.is_none() {
        return Err(Problem::invalid_field(
            "params.action_number",
            "is required unless an Idempotency-Key is sent",
        ));
    }
    let act = Act {
        round,
        number: asked.params.action_number,
        decision,
        on_split,
        pause,
    };
    play(&app, player, request.command, |_| act).await
}

/// The decision that an action names, and whether it is one for a hand of several.
fn read_action(action: &str) -> Result<(Decision, bool), CasinoError> {
    Ok(match action {
        "hit" => (Decision::Hit, false),
        "stand" => (Decision::Stand, false),
        "double" => (Decision::Double, false),
        "split" => (Decision::Split, false),
        "insurance" => (Decision::Insurance, false),
        "hit_split" => (Decision::Hit, true),
        "stand_split" => (Decision::Stand, true),
        "double_split" => (Decision::Double, true),
        _ => return Err(CasinoError::UnknownAction),
    })
}

impl BlackjackParams {
    fn round(&self) -> Result<Option<Uuid>, Problem> {
        match (&self.id, self.action_number) {
            (None, Some(_)) => Err(Problem::invalid_field(
                "params.ref",
                "is needed beside action_number",
            )),
            (_, Some(..=0)) => Err(Problem::invalid_field(
                "params.action_number",
                "must be at least 1",
            )),
            (None, None) => Ok(None),
            (Some(id), _) => {
                let id = Uuid::try_parse(id).map_err(|_| CasinoError::UnknownRound)?;
                Ok(Some(id))
            }
        }
    }
}
