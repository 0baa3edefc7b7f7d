//! Deals and decisions, made at the table. Must never wait for anything, nor keep a card: a round is its seeds, its
//! nonce, its first stake and its decisions.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use shared::money::{Amount, Minor};
use time::Duration;
use uuid::Uuid;

use super::rules::{self, Decision, MATH_VERSION};
use crate::casino::error::CasinoError;
use crate::casino::moves::{Play, Wanted};
use crate::casino::table::{Game, Round, Status, StoredRound, Table};
use crate::commands::Answer;

/// What is kept of an open round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    /// What the first hand was dealt for, in minor units.
    stake: i64,
    decisions: Vec<Decision>,
    /// Whether the player left, and the house stood on what was left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    abandoned: bool,
}

impl State {
    fn of(stored: &StoredRound) -> Result<Self, CasinoError> {
        let state = stored.state.as_ref().map_or("null", |state| state.get());
        Ok(serde_json::from_str(state)?)
    }

    fn stake(&self) -> Minor {
        Minor::new(self.stake)
    }

    fn replay(&self, round: &Round) -> Result<rules::Game, CasinoError> {
        let game = rules::Game::replay(self.stake(), &mut round.words(), &self.decisions);
        Ok(game?)
    }

    fn to_json(&self) -> Result<Box<RawValue>, CasinoError> {
        Ok(to_raw_value(self)?)
    }
}

/// Leaves a round as `game` has it: open until `pause` after now, or settled.
fn put(
    table: &mut Table<'_>,
    round: Round,
    game: &rules::Game,
    state: &State,
    pause: Duration,
) -> Result<(), CasinoError> {
    let shown = game.shown_in(table.currency());
    let state = state.to_json()?;
    match game.settlement() {
        Some(settlement) => table.settle(round, settlement.payout, Some(state), &shown),
        None => table.leave_open(round, state, &shown, table.at() + pause),
    }
}

/// A new round.
#[derive(Debug)]
pub(super) struct Deal {
    pub(super) round_id: Uuid,
    pub(super) stake: Amount,
    pub(super) currency: Option<String>,
    /// How long a decision may take.
    pub(super) pause: Duration,
}

impl Play for Deal {
    fn wants(&self) -> Wanted {
        Wanted::Open(Game::Blackjack)
    }

    fn decide(&self, table: &mut Table<'_>) -> Result<Answer, CasinoError> {
        if let Some(open) = table.rounds().open.clone() {
            if !open.is_due(table.at()) {
                return Err(CasinoError::RoundOpen(open.round.id));
            }
            abandon(table, open)?;
            table.keep();
        }
        table.limits().accept_currency(self.currency.as_deref())?;
        let stake = table.limits().read_stake(&self.stake)?;
        let round = table.begin(self.round_id, Game::Blackjack, MATH_VERSION, stake)?;
        let game = rules::Game::deal(stake, &mut round.words())?;
        let dealt = State {
            stake: stake.get(),
            decisions: Vec::new(),
            abandoned: false,
        };
        put(table, round, &game, &dealt, self.pause)?;
        table.answer()
    }
}

/// A decision in an open round.
#[derive(Debug)]
pub(super) struct Act {
    /// The round; without one the player's open round is meant.
    pub(super) round: Option<Uuid>,
    /// The number of the step, from 1; a repeat with the same number gets the same answer.
    pub(super) number: Option<i16>,
    pub(super) decision: Decision,
    /// The client takes the hand to be one of several.
    pub(super) on_split: bool,
    /// How long the next decision may take.
    pub(super) pause: Duration,
}

impl Play for Act {
    fn wants(&self) -> Wanted {
        match self.round {
            Some(id) => Wanted::Named {
                game: Game::Blackjack,
                id,
                number: self.number,
            },
            None => Wanted::Open(Game::Blackjack),
        }
    }

    fn decide(&self, table: &mut Table<'_>) -> Result<Answer, CasinoError> {
        let rounds = table.rounds();
        let stored = match self.round {
            Some(_) => rounds.named.clone(),
            None => rounds.open.clone(),
        };
        let stored = stored.filter(|stored| stored.round.game == Game::Blackjack);
        let stored = stored.ok_or(CasinoError::UnknownRound)?;
        if let Some(action) = rounds.action.as_ref() {
            // A step of this number was taken: the same again is a repeat, any other comes too late.
            if action.decision == self.decision.as_str() {
                return Ok(Answer::kept(action.answer.clone()));
            }
        }
        if stored.is_due(table.at()) {
            abandon(table, stored)?;
            table.keep();
            return Err(CasinoError::RoundOver);
        }
        if stored.status == Status::Settled {
            return Err(CasinoError::RoundOver);
        }
        let mut state = State::of(&stored)?;
        let expected = state.decisions.len() + 1;
        if self
            .number
            .is_some_and(|number| usize::try_from(number) != Ok(expected))
        {
            return Err(CasinoError::StaleAction { expected });
        }
        let mut round = stored.round;
        let mut game = state.replay(&round)?;
        if self.on_split && game.hands().len() < 2 {
            return Err(CasinoError::NotSplit);
        }
        let staked = game.staked();
        // Before the dealer looks at his hole card: what a refusal says must not depend on it.
        let asked = game.extra_stake(self.decision);
        game.act(self.decision)?;
        table.afford(asked)?;
        let extra = game.staked().checked_sub(staked).unwrap_or(Minor::ZERO);
        if extra > Minor::ZERO {
            table.raise(&mut round, extra)?;
        }
        state.decisions.push(self.decision);
        let number = i16::try_from(expected).map_err(|_| CasinoError::RoundOver)?;
        table.number(round.id, number, self.decision.as_str());
        put(table, round, &game, &state, self.pause)?;
        table.answer()
    }
}

/// Stands on what is left of a round whose player has not decided in time.
#[derive(Debug)]
pub(in crate::casino) struct Abandoned(pub(in crate::casino) Uuid);

impl Play for Abandoned {
    fn wants(&self) -> Wanted {
        Wanted::Named {
            game: Game::Blackjack,
            id: self.0,
            number: None,
        }
    }

    fn decide(&self, table: &mut Table<'_>) -> Result<Answer, CasinoError> {
        let stored = table.rounds().named.clone().ok_or(CasinoError::UnknownRound)?;
        if !stored.is_due(table.at()) {
            return Err(CasinoError::RoundOver);
        }
        abandon(table, stored)?;
        table.answer()
    }
}

fn abandon(table: &mut Table<'_>, stored: StoredRound) -> Result<(), CasinoError> {
    let state = State::of(&stored)?;
    let mut game = state.replay(&stored.round)?;
    game.stand_to_end();
    let state = State {
        decisions: game.decisions().to_vec(),
        abandoned: true,
        ..state
    };
    put(table, stored.round, &game, &state, Duration::ZERO)
}
