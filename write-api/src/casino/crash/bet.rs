//! Starts and cash-outs, made at the table. Must never wait for anything, nor keep a crash point: it follows from seeds
//! and nonce.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use shared::money::{Amount, Minor};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::rules::multiplier::{Multiplier, Target};
use super::rules::{self, CrashError, MATH_VERSION, State};
use crate::casino::error::CasinoError;
use crate::casino::moves::{Play, Wanted};
use crate::casino::table::{Game, Round, Status, StoredRound, Table};
use crate::commands::Answer;

/// What is kept of a round, in hundredths.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Kept {
    auto_cashout: Option<u16>,
    /// What it was cashed out at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cashout: Option<u16>,
}

impl Kept {
    fn of(stored: &StoredRound) -> Result<Self, CasinoError> {
        let state = stored.state.as_ref().map_or("null", |state| state.get());
        Ok(serde_json::from_str(state)?)
    }

    fn to_json(self) -> Result<Box<RawValue>, CasinoError> {
        Ok(to_raw_value(&self)?)
    }
}

/// Where a round ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::casino) struct CrashEnd {
    /// What it was cashed out at, if it was.
    pub(in crate::casino) cashout: Option<Multiplier>,
    /// Where it crashed, or would have.
    pub(in crate::casino) crash: Multiplier,
}

/// What a player sees of a round: `{multiplier, auto_cashout, cashout_multiplier, started_at}`. The multiplier is the
/// crash point, and null until the round has ended.
#[derive(Debug, Serialize)]
struct Shown {
    multiplier: Option<Multiplier>,
    auto_cashout: Option<Target>,
    cashout_multiplier: Option<Multiplier>,
    #[serde(with = "time::serde::rfc3339")]
    started_at: OffsetDateTime,
}

/// The milliseconds since a round began; none before it did, should a clock have been set back.
fn elapsed_ms(round: &Round, at: OffsetDateTime) -> u64 {
    u64::try_from((at - round.created_at).whole_milliseconds()).unwrap_or(0)
}

/// A target that was accepted when the round began.
fn target(hundredths: Option<u16>) -> Option<Target> {
    hundredths.and_then(|hundredths| Target::new(hundredths).ok())
}

fn drawn(round: &Round, auto_cashout: Option<Target>) -> rules::Round {
    rules::Round {
        crash_point: rules::crash_point(&mut round.words()),
        auto_cashout,
    }
}

/// Ends a round that was cashed out, or that crashed.
fn end(
    table: &mut Table<'_>,
    round: Round,
    drawn: rules::Round,
    cashout: Option<Multiplier>,
) -> Result<(), CasinoError> {
    let won = match cashout {
        Some(multiplier) => rules::payout(round.stake, multiplier)?,
        None => Minor::ZERO,
    };
    let kept = Kept {
        auto_cashout: drawn.auto_cashout.map(|target| target.multiplier().hundredths()),
        cashout: cashout.map(Multiplier::hundredths),
    };
    let shown = Shown {
        multiplier: Some(drawn.crash_point),
        auto_cashout: drawn.auto_cashout,
        cashout_multiplier: cashout,
        started_at: round.created_at,
    };
    table.tell_crash_end(CrashEnd {
        cashout,
        crash: drawn.crash_point,
    });
    table.settle(round, won, Some(kept.to_json()?), &shown)
}

/// Ends a round that is decided by the clock alone: by its automatic cash-out, by the cap, or by its crash.
fn end_by_clock(table: &mut Table<'_>, stored: StoredRound) -> Result<(), CasinoError> {
    let drawn = drawn(&stored.round, target(Kept::of(&stored)?.auto_cashout));
    let cashout = match drawn.outcome_at(elapsed_ms(&stored.round, table.steady_at())) {
        State::Running(_) => return Err(CasinoError::RoundOpen(stored.round.id)),
        State::Won(multiplier) => Some(multiplier),
        State::Crashed => None,
    };
    end(table, stored.round, drawn, cashout)
}

/// A new round.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) round_id: Uuid,
    pub(super) stake: Amount,
    pub(super) currency: Option<String>,
    pub(super) auto_cashout: Option<Target>,
}

impl Play for Start {
    fn wants(&self) -> Wanted {
        Wanted::Open(Game::Crash)
    }

    fn decide(&self, table: &mut Table<'_>) -> Result<Answer, CasinoError> {
        if let Some(open) = table.rounds().open.clone() {
            end_by_clock(table, open)?;
            table.keep();
        }
        table.limits().accept_currency(self.currency.as_deref())?;
        let stake = table.limits().read_stake(&self.stake)?;
        rules::accept_stake(stake)?;
        let mut round = table.begin(self.round_id, Game::Crash, MATH_VERSION, stake)?;
        round.created_at = table.steady_at();
        let ends_at_ms = drawn(&round, self.auto_cashout).ends_at_ms();
        let due_at = round.created_at + Duration::milliseconds(i64::try_from(ends_at_ms).unwrap_or(i64::MAX));
        let kept = Kept {
            auto_cashout: self.auto_cashout.map(|target| target.multiplier().hundredths()),
            cashout: None,
        };
        let shown = Shown {
            multiplier: None,
            auto_cashout: self.auto_cashout,
            cashout_multiplier: None,
            started_at: round.created_at,
        };
        table.hide_crash_end();
        table.leave_open(round, kept.to_json()?, &shown, due_at)?;
        table.answer()
    }
}

/// The wish to take what a round has come to.
#[derive(Debug)]
pub(super) struct CashOut {
    pub(super) round: Uuid,
    /// The most that the player insists to be paid by.
    pub(super) at_most: Option<Target>,
}

impl Play for CashOut {
    fn wants(&self) -> Wanted {
        Wanted::Named {
            game: Game::Crash,
            id: self.round,
            number: None,
        }
    }

    fn decide(&self, table: &mut Table<'_>) -> Result<Answer, CasinoError> {
        let stored = table.rounds().named.clone();
        let stored = stored.filter(|stored| stored.round.game == Game::Crash);
        let stored = stored.ok_or(CasinoError::UnknownRound)?;
        let kept = Kept::of(&stored)?;
        let drawn = drawn(&stored.round, target(kept.auto_cashout));
        if stored.status == Status::Settled {
            // A round cashes out once, and says the same each time it is asked.
            let cashout = target(kept.cashout).ok_or(CrashError::Crashed)?;
            table.tell_crash_end(CrashEnd {
                cashout: Some(cashout.multiplier()),
                crash: drawn.crash_point,
            });
            return table.answer_with(&stored);
        }
        let elapsed_ms = elapsed_ms(&stored.round, table.steady_at());
        let cashout = match drawn.cash_out(elapsed_ms, self.at_most) {
            // The automatic cash-out came first, and the player has what it pays.
            Ok(multiplier) | Err(CrashError::CashedOut(multiplier)) => multiplier,
            Err(CrashError::Crashed) => {
                end(table, stored.round, drawn, None)?;
                table.keep();
                return Err(CrashError::Crashed.into());
            }
            Err(refusal) => return Err(refusal.into()),
        };
        end(table, stored.round, drawn, Some(cashout))?;
        table.answer()
    }
}

/// The end of a round that the clock has decided.
#[derive(Debug)]
pub(in crate::casino) struct Ended(pub(in crate::casino) Uuid);

impl Play for Ended {
    fn wants(&self) -> Wanted {
        Wanted::Named {
            game: Game::Crash,
            id: self.0,
            number: None,
        }
    }

    fn decide(&self, table: &mut Table<'_>) -> Result<Answer, CasinoError> {
        let stored = table.rounds().named.clone().ok_or(CasinoError::UnknownRound)?;
        if stored.status == Status::Settled {
            return Err(CasinoError::RoundOver);
        }
        end_by_clock(table, stored)?;
        table.answer()
    }
}
