//! Why the casino refuses a bet or does not find a round. Must never know about HTTP.

use shared::db::DbError;
use shared::money::{AmountError, Currency, Money};

use uuid::Uuid;

use super::baccarat::rules::BaccaratError;
use super::blackjack::rules::BlackjackError;
use super::crash::rules::CrashError;
use super::roulette::rules::RouletteError;
use super::roulette::rules::table::PlaceError;
use super::slots::rules::SlotsError;
use crate::commands::KeyReused;
use crate::ledger::LedgerError;
use crate::protection::rules::ProtectionError;

/// Why the casino does not do what it is asked.
#[derive(Debug, thiserror::Error)]
pub enum CasinoError {
    /// The operator is suspended.
    #[error("the operator is disabled")]
    OperatorDisabled,
    /// The operator's casino switch is off.
    #[error("the casino is disabled")]
    CasinoDisabled,
    /// The session has ended since the request began.
    #[error("nobody is logged in")]
    NotLoggedIn,
    /// The player is disabled.
    #[error("the account is disabled")]
    AccountDisabled,
    /// The bet names another currency than the operator's.
    #[error("the currency is {}", .0.code())]
    WrongCurrency(Currency),
    /// The stake is no amount.
    #[error("the stake {0}")]
    StakeNotAnAmount(AmountError),
    /// The stake is below the operator's smallest.
    #[error("the stake is less than {0}")]
    StakeTooSmall(Money),
    /// The stake is above the operator's largest.
    #[error("the stake is more than {0}")]
    StakeTooLarge(Money),
    /// The stake is more than the wallet holds.
    #[error("the wallet holds {available}")]
    InsufficientFunds {
        /// What the wallet holds.
        available: Money,
        /// In which currency.
        currency: Currency,
    },
    /// The stakes of the round would be too large to count.
    #[error("the stakes are too large")]
    TooMuch,
    /// The player's own protection refuses the stake.
    #[error(transparent)]
    Protected(#[from] ProtectionError),
    /// Too many moves wait for the database.
    #[error("too many moves wait for the database")]
    Busy,
    /// Too many moves of this player wait for the database.
    #[error("too many moves of the player wait for the database")]
    TooManyAtOnce,
    /// The stake can't be played on the slots.
    #[error("the stake {0}")]
    Slots(#[from] SlotsError),
    /// The bets can't be placed on the roulette table.
    #[error(transparent)]
    Roulette(#[from] RouletteError),
    /// A bet of a spin is on no place of the table.
    #[error("bet {at}: {error}")]
    RoulettePlace {
        /// Which bet, from 0.
        at: usize,
        /// What is wrong with it.
        error: PlaceError,
    },
    /// A bet of a spin has a stake that is no amount.
    #[error("bet {at}: the stake {error}")]
    RouletteStake {
        /// Which bet, from 0.
        at: usize,
        /// What is wrong with it.
        error: AmountError,
    },
    /// There are more bets in one spin than the limit allows.
    #[error("there are more than {0} bets")]
    TooManyBets(usize),
    /// The bet can't be placed in baccarat.
    #[error(transparent)]
    Baccarat(#[from] BaccaratError),
    /// The blackjack rules refuse it.
    #[error(transparent)]
    Blackjack(#[from] BlackjackError),
    /// The action is not one of blackjack's.
    #[error("there is no such action")]
    UnknownAction,
    /// A decision for one of several hands, where there is only one.
    #[error("the hand was not split")]
    NotSplit,
    /// The crash rules refuse it.
    #[error(transparent)]
    Crash(#[from] CrashError),
    /// The client sent what only the server decides.
    #[error("{0} is decided by the server")]
    ServerDecides(String),
    /// The player has an open round in this game already.
    #[error("round {0} is still open")]
    RoundOpen(Uuid),
    /// The round has ended.
    #[error("the round is over")]
    RoundOver,
    /// The round has no place for a step of this number now.
    #[error("the next step is number {expected}")]
    StaleAction {
        /// The number that would be the next.
        expected: usize,
    },
    /// The idempotency key was used for another request.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// The player has no such round in this game.
    #[error("there is no such round")]
    UnknownRound,
    /// The client's payout is not that of the round.
    #[error("the payout is {0}")]
    WrongPayout(Money),
    /// The ledger refused what was checked before: a fault of ours.
    #[error(transparent)]
    Ledger(LedgerError),
    /// An answer could not be written as JSON: a fault of ours.
    #[error("the answer could not be written")]
    Answer(#[from] serde_json::Error),
    /// The database failed.
    #[error(transparent)]
    Database(DbError),
}

shared::transaction_error!(CasinoError);

impl From<LedgerError> for CasinoError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Database(error) => Self::Database(error),
            refused => Self::Ledger(refused),
        }
    }
}

impl CasinoError {
    /// Whether the database can't be had, so that nothing else can be done for a while either.
    pub(super) const fn is_outage(&self) -> bool {
        matches!(self, Self::Database(DbError::Unavailable(_)))
    }

    /// The same for another move that shared the transaction. What is not the database's is an internal fault.
    pub(super) fn for_another(&self) -> Self {
        match self {
            Self::Database(error) => Self::Database(error.for_another()),
            other => Self::Database(DbError::Broken(other.to_string().into())),
        }
    }
}
