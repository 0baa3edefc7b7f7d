//! A player's move on its way to the database: who moves, with what proof, and which game decides it. Must never know
//! a game.

use std::fmt;

use shared::ids::{OperatorId, PlayerId};
use time::OffsetDateTime;
use uuid::Uuid;

use super::error::CasinoError;
use super::table::{Game, Table};
use crate::commands::{Answer, Command};

/// The rounds that a move has to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// None: it begins a round and ends it.
    Nothing,
    /// The player's open round of a game.
    Open(Game),
    /// One round by its id, the open one of a game, and what was answered to step `number` of the named round.
    Named {
        game: Game,
        id: Uuid,
        number: Option<i16>,
    },
}

/// What a game does with a move: a pure decision, which may be taken more than once for one move.
pub(super) trait Play: fmt::Debug + Send + Sync {
    /// The rounds that it has to see.
    fn wants(&self) -> Wanted {
        Wanted::Nothing
    }

    /// Makes the move at the table.
    ///
    /// # Errors
    /// When it is refused; nothing is written then but what [`Table::keep`] kept.
    fn decide(&self, table: &mut Table<'_>) -> Result<Answer, CasinoError>;
}

/// A move as it was asked for: the same however often its transaction has to be run.
#[derive(Debug)]
pub(super) struct Move {
    pub(super) operator: OperatorId,
    pub(super) player: PlayerId,
    /// The SHA-256 of the session's token; none for what the house does by itself.
    pub(super) token_hash: Option<[u8; 32]>,
    /// When it had arrived whole, for sessions, limits and records.
    pub(super) at: OffsetDateTime,
    /// The same by a clock that never jumps, for games that run against it.
    pub(super) steady_at: OffsetDateTime,
    pub(super) command: Option<Command>,
    pub(super) play: Box<dyn Play>,
}

impl Move {
    pub(super) fn token_hash(&self) -> Option<&[u8]> {
        self.token_hash.as_ref().map(<[u8; 32]>::as_slice)
    }
}
