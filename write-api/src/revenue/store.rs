//! The statements of daily revenue. Must never change a row that was posted.

use shared::ids::OperatorId;
use shared::money::Currency;
use sqlx::PgConnection;
use time::macros::date;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::rules::{Held, Parts};
use crate::ledger::Account;
use crate::paging::Page;
use crate::reports::DayTotals;

/// Days of one operator that one transaction posts at most.
pub(super) const DAYS_POSTED_AT_ONCE: i64 = 366;

/// The operator after this one. All there are, also disabled ones: what settles late is still theirs.
pub(super) async fn next_operator(
    db: &mut PgConnection,
    after: OperatorId,
) -> Result<Option<OperatorId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select id as "id: OperatorId" from operators where id > $1 order by id limit 1"#,
        after.get(),
    )
    .fetch_optional(db)
    .await
}

/// How many operators there are.
pub(super) async fn operators(db: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"select count(*) as "count!" from operators"#)
        .fetch_one(db)
        .await
}

/// What the bookmaker's capital and the pool were opened with.
pub(super) async fn initial_balances(
    operator: OperatorId,
    db: &mut PgConnection,
) -> Result<(i64, i64), sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select
            coalesce(sum(initial_balance) filter (where account = $2), 0)::bigint as "capital!",
            coalesce(sum(initial_balance) filter (where account = $3), 0)::bigint as "pool!"
        from operator_wallets
        where operator_id = $1
        "#,
        operator.get(),
        Account::BookmakerCapital.code(),
        Account::LiquidityPool.code(),
    )
    .fetch_one(db)
    .await?;
    Ok((row.capital, row.pool))
}

/// The first day of the operator that is not posted: the day after the last that is, or else that on which the operator
/// came or something settled first. None where there is no operator.
pub(super) async fn first_unposted(
    operator: OperatorId,
    db: &mut PgConnection,
) -> Result<Option<Date>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select coalesce(
            (
                select max(day) + 1
                from daily_revenue
                where operator_id = $1 and posted_at is not null
            ),
            least(
                (select (created_at at time zone 'utc')::date from operators where id = $1),
                (select min(day) from daily_totals where operator_id = $1),
                (select min(day) from daily_totals_due where operator_id = $1)
            )
        ) as day
        "#,
        operator.get(),
    )
    .fetch_one(db)
    .await
}

/// A day with what settled on it, and its parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Worked {
    pub(super) day: Date,
    pub(super) totals: DayTotals,
    pub(super) parts: Parts,
}

/// Writes days, in place of what was worked out before.
pub(super) async fn put(
    operator: OperatorId,
    db: &mut PgConnection,
    worked: &[Worked],
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let days: Vec<Date> = worked.iter().map(|worked| worked.day).collect();
    let column = |of: fn(&Worked) -> i64| worked.iter().map(of).collect::<Vec<i64>>();
    sqlx::query!(
        r#"
        insert into daily_revenue (
            operator_id, day, total_bets_amount, total_payouts, total_revenue, bookmaker_own_share,
            platform_fee_from_own, bookmaker_net_own, remaining_profit, bookmaker_share, community_share,
            platform_share, bookmaker_own_loss, remaining_loss, bookmaker_loss, community_loss, calculated_at
        )
        select
            $1, day, staked, paid, staked - paid, fee + net_own,
            fee, net_own, bookmaker + community + platform, bookmaker, community,
            platform, own_loss, bookmaker_loss + community_loss, bookmaker_loss, community_loss, $13
        from unnest(
            $2::date[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
            $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[]
        ) as worked (
            day, staked, paid, fee, net_own, bookmaker, community, platform, own_loss, bookmaker_loss, community_loss
        )
        on conflict (operator_id, day) do update
        set
            total_bets_amount = excluded.total_bets_amount,
            total_payouts = excluded.total_payouts,
            total_revenue = excluded.total_revenue,
            bookmaker_own_share = excluded.bookmaker_own_share,
            platform_fee_from_own = excluded.platform_fee_from_own,
            bookmaker_net_own = excluded.bookmaker_net_own,
            remaining_profit = excluded.remaining_profit,
            bookmaker_share = excluded.bookmaker_share,
            community_share = excluded.community_share,
            platform_share = excluded.platform_share,
            bookmaker_own_loss = excluded.bookmaker_own_loss,
            remaining_loss = excluded.remaining_loss,
            bookmaker_loss = excluded.bookmaker_loss,
            community_loss = excluded.community_loss,
            calculated_at = excluded.calculated_at
        "#,
        operator.get(),
        &days,
        &column(|worked| worked.totals.staked.get()),
        &column(|worked| worked.totals.paid.get()),
        &column(|worked| worked.parts.fee_from_own),
        &column(|worked| worked.parts.net_own),
        &column(|worked| worked.parts.bookmaker),
        &column(|worked| worked.parts.community),
        &column(|worked| worked.parts.platform),
        &column(|worked| worked.parts.own_loss),
        &column(|worked| worked.parts.bookmaker_loss),
        &column(|worked| worked.parts.community_loss),
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The days up to `through` that were worked out and are not posted, the oldest first.
pub(super) async fn due(
    operator: OperatorId,
    db: &mut PgConnection,
    through: Date,
) -> Result<Vec<(Date, Parts)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select
            day, platform_fee_from_own, bookmaker_net_own, bookmaker_share, community_share, platform_share,
            bookmaker_own_loss, bookmaker_loss, community_loss
        from daily_revenue
        where operator_id = $1 and day <= $2 and posted_at is null
        order by day
        limit $3
        "#,
        operator.get(),
        through,
        DAYS_POSTED_AT_ONCE,
    )
    .fetch_all(db)
    .await?;
    let days = rows.into_iter().map(|row| {
        let parts = Parts {
            fee_from_own: row.platform_fee_from_own,
            net_own: row.bookmaker_net_own,
            bookmaker: row.bookmaker_share,
            community: row.community_share,
            platform: row.platform_share,
            own_loss: row.bookmaker_own_loss,
            bookmaker_loss: row.bookmaker_loss,
            community_loss: row.community_loss,
        };
        (row.day, parts)
    });
    Ok(days.collect())
}

/// What the operator's wallets hold. Its row must be locked: whoever posts has it.
pub(super) async fn held(operator: OperatorId, db: &mut PgConnection) -> Result<Held, sqlx::Error> {
    sqlx::query_as!(
        Held,
        r#"
        with moved as (
            select side.account, sum(side.amount) as balance
            from ledger_entries
            cross join lateral (values (credit_account, amount), (debit_account, -amount)) as side (account, amount)
            where operator_id = $1 and player_id is null
            group by side.account
        )
        select
            coalesce(sum(balance) filter (where account = $2), 0)::bigint as "capital!",
            coalesce(
                (select initial_balance from operator_wallets where operator_id = $1 and account = $2), 0
            ) as "capital_full!",
            coalesce(sum(balance) filter (where account = $3), 0)::bigint as "pool!",
            coalesce(sum(balance) filter (where account = $4), 0)::bigint as "revenue!",
            coalesce(sum(balance) filter (where account = $5), 0)::bigint as "earnings!"
        from moved
        "#,
        operator.get(),
        Account::BookmakerCapital.code(),
        Account::LiquidityPool.code(),
        Account::Revenue.code(),
        Account::BookmakerEarnings.code(),
    )
    .fetch_one(db)
    .await
}

/// Marks a day as posted by these entries.
pub(super) async fn mark_posted(
    operator: OperatorId,
    db: &mut PgConnection,
    day: Date,
    tx_id: Uuid,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update daily_revenue set posted_at = $3, posted_tx_id = $4 where operator_id = $1 and day = $2",
        operator.get(),
        day,
        at,
        tx_id,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether the schedule has not had this day worked out.
pub(super) async fn is_due(db: &mut PgConnection, through: Date) -> Result<bool, sqlx::Error> {
    let due = sqlx::query_scalar!(
        r#"select last_day < $1 as "is_due!" from revenue_schedule"#,
        through
    );
    Ok(due.fetch_optional(db).await?.unwrap_or(false))
}

/// Takes the day for whoever asks, unless another instance has or the operation of an earlier day has not ended.
pub(super) async fn take_schedule(db: &mut PgConnection, through: Date) -> Result<bool, sqlx::Error> {
    let taken = sqlx::query!(
        r#"
        update revenue_schedule
        set last_day = $1
        where last_day < $1
            and not exists (select from operations where kind = 'revenue_daily' and ended_at is null)
        "#,
        through,
    )
    .execute(db)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// When revenue was last worked out and posted, and what of it waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct StatusRow {
    pub(super) calculated_at: Option<OffsetDateTime>,
    pub(super) posted_at: Option<OffsetDateTime>,
    pub(super) last_day: Option<Date>,
    pub(super) unposted: i64,
}

pub(super) async fn status(db: &mut PgConnection) -> Result<StatusRow, sqlx::Error> {
    sqlx::query_as!(
        StatusRow,
        r#"
        select
            max(ended_at) filter (where kind in ('revenue_calculate', 'revenue_daily')) as calculated_at,
            max(ended_at) filter (where kind in ('revenue_post', 'revenue_daily')) as posted_at,
            (select max(day) from daily_revenue) as last_day,
            (select count(*) from daily_revenue where posted_at is null) as "unposted!"
        from operations
        where operator_id = 0 and status = 'done'
        "#
    )
    .fetch_one(db)
    .await
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
            daily.operator_id as "operator: OperatorId", operators.name, operators.subdomain,
            operators.currency as "currency: Currency", daily.day, daily.total_bets_amount, daily.total_payouts,
            daily.total_revenue, daily.bookmaker_own_share, daily.platform_fee_from_own, daily.bookmaker_net_own,
            daily.remaining_profit, daily.bookmaker_share, daily.community_share, daily.platform_share,
            daily.bookmaker_own_loss, daily.remaining_loss, daily.bookmaker_loss, daily.community_loss,
            daily.calculated_at, daily.posted_at
        from (
            select operator_id, day
            from daily_revenue
            where operator_id between $1 and $2 and day between $3 and $4
            order by day desc, operator_id
            limit $5
            offset $6
        ) as listed
        join daily_revenue as daily on daily.operator_id = listed.operator_id and daily.day = listed.day
        join operators on operators.id = daily.operator_id
        order by daily.day desc, daily.operator_id
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
