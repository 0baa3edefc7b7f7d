//! The routes for the staff of an operator. Must never reach anybody else's staff.

use axum::extract::{Path, State};
use serde::Deserialize;
use shared::http::{JsonBody, Private, QueryParams};
use shared::problem::{Problem, ProblemBody};
use utoipa::ToSchema;

use super::{
    Asked, StaffList, StaffPasswordReset, StaffPasswordWasReset, StaffPath, StaffProof, StaffSaved,
    ToggleStaff,
};
use crate::accounts::{OperatorStaff, Password, Proof, Role, Visitor};
use crate::app::SharedApp;
use crate::audit::Doer;
use crate::paging::PageQuery;

/// Lists the operator's staff.
#[utoipa::path(get, path = "/api/admin/{subdomain}/staff", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), PageQuery),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 200, body = StaffList),
        (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(crate) async fn list(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
    QueryParams(page): QueryParams<PageQuery>,
) -> Result<Private<StaffList>, Problem> {
    super::list(&app, staff.operator, staff.staff, page).await
}

/// Somebody who is to be staff of an operator.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with login, password and current_password"
)]
pub(crate) struct NewOperatorStaff {
    /// 3 to 50 letters, digits or underscores of ASCII. Unique in the whole installation, in any case.
    login: String,
    /// 8 characters or more, at most 200 bytes.
    password: String,
    /// Where to write to.
    email: Option<String>,
    /// The doer's own.
    #[schema(value_type = String)]
    current_password: Password,
    /// Six digits of the doer's authenticator app, or a recovery code. Asked for by `proof_required`.
    code: Option<String>,
}

/// Makes somebody staff of the operator. Whoever is staff of an operator may do everything there.
#[utoipa::path(post, path = "/api/admin/{subdomain}/staff", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    request_body = NewOperatorStaff,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 200, body = StaffSaved),
        (status = 404, body = ProblemBody),
        (status = 429, body = ProblemBody),
    ))]
pub(crate) async fn add(
    doer: Doer,
    visitor: Visitor,
    State(app): State<SharedApp>,
    JsonBody(asked): JsonBody<NewOperatorStaff>,
) -> Result<Private<StaffSaved>, Problem> {
    let asked = Asked {
        proof: Proof::new(asked.current_password, asked.code.as_deref()),
        login: &asked.login,
        password: &asked.password,
        email: asked.email.as_deref(),
        role: Role::Owner,
    };
    super::add(&app, (doer, visitor), asked).await
}

/// Disables a colleague, which ends all of the colleague's sessions, or enables the colleague again. Nobody does it to
/// themselves, and the last who is active stays so. Asking for what is already so succeeds and changes nothing.
#[utoipa::path(post, path = "/api/admin/{subdomain}/staff/{id}/toggle", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), StaffPath),
    request_body = ToggleStaff,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 200, body = StaffSaved),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody),
        (status = 429, body = ProblemBody),
    ))]
pub(crate) async fn toggle(
    doer: Doer,
    visitor: Visitor,
    State(app): State<SharedApp>,
    Path(path): Path<StaffPath>,
    JsonBody(asked): JsonBody<ToggleStaff>,
) -> Result<Private<StaffSaved>, Problem> {
    super::toggle(&app, (doer, visitor), path.staff()?, asked).await
}

/// Gives a colleague another password and ends the colleague's sessions. One's own is changed with the one until now.
#[utoipa::path(post, path = "/api/admin/{subdomain}/staff/{id}/reset-password", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), StaffPath),
    request_body = StaffPasswordReset,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 200, body = StaffPasswordWasReset),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody),
        (status = 429, body = ProblemBody),
    ))]
pub(crate) async fn reset_password(
    doer: Doer,
    visitor: Visitor,
    State(app): State<SharedApp>,
    Path(path): Path<StaffPath>,
    JsonBody(asked): JsonBody<StaffPasswordReset>,
) -> Result<Private<StaffPasswordWasReset>, Problem> {
    super::reset_password(&app, (doer, visitor), path.staff()?, asked).await
}

/// Takes a colleague's second factor away, who has lost it. One's own is turned off with a code.
#[utoipa::path(post, path = "/api/admin/{subdomain}/staff/{id}/reset-totp", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), StaffPath),
    request_body = StaffProof,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 200, body = StaffSaved),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody),
        (status = 429, body = ProblemBody),
    ))]
pub(crate) async fn reset_second_factor(
    doer: Doer,
    visitor: Visitor,
    State(app): State<SharedApp>,
    Path(path): Path<StaffPath>,
    JsonBody(asked): JsonBody<StaffProof>,
) -> Result<Private<StaffSaved>, Problem> {
    super::reset_second_factor(&app, (doer, visitor), path.staff()?, asked).await
}
