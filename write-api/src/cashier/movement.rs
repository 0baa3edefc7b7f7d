//! A deposit or a withdrawal as one transaction. Must never look for the reference before the wallet is locked.

use std::sync::Arc;

use shared::db::Db;
use shared::ids::OperatorId;
use sqlx::PgConnection;

use super::error::CashierError;
use super::http::Moved;
use super::rules::{Direction, Movement};
use super::store;
use crate::commands::{self, Actor, Answer};
use crate::ledger::{lock_wallet, post};
use crate::protection::protection;

/// Moves the money, or repeats the answer to the same movement.
pub(super) async fn make(operator: OperatorId, db: &Db, movement: Movement) -> Result<Answer, CashierError> {
    let movement = Arc::new(movement);
    match attempt(operator, db, &movement).await {
        // A movement of another player took the reference meanwhile. It is committed, so this time it is found.
        Err(CashierError::Database(error)) if commands::is_taken(&error) => {
            attempt(operator, db, &movement).await
        }
        done => done,
    }
}

async fn attempt(operator: OperatorId, db: &Db, movement: &Arc<Movement>) -> Result<Answer, CashierError> {
    let movement = Arc::clone(movement);
    let work = db.write(move |db| {
        let movement = Arc::clone(&movement);
        Box::pin(async move { in_transaction(operator, db, &movement).await })
    });
    work.await
}

/// Repeats of one reference queue up at the wallet, and the second finds the answer to the first.
async fn in_transaction(
    operator: OperatorId,
    db: &mut PgConnection,
    movement: &Movement,
) -> Result<Answer, CashierError> {
    let at = movement.at;
    let mut wallet = lock_wallet(operator, db, movement.player).await?;
    let standing = store::standing(operator, db, movement.player).await?;
    let standing = standing.ok_or(CashierError::UnknownPlayer)?;
    let amount = movement.amount_in(standing.currency)?;
    let (actor, command) = (Actor::cashier(), movement.command(amount));
    if let Some(stored) = commands::find(operator, db, &actor, command.key()).await? {
        return Ok(command.repeat(stored)?);
    }
    if movement.direction == Direction::Deposit {
        standing.admit_deposit()?;
        let (protection, baselines) = protection(db, &wallet, at).await?;
        protection.admit_deposit(amount, wallet.totals(), &baselines, at)?;
    }
    movement.post(&mut wallet, amount, standing.currency)?;
    let moved = Moved::new(movement, amount, wallet.balance(), &standing.currency);
    let answer = Answer::ok(serde_json::to_string(&moved)?);
    post(db, vec![wallet], at).await?;
    commands::insert(operator, db, &actor, &command, &answer, at).await?;
    Ok(answer)
}
