//! A deposit or a withdrawal as one transaction. Must never look for the reference before the wallet is locked.

use std::sync::Arc;

use serde_json::json;
use shared::db::{Db, DbError};
use sqlx::PgConnection;

use super::error::CashierError;
use super::http::Moved;
use super::rules::{Direction, Movement};
use super::store;
use crate::audit::{Change, Doer, record};
use crate::commands::{self, Actor, Answer};
use crate::ledger::{lock_wallet, post};
use crate::protection::protection;
use crate::webhooks::{Event, emit};

/// Moves the money, or repeats the answer to the same movement.
pub(super) async fn make(doer: Doer, db: &Db, movement: Movement) -> Result<Answer, CashierError> {
    let asked = Arc::new((doer, movement));
    match attempt(db, &asked).await {
        // A movement of another player took the reference meanwhile. It is committed, so this time it is found.
        Err(CashierError::Database(error)) if is_taken(&error) => attempt(db, &asked).await,
        done => done,
    }
}

/// The reference counts once in the ledger as among the answers; the entry comes first.
fn is_taken(error: &DbError) -> bool {
    error.is_constraint("ledger_entries_cashier") || commands::is_taken(error)
}

async fn attempt(db: &Db, asked: &Arc<(Doer, Movement)>) -> Result<Answer, CashierError> {
    let asked = Arc::clone(asked);
    let work = db.write(move |db| {
        let asked = Arc::clone(&asked);
        Box::pin(async move { in_transaction(&asked.0, db, &asked.1).await })
    });
    work.await
}

/// Repeats of one reference queue up at the wallet, and the second finds the answer to the first.
async fn in_transaction(
    doer: &Doer,
    db: &mut PgConnection,
    movement: &Movement,
) -> Result<Answer, CashierError> {
    let (operator, at) = (doer.operator, doer.at);
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
    let (currency, before) = (standing.currency, wallet.balance());
    movement.post(&mut wallet, amount, currency)?;
    let balance = wallet.balance();
    let moved = Moved::new(movement, amount, balance, &currency);
    let answer = Answer::ok(serde_json::to_string(&moved)?);
    post(db, vec![wallet], at).await?;
    commands::insert(operator, db, &actor, &command, &answer, at).await?;
    let change = Change {
        subject: Some(format!("player {}", movement.player)),
        before: json!({ "balance": currency.money(before) }),
        after: json!({
            "balance": currency.money(balance),
            "amount": currency.money(amount),
            "reference": movement.reference.as_str(),
        }),
    };
    record(operator, db, doer, movement.direction.action(), change).await?;
    let subject = format!("player {}", movement.player);
    let event = Event::new(movement.direction.event_type(), subject, &moved, at)?;
    emit(operator, db, &event).await?;
    Ok(answer)
}
