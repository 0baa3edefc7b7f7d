//! One-time codes as a second factor for staff. Must never take a code twice, nor show a secret again after it was
//! begun with.
//!
//! Every decision holds the lock of the factor's row, so that of two log-ins with one code one is let in, and counts a
//! wrong code before it lets go.

pub(crate) mod http;
mod rules;
mod store;

use shared::clock::Clock;
use shared::db::DbError;
use shared::ids::{OperatorId, StaffId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::error::AccountError;
use super::failures::Guess;
use super::passwords::Passwords;
use crate::audit::{Action, Change, Doer, record};
use rules::RecoveryCode;

pub(super) use rules::Typed;

/// Why a second factor was not changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum FactorError {
    /// There is one already.
    #[error("the second factor is on")]
    On,
    /// There is none.
    #[error("the second factor is off")]
    Off,
    /// None was begun.
    #[error("no second factor was begun")]
    NotBegun,
    /// The code is another one or was taken before, or too many were wrong.
    #[error(transparent)]
    Account(AccountError),
    /// The database failed.
    #[error(transparent)]
    Database(DbError),
}

shared::transaction_error!(FactorError);

impl From<AccountError> for FactorError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Database(error) => Self::Database(error),
            other => Self::Account(other),
        }
    }
}

/// Somebody's second factor, in a transaction.
pub(super) struct Factor<'a> {
    pub(super) operator: OperatorId,
    pub(super) staff: StaffId,
    pub(super) at: OffsetDateTime,
    pub(super) passwords: &'a Passwords,
    /// What a wrong code counts as.
    pub(super) guess: &'a Guess,
    pub(super) clock: &'a Clock,
}

impl Factor<'_> {
    /// Takes the code of a log-in, where one is asked for.
    pub(super) async fn admit(
        &self,
        db: &mut PgConnection,
        typed: Option<&Typed>,
    ) -> Result<(), AccountError> {
        let found = store::lock(self.operator, db, self.staff).await?;
        let Some(found) = found.filter(|found| found.is_confirmed) else {
            return Ok(());
        };
        let typed = typed.ok_or(AccountError::SecondFactorRequired)?;
        self.take(db, &found, typed).await
    }

    /// Takes a code of a factor that is on.
    async fn prove(&self, db: &mut PgConnection, typed: &Typed) -> Result<(), FactorError> {
        let found = store::lock(self.operator, db, self.staff).await?;
        let found = found.filter(|found| found.is_confirmed).ok_or(FactorError::Off)?;
        Ok(self.take(db, &found, typed).await?)
    }

    /// Turns on what was begun, if the code is its own. Tells the recovery codes.
    async fn confirm(
        &self,
        db: &mut PgConnection,
        typed: &Typed,
        codes: &[RecoveryCode],
    ) -> Result<(), FactorError> {
        let (operator, staff) = (self.operator, self.staff);
        let found = store::lock(operator, db, staff).await?;
        let found = found.ok_or(FactorError::NotBegun)?;
        if found.is_confirmed {
            return Err(FactorError::On);
        }
        self.passwords.admit(self.guess, self.clock)?;
        let Some(step) = typed.step_of(&found.secret, self.at, found.last_step) else {
            return Err(self.wrong().into());
        };
        store::confirm(operator, db, staff, step, self.at).await?;
        Ok(store::put_recovery_codes(operator, db, staff, codes).await?)
    }

    async fn take(
        &self,
        db: &mut PgConnection,
        found: &store::FactorRow,
        typed: &Typed,
    ) -> Result<(), AccountError> {
        let (operator, staff) = (self.operator, self.staff);
        // Guesses that waited for the lock were all admitted before any of them failed.
        self.passwords.admit(self.guess, self.clock)?;
        if let Some(step) = typed.step_of(&found.secret, self.at, found.last_step) {
            store::put_step(operator, db, staff, step).await?;
            return Ok(());
        }
        match typed.recovery_hash() {
            Some(hash) if store::delete_recovery_code(operator, db, staff, hash).await? => Ok(()),
            _ => Err(self.wrong()),
        }
    }

    /// A wrong code counts as a wrong password does.
    fn wrong(&self) -> AccountError {
        AccountError::WrongCode {
            locked_out: self.passwords.count_failure(self.guess, self.clock),
        }
    }
}

/// Takes somebody's second factor away, with its recovery codes; says whether there was one.
pub(crate) async fn reset(doer: &Doer, db: &mut PgConnection, staff: StaffId) -> Result<bool, sqlx::Error> {
    let operator = doer.operator;
    let was_there = store::delete(operator, db, staff).await?;
    if was_there {
        let change = Change {
            subject: Some(format!("staff {staff}")),
            ..Change::default()
        };
        record(operator, db, doer, Action::SecondFactorReset, change).await?;
    }
    Ok(was_there)
}
