//! Why something was not done to staff. Must never know of HTTP.

use shared::db::DbError;

use crate::accounts::{CreateError, ProofError};

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StaffError {
    /// There is no such staff here.
    #[error("there is no such staff")]
    NoStaff,
    /// Nobody does this to their own account.
    #[error("this is not for one's own account")]
    OwnAccount,
    /// Nobody would be left who may do everything.
    #[error("nobody would be left who may do everything")]
    LastOwner,
    /// The doer did not prove who it is.
    #[error(transparent)]
    Unproved(ProofError),
    /// The new person was refused.
    #[error(transparent)]
    Refused(CreateError),
    /// The database failed.
    #[error(transparent)]
    Database(DbError),
}

shared::transaction_error!(StaffError);

impl From<CreateError> for StaffError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Database(error) => Self::Database(error),
            refused => Self::Refused(refused),
        }
    }
}

impl From<ProofError> for StaffError {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Database(error) => Self::Database(error),
            unproved => Self::Unproved(unproved),
        }
    }
}
