//! The checks of the daily totals against the rounds, and of the coarser ones against the daily. Must never write.

use shared::ids::OperatorId;
use sqlx::PgConnection;

use super::BookDifference;

/// The daily totals are what the rounds add up to.
pub(super) async fn in_totals(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        with kept as (
            select
                operator_id,
                day,
                category,
                sum(settled) as settled,
                sum(won) as won,
                sum(voided) as voided,
                sum(staked) as staked,
                sum(paid) as paid
            from (
                select * from daily_totals
                union all
                select * from daily_totals_due
            ) as both_tables
            where product = 'casino'
            group by operator_id, day, category
        ),
        counted as (
            select
                operator_id,
                (settled_at at time zone 'UTC')::date as day,
                game as category,
                count(*) filter (where status = 'settled') as settled,
                count(*) filter (where status = 'settled' and payout > stake) as won,
                count(*) filter (where status = 'void') as voided,
                coalesce(sum(stake) filter (where status = 'settled'), 0) as staked,
                coalesce(sum(payout) filter (where status = 'settled'), 0) as paid
            from rounds
            where status <> 'open'
            group by operator_id, (settled_at at time zone 'UTC')::date, game
        )
        select
            operator_id as "operator!: OperatorId",
            format('totals of %s on %s', category, day) as "subject!",
            coalesce(
                format('%s/%s/%s/%s/%s', counted.settled, counted.won, counted.voided, counted.staked, counted.paid),
                'none'
            ) as "expected!",
            coalesce(
                format('%s/%s/%s/%s/%s', kept.settled, kept.won, kept.voided, kept.staked, kept.paid),
                'none'
            ) as "found!"
        from kept
        full join counted using (operator_id, day, category)
        where kept.settled is distinct from counted.settled
            or kept.won is distinct from counted.won
            or kept.voided is distinct from counted.voided
            or kept.staked is distinct from counted.staked
            or kept.paid is distinct from counted.paid
        order by operator_id, day, category
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// The totals of currencies and months are what the daily ones add up to.
pub(super) async fn in_coarser_totals(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        with kept as (
            select
                0 as operator_id, currency || ' on ' || day as time, product, category, kind,
                settled, won, voided, staked, paid
            from currency_totals
            union all
            select
                operator_id, 'the month of ' || month, product, category, '', settled, won, voided, staked, paid
            from monthly_totals
        ),
        counted as (
            select
                0 as operator_id, currency || ' on ' || day as time, product, category, kind,
                sum(settled) as settled, sum(won) as won, sum(voided) as voided,
                sum(staked) as staked, sum(paid) as paid
            from daily_totals
            join operators on operators.id = operator_id
            group by currency, day, product, category, kind
            union all
            select
                operator_id, 'the month of ' || date_trunc('month', day::timestamp)::date, product, category, '',
                sum(settled), sum(won), sum(voided), sum(staked), sum(paid)
            from daily_totals
            group by operator_id, date_trunc('month', day::timestamp)::date, product, category
        ),
        compared as (
            select
                operator_id,
                format('totals of %s %s of %s', category, kind, time) as subject,
                coalesce(counted.settled, 0) || '/' || coalesce(counted.won, 0) || '/' || coalesce(counted.voided, 0)
                    || '/' || coalesce(counted.staked, 0) || '/' || coalesce(counted.paid, 0) as expected,
                coalesce(kept.settled, 0) || '/' || coalesce(kept.won, 0) || '/' || coalesce(kept.voided, 0)
                    || '/' || coalesce(kept.staked, 0) || '/' || coalesce(kept.paid, 0) as found
            from kept
            full join counted using (operator_id, time, product, category, kind)
        )
        select
            operator_id as "operator!: OperatorId",
            subject as "subject!",
            expected as "expected!",
            found as "found!"
        from compared
        where expected <> found
        order by operator_id, subject
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}
