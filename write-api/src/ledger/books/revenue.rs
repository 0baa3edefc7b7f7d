//! The checks of daily revenue. Must never write.

use futures_util::TryStreamExt;
use shared::ids::OperatorId;
use sqlx::PgConnection;
use sqlx::types::Json;
use time::Date;

use super::BookDifference;
use crate::revenue::{Basis, Parts, parts_of};

/// Every day between the first and the last that an operator was ever posted is there and posted, and its corrections
/// are numbered without a gap.
pub(super) async fn in_record(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        with kept as (
            select operator_id, count(*) as days, min(day) as first_day, max(day) as last_day
            from daily_revenue
            where posted_at is not null
            group by operator_id
        ),
        corrected as (
            select operator_id, day, count(*) as corrections, max(number) as last_number
            from revenue_corrections
            group by operator_id, day
        )
        select
            operator_id as "operator!: OperatorId",
            'days of posted revenue' as "subject!",
            format('%s to %s, %s days', noted.first_day, noted.last_day, noted.last_day - noted.first_day + 1)
                as "expected!",
            format('%s to %s, %s days', kept.first_day, kept.last_day, coalesce(kept.days, 0)) as "found!"
        from kept
        full join revenue_posted as noted using (operator_id)
        where (noted.first_day, noted.last_day, noted.last_day - noted.first_day + 1)
            is distinct from (kept.first_day, kept.last_day, kept.days)
        union all
        select operator_id, format('corrections of %s', day), last_number::text, corrections::text
        from corrected
        where corrections <> last_number
        order by 1, 2
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// The newest calculation of a posted day is what settled on it, as the daily totals say it.
pub(super) async fn in_totals(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        with settled as (
            select
                operator_id, day, sum(staked) as staked, sum(paid) as paid,
                sum(staked - paid) filter (where product = 'sports') as sports
            from (
                select operator_id, day, product, staked, paid from daily_totals
                union all
                select operator_id, day, product, staked, paid from daily_totals_due
            ) as counted
            group by operator_id, day
        ),
        newest as (
            select distinct on (operator_id, day) *
            from revenue_calculations
            order by operator_id, day, number desc
        )
        select
            newest.operator_id as "operator!: OperatorId",
            format('revenue of %s', newest.day) as "subject!",
            format(
                '%s staked, %s paid, %s won by sports bets',
                coalesce(settled.staked, 0), coalesce(settled.paid, 0), coalesce(settled.sports, 0)
            ) as "expected!",
            format(
                '%s staked, %s paid, %s won by sports bets',
                newest.total_bets_amount, newest.total_payouts, newest.sports_revenue
            ) as "found!"
        from newest
        left join settled on settled.operator_id = newest.operator_id and settled.day = newest.day
        where (newest.number > 0 or newest.posted_at is not null)
            and (newest.total_bets_amount, newest.total_payouts, newest.sports_revenue)
                is distinct from (
                    coalesce(settled.staked, 0), coalesce(settled.paid, 0), coalesce(settled.sports, 0)
                )
        order by newest.operator_id, newest.day
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// The entries of a posted calculation took from each product what the calculation differs by from the one before. There
/// are no other entries of revenue.
pub(super) async fn in_movements(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        with moved as (
            select
                operator_id,
                reference,
                tx_id,
                coalesce(sum(side.amount) filter (where side.account = -2), 0) as casino,
                coalesce(sum(side.amount) filter (where side.account = -3), 0) as sports
            from ledger_entries
            cross join lateral (values (debit_account, amount), (credit_account, -amount)) as side (account, amount)
            where player_id is null and reason = 'revenue'
            group by operator_id, reference, tx_id
        ),
        posted as (
            select
                operator_id,
                day,
                number,
                posted_tx_id,
                casino - coalesce(lag(casino) over days, 0) as casino,
                sports_revenue - coalesce(lag(sports_revenue) over days, 0) as sports
            from revenue_calculations
            cross join lateral (select total_revenue - sports_revenue as casino) as of_casino
            where posted_at is not null
            window days as (partition by operator_id, day order by number)
        )
        select
            coalesce(posted.operator_id, moved.operator_id) as "operator!: OperatorId",
            format('revenue of %s', coalesce(posted.day::text, moved.reference)) as "subject!",
            format('%s and %s moved', posted.casino, posted.sports) as "expected!",
            format('%s and %s moved', coalesce(moved.casino, 0), coalesce(moved.sports, 0)) as "found!"
        from posted
        full join moved
            on moved.operator_id = posted.operator_id
            and moved.reference = posted.day::text
            and moved.tx_id = posted.posted_tx_id
        where posted.operator_id is null
            or posted.casino <> coalesce(moved.casino, 0)
            or posted.sports <> coalesce(moved.sports, 0)
        order by 1, 2
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// All entries of a day together gave the platform its parts, and bookmaker and community theirs and what the owners put
/// in for them. For a profit that was never corrected, the owners put in nothing.
pub(super) async fn in_effects(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        with moved as (
            select
                operator_id,
                reference,
                coalesce(sum(side.amount) filter (where side.account in (-5, -8)), 0) as bookmaker,
                coalesce(sum(side.amount) filter (where side.account in (-6, -7)), 0) as community,
                coalesce(sum(side.amount) filter (where side.account = -9), 0) as owners,
                coalesce(sum(side.amount) filter (where side.account = -21), 0) as platform
            from ledger_entries
            cross join lateral (values (credit_account, amount), (debit_account, -amount)) as side (account, amount)
            where player_id is null and reason = 'revenue'
            group by operator_id, reference
        ),
        newest as (
            select distinct on (operator_id, day)
                operator_id,
                day,
                number,
                total_revenue,
                bookmaker_net_own + bookmaker_share - bookmaker_own_loss - bookmaker_loss as bookmaker,
                community_share - community_loss as community,
                platform_fee_from_own + platform_share as platform
            from revenue_calculations
            where posted_at is not null
            order by operator_id, day, number desc
        )
        select
            newest.operator_id as "operator!: OperatorId",
            format('parts of the revenue of %s', newest.day) as "subject!",
            format(
                '%s to the platform, at least %s to the bookmaker and %s to the community',
                newest.platform, newest.bookmaker, newest.community
            ) as "expected!",
            format(
                '%s, %s and %s, and %s to the owners',
                coalesce(moved.platform, 0), coalesce(moved.bookmaker, 0), coalesce(moved.community, 0),
                coalesce(moved.owners, 0)
            ) as "found!"
        from newest
        left join moved on moved.operator_id = newest.operator_id and moved.reference = newest.day::text
        where coalesce(moved.platform, 0) <> newest.platform
            or coalesce(moved.bookmaker, 0) < newest.bookmaker
            or coalesce(moved.community, 0) < newest.community
            or coalesce(moved.owners, 0) > 0
            or newest.number = 0 and newest.total_revenue >= 0 and moved.owners <> 0
        order by newest.operator_id, newest.day
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// A calculation whose parts are checked.
struct Calculated {
    operator: OperatorId,
    day: Date,
    number: i32,
    revenue: i64,
    basis: Json<Basis>,
    fee_from_own: i64,
    net_own: i64,
    bookmaker: i64,
    community: i64,
    platform: i64,
    own_loss: i64,
    bookmaker_loss: i64,
    community_loss: i64,
}

/// The parts of every calculation are what its own basis makes of the whole, whatever is configured now.
pub(super) async fn in_split(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    let mut rows = sqlx::query_as!(
        Calculated,
        r#"
        select
            operator_id as "operator!: OperatorId", day as "day!", number as "number!", total_revenue as "revenue!",
            basis as "basis!: Json<Basis>", platform_fee_from_own as "fee_from_own!", bookmaker_net_own as "net_own!",
            bookmaker_share as "bookmaker!", community_share as "community!", platform_share as "platform!",
            bookmaker_own_loss as "own_loss!", bookmaker_loss as "bookmaker_loss!", community_loss as "community_loss!"
        from revenue_calculations
        where basis is not null
        order by operator_id, day, number
        "#
    )
    .fetch(db);
    while let Some(row) = rows.try_next().await? {
        let found = Parts {
            fee_from_own: row.fee_from_own,
            net_own: row.net_own,
            bookmaker: row.bookmaker,
            community: row.community,
            platform: row.platform,
            own_loss: row.own_loss,
            bookmaker_loss: row.bookmaker_loss,
            community_loss: row.community_loss,
        };
        let expected = parts_of(row.revenue, &row.basis.0);
        if found != expected {
            return Ok(Some(BookDifference {
                operator: row.operator,
                subject: format!("split of calculation {} of {}", row.number, row.day),
                expected: format!("{expected:?}"),
                found: format!("{found:?}"),
            }));
        }
    }
    Ok(None)
}
