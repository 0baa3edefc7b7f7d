//! Why a bet is not taken, not found or not sold. Must never know about HTTP.

use shared::db::DbError;
use shared::field::FieldError;
use shared::money::{AmountError, Currency, Minor, Money};

use super::rules::payout::Price;
use super::rules::slip::SlipError;
use crate::commands::KeyReused;
use crate::ledger::LedgerError;
use crate::protection::rules::ProtectionError;

/// Why a leg can't be bet on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LegError {
    /// The sport has no such event.
    #[error("there is no such event")]
    NoEvent,
    /// The event has no such market.
    #[error("there is no such market")]
    NoMarket,
    /// The market has no such selection.
    #[error("there is no such selection")]
    NoSelection,
    /// Several selections fit the words that were sent.
    #[error("several selections fit: {0}")]
    Ambiguous(String),
    /// The selection has another line.
    #[error("the line is {}", .0.as_deref().unwrap_or("none"))]
    OtherLine(Option<String>),
    /// The event has started, is over or is listed no more.
    #[error("the event is not open for bets any more")]
    NotOpen,
    /// The feed stopped it for now.
    #[error("bets on it are suspended")]
    Suspended,
    /// The operator does not offer it.
    #[error("the operator does not offer it")]
    Disabled,
    /// The market is settled.
    #[error("the market is settled")]
    Settled,
    /// The price is not one that the player accepts.
    #[error("the price is {}", .0.milli())]
    PriceChanged(Price),
}

/// Why it was not done what was asked.
#[derive(Debug, thiserror::Error)]
pub enum BetError {
    /// Members hold what they may not; these are all of them.
    #[error("fields hold what they may not")]
    Invalid(Vec<FieldError>),
    /// The operator is suspended.
    #[error("the operator is disabled")]
    OperatorDisabled,
    /// The player is disabled.
    #[error("the account is disabled")]
    AccountDisabled,
    /// The session has ended since the request began.
    #[error("nobody is logged in")]
    NotLoggedIn,
    /// The slip is no bet.
    #[error(transparent)]
    Slip(#[from] SlipError),
    /// Legs can't be bet on, from 0; all of them.
    #[error("{} selections can't be bet on", .0.len())]
    Legs(Vec<(usize, LegError)>),
    /// The bet names another currency than the operator's.
    #[error("the currency is {}", .0.code())]
    WrongCurrency(Currency),
    /// The stake is no amount.
    #[error("the stake {0}")]
    StakeNotAnAmount(#[from] AmountError),
    /// The stake is below the operator's smallest.
    #[error("the stake is less than {0}")]
    StakeTooSmall(Money),
    /// The stake is above the operator's largest.
    #[error("the stake is more than {0}")]
    StakeTooLarge(Money),
    /// The stake of a system is not the same for each of its lines.
    #[error("the stake can't be divided among {0} lines")]
    StakeNotDivisible(u64),
    /// The wallet holds too little.
    #[error("the wallet holds {0}")]
    InsufficientFunds(Money),
    /// The operator would stand to lose more than it allows.
    #[error("the operator takes no more on selection {at}")]
    LiabilityReached {
        /// Which leg, from 0.
        at: usize,
    },
    /// The player's own protection refuses the stake.
    #[error(transparent)]
    Protected(#[from] ProtectionError),
    /// The idempotency key was used for another request.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// The player has no such bet.
    #[error("there is no such bet")]
    UnknownBet,
    /// The bet is not pending any more.
    #[error("the bet is settled")]
    NotPending,
    /// There is no such quote, or it is for another bet.
    #[error("there is no such quote")]
    UnknownQuote,
    /// The quote has expired or was used.
    #[error("the quote is not valid any more")]
    QuoteExpired,
    /// The bet is worth less now than was quoted.
    #[error("the bet is worth {} minor units now", .0.get())]
    WorthLess(Minor, Currency),
    /// The bet is worth nothing that could be paid.
    #[error("the bet is worth nothing at the moment")]
    Worthless,
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

shared::transaction_error!(BetError);

impl From<LedgerError> for BetError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Database(error) => Self::Database(error),
            refused => Self::Ledger(refused),
        }
    }
}
