//! The change of one's own password, whoever one is. Must never change it for who does not know the one until now.

use serde::{Deserialize, Serialize};
use shared::ids::OperatorId;
use shared::problem::Problem;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::error::AccountError;
use super::failures::Guess;
use super::passwords::HashedPassword;
use super::proof::{ProofError, Proved};
use super::rules::Password;
use super::store::{Person, own};
use crate::app::App;
use crate::audit::{Action, Change, Doer, record};

/// What a password change calls the one until now.
pub(super) const CURRENT_PASSWORD: &str = "current_password";

/// Another password.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PasswordChange {
    /// The one until now.
    #[schema(value_type = String)]
    pub(super) current_password: Password,
    /// 8 characters or more, at most 200 bytes.
    pub(super) new_password: String,
}

/// Another password for staff.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct StaffPasswordChange {
    /// The one until now.
    #[schema(value_type = String)]
    pub(super) current_password: Password,
    /// 8 characters or more, at most 200 bytes.
    pub(super) new_password: String,
    /// Six digits of one's authenticator app, or a recovery code. Asked for by `proof_required`.
    pub(super) code: Option<String>,
}

/// The password was changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasswordChanged {
    /// Always true.
    success: bool,
    /// For people.
    message: &'static str,
    /// Other sessions of the person that ended with it.
    sessions_ended: u64,
}

/// Somebody who is logged in.
#[derive(Clone, Debug)]
pub(super) struct Own {
    pub(super) operator: OperatorId,
    pub(super) person: Person,
    /// Of the session that lasts.
    pub(super) token_hash: [u8; 32],
    /// Staff, of whom the audit log tells, and what they proved.
    pub(super) staff: Option<(Doer, Proved)>,
}

impl Own {
    /// Puts `new` in the place of the password of `old_hash`, which was proved, and ends all other sessions of the person.
    ///
    /// # Errors
    /// 422 when the password is another one by now, or a code of staff is wrong; 403 when none was sent.
    pub(super) async fn change_password(
        self,
        app: &App,
        old_hash: String,
        new: Password,
    ) -> Result<PasswordChanged, Problem> {
        let new = app.passwords.hash(&new, &app.random).await?;
        let change = app.db.write(move |db| {
            let (own, old_hash, new) = (self.clone(), old_hash.clone(), new.clone());
            Box::pin(async move { own.put_password(db, &old_hash, &new).await })
        });
        // None: somebody changed it meanwhile, so that it is not the password any more.
        let sessions_ended = change.await?.ok_or_else(|| wrong_password(CURRENT_PASSWORD))?;
        Ok(PasswordChanged {
            success: true,
            message: "Password changed successfully",
            sessions_ended,
        })
    }

    /// How many sessions ended, if `old_hash` was still the password.
    async fn put_password(
        &self,
        db: &mut PgConnection,
        old_hash: &str,
        new: &HashedPassword,
    ) -> Result<Option<u64>, ProofError> {
        let (operator, person) = (self.operator, self.person);
        if !own::put_password(operator, db, person, old_hash, new).await? {
            return Ok(None);
        }
        if let Some((doer, proved)) = &self.staff {
            proved.take_code(db).await?;
            record(operator, db, doer, Action::PasswordChanged, Change::default()).await?;
        }
        let ended = own::delete_sessions(operator, db, person, Some(&self.token_hash)).await?;
        Ok(Some(ended))
    }
}

/// What `new_password` holds, if it will do.
pub(crate) fn new_password(text: &str) -> Result<Password, Problem> {
    Password::for_new_account(text).map_err(|error| Problem::invalid_field("new_password", error.to_string()))
}

/// The hash of somebody's password, if `password` is the one.
///
/// # Errors
/// 422 about `field` when it is not; 429 after too many wrong ones.
pub(super) async fn proved(
    app: &App,
    guess: &Guess,
    (operator, person): (OperatorId, Person),
    password: Password,
    field: &str,
) -> Result<String, Problem> {
    let found = app.db.read(move |db| {
        Box::pin(async move { Ok::<_, AccountError>(own::password_hash(operator, db, person).await?) })
    });
    let hash = found.await?.ok_or(AccountError::NotLoggedIn)?;
    app.passwords.admit(guess, &app.clock)?;
    let verdict = app
        .passwords
        .check(guess, password, Some(hash.clone()), &app.clock);
    if verdict.await?.is_right() {
        Ok(hash)
    } else {
        Err(wrong_password(field))
    }
}

pub(super) fn wrong_password(field: &str) -> Problem {
    Problem::refused_field("wrong_password", field, "Current password is incorrect")
}
