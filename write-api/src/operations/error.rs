//! Why a long operation is not begun, or a step of one failed. Must never know about HTTP.

use shared::db::DbError;

use crate::commands::KeyReused;
use crate::ledger::LedgerError;
use crate::revenue::RevenueError;

/// Why nothing was done. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// There is no such operation.
    #[error("there is no such operation")]
    Unknown,
    /// One of the same kind has not ended.
    #[error("an operation of this kind is under way")]
    UnderWay,
    /// It was not given up.
    #[error("the operation was not given up")]
    NotGivenUp,
    /// There is no contest that could end.
    #[error("no contest runs")]
    NoContest,
    /// What is stored of it does not say what to do: a fault of ours.
    #[error("its parameters can't be read")]
    Parameters,
    /// The idempotency key was used for another request.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// The ledger refused a posting: a fault of ours.
    #[error(transparent)]
    Ledger(LedgerError),
    /// A day's revenue can't be worked out or posted.
    #[error(transparent)]
    Revenue(RevenueError),
    /// The answer could not be written as JSON: a fault of ours.
    #[error("the answer could not be written")]
    Answer(#[from] serde_json::Error),
    /// The database failed.
    #[error(transparent)]
    Database(DbError),
}

shared::transaction_error!(OperationError);

impl From<LedgerError> for OperationError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Database(error) => Self::Database(error),
            refused => Self::Ledger(refused),
        }
    }
}

impl From<RevenueError> for OperationError {
    fn from(error: RevenueError) -> Self {
        match error {
            RevenueError::Database(error) => Self::Database(error),
            refused @ RevenueError::OutOfRange => Self::Revenue(refused),
        }
    }
}

impl OperationError {
    /// Whether the same step may well succeed once the database is there, or less busy.
    pub(super) const fn is_passing(&self) -> bool {
        match self {
            Self::Database(error) => passes(error),
            Self::Ledger(LedgerError::WalletChanged) => true,
            _ => false,
        }
    }

    /// What staff are told; the log has the cause.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Database(error) => plain(error).to_owned(),
            other => other.to_string(),
        }
    }
}

/// Whether a step of which the database said this may well succeed later. One that is too slow is not waited for: it may
/// be so for ever.
pub(crate) const fn passes(error: &DbError) -> bool {
    matches!(
        error,
        DbError::Unavailable(_) | DbError::TooManyWaiters | DbError::OutcomeUnknown | DbError::Conflict(_)
    )
}

/// A failure of the database for people: without names of its schema.
pub(crate) const fn plain(error: &DbError) -> &'static str {
    match error {
        DbError::TooSlow(_) => "the database was too slow",
        DbError::Constraint { .. } => "the database refused a row",
        DbError::Dismissed(_) => "whoever began it may not any more",
        DbError::Broken(_) => "the database answered something unexpected",
        DbError::Unavailable(_)
        | DbError::TooManyWaiters
        | DbError::OutcomeUnknown
        | DbError::Conflict(_) => "the database was away or busy",
    }
}
