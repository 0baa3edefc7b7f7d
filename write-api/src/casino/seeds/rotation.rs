//! The change of a player's seed pair. Must never reveal a pair while a round that it decides is open.

use shared::ids::{OperatorId, PlayerId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::http::Rotated;
use super::{NewSeedPair, store};
use crate::casino::error::CasinoError;
use crate::casino::store::open_round;
use crate::commands::{self, Actor, Answer, Command};
use crate::ledger::{lock_wallet, post};

/// Reveals the player's pair and puts `new` in its place, or repeats what was answered to the same command before.
///
/// Everything that begins or ends a round takes the wallet's row first, as this does. So no bet comes between, and a
/// bet that was decided by what is remembered of the wallet finds it changed, and is decided anew by the new pair.
///
/// # Errors
/// When a round is open, when the command's key was used for another request, or when the database fails.
pub(super) async fn rotate(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    new: &NewSeedPair,
    command: Option<&Command>,
    at: OffsetDateTime,
) -> Result<Answer, CasinoError> {
    let mut wallet = lock_wallet(operator, db, player).await?;
    let actor = Actor::from(player);
    if let Some(command) = command
        && let Some(stored) = commands::find(operator, db, &actor, command.key()).await?
    {
        return Ok(command.repeat(stored)?);
    }
    if let Some(round) = open_round(operator, db, player).await? {
        return Err(CasinoError::RoundOpen(round));
    }
    let (old, rounds) = (wallet.seed_pair_id(), wallet.next_nonce());
    let revealed = store::reveal(operator, db, old, rounds, at).await?;
    let id = store::insert(operator, db, player, new, at).await?;
    wallet.change_seed_pair(id);
    post(db, vec![wallet], at).await?;
    let answer = Answer::ok(serde_json::to_string(&Rotated::to(new, revealed))?);
    if let Some(command) = command {
        commands::insert(operator, db, &actor, command, &answer, at).await?;
    }
    Ok(answer)
}
