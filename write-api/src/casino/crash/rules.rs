//! The rules of crash: owns where a round crashes, what it is worth at each instant, and what leaving it pays.
//! Must never draw a word but from the source it is given, never see a clock, and never believe a client's multiplier.

pub mod curve;
pub mod exact;
pub mod multiplier;

use shared::money::Minor;

use self::curve::{multiplier_at, reached_at_ms};
use self::multiplier::{Multiplier, Target};
use crate::casino::fairness::WordSource;

/// Goes up whenever the same words, decisions and times would show or pay anything else.
pub const MATH_VERSION: i16 = 1;

/// How many hashes there are, each equally likely.
const HASHES: u64 = 1 << 52;
/// What comes back of a hundred stakes, at every target.
const RETURN_PERCENT: u64 = 96;

/// Why a stake or a cash-out is refused. Fit for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrashError {
    /// The stake is zero or less.
    #[error("the stake must be more than zero")]
    StakeNotPositive,
    /// The payout would not fit; no stake within the limit for amounts comes near.
    #[error("the stake is too large")]
    StakeTooLarge,
    /// The multiplier is still 1.00. Paying that would return every stake: there would be no house edge.
    #[error("a cash-out is possible from {} on", Target::MIN.multiplier())]
    TooEarly,
    /// The round is lost.
    #[error("the round has crashed")]
    Crashed,
    /// The round was cashed out before, at its automatic cash-out or at the cap.
    #[error("the round was cashed out at {0}")]
    CashedOut(Multiplier),
}

/// Draws where a round crashes: `max(1.00, ⌊96·2⁵² / (2⁵² − h)⌋ / 100)`, where `h` is the top 52 bits of the first two
/// words, and so of the bet's first digest. Thus a round reaches any multiplier `m` from 1.01 on with probability 0.96/m.
///
/// What would be above the cap is the cap: a round that reaches it is over, so that no one ever sees what is beyond.
pub fn crash_point(words: &mut impl WordSource) -> Multiplier {
    let high = u64::from(words.next_word());
    let low = u64::from(words.next_word());
    crash_point_of(high << 20 | low >> 12)
}

/// Where the round of a hash below 2⁵² crashes. Rounding down keeps the return at 96 %; to nearest would raise it.
fn crash_point_of(hash: u64) -> Multiplier {
    let hundredths = RETURN_PERCENT * HASHES / (HASHES - hash);
    Multiplier::saturating(hundredths)
}

/// What cashing out at `multiplier` pays, the stake included: ⌊stake · multiplier⌋ in minor units.
pub fn payout(stake: Minor, multiplier: Multiplier) -> Result<Minor, CrashError> {
    if stake <= Minor::ZERO {
        return Err(CrashError::StakeNotPositive);
    }
    let payout = i128::from(stake.get()) * i128::from(multiplier.hundredths()) / 100;
    let payout = i64::try_from(payout).map_err(|_| CrashError::StakeTooLarge)?;
    Ok(Minor::new(payout))
}

/// Checks that a stake can be paid, however high the round goes.
pub fn accept_stake(stake: Minor) -> Result<(), CrashError> {
    payout(stake, Multiplier::CAP).map(|_| ())
}

/// A round, which its start, its crash point and its automatic cash-out decide at every instant.
/// Times are milliseconds since its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// The highest multiplier it can be cashed out at.
    pub crash_point: Multiplier,
    /// Where it is cashed out without the player, if that is below the cap.
    pub auto_cashout: Option<Target>,
}

/// What has become of a round in which the player did nothing since its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It goes on, and is worth this.
    Running(Multiplier),
    /// It was cashed out at this, its automatic cash-out or the cap.
    Won(Multiplier),
    /// It is lost.
    Crashed,
}

impl State {
    /// What the round has paid for a stake, the stake included: nothing while it runs, and nothing if it is lost.
    pub fn payout(self, stake: Minor) -> Result<Minor, CrashError> {
        match self {
            Self::Won(multiplier) => payout(stake, multiplier),
            Self::Running(_) | Self::Crashed => Ok(Minor::ZERO),
        }
    }
}

impl Round {
    /// What the round is at an instant. A target that is not above the crash point is won from the instant at which
    /// the multiplier reaches it, however late anybody looks; else the round is lost from the instant at which
    /// the multiplier exceeds the crash point.
    pub fn outcome_at(self, elapsed_ms: u64) -> State {
        let (ends_at_ms, end) = self.end();
        if elapsed_ms < ends_at_ms {
            State::Running(multiplier_at(elapsed_ms))
        } else {
            end
        }
    }

    /// The instant from which nothing that the player does can change the round.
    pub fn ends_at_ms(self) -> u64 {
        self.end().0
    }

    /// The multiplier at which the player leaves: that of the instant, or `at_most` if that is less. Refused before
    /// 1.01 is reached, and after the round has ended.
    pub fn cash_out(self, elapsed_ms: u64, at_most: Option<Target>) -> Result<Multiplier, CrashError> {
        match self.outcome_at(elapsed_ms) {
            State::Running(multiplier) if multiplier < Target::MIN.multiplier() => Err(CrashError::TooEarly),
            State::Running(multiplier) => {
                Ok(at_most.map_or(multiplier, |at_most| multiplier.min(at_most.multiplier())))
            }
            State::Won(multiplier) => Err(CrashError::CashedOut(multiplier)),
            State::Crashed => Err(CrashError::Crashed),
        }
    }

    /// When the round ends if the player does nothing, and how.
    fn end(self) -> (u64, State) {
        let target = self.auto_cashout.unwrap_or(Target::MAX).multiplier();
        match self.crash_point.next() {
            Some(bust) if self.crash_point < target => (reached_at_ms(bust), State::Crashed),
            _ => (reached_at_ms(target), State::Won(target)),
        }
    }
}

#[cfg(test)]
mod tests;
