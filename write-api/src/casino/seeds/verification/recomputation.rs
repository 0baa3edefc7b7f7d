//! The recomputation of a round from its revealed seeds, for anybody: what it showed, and what it won. Must never decide
//! it by other rules than those it was played by.

use serde::Serialize;
use shared::field::FieldError;
use shared::money::Minor;

use super::DrawnRound;
use crate::casino::baccarat::rules as baccarat;
use crate::casino::blackjack::rules as blackjack;
use crate::casino::crash::rules as crash;
use crate::casino::fairness::{WordSource, Words};
use crate::casino::roulette::rules as roulette;
use crate::casino::slots::rules as slots;
use crate::casino::table::Game;

/// How many words of a round are shown.
const SHOWN_WORDS: usize = 16;

/// A round that was played again.
#[derive(Debug)]
pub(in crate::casino::seeds) struct Recomputed {
    /// Of the game's rules.
    pub(in crate::casino::seeds) math_version: i16,
    pub(in crate::casino::seeds) outcome: Outcome,
    /// What the game won, the stake included; none where it depends on a bet or a decision that was not told.
    pub(in crate::casino::seeds) payout: Option<Minor>,
}

/// What a round shows, as it is in the round's `result`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(in crate::casino::seeds) enum Outcome {
    /// The reels, and what each line pays for the stake.
    Slots(slots::SpinResult),
    /// Where the ball fell, and what each bet that was told paid.
    Roulette(roulette::SpinResult),
    /// Where the ball fell: the bets do not change that.
    Pocket {
        /// The pocket and its color.
        spin: roulette::ShownSpin,
    },
    /// Both hands and the winner, and the bet if it was told.
    Baccarat(baccarat::CoupResult),
    /// The table after the decisions.
    Blackjack(Box<blackjack::Table>),
    /// The crash point: the cash-out does not change that.
    Crash {
        /// Where the round crashed, or ended at the cap.
        multiplier: crash::multiplier::Multiplier,
    },
}

impl DrawnRound {
    /// The words that the round is drawn from, from the first.
    pub(in crate::casino::seeds) fn first_words(&self) -> [u32; SHOWN_WORDS] {
        let mut words = self.words();
        std::array::from_fn(|_| words.next_word())
    }

    /// Plays the round again.
    ///
    /// # Errors
    /// What the game refuses: the stake, a bet, a decision, or a cash-out above the crash point.
    pub(in crate::casino::seeds) fn recompute(&self) -> Result<Recomputed, FieldError> {
        let words = &mut self.words();
        let (math_version, outcome, payout) = match self.game {
            Game::Slots => {
                let spun = slots::decide(self.stake, words).map_err(|error| named("stake", &error))?;
                let shown = Outcome::Slots(spun.shown_in(self.currency));
                (slots::MATH_VERSION, shown, Some(spun.payout))
            }
            Game::Roulette => {
                let (shown, payout) = self.spin_roulette(words)?;
                (roulette::MATH_VERSION, shown, payout)
            }
            Game::Baccarat => {
                let (shown, payout) = self.play_baccarat(words)?;
                (baccarat::MATH_VERSION, Outcome::Baccarat(shown), payout)
            }
            Game::Blackjack => {
                let game = self.play_blackjack(words)?;
                let payout = game.settlement().map(|settlement| settlement.payout);
                let shown = Outcome::Blackjack(Box::new(game.shown_in(self.currency)));
                (blackjack::MATH_VERSION, shown, payout)
            }
            Game::Crash => {
                let multiplier = crash::crash_point(words);
                let payout = self.pay_crash(multiplier)?;
                (crash::MATH_VERSION, Outcome::Crash { multiplier }, payout)
            }
        };
        Ok(Recomputed {
            math_version,
            outcome,
            payout,
        })
    }

    fn words(&self) -> Words {
        Words::new(&self.server_seed, &self.client_seed, self.nonce)
    }

    fn spin_roulette(&self, words: &mut Words) -> Result<(Outcome, Option<Minor>), FieldError> {
        if self.bets.is_empty() {
            let spin = roulette::spin(words).shown();
            return Ok((Outcome::Pocket { spin }, None));
        }
        let spun = roulette::decide(&self.bets, words).map_err(|error| named("bets", &error))?;
        Ok((Outcome::Roulette(spun.shown_in(self.currency)), Some(spun.payout)))
    }

    fn play_baccarat(&self, words: &mut Words) -> Result<(baccarat::CoupResult, Option<Minor>), FieldError> {
        let Some(side) = self.bet_on else {
            return Ok((baccarat::deal(words).shown(), None));
        };
        let coup = baccarat::decide(side, self.stake, words).map_err(|error| named("stake", &error))?;
        Ok((coup.shown(), Some(coup.payout)))
    }

    fn play_blackjack(&self, words: &mut Words) -> Result<blackjack::Game, FieldError> {
        let dealt = blackjack::Game::deal(self.stake, words);
        let mut game = dealt.map_err(|_| FieldError::new("stake", "is too large"))?;
        for (number, decision) in (1..).zip(&self.decisions) {
            game.act(*decision).map_err(|error| {
                let detail = format!("can't be taken: {error} (number {number}, {})", decision.as_str());
                FieldError::new("decisions", detail)
            })?;
        }
        Ok(game)
    }

    /// A round that was not cashed out may have crashed, or may not have been told whole.
    fn pay_crash(&self, crash_point: crash::multiplier::Multiplier) -> Result<Option<Minor>, FieldError> {
        let Some(cashout) = self.cashout else {
            return Ok(None);
        };
        if cashout.multiplier() > crash_point {
            let detail = format!("is above the crash point, which is {crash_point}");
            return Err(FieldError::new("cashout", detail));
        }
        let paid = crash::payout(self.stake, cashout.multiplier());
        paid.map(Some).map_err(|error| named("stake", &error))
    }
}

fn named(field: &str, error: &impl ToString) -> FieldError {
    FieldError::new(field, error.to_string())
}
