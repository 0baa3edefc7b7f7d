//! The routes that show how far a long operation is, and let one go on. Must never show one of another operator.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use shared::http::Private;
use shared::ids::OperatorId;
use shared::problem::{Problem, ProblemBody};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::error::OperationError;
use super::rules::{Operation, Status};
use super::store;
use crate::accounts::{OperatorStaff, PlatformStaff, Right};
use crate::app::{App, SharedApp};
use crate::audit::{Action, Change, Doer, PlatformDoer, record};

/// An operation was begun. It is done in the background.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accepted {
    /// Always true.
    success: bool,
    /// For people.
    message: &'static str,
    /// What to ask for its progress by, at `…/operations/{id}`.
    operation_id: Uuid,
    /// What is done: `reset_users`, `contest_start`, `contest_end`, `revenue_calculate`,
    /// `revenue_post` or `revenue_daily`.
    kind: &'static str,
}

impl Accepted {
    pub(super) const fn new(operation_id: Uuid, kind: &'static str) -> Self {
        Self {
            success: true,
            message: "The operation has begun",
            operation_id,
            kind,
        }
    }
}

/// A long operation and how far it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownOperation {
    /// Always true.
    success: bool,
    operation_id: Uuid,
    /// What is done: `reset_users`, `contest_start`, `contest_end`, `revenue_calculate`,
    /// `revenue_post` or `revenue_daily`.
    kind: &'static str,
    #[schema(inline)]
    status: Status,
    /// Players, or operators, there are to look at; null until it is known.
    total: Option<i64>,
    /// Players, or operators, that were looked at.
    #[schema(minimum = 0)]
    looked_at: i64,
    /// Balances that were set, or operators of whom days were worked out or posted.
    #[schema(minimum = 0)]
    changed: i64,
    /// Operators of whom a day could not be worked out or posted; see `/api/superadmin/revenue/status`.
    #[schema(minimum = 0)]
    failed: i64,
    /// The contest that it began or that it ends; null where there is none, or not yet.
    contest_id: Option<i64>,
    /// What the last step failed of, in plain words; null where it did not. The log has the cause.
    failure: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    started_at: OffsetDateTime,
    /// When its last step was made.
    #[serde(with = "time::serde::rfc3339")]
    updated_at: OffsetDateTime,
    /// Null while it goes on.
    #[serde(with = "time::serde::rfc3339::option")]
    ended_at: Option<OffsetDateTime>,
}

impl From<Operation> for ShownOperation {
    fn from(operation: Operation) -> Self {
        Self {
            success: true,
            operation_id: operation.id,
            kind: operation.work.kind(),
            status: operation.status,
            total: operation.total,
            looked_at: operation.looked_at,
            changed: operation.changed,
            failed: operation.failed,
            contest_id: operation.contest_id,
            failure: operation.failure,
            started_at: operation.started_at,
            updated_at: operation.updated_at,
            ended_at: operation.ended_at,
        }
    }
}

/// Which operation.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OperationPath {
    /// The operation's id.
    id: String,
}

impl OperationPath {
    fn operation(&self) -> Result<Uuid, OperationError> {
        self.id.parse().map_err(|_| OperationError::Unknown)
    }
}

/// How far one of the operator's operations is.
#[utoipa::path(get, path = "/api/admin/{subdomain}/operations/{id}", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), OperationPath),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 200, body = ShownOperation),
        (status = 404, body = ProblemBody),
    ))]
pub(crate) async fn show(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
    Path(path): Path<OperationPath>,
) -> Result<Private<ShownOperation>, Problem> {
    shown(staff.operator, &app, &path).await
}

/// How far one of the platform's operations is.
#[utoipa::path(get, path = "/api/superadmin/operations/{id}", tag = "platform", params(OperationPath),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses(
        (status = 200, body = ShownOperation),
        (status = 404, body = ProblemBody),
    ))]
pub(crate) async fn show_platform(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
    Path(path): Path<OperationPath>,
) -> Result<Private<ShownOperation>, Problem> {
    shown(OperatorId::PLATFORM, &app, &path).await
}

/// Lets one of the operator's operations go on that was given up, from where it was.
#[utoipa::path(post, path = "/api/admin/{subdomain}/operations/{id}/resume", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), OperationPath),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = ShownOperation), (status = 404, body = ProblemBody),
        (status = 409, description = "It was not given up, or another one of its kind goes on", body = ProblemBody)))]
pub(crate) async fn resume(
    doer: Doer,
    State(app): State<SharedApp>,
    Path(path): Path<OperationPath>,
) -> Result<Private<ShownOperation>, Problem> {
    resumed(doer, &app, &path).await
}

/// Lets one of the platform's operations go on that was given up, from where it was.
#[utoipa::path(post, path = "/api/superadmin/operations/{id}/resume", tag = "platform", params(OperationPath),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = ShownOperation), (status = 404, body = ProblemBody),
        (status = 409, description = "It was not given up, or another one of its kind goes on", body = ProblemBody)))]
pub(crate) async fn resume_platform(
    doer: PlatformDoer,
    State(app): State<SharedApp>,
    Path(path): Path<OperationPath>,
) -> Result<Private<ShownOperation>, Problem> {
    let doer = doer.require(Right::Money)?.at(OperatorId::PLATFORM);
    resumed(doer, &app, &path).await
}

async fn resumed(doer: Doer, app: &App, path: &OperationPath) -> Result<Private<ShownOperation>, Problem> {
    let id = path.operation()?;
    let resumed = app.db.write(move |db| {
        let doer = doer.clone();
        Box::pin(async move {
            let operator = doer.operator;
            let found = store::find(operator, db, id)
                .await?
                .ok_or(OperationError::Unknown)?;
            if !store::resume(operator, db, id, doer.at).await? {
                return Err(OperationError::NotGivenUp);
            }
            let change = Change {
                subject: Some(format!("operation {id}")),
                ..Change::default()
            };
            record(operator, db, &doer, Action::OperationResumed, change).await?;
            Ok(store::find(operator, db, id).await?.unwrap_or(found))
        })
    });
    let resumed = resumed.await.map_err(|error| match error {
        OperationError::Database(error) if error.is_constraint("operations_one_at_once") => {
            OperationError::UnderWay
        }
        other => other,
    });
    Ok(Private(resumed?.into()))
}

async fn shown(
    operator: OperatorId,
    app: &App,
    path: &OperationPath,
) -> Result<Private<ShownOperation>, Problem> {
    let id = path.operation()?;
    let read = app.db.read(move |db| {
        Box::pin(async move {
            let found = store::find(operator, db, id).await?;
            found.ok_or(OperationError::Unknown)
        })
    });
    Ok(Private(read.await?.into()))
}

impl From<OperationError> for Problem {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::Unknown => Self::not_found("operation_not_found", "There is no such operation"),
            OperationError::UnderWay => {
                Self::conflict("operation_under_way", "An operation of this kind is under way")
            }
            OperationError::NotGivenUp => {
                Self::conflict("operation_not_given_up", "The operation was not given up")
            }
            OperationError::NoContest => Self::conflict("no_contest", "No contest runs"),
            OperationError::KeyReused(error) => error.into(),
            OperationError::Database(error) => error.into(),
            fault => Self::internal(fault),
        }
    }
}
