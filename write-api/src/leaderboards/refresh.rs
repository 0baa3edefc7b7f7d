//! The task that keeps the standings. Must never read more than what changed, nor count a bet twice or not at all.

use std::time::Duration;

use shared::coherence::{Kind, Topic};
use shared::db::DbError;
use shared::ids::OperatorId;
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;

use super::store::{self, Due};
use crate::app::{App, SharedApp};
use crate::background::every;
use crate::coherence::bump_all;

/// What became of a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refreshed {
    /// Everything that can be taken over is.
    Done,
    /// A batch was taken over, and there is more.
    Behind,
    /// Another instance is at it.
    Elsewhere,
}

/// Takes over what changed since the last refresh, so far as `batch` goes, and gives the boards that show it their next
/// version. To be called in a transaction that writes; it is whole or absent, as the transaction is.
pub async fn refresh(db: &mut PgConnection, batch: u32) -> Result<Refreshed, sqlx::Error> {
    if store::try_take_mark(db).await? {
        take_over(db, batch).await
    } else {
        Ok(Refreshed::Elsewhere)
    }
}

/// As [`refresh`], for who has the mark.
pub(super) async fn take_over(db: &mut PgConnection, batch: u32) -> Result<Refreshed, sqlx::Error> {
    store::begin_anew_after_restore(db).await?;
    let mut topics = Vec::new();
    let (mut due, is_more_due) = take_due(db, batch, &mut topics).await?;
    let changed = store::take_changed(db, batch).await?;
    due.add_wallets(&changed.operator_ids, &changed.player_ids);
    copy(db, &due, &mut topics).await?;
    bump_all(&topics, db).await?;
    Ok(if is_more_due || changed.is_behind {
        Refreshed::Behind
    } else {
        Refreshed::Done
    })
}

/// Takes over operators that are new or changed, and takes the players who are from the queue. Says whether there may
/// be more of either.
pub(super) async fn take_due(
    db: &mut PgConnection,
    batch: u32,
    topics: &mut Vec<Topic>,
) -> Result<(Due, bool), sqlx::Error> {
    let operators = store::take_due_operators(db, batch).await?;
    topics.extend(operators.iter().map(|operator| board_of(*operator)));
    let ids: Vec<i64> = operators.iter().map(|operator| operator.get()).collect();
    store::list_operators(db, &ids).await?;
    let players = store::take_due_players(db, batch).await?;
    let is_full = |taken: usize| u32::try_from(taken).is_ok_and(|taken| taken >= batch);
    let may_be_more = is_full(operators.len()) || is_full(players.len());
    let mut due = Due::default();
    due.add_named(players);
    Ok((due, may_be_more))
}

/// Copies the totals of what is due, and notes the topics of what that changed.
pub(super) async fn copy(
    db: &mut PgConnection,
    due: &Due,
    topics: &mut Vec<Topic>,
) -> Result<(), sqlx::Error> {
    // Each statement sees what was committed before it: an operator may be newer than what was taken of operators.
    store::list_operators(db, due.operators()).await?;
    let contest = store::running_contest(db).await?;
    let changed = store::copy(db, contest, due).await?;
    let with_board = changed.iter().filter(|operator| operator.is_board_changed);
    topics.extend(with_board.map(|operator| board_of(operator.operator)));
    // The board of the operators shows every bet.
    if !changed.is_empty() || !topics.is_empty() {
        topics.push(board_of(OperatorId::PLATFORM));
    }
    Ok(())
}

/// The board of an operator's players; of the platform: the boards of all players and of all operators.
pub(super) const fn board_of(operator: OperatorId) -> Topic {
    Topic::of(operator, Kind::Leaderboard)
}

/// Refreshes every now and then until `stop`.
pub fn spawn_refresh(app: SharedApp, stop: CancellationToken) {
    let pause = Duration::from_millis(app.options.leaderboards.leaderboard_ms);
    every(
        pause,
        app,
        stop,
        "the leaderboards could not be refreshed; it is tried again",
        |app, stop| Box::pin(refresh_all(app, stop)),
    );
}

async fn refresh_all(app: &App, stop: &CancellationToken) -> Result<(), DbError> {
    let batch = app.options.leaderboards.leaderboard_batch;
    while !stop.is_cancelled() {
        let refreshed = app
            .db
            .write(move |db| Box::pin(async move { Ok::<_, DbError>(refresh(db, batch).await?) }))
            .await?;
        if refreshed != Refreshed::Behind {
            break;
        }
    }
    Ok(())
}
