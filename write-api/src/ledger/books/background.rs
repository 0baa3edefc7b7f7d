//! The checks of what long operations wrote: resets of balances and standings that were kept.

use shared::ids::OperatorId;
use sqlx::PgConnection;

use super::BookDifference;

/// Every movement of a reset belongs to an operation, was made once for its wallet, and brought it to what the operation
/// sets.
pub(super) async fn in_resets(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        select
            made.operator_id as "operator!: OperatorId",
            format('reset %s of wallet %s', made.reference, made.player_id) as "subject!",
            coalesce('one movement to ' || resets.target, 'none') as "expected!",
            format('%s movements to %s', made.movements, made.balance_after) as "found!"
        from (
            select operator_id, player_id, reference, count(*) as movements, max(balance_after) as balance_after
            from ledger_entries
            where reason = 'reset'
            group by operator_id, player_id, reference
        ) as made
        left join balance_resets as resets
            on resets.operator_id = made.operator_id and resets.operation_id::text = made.reference
        where resets.target is null or made.movements <> 1 or made.balance_after <> resets.target
        order by made.operator_id, made.player_id
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// An operation that resets balances has counted as many movements as there are.
pub(super) async fn in_operations(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        select
            operations.operator_id as "operator!: OperatorId",
            format('operation %s', operations.id) as "subject!",
            format('%s movements', coalesce(made.movements, 0)) as "expected!",
            format('%s movements', operations.changed) as "found!"
        from operations
        left join (
            select reference, count(*) as movements
            from ledger_entries
            where reason = 'reset'
            group by reference
        ) as made on made.reference = operations.id::text
        where operations.kind in ('reset_users', 'contest_start')
            and operations.changed <> coalesce(made.movements, 0)
        order by operations.operator_id, operations.id
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// The standings that were kept of a contest are as they were kept.
pub(super) async fn in_kept_standings(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        select
            0::bigint as "operator!: OperatorId",
            format('kept standings of contest %s', id) as "subject!",
            encode(kept_hash, 'hex') as "expected!",
            encode(contest_hash(id), 'hex') as "found!"
        from contests
        where kept_hash <> contest_hash(id)
        order by id
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// No wallet of an operator is overdrawn.
pub(super) async fn in_operators_balances(
    db: &mut PgConnection,
) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        select
            operator_id as "operator!: OperatorId",
            format('account %s', account) as "subject!",
            'zero or more' as "expected!",
            sum(signed)::text as "found!"
        from ledger_entries
        cross join lateral (values (credit_account, amount), (debit_account, -amount)) as side (account, signed)
        where player_id is null and account in (-5, -6, -7, -8)
        group by operator_id, account
        having sum(signed) < 0
        order by operator_id, account desc
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}
