//! The statements of the delivery: what is due, and what came of it. Must never let two instances attempt one delivery
//! at the same time.

use shared::ids::OperatorId;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// A delivery to attempt, with what it is signed with.
#[derive(Debug)]
pub(in super::super) struct Due {
    pub(in super::super) operator: OperatorId,
    pub(in super::super) id: i64,
    pub(in super::super) endpoint: i64,
    pub(in super::super) message: Uuid,
    pub(in super::super) body: String,
    /// This attempt counted.
    pub(in super::super) attempts: i32,
    pub(in super::super) url: String,
    pub(in super::super) secret: String,
    /// While it is valid.
    pub(in super::super) old_secret: Option<String>,
}

/// Takes what is due at `now`, of all operators that are served, for the time until `until`: `most` deliveries, and so many to each
/// webhook that no more than `each` are under way to it. Operators take turns: who has least under way comes first, and
/// nobody has more than `of_one` under way.
///
/// `waiting` steps through the index from one webhook with something pending to the next. So it costs nothing for those
/// that have nothing, and one step for one that has a hundred thousand.
pub(in super::super) async fn claim(
    db: &mut PgConnection,
    now: OffsetDateTime,
    until: OffsetDateTime,
    each: i64,
    of_one: i64,
    most: i64,
) -> Result<Vec<Due>, sqlx::Error> {
    sqlx::query_as!(
        Due,
        r#"
        with recursive waiting as (
            (
                select operator_id, endpoint_id
                from webhook_deliveries
                where status = 'pending'
                order by operator_id, endpoint_id
                limit 1
            )
            union all
            select next.operator_id, next.endpoint_id
            from waiting
            cross join lateral (
                select operator_id, endpoint_id
                from webhook_deliveries
                where status = 'pending'
                    and (operator_id, endpoint_id) > (waiting.operator_id, waiting.endpoint_id)
                order by operator_id, endpoint_id
                limit 1
            ) as next
        ),
        due as materialized (
            select due.operator_id, due.id, due.next_attempt_at
            from waiting
            join webhook_endpoints as endpoints
                on endpoints.operator_id = waiting.operator_id and endpoints.id = waiting.endpoint_id
            join operators on operators.id = waiting.operator_id and operators.is_active
            cross join lateral (
                select operator_id, id, next_attempt_at
                from webhook_deliveries
                where operator_id = endpoints.operator_id
                    and endpoint_id = endpoints.id
                    and status = 'pending'
                    and next_attempt_at <= $1
                order by next_attempt_at, id
                limit greatest(
                    $3 - (
                        select count(*)
                        from webhook_deliveries as leased
                        where leased.operator_id = endpoints.operator_id
                            and leased.endpoint_id = endpoints.id
                            and leased.leased_until > $1
                    ),
                    0
                )
                for update skip locked
            ) as due
            where endpoints.is_enabled
        ),
        leased as (
            select operator_id, count(*) as deliveries
            from webhook_deliveries
            where leased_until > $1
            group by operator_id
        ),
        in_turn as (
            select
                due.*,
                coalesce(leased.deliveries, 0)
                    + row_number() over (partition by due.operator_id order by due.next_attempt_at, due.id) as turn
            from due
            left join leased using (operator_id)
        ),
        chosen as (
            select operator_id, id
            from in_turn
            where turn <= $5
            order by turn, next_attempt_at
            limit $4
        )
        update webhook_deliveries as taken
        set next_attempt_at = $2, leased_until = $2, attempts = taken.attempts + 1, last_attempt_at = $1
        from chosen
        join webhook_deliveries as asked on asked.operator_id = chosen.operator_id and asked.id = chosen.id
        join webhook_endpoints as endpoints
            on endpoints.operator_id = asked.operator_id and endpoints.id = asked.endpoint_id
        where taken.operator_id = chosen.operator_id and taken.id = chosen.id
        returning
            taken.operator_id as "operator: OperatorId",
            taken.id,
            taken.endpoint_id as endpoint,
            taken.message_id as message,
            taken.body,
            taken.attempts,
            endpoints.url,
            endpoints.secret,
            case when endpoints.old_secret_until > $1 then endpoints.old_secret end as old_secret
        "#,
        now,
        until,
        each,
        most,
        of_one,
    )
    .fetch_all(db)
    .await
}

/// How an attempt went.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Attempt {
    pub(in super::super) status: Option<i16>,
    pub(in super::super) error: Option<&'static str>,
    pub(in super::super) latency_ms: i32,
}

/// Notes that the delivery is made, or given up: `delivered` or `failed`; says whether it was still for this attempt to
/// say. After its lease another one may have been begun, whose outcome counts.
pub(in super::super) async fn ended(
    operator: OperatorId,
    db: &mut PgConnection,
    due: &Due,
    status: &str,
    attempt: Attempt,
) -> Result<bool, sqlx::Error> {
    let ended = sqlx::query!(
        "
        update webhook_deliveries
        set status = $4,
            next_attempt_at = null,
            leased_until = null,
            last_status = $5,
            last_error = $6,
            last_latency_ms = $7
        where operator_id = $1 and id = $2 and status = 'pending' and attempts = $3 and leased_until is not null
        ",
        operator.get(),
        due.id,
        due.attempts,
        status,
        attempt.status,
        attempt.error,
        attempt.latency_ms,
    )
    .execute(db)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Notes that the delivery is to be tried again at `at`; says whether it was still for this attempt to say.
pub(in super::super) async fn postpone(
    operator: OperatorId,
    db: &mut PgConnection,
    due: &Due,
    attempt: Attempt,
    at: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let postponed = sqlx::query!(
        "
        update webhook_deliveries
        set next_attempt_at = $4, leased_until = null, last_status = $5, last_error = $6, last_latency_ms = $7
        where operator_id = $1 and id = $2 and status = 'pending' and attempts = $3 and leased_until is not null
        ",
        operator.get(),
        due.id,
        due.attempts,
        at,
        attempt.status,
        attempt.error,
        attempt.latency_ms,
    )
    .execute(db)
    .await?;
    Ok(postponed.rows_affected() == 1)
}

/// Locks the webhook's row.
pub(in super::super) async fn lock_endpoint(
    operator: OperatorId,
    db: &mut PgConnection,
    endpoint: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "select id from webhook_endpoints where operator_id = $1 and id = $2 for no key update",
        operator.get(),
        endpoint,
    )
    .fetch_optional(db)
    .await?;
    Ok(())
}

/// Notes that something could be delivered to the webhook.
pub(in super::super) async fn subscriber_works(
    operator: OperatorId,
    db: &mut PgConnection,
    endpoint: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        update webhook_endpoints
        set failing_since = null
        where operator_id = $1 and id = $2 and failing_since is not null
        ",
        operator.get(),
        endpoint,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that something could not, and tells since when nothing could.
pub(in super::super) async fn subscriber_failed(
    operator: OperatorId,
    db: &mut PgConnection,
    endpoint: i64,
    at: OffsetDateTime,
) -> Result<Option<OffsetDateTime>, sqlx::Error> {
    let since = sqlx::query_scalar!(
        "
        update webhook_endpoints
        set failing_since = coalesce(failing_since, $3)
        where operator_id = $1 and id = $2 and is_enabled
        returning failing_since
        ",
        operator.get(),
        endpoint,
        at,
    )
    .fetch_optional(db)
    .await?;
    Ok(since.flatten())
}

/// Disables the webhook; says whether it was enabled.
pub(in super::super) async fn disable(
    operator: OperatorId,
    db: &mut PgConnection,
    endpoint: i64,
    reason: &str,
) -> Result<bool, sqlx::Error> {
    let disabled = sqlx::query!(
        "
        update webhook_endpoints
        set is_enabled = false, disabled_reason = $3
        where operator_id = $1 and id = $2 and is_enabled
        ",
        operator.get(),
        endpoint,
        reason,
    )
    .execute(db)
    .await?;
    Ok(disabled.rows_affected() > 0)
}

/// Deletes deliveries of all operators that are older than `before`, `batch` at most; tells how many.
pub(in super::super) async fn prune(
    db: &mut PgConnection,
    before: OffsetDateTime,
    batch: i64,
) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query!(
        "
        delete from webhook_deliveries
        using (
            select operator_id, id
            from webhook_deliveries
            where created_at < $1
            order by created_at
            limit $2
            for update skip locked
        ) as old
        where webhook_deliveries.operator_id = old.operator_id and webhook_deliveries.id = old.id
        ",
        before,
        batch,
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected())
}
