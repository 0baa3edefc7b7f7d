//! What staff do to webhooks, each to be run inside one transaction. Must never write a secret into the audit log.

use serde_json::{Value, json};
use shared::ids::OperatorId;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::WebhookError;
use super::events::{Event, EventType};
use super::rules::Wanted;
use super::store::{self, EndpointRow};
use crate::audit::{Action, Change, Doer, record};
use crate::operators;

/// How long the secret before signs too.
const OLD_SECRET_VALID: Duration = Duration::DAY;

/// The webhook, if the operator has it.
pub(super) async fn one(
    operator: OperatorId,
    db: &mut PgConnection,
    id: i64,
) -> Result<EndpointRow, WebhookError> {
    let mut found = store::endpoints(operator, db, Some(id)).await?;
    found.pop().ok_or(WebhookError::NoEndpoint)
}

async fn locked(operator: OperatorId, db: &mut PgConnection, id: i64) -> Result<EndpointRow, WebhookError> {
    let found = store::lock(operator, db, id).await?;
    found.ok_or(WebhookError::NoEndpoint)
}

/// Makes a webhook that signs with `secret`, unless the operator has `most` already.
pub(super) async fn create(
    doer: &Doer,
    db: &mut PgConnection,
    wanted: &Wanted,
    secret: &str,
    most: u32,
) -> Result<EndpointRow, WebhookError> {
    let operator = doer.operator;
    // So that two who make one at once are counted one after the other.
    operators::lock(operator, db).await?;
    if store::count(operator, db).await? >= i64::from(most) {
        return Err(WebhookError::TooMany(most));
    }
    let id = store::insert(operator, db, wanted, secret, doer.at).await?;
    let made = one(operator, db, id).await?;
    note(doer, db, id, Action::WebhookSaved, Value::Null, shown(&made)).await?;
    Ok(made)
}

/// Makes the webhook what is wanted.
pub(super) async fn update(
    doer: &Doer,
    db: &mut PgConnection,
    id: i64,
    wanted: &Wanted,
) -> Result<EndpointRow, WebhookError> {
    let operator = doer.operator;
    let before = shown(&locked(operator, db, id).await?);
    store::put(operator, db, id, wanted).await?;
    let made = one(operator, db, id).await?;
    let after = shown(&made);
    if after != before {
        let change = Change {
            subject: Some(subject(id)),
            ..Change::between(&before, &after)?
        };
        record(operator, db, doer, Action::WebhookSaved, change).await?;
    }
    Ok(made)
}

/// Deletes the webhook.
pub(super) async fn delete(doer: &Doer, db: &mut PgConnection, id: i64) -> Result<(), WebhookError> {
    let operator = doer.operator;
    let before = shown(&locked(operator, db, id).await?);
    store::delete(operator, db, id).await?;
    Ok(note(doer, db, id, Action::WebhookDeleted, before, Value::Null).await?)
}

/// Gives the webhook another secret; tells until when the one before signs too.
pub(super) async fn rotate(
    doer: &Doer,
    db: &mut PgConnection,
    id: i64,
    secret: &str,
) -> Result<OffsetDateTime, WebhookError> {
    let operator = doer.operator;
    // A second rotation would take the secret from receivers that still have only the one before the first.
    let old_secret_until = locked(operator, db, id).await?.old_secret_until;
    if let Some(until) = old_secret_until.filter(|until| *until > doer.at) {
        return Err(WebhookError::RotatedAlready(until));
    }
    let until = doer.at + OLD_SECRET_VALID;
    store::put_secret(operator, db, id, secret, until).await?;
    note(
        doer,
        db,
        id,
        Action::WebhookSecretRotated,
        Value::Null,
        Value::Null,
    )
    .await?;
    Ok(until)
}

/// Has a test event delivered; tells its delivery's number and the message's id.
pub(super) async fn test(doer: &Doer, db: &mut PgConnection, id: i64) -> Result<(i64, Uuid), WebhookError> {
    let operator = doer.operator;
    if !locked(operator, db, id).await?.is_enabled {
        return Err(WebhookError::Disabled);
    }
    let data = EventType::Test.example();
    let event = Event::new(EventType::Test, subject(id), &data, doer.at)?;
    let (delivery, message) = store::emit_to(operator, db, id, &event).await?;
    let after = json!({ "delivery_id": delivery });
    note(doer, db, id, Action::WebhookTested, Value::Null, after).await?;
    Ok((delivery, message))
}

/// Has a delivery made again that was made or given up.
pub(super) async fn replay(
    doer: &Doer,
    db: &mut PgConnection,
    id: i64,
    delivery: i64,
) -> Result<(), WebhookError> {
    let operator = doer.operator;
    if !locked(operator, db, id).await?.is_enabled {
        return Err(WebhookError::Disabled);
    }
    match store::status_of(operator, db, id, delivery).await?.as_deref() {
        None => Err(WebhookError::NoDelivery),
        Some("pending") => Err(WebhookError::StillPending),
        Some(_) => {
            store::replay(operator, db, delivery, doer.at).await?;
            let after = json!({ "delivery_id": delivery });
            Ok(note(doer, db, id, Action::WebhookReplayed, Value::Null, after).await?)
        }
    }
}

/// Has everything delivered again that was given up since a moment; tells how much that is.
pub(super) async fn replay_failed(
    doer: &Doer,
    db: &mut PgConnection,
    id: i64,
    since: OffsetDateTime,
    most: u32,
) -> Result<u64, WebhookError> {
    let operator = doer.operator;
    if !locked(operator, db, id).await?.is_enabled {
        return Err(WebhookError::Disabled);
    }
    let replayed = store::replay_failed(operator, db, id, since, doer.at, most).await?;
    // What changes nothing is no action.
    if replayed > 0 {
        let after = json!({ "replayed": replayed });
        note(doer, db, id, Action::WebhookReplayed, Value::Null, after).await?;
    }
    Ok(replayed)
}

fn subject(id: i64) -> String {
    format!("webhook {id}")
}

fn shown(endpoint: &EndpointRow) -> Value {
    json!({
        "url": endpoint.url,
        "description": endpoint.description,
        "event_types": endpoint.event_types,
        "is_enabled": endpoint.is_enabled,
    })
}

async fn note(
    doer: &Doer,
    db: &mut PgConnection,
    id: i64,
    action: Action,
    before: Value,
    after: Value,
) -> Result<(), sqlx::Error> {
    let change = Change {
        subject: Some(subject(id)),
        before,
        after,
    };
    record(doer.operator, db, doer, action, change).await
}
