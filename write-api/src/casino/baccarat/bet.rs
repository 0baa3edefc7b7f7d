//! A bet on one coup, decided at the table. Must never wait for anything.

use shared::money::Amount;
use uuid::Uuid;

use super::rules::{self, MATH_VERSION, Side};
use crate::casino::error::CasinoError;
use crate::casino::moves::Play;
use crate::casino::table::{Game, Table};
use crate::commands::Answer;

/// A bet as it was asked for.
#[derive(Debug)]
pub(super) struct Bet {
    pub(super) round_id: Uuid,
    pub(super) side: Side,
    pub(super) stake: Amount,
    pub(super) currency: Option<String>,
}

impl Play for Bet {
    fn decide(&self, table: &mut Table<'_>) -> Result<Answer, CasinoError> {
        table.limits().accept_currency(self.currency.as_deref())?;
        let stake = table.limits().read_stake(&self.stake)?;
        self.side.accept(stake)?;
        let round = table.begin(self.round_id, Game::Baccarat, MATH_VERSION, stake)?;
        let outcome = rules::decide(self.side, stake, &mut round.words())?;
        table.settle(round, outcome.payout, None, &outcome.shown())?;
        table.answer()
    }
}
