//! The statements of long operations. Must never move a cursor but for who holds the row.

use shared::ids::{OperatorId, PlayerId};
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::rules::{Cursor, Operation, Status, Step, Work};
use crate::audit::Doer;
use crate::paging::Page;

/// Longest text that is kept of a failure, in characters.
const MAX_FAILURE_CHARS: usize = 300;

/// Writes down an operation, to be done by whichever instance finds it. The schema refuses a second one of the same
/// kind for one operator before the first has ended.
pub(crate) async fn insert(
    operator: OperatorId,
    db: &mut PgConnection,
    id: Uuid,
    work: &Work,
    doer: Option<&Doer>,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let staff = doer.and_then(|doer| doer.staff);
    sqlx::query!(
        r#"
        insert into operations (
            operator_id, id, kind, parameters, staff_operator_id, staff_id, started_at, updated_at
        )
        values ($1, $2, $3, $4, $5, $6, $7, $7)
        "#,
        operator.get(),
        id,
        work.kind(),
        Json(work) as _,
        staff.map(|(operator, _)| operator.get()),
        staff.map(|(_, staff)| staff.get()),
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The row of an operation.
struct Row {
    id: Uuid,
    parameters: Json<Work>,
    status: Status,
    cursor_operator: OperatorId,
    cursor_player: PlayerId,
    contest_id: Option<i64>,
    total: Option<i64>,
    looked_at: i64,
    changed: i64,
    failed: i64,
    failure: Option<String>,
    started_at: OffsetDateTime,
    updated_at: OffsetDateTime,
    ended_at: Option<OffsetDateTime>,
}

impl From<Row> for Operation {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            work: row.parameters.0,
            status: row.status,
            cursor: Cursor {
                operator: row.cursor_operator,
                player: row.cursor_player,
            },
            contest_id: row.contest_id,
            total: row.total,
            looked_at: row.looked_at,
            changed: row.changed,
            failed: row.failed,
            failure: row.failure,
            started_at: row.started_at,
            updated_at: row.updated_at,
            ended_at: row.ended_at,
        }
    }
}

macro_rules! operation {
    ($which:literal, $($value:expr),*) => {
        sqlx::query_as!(
            Row,
            r#"
            select
                id,
                parameters as "parameters: Json<Work>",
                case when status = 'done' and failed > 0 then 'completed_with_failures' else status end
                    as "status!: Status",
                cursor_operator as "cursor_operator: OperatorId",
                cursor_player as "cursor_player: PlayerId",
                contest_id,
                total,
                looked_at,
                changed,
                failed,
                failure,
                started_at,
                updated_at,
                ended_at
            from operations
            where operator_id = $1
            "# + $which,
            $($value),*
        )
    };
}

/// An operation of the operator, or of the platform.
pub(super) async fn find(
    operator: OperatorId,
    db: &mut PgConnection,
    id: Uuid,
) -> Result<Option<Operation>, sqlx::Error> {
    let row = operation!(" and id = $2", operator.get(), id)
        .fetch_optional(db)
        .await?;
    Ok(row.map(Operation::from))
}

/// Which operations of a list.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Filter {
    pub(super) kind: Option<&'static str>,
    pub(super) status: Option<Status>,
}

/// A page of the operations, the newest first, and how many there are.
pub(super) async fn page(
    operator: OperatorId,
    db: &mut PgConnection,
    filter: Filter,
    page: Page,
) -> Result<(Vec<Operation>, i64), sqlx::Error> {
    let rows = operation!(
        r#"
            and ($2::text is null or kind = $2)
            and (
                $3::text is null
                or $3 = case when status = 'done' and failed > 0 then 'completed_with_failures' else status end
            )
        order by started_at desc, id desc
        limit $4
        offset $5
        "#,
        operator.get(),
        filter.kind,
        filter.status as Option<Status>,
        page.size(),
        page.offset()
    );
    let rows = rows.fetch_all(&mut *db).await?;
    let total = sqlx::query_scalar!(
        r#"
        select count(*) as "total!"
        from operations
        where operator_id = $1
            and ($2::text is null or kind = $2)
            and (
                $3::text is null
                or $3 = case when status = 'done' and failed > 0 then 'completed_with_failures' else status end
            )
        "#,
        operator.get(),
        filter.kind,
        filter.status as Option<Status>,
    )
    .fetch_one(db)
    .await?;
    Ok((rows.into_iter().map(Operation::from).collect(), total))
}

/// Takes an operation until the end of the transaction, unless it has ended or another instance has it.
pub(super) async fn take(
    operator: OperatorId,
    db: &mut PgConnection,
    id: Uuid,
) -> Result<Option<Operation>, sqlx::Error> {
    let row = operation!(
        " and id = $2 and ended_at is null for update skip locked",
        operator.get(),
        id
    );
    Ok(row.fetch_optional(db).await?.map(Operation::from))
}

/// Lets no statement of this transaction take longer than `most_ms`.
pub(super) async fn limit_statements(db: &mut PgConnection, most_ms: u64) -> Result<(), sqlx::Error> {
    sqlx::query_scalar!(
        "select set_config('statement_timeout', $1, true)",
        most_ms.max(1).to_string(),
    )
    .fetch_one(db)
    .await?;
    Ok(())
}

/// The operations that have not ended, the oldest first. After failures in a row each waits ever longer, up to five
/// minutes, so that what stands in its way may be mended.
pub(super) async fn unfinished(
    db: &mut PgConnection,
    at: OffsetDateTime,
) -> Result<Vec<(OperatorId, Uuid)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select operator_id as "operator: OperatorId", id
        from operations
        where ended_at is null
            and (failures = 0 or updated_at + least(power(2, failures), 300) * interval '1 second' <= $1)
        order by id
        "#,
        at,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.operator, row.id)).collect())
}

/// Moves the cursor, in the transaction of what the step did.
pub(super) async fn advance(
    operator: OperatorId,
    db: &mut PgConnection,
    id: Uuid,
    step: &Step,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        update operations
        set
            status = case when $8 then 'done' else 'running' end,
            ended_at = case when $8 then $9::timestamptz end,
            cursor_operator = $3,
            cursor_player = $4,
            contest_id = $5,
            looked_at = looked_at + $6,
            changed = changed + $7,
            failed = failed + $11,
            steps = steps + 1,
            failures = 0,
            failure = null,
            updated_at = $9,
            total = $10
        where operator_id = $1 and id = $2
        "#,
        operator.get(),
        id,
        step.cursor.operator.get(),
        step.cursor.player.get(),
        step.contest_id,
        step.looked_at,
        step.changed,
        step.is_last,
        at,
        step.total,
        step.failed,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Counts a failed step, and gives the operation up after `most` in a row; says whether it did.
pub(super) async fn note_failure(
    operator: OperatorId,
    db: &mut PgConnection,
    id: Uuid,
    failure: &str,
    most: u16,
    at: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let failure: String = failure.chars().take(MAX_FAILURE_CHARS).collect();
    let is_given_up = sqlx::query_scalar!(
        r#"
        update operations
        set
            failures = failures + 1,
            failure = $3,
            status = case when failures + 1 >= $4 then 'failed' else status end,
            ended_at = case when failures + 1 >= $4 then $5::timestamptz end,
            updated_at = $5
        where operator_id = $1 and id = $2 and ended_at is null
        returning status = 'failed' as "is_given_up!"
        "#,
        operator.get(),
        id,
        failure,
        i32::from(most),
        at,
    )
    .fetch_optional(db)
    .await?;
    Ok(is_given_up.unwrap_or(false))
}

/// Lets an operation that was given up go on from where it was; says whether there was one.
pub(super) async fn resume(
    operator: OperatorId,
    db: &mut PgConnection,
    id: Uuid,
    at: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let resumed = sqlx::query!(
        r#"
        update operations
        set status = 'running', failures = 0, failure = null, ended_at = null, updated_at = $3
        where operator_id = $1 and id = $2 and status = 'failed'
        "#,
        operator.get(),
        id,
        at,
    )
    .execute(db)
    .await?;
    Ok(resumed.rows_affected() == 1)
}

/// Says how much there is to look at, and which contest is meant.
pub(super) async fn put_scope(
    operator: OperatorId,
    db: &mut PgConnection,
    id: Uuid,
    total: Option<i64>,
    contest: Option<i64>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update operations set total = $3, contest_id = $4 where operator_id = $1 and id = $2",
        operator.get(),
        id,
        total,
        contest,
    )
    .execute(db)
    .await?;
    Ok(())
}
