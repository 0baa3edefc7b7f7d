//! How a contest begins. Must never move a bet from before it into it, nor out of it.

use shared::coherence::Topic;
use shared::ids::OperatorId;
use shared::theme::DisplayName;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::refresh::{Refreshed, board_of, copy, take_due, take_over};
use super::{final_standings, store};
use crate::coherence::bump_all;
use crate::operations::{NewContestAsked, Operation, OperationError, Step};
use crate::resets;

/// A contest to be.
#[derive(Clone, Debug)]
pub struct NewContest {
    /// Its name for people.
    pub name: DisplayName,
    /// When it is said to end; after its beginning.
    pub ends_at: OffsetDateTime,
}

/// A contest that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContestBegun {
    /// Its number.
    pub id: i64,
    /// Operators that take part: all there are.
    pub operators: usize,
}

/// Brings the standings up to date by a batch, waiting for its turn; says whether there is more to do. Before
/// [`begin_contest`] this is called until there is not, each time in a transaction of its own: so what a contest's
/// beginning has to do itself is little, and what was done stays done if it does not come to that.
pub async fn catch_up(db: &mut PgConnection, batch: u32) -> Result<Refreshed, sqlx::Error> {
    store::take_mark(db).await?;
    take_over(db, batch).await
}

/// Begins a contest for all operators at the moment `now`, in place of the one that runs. To be called in a transaction
/// that writes; it is whole or absent, as the transaction is. Bets may go on. The standings of the one that runs are kept
/// as they are then, `kept` places of each board, unless they were kept at its end.
///
/// Nothing is stored for each player: in the new contest, a row of an older one counts as one whose totals are what it
/// had at the beginning. So here they are brought up to date for whoever played since the last refresh; every bet that
/// ends later counts in the contest.
pub async fn begin_contest(
    db: &mut PgConnection,
    new: &NewContest,
    batch: u32,
    kept: u32,
    now: OffsetDateTime,
) -> Result<ContestBegun, sqlx::Error> {
    let mut topics = take_all_over(db, batch).await?;
    if let Some(ending) = final_standings::running(db).await? {
        final_standings::keep(db, ending, kept, now).await?;
    }
    let id = store::replace_contest(db, new.name.as_str(), now, new.ends_at).await?;
    let operators = store::begin_sums(db).await?;
    topics.push(board_of(OperatorId::PLATFORM));
    topics.extend(operators.iter().map(|operator| board_of(*operator)));
    bump_all(&topics, db).await?;
    Ok(ContestBegun {
        id,
        operators: operators.len(),
    })
}

/// Brings the standings up to date with everything that has ended. Returns the boards that this changes.
async fn take_all_over(db: &mut PgConnection, batch: u32) -> Result<Vec<Topic>, sqlx::Error> {
    store::take_mark(db).await?;
    store::begin_anew_after_restore(db).await?;
    let mut topics = Vec::new();
    loop {
        let (due, may_be_more) = take_due(db, batch, &mut topics).await?;
        copy(db, &due, &mut topics).await?;
        if !may_be_more {
            break;
        }
    }
    let changed = store::all_changed(db).await?;
    let mut due = store::Due::default();
    due.add_wallets(&changed.operator_ids, &changed.player_ids);
    copy(db, &due, &mut topics).await?;
    Ok(topics)
}

/// A step of an operation that begins a contest: brings the standings nearer, or keeps those of the contest that runs
/// and begins the new one, with the balances that are to be reset fixed in the same transaction.
pub(crate) async fn start_step(
    operation: &Operation,
    db: &mut PgConnection,
    asked: &NewContestAsked,
    batch: u32,
    kept: u32,
    now: OffsetDateTime,
) -> Result<Step, OperationError> {
    if catch_up(db, batch).await? == Refreshed::Behind {
        return Ok(Step::standing(operation));
    }
    let new = NewContest {
        name: asked.name.parse().map_err(|_| OperationError::Parameters)?,
        ends_at: asked.ends_at,
    };
    let begun = begin_contest(db, &new, batch, kept, now).await?;
    let total = if asked.reset_balances {
        resets::begin_for_all(db, operation.id).await?
    } else {
        0
    };
    Ok(Step {
        contest_id: Some(begun.id),
        total: Some(total),
        is_last: !asked.reset_balances,
        ..Step::standing(operation)
    })
}

/// A step of an operation that ends a contest: brings the standings nearer, or keeps them.
pub(crate) async fn end_step(
    operation: &Operation,
    db: &mut PgConnection,
    batch: u32,
    kept: u32,
    now: OffsetDateTime,
) -> Result<Step, OperationError> {
    if catch_up(db, batch).await? == Refreshed::Behind {
        return Ok(Step::standing(operation));
    }
    let topics = take_all_over(db, batch).await?;
    // One that was replaced meanwhile has its standings kept by that, and the one in its place goes on.
    let running = final_standings::running(db).await?;
    if let Some(contest) = running.filter(|contest| operation.contest_id == Some(*contest)) {
        final_standings::keep(db, contest, kept, now).await?;
    }
    bump_all(&topics, db).await?;
    Ok(Step {
        is_last: true,
        ..Step::standing(operation)
    })
}

/// The contest that could end.
pub(crate) async fn running_contest(db: &mut PgConnection) -> Result<i64, OperationError> {
    let running = final_standings::running(db).await?;
    running.ok_or(OperationError::NoContest)
}
