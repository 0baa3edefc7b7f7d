//! The change of a player's seed pair. Must never reveal a pair while a round that it decides is open.

use std::sync::Arc;

use shared::ids::{OperatorId, PlayerId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::http::Rotated;
use super::{NewSeedPair, store};
use crate::casino::batch::{self, Item, Patience};
use crate::casino::error::CasinoError;
use crate::casino::fairness::ServerSeed;
use crate::casino::moves::Move;
use crate::casino::store::open_rounds;
use crate::casino::sweeper::DueRound;
use crate::commands::{self, Actor, Answer, Command};
use crate::ledger::{lock_wallet, post};

/// When a wish arrived.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrived {
    pub(super) at: OffsetDateTime,
    /// By the clock that games run against.
    pub(super) steady_at: OffsetDateTime,
}

/// Reveals the player's pair and puts `new` in its place, with the server seed that was promised, or repeats what was answered to the same command before.
///
/// A round that has ended by itself is settled first, as by whatever else touches it. Everything that begins or ends a
/// round takes the wallet's row first, as this does. So no bet comes between, and a
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
    arrived: Arrived,
) -> Result<Answer, CasinoError> {
    let at = arrived.at;
    let mut wallet = lock_wallet(operator, db, player).await?;
    let actor = Actor::from(player);
    if let Some(command) = command
        && let Some(stored) = commands::find(operator, db, &actor, command.key()).await?
    {
        return Ok(command.repeat(stored)?);
    }
    let open = open_rounds(operator, db, player).await?;
    for round in &open {
        end(db, round, arrived).await?;
    }
    if !open.is_empty() {
        wallet = lock_wallet(operator, db, player).await?;
    }
    let (old, rounds) = (wallet.seed_pair_id(), wallet.next_nonce());
    let revealed = store::reveal(operator, db, old, rounds, at).await?;
    let new = &as_promised(operator, db, player, new).await?;
    let id = store::insert(operator, db, player, new, at).await?;
    store::promise(operator, db, player, new, at).await?;
    wallet.change_seed_pair(id);
    post(db, vec![wallet], at).await?;
    let answer = Answer::ok(serde_json::to_string(&Rotated::to(new, revealed))?);
    if let Some(command) = command {
        commands::insert(operator, db, &actor, command, &answer, at).await?;
    }
    Ok(answer)
}

/// The pair with the server seed that the player was promised before choosing the client seed.
async fn as_promised(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    new: &NewSeedPair,
) -> Result<NewSeedPair, CasinoError> {
    let mut new = new.clone();
    if let Some(promised) = store::promised(operator, db, player).await? {
        new.server = ServerSeed::parse(&promised).map_err(|error| sqlx::Error::Decode(error.into()))?;
    }
    Ok(new)
}

/// Settles a round that has ended by itself.
///
/// # Errors
/// [`CasinoError::RoundOpen`] when it goes on.
async fn end(db: &mut PgConnection, round: &DueRound, arrived: Arrived) -> Result<(), CasinoError> {
    let open = || CasinoError::RoundOpen(round.id);
    let ended = Item {
        asked: Arc::new(Move {
            operator: round.operator,
            player: round.player,
            token_hash: None,
            at: arrived.at,
            steady_at: arrived.steady_at,
            command: None,
            play: round.end().ok_or_else(open)?,
        }),
        seat: None,
    };
    let told = batch::play(db, &[ended], Patience::Waits).await?;
    match told.into_iter().flatten().next().map(|told| told.answer) {
        Some(Ok(_)) => Ok(()),
        // What a game says of a round that has not ended by itself.
        Some(Err(CasinoError::RoundOver)) | None => Err(open()),
        Some(Err(refusal)) => Err(refusal),
    }
}
