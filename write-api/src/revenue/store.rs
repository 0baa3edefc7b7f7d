//! The statements of daily revenue. Must never change a row that was posted.

use shared::ids::OperatorId;
use shared::money::Currency;
use sqlx::PgConnection;
use sqlx::types::Json;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::rules::{ACCOUNTS, Basis, Effects, Held, Parts};
use crate::ledger::Account;
use crate::paging::Page;

/// Calculations of one operator that one transaction posts at most.
pub(super) const DAYS_POSTED_AT_ONCE: i64 = 31;

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

/// What settled on a day, as it is at this moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settled {
    pub(super) day: Date,
    pub(super) staked: i64,
    pub(super) paid: i64,
    /// What sports bets won of it.
    pub(super) sports: i64,
}

/// What settled on each of these days, over all products.
pub(super) async fn settled(
    operator: OperatorId,
    db: &mut PgConnection,
    from: Date,
    through: Date,
) -> Result<Vec<Settled>, sqlx::Error> {
    sqlx::query_as!(
        Settled,
        r#"
        select
            days.day::date as "day!",
            coalesce(sum(staked), 0)::bigint as "staked!",
            coalesce(sum(paid), 0)::bigint as "paid!",
            coalesce(sum(staked - paid) filter (where product = 'sports'), 0)::bigint as "sports!"
        from generate_series($2::date::timestamp, $3::date::timestamp, interval '1 day') as days (day)
        left join (
            select day, product, staked, paid from daily_totals where operator_id = $1 and day between $2 and $3
            union all
            select day, product, staked, paid from daily_totals_due where operator_id = $1 and day between $2 and $3
        ) as counted on counted.day = days.day::date
        group by days.day
        order by days.day
        "#,
        operator.get(),
        from,
        through,
    )
    .fetch_all(db)
    .await
}

/// A posted day, as it was worked out last.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub(super) day: Date,
    /// That of the calculation that a correction would be.
    pub(super) next_number: i32,
    pub(super) basis: Option<Json<Basis>>,
    pub(super) staked: i64,
    pub(super) paid: i64,
    pub(super) sports: i64,
}

/// The posted ones of these days. A correction that is not posted is replaced by the next one.
pub(super) async fn counted(
    operator: OperatorId,
    db: &mut PgConnection,
    from: Date,
    through: Date,
) -> Result<Vec<Counted>, sqlx::Error> {
    sqlx::query_as!(
        Counted,
        r#"
        select
            day as "day!",
            number + (posted_at is not null)::integer as "next_number!",
            basis as "basis: Json<Basis>",
            total_bets_amount as "staked!",
            total_payouts as "paid!",
            sports_revenue as "sports!"
        from (
            select distinct on (day) *
            from revenue_calculations
            where operator_id = $1 and day between $2 and $3
            order by day, number desc
        ) as newest
        where number > 0 or posted_at is not null
        "#,
        operator.get(),
        from,
        through,
    )
    .fetch_all(db)
    .await
}

/// A calculation of a day: what settled on it, and its parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Worked {
    /// 0, or that of a correction.
    pub(super) number: i32,
    pub(super) settled: Settled,
    pub(super) parts: Parts,
    pub(super) basis: Basis,
}

macro_rules! put {
    ($into:literal, $key:literal, $operator:expr, $worked:expr, $at:expr) => {
        sqlx::query!(
            "insert into " + $into + r#" (
                operator_id, day, number, total_bets_amount, total_payouts, total_revenue, sports_revenue,
                bookmaker_own_share, platform_fee_from_own, bookmaker_net_own, remaining_profit, bookmaker_share,
                community_share, platform_share, bookmaker_own_loss, remaining_loss, bookmaker_loss, community_loss,
                basis, calculated_at
            )
            values (
                $1, $2, $3, $4, $5, $4::bigint - $5::bigint, $6,
                $7::bigint + $8::bigint, $7, $8, $9::bigint + $10::bigint + $11::bigint, $9,
                $10, $11, $12, $13::bigint + $14::bigint, $13, $14,
                $15, $16
            )
            on conflict "# + $key + r#" do update
            set
                total_bets_amount = excluded.total_bets_amount,
                total_payouts = excluded.total_payouts,
                total_revenue = excluded.total_revenue,
                sports_revenue = excluded.sports_revenue,
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
                basis = excluded.basis,
                calculated_at = excluded.calculated_at
            "#,
            $operator.get(),
            $worked.settled.day,
            $worked.number,
            $worked.settled.staked,
            $worked.settled.paid,
            $worked.settled.sports,
            $worked.parts.fee_from_own,
            $worked.parts.net_own,
            $worked.parts.bookmaker,
            $worked.parts.community,
            $worked.parts.platform,
            $worked.parts.own_loss,
            $worked.parts.bookmaker_loss,
            $worked.parts.community_loss,
            Json($worked.basis) as _,
            $at,
        )
    };
}

/// Writes a calculation, in place of what was worked out before under its number.
pub(super) async fn put(
    operator: OperatorId,
    db: &mut PgConnection,
    worked: &Worked,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let put = if worked.number == 0 {
        put!("daily_revenue", "(operator_id, day)", operator, worked, at)
            .execute(db)
            .await
    } else {
        put!(
            "revenue_corrections",
            "(operator_id, day, number)",
            operator,
            worked,
            at
        )
        .execute(db)
        .await
    };
    put.map(|_| ())
}

/// A calculation that is not posted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub(super) day: Date,
    pub(super) number: i32,
    pub(super) sports: i64,
    pub(super) parts: Parts,
}

/// The calculations of days up to `through` that are not posted, the oldest first.
pub(super) async fn due(
    operator: OperatorId,
    db: &mut PgConnection,
    through: Date,
) -> Result<Vec<Due>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select
            day as "day!", number as "number!", sports_revenue as "sports!", platform_fee_from_own as "fee!",
            bookmaker_net_own as "net_own!", bookmaker_share as "bookmaker!", community_share as "community!",
            platform_share as "platform!", bookmaker_own_loss as "own_loss!", bookmaker_loss as "bookmaker_loss!",
            community_loss as "community_loss!"
        from revenue_calculations
        where operator_id = $1 and day <= $2 and posted_at is null
        order by day, number
        limit $3
        "#,
        operator.get(),
        through,
        DAYS_POSTED_AT_ONCE,
    )
    .fetch_all(db)
    .await?;
    let due = rows.into_iter().map(|row| Due {
        day: row.day,
        number: row.number,
        sports: row.sports,
        parts: Parts {
            fee_from_own: row.fee,
            net_own: row.net_own,
            bookmaker: row.bookmaker,
            community: row.community,
            platform: row.platform,
            own_loss: row.own_loss,
            bookmaker_loss: row.bookmaker_loss,
            community_loss: row.community_loss,
        },
    });
    Ok(due.collect())
}

/// What was posted of a day so far.
pub(super) async fn posted(
    operator: OperatorId,
    db: &mut PgConnection,
    day: Date,
) -> Result<Effects, sqlx::Error> {
    let moved = sqlx::query!(
        r#"
        select side.account as "account!", sum(side.amount)::bigint as "amount!"
        from ledger_entries
        cross join lateral (values (credit_account, amount), (debit_account, -amount)) as side (account, amount)
        where operator_id = $1 and player_id is null and reason = 'revenue' and reference = $2
        group by side.account
        "#,
        operator.get(),
        day.to_string(),
    )
    .fetch_all(db)
    .await?;
    Ok(ACCOUNTS.map(|account| {
        let of = moved.iter().find(|row| row.account == account.code());
        of.map_or(0, |row| row.amount)
    }))
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

/// Marks a calculation as posted by these entries.
pub(super) async fn mark_posted(
    operator: OperatorId,
    db: &mut PgConnection,
    due: &Due,
    tx_id: Uuid,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        with first as (
            update daily_revenue
            set posted_at = $4, posted_tx_id = $5
            where operator_id = $1 and day = $2 and number = $3
        )
        update revenue_corrections
        set posted_at = $4, posted_tx_id = $5
        where operator_id = $1 and day = $2 and number = $3
        "#,
        operator.get(),
        due.day,
        due.number,
        at,
        tx_id,
    )
    .execute(db)
    .await?;
    Ok(())
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
