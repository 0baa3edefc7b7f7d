//! Why a market is not settled. Must never know about HTTP.

use shared::db::DbError;
use shared::field::FieldError;

use crate::ledger::LedgerError;

/// Why it was not done what was asked.
#[derive(Debug, thiserror::Error)]
pub enum SettlementError {
    /// Members hold what they may not; these are all of them.
    #[error("fields hold what they may not")]
    Invalid(Vec<FieldError>),
    /// Neither the catalogue nor any bet knows the market.
    #[error("there is no such market")]
    NoMarket,
    /// Several sports have such an event.
    #[error("the event may be one of several sports: {0}")]
    Ambiguous(String),
    /// The market has no such selections.
    #[error("there are no such selections: {0}")]
    NoSelections(String),
    /// One winner does not say what all selections of the market came to.
    #[error("the market may have several winners")]
    SeveralWinners,
    /// The market was never settled, so there is nothing to undo.
    #[error("the market is not settled")]
    NotSettled,
    /// The event has not started.
    #[error("the event has not started")]
    NotStarted,
    /// The ledger refused what was checked before: a fault of ours.
    #[error(transparent)]
    Ledger(LedgerError),
    /// The database failed.
    #[error(transparent)]
    Database(DbError),
}

shared::transaction_error!(SettlementError);

impl From<LedgerError> for SettlementError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Database(error) => Self::Database(error),
            refused => Self::Ledger(refused),
        }
    }
}
