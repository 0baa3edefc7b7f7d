//! The routes that list long operations. Must never show one of another operator.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::db::DbError;
use shared::field::FieldError;
use shared::http::{Private, QueryParams};
use shared::ids::OperatorId;
use shared::problem::{Problem, ProblemBody};
use utoipa::{IntoParams, ToSchema};

use super::http::ShownOperation;
use super::rules::{Status, Work};
use super::store::{self, Filter};
use crate::accounts::{OperatorStaff, PlatformStaff};
use crate::app::{App, SharedApp};
use crate::paging::{Page, PageQuery, Pagination};

/// Which operations.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OperationsQuery {
    /// Only of this kind: `reset_users`, `contest_start`, `contest_end`, `revenue_calculate`, `revenue_daily` or
    /// `revenue_post`.
    kind: Option<String>,
    /// Only those that are so: `pending`, `running`, `done`, `completed_with_failures` or `failed`.
    #[param(value_type = Option<Status>, inline)]
    status: Option<String>,
}

impl OperationsQuery {
    fn filter(&self) -> Result<Filter, Vec<FieldError>> {
        let mut errors = Vec::new();
        let kind = self.kind.as_deref();
        let known = Work::KINDS.into_iter().find(|known| Some(*known) == kind);
        if kind.is_some() && known.is_none() {
            let detail = format!("must be one of {}", Work::KINDS.join(", "));
            errors.push(FieldError::new("kind", detail));
        }
        let status = self.status.as_deref().map(Status::parse);
        if status == Some(None) {
            let names = Status::ALL.map(Status::as_str).join(", ");
            errors.push(FieldError::new("status", format!("must be one of {names}")));
        }
        if errors.is_empty() {
            Ok(Filter {
                kind: known,
                status: status.flatten(),
            })
        } else {
            Err(errors)
        }
    }
}

/// A page of operations, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperationList {
    /// Always true.
    success: bool,
    operations: Vec<ShownOperation>,
    pagination: Pagination,
}

/// The operator's long operations.
#[utoipa::path(get, path = "/api/admin/{subdomain}/operations", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), OperationsQuery, PageQuery),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 200, body = OperationList),
        (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(crate) async fn own(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<OperationsQuery>,
) -> Result<Private<OperationList>, Problem> {
    listed(staff.operator, &app, page, &query).await
}

/// The platform's long operations: those of daily revenue and of contests.
#[utoipa::path(get, path = "/api/superadmin/operations", tag = "platform", params(OperationsQuery, PageQuery),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses(
        (status = 200, body = OperationList),
        (status = 422, body = ProblemBody),
    ))]
pub(crate) async fn platform(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<OperationsQuery>,
) -> Result<Private<OperationList>, Problem> {
    listed(OperatorId::PLATFORM, &app, page, &query).await
}

async fn listed(
    operator: OperatorId,
    app: &App,
    page: PageQuery,
    query: &OperationsQuery,
) -> Result<Private<OperationList>, Problem> {
    let asked: (Page, Filter) = page.read_with(query.filter()).map_err(Problem::invalid_fields)?;
    let (page, filter) = asked;
    let read = app.db.read(move |db| {
        Box::pin(async move { Ok::<_, DbError>(store::page(operator, db, filter, page).await?) })
    });
    let (operations, total) = read.await?;
    Ok(Private(OperationList {
        success: true,
        operations: operations.into_iter().map(ShownOperation::from).collect(),
        pagination: page.of(total),
    }))
}
