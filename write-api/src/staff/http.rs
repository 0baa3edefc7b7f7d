//! What the routes of both kinds of staff have in common: bodies, answers, and the work. Must never show a password or
//! its hash.

pub(crate) mod operator;
pub(crate) mod platform;

use serde::{Deserialize, Serialize};
use shared::db::DbError;
use shared::field::FieldError;
use shared::http::Private;
use shared::ids::{OperatorId, PathNumber, StaffId};
use shared::problem::Problem;
use sqlx::PgConnection;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::changes;
use super::error::StaffError;
use super::store::{self, StaffRow};
use crate::accounts::{Email, NewStaff, Password, Proof, Role, StaffLogin, TextError, Visitor, new_password};
use crate::app::{App, SharedApp};
use crate::audit::Doer;
use crate::paging::{Page, PageQuery, Pagination};

/// A page of staff, the first first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StaffList {
    /// Always true.
    success: bool,
    staff: Vec<ShownStaff>,
    pagination: Pagination,
}

/// One of the staff.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownStaff {
    id: StaffId,
    /// The log-in name.
    login: String,
    /// Where to write to, if that is known.
    email: Option<String>,
    /// What staff of the platform may do. Staff of an operator are all owners.
    role: Role,
    is_active: bool,
    /// Whether a log-in asks for a one-time code.
    has_second_factor: bool,
    /// Whether it is who asks.
    is_you: bool,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    last_login: Option<OffsetDateTime>,
}

/// One of the staff, as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StaffSaved {
    /// Always true.
    success: bool,
    /// For people.
    message: &'static str,
    staff: ShownStaff,
}

/// Which of the staff.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct StaffPath {
    /// The number.
    id: String,
}

impl StaffPath {
    fn staff(&self) -> Result<StaffId, StaffError> {
        let id = PathNumber::parse(&self.id).ok_or(StaffError::NoStaff)?;
        Ok(StaffId::new(id.get()))
    }
}

/// Whether somebody is let in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with current_password")]
pub(crate) struct ToggleStaff {
    /// Left out: the other way than it is now.
    #[serde(default, deserialize_with = "shared::http::present")]
    #[schema(value_type = bool, required = false)]
    is_active: Option<bool>,
    /// The doer's own.
    #[schema(value_type = String)]
    current_password: Password,
    /// Six digits of the doer's authenticator app, or a recovery code. Asked for by `proof_required`.
    code: Option<String>,
}

/// The proof for a change that needs nothing else.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with current_password")]
pub(crate) struct StaffProof {
    /// The doer's own.
    #[schema(value_type = String)]
    current_password: Password,
    /// Six digits of the doer's authenticator app, or a recovery code. Asked for by `proof_required`.
    code: Option<String>,
}

/// Another password for somebody else.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with new_password and current_password"
)]
pub(crate) struct StaffPasswordReset {
    /// 8 characters or more, at most 200 bytes.
    new_password: String,
    /// The doer's own.
    #[schema(value_type = String)]
    current_password: Password,
    /// Six digits of the doer's authenticator app, or a recovery code. Asked for by `proof_required`.
    code: Option<String>,
}

/// A password was reset.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StaffPasswordWasReset {
    /// Always true.
    success: bool,
    /// For people.
    message: &'static str,
    /// Whose.
    login: String,
    /// Sessions that ended with it.
    sessions_ended: u64,
}

/// Somebody to be, as asked for.
struct Asked<'a> {
    proof: Proof,
    login: &'a str,
    password: &'a str,
    email: Option<&'a str>,
    role: Role,
}

impl Asked<'_> {
    /// Every member that holds what it may not is named.
    fn checked(&self) -> Result<(StaffLogin, Password, Option<Email>), Vec<FieldError>> {
        let login = StaffLogin::parse(self.login);
        let password = Password::for_new_account(self.password);
        let email = self.email.map(Email::parse).transpose();
        match (login, password, email) {
            (Ok(login), Ok(password), Ok(email)) => Ok((login, password, email)),
            (login, password, email) => {
                let errors = [
                    ("login", login.err()),
                    ("password", password.err()),
                    ("email", email.err()),
                ];
                let named = |(field, error): (&str, Option<TextError>)| Some(FieldError::new(field, error?));
                Err(errors.into_iter().filter_map(named).collect())
            }
        }
    }
}

/// Shows a page of the operator's staff to `reader`, who is one of them.
async fn list(
    app: &App,
    operator: OperatorId,
    reader: StaffId,
    page: PageQuery,
) -> Result<Private<StaffList>, Problem> {
    let page = page.read().map_err(Problem::invalid_fields)?;
    let read = app.db.read(move |db| {
        Box::pin(async move {
            let total = store::count(operator, db).await?;
            Ok::<_, DbError>((total, store::page(operator, db, None, page).await?))
        })
    });
    let (total, rows) = read.await?;
    Ok(Private(StaffList {
        success: true,
        staff: rows.into_iter().map(|row| shown(row, Some(reader))).collect(),
        pagination: page.of(total),
    }))
}

async fn add(
    app: &SharedApp,
    (doer, visitor): (Doer, Visitor),
    asked: Asked<'_>,
) -> Result<Private<StaffSaved>, Problem> {
    let (login, password, email) = asked.checked().map_err(Problem::invalid_fields)?;
    let proved = asked.proof.check(app, &visitor, &doer).await?;
    let new = NewStaff {
        login,
        password: app.passwords.hash(&password, &app.random).await?,
        email,
        role: asked.role,
    };
    let added = app.db.write(move |db| {
        let (doer, proved, new) = (doer.clone(), proved.clone(), new.clone());
        Box::pin(async move {
            let id = changes::add(&doer, db, &new).await?;
            proved.admit(db).await?;
            saved(&doer, db, id, "Staff added").await
        })
    });
    Ok(Private(added.await?))
}

async fn toggle(
    app: &SharedApp,
    (doer, visitor): (Doer, Visitor),
    staff: StaffId,
    asked: ToggleStaff,
) -> Result<Private<StaffSaved>, Problem> {
    let proof = Proof::new(asked.current_password, asked.code.as_deref());
    let proved = proof.check(app, &visitor, &doer).await?;
    let switched = app.db.write(move |db| {
        let (doer, proved) = (doer.clone(), proved.clone());
        Box::pin(async move {
            changes::switch(&doer, db, staff, asked.is_active).await?;
            proved.admit(db).await?;
            saved(&doer, db, staff, "Staff saved").await
        })
    });
    Ok(Private(switched.await?))
}

async fn reset_password(
    app: &SharedApp,
    (doer, visitor): (Doer, Visitor),
    staff: StaffId,
    asked: StaffPasswordReset,
) -> Result<Private<StaffPasswordWasReset>, Problem> {
    let new = new_password(&asked.new_password)?;
    let proof = Proof::new(asked.current_password, asked.code.as_deref());
    let proved = proof.check(app, &visitor, &doer).await?;
    let password = app.passwords.hash(&new, &app.random).await?;
    let reset = app.db.write(move |db| {
        let (doer, proved, password) = (doer.clone(), proved.clone(), password.clone());
        Box::pin(async move {
            let reset = changes::reset_password(&doer, db, staff, &password).await?;
            proved.admit(db).await?;
            Ok::<_, StaffError>(reset)
        })
    });
    let (login, sessions_ended) = reset.await?;
    Ok(Private(StaffPasswordWasReset {
        success: true,
        message: "Password reset successfully",
        login,
        sessions_ended,
    }))
}

async fn reset_second_factor(
    app: &SharedApp,
    (doer, visitor): (Doer, Visitor),
    staff: StaffId,
    asked: StaffProof,
) -> Result<Private<StaffSaved>, Problem> {
    let proof = Proof::new(asked.current_password, asked.code.as_deref());
    let proved = proof.check(app, &visitor, &doer).await?;
    let reset = app.db.write(move |db| {
        let (doer, proved) = (doer.clone(), proved.clone());
        Box::pin(async move {
            changes::reset_second_factor(&doer, db, staff).await?;
            proved.admit(db).await?;
            saved(&doer, db, staff, "Staff saved").await
        })
    });
    Ok(Private(reset.await?))
}

/// How somebody is now, in the transaction of the change.
async fn saved(
    doer: &Doer,
    db: &mut PgConnection,
    staff: StaffId,
    message: &'static str,
) -> Result<StaffSaved, StaffError> {
    Ok(StaffSaved {
        success: true,
        message,
        staff: one(doer, db, staff).await?,
    })
}

/// One of the staff, as the doer sees it.
async fn one(doer: &Doer, db: &mut PgConnection, staff: StaffId) -> Result<ShownStaff, StaffError> {
    let rows = store::page(doer.operator, db, Some(staff), Page::FIRST).await?;
    let row = rows.into_iter().next().ok_or(StaffError::NoStaff)?;
    // None of them where staff of the platform look at an operator's.
    let reader = doer.staff.filter(|(operator, _)| *operator == doer.operator);
    Ok(shown(row, reader.map(|(_, id)| id)))
}

fn shown(row: StaffRow, reader: Option<StaffId>) -> ShownStaff {
    ShownStaff {
        is_you: reader == Some(row.id),
        id: row.id,
        login: row.login,
        email: row.email,
        role: row.role,
        is_active: row.is_active,
        has_second_factor: row.has_second_factor,
        created_at: row.created_at,
        last_login: row.last_login_at,
    }
}

impl From<StaffError> for Problem {
    fn from(error: StaffError) -> Self {
        match error {
            StaffError::NoStaff => Self::not_found("staff_not_found", "There is no such staff"),
            StaffError::OwnAccount => {
                Self::conflict("own_account", "Somebody else has to do this to your account")
            }
            StaffError::LastOwner => {
                Self::conflict("last_owner", "Nobody would be left who may do everything")
            }
            StaffError::Unproved(error) => error.into(),
            StaffError::Refused(error) => error.into(),
            StaffError::Database(error) => error.into(),
        }
    }
}
