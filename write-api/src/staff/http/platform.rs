//! The routes for the staff of the platform. Must never let anybody but an owner change who may do what.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use shared::http::{JsonBody, Private, QueryParams};
use shared::ids::OperatorId;
use shared::problem::{Problem, ProblemBody};
use utoipa::ToSchema;

use super::{
    Asked, ShownStaff, StaffList, StaffPasswordReset, StaffPasswordWasReset, StaffPath, StaffProof,
    StaffSaved, ToggleStaff,
};
use crate::accounts::{AccountError, Password, PlatformStaff, Proof, Right, Role, Visitor};
use crate::app::SharedApp;
use crate::audit::{Doer, PlatformDoer};
use crate::paging::PageQuery;
use crate::staff::changes;
use crate::staff::error::StaffError;

/// Lists the staff of the platform.
#[utoipa::path(get, path = "/api/superadmin/staff", tag = "platform", params(PageQuery),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses(
        (status = 200, body = StaffList),
        (status = 422, body = ProblemBody),
    ))]
pub(crate) async fn list(
    staff: PlatformStaff,
    State(app): State<SharedApp>,
    QueryParams(page): QueryParams<PageQuery>,
) -> Result<Private<StaffList>, Problem> {
    super::list(&app, OperatorId::PLATFORM, staff.staff, page).await
}

/// Somebody who is to be staff of the platform.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with login, password, role and current_password"
)]
pub(crate) struct NewPlatformStaff {
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
    role: Role,
}

/// Makes somebody staff of the platform. Only owners may.
#[utoipa::path(post, path = "/api/superadmin/staff", tag = "platform", request_body = NewPlatformStaff,
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = StaffSaved), (status = 429, body = ProblemBody)))]
pub(crate) async fn add(
    doer: PlatformDoer,
    visitor: Visitor,
    State(app): State<SharedApp>,
    JsonBody(asked): JsonBody<NewPlatformStaff>,
) -> Result<Private<StaffSaved>, Problem> {
    let new = Asked {
        proof: Proof::new(asked.current_password, asked.code.as_deref()),
        login: &asked.login,
        password: &asked.password,
        email: asked.email.as_deref(),
        role: asked.role,
    };
    super::add(&app, (owner(doer)?, visitor), new).await
}

/// Another role for somebody.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with role and current_password")]
pub(crate) struct AskedRole {
    role: Role,
    /// The doer's own.
    #[schema(value_type = String)]
    current_password: Password,
    /// Six digits of the doer's authenticator app, or a recovery code. Asked for by `proof_required`.
    code: Option<String>,
}

/// Gives staff of the platform another role, which counts from their next request on. Only owners may, and the last one
/// who is active stays one.
#[utoipa::path(post, path = "/api/superadmin/staff/{id}/role", tag = "platform", params(StaffPath),
    request_body = AskedRole,
    security(("bearer" = []), ("platform_cookie" = [])),
    responses(
        (status = 200, body = StaffSaved),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody),
        (status = 429, body = ProblemBody),
    ))]
pub(crate) async fn put_role(
    doer: PlatformDoer,
    visitor: Visitor,
    State(app): State<SharedApp>,
    Path(path): Path<StaffPath>,
    JsonBody(asked): JsonBody<AskedRole>,
) -> Result<Private<StaffSaved>, Problem> {
    let (doer, staff) = (owner(doer)?, path.staff()?);
    let proof = Proof::new(asked.current_password, asked.code.as_deref());
    let proved = proof.check(&app, &visitor, &doer).await?;
    let changed = app.db.write(move |db| {
        let (doer, proved) = (doer.clone(), proved.clone());
        Box::pin(async move {
            changes::put_role(&doer, db, staff, asked.role).await?;
            proved.admit(db).await?;
            super::saved(&doer, db, staff, "Staff saved").await
        })
    });
    Ok(Private(changed.await?))
}

/// Disables a colleague, which ends all of the colleague's sessions, or enables the colleague again. Only owners may, and
/// nobody does it to themselves. Asking for what is already so succeeds and changes nothing.
#[utoipa::path(post, path = "/api/superadmin/staff/{id}/toggle", tag = "platform", params(StaffPath),
    request_body = ToggleStaff,
    security(("bearer" = []), ("platform_cookie" = [])),
    responses(
        (status = 200, body = StaffSaved),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody),
        (status = 429, body = ProblemBody),
    ))]
pub(crate) async fn toggle(
    doer: PlatformDoer,
    visitor: Visitor,
    State(app): State<SharedApp>,
    Path(path): Path<StaffPath>,
    JsonBody(asked): JsonBody<ToggleStaff>,
) -> Result<Private<StaffSaved>, Problem> {
    super::toggle(&app, (owner(doer)?, visitor), path.staff()?, asked).await
}

/// Gives a colleague another password and ends the colleague's sessions. Only owners may; one's own is changed with the
/// one until now.
#[utoipa::path(post, path = "/api/superadmin/staff/{id}/reset-password", tag = "platform", params(StaffPath),
    request_body = StaffPasswordReset,
    security(("bearer" = []), ("platform_cookie" = [])),
    responses(
        (status = 200, body = StaffPasswordWasReset),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody),
        (status = 429, body = ProblemBody),
    ))]
pub(crate) async fn reset_password(
    doer: PlatformDoer,
    visitor: Visitor,
    State(app): State<SharedApp>,
    Path(path): Path<StaffPath>,
    JsonBody(asked): JsonBody<StaffPasswordReset>,
) -> Result<Private<StaffPasswordWasReset>, Problem> {
    super::reset_password(&app, (owner(doer)?, visitor), path.staff()?, asked).await
}

/// Takes a colleague's second factor away, who has lost it. Only owners may; one's own is turned off with a code.
#[utoipa::path(post, path = "/api/superadmin/staff/{id}/reset-totp", tag = "platform", params(StaffPath),
    request_body = StaffProof,
    security(("bearer" = []), ("platform_cookie" = [])),
    responses(
        (status = 200, body = StaffSaved),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody),
        (status = 429, body = ProblemBody),
    ))]
pub(crate) async fn reset_second_factor(
    doer: PlatformDoer,
    visitor: Visitor,
    State(app): State<SharedApp>,
    Path(path): Path<StaffPath>,
    JsonBody(asked): JsonBody<StaffProof>,
) -> Result<Private<StaffSaved>, Problem> {
    super::reset_second_factor(&app, (owner(doer)?, visitor), path.staff()?, asked).await
}

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnAccount {
    /// Always true.
    success: bool,
    staff: ShownStaff,
}

/// Tells staff of the platform who they are, and in what role.
#[utoipa::path(get, path = "/api/superadmin/me", tag = "platform",
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = OwnAccount)))]
pub(crate) async fn me(
    doer: PlatformDoer,
    State(app): State<SharedApp>,
) -> Result<Private<OwnAccount>, Problem> {
    let doer = doer.at(OperatorId::PLATFORM);
    let read = app.db.read(move |db| {
        let doer = doer.clone();
        Box::pin(async move {
            let (_, staff) = doer.staff.ok_or(StaffError::NoStaff)?;
            super::one(&doer, db, staff).await
        })
    });
    Ok(Private(OwnAccount {
        success: true,
        staff: read.await?,
    }))
}

/// Who may decide on staff of the platform.
fn owner(doer: PlatformDoer) -> Result<Doer, AccountError> {
    Ok(doer.require(Right::People)?.at(OperatorId::PLATFORM))
}
