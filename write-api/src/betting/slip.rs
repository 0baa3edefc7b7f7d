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
    /// Must be the selection's, if it is sent; inside, none where the client says that there is no line.
    pub(super) line: Option<Option<String>>,
    /// The price that was seen.
    pub(super) shown: Price,
}

/// How the stake was sent.
#[derive(Clone, Debug)]
pub(super) enum AskedStake {
    /// For the whole bet.
    Whole(Amount),
    /// For each line of a system.
    EachLine(Amount),
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
