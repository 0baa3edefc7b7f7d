//! The routes for the second factor of an operator's staff. Must never reach anybody's but who asks.

use axum::extract::State;
use shared::http::{JsonBody, Private};
use shared::problem::{Problem, ProblemBody};

use super::{FactorBegun, FactorCodes, FactorOff, FactorStatus, FirstCode, FullProof, Own, PasswordProof};
use crate::accounts::extract::OperatorStaff;
use crate::accounts::extract::Visitor;
use crate::app::SharedApp;
use crate::audit::Doer;

/// Tells whether one's own second factor is on.
#[utoipa::path(get, path = "/api/admin/{subdomain}/totp", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = FactorStatus),
        (status = 404, body = ProblemBody)))]
pub(crate) async fn status(
    staff: OperatorStaff,
    doer: Doer,
    visitor: Visitor,
    State(app): State<SharedApp>,
) -> Result<Private<FactorStatus>, Problem> {
    own(app, &staff, doer, &visitor).status().await
}

/// Begins a second factor: tells the secret that an authenticator app is set up with. Nothing is asked for until a code
/// of it was sent to `confirm`; beginning again makes another secret.
#[utoipa::path(post, path = "/api/admin/{subdomain}/totp/begin", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    request_body = PasswordProof,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = FactorBegun),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody),
        (status = 429, body = ProblemBody)))]
pub(crate) async fn begin(
    staff: OperatorStaff,
    doer: Doer,
    visitor: Visitor,
    State(app): State<SharedApp>,
    JsonBody(asked): JsonBody<PasswordProof>,
) -> Result<Private<FactorBegun>, Problem> {
    own(app, &staff, doer, &visitor).begin(asked).await
}

/// Turns the second factor on that was begun: from now on a log-in needs a `code`. Shows ten recovery codes, once.
#[utoipa::path(post, path = "/api/admin/{subdomain}/totp/confirm", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    request_body = FirstCode,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = FactorCodes),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody),
        (status = 429, body = ProblemBody)))]
pub(crate) async fn confirm(
    staff: OperatorStaff,
    doer: Doer,
    visitor: Visitor,
    State(app): State<SharedApp>,
    JsonBody(asked): JsonBody<FirstCode>,
) -> Result<Private<FactorCodes>, Problem> {
    own(app, &staff, doer, &visitor)
        .confirm(asked, staff.token_hash)
        .await
}

/// Turns the second factor off.
#[utoipa::path(post, path = "/api/admin/{subdomain}/totp/disable", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    request_body = FullProof,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = FactorOff),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody),
        (status = 429, body = ProblemBody)))]
pub(crate) async fn disable(
    staff: OperatorStaff,
    doer: Doer,
    visitor: Visitor,
    State(app): State<SharedApp>,
    JsonBody(asked): JsonBody<FullProof>,
) -> Result<Private<FactorOff>, Problem> {
    own(app, &staff, doer, &visitor).disable(asked).await
}

/// Shows ten new recovery codes, once, in the place of those until now.
#[utoipa::path(post, path = "/api/admin/{subdomain}/totp/recovery-codes", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    request_body = FullProof,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = FactorCodes),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody),
        (status = 429, body = ProblemBody)))]
pub(crate) async fn recovery_codes(
    staff: OperatorStaff,
    doer: Doer,
    visitor: Visitor,
    State(app): State<SharedApp>,
    JsonBody(asked): JsonBody<FullProof>,
) -> Result<Private<FactorCodes>, Problem> {
    own(app, &staff, doer, &visitor).new_codes(asked).await
}

fn own(app: SharedApp, staff: &OperatorStaff, doer: Doer, visitor: &Visitor) -> Own {
    Own::new(app, visitor, doer, staff.staff)
}
