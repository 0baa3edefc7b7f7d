//! Log-in, log-out and passwords of an operator's staff and of the platform's. Must never let one in where the other belongs.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::http::{JsonBody, Private};
use shared::ids::OperatorId;
use shared::problem::{Problem, ProblemBody};
use utoipa::ToSchema;

use crate::app::{App, SharedApp};
use crate::audit::{Doer, PlatformDoer};
use crate::openapi::{Asking, Sending};

use super::super::error::AccountError;
use super::super::extract::{Leaving, OperatorStaff, PlatformStaff, Visitor};
use super::super::login::{self, Account, Attempt};
use super::super::own_password::{Own, PasswordChanged, StaffPasswordChange, new_password};
use super::super::proof::Proof;
use super::super::rules::{LoginName, Password};
use super::super::second_factor::Typed;
use super::super::store::{self, Person, PlatformStaffRow, StaffRow};
use super::super::token::Realm;
use super::{LoggedIn, LoggedOut, WithCookie};

/// The log-in of an operator's staff.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct StaffLogin {
    /// Log-in name, in any case.
    #[schema(value_type = String)]
    login: LoginName,
    /// 1 to 200 bytes.
    #[schema(value_type = String)]
    password: Password,
    /// Six digits of an authenticator app, or a recovery code. Asked for by `second_factor_required`.
    code: Option<String>,
    /// When given, only staff of this operator is let in.
    #[serde(default)]
    subdomain: Option<String>,
}

/// The log-in of the platform's staff.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PlatformLogin {
    /// Log-in name, in any case.
    #[schema(value_type = String)]
    username: LoginName,
    /// 1 to 200 bytes.
    #[schema(value_type = String)]
    password: Password,
    /// Six digits of an authenticator app, or a recovery code. Asked for by `second_factor_required`.
    code: Option<String>,
}

/// Staff who are logged in now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StaffLoggedIn {
    #[serde(flatten)]
    logged_in: LoggedIn,
    operator: OperatorOfStaff,
}

/// Whether staff is logged in, and where.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StaffCheck {
    /// Always true.
    success: bool,
    logged_in: bool,
    /// Only when somebody is logged in.
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<OperatorOfStaff>,
}

#[derive(Debug, Serialize, ToSchema)]
struct OperatorOfStaff {
    /// The operator's number.
    id: OperatorId,
    /// The log-in name of the person.
    login: String,
    sportsbook_name: String,
    subdomain: String,
}

impl From<StaffRow> for OperatorOfStaff {
    fn from(row: StaffRow) -> Self {
        Self {
            id: row.operator,
            login: row.login,
            sportsbook_name: row.operator_name,
            subdomain: row.subdomain,
        }
    }
}

impl Account for StaffRow {
    fn person(&self) -> (OperatorId, Person) {
        (self.operator, Person::Staff(self.id))
    }

    fn password_hash(&self) -> String {
        self.password_hash.clone()
    }
}

impl Account for PlatformStaffRow {
    fn person(&self) -> (OperatorId, Person) {
        (OperatorId::PLATFORM, Person::Staff(self.id))
    }

    fn password_hash(&self) -> String {
        self.password_hash.clone()
    }
}

/// Logs an operator's staff in and makes a new session. Who has a second factor needs a `code`, too: after the right
/// password without one the answer is 401 `second_factor_required`.
#[utoipa::path(post, path = "/api/admin-login", tag = "accounts", request_body = StaffLogin,
    responses(
        (status = 200, body = StaffLoggedIn),
        (status = 429, body = ProblemBody), Sending))]
pub(crate) async fn login(
    State(app): State<SharedApp>,
    visitor: Visitor,
    JsonBody(body): JsonBody<StaffLogin>,
) -> Result<WithCookie<StaffLoggedIn>, Problem> {
    let attempt = Attempt::begin(&app, visitor, Realm::OperatorStaff, "", &body.login)?;
    let (name, code) = (body.login, body.code.as_deref().map(Typed::read));
    let found = app
        .db
        .read(move |db| {
            let name = name.clone();
            Box::pin(async move {
                let staff = store::staff_by_login(db, &name).await?;
                Ok::<_, AccountError>(staff)
            })
        })
        .await?;
    let wanted = body.subdomain.filter(|text| !text.trim().is_empty());
    // Only once the password was checked and counted: a guess at another address counts and looks the same.
    let (staff, proof) = attempt.verified(body.password, found).await?;
    let is_there = |wanted: &String| wanted.trim().eq_ignore_ascii_case(&staff.subdomain);
    if !wanted.as_ref().is_none_or(is_there) {
        return Err(attempt.refused().into());
    }
    if !staff.operator_is_active {
        return Err(AccountError::OperatorDisabled.into());
    }
    if !staff.is_active {
        return Err(AccountError::AccountDisabled.into());
    }
    let token = attempt
        .open(staff.operator, Person::Staff(staff.id), proof, code)
        .await?;
    Ok(WithCookie {
        cookie: Realm::OperatorStaff.cookie_with(&token, &app.options.accounts),
        body: StaffLoggedIn {
            logged_in: LoggedIn::with(&token),
            operator: staff.into(),
        },
    })
}

/// Ends the session of an operator's staff; also answers 200 when there is none.
#[utoipa::path(post, path = "/api/admin-logout", tag = "accounts",
    responses((status = 200, body = LoggedOut), Asking))]
pub(crate) async fn logout(
    State(app): State<SharedApp>,
    leaving: Leaving,
) -> Result<WithCookie<LoggedOut>, Problem> {
    Ok(leave(&app, &leaving, Realm::OperatorStaff).await?)
}

/// Whether an operator's staff is logged in, for pages that have to decide what to show. Never 401.
#[utoipa::path(get, path = "/api/admin-check", tag = "accounts",
    responses(
        (status = 200, body = StaffCheck),
        (status = 503, body = ProblemBody),
    ))]
pub(crate) async fn check(
    State(app): State<SharedApp>,
    session: Result<OperatorStaff, Problem>,
) -> Result<Private<StaffCheck>, Problem> {
    let row = match session {
        Ok(OperatorStaff { operator, staff, .. }) => {
            app.db
                .read(move |db| {
                    Box::pin(async move {
                        let row = store::staff_by_id(operator, db, staff).await?;
                        Ok::<_, AccountError>(row)
                    })
                })
                .await?
        }
        Err(problem) if problem.status().is_client_error() => None,
        Err(problem) => return Err(problem),
    };
    Ok(Private(StaffCheck {
        success: true,
        logged_in: row.is_some(),
        operator: row.map(OperatorOfStaff::from),
    }))
}

/// Logs the platform's staff in and makes a new session. A disabled account is refused like a wrong password. Who has a
/// second factor needs a `code`, too: after the right password without one the answer is 401 `second_factor_required`.
#[utoipa::path(post, path = "/api/superadmin/login", tag = "accounts", request_body = PlatformLogin,
    responses(
        (status = 200, body = LoggedIn),
        (status = 429, body = ProblemBody), Sending))]
pub(crate) async fn platform_login(
    State(app): State<SharedApp>,
    visitor: Visitor,
    JsonBody(body): JsonBody<PlatformLogin>,
) -> Result<WithCookie<LoggedIn>, Problem> {
    let attempt = Attempt::begin(&app, visitor, Realm::PlatformStaff, "", &body.username)?;
    let (name, code) = (body.username, body.code.as_deref().map(Typed::read));
    let found = app
        .db
        .read(move |db| {
            let name = name.clone();
            Box::pin(async move {
                let staff = store::platform_staff_by_login(db, &name).await?;
                Ok::<_, AccountError>(staff.filter(|staff| staff.is_active))
            })
        })
        .await?;
    let (staff, proof) = attempt.verified(body.password, found).await?;
    let (operator, person) = staff.person();
    let token = attempt.open(operator, person, proof, code).await?;
    Ok(WithCookie {
        cookie: Realm::PlatformStaff.cookie_with(&token, &app.options.accounts),
        body: LoggedIn::with(&token),
    })
}

/// Ends the session of the platform's staff; also answers 200 when there is none.
#[utoipa::path(post, path = "/api/superadmin/logout", tag = "accounts",
    responses((status = 200, body = LoggedOut), Asking))]
pub(crate) async fn platform_logout(
    State(app): State<SharedApp>,
    leaving: Leaving,
) -> Result<WithCookie<LoggedOut>, Problem> {
    Ok(leave(&app, &leaving, Realm::PlatformStaff).await?)
}

async fn leave(app: &App, leaving: &Leaving, realm: Realm) -> Result<WithCookie<LoggedOut>, AccountError> {
    if let Some(credential) = leaving.credential(realm)? {
        login::close_session(app, credential.token()).await?;
    }
    Ok(LoggedOut::clearing(realm, app))
}

/// Changes the password of staff of an operator and ends their other sessions. Who has a second factor needs a `code`,
/// too. After too many wrong proofs, none is tried for a while.
#[utoipa::path(post, path = "/api/admin/{subdomain}/change-password", tag = "operators",
    request_body = StaffPasswordChange,
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 200, body = PasswordChanged),
        (status = 404, body = ProblemBody),
        (status = 429, body = ProblemBody),
    ))]
pub(crate) async fn change_password(
    State(app): State<SharedApp>,
    session: OperatorStaff,
    doer: Doer,
    visitor: Visitor,
    JsonBody(body): JsonBody<StaffPasswordChange>,
) -> Result<Private<PasswordChanged>, Problem> {
    change_own(&app, &visitor, doer, session.token_hash, body).await
}

/// Changes the password of staff of the platform and ends their other sessions. Who has a second factor needs a `code`,
/// too. After too many wrong proofs, none is tried for a while.
#[utoipa::path(post, path = "/api/superadmin/change-password", tag = "platform", request_body = StaffPasswordChange,
    security(("bearer" = []), ("platform_cookie" = [])),
    responses(
        (status = 200, body = PasswordChanged),
        (status = 429, body = ProblemBody),
    ))]
pub(crate) async fn change_platform_password(
    State(app): State<SharedApp>,
    session: PlatformStaff,
    doer: PlatformDoer,
    visitor: Visitor,
    JsonBody(body): JsonBody<StaffPasswordChange>,
) -> Result<Private<PasswordChanged>, Problem> {
    let doer = doer.at(OperatorId::PLATFORM);
    change_own(&app, &visitor, doer, session.token_hash, body).await
}

/// Changes the doer's own password.
async fn change_own(
    app: &SharedApp,
    visitor: &Visitor,
    doer: Doer,
    token_hash: [u8; 32],
    asked: StaffPasswordChange,
) -> Result<Private<PasswordChanged>, Problem> {
    let (operator, staff) = doer.staff.ok_or(AccountError::NotLoggedIn)?;
    let new = new_password(&asked.new_password)?;
    let proof = Proof::new(asked.current_password, asked.code.as_deref());
    let proved = proof.check(app, visitor, &doer).await?;
    let old_hash = proved.hash().to_owned();
    let own = Own {
        operator,
        person: Person::Staff(staff),
        token_hash,
        staff: Some((doer, proved)),
    };
    own.change_password(app, old_hash, new).await.map(Private)
}
