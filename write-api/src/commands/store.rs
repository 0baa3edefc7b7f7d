//! The statements of commands that have no statement of their own. Must never change or take back a kept answer.

use shared::db::DbError;
use shared::ids::OperatorId;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{Actor, Answer, Command, Stored};

/// What was answered to the actor's request with this key. To be called once the row is taken that such requests
/// queue up for: a request that is under way is not seen.
pub(crate) async fn find(
    operator: OperatorId,
    db: &mut PgConnection,
    actor: &Actor,
    key: &str,
) -> Result<Option<Stored>, sqlx::Error> {
    sqlx::query_as!(
        Stored,
        r#"
        select request_hash, status, answer::text as "answer!"
        from commands
        where operator_id = $1 and actor = $2 and key = $3
        "#,
        operator.get(),
        actor.as_str(),
        key,
    )
    .fetch_optional(db)
    .await
}

/// Keeps the answer to a command, in the transaction of its effect. Waits for another transaction that keeps one for
/// the same key; [`is_taken`] tells the error that there is if that one is committed.
pub(crate) async fn insert(
    operator: OperatorId,
    db: &mut PgConnection,
    actor: &Actor,
    command: &Command,
    answer: &Answer,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into commands (operator_id, actor, key, request_hash, status, answer, created_at)
        values ($1, $2, $3, $4, $5, $6::text::json, $7)
        "#,
        operator.get(),
        actor.as_str(),
        command.key(),
        command.request_hash(),
        answer.stored_status(),
        answer.json(),
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether a command was refused because its key has an answer already.
pub(crate) fn is_taken(error: &DbError) -> bool {
    error.is_constraint("commands_pkey")
}
