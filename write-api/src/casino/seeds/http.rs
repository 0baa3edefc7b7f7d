//! The routes of fairness: a player's seed pairs, another pair, and the proof of any round.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::http::{Private, QueryParams, read_json};
use shared::money::Money;
use shared::problem::{Problem, ProblemBody};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::rotation::Arrived;
use super::verification::{Outcome, Question, Recomputed};
use super::{NewSeedPair, rotation, store};
use crate::accounts::PlayerSession;
use crate::app::SharedApp;
use crate::casino::error::CasinoError;
use crate::casino::fairness::ClientSeed;
use crate::commands::{Answer, Repeatable};
use crate::paging::{PageQuery, Pagination};

/// The seed pairs of the player who asks.
#[derive(Debug, Serialize, ToSchema)]
pub struct Fairness {
    success: bool,
    /// SHA-256 of the hex text of the server seed that decides the next round.
    commitment: String,
    client_seed: String,
    /// The nonce of the next round: how many rounds this pair decided so far.
    next_nonce: i64,
    /// SHA-256 of the hex text of the server seed that the next rotation brings, whatever client seed is chosen for it.
    /// Null until the next rotation for players from before there were such promises.
    next_commitment: Option<String>,
    /// The pairs that were revealed, newest first: the page that was asked for.
    previous: Vec<RevealedPair>,
    /// Where this page is among all revealed pairs.
    pagination: Pagination,
}

/// A pair that decides nothing any more, so that everybody may know it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevealedPair {
    commitment: String,
    /// 64 hexadecimal characters, whose SHA-256 is the commitment.
    server_seed: String,
    client_seed: String,
    /// How many rounds it decided: their nonces are 0 and up.
    rounds: i64,
    #[serde(with = "time::serde::rfc3339")]
    revealed_at: OffsetDateTime,
}

impl From<store::RevealedPair> for RevealedPair {
    fn from(pair: store::RevealedPair) -> Self {
        Self {
            commitment: pair.commitment,
            server_seed: pair.server_seed,
            client_seed: pair.client_seed,
            rounds: pair.rounds,
            revealed_at: pair.revealed_at,
        }
    }
}

/// What decides the next round of the player who asks, and a page of the server seeds of rounds before.
#[utoipa::path(get, path = "/api/casino/fairness", tag = "casino", params(PageQuery),
    security(("bearer" = []), ("player_cookie" = [])),
    responses(
        (status = 200, body = Fairness),
        (status = 422, body = ProblemBody),
    ))]
pub async fn fairness(
    State(app): State<SharedApp>,
    PlayerSession { operator, player, .. }: PlayerSession,
    QueryParams(query): QueryParams<PageQuery>,
) -> Result<Private<Fairness>, Problem> {
    let page = query.read().map_err(Problem::invalid_fields)?;
    let (active, total, revealed) = app
        .db
        .read(move |db| {
            Box::pin(async move {
                let active = store::active(operator, db, player).await?;
                let total = store::count_revealed(operator, db, player, active.id).await?;
                let revealed = store::revealed(operator, db, player, active.id, page).await?;
                Ok::<_, CasinoError>((active, total, revealed))
            })
        })
        .await?;
    Ok(Private(Fairness {
        success: true,
        commitment: active.commitment,
        client_seed: active.client_seed,
        next_nonce: active.next_nonce,
        next_commitment: active.next_commitment,
        previous: revealed.into_iter().map(RevealedPair::from).collect(),
        pagination: page.of(total),
    }))
}

/// A wish for another seed pair.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object that may have a client_seed")]
pub struct Rotation {
    /// The player's own half of the new pair: 1 to 64 printable ASCII characters. Made for the player if it is left
    /// out.
    client_seed: Option<String>,
}

/// A seed pair in the place of another.
#[derive(Debug, Serialize, ToSchema)]
pub struct Rotated {
    success: bool,
    /// The pair before, which decides nothing any more.
    revealed: RevealedPair,
    /// SHA-256 of the hex text of the new server seed: the `next_commitment` of before.
    commitment: String,
    client_seed: String,
    next_nonce: i64,
    /// Of the server seed that the next rotation brings.
    next_commitment: String,
}

impl Rotated {
    pub(super) fn to(new: &NewSeedPair, revealed: store::RevealedPair) -> Self {
        Self {
            success: true,
            revealed: revealed.into(),
            commitment: new.server.commitment(),
            client_seed: new.client.as_str().to_owned(),
            next_nonce: 0,
            next_commitment: new.next.commitment(),
        }
    }
}

/// Reveals the server seed of the player who asks, and lets a new pair decide from the next round on. Refused while a
/// round is open that has not ended by itself. With an `Idempotency-Key` a repeat gets the first answer again.
#[utoipa::path(post, path = "/api/casino/fairness/rotate", tag = "casino", request_body = Option<Rotation>,
    params(("Idempotency-Key" = Option<String>, Header, description = "Names this wish, so that it can be repeated")),
    security(("bearer" = []), ("player_cookie" = [])),
    responses(
        (status = 200, body = Rotated),
        (status = 409, body = ProblemBody),
    ))]
pub async fn rotate(
    State(app): State<SharedApp>,
    PlayerSession { operator, player, .. }: PlayerSession,
    Repeatable { body, command }: Repeatable,
) -> Result<Answer, Problem> {
    let asked: Rotation = if body.is_empty() {
        Rotation::default()
    } else {
        read_json(&body)?
    };
    let own = asked.client_seed.as_deref().map(ClientSeed::parse).transpose();
    let own = own.map_err(|error| Problem::invalid_field("client_seed", error.to_string()))?;
    let new = NewSeedPair::draw(&app.random).with_client_seed(own);
    let arrived = Arrived {
        at: app.clock.now(),
        steady_at: app.clock.steady(),
    };
    let change = app.db.write(move |db| {
        let (new, command) = (new.clone(), command.clone());
        Box::pin(async move { rotation::rotate(operator, db, player, &new, command.as_ref(), arrived).await })
    });
    Ok(change.await?)
}

/// Which round is to be recomputed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VerifyQuery {
    /// The revealed server seed: 64 lower-case hexadecimal characters.
    server_seed: String,
    /// The client seed: 1 to 64 printable ASCII characters.
    client_seed: String,
    /// The nonce of the round.
    nonce: u64,
    /// `slots`, `roulette`, `baccarat`, `blackjack` or `crash`.
    game: String,
    /// The currency of amounts; by default `USD`.
    currency: Option<String>,
    /// What was staked, in blackjack on the first hand; by default 100 minor units. Only amounts depend on it, never
    /// what is drawn.
    stake: Option<String>,
    /// In baccarat, the `bet_on` of the round's `result`.
    bet_on: Option<String>,
    /// In roulette, the `bets` of the round's `result` as JSON; their stakes are the spin's.
    bets: Option<String>,
    /// In blackjack, what was decided after the deal, such as `split,hit,stand,stand`.
    decisions: Option<String>,
    /// In crash, what the round was cashed out at.
    cashout: Option<String>,
}

/// A round, recomputed from its seeds.
#[derive(Debug, Serialize, ToSchema)]
pub struct Verified {
    success: bool,
    game: &'static str,
    server_seed: String,
    /// SHA-256 of the server seed's text: what was shown before the round.
    commitment: String,
    client_seed: String,
    nonce: u64,
    /// The first words of the round: HMAC-SHA256 with the server seed's text as the key over
    /// `<client seed>:<nonce>:<cursor>`, cursor 0, 1 …, each digest as eight big-endian numbers.
    words: [u32; 16],
    /// Of the game's rules. It goes up when the same words would show or pay anything else.
    math_version: i16,
    /// What the round showed, as it is in the round's `result`.
    #[schema(value_type = Object)]
    outcome: Outcome,
    /// What the game won, the stake included: an operator's largest payout does not limit it here. Null where it follows
    /// from a bet or a decision that was not asked with.
    #[schema(value_type = Option<f64>)]
    payout: Option<Money>,
}

/// Recomputes a round from its seeds, for anybody: a round that was played shows the same.
#[utoipa::path(get, path = "/api/casino/fairness/verify", tag = "casino", params(VerifyQuery),
    responses((status = 200, body = Verified), (status = 422, body = ProblemBody)))]
pub async fn verify(QueryParams(query): QueryParams<VerifyQuery>) -> Result<Private<Verified>, Problem> {
    let question = Question {
        server_seed: &query.server_seed,
        client_seed: &query.client_seed,
        nonce: query.nonce,
        game: &query.game,
        currency: query.currency.as_deref(),
        stake: query.stake.as_deref(),
        bet_on: query.bet_on.as_deref(),
        bets: query.bets.as_deref(),
        decisions: query.decisions.as_deref(),
        cashout: query.cashout.as_deref(),
    };
    let round = question.read().map_err(Problem::invalid_fields)?;
    let Recomputed {
        math_version,
        outcome,
        payout,
    } = round
        .recompute()
        .map_err(|error| Problem::invalid_fields(vec![error]))?;
    Ok(Private(Verified {
        success: true,
        game: round.game.as_str(),
        commitment: round.server_seed.commitment(),
        server_seed: query.server_seed,
        client_seed: query.client_seed,
        nonce: query.nonce,
        words: round.first_words(),
        math_version,
        outcome,
        payout: payout.map(|payout| round.currency.money(payout)),
    }))
}
