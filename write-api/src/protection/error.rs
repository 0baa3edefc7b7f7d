//! Why players can't set their protection as they ask. Must never know about HTTP.

use shared::db::DbError;
use shared::field::FieldError;

use super::rules::AlreadyLonger;
use crate::ledger::LedgerError;

/// Why a player's protection is not changed or shown. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// Members hold what they may not; these are all of them.
    #[error("fields hold what they may not")]
    Invalid(Vec<FieldError>),
    /// The time-out or exclusion would become shorter.
    #[error(transparent)]
    AlreadyLonger(#[from] AlreadyLonger),
    /// The player's wallet can't be had: a fault of ours.
    #[error(transparent)]
    Ledger(LedgerError),
    /// The database failed.
    #[error(transparent)]
    Database(DbError),
}

shared::transaction_error!(SettingError);

impl From<LedgerError> for SettingError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Database(error) => Self::Database(error),
            refused => Self::Ledger(refused),
        }
    }
}
