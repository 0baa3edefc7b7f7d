//! The question which round is to be recomputed, in the words of a query. Must never need anything but what it is asked.

mod recomputation;

use serde::Deserialize;
use serde_json::Value;
use shared::field::FieldError;
use shared::money::{Amount, AmountError, Currency, Minor};

use crate::casino::baccarat::rules::Side;
use crate::casino::blackjack::rules::Decision;
use crate::casino::crash::rules::multiplier::{Target, WrittenTarget};
use crate::casino::fairness::{ClientSeed, Nonce, ServerSeed};
use crate::casino::history::game_named;
use crate::casino::roulette::rules::Bet;
use crate::casino::roulette::rules::table::Place;
use crate::casino::table::Game;

pub(super) use recomputation::{Outcome, Recomputed};

/// What is staked unless it is said: with 1.00, a payout is a multiple of the stake.
const DEFAULT_STAKE: Minor = Minor::new(100);

/// The round that somebody wants to see again, in the words of a query.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) server_seed: &'a str,
    pub(super) client_seed: &'a str,
    pub(super) nonce: u64,
    pub(super) game: &'a str,
    pub(super) currency: Option<&'a str>,
    pub(super) stake: Option<&'a str>,
    pub(super) bet_on: Option<&'a str>,
    pub(super) bets: Option<&'a str>,
    pub(super) decisions: Option<&'a str>,
    pub(super) cashout: Option<&'a str>,
}

/// A round, by all that decides it.
#[derive(Clone, Debug)]
pub(super) struct DrawnRound {
    pub(super) server_seed: ServerSeed,
    pub(super) client_seed: ClientSeed,
    pub(super) nonce: Nonce,
    pub(super) game: Game,
    pub(super) currency: Currency,
    stake: Minor,
    bet_on: Option<Side>,
    bets: Vec<Bet>,
    decisions: Vec<Decision>,
    cashout: Option<Target>,
}

impl Question<'_> {
    /// Reads what is asked.
    ///
    /// # Errors
    /// Every parameter that is not what it must be.
    pub(super) fn read(self) -> Result<DrawnRound, Vec<FieldError>> {
        let mut errors = Errors::default();
        let server_seed = errors.named("server_seed", ServerSeed::parse(self.server_seed));
        let client_seed = errors.named("client_seed", ClientSeed::parse(self.client_seed));
        let game = errors.keep(game_named(self.game));
        let currency = self.currency.map_or(Some(Currency::USD), Currency::parse);
        let currency = errors.named("currency", currency.ok_or("must be the code of a currency"));
        // Amounts mean nothing without one; its own error is kept then.
        let amounts_in = currency.unwrap_or(Currency::USD);
        let stake = self
            .stake
            .map_or(Ok(DEFAULT_STAKE), |text| read_stake(text, amounts_in));
        let stake = errors.named("stake", stake);
        let bet_on = errors.named("bet_on", self.bet_on.map(Side::parse).transpose());
        let bets = self
            .bets
            .map_or(Ok(Vec::new()), |text| read_bets(text, amounts_in));
        let bets = errors.keep(bets);
        let decisions = errors.keep(self.decisions.map_or(Ok(Vec::new()), read_decisions));
        let cashout = errors.keep(self.cashout.map(read_cashout).transpose());
        if let Some(game) = game {
            self.check_belonging(game, &mut errors);
        }
        let drawn = || {
            Some(DrawnRound {
                server_seed: server_seed?,
                client_seed: client_seed?,
                nonce: Nonce::new(self.nonce),
                game: game?,
                currency: currency?,
                stake: stake?,
                bet_on: bet_on?,
                bets: bets?,
                decisions: decisions?,
                cashout: cashout?,
            })
        };
        match drawn() {
            Some(drawn) if errors.0.is_empty() => Ok(drawn),
            _ => Err(errors.0),
        }
    }

    /// Refuses what another game's bets are told by.
    fn check_belonging(&self, game: Game, errors: &mut Errors) {
        for (name, told, of) in [
            ("bet_on", self.bet_on, Game::Baccarat),
            ("bets", self.bets, Game::Roulette),
            ("decisions", self.decisions, Game::Blackjack),
            ("cashout", self.cashout, Game::Crash),
        ] {
            if game != of && told.is_some_and(|text| !text.is_empty()) {
                let detail = format!("is only taken in {}", of.as_str());
                errors.0.push(FieldError::new(name, detail));
            }
        }
    }
}

/// What was wrong so far.
#[derive(Default)]
struct Errors(Vec<FieldError>);

impl Errors {
    fn keep<T>(&mut self, read: Result<T, FieldError>) -> Option<T> {
        read.map_err(|error| self.0.push(error)).ok()
    }

    fn named<T, E: ToString>(&mut self, name: &str, read: Result<T, E>) -> Option<T> {
        self.keep(read.map_err(|error| FieldError::new(name, error.to_string())))
    }
}

fn read_stake(text: &str, currency: Currency) -> Result<Minor, AmountError> {
    let amount: Amount = serde_json::from_str(text).map_err(|_| AmountError::NotANumber)?;
    amount.positive(currency)
}

/// A bet of a spin as the round's `result` shows it.
#[derive(Deserialize)]
#[serde(expecting = "an object with type, value and stake")]
struct ToldBet {
    #[serde(rename = "type")]
    bet_type: String,
    #[serde(default)]
    value: Value,
    stake: Amount,
}

/// Reads the bets of a spin from a JSON list.
fn read_bets(text: &str, currency: Currency) -> Result<Vec<Bet>, FieldError> {
    let bad = |detail: String| FieldError::new("bets", detail);
    let told: Vec<ToldBet> = serde_json::from_str(text)
        .map_err(|_| bad("must be a JSON list of {type, value, stake}".to_owned()))?;
    told.into_iter()
        .map(|told| {
            let place = Place::parse(&told.bet_type, &told.value).map_err(|error| bad(error.to_string()))?;
            let stake = told.stake.positive(currency);
            let stake = stake.map_err(|error| bad(format!("hold a stake that {error}")))?;
            Ok(Bet { place, stake })
        })
        .collect()
}

/// Reads decisions with commas between; none of an empty text.
fn read_decisions(text: &str) -> Result<Vec<Decision>, FieldError> {
    let words = text.split(',').filter(|_| !text.is_empty());
    words
        .map(|word| {
            let mut known = Decision::ALL.into_iter();
            known.find(|decision| decision.as_str() == word).ok_or_else(|| {
                let known = Decision::ALL.map(Decision::as_str);
                let detail = format!("must be any of {}, with commas between", known.join(", "));
                FieldError::new("decisions", detail)
            })
        })
        .collect()
}

fn read_cashout(text: &str) -> Result<Target, FieldError> {
    let written: Result<WrittenTarget, _> = serde_json::from_str(text);
    let written = written.map_err(|_| FieldError::new("cashout", "must be a plain number such as 1.50"))?;
    written
        .read()
        .map_err(|error| FieldError::new("cashout", error.to_string()))
}

#[cfg(test)]
mod tests;
