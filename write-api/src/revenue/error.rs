//! Why a day's revenue is not worked out or posted. Must never know about HTTP.

use shared::db::DbError;

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
