//! The rows of webhooks and of what is told to them. Must never read a webhook's secret but to sign with it.

use shared::ids::OperatorId;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::events::{Event, EventType};
use super::rules::Wanted;

mod due;
mod log;
mod rounds;

pub(super) use due::{
    Attempt, Due, claim, disable, ended, lock_endpoint, postpone, prune, subscriber_failed, subscriber_works,
};
pub(super) use log::{DeliveryRow, Filter, deliveries, replay, replay_failed, status_of};
pub(super) use rounds::{settled_at_once, settled_later, subscribers, take_mark, tell};

/// Writes the event for each of the operator's webhooks that subscribed to it.
pub(super) async fn emit(
    operator: OperatorId,
    db: &mut PgConnection,
    event: &Event,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        insert into webhook_deliveries (
            operator_id, endpoint_id, event_type, subject, body, created_at, next_attempt_at
        )
        select operator_id, id, $2, $3, $4, $5, $5
        from webhook_endpoints
        where operator_id = $1 and is_enabled and $2 = any (event_types)
        ",
        operator.get(),
        event.event_type().as_str(),
        event.subject(),
        event.body(),
        event.at(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes each event for each of its operator's webhooks that subscribed to it.
pub(super) async fn emit_all(
    db: &mut PgConnection,
    events: &[(OperatorId, Event)],
) -> Result<(), sqlx::Error> {
    let operators: Vec<i64> = events.iter().map(|(operator, _)| operator.get()).collect();
    let texts = |part: fn(&Event) -> &str| {
        events
            .iter()
            .map(|(_, event)| part(event).to_owned())
            .collect::<Vec<String>>()
    };
    let at: Vec<OffsetDateTime> = events.iter().map(|(_, event)| event.at()).collect();
    sqlx::query!(
        "
        insert into webhook_deliveries (
            operator_id, endpoint_id, event_type, subject, body, created_at, next_attempt_at
        )
        select endpoint.operator_id, endpoint.id, event.event_type, event.subject, event.body, event.at, event.at
        from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
            as event (operator_id, event_type, subject, body, at)
        join webhook_endpoints as endpoint
            on endpoint.operator_id = event.operator_id
            and endpoint.is_enabled
            and event.event_type = any(endpoint.event_types)
        ",
        &operators,
        &texts(|event| event.event_type().as_str()),
        &texts(Event::subject),
        &texts(Event::body),
        &at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes an event for one webhook, whatever it subscribed to. Tells the delivery's number.
pub(super) async fn emit_to(
    operator: OperatorId,
    db: &mut PgConnection,
    endpoint: i64,
    event: &Event,
) -> Result<(i64, Uuid), sqlx::Error> {
    let row = sqlx::query!(
        "
        insert into webhook_deliveries (
            operator_id, endpoint_id, event_type, subject, body, created_at, next_attempt_at
        )
        values ($1, $2, $3, $4, $5, $6, $6)
        returning id, message_id
        ",
        operator.get(),
        endpoint,
        event.event_type().as_str(),
        event.subject(),
        event.body(),
        event.at(),
    )
    .fetch_one(db)
    .await?;
    Ok((row.id, row.message_id))
}

/// A webhook as its operator's staff see it.
#[derive(Clone, Debug)]
pub(super) struct EndpointRow {
    pub(super) id: i64,
    pub(super) url: String,
    pub(super) description: String,
    pub(super) event_types: Vec<String>,
    pub(super) is_enabled: bool,
    pub(super) disabled_reason: Option<String>,
    pub(super) failing_since: Option<OffsetDateTime>,
    pub(super) old_secret_until: Option<OffsetDateTime>,
    pub(super) created_at: OffsetDateTime,
}

/// The operator's webhooks, or one of them, the oldest first.
pub(super) async fn endpoints(
    operator: OperatorId,
    db: &mut PgConnection,
    id: Option<i64>,
) -> Result<Vec<EndpointRow>, sqlx::Error> {
    sqlx::query_as!(
        EndpointRow,
        "
        select
            id, url, description, event_types, is_enabled, disabled_reason, failing_since, old_secret_until, created_at
        from webhook_endpoints
        where operator_id = $1 and ($2::bigint is null or id = $2)
        order by id
        ",
        operator.get(),
        id,
    )
    .fetch_all(db)
    .await
}

/// The webhook, locked: what staff and the delivery do to it follows each other.
pub(super) async fn lock(
    operator: OperatorId,
    db: &mut PgConnection,
    id: i64,
) -> Result<Option<EndpointRow>, sqlx::Error> {
    sqlx::query_as!(
        EndpointRow,
        "
        select
            id, url, description, event_types, is_enabled, disabled_reason, failing_since, old_secret_until, created_at
        from webhook_endpoints
        where operator_id = $1 and id = $2
        for no key update
        ",
        operator.get(),
        id,
    )
    .fetch_optional(db)
    .await
}

/// How many webhooks the operator has. Its row must be locked.
pub(super) async fn count(operator: OperatorId, db: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from webhook_endpoints where operator_id = $1"#,
        operator.get(),
    )
    .fetch_one(db)
    .await
}

fn names(types: &[EventType]) -> Vec<String> {
    types.iter().map(|one| one.as_str().to_owned()).collect()
}

/// Makes a webhook.
pub(super) async fn insert(
    operator: OperatorId,
    db: &mut PgConnection,
    wanted: &Wanted,
    secret: &str,
    at: OffsetDateTime,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        "
        insert into webhook_endpoints (operator_id, url, description, event_types, secret, is_enabled, created_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        returning id
        ",
        operator.get(),
        wanted.url,
        wanted.description,
        &names(&wanted.event_types),
        secret,
        wanted.is_enabled,
        at,
    )
    .fetch_one(db)
    .await
}

/// Makes a webhook what is wanted. One that is enabled again begins without a reason to be disabled.
pub(super) async fn put(
    operator: OperatorId,
    db: &mut PgConnection,
    id: i64,
    wanted: &Wanted,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        update webhook_endpoints
        set url = $3,
            description = $4,
            event_types = $5,
            is_enabled = $6,
            disabled_reason = case when $6 then null else coalesce(disabled_reason, 'disabled by staff') end,
            failing_since = case when is_enabled then failing_since end
        where operator_id = $1 and id = $2
        ",
        operator.get(),
        id,
        wanted.url,
        wanted.description,
        &names(&wanted.event_types),
        wanted.is_enabled,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Gives the webhook another secret; the one before signs too until `until`.
pub(super) async fn put_secret(
    operator: OperatorId,
    db: &mut PgConnection,
    id: i64,
    secret: &str,
    until: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        update webhook_endpoints
        set old_secret = secret, old_secret_until = $4, secret = $3
        where operator_id = $1 and id = $2
        ",
        operator.get(),
        id,
        secret,
        until,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Deletes the webhook and everything that was or is to be told to it.
pub(super) async fn delete(operator: OperatorId, db: &mut PgConnection, id: i64) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from webhook_endpoints where operator_id = $1 and id = $2",
        operator.get(),
        id,
    )
    .execute(db)
    .await?;
    Ok(())
}
