//! One step of a reset. Must never set a balance that it has not locked.

use shared::ids::{OperatorId, PlayerId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::rules::movement;
use super::store;
use crate::ledger::{lock_wallets, post};
use crate::operations::{Cursor, Operation, OperationError, Step};

/// Sets the balances of the next `batch` players at most. A player who has the balance already has no movement.
pub(crate) async fn step(
    operation: &Operation,
    db: &mut PgConnection,
    batch: u32,
    tx_id: Uuid,
    at: OffsetDateTime,
) -> Result<Step, OperationError> {
    let next = store::next(operation.id, db, operation.cursor, batch).await?;
    let players: Vec<(OperatorId, PlayerId)> = next.iter().map(|next| (next.operator, next.player)).collect();
    let mut wallets = lock_wallets(db, &players).await?;
    // Both are in the order of operators and players.
    wallets.sort_by_key(|wallet| (wallet.operator(), wallet.player()));
    let reference = operation.id.to_string();
    let mut moved = Vec::new();
    for (mut wallet, next) in wallets.into_iter().zip(&next) {
        if let Some(posting) = movement(wallet.player(), wallet.balance(), next.target, &reference) {
            wallet.post(tx_id, &[posting])?;
            moved.push(wallet);
        }
    }
    let changed = count(moved.len());
    if !moved.is_empty() {
        post(db, moved, at).await?;
    }
    let cursor = next.last().map_or(operation.cursor, |last| Cursor {
        operator: last.operator,
        player: last.player,
    });
    Ok(Step {
        cursor,
        looked_at: count(next.len()),
        changed,
        is_last: next.len() < usize::try_from(batch).unwrap_or(usize::MAX),
        ..Step::standing(operation)
    })
}

fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
