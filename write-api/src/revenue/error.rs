//! Why a day's revenue is not worked out or posted. Must never know about HTTP.

use shared::db::DbError;

use crate::operations::plain;

/// Why nothing was done. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum RevenueError {
    /// A sum is too large to count.
    #[error("a day's revenue is too large to count")]
    OutOfRange,
    /// The database failed.
    #[error(transparent)]
    Database(DbError),
}

shared::transaction_error!(RevenueError);

impl RevenueError {
    /// What staff are told; the log has the cause.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::OutOfRange => "a day's revenue is too large to count",
            Self::Database(error) => plain(error),
        }
    }
}
