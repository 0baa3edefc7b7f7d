//! A bet on one spin, decided at the table. Must never wait for anything.

use serde_json::value::RawValue;
use shared::money::Amount;
use uuid::Uuid;

use super::rules::{self, MATH_VERSION};
use crate::casino::error::CasinoError;
use crate::casino::moves::Play;
use crate::casino::table::{Game, Table};
use crate::commands::Answer;

/// A bet as it was asked for.
#[derive(Debug)]
pub(super) struct Bet {
    pub(super) round_id: Uuid,
    pub(super) stake: Amount,
    pub(super) currency: Option<String>,
}

impl Play for Bet {
    fn decide(&self, table: &mut Table<'_>) -> Result<Answer, CasinoError> {
        table.limits().accept_currency(self.currency.as_deref())?;
        let stake = table.limits().read_stake(&self.stake)?;
        rules::accept_stake(stake)?;
        let round = table.begin(self.round_id, Game::Slots, MATH_VERSION, stake)?;
        let outcome = rules::decide(stake, &mut round.words())?;
        let shown = outcome.shown_in(table.currency());
        table.settle(round, outcome.payout, None::<Box<RawValue>>, &shown)?;
        table.answer()
    }
}
