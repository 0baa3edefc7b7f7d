//! Why staff can't see or change a player as they ask. Must never know about HTTP.

use shared::db::DbError;
use shared::money::{AmountError, Money};

use crate::commands::KeyReused;
use crate::ledger::LedgerError;
use crate::protection::SettingError;

/// Why nothing is shown or was done. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum PlayersError {
    /// The operator has no such player.
    #[error("there is no such player")]
    UnknownPlayer,
    /// The amount is no amount.
    #[error("the amount {0}")]
    NotAnAmount(#[from] AmountError),
    /// The amount is more than staff may move at once.
    #[error("the amount is more than {0} either way")]
    OverLimit(Money),
    /// The balance would be too large to count.
    #[error("the amount is too large")]
    TooMuch,
    /// The wallet holds less than is to be taken.
    #[error("the wallet holds {available}")]
    InsufficientFunds {
        /// What it holds.
        available: Money,
    },
    /// The idempotency key was used for another request.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// The player's protection can't be shown.
    #[error(transparent)]
    Protection(SettingError),
    /// The ledger refused what was checked before: a fault of ours.
    #[error(transparent)]
    Ledger(LedgerError),
    /// The answer could not be written as JSON: a fault of ours.
    #[error("the answer could not be written")]
    Answer(#[from] serde_json::Error),
    /// The database failed.
    #[error(transparent)]
    Database(DbError),
}

shared::transaction_error!(PlayersError);

impl From<LedgerError> for PlayersError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::NoWallet(_) => Self::UnknownPlayer,
            LedgerError::OutOfRange => Self::TooMuch,
            LedgerError::Database(error) => Self::Database(error),
            refused => Self::Ledger(refused),
        }
    }
}

impl From<SettingError> for PlayersError {
    fn from(error: SettingError) -> Self {
        match error {
            SettingError::Database(error) => Self::Database(error),
            refused => Self::Protection(refused),
        }
    }
}
