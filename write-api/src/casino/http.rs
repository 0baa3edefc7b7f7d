//! What every route of the casino answers with. Must never show a server seed.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::http::Private;
use shared::money::{Amount, Currency, Minor, Money};
use shared::problem::Problem;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::baccarat::rules::BaccaratError;
use super::blackjack::rules::BlackjackError;
use super::crash::CrashEnd;
use super::crash::rules::CrashError;
use super::crash::rules::curve::Curve;
use super::crash::rules::multiplier::Multiplier;
use super::error::CasinoError;
use super::fairness::Nonce;
use super::moves::{Move, Play};
use super::roulette::rules::RouletteError;
use super::roulette::rules::table::PlaceError;
use super::rules::Payout;
use super::store::{SettledRound, settled_round};
use super::table::{Game, Status, StoredRound};
use crate::accounts::{PlayerSession, PlayerToken};
use crate::app::App;
use crate::commands::{Answer, Command};

/// Seconds after which a client may try again when too many moves wait.
const RETRY_AFTER_S: u32 = 1;

/// The casino is there.
#[derive(Serialize, ToSchema)]
pub struct CasinoHealth {
    ok: bool,
}

/// The casino is there; touches nothing.
#[utoipa::path(get, path = "/api/casino/health", tag = "casino", responses((status = 200, body = CasinoHealth)))]
pub async fn health() -> Private<CasinoHealth> {
    Private(CasinoHealth { ok: true })
}

/// A round as its player sees it.
#[derive(Serialize, ToSchema)]
pub struct RoundAnswer<'a> {
    success: bool,
    /// The round's id.
    #[serde(rename = "ref")]
    id: Uuid,
    /// `slots`, `roulette`, `baccarat`, `blackjack` or `crash`.
    game: &'static str,
    /// Everything staked on the round so far.
    #[schema(value_type = f64)]
    stake: Money,
    /// What the round paid, the stake not taken off; 0 while it is open.
    #[schema(value_type = f64)]
    payout: Money,
    /// What the wallet holds now.
    #[schema(value_type = f64)]
    balance: Money,
    currency: &'a str,
    /// `settled` when the round is decided and paid, `open` before.
    status: &'static str,
    /// Whether the game won more than the operator's largest payout, which is what was paid then.
    payout_limited: bool,
    /// What the game shows.
    #[schema(value_type = Object)]
    result: &'a RawValue,
    /// What a round of crash was cashed out at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    cashout_multiplier: Option<Multiplier>,
    /// Where a round of crash that has ended crashed, or would have.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    crash_multiplier: Option<Multiplier>,
    /// How the multiplier of a running round of crash grows: `{growth_per_ms, formula, cap}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    curve: Option<Curve>,
    /// The clock that a running round of crash goes by, when the request arrived: a page sets its own by it.
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option"
    )]
    server_time: Option<OffsetDateTime>,
    fairness: RoundFairness<'a>,
}

/// What the round is drawn from, but for the server seed, which rotation reveals.
#[derive(Serialize, ToSchema)]
pub struct RoundFairness<'a> {
    /// SHA-256 of the server seed's hex text.
    commitment: &'a str,
    client_seed: &'a str,
    nonce: u64,
}

/// A round to be shown.
pub(super) struct ShownRound<'a> {
    pub(super) id: Uuid,
    pub(super) game: Game,
    pub(super) stake: Minor,
    pub(super) payout: Payout,
    pub(super) status: Status,
    pub(super) balance: Minor,
    pub(super) result: &'a RawValue,
    pub(super) commitment: &'a str,
    pub(super) client_seed: &'a str,
    pub(super) nonce: Nonce,
    pub(super) crash_end: Option<CrashEnd>,
    /// What time it is for a round that runs against the clock.
    pub(super) running_at: Option<OffsetDateTime>,
}

impl<'a> RoundAnswer<'a> {
    pub(super) fn new(round: &ShownRound<'a>, currency: &'a Currency) -> Self {
        Self {
            success: true,
            id: round.id,
            game: round.game.as_str(),
            stake: currency.money(round.stake),
            payout: currency.money(round.payout.amount),
            balance: currency.money(round.balance),
            currency: currency.code(),
            status: round.status.as_str(),
            payout_limited: round.payout.is_limited,
            result: round.result,
            cashout_multiplier: round.crash_end.and_then(|end| end.cashout),
            crash_multiplier: round.crash_end.map(|end| end.crash),
            curve: round.running_at.map(|_| Curve::SHOWN),
            server_time: round.running_at,
            fairness: RoundFairness {
                commitment: round.commitment,
                client_seed: round.client_seed,
                nonce: round.nonce.get(),
            },
        }
    }
}

/// Makes a move for the player who asks; `play` gets the id of the round that it may begin. To be called once the whole
/// request has arrived: a client that could hold back the rest of it would choose its instant afterwards.
pub(super) async fn play<P: Play + 'static>(
    app: &App,
    player: PlayerToken,
    command: Option<Command>,
    play: impl FnOnce(Uuid) -> P,
) -> Result<Answer, Problem> {
    let at = app.clock.now();
    let asked = Move {
        operator: player.operator,
        player: player.player,
        token_hash: Some(player.token_hash),
        at,
        steady_at: app.clock.steady(),
        command,
        play: Box::new(play(app.random.uuid(at))),
    };
    Ok(app.lanes.play(asked).await?)
}

/// Which round is asked about. Members that are not named here are ignored, as legacy pages send more.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object with a ref")]
pub struct RoundQuestion {
    /// The round's id, from the bet's answer.
    #[serde(rename = "ref")]
    id: String,
    /// What the client takes the payout to be; refused if it is not that.
    #[schema(value_type = Option<f64>)]
    payout: Option<Amount>,
}

impl RoundQuestion {
    /// Shows a settled round of `game` as it was answered, with the balance of now.
    pub(super) async fn answer(
        self,
        app: &App,
        PlayerSession { operator, player, .. }: PlayerSession,
        game: Game,
    ) -> Result<Answer, Problem> {
        let id = Uuid::try_parse(&self.id).map_err(|_| CasinoError::UnknownRound)?;
        let read = app.db.read(move |db| {
            Box::pin(async move {
                let round = settled_round(operator, db, player, game, id).await?;
                round.ok_or(CasinoError::UnknownRound)
            })
        });
        let found = read.await?;
        if let Some(claimed) = self.payout {
            found.check_payout(&claimed)?;
        }
        let shown = RoundAnswer::new(&found.shown(), &found.currency);
        let json = serde_json::to_string(&shown).map_err(CasinoError::from)?;
        Ok(Answer::ok(json))
    }
}

impl SettledRound {
    /// Checks what a client takes the payout to be.
    fn check_payout(&self, claimed: &Amount) -> Result<(), CasinoError> {
        let payout = self.stored.payout.amount;
        if claimed.not_negative(self.currency) == Ok(payout) {
            Ok(())
        } else {
            Err(CasinoError::WrongPayout(self.currency.money(payout)))
        }
    }

    fn shown(&self) -> ShownRound<'_> {
        let StoredRound {
            round,
            payout,
            status,
            result,
            ..
        } = &self.stored;
        ShownRound {
            id: round.id,
            game: round.game,
            stake: round.stake,
            payout: *payout,
            status: *status,
            balance: self.balance,
            result,
            commitment: &round.seeds.commitment,
            client_seed: round.seeds.client.as_str(),
            nonce: round.nonce,
            crash_end: None,
            running_at: None,
        }
    }
}

impl From<CasinoError> for Problem {
    fn from(error: CasinoError) -> Self {
        match error {
            CasinoError::OperatorDisabled => Self::forbidden(
                "operator_disabled",
                "This sportsbook is currently disabled. Please contact support.",
            ),
            CasinoError::CasinoDisabled => Self::forbidden("casino_disabled", "The casino is disabled"),
            CasinoError::AccountDisabled => {
                Self::forbidden("account_disabled", "Account has been disabled by administrator")
            }
            CasinoError::NotLoggedIn => Self::unauthenticated(),
            CasinoError::Protected(error) => error.into(),
            CasinoError::TooMuch => Self::invalid_field("stake", "is too large"),
            CasinoError::Busy => Self::unavailable(
                "casino_busy",
                "Too many bets wait for the database at the moment. Nothing was changed.",
                RETRY_AFTER_S,
            ),
            CasinoError::TooManyAtOnce => Self::too_many_requests(
                "too_many_at_once",
                "Too many of your own bets wait already. Nothing was changed.",
                RETRY_AFTER_S,
            ),
            CasinoError::WrongCurrency(currency) => {
                Self::invalid_field("currency", format!("must be {}", currency.code()))
            }
            CasinoError::StakeNotAnAmount(error) => Self::invalid_field("stake", error.to_string()),
            CasinoError::StakeTooSmall(least) => {
                Self::invalid_field("stake", format!("must be at least {least}"))
            }
            CasinoError::StakeTooLarge(most) => {
                Self::invalid_field("stake", format!("must be at most {most}"))
            }
            CasinoError::InsufficientFunds { available, currency } => Self::refused_field(
                "insufficient_funds",
                "stake",
                format!("Insufficient funds. Available: {}", in_words(available, currency)),
            ),
            CasinoError::Slots(error) => Self::invalid_field("stake", error.to_string()),
            CasinoError::Roulette(_)
            | CasinoError::RoulettePlace { .. }
            | CasinoError::RouletteStake { .. }
            | CasinoError::TooManyBets(_)
            | CasinoError::Baccarat(_)
            | CasinoError::Blackjack(_)
            | CasinoError::Crash(_)
            | CasinoError::UnknownAction
            | CasinoError::NotSplit
            | CasinoError::RoundOpen(_)
            | CasinoError::RoundOver
            | CasinoError::StaleAction { .. } => refusal(&error),
            CasinoError::ServerDecides(field) => Self::refused_field(
                "server_decides",
                &field,
                format!("{field} is decided by the server and may not be sent"),
            ),
            CasinoError::KeyReused(error) => error.into(),
            CasinoError::UnknownRound => Self::not_found("not_found", "Game not found"),
            CasinoError::WrongPayout(payout) => Self::refused_field(
                "wrong_payout",
                "payout",
                format!("The payout of this round is {payout}"),
            ),
            CasinoError::Ledger(error) => Self::internal(error),
            CasinoError::Answer(error) => Self::internal(error),
            CasinoError::Database(error) => error.into(),
        }
    }
}

/// What a player is told whose bet or decision the rules of a game refuse.
fn refusal(error: &CasinoError) -> Problem {
    let words = error.to_string();
    match error {
        CasinoError::Roulette(RouletteError::NoBets) => {
            Problem::refused_field("no_bets", "params.bets", "No bets provided")
        }
        CasinoError::Roulette(RouletteError::StakeNotPositive(at)) => {
            Problem::invalid_field(&format!("params.bets[{at}].stake"), "must be more than zero")
        }
        CasinoError::Roulette(RouletteError::StakesTooLarge) => Problem::invalid_field("params.bets", words),
        CasinoError::RoulettePlace { at, error } => {
            let (code, member) = match error {
                PlaceError::UnknownType => ("unknown_bet", "type"),
                PlaceError::NoSuchPlace(_) => ("impossible_bet", "value"),
            };
            Problem::refused_field(code, &format!("params.bets[{at}].{member}"), words)
        }
        CasinoError::RouletteStake { at, error } => {
            Problem::invalid_field(&format!("params.bets[{at}].stake"), error.to_string())
        }
        CasinoError::TooManyBets(most) => Problem::refused_field(
            "too_many_bets",
            "params.bets",
            format!("At most {most} bets in one spin"),
        ),
        CasinoError::Baccarat(BaccaratError::UnknownSide) => {
            Problem::refused_field("unknown_bet", "params.bet_on", "must be player, banker or tie")
        }
        CasinoError::Baccarat(_)
        | CasinoError::Blackjack(BlackjackError::StakeNotPositive | BlackjackError::StakeTooLarge)
        | CasinoError::Crash(CrashError::StakeNotPositive | CrashError::StakeTooLarge) => {
            Problem::invalid_field("stake", words)
        }
        CasinoError::UnknownAction => Problem::refused_field(
            "unknown_action",
            "action",
            "must be deal, hit, stand, double, split, insurance, hit_split, stand_split or double_split",
        ),
        CasinoError::Blackjack(BlackjackError::RoundOver) | CasinoError::RoundOver => {
            Problem::conflict("round_over", "This round is over")
        }
        CasinoError::Blackjack(_) => Problem::conflict("action_not_allowed", sentence(&words)),
        CasinoError::NotSplit => Problem::conflict("action_not_allowed", "Invalid split hand"),
        CasinoError::Crash(CrashError::TooEarly) => {
            Problem::conflict("too_early", "The multiplier is still 1.00; cash out from 1.01 on")
        }
        CasinoError::Crash(_) => Problem::conflict("crashed", "Cashout after crash is invalid"),
        CasinoError::RoundOpen(id) => {
            Problem::conflict("round_open", format!("Round {id} is still open; finish it first"))
        }
        CasinoError::StaleAction { expected } => Problem::conflict(
            "stale_action",
            format!("The next action of this round is number {expected}"),
        )
        .about("params.action_number", "is not the next"),
        _ => Problem::conflict("refused", sentence(&words)),
    }
}

/// Words as a sentence begins.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// An amount for people, as legacy pages show it: `$12.30`, and `12.30 EUR` where the sign is not the dollar's.
fn in_words(amount: Money, currency: Currency) -> String {
    if currency == Currency::USD {
        format!("${amount}")
    } else {
        format!("{amount} {}", currency.code())
    }
}
