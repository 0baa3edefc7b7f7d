//! The statements that list the days of daily revenue. Must never write.

use shared::ids::OperatorId;
use shared::money::Currency;
use sqlx::PgConnection;
use time::macros::date;
use time::{Date, OffsetDateTime};

use crate::paging::Page;

/// Which days.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Filter {
    pub(super) operator: Option<OperatorId>,
    pub(super) from: Option<Date>,
    pub(super) to: Option<Date>,
}

/// A day of an operator.
#[derive(Clone, Debug)]
pub(super) struct DayRow {
    pub(super) operator: OperatorId,
    pub(super) name: String,
    pub(super) subdomain: String,
    pub(super) currency: Currency,
    pub(super) day: Date,
    pub(super) total_bets_amount: i64,
    pub(super) total_payouts: i64,
    pub(super) total_revenue: i64,
    pub(super) bookmaker_own_share: i64,
    pub(super) platform_fee_from_own: i64,
    pub(super) bookmaker_net_own: i64,
    pub(super) remaining_profit: i64,
    pub(super) bookmaker_share: i64,
    pub(super) community_share: i64,
    pub(super) platform_share: i64,
    pub(super) bookmaker_own_loss: i64,
    pub(super) remaining_loss: i64,
    pub(super) bookmaker_loss: i64,
    pub(super) community_loss: i64,
    pub(super) calculated_at: OffsetDateTime,
    pub(super) posted_at: Option<OffsetDateTime>,
    pub(super) number: i32,
}

/// Whether there is such an operator.
pub(super) async fn is_there(operator: OperatorId, db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from operators where id = $1) as "is_there!""#,
        operator.get(),
    )
    .fetch_one(db)
    .await
}

/// A page of the days, the newest first, and how many there are.
pub(super) async fn page(
    db: &mut PgConnection,
    filter: Filter,
    page: Page,
) -> Result<(Vec<DayRow>, i64), sqlx::Error> {
    // Ranges, so that one statement, with one plan, does for one operator and for all.
    let (first, last) = filter
        .operator
        .map_or((1, i64::MAX), |one| (one.get(), one.get()));
    let from = filter.from.unwrap_or(date!(0001 - 01 - 01));
    let to = filter.to.unwrap_or(Date::MAX);
    let rows = sqlx::query_as!(
        DayRow,
        r#"
        select
            first.operator_id as "operator: OperatorId", operators.name, operators.subdomain,
            operators.currency as "currency: Currency", first.day,
            daily.total_bets_amount as "total_bets_amount!",
            daily.total_payouts as "total_payouts!",
            daily.total_revenue as "total_revenue!",
            daily.bookmaker_own_share as "bookmaker_own_share!",
            daily.platform_fee_from_own as "platform_fee_from_own!",
            daily.bookmaker_net_own as "bookmaker_net_own!",
            daily.remaining_profit as "remaining_profit!",
            daily.bookmaker_share as "bookmaker_share!",
            daily.community_share as "community_share!",
            daily.platform_share as "platform_share!",
            daily.bookmaker_own_loss as "bookmaker_own_loss!",
            daily.remaining_loss as "remaining_loss!",
            daily.bookmaker_loss as "bookmaker_loss!",
            daily.community_loss as "community_loss!",
            daily.calculated_at as "calculated_at!",
            daily.posted_at, daily.number as "number!"
        from (
            select operator_id, day
            from daily_revenue
            where operator_id between $1 and $2 and day between $3 and $4
            order by day desc, operator_id
            limit $5
            offset $6
        ) as first
        join operators on operators.id = first.operator_id
        cross join lateral (
            select *
            from revenue_calculations as newest
            where newest.operator_id = first.operator_id and newest.day = first.day
            order by newest.number desc
            limit 1
        ) as daily
        order by first.day desc, first.operator_id
        "#,
        first,
        last,
        from,
        to,
        page.size(),
        page.offset(),
    )
    .fetch_all(&mut *db)
    .await?;
    let total = sqlx::query_scalar!(
        r#"
        select count(*) as "total!"
        from daily_revenue
        where operator_id between $1 and $2 and day between $3 and $4
        "#,
        first,
        last,
        from,
        to,
    )
    .fetch_one(db)
    .await?;
    Ok((rows, total))
}
