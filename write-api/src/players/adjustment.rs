//! An adjustment as one transaction. Must never look for the key before the wallet is locked.

use std::sync::Arc;

use serde_json::json;
use shared::db::Db;
use sqlx::PgConnection;

use super::error::PlayersError;
use super::http::Adjusted;
use super::rules::Adjustment;
use crate::audit::{Action, Change, Doer, record};
use crate::commands::{self, Actor, Answer};
use crate::ledger::{currency, lock_wallet, post};

/// Moves the money, or repeats the answer to the same request.
pub(super) async fn make(doer: Doer, db: &Db, adjustment: Adjustment) -> Result<Answer, PlayersError> {
    let asked = Arc::new((doer, adjustment));
    match attempt(db, &asked).await {
        // An adjustment of another player took the key meanwhile. It is committed, so this time it is found.
        Err(PlayersError::Database(error)) if commands::is_taken(&error) => attempt(db, &asked).await,
        done => done,
    }
}

async fn attempt(db: &Db, asked: &Arc<(Doer, Adjustment)>) -> Result<Answer, PlayersError> {
    let asked = Arc::clone(asked);
    let work = db.write(move |db| {
        let asked = Arc::clone(&asked);
        Box::pin(async move { in_transaction(&asked.0, db, &asked.1).await })
    });
    work.await
}

/// Repeats of one request queue up at the wallet, and the second finds the answer to the first.
async fn in_transaction(
    doer: &Doer,
    db: &mut PgConnection,
    adjustment: &Adjustment,
) -> Result<Answer, PlayersError> {
    let (operator, at) = (doer.operator, doer.at);
    let (actor, command) = (Actor::doing(doer), &adjustment.command);
    let mut wallet = lock_wallet(operator, db, adjustment.player).await?;
    if let Some(stored) = commands::find(operator, db, &actor, command.key()).await? {
        return Ok(command.repeat(stored)?);
    }
    let currency = currency(operator, db).await?;
    let difference = adjustment.difference(currency)?;
    let before = wallet.balance();
    adjustment.post(&mut wallet, difference, currency)?;
    let balance = wallet.balance();
    let adjusted = Adjusted::new(adjustment, difference, balance, &currency);
    let answer = Answer::ok(serde_json::to_string(&adjusted)?);
    post(db, vec![wallet], at).await?;
    commands::insert(operator, db, &actor, command, &answer, at).await?;
    let change = Change {
        subject: Some(format!("player {}", adjustment.player)),
        before: json!({ "balance": currency.money(before) }),
        after: json!({
            "balance": currency.money(balance),
            "amount": currency.money(difference),
            "reason": adjustment.why.as_str(),
            "reference": command.key(),
        }),
    };
    record(operator, db, doer, Action::Adjusted, change).await?;
    Ok(answer)
}
