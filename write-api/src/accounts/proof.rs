//! What staff prove for changes that must need more than a session: that they know their password, and have their second
//! factor where one is on. Must never tell it otherwise, nor more cheaply, than a log-in does.

use shared::db::DbError;
use shared::ids::{OperatorId, StaffId};
use shared::problem::Problem;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::error::AccountError;
use super::extract::Visitor;
use super::failures::Guess;
use super::own_password::{CURRENT_PASSWORD, proved, wrong_password};
use super::rules::Password;
use super::second_factor::{Factor, Typed};
use super::store::{Person, own};
use crate::app::SharedApp;
use crate::audit::Doer;

/// Why a proof is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProofError {
    /// The doer has a second factor, and sent no code.
    #[error("a code of the second factor is needed")]
    CodeNeeded,
    /// The code is another one, or was taken before.
    #[error("the code is wrong")]
    WrongCode,
    /// Somebody changed the password since it was proved.
    #[error("the password was changed meanwhile")]
    PasswordChanged,
    /// Too many were wrong, or nobody is logged in any more.
    #[error(transparent)]
    Account(AccountError),
    /// The database failed.
    #[error(transparent)]
    Database(DbError),
}

shared::transaction_error!(ProofError);

impl From<AccountError> for ProofError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::SecondFactorRequired => Self::CodeNeeded,
            AccountError::WrongCode { .. } => Self::WrongCode,
            AccountError::Database(error) => Self::Database(error),
            other => Self::Account(other),
        }
    }
}

/// What the body of a change holds of it.
pub(crate) struct Proof {
    current_password: Password,
    /// Six digits of the doer's app, or a recovery code.
    code: Option<Typed>,
}

/// A doer whose password was right. The code is taken in the change's transaction, so that it isn't used up by a change
/// that is refused.
#[derive(Clone, Debug)]
pub(crate) struct Proved {
    app: SharedApp,
    guess: Guess,
    operator: OperatorId,
    staff: StaffId,
    at: OffsetDateTime,
    hash: String,
    code: Option<Typed>,
}

impl Proof {
    pub(crate) fn new(current_password: Password, code: Option<&str>) -> Self {
        Self {
            current_password,
            code: code.map(Typed::read),
        }
    }

    /// Checks the password of the doer, who is staff. A wrong one counts as a log-in that failed.
    ///
    /// # Errors
    /// 422 about `current_password` when it is wrong; 429 after too many wrong ones.
    pub(crate) async fn check(
        self,
        app: &SharedApp,
        visitor: &Visitor,
        doer: &Doer,
    ) -> Result<Proved, Problem> {
        let (operator, staff) = doer.staff.ok_or(AccountError::NotLoggedIn)?;
        let whose = (operator, Person::Staff(staff));
        let guess = visitor.guess_of(whose);
        let hash = proved(app, &guess, whose, self.current_password, CURRENT_PASSWORD).await?;
        Ok(Proved {
            app: app.clone(),
            guess,
            operator,
            staff,
            // Who asks was known with the head; the body with the code may have taken a while.
            at: app.clock.now(),
            hash,
            code: self.code,
        })
    }
}

impl Proved {
    /// The hash of the password that was right.
    pub(super) fn hash(&self) -> &str {
        &self.hash
    }

    /// Sees that the password is still the doer's and takes the code. Ends the transaction of the change: staff are locked
    /// before second factors, as by a log-in.
    pub(crate) async fn admit(&self, db: &mut PgConnection) -> Result<(), ProofError> {
        let hash = own::password_hash(self.operator, db, Person::Staff(self.staff)).await?;
        if hash.as_ref() != Some(&self.hash) {
            return Err(ProofError::PasswordChanged);
        }
        self.take_code(db).await
    }

    /// Takes the code, where the doer has a second factor.
    pub(super) async fn take_code(&self, db: &mut PgConnection) -> Result<(), ProofError> {
        let factor = Factor {
            operator: self.operator,
            staff: self.staff,
            at: self.at,
            passwords: &self.app.passwords,
            guess: &self.guess,
            clock: &self.app.clock,
        };
        Ok(factor.admit(db, self.code.as_ref()).await?)
    }
}

impl From<ProofError> for Problem {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::CodeNeeded => Self::forbidden(
                "proof_required",
                "Send a code of your second factor, too, as code",
            ),
            ProofError::WrongCode => {
                Self::refused_field("invalid_code", "code", "The code is wrong or was used before")
            }
            ProofError::PasswordChanged => wrong_password(CURRENT_PASSWORD),
            ProofError::Account(error) => error.into(),
            ProofError::Database(error) => error.into(),
        }
    }
}
