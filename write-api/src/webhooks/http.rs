//! The routes with which staff manage their operator's webhooks. Must never show a secret again once it was shown.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::coherence::WebhookSecrets;
use shared::db::DbError;
use shared::http::{JsonBody, Private};
use shared::ids::PathNumber;
use shared::problem::{Problem, ProblemBody};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::events::EventType;
use super::rules::{self, Wanted};
use super::store::{self, EndpointRow};
use super::{WebhookError, WebhookOptions, endpoints};
use crate::accounts::OperatorStaff;
use crate::app::SharedApp;
use crate::audit::Doer;

/// Which webhook.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct WebhookPath {
    /// The webhook's number.
    id: String,
}

impl WebhookPath {
    pub(super) fn webhook(&self) -> Result<i64, WebhookError> {
        let id = PathNumber::parse(&self.id).ok_or(WebhookError::NoEndpoint)?;
        Ok(id.get())
    }
}

/// What a webhook is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with url and event_types")]
pub(crate) struct NewWebhook {
    /// Where events are posted to: `https:`, a public address, no user name, no password, no fragment.
    #[schema(max_length = 2000)]
    url: String,
    /// The types of events that are told, as `event-types` lists them.
    #[schema(min_items = 1)]
    event_types: Vec<String>,
    /// A note for people; at most 200 characters.
    description: Option<String>,
    /// Whether events are told; true unless said otherwise. What happens meanwhile is not told later, what waited
    /// before is.
    is_enabled: Option<bool>,
}

impl NewWebhook {
    fn checked(&self, options: &WebhookOptions) -> Result<Wanted, Problem> {
        let description = self.description.as_deref().unwrap_or_default();
        let is_enabled = self.is_enabled.unwrap_or(true);
        rules::checked(&self.url, description, &self.event_types, is_enabled, options)
            .map_err(Problem::invalid_fields)
    }
}

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Webhook {
    id: i64,
    url: String,
    description: String,
    event_types: Vec<String>,
    is_enabled: bool,
    /// Why it is not, if it is not: by staff, because it answered 410 Gone, or because nothing could be delivered for
    /// too long.
    disabled_reason: Option<String>,
    /// The first failure since the last success; null while it works.
    #[serde(with = "time::serde::rfc3339::option")]
    failing_since: Option<OffsetDateTime>,
    /// Until when the secret before signs too; null where there was none.
    #[serde(with = "time::serde::rfc3339::option")]
    old_secret_until: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl From<EndpointRow> for Webhook {
    fn from(row: EndpointRow) -> Self {
        Self {
            id: row.id,
            url: row.url,
            description: row.description,
            event_types: row.event_types,
            is_enabled: row.is_enabled,
            disabled_reason: row.disabled_reason,
            failing_since: row.failing_since,
            old_secret_until: row.old_secret_until,
            created_at: row.created_at,
        }
    }
}

/// The operator's webhooks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookList {
    /// Always true.
    success: bool,
    /// All of them, the oldest first.
    webhooks: Vec<Webhook>,
}

/// The webhooks that the operator has.
#[utoipa::path(get, path = "/api/admin/{subdomain}/webhooks", tag = "webhooks",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = WebhookList),
        (status = 404, body = ProblemBody)))]
pub(crate) async fn list(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
) -> Result<Private<WebhookList>, Problem> {
    let operator = staff.operator;
    let read = app.db.read(move |db| {
        Box::pin(async move { Ok::<_, DbError>(store::endpoints(operator, db, None).await?) })
    });
    Ok(Private(WebhookList {
        success: true,
        webhooks: read.await?.into_iter().map(Webhook::from).collect(),
    }))
}

/// A kind of event.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookEventType {
    /// Its name.
    #[serde(rename = "type")]
    event_type: &'static str,
    /// When it is sent.
    description: &'static str,
    /// The body of one such event.
    #[schema(value_type = Object)]
    example: Value,
}

/// What can be subscribed to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookEventTypes {
    /// Always true.
    success: bool,
    event_types: Vec<WebhookEventType>,
}

/// The types of events, each with an example of what is posted.
#[utoipa::path(get, path = "/api/admin/{subdomain}/webhooks/event-types", tag = "webhooks",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = WebhookEventTypes),
        (status = 404, body = ProblemBody)))]
pub(crate) async fn event_types(_staff: OperatorStaff) -> Private<WebhookEventTypes> {
    let shown = |one: EventType| WebhookEventType {
        event_type: one.as_str(),
        description: one.description(),
        example: serde_json::json!({
            "type": one, "timestamp": "2030-01-31T20:00:00Z", "data": one.example(),
        }),
    };
    Private(WebhookEventTypes {
        success: true,
        event_types: EventType::SUBSCRIBED.into_iter().map(shown).collect(),
    })
}

/// A webhook that was made, with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookMade {
    /// Always true.
    success: bool,
    webhook: Webhook,
    /// What its deliveries are signed with, as Standard Webhooks writes it. Shown this once.
    secret: String,
}

/// Makes a webhook. Events are posted as Standard Webhooks describes: `webhook-id`, which stays the same when one event
/// is sent again, `webhook-timestamp` and `webhook-signature`. Each is sent at least once, in no promised order, and
/// again for a day until it is answered with a status of 2xx within ten seconds. 410 disables the webhook.
#[utoipa::path(post, path = "/api/admin/{subdomain}/webhooks", tag = "webhooks", request_body = NewWebhook,
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 201, body = WebhookMade),
        (status = 404, body = ProblemBody),
        (status = 409, description = "The operator has as many webhooks as it may", body = ProblemBody)))]
pub(crate) async fn create(
    doer: Doer,
    State(app): State<SharedApp>,
    JsonBody(body): JsonBody<NewWebhook>,
) -> Result<(StatusCode, Private<WebhookMade>), Problem> {
    let options = &app.options.webhooks;
    let (wanted, most) = (body.checked(options)?, options.webhook_endpoints_max);
    let secret = WebhookSecrets::generate(&app.random);
    let kept = secret.clone();
    let made = app.db.write(move |db| {
        let (doer, wanted, secret) = (doer.clone(), wanted.clone(), kept.clone());
        Box::pin(async move { endpoints::create(&doer, db, &wanted, &secret, most).await })
    });
    let made = WebhookMade {
        success: true,
        webhook: made.await?.into(),
        secret,
    };
    Ok((StatusCode::CREATED, Private(made)))
}

/// One webhook.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneWebhook {
    /// Always true.
    success: bool,
    webhook: Webhook,
}

/// One of the operator's webhooks.
#[utoipa::path(get, path = "/api/admin/{subdomain}/webhooks/{id}", tag = "webhooks",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), WebhookPath),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = OneWebhook),
        (status = 404, body = ProblemBody)))]
pub(crate) async fn show(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
    Path(path): Path<WebhookPath>,
) -> Result<Private<OneWebhook>, Problem> {
    let (operator, id) = (staff.operator, path.webhook()?);
    let read = app
        .db
        .read(move |db| Box::pin(async move { endpoints::one(operator, db, id).await }));
    Ok(Private(OneWebhook {
        success: true,
        webhook: read.await?.into(),
    }))
}

/// Makes the webhook what is sent; what is left out is as for a new one. One that was disabled begins anew when it is
/// enabled.
#[utoipa::path(put, path = "/api/admin/{subdomain}/webhooks/{id}", tag = "webhooks", request_body = NewWebhook,
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), WebhookPath),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = OneWebhook),
        (status = 404, body = ProblemBody)))]
pub(crate) async fn update(
    doer: Doer,
    State(app): State<SharedApp>,
    Path(path): Path<WebhookPath>,
    JsonBody(body): JsonBody<NewWebhook>,
) -> Result<Private<OneWebhook>, Problem> {
    let (id, wanted) = (path.webhook()?, body.checked(&app.options.webhooks)?);
    let updated = app.db.write(move |db| {
        let (doer, wanted) = (doer.clone(), wanted.clone());
        Box::pin(async move { endpoints::update(&doer, db, id, &wanted).await })
    });
    Ok(Private(OneWebhook {
        success: true,
        webhook: updated.await?.into(),
    }))
}

/// The webhook is gone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookDeleted {
    /// Always true.
    success: bool,
    /// For people.
    message: &'static str,
}

/// Deletes the webhook, its log, and what was still to be delivered to it.
#[utoipa::path(delete, path = "/api/admin/{subdomain}/webhooks/{id}", tag = "webhooks",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), WebhookPath),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = WebhookDeleted),
        (status = 404, body = ProblemBody)))]
pub(crate) async fn delete(
    doer: Doer,
    State(app): State<SharedApp>,
    Path(path): Path<WebhookPath>,
) -> Result<Private<WebhookDeleted>, Problem> {
    let id = path.webhook()?;
    let deleted = app.db.write(move |db| {
        let doer = doer.clone();
        Box::pin(async move { endpoints::delete(&doer, db, id).await })
    });
    deleted.await?;
    Ok(Private(WebhookDeleted {
        success: true,
        message: "Webhook deleted",
    }))
}

/// A test that is under way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookTestSent {
    /// Always true.
    success: bool,
    /// Its number in the log of deliveries, where its outcome is shown.
    delivery_id: i64,
    /// The end of its `webhook-id`.
    message_id: Uuid,
}

/// Has an event `webhook.test` delivered to the webhook, whatever it subscribed to. The log tells what came of it.
#[utoipa::path(post, path = "/api/admin/{subdomain}/webhooks/{id}/test", tag = "webhooks",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), WebhookPath),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 202, body = WebhookTestSent),
        (status = 404, body = ProblemBody),
        (status = 409, description = "The webhook is disabled", body = ProblemBody)))]
pub(crate) async fn test(
    doer: Doer,
    State(app): State<SharedApp>,
    Path(path): Path<WebhookPath>,
) -> Result<(StatusCode, Private<WebhookTestSent>), Problem> {
    let id = path.webhook()?;
    let sent = app.db.write(move |db| {
        let doer = doer.clone();
        Box::pin(async move { endpoints::test(&doer, db, id).await })
    });
    let (delivery_id, message_id) = sent.await?;
    let sent = WebhookTestSent {
        success: true,
        delivery_id,
        message_id,
    };
    Ok((StatusCode::ACCEPTED, Private(sent)))
}

/// Another secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookSecretRotated {
    /// Always true.
    success: bool,
    /// What deliveries are signed with from now on. Shown this once.
    secret: String,
    /// Until when they are signed with the one before, too.
    #[serde(with = "time::serde::rfc3339")]
    old_secret_until: OffsetDateTime,
}

/// Gives the webhook another secret. For a day both sign: `webhook-signature` then holds two signatures, and the secret
/// can't be changed again.
#[utoipa::path(post, path = "/api/admin/{subdomain}/webhooks/{id}/rotate-secret", tag = "webhooks",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), WebhookPath),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = WebhookSecretRotated), (status = 404, body = ProblemBody),
        (status = 409, description = "It was changed already, and the secret before still signs", body = ProblemBody)))]
pub(crate) async fn rotate_secret(
    doer: Doer,
    State(app): State<SharedApp>,
    Path(path): Path<WebhookPath>,
) -> Result<Private<WebhookSecretRotated>, Problem> {
    let id = path.webhook()?;
    let secret = WebhookSecrets::generate(&app.random);
    let kept = secret.clone();
    let rotated = app.db.write(move |db| {
        let (doer, secret) = (doer.clone(), kept.clone());
        Box::pin(async move { endpoints::rotate(&doer, db, id, &secret).await })
    });
    Ok(Private(WebhookSecretRotated {
        success: true,
        old_secret_until: rotated.await?,
        secret,
    }))
}

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::NoEndpoint => Self::not_found("webhook_not_found", "There is no such webhook"),
            WebhookError::NoDelivery => Self::not_found("delivery_not_found", "There is no such delivery"),
            WebhookError::StillPending => {
                Self::conflict("delivery_pending", "The delivery is still being tried")
            }
            WebhookError::Disabled => {
                Self::conflict("webhook_disabled", "The webhook is disabled; enable it first")
            }
            WebhookError::RotatedAlready(until) => Self::conflict(
                "secret_rotated_already",
                format!("The secret was changed already: the one before signs until {until}"),
            ),
            WebhookError::TooMany(most) => Self::conflict(
                "too_many_webhooks",
                format!("An operator may have at most {most} webhooks"),
            ),
            WebhookError::Database(error) => error.into(),
        }
    }
}
