//! The routes that show the audit log. Must never show the entries of another operator.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::db::DbError;
use shared::field::{FieldError, noted};
use shared::http::{Private, QueryParams};
use shared::ids::{OperatorId, StaffId, Subdomain};
use shared::moment;
use shared::problem::{Problem, ProblemBody};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::store::{self, Filter, Logged};
use crate::accounts::{CreateError, OperatorStaff, PlatformStaff, find_operator};
use crate::app::{App, SharedApp};
use crate::paging::{Page, PageQuery, Pagination};

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LogQuery {
    /// Only of this action, such as `theme.saved`.
    action: Option<String>,
    /// Only what this member of the staff did.
    staff_id: Option<i64>,
    /// Only about this, such as `player 7` or `event 4711`.
    subject: Option<String>,
    /// Only from this moment on, such as `2030-01-31T20:00:00Z`.
    from: Option<String>,
    /// Only before this moment.
    to: Option<String>,
}

impl LogQuery {
    fn filter(self) -> Result<Filter, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut read = |name: &str, text: Option<String>| noted(&mut errors, name, moment::parse(&text?));
        let (from, to) = (read("from", self.from), read("to", self.to));
        for (name, text) in [("action", &self.action), ("subject", &self.subject)] {
            if text.as_ref().is_some_and(|text| text.contains('\0')) {
                errors.push(FieldError::new(name, "must not contain NUL"));
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Filter {
            action: self.action,
            staff: self.staff_id,
            subject: self.subject,
            from,
            to,
        })
    }
}

/// Whose entries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WhoseQuery {
    /// The operator's name in URLs; left out: what concerns the platform itself.
    operator: Option<String>,
}

/// A page of the log, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditLog {
    success: bool,
    entries: Vec<AuditEntry>,
    pagination: Pagination,
}

/// Something that was done.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    id: i64,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    /// Who did it; null where it was no staff.
    staff_id: Option<StaffId>,
    /// Whether it was staff of the platform.
    by_platform: bool,
    /// The log-in name, as it was then; `console` for somebody at the machine's, `system` for the service itself.
    login: String,
    /// Where the request came from.
    address: Option<String>,
    /// The `X-Request-Id` of the answer.
    request_id: Option<String>,
    /// What was done: `theme.saved`, `branding.saved`, `casino.switched`, `event.switched`, `player.deposited`,
    /// `player.withdrawn`, `operator.switched`, `contest.begun`, `operator.purged`, `operator.added`, `staff.added`,
    /// `staff.switched`, `staff.role_changed`, `staff.password_reset`, `staff.logged_in`, `staff.locked_out`,
    /// `staff.second_factor_on`, `staff.second_factor_off`, `staff.recovery_codes_changed`,
    /// `staff.second_factor_reset`, `staff.password_changed`, `player.switched`, `player.adjusted`, `players.reset`,
    /// `contest.started`, `contest.changed`, `contest.ended`, `revenue.calculated`, `revenue.posted`, `operation.begun`,
    /// `operation.ended`, `operation.resumed`, `settings.saved`, `operator.registered`, `market.settled`,
    /// `webhook.saved`, `webhook.deleted`, `webhook.secret_rotated`, `webhook.disabled`, `webhook.tested`,
    /// `webhook.replayed` or `staff.sessions_ended`.
    action: String,
    /// Of what; null where the operator itself is meant.
    subject: Option<String>,
    /// The members that differ, as they were; null where there was nothing.
    #[schema(value_type = Option<Object>)]
    before: Option<Box<RawValue>>,
    /// The same as they are since.
    #[schema(value_type = Option<Object>)]
    after: Option<Box<RawValue>>,
    /// Of this entry and all before it, in hex; null for a moment, until it is made.
    hash: Option<String>,
}

impl TryFrom<Logged> for AuditEntry {
    type Error = serde_json::Error;

    fn try_from(Logged { entry, hash }: Logged) -> Result<Self, serde_json::Error> {
        Ok(Self {
            id: entry.id,
            at: entry.at,
            staff_id: entry.staff,
            by_platform: entry.staff_operator == Some(OperatorId::PLATFORM),
            login: entry.login,
            address: entry.address,
            request_id: entry.request_id,
            action: entry.action,
            subject: entry.subject,
            before: entry.before.map(RawValue::from_string).transpose()?,
            after: entry.after.map(RawValue::from_string).transpose()?,
            hash: hash.map(hex::encode),
        })
    }
}

/// Shows what the operator's staff did. Entries can't be changed or taken back by anybody.
#[utoipa::path(get, path = "/api/admin/{subdomain}/audit-log", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), PageQuery, LogQuery),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = AuditLog), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub async fn operator_log(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<LogQuery>,
) -> Result<Private<AuditLog>, Problem> {
    let (page, filter) = page.read_with(query.filter()).map_err(Problem::invalid_fields)?;
    show(&app, staff.operator, filter, page).await
}

/// Shows staff of the platform what was done at one operator, or at the platform itself.
#[utoipa::path(get, path = "/api/superadmin/audit-log", tag = "platform",
    params(WhoseQuery, PageQuery, LogQuery),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = AuditLog), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub async fn platform_log(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
    QueryParams(whose): QueryParams<WhoseQuery>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<LogQuery>,
) -> Result<Private<AuditLog>, Problem> {
    let (page, filter) = page.read_with(query.filter()).map_err(Problem::invalid_fields)?;
    let operator = match whose.operator {
        None => OperatorId::PLATFORM,
        Some(name) => named(&app, &name).await?,
    };
    show(&app, operator, filter, page).await
}

/// The operator with this name, also a suspended one.
pub(crate) async fn named(app: &App, name: &str) -> Result<OperatorId, Problem> {
    let unknown = || Problem::not_found("operator_not_found", "Operator not found");
    let subdomain = Subdomain::parse(name).ok_or_else(unknown)?;
    let found = app.db.read(move |db| {
        let subdomain = subdomain.clone();
        Box::pin(async move { find_operator(db, &subdomain).await })
    });
    found.await.map_err(|error| match error {
        CreateError::UnknownOperator => unknown(),
        other => other.into(),
    })
}

async fn show(
    app: &App,
    operator: OperatorId,
    filter: Filter,
    page: Page,
) -> Result<Private<AuditLog>, Problem> {
    let read = app.db.read(move |db| {
        let filter = filter.clone();
        Box::pin(async move { Ok::<_, DbError>(store::page(operator, db, &filter, page).await?) })
    });
    let (logged, total) = read.await?;
    let entries: Result<_, _> = logged.into_iter().map(AuditEntry::try_from).collect();
    Ok(Private(AuditLog {
        success: true,
        entries: entries.map_err(Problem::internal)?,
        pagination: page.of(total),
    }))
}
