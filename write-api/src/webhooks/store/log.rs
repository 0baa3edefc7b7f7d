//! The statements that read the log of deliveries, and those that ask for one again. Must never show a body.

use shared::ids::OperatorId;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::paging::Page;

/// Which deliveries.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Filter {
    pub(in super::super) status: Option<&'static str>,
    pub(in super::super) event_type: Option<&'static str>,
}

/// A delivery as staff see it.
#[derive(Debug)]
pub(in super::super) struct DeliveryRow {
    pub(in super::super) id: i64,
    pub(in super::super) message: Uuid,
    pub(in super::super) event_type: String,
    pub(in super::super) subject: String,
    pub(in super::super) status: String,
    pub(in super::super) attempts: i32,
    pub(in super::super) created_at: OffsetDateTime,
    pub(in super::super) next_attempt_at: Option<OffsetDateTime>,
    pub(in super::super) last_attempt_at: Option<OffsetDateTime>,
    pub(in super::super) last_status: Option<i16>,
    pub(in super::super) last_error: Option<String>,
    pub(in super::super) last_latency_ms: Option<i32>,
}

/// A page of the deliveries to a webhook, the newest first, and how many there are.
pub(in super::super) async fn deliveries(
    operator: OperatorId,
    db: &mut PgConnection,
    endpoint: i64,
    filter: &Filter,
    page: Page,
) -> Result<(Vec<DeliveryRow>, i64), sqlx::Error> {
    let rows = sqlx::query_as!(
        DeliveryRow,
        "
        select
            id, message_id as message, event_type, subject, status, attempts, created_at, next_attempt_at,
            last_attempt_at, last_status, last_error, last_latency_ms
        from webhook_deliveries
        where operator_id = $1
            and endpoint_id = $2
            and ($3::text is null or status = $3)
            and ($4::text is null or event_type = $4)
        order by id desc
        limit $5
        offset $6
        ",
        operator.get(),
        endpoint,
        filter.status,
        filter.event_type,
        page.size(),
        page.offset(),
    )
    .fetch_all(&mut *db)
    .await?;
    let total = sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from webhook_deliveries
        where operator_id = $1
            and endpoint_id = $2
            and ($3::text is null or status = $3)
            and ($4::text is null or event_type = $4)
        "#,
        operator.get(),
        endpoint,
        filter.status,
        filter.event_type,
    )
    .fetch_one(db)
    .await?;
    Ok((rows, total))
}

/// How a delivery stands. Locks it.
pub(in super::super) async fn status_of(
    operator: OperatorId,
    db: &mut PgConnection,
    endpoint: i64,
    id: i64,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select status
        from webhook_deliveries
        where operator_id = $1 and endpoint_id = $2 and id = $3
        for no key update
        ",
        operator.get(),
        endpoint,
        id,
    )
    .fetch_optional(db)
    .await
}

/// Has the delivery made again, from the first attempt on, under the id that it had.
pub(in super::super) async fn replay(
    operator: OperatorId,
    db: &mut PgConnection,
    id: i64,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        update webhook_deliveries
        set status = 'pending', attempts = 0, next_attempt_at = $3
        where operator_id = $1 and id = $2 and status <> 'pending'
        ",
        operator.get(),
        id,
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Has failed deliveries to the webhook made again whose events happened at `since` or later, the oldest first and
/// `most` of them; tells how many.
pub(in super::super) async fn replay_failed(
    operator: OperatorId,
    db: &mut PgConnection,
    endpoint: i64,
    since: OffsetDateTime,
    at: OffsetDateTime,
    most: u32,
) -> Result<u64, sqlx::Error> {
    let replayed = sqlx::query!(
        "
        update webhook_deliveries
        set status = 'pending', attempts = 0, next_attempt_at = $4
        where operator_id = $1
            and id = any (array(
                select id
                from webhook_deliveries
                where operator_id = $1 and endpoint_id = $2 and status = 'failed' and created_at >= $3
                order by id
                limit $5
            ))
        ",
        operator.get(),
        endpoint,
        since,
        at,
        i64::from(most),
    )
    .execute(db)
    .await?;
    Ok(replayed.rows_affected())
}
