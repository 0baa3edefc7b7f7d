//! The bets on one spin, decided at the table. Must never wait for anything.

use shared::money::Amount;
use uuid::Uuid;

use super::rules::table::Place;
use super::rules::{self, MATH_VERSION};
use crate::casino::error::CasinoError;
use crate::casino::moves::Play;
use crate::casino::table::{Game, Table};
use crate::commands::Answer;

/// A spin as it was asked for: where each stake lies.
#[derive(Debug)]
pub(super) struct Spin {
    pub(super) round_id: Uuid,
    pub(super) bets: Vec<(Place, Amount)>,
    pub(super) currency: Option<String>,
}

impl Play for Spin {
    fn decide(&self, table: &mut Table<'_>) -> Result<Answer, CasinoError> {
        table.limits().accept_currency(self.currency.as_deref())?;
        let currency = table.currency();
        let bets = self.bets.iter().enumerate().map(|(at, (place, stake))| {
            let stake = stake.positive(currency);
            Ok(rules::Bet {
                place: *place,
                stake: stake.map_err(|error| CasinoError::RouletteStake { at, error })?,
            })
        });
        let bets: Vec<_> = bets.collect::<Result<_, CasinoError>>()?;
        let stake = rules::total_stake(&bets)?;
        let round = table.begin(self.round_id, Game::Roulette, MATH_VERSION, stake)?;
        let outcome = rules::decide(&bets, &mut round.words())?;
        table.settle(round, outcome.payout, None, &outcome.shown_in(currency))?;
        table.answer()
    }
}
