//! The checks of what long operations wrote: resets of balances and posted revenue.

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

/// A posted day is what settled on it, as the daily totals say it, and its entries took just that from the
/// casino. A day that is not posted has none.
pub(super) async fn in_revenue(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        with moved as (
            select
                operator_id,
                reference,
                tx_id,
                sum(case when debit_account = -2 then amount when credit_account = -2 then -amount end) as won
            from ledger_entries
            where player_id is null and reason = 'revenue'
            group by operator_id, reference, tx_id
        ),
        settled as (
            select operator_id, day, sum(staked) as staked, sum(paid) as paid
            from (
                select operator_id, day, staked, paid from daily_totals
                union all
                select operator_id, day, staked, paid from daily_totals_due
            ) as counted
            group by operator_id, day
        ),
        posted as (
            select *
            from daily_revenue
            where posted_at is not null
        )
        select
            coalesce(posted.operator_id, moved.operator_id) as "operator!: OperatorId",
            format('revenue of %s', coalesce(posted.day::text, moved.reference)) as "subject!",
            format(
                '%s staked, %s paid, %s moved',
                coalesce(settled.staked, 0), coalesce(settled.paid, 0), posted.total_revenue
            ) as "expected!",
            format(
                '%s staked, %s paid, %s moved',
                posted.total_bets_amount, posted.total_payouts, coalesce(moved.won, 0)
            ) as "found!"
        from posted
        full join moved
            on moved.operator_id = posted.operator_id
            and moved.reference = posted.day::text
            and moved.tx_id = posted.posted_tx_id
        left join settled on settled.operator_id = posted.operator_id and settled.day = posted.day
        where posted.operator_id is null
            or posted.total_revenue <> coalesce(moved.won, 0)
            or posted.total_bets_amount <> coalesce(settled.staked, 0)
            or posted.total_payouts <> coalesce(settled.paid, 0)
        order by 1, 2
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// The entries of a posted day gave bookmaker, community and platform their parts of a profit, and took no more than
/// their parts of a loss: what they did not hold, the owners put in.
pub(super) async fn in_parts_of_revenue(
    db: &mut PgConnection,
) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        with moved as (
            select
                operator_id,
                tx_id,
                reference,
                sum(amount) filter (where credit_account in (-5, -8)) as to_bookmaker,
                sum(amount) filter (where credit_account = -7) as to_community,
                sum(amount) filter (where credit_account = -21) as to_platform,
                sum(amount) filter (where debit_account in (-5, -8)) as from_bookmaker,
                sum(amount) filter (where debit_account in (-6, -7)) as from_community
            from ledger_entries
            where player_id is null and reason = 'revenue'
            group by operator_id, tx_id, reference
        )
        select
            daily.operator_id as "operator!: OperatorId",
            format('parts of the revenue of %s', daily.day) as "subject!",
            format(
                '%s, %s and %s given, at most %s and %s taken',
                bookmaker_net_own + bookmaker_share, community_share, platform_fee_from_own + platform_share,
                bookmaker_own_loss + bookmaker_loss, community_loss
            ) as "expected!",
            format(
                '%s, %s and %s given, %s and %s taken',
                coalesce(to_bookmaker, 0), coalesce(to_community, 0), coalesce(to_platform, 0),
                coalesce(from_bookmaker, 0), coalesce(from_community, 0)
            ) as "found!"
        from daily_revenue as daily
        join moved
            on moved.operator_id = daily.operator_id
            and moved.tx_id = daily.posted_tx_id
            and moved.reference = daily.day::text
        where coalesce(to_bookmaker, 0) <> bookmaker_net_own + bookmaker_share
            or coalesce(to_community, 0) <> community_share
            or coalesce(to_platform, 0) <> platform_fee_from_own + platform_share
            or from_bookmaker > bookmaker_own_loss + bookmaker_loss
            or from_community > community_loss
        order by daily.operator_id, daily.day
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
