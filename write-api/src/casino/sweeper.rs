//! Settles rounds that have ended by themselves: abandoned hands of blackjack, crashes and automatic cash-outs. Must
//! never decide one otherwise than its player's next touch would.

use std::time::Duration;

use futures_util::future::join_all;
use shared::ids::{OperatorId, PlayerId};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::blackjack::Abandoned;
use super::crash::Ended;
use super::error::CasinoError;
use super::moves::{Move, Play};
use super::store::due_rounds;
use super::table::Game;
use crate::app::{App, SharedApp};
use crate::background::every;

/// A round that is to be ended.
#[derive(Clone, Debug)]
pub(super) struct DueRound {
    pub(super) operator: OperatorId,
    pub(super) player: PlayerId,
    pub(super) id: Uuid,
    pub(super) game: Game,
}

impl DueRound {
    /// The end that its game has for it, if it has ended by itself; none where rounds are never left open.
    pub(super) fn end(&self) -> Option<Box<dyn Play>> {
        match self.game {
            Game::Blackjack => Some(Box::new(Abandoned(self.id))),
            Game::Crash => Some(Box::new(Ended(self.id))),
            Game::Slots | Game::Roulette | Game::Baccarat => None,
        }
    }
}

/// Sweeps every now and then until `stop`.
pub fn spawn_sweeper(app: SharedApp, stop: CancellationToken) {
    let pause = Duration::from_millis(app.options.casino.casino_sweep_ms);
    every(
        pause,
        app,
        stop,
        "ended rounds could not be settled; they are tried again",
        |app, _| Box::pin(sweep(app)),
    );
}

/// Settles the rounds that have been due for a while, so many at a time.
async fn sweep(app: &App) -> Result<(), CasinoError> {
    let options = &app.options.casino;
    let grace = Duration::from_millis(options.casino_sweep_grace_ms);
    // Each round is then ended by the clock of its own game, or left alone.
    let due = app.clock.now().max(app.clock.steady()) - grace;
    let most = options.casino_sweep_batch;
    let read = app.db.read(move |db| {
        Box::pin(async move { Ok::<_, CasinoError>(due_rounds(db, due, most.into()).await?) })
    });
    let ends = read.await?.into_iter().filter_map(|due| {
        let play = due.end()?;
        Some(app.lanes.play(Move {
            operator: due.operator,
            player: due.player,
            token_hash: None,
            at: app.clock.now(),
            steady_at: app.clock.steady(),
            command: None,
            play,
        }))
    });
    for ended in join_all(ends).await {
        match ended {
            // Its player or another instance was quicker.
            Ok(_) | Err(CasinoError::RoundOver | CasinoError::RoundOpen(_) | CasinoError::UnknownRound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
