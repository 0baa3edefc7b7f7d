//! Why the cashier refuses a deposit or a withdrawal. Must never know about HTTP.

use shared::db::DbError;
use shared::money::{AmountError, Currency, Money};

use crate::commands::KeyReused;
use crate::ledger::LedgerError;
use crate::protection::rules::ProtectionError;

/// Why money was not moved. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum CashierError {
    /// The operator has no such player.
    #[error("there is no such player")]
    UnknownPlayer,
    /// The operator is suspended.
    #[error("the operator is disabled")]
    OperatorDisabled,
    /// The player is disabled.
    #[error("the account is disabled")]
    AccountDisabled,
    /// The player's own protection refuses the deposit.
    #[error(transparent)]
    Protected(#[from] ProtectionError),
    /// Another currency than the operator's is named.
    #[error("the currency is {}", .0.code())]
    WrongCurrency(Currency),
    /// The amount is no amount.
    #[error("the amount {0}")]
    NotAnAmount(#[from] AmountError),
    /// The balance would be too large to count.
    #[error("the amount is too large")]
    TooMuch,
    /// The wallet holds too little for the withdrawal.
    #[error("the wallet holds {available}")]
    InsufficientFunds {
        /// What it holds.
        available: Money,
    },
    /// The reference belongs to another deposit or withdrawal.
    #[error("the reference was used for another movement")]
    ReferenceReused,
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

shared::transaction_error!(CashierError);

impl From<LedgerError> for CashierError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::NoWallet(_) => Self::UnknownPlayer,
            LedgerError::OutOfRange => Self::TooMuch,
            LedgerError::Database(error) => Self::Database(error),
            refused => Self::Ledger(refused),
        }
    }
}

impl From<KeyReused> for CashierError {
    fn from(_: KeyReused) -> Self {
        Self::ReferenceReused
    }
}
