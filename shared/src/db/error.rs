//! What can go wrong with the database, told apart by what the caller can do about it.
//! Must never match the text of a message: only codes and constraint names.

use std::error::Error;

use crate::problem::Problem;

/// A failure of the database.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// No connection could be had: the server is away or every connection is busy.
    #[error("the database can't be reached")]
    Unavailable(#[source] sqlx::Error),
    /// More callers wait for a connection than the limit allows.
    #[error("too many transactions wait for a connection")]
    TooManyWaiters,
    /// A statement or a lock took longer than its limit; nothing was written.
    #[error("the database was too slow")]
    TooSlow(#[source] sqlx::Error),
    /// The connection was lost, or the limit for the whole transaction ran out, when it may have been committed.
    #[error("it is not known whether the transaction was committed")]
    OutcomeUnknown,
    /// Two transactions got in each other's way; running it again may work.
    #[error("two transactions got in each other's way")]
    Conflict(#[source] sqlx::Error),
    /// A constraint refused a row.
    #[error("constraint {name} refused a row")]
    Constraint {
        /// The constraint's name in the schema.
        name: String,
        /// What the database said.
        source: sqlx::Error,
    },
    /// Whoever asked for the change may not make it any more; nothing was written.
    #[error(transparent)]
    Dismissed(Dismissed),
    /// A statement or a row that does not fit the schema: a fault of ours.
    #[error("the database answered something unexpected")]
    Broken(#[source] Box<dyn Error + Send + Sync>),
}

/// Whoever asks was disabled, or has another role, since the request began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("whoever asked may not any more")]
pub struct Dismissed;

impl From<Dismissed> for sqlx::Error {
    fn from(dismissed: Dismissed) -> Self {
        Self::Configuration(Box::new(dismissed))
    }
}

/// An error that a transaction can end with: anything that a [`DbError`] turns into and can be found in.
pub trait TransactionError: From<DbError> + Send + 'static {
    /// The database's part in this error, if it had one.
    fn database(&self) -> Option<&DbError>;
}

impl TransactionError for DbError {
    fn database(&self) -> Option<&DbError> {
        Some(self)
    }
}

impl DbError {
    /// Whether running the same transaction again can help (SQLSTATE 40001, 40P01).
    pub const fn is_worth_retrying(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }

    /// The same failure for another caller whose work was part of the same transaction.
    #[must_use]
    pub fn for_another(&self) -> Self {
        let again = |error: &sqlx::Error| sqlx::Error::Io(std::io::Error::other(error.to_string()));
        match self {
            Self::Unavailable(error) => Self::Unavailable(again(error)),
            Self::TooManyWaiters => Self::TooManyWaiters,
            Self::TooSlow(error) => Self::TooSlow(again(error)),
            Self::OutcomeUnknown => Self::OutcomeUnknown,
            Self::Conflict(error) => Self::Conflict(again(error)),
            Self::Constraint { name, source } => Self::Constraint {
                name: name.clone(),
                source: again(source),
            },
            Self::Dismissed(dismissed) => Self::Dismissed(*dismissed),
            Self::Broken(error) => Self::Broken(error.to_string().into()),
        }
    }

    /// Whether a row was refused by the constraint of this name.
    pub fn is_constraint(&self, wanted: &str) -> bool {
        matches!(self, Self::Constraint { name, .. } if name == wanted)
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::WorkerCrashed
            // What a connection says that is cut off while it is being made, or whose other end is no PostgreSQL.
            | sqlx::Error::Protocol(_)
            | sqlx::Error::BeginFailed => Self::Unavailable(error),
            sqlx::Error::Database(refusal) => {
                let code = refusal.code().unwrap_or_default();
                match (code.as_ref(), refusal.constraint()) {
                    ("40001" | "40P01", _) => Self::Conflict(error),
                    ("57014" | "55P03", _) => Self::TooSlow(error),
                    // Class 08 connection, 53 resources, 57P shutdown, 25P03 idle in transaction; 3D000 and 55000
                    // when the database is away or takes no connections.
                    (code, _)
                        if code.starts_with("08")
                            || code.starts_with("53")
                            || code.starts_with("57P")
                            || matches!(code, "25P03" | "3D000" | "55000") =>
                    {
                        Self::Unavailable(error)
                    }
                    (_, Some(name)) => Self::Constraint {
                        name: name.to_owned(),
                        source: error,
                    },
                    _ => Self::Broken(Box::new(error)),
                }
            }
            sqlx::Error::Configuration(cause) if cause.is::<Dismissed>() => Self::Dismissed(Dismissed),
            _ => Self::Broken(Box::new(error)),
        }
    }
}

/// Seconds after which a client may try again when the database is away.
const RETRY_AFTER_S: u32 = 2;

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        let unavailable = || {
            let detail = "The database is not available at the moment. Nothing was changed.";
            Self::unavailable("database_unavailable", detail, RETRY_AFTER_S)
        };
        match error {
            DbError::Unavailable(_) => unavailable().caused_by(error),
            // Counted, and no fault of ours: a line in the log for each would be one more load.
            DbError::TooManyWaiters => unavailable(),
            DbError::TooSlow(_) | DbError::Conflict(_) => Self::unavailable(
                "database_busy",
                "The database is too busy at the moment. Nothing was changed.",
                RETRY_AFTER_S,
            )
            .caused_by(error),
            DbError::OutcomeUnknown => Self::unavailable(
                "outcome_unknown",
                "The database did not answer in time. Ask again, with the same key or reference, to learn the outcome.",
                RETRY_AFTER_S,
            )
            .caused_by(error),
            DbError::Dismissed(_) => Self::forbidden(
                "no_longer_allowed",
                "You were disabled or have another role since you asked. Nothing was changed.",
            ),
            DbError::Constraint { .. } | DbError::Broken(_) => Self::internal(error),
        }
    }
}

/// Makes an error enum with a variant `Database(DbError)` one that a transaction can end with.
#[macro_export]
macro_rules! transaction_error {
    ($name:ty) => {
        impl From<$crate::db::DbError> for $name {
            fn from(error: $crate::db::DbError) -> Self {
                Self::Database(error)
            }
        }

        impl From<sqlx::Error> for $name {
            fn from(error: sqlx::Error) -> Self {
                Self::Database(error.into())
            }
        }

        impl $crate::db::TransactionError for $name {
            fn database(&self) -> Option<&$crate::db::DbError> {
                match self {
                    Self::Database(error) => Some(error),
                    _ => None,
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_is_cut_off_while_it_is_made_is_a_database_that_is_away() {
        // What sqlx says when the other end hangs up instead of answering whether it speaks TLS.
        let cut = sqlx::Error::Protocol("unexpected response from SSLRequest: 0x00".to_owned());
        assert!(matches!(DbError::from(cut), DbError::Unavailable(_)));
        let ours = sqlx::Error::ColumnNotFound("stake".to_owned());
        assert!(matches!(DbError::from(ours), DbError::Broken(_)));
    }
}
