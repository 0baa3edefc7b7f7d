//! The route of a player's past rounds.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::http::{Private, QueryParams};
use shared::ids::PlayerId;
use shared::money::Money;
use shared::problem::{Problem, ProblemBody};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::rules::Asked;
use super::store::{self, PastRound};
use crate::accounts::PlayerSession;
use crate::app::SharedApp;
use crate::casino::error::CasinoError;

/// Which past rounds.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Rounds at most: from 1 to the limit of the installation, which is 500 unless it was set; by default 100.
    limit: Option<u32>,
    /// The `next` of the page before: only older rounds are shown.
    before: Option<String>,
    /// `slots`, `roulette`, `baccarat`, `blackjack` or `crash`: only rounds of this game are shown.
    game: Option<String>,
}

/// Rounds of the player who asks, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct PastRounds {
    success: bool,
    history: Vec<HistoryRound>,
    /// Where older rounds begin: the `before` of the next page; null on the last page.
    next: Option<Uuid>,
}

/// A round as its player may see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryRound {
    /// The same as `ref`.
    id: Uuid,
    /// The round's id.
    #[serde(rename = "ref")]
    reference: Uuid,
    /// `slots`, `roulette`, `baccarat`, `blackjack` or `crash`.
    game_key: String,
    /// Of the game's rules, when the round began.
    math_version: i16,
    user_id: PlayerId,
    /// Everything staked on the round so far.
    #[schema(value_type = f64)]
    stake: Money,
    /// The stake that the round began with: less than `stake` where a hand of blackjack was doubled, split or insured.
    #[schema(value_type = f64)]
    first_stake: Money,
    currency: String,
    /// What the round paid, the stake not taken off; 0 while it is open.
    #[schema(value_type = f64)]
    payout: Money,
    /// Whether the game won more than the operator's largest payout, which is what was paid then.
    payout_limited: bool,
    /// The operator's largest payout when the round began; null where that was not kept yet. A round that wins back its
    /// stakes returns them all the same.
    #[schema(value_type = Option<f64>)]
    max_payout: Option<Money>,
    /// `open`, `settled` or `void`.
    status: String,
    /// What the game shows; of an open round, what its player saw so far.
    #[schema(value_type = Object)]
    result_json: Box<RawValue>,
    /// In a settled round of blackjack, what was decided after the deal: `hit`, `stand`, `double`, `split` or
    /// `insurance`.
    decisions: Option<Vec<String>>,
    /// In a settled round of blackjack, whether the last decisions were the house's, because the player had left.
    abandoned: Option<bool>,
    /// SHA-256 of the hex text of the server seed that the round is drawn from.
    commitment: String,
    /// The server seed, once it is revealed: with it everybody can recompute the round. Null before.
    server_seed: Option<String>,
    client_seed: String,
    nonce: i64,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    settled_at: Option<OffsetDateTime>,
}

impl HistoryRound {
    fn of(player: PlayerId, round: PastRound) -> Self {
        Self {
            id: round.id,
            reference: round.id,
            game_key: round.game,
            math_version: round.math_version,
            user_id: player,
            stake: round.currency.money(round.stake),
            first_stake: round.currency.money(round.dealt_for.unwrap_or(round.stake)),
            currency: round.currency.code().to_owned(),
            payout: round.currency.money(round.payout),
            payout_limited: round.payout_limited,
            max_payout: round.max_payout.map(|most| round.currency.money(most)),
            status: round.status,
            result_json: round.result.0,
            decisions: round.decisions.map(|decisions| decisions.0),
            abandoned: round.abandoned,
            commitment: round.commitment,
            server_seed: round.server_seed,
            client_seed: round.client_seed,
            nonce: round.nonce,
            created_at: round.created_at,
            settled_at: round.settled_at,
        }
    }
}

/// The rounds of the player who asks, newest first. Pages follow each other by the id of the last round shown, so that
/// rounds played meanwhile move nothing.
#[utoipa::path(get, path = "/api/casino/history", tag = "casino", params(HistoryQuery),
    security(("bearer" = []), ("player_cookie" = [])),
    responses(
        (status = 200, body = PastRounds),
        (status = 422, body = ProblemBody),
    ))]
pub async fn list(
    State(app): State<SharedApp>,
    PlayerSession { operator, player, .. }: PlayerSession,
    QueryParams(query): QueryParams<HistoryQuery>,
) -> Result<Private<PastRounds>, Problem> {
    let most = app.options.casino.history_rounds;
    let asked = Asked::read(query.limit, query.before.as_deref(), query.game.as_deref(), most)
        .map_err(Problem::invalid_fields)?;
    let size = usize::try_from(asked.limit).unwrap_or(usize::MAX);
    let mut rounds = app
        .db
        .read(move |db| {
            let asked = asked.clone();
            Box::pin(async move { Ok::<_, CasinoError>(store::rounds(operator, db, player, &asked).await?) })
        })
        .await?;
    let has_more = rounds.len() > size;
    rounds.truncate(size);
    let next = rounds.last().filter(|_| has_more).map(|last| last.id);
    Ok(Private(PastRounds {
        success: true,
        history: rounds
            .into_iter()
            .map(|round| HistoryRound::of(player, round))
            .collect(),
        next,
    }))
}
