//! The routes with which staff turn their own second factor on and off. Must never do either without the password, nor
//! off without a code.

pub(crate) mod operator;
pub(crate) mod platform;

use serde::{Deserialize, Serialize};
use shared::http::Private;
use shared::ids::StaffId;
use shared::problem::Problem;
use utoipa::ToSchema;

use super::rules::{RECOVERY_CODES, RecoveryCode, Secret, Typed};
use super::{Factor, FactorError, store};
use crate::accounts::error::AccountError;
use crate::accounts::extract::Visitor;
use crate::accounts::failures::Guess;
use crate::accounts::own_password::proved;
use crate::accounts::rules::Password;
use crate::accounts::store::Person;
use crate::accounts::store::own::delete_sessions;
use crate::app::SharedApp;
use crate::audit::{Action, Change, Doer, record};

/// The proof for beginning.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with password")]
pub(crate) struct PasswordProof {
    /// One's own.
    #[schema(value_type = String)]
    password: Password,
}

/// A code of the app that was set up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with code")]
pub(crate) struct FirstCode {
    /// Six digits.
    code: String,
}

/// The proof for changing what is on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with password and code")]
pub(crate) struct FullProof {
    /// One's own.
    #[schema(value_type = String)]
    password: Password,
    /// Six digits of the app, or a recovery code.
    code: String,
}

/// One's own second factor.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FactorStatus {
    /// Always true.
    success: bool,
    /// Whether a log-in asks for a code.
    is_on: bool,
    /// Recovery codes that were not used.
    recovery_codes_left: i64,
}

/// What an authenticator app is set up with. Shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FactorBegun {
    /// Always true.
    success: bool,
    /// For people.
    message: &'static str,
    /// In base 32, to be typed in.
    secret: String,
    /// The same to be shown as a QR code.
    otpauth_url: String,
}

/// Recovery codes. Shown once; each stands in for a code of the app once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FactorCodes {
    /// Always true.
    success: bool,
    /// For people.
    message: &'static str,
    recovery_codes: Vec<String>,
}

/// The second factor is off.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FactorOff {
    /// Always true.
    success: bool,
    /// For people.
    message: &'static str,
}

/// Somebody who works on the second factor of their own.
#[derive(Clone)]
struct Own {
    app: SharedApp,
    staff: StaffId,
    doer: Doer,
    guess: Guess,
}

impl Own {
    fn new(app: SharedApp, visitor: &Visitor, doer: Doer, staff: StaffId) -> Self {
        let guess = visitor.guess_of((doer.operator, Person::Staff(staff)));
        // Who asks was known with the head; the body with the code may have taken a while.
        let at = app.clock.now();
        Self {
            app,
            staff,
            doer: Doer { at, ..doer },
            guess,
        }
    }

    fn factor(&self) -> Factor<'_> {
        Factor {
            operator: self.doer.operator,
            staff: self.staff,
            at: self.doer.at,
            passwords: &self.app.passwords,
            guess: &self.guess,
            clock: &self.app.clock,
        }
    }

    async fn status(self) -> Result<Private<FactorStatus>, Problem> {
        let (operator, staff) = (self.doer.operator, self.staff);
        let read = self.app.db.read(move |db| {
            Box::pin(async move { Ok::<_, FactorError>(store::status(operator, db, staff).await?) })
        });
        let (is_on, recovery_codes_left) = read.await?;
        Ok(Private(FactorStatus {
            success: true,
            is_on,
            recovery_codes_left,
        }))
    }

    async fn prove_password(&self, password: Password) -> Result<(), Problem> {
        let person = Person::Staff(self.staff);
        proved(
            &self.app,
            &self.guess,
            (self.doer.operator, person),
            password,
            "password",
        )
        .await?;
        Ok(())
    }

    async fn begin(self, asked: PasswordProof) -> Result<Private<FactorBegun>, Problem> {
        self.prove_password(asked.password).await?;
        let secret = Secret::draw(&self.app.random);
        let (bytes, own) = (secret.as_bytes().to_vec(), self.clone());
        let begun = self.app.db.write(move |db| {
            let (bytes, own) = (bytes.clone(), own.clone());
            Box::pin(async move {
                let (operator, staff) = (own.doer.operator, own.staff);
                if !store::begin(operator, db, staff, &bytes, own.doer.at).await? {
                    return Err(FactorError::On);
                }
                let holder = store::holder(operator, db, staff).await?;
                holder.ok_or(FactorError::Account(AccountError::NotLoggedIn))
            })
        });
        let (issuer, login) = begun.await?;
        Ok(Private(FactorBegun {
            success: true,
            message: "Set up your app and confirm with a code",
            secret: secret.base32(),
            otpauth_url: secret.otpauth_url(&issuer, &login),
        }))
    }

    async fn confirm(self, asked: FirstCode, kept: [u8; 32]) -> Result<Private<FactorCodes>, Problem> {
        let typed = Typed::read(&asked.code);
        let codes = self.draw_codes();
        let (own, new) = (self.clone(), codes.clone());
        let confirmed = self.app.db.write(move |db| {
            let (own, typed, new) = (own.clone(), typed.clone(), new.clone());
            Box::pin(async move {
                own.factor().confirm(db, &typed, &new).await?;
                // Whoever else is logged in as this person is so without the second factor.
                delete_sessions(own.doer.operator, db, Person::Staff(own.staff), Some(&kept)).await?;
                own.record(db, Action::SecondFactorOn).await
            })
        });
        confirmed.await?;
        Ok(shown(&codes, "The second factor is on"))
    }

    async fn disable(self, asked: FullProof) -> Result<Private<FactorOff>, Problem> {
        self.prove_password(asked.password).await?;
        let typed = Typed::read(&asked.code);
        let own = self.clone();
        let disabled = self.app.db.write(move |db| {
            let (own, typed) = (own.clone(), typed.clone());
            Box::pin(async move {
                own.factor().prove(db, &typed).await?;
                store::delete(own.doer.operator, db, own.staff).await?;
                own.record(db, Action::SecondFactorOff).await
            })
        });
        disabled.await?;
        Ok(Private(FactorOff {
            success: true,
            message: "The second factor is off",
        }))
    }

    async fn new_codes(self, asked: FullProof) -> Result<Private<FactorCodes>, Problem> {
        self.prove_password(asked.password).await?;
        let typed = Typed::read(&asked.code);
        let codes = self.draw_codes();
        let (own, new) = (self.clone(), codes.clone());
        let changed = self.app.db.write(move |db| {
            let (own, typed, new) = (own.clone(), typed.clone(), new.clone());
            Box::pin(async move {
                own.factor().prove(db, &typed).await?;
                store::put_recovery_codes(own.doer.operator, db, own.staff, &new).await?;
                own.record(db, Action::RecoveryCodesChanged).await
            })
        });
        changed.await?;
        Ok(shown(
            &codes,
            "The recovery codes until now do not count any more",
        ))
    }

    async fn record(&self, db: &mut sqlx::PgConnection, action: Action) -> Result<(), FactorError> {
        Ok(record(self.doer.operator, db, &self.doer, action, Change::default()).await?)
    }

    fn draw_codes(&self) -> Vec<RecoveryCode> {
        (0..RECOVERY_CODES)
            .map(|_| RecoveryCode::draw(&self.app.random))
            .collect()
    }
}

fn shown(codes: &[RecoveryCode], message: &'static str) -> Private<FactorCodes> {
    Private(FactorCodes {
        success: true,
        message,
        recovery_codes: codes.iter().map(RecoveryCode::shown).collect(),
    })
}

impl From<FactorError> for Problem {
    fn from(error: FactorError) -> Self {
        match error {
            FactorError::On => Self::conflict("second_factor_on", "There is a second factor already"),
            FactorError::Off => Self::conflict("second_factor_off", "There is no second factor"),
            FactorError::NotBegun => Self::conflict("second_factor_not_begun", "No second factor was begun"),
            FactorError::Account(AccountError::WrongCode { .. }) => {
                Self::refused_field("invalid_code", "code", "The code is wrong or was used before")
            }
            FactorError::Account(error) => error.into(),
            FactorError::Database(error) => error.into(),
        }
    }
}
