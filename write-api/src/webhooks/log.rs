//! The routes that show what was delivered, and ask for it again. Must never show what a subscriber answered beyond its
//! status: it could be a page of our own network.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::field::FieldError;
use shared::http::{JsonBody, Private, QueryParams};
use shared::ids::PathNumber;
use shared::moment;
use shared::problem::{Problem, ProblemBody};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::events::EventType;
use super::http::WebhookPath;
use super::store::{self, DeliveryRow, Filter};
use super::{WebhookError, endpoints};
use crate::accounts::OperatorStaff;
use crate::app::SharedApp;
use crate::audit::Doer;
use crate::paging::{PageQuery, Pagination};

const STATUSES: [&str; 3] = ["pending", "delivered", "failed"];

/// Which deliveries.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeliveriesQuery {
    /// Only `pending`, `delivered` or `failed` ones.
    status: Option<String>,
    /// Only of this type of event.
    event_type: Option<String>,
}

impl DeliveriesQuery {
    fn filter(&self) -> Result<Filter, Vec<FieldError>> {
        let mut errors = Vec::new();
        let status = self.status.as_deref().and_then(|status| {
            let found = STATUSES.into_iter().find(|one| *one == status);
            if found.is_none() {
                errors.push(FieldError::new("status", "must be pending, delivered or failed"));
            }
            found
        });
        let event_type = self.event_type.as_deref().and_then(|name| {
            let found = EventType::find(name).map(EventType::as_str);
            if found.is_none() {
                errors.push(FieldError::new("event_type", "is no event type"));
            }
            found
        });
        if errors.is_empty() {
            Ok(Filter { status, event_type })
        } else {
            Err(errors)
        }
    }
}

/// A delivery of one event to one webhook.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookDelivery {
    id: i64,
    /// The `webhook-id` that it is sent with, each time.
    webhook_id: String,
    event_type: String,
    /// What it is about, such as `player 7`.
    subject: String,
    /// `pending`, `delivered` or `failed`.
    status: String,
    /// How often it was tried, or has been since it was asked for again.
    attempts: i32,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it is tried the next time; null when it is not any more.
    #[serde(with = "time::serde::rfc3339::option")]
    next_attempt_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    last_attempt_at: Option<OffsetDateTime>,
    /// The HTTP status of the last answer; null where none came.
    last_status: Option<i16>,
    /// Why none came.
    last_error: Option<String>,
    /// How long the last attempt took, in milliseconds.
    last_latency_ms: Option<i32>,
}

/// The `webhook-id` of a message.
pub(super) fn webhook_id(message: Uuid) -> String {
    format!("msg_{}", message.simple())
}

impl From<DeliveryRow> for WebhookDelivery {
    fn from(row: DeliveryRow) -> Self {
        Self {
            id: row.id,
            webhook_id: webhook_id(row.message),
            event_type: row.event_type,
            subject: row.subject,
            status: row.status,
            attempts: row.attempts,
            created_at: row.created_at,
            next_attempt_at: row.next_attempt_at,
            last_attempt_at: row.last_attempt_at,
            last_status: row.last_status,
            last_error: row.last_error,
            last_latency_ms: row.last_latency_ms,
        }
    }
}

/// A page of the deliveries to a webhook, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookDeliveries {
    /// Always true.
    success: bool,
    deliveries: Vec<WebhookDelivery>,
    pagination: Pagination,
}

/// What was and is to be delivered to the webhook, for some weeks.
#[utoipa::path(get, path = "/api/admin/{subdomain}/webhooks/{id}/deliveries", tag = "webhooks",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), WebhookPath, PageQuery,
        DeliveriesQuery),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = WebhookDeliveries),
        (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub(crate) async fn deliveries(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
    Path(path): Path<WebhookPath>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<DeliveriesQuery>,
) -> Result<Private<WebhookDeliveries>, Problem> {
    let (operator, id) = (staff.operator, path.webhook()?);
    let (page, filter) = page.read_with(query.filter()).map_err(Problem::invalid_fields)?;
    let read = app.db.read(move |db| {
        let filter = filter.clone();
        Box::pin(async move {
            endpoints::one(operator, db, id).await?;
            Ok::<_, WebhookError>(store::deliveries(operator, db, id, &filter, page).await?)
        })
    });
    let (rows, total) = read.await?;
    Ok(Private(WebhookDeliveries {
        success: true,
        deliveries: rows.into_iter().map(WebhookDelivery::from).collect(),
        pagination: page.of(total),
    }))
}

/// Which delivery of which webhook.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct DeliveryPath {
    /// The webhook's number.
    id: String,
    /// The delivery's number in the log.
    delivery_id: String,
}

/// Deliveries are made again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhooksReplayed {
    /// Always true.
    success: bool,
    /// How many.
    replayed: u64,
}

/// Has a delivery made again that was made or has failed, with the same `webhook-id`.
#[utoipa::path(post, path = "/api/admin/{subdomain}/webhooks/{id}/deliveries/{delivery_id}/replay", tag = "webhooks",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), DeliveryPath),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 202, body = WebhooksReplayed),
        (status = 404, body = ProblemBody),
        (status = 409, description = "The delivery is still being tried, or the webhook is disabled",
            body = ProblemBody)))]
pub(crate) async fn replay(
    doer: Doer,
    State(app): State<SharedApp>,
    Path(path): Path<DeliveryPath>,
) -> Result<(StatusCode, Private<WebhooksReplayed>), Problem> {
    let id = PathNumber::parse(&path.id).ok_or(WebhookError::NoEndpoint)?.get();
    let delivery = PathNumber::parse(&path.delivery_id)
        .ok_or(WebhookError::NoDelivery)?
        .get();
    let replayed = app.db.write(move |db| {
        let doer = doer.clone();
        Box::pin(async move { endpoints::replay(&doer, db, id, delivery).await })
    });
    replayed.await?;
    Ok(accepted(1))
}

/// Since when.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with since")]
pub(crate) struct ReplayFailed {
    /// A moment with its zone, such as `2030-01-31T20:00:00Z`.
    #[schema(format = DateTime)]
    since: String,
}

/// Has everything delivered again that has failed and whose event happened at `since` or later.
#[utoipa::path(post, path = "/api/admin/{subdomain}/webhooks/{id}/replay-failed", tag = "webhooks",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), WebhookPath),
    request_body = ReplayFailed,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 202, body = WebhooksReplayed),
        (status = 404, body = ProblemBody),
        (status = 409, description = "The webhook is disabled", body = ProblemBody)))]
pub(crate) async fn replay_failed(
    doer: Doer,
    State(app): State<SharedApp>,
    Path(path): Path<WebhookPath>,
    JsonBody(body): JsonBody<ReplayFailed>,
) -> Result<(StatusCode, Private<WebhooksReplayed>), Problem> {
    let id = path.webhook()?;
    let since = moment::parse(&body.since).map_err(|detail| Problem::invalid_field("since", detail))?;
    let most = app.options.webhooks.webhook_batch;
    let replayed = app.db.write(move |db| {
        let doer = doer.clone();
        Box::pin(async move { endpoints::replay_failed(&doer, db, id, since, most).await })
    });
    Ok(accepted(replayed.await?))
}

fn accepted(replayed: u64) -> (StatusCode, Private<WebhooksReplayed>) {
    let body = WebhooksReplayed {
        success: true,
        replayed,
    };
    (StatusCode::ACCEPTED, Private(body))
}
