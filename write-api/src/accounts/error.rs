//! What can go wrong with log-ins and sessions. Must never tell an unknown name from a wrong password.

use std::time::Duration;

use shared::db::DbError;

use crate::ledger::LedgerError;

use super::rights::Right;
use super::token::Realm;

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// No session, or one that ended.
    #[error("nobody is logged in")]
    NotLoggedIn,
    /// A session, but not of the kind of person who is asked for.
    #[error("the session is that of another kind of person")]
    WrongRole(Realm),
    /// The name or the password is wrong.
    #[error("wrong name or password")]
    WrongCredentials(Realm),
    /// The password is right, and a one-time code is asked for.
    #[error("a one-time code is needed")]
    SecondFactorRequired,
    /// The password is right, the one-time code is wrong or was taken before.
    #[error("wrong one-time code")]
    WrongCode {
        /// For how long the name is locked out with it, if it is.
        locked_out: Option<Duration>,
    },
    /// The person's account is disabled.
    #[error("the account is disabled")]
    AccountDisabled,
    /// The operator is disabled.
    #[error("the operator is disabled")]
    OperatorDisabled,
    /// There is no such operator, or the session is another one's.
    #[error("there is no such operator")]
    UnknownOperator,
    /// The person's role is another one.
    #[error("the role does not allow it")]
    RoleNotAllowed(Right),
    /// A page of another site sent a request that changes something.
    #[error("the request comes from another site")]
    CrossSite,
    /// There are two `Authorization` headers, which may be two people's.
    #[error("the request has two Authorization headers")]
    TwoCredentials,
    /// Too many log-ins failed.
    #[error("too many log-ins failed; again in {retry_after_s} s")]
    TooManyFailures {
        /// After how long to try again.
        retry_after_s: u32,
    },
    /// Too many log-ins of this name or from this address are being checked.
    #[error("too many log-ins of this name or address are being checked")]
    TooManyAtOnce,
    /// Too many accounts were made from one address.
    #[error("too many registrations; again in {retry_after_s} s")]
    TooManyRegistrations {
        /// After how long to try again.
        retry_after_s: u32,
    },
    /// A password could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Database(DbError),
}

shared::transaction_error!(AccountError);

/// Why a password could not be hashed or checked.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many passwords wait to be hashed.
    #[error("too many passwords wait to be hashed")]
    Busy,
    /// The hash function refused: a fault of ours.
    #[error("the hash function refused")]
    Hash(#[source] argon2::password_hash::Error),
    /// The work ended before its end: a fault of ours.
    #[error("hashing was cut off")]
    CutOff(#[from] tokio::task::JoinError),
}

/// Why an operator, its staff or a player could not be created.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Another operator has the subdomain.
    #[error("an operator with this subdomain exists already")]
    SubdomainTaken,
    /// Another operator has the name.
    #[error("an operator with this name exists already")]
    NameTaken,
    /// Another operator has the referral code that was drawn.
    #[error("the referral code that was drawn is another operator's")]
    ReferralCodeTaken,
    /// Somebody has the log-in name.
    #[error("somebody has this log-in name already; they are unique in the whole installation")]
    LoginTaken,
    /// Another player of the operator has the user name.
    #[error("a player with this user name exists already")]
    UsernameTaken,
    /// Another player of the operator has the e-mail address.
    #[error("a player with this e-mail address exists already")]
    EmailTaken,
    /// There is no such operator.
    #[error("there is no operator with this subdomain")]
    UnknownOperator,
    /// The operator is disabled.
    #[error("the operator is disabled")]
    OperatorDisabled,
    /// The ledger refused the opening balance.
    #[error(transparent)]
    Ledger(LedgerError),
    /// The database failed.
    #[error(transparent)]
    Database(DbError),
}

shared::transaction_error!(CreateError);

impl From<LedgerError> for CreateError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Database(error) => Self::Database(error),
            refused => Self::Ledger(refused),
        }
    }
}
