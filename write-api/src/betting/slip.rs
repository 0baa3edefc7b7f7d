//! What a player asks for, as it is to be decided: the same however often its transaction has to be run. Must never hold
//! anything that a client decides but the selections, the prices that were seen, and the stake.

use shared::ids::{OperatorId, PlayerId};
use shared::money::Amount;
use shared::sports::Sport;
use time::OffsetDateTime;
use uuid::Uuid;

use super::rules::payout::Price;
use super::rules::slip::{Kind, Policy};
use crate::commands::Command;

/// A leg that is asked for.
#[derive(Clone, Debug)]
pub(super) struct AskedLeg {
    pub(super) sport: Sport,
    pub(super) event: String,
    pub(super) market: String,
    pub(super) selection: String,
    pub(super) line: AskedLine,
    /// The price that was seen.
    pub(super) shown: Price,
}

/// What was said of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AskedLine {
    /// Nothing.
    Any,
    /// That there is none, or which it is.
    Exactly(Option<String>),
}

impl AskedLine {
    /// Whether a selection with this line may be meant.
    pub(super) fn is_of(&self, line: Option<&String>) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(asked) => asked.as_ref() == line,
        }
    }
}

/// How the stake was sent.
#[derive(Clone, Debug)]
pub(super) enum AskedStake {
    /// For the whole bet, under this name.
    Whole(&'static str, Amount),
    /// For each line of a system.
    EachLine(Amount),
}

impl AskedStake {
    /// The member that it was sent as, and what it holds.
    pub(super) const fn sent(&self) -> (&'static str, &Amount) {
        match self {
            Self::Whole(name, amount) => (name, amount),
            Self::EachLine(amount) => ("unit_stake", amount),
        }
    }
}

/// A bet that is asked for.
#[derive(Clone, Debug)]
pub(super) struct Slip {
    pub(super) operator: OperatorId,
    pub(super) player: PlayerId,
    pub(super) token_hash: [u8; 32],
    pub(super) at: OffsetDateTime,
    pub(super) tx_id: Uuid,
    pub(super) command: Option<Command>,
    pub(super) kind: Kind,
    pub(super) legs: Vec<AskedLeg>,
    pub(super) stake: AskedStake,
    pub(super) currency: Option<String>,
    pub(super) policy: Policy,
}

impl Slip {
    /// The events that it is on.
    pub(super) fn events(&self) -> Vec<(Sport, String)> {
        self.legs
            .iter()
            .map(|leg| (leg.sport, leg.event.clone()))
            .collect()
    }
}
