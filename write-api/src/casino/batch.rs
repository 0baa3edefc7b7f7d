//! One transaction for many moves of different players. Must never let one move's refusal or failure touch another.
//!
//! What is needed to decide a bet is remembered from the player's bet before: then the bet is decided at once, and its
//! one statement writes it only if everything it took for granted still holds. A bet that is not written so, and every
//! move in a round of several steps, takes the longer way: lock the wallet, read everything again, decide, write.

use std::collections::HashSet;
use std::sync::Arc;

use shared::db::DbError;
use shared::fail_point;
use shared::ids::{OperatorId, PlayerId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::error::CasinoError;
use super::moves::{Move, Wanted};
use super::store::{Decided, Known, known, rounds, settle, settle_if_fit};
use super::table::{Facts, StoredRounds, Table};
use crate::commands::Answer;
use crate::ledger::{LedgerError, LockedWallet, hour_of, lock_wallets, try_lock_wallets};

/// What is remembered of a player after a move.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    wallet: LockedWallet,
    facts: Arc<Facts>,
}

/// A move in a batch, with what is remembered of its player.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) asked: Arc<Move>,
    pub(super) seat: Option<Seat>,
}

/// What became of a move: it was answered or refused, and what it changed is written.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) answer: Result<Answer, CasinoError>,
    /// What is to be remembered of its player.
    pub(super) seat: Option<Seat>,
}

impl Told {
    /// What changed nothing.
    pub(super) const fn only(answer: Result<Answer, CasinoError>) -> Self {
        Self { answer, seat: None }
    }
}

/// Whether a transaction waits for wallets that others hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// A move on its own does.
    Waits,
    /// A lane does not: one held wallet would keep everybody waiting.
    Skips,
}

/// Plays the moves, each of another player, in one transaction. Answers in their order, and not those whose wallets
/// other transactions hold.
///
/// # Errors
/// When the transaction as a whole can't be committed; no move has an effect then.
pub(super) async fn play(
    db: &mut PgConnection,
    items: &[Item],
    patience: Patience,
) -> Result<Vec<Option<Told>>, CasinoError> {
    let at = items.iter().map(|item| item.asked.at).max();
    let at = at.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let mut told: Vec<Option<Told>> = items.iter().map(|_| None).collect();
    by_memory(db, items, at, &mut told).await?;
    fail_point::reach("mid_batch");
    by_reading(db, items, at, patience, &mut told).await?;
    Ok(told)
}

/// Plays what can be decided by what is remembered. A refusal is left to the longer way: it may be out of date.
async fn by_memory(
    db: &mut PgConnection,
    items: &[Item],
    at: OffsetDateTime,
    told: &mut [Option<Told>],
) -> Result<(), CasinoError> {
    let mut places = Vec::new();
    let mut moves = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let Some(seat) = &item.seat else { continue };
        let is_fresh = seat.facts.baselines.hour == hour_of(item.asked.at);
        if !is_fresh || item.asked.play.wants() != Wanted::Nothing {
            continue;
        }
        let decided = decide(
            &item.asked,
            seat.wallet.clone(),
            &seat.facts,
            StoredRounds::default(),
        );
        if let Ok(decided) = decided {
            places.push(place);
            moves.push(decided);
        }
    }
    if moves.is_empty() {
        return Ok(());
    }
    let fit: HashSet<(OperatorId, PlayerId)> = settle_if_fit(db, &moves, at).await?.into_iter().collect();
    for (place, decided) in places.into_iter().zip(moves) {
        if fit.contains(&(decided.asked.operator, decided.asked.player)) {
            told[place] = Some(written(decided, at));
        }
    }
    Ok(())
}

/// Plays the rest: locks, reads, decides and writes.
async fn by_reading(
    db: &mut PgConnection,
    items: &[Item],
    at: OffsetDateTime,
    patience: Patience,
    told: &mut [Option<Told>],
) -> Result<(), CasinoError> {
    let left: Vec<(usize, &Move)> = items
        .iter()
        .enumerate()
        .filter(|(place, _)| told[*place].is_none())
        .map(|(place, item)| (place, item.asked.as_ref()))
        .collect();
    if left.is_empty() {
        return Ok(());
    }
    let players: Vec<_> = left
        .iter()
        .map(|(_, asked)| (asked.operator, asked.player))
        .collect();
    let mut wallets = match patience {
        Patience::Waits => lock_wallets(db, &players).await?,
        Patience::Skips => try_lock_wallets(db, &players).await?,
    };
    let mut locked: Vec<(usize, &Move, LockedWallet)> = Vec::new();
    for (place, asked) in left {
        let is_its =
            |wallet: &LockedWallet| (wallet.operator(), wallet.player()) == (asked.operator, asked.player);
        match wallets.iter().position(is_its) {
            Some(found) => locked.push((place, asked, wallets.swap_remove(found))),
            None if patience == Patience::Waits => {
                return Err(LedgerError::NoWallet(asked.player).into());
            }
            None => {}
        }
    }
    if locked.is_empty() {
        return Ok(());
    }
    let asked: Vec<_> = locked.iter().map(|(_, asked, wallet)| (*asked, wallet)).collect();
    let known = known(db, &asked, at).await?;
    let moves: Vec<_> = locked.iter().map(|(_, asked, _)| *asked).collect();
    let rounds = rounds(db, &moves).await?;
    let mut places = Vec::new();
    let mut moves = Vec::new();
    for (((place, asked, wallet), known), rounds) in locked.into_iter().zip(known).zip(rounds) {
        match decide_by(asked, wallet, known, rounds) {
            Ok(Turn::Played(decided)) => {
                places.push(place);
                moves.push(*decided);
            }
            Ok(Turn::Repeated(answer)) => told[place] = Some(Told::only(Ok(answer))),
            Err(refusal) => told[place] = Some(Told::only(Err(refusal))),
        }
    }
    if moves.is_empty() {
        return Ok(());
    }
    settle(db, &moves, at).await?;
    for (place, decided) in places.into_iter().zip(moves) {
        told[place] = Some(written(decided, at));
    }
    Ok(())
}

/// What a move comes to.
enum Turn<'a> {
    Played(Box<Decided<'a>>),
    /// It was made before, and this is what was answered.
    Repeated(Answer),
}

fn decide_by(
    asked: &Move,
    wallet: LockedWallet,
    known: Known,
    rounds: StoredRounds,
) -> Result<Turn<'_>, CasinoError> {
    if !known.is_logged_in {
        return Err(CasinoError::NotLoggedIn);
    }
    if let (Some(command), Some(stored)) = (&asked.command, known.stored) {
        return Ok(Turn::Repeated(command.repeat(stored)?));
    }
    let decided = decide(asked, wallet, &known.facts, rounds)?;
    match decided.answer {
        Ok(answer) if decided.cleared.is_empty() && asked.command.is_none() => Ok(Turn::Repeated(answer)),
        _ => Ok(Turn::Played(Box::new(decided))),
    }
}

/// # Errors
/// When the move is refused and nothing is to be written.
fn decide<'a>(
    asked: &'a Move,
    wallet: LockedWallet,
    facts: &Arc<Facts>,
    rounds: StoredRounds,
) -> Result<Decided<'a>, CasinoError> {
    let mut table = Table::new(wallet, facts, rounds, asked);
    let (cleared, answer) = match asked.play.decide(&mut table) {
        Ok(answer) => (table.clear(), Ok(answer)),
        Err(refusal) => match table.kept() {
            Some(kept) => (kept, Err(refusal)),
            None => return Err(refusal),
        },
    };
    Ok(Decided {
        asked,
        facts: Arc::clone(facts),
        cleared,
        answer,
    })
}

fn written(decided: Decided<'_>, at: OffsetDateTime) -> Told {
    let seat = Seat {
        wallet: decided.cleared.wallet.once_written(at),
        facts: decided.facts,
    };
    Told {
        answer: decided.answer,
        seat: Some(seat),
    }
}

/// What a failed batch means for each of its moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The database is away, or it is not known whether the batch was committed: each move fails with it.
    AllFail,
    /// Something is wrong with one of them: each is tried on its own.
    OneByOne,
}

impl Verdict {
    pub(super) const fn of(error: &CasinoError) -> Self {
        match error {
            CasinoError::Database(
                DbError::OutcomeUnknown | DbError::Unavailable(_) | DbError::TooManyWaiters,
            ) => Self::AllFail,
            _ => Self::OneByOne,
        }
    }
}
