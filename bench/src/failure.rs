//! Why something could not be measured, in sentences for the person who asked. Must never stand for a bad result: that
//! is in the report.

use dev::launch::LaunchError;
use dev::postgres::PostgresError;
use write_api::accounts::{CreateError, PasswordError, TextError};
use write_api::operators::ChangeError;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The installation did not start, or something of it ended.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// PostgreSQL could not be killed, or did not come back.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// Told to stop.
    #[error("told to stop; everything that was started is stopped")]
    Interrupted,
    /// The system lets a process open too few files.
    #[error(
        "this needs {needed} open files in each process, and the system allows {allowed}: raise `ulimit -Hn`"
    )]
    OpenFiles {
        /// How many are needed.
        needed: u64,
        /// How many there may be.
        allowed: u64,
    },
    /// Something of the operating system failed.
    #[error("the operating system refused: {0}")]
    System(#[from] std::io::Error),
    /// A statement of the measurement itself.
    #[error("a statement of the measurement failed: {0}")]
    Database(#[from] sqlx::Error),
    /// A request of the measurement itself.
    #[error("a request of the measurement failed: {0}")]
    Http(#[from] reqwest::Error),
    /// An operator, staff or a player could not be created.
    #[error("the people of the measurement could not be created: {0}")]
    People(#[from] CreateError),
    /// The theme or the branding of an operator was refused.
    #[error("the operators of the measurement could not be created: {0}")]
    Looks(#[from] ChangeError),
    /// The name or the password of somebody will not do.
    #[error("the people of the measurement could not be created: {0}")]
    Text(#[from] TextError),
    /// A password could not be hashed.
    #[error("the people of the measurement could not be created: {0}")]
    Password(#[from] PasswordError),
    /// The rules of a game refuse a bet of the measurement.
    #[error("the rules refuse a bet of the measurement: {0}")]
    Rules(Box<dyn std::error::Error + Send + Sync>),
    /// Something else is not as the measurement needs it.
    #[error("{0}")]
    Unfit(String),
}

impl From<nix::errno::Errno> for Failure {
    fn from(error: nix::errno::Errno) -> Self {
        Self::System(error.into())
    }
}
