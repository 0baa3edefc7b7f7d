//! The routes for the second factor of the platform's staff. Must never reach anybody's but who asks.

use axum::extract::State;
use shared::http::{JsonBody, Private};
use shared::ids::OperatorId;
use shared::problem::{Problem, ProblemBody};

use super::{FactorBegun, FactorCodes, FactorOff, FactorStatus, FirstCode, FullProof, Own, PasswordProof};
use crate::accounts::extract::PlatformStaff;
use crate::accounts::extract::Visitor;
use crate::app::SharedApp;
use crate::audit::PlatformDoer;

/// Tells whether one's own second factor is on.
#[utoipa::path(get, path = "/api/superadmin/totp", tag = "platform",
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = FactorStatus)))]
pub(crate) async fn status(
    staff: PlatformStaff,
    doer: PlatformDoer,
    visitor: Visitor,
    State(app): State<SharedApp>,
) -> Result<Private<FactorStatus>, Problem> {
    own(app, &staff, doer, &visitor).status().await
}

/// Begins a second factor: tells the secret that an authenticator app is set up with. Nothing is asked for until a code
/// of it was sent to `confirm`; beginning again makes another secret.
#[utoipa::path(post, path = "/api/superadmin/totp/begin", tag = "platform",
    request_body = PasswordProof,
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = FactorBegun),
        (status = 409, body = ProblemBody),
        (status = 429, body = ProblemBody)))]
pub(crate) async fn begin(
    staff: PlatformStaff,
    doer: PlatformDoer,
    visitor: Visitor,
    State(app): State<SharedApp>,
    JsonBody(asked): JsonBody<PasswordProof>,
) -> Result<Private<FactorBegun>, Problem> {
    own(app, &staff, doer, &visitor).begin(asked).await
}

/// Turns the second factor on that was begun: from now on a log-in needs a `code`. Shows ten recovery codes, once.
#[utoipa::path(post, path = "/api/superadmin/totp/confirm", tag = "platform",
    request_body = FirstCode,
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = FactorCodes),
        (status = 409, body = ProblemBody),
        (status = 429, body = ProblemBody)))]
pub(crate) async fn confirm(
    staff: PlatformStaff,
    doer: PlatformDoer,
    visitor: Visitor,
    State(app): State<SharedApp>,
    JsonBody(asked): JsonBody<FirstCode>,
) -> Result<Private<FactorCodes>, Problem> {
    own(app, &staff, doer, &visitor)
        .confirm(asked, staff.token_hash)
        .await
}

/// Turns the second factor off.
#[utoipa::path(post, path = "/api/superadmin/totp/disable", tag = "platform",
    request_body = FullProof,
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = FactorOff),
        (status = 409, body = ProblemBody),
        (status = 429, body = ProblemBody)))]
pub(crate) async fn disable(
    staff: PlatformStaff,
    doer: PlatformDoer,
    visitor: Visitor,
    State(app): State<SharedApp>,
    JsonBody(asked): JsonBody<FullProof>,
) -> Result<Private<FactorOff>, Problem> {
    own(app, &staff, doer, &visitor).disable(asked).await
}

/// Shows ten new recovery codes, once, in the place of those until now.
#[utoipa::path(post, path = "/api/superadmin/totp/recovery-codes", tag = "platform",
    request_body = FullProof,
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = FactorCodes),
        (status = 409, body = ProblemBody),
        (status = 429, body = ProblemBody)))]
pub(crate) async fn recovery_codes(
    staff: PlatformStaff,
    doer: PlatformDoer,
    visitor: Visitor,
    State(app): State<SharedApp>,
    JsonBody(asked): JsonBody<FullProof>,
) -> Result<Private<FactorCodes>, Problem> {
    own(app, &staff, doer, &visitor).new_codes(asked).await
}

fn own(app: SharedApp, staff: &PlatformStaff, doer: PlatformDoer, visitor: &Visitor) -> Own {
    Own::new(app, visitor, doer.at(OperatorId::PLATFORM), staff.staff)
}
