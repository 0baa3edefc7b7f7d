//! The routes for the staff of an operator. Must never reach anybody else's staff.

use axum::extract::{Path, State};
use serde::Deserialize;
use shared::http::{JsonBody, OptionalJson, Private, QueryParams};
use shared::problem::{Problem, ProblemBody};
use utoipa::ToSchema;

use super::{
    Asked, StaffList, StaffPasswordReset, StaffPasswordWasReset, StaffPath, StaffSaved, ToggleStaff,
};
use crate::accounts::{OperatorStaff, Role};
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
#[serde(deny_unknown_fields, expecting = "an object with login and password")]
pub(crate) struct NewOperatorStaff {
    /// 3 to 50 letters, digits or underscores of ASCII. Unique in the whole installation, in any case.
    login: String,
    /// 8 characters or more, at most 200 bytes.
    password: String,
    /// Where to write to.
    email: Option<String>,
}

/// Makes somebody staff of the operator. Whoever is staff of an operator may do everything there.
#[utoipa::path(post, path = "/api/admin/{subdomain}/staff", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    request_body = NewOperatorStaff,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 200, body = StaffSaved),
        (status = 404, body = ProblemBody),
    ))]
pub(crate) async fn add(
    doer: Doer,
    State(app): State<SharedApp>,
    JsonBody(asked): JsonBody<NewOperatorStaff>,
) -> Result<Private<StaffSaved>, Problem> {
    let asked = Asked {
        login: &asked.login,
        password: &asked.password,
        email: asked.email.as_deref(),
        role: Role::Owner,
    };
    super::add(&app, doer, asked).await
}

/// Disables a colleague, which ends all of the colleague's sessions, or enables the colleague again. Nobody does it to
/// themselves, and the last who is active stays so. Asking for what is already so succeeds and changes nothing.
#[utoipa::path(post, path = "/api/admin/{subdomain}/staff/{id}/toggle", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), StaffPath),
    request_body = Option<ToggleStaff>,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 200, body = StaffSaved),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody),
    ))]
pub(crate) async fn toggle(
    doer: Doer,
    State(app): State<SharedApp>,
    Path(path): Path<StaffPath>,
    OptionalJson(asked): OptionalJson<ToggleStaff>,
) -> Result<Private<StaffSaved>, Problem> {
    super::toggle(&app, doer, path.staff()?, asked).await
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
    ))]
pub(crate) async fn reset_password(
    doer: Doer,
    State(app): State<SharedApp>,
    Path(path): Path<StaffPath>,
    JsonBody(asked): JsonBody<StaffPasswordReset>,
) -> Result<Private<StaffPasswordWasReset>, Problem> {
    super::reset_password(&app, doer, path.staff()?, &asked).await
}

/// Takes a colleague's second factor away, who has lost it. One's own is turned off with a code.
#[utoipa::path(post, path = "/api/admin/{subdomain}/staff/{id}/reset-totp", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), StaffPath),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 200, body = StaffSaved),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody),
    ))]
pub(crate) async fn reset_second_factor(
    doer: Doer,
    State(app): State<SharedApp>,
    Path(path): Path<StaffPath>,
) -> Result<Private<StaffSaved>, Problem> {
    super::reset_second_factor(&app, doer, path.staff()?).await
}
