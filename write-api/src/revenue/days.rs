//! The statements that list the days of daily revenue. Must never write.

use shared::ids::OperatorId;
use shared::money::Currency;
use sqlx::PgConnection;
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

/// A page of the days, the newest first, and how many there are.
pub(super) async fn page(
    db: &mut PgConnection,
    filter: Filter,
    page: Page,
) -> Result<(Vec<DayRow>, i64), sqlx::Error> {
    let operator = filter.operator.map(OperatorId::get);
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
        from daily_revenue as first
        join operators on operators.id = first.operator_id
        cross join lateral (
            select *
            from revenue_calculations as newest
            where newest.operator_id = first.operator_id and newest.day = first.day
            order by newest.number desc
            limit 1
        ) as daily
        where ($1::bigint is null or first.operator_id = $1)
            and ($2::date is null or first.day >= $2)
            and ($3::date is null or first.day <= $3)
        order by first.day desc, first.operator_id
        limit $4
        offset $5
        "#,
        operator,
        filter.from,
        filter.to,
        page.size(),
        page.offset(),
    )
    .fetch_all(&mut *db)
    .await?;
    let total = sqlx::query_scalar!(
        r#"
        select count(*) as "total!"
        from daily_revenue
        where ($1::bigint is null or operator_id = $1)
            and ($2::date is null or day >= $2)
            and ($3::date is null or day <= $3)
        "#,
        operator,
        filter.from,
        filter.to,
    )
    .fetch_one(db)
    .await?;
    Ok((rows, total))
}
