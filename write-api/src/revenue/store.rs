//! The statements of daily revenue. Must never change a row that was posted.

use serde::Serialize;
use shared::ids::OperatorId;
use shared::money::Minor;
use sqlx::PgConnection;
use sqlx::types::Json;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::rules::{ACCOUNTS, Basis, Effects, Held, Parts};
use crate::ledger::Account;
use crate::reports::DayTotals;

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

/// A posted day, as it was worked out last.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub(super) day: Date,
    /// That of the calculation that a correction would be.
    pub(super) next_number: i32,
    pub(super) basis: Option<Json<Basis>>,
    pub(super) staked: Minor,
    pub(super) paid: Minor,
    pub(super) sports: Minor,
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
            total_bets_amount as "staked!: Minor",
            total_payouts as "paid!: Minor",
            sports_revenue as "sports!: Minor"
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

/// A calculation as a row: 0 is the number of a day's first, and of its corrections are the others.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Worked {
    #[serde(with = "shared::moment::day")]
    day: Date,
    number: i32,
    total_bets_amount: i64,
    total_payouts: i64,
    total_revenue: i64,
    sports_revenue: i64,
    bookmaker_own_share: i64,
    platform_fee_from_own: i64,
    bookmaker_net_own: i64,
    remaining_profit: i64,
    bookmaker_share: i64,
    community_share: i64,
    platform_share: i64,
    bookmaker_own_loss: i64,
    remaining_loss: i64,
    bookmaker_loss: i64,
    community_loss: i64,
    basis: Basis,
}

impl Worked {
    pub(super) const fn new(number: i32, totals: &DayTotals, parts: &Parts, basis: Basis) -> Self {
        Self {
            day: totals.day,
            number,
            total_bets_amount: totals.staked.get(),
            total_payouts: totals.paid.get(),
            total_revenue: parts.revenue(),
            sports_revenue: totals.sports.get(),
            bookmaker_own_share: parts.fee_from_own + parts.net_own,
            platform_fee_from_own: parts.fee_from_own,
            bookmaker_net_own: parts.net_own,
            remaining_profit: parts.bookmaker + parts.community + parts.platform,
            bookmaker_share: parts.bookmaker,
            community_share: parts.community,
            platform_share: parts.platform,
            bookmaker_own_loss: parts.own_loss,
            remaining_loss: parts.bookmaker_loss + parts.community_loss,
            bookmaker_loss: parts.bookmaker_loss,
            community_loss: parts.community_loss,
            basis,
        }
    }
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
            select
                $1, day, number, total_bets_amount, total_payouts, total_revenue, sports_revenue,
                bookmaker_own_share, platform_fee_from_own, bookmaker_net_own, remaining_profit, bookmaker_share,
                community_share, platform_share, bookmaker_own_loss, remaining_loss, bookmaker_loss, community_loss,
                basis, $3
            from jsonb_populate_recordset(null::daily_revenue, $2)
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
            Json($worked) as _,
            $at,
        )
    };
}

/// Writes days, in place of what was worked out before.
pub(super) async fn put_days(
    operator: OperatorId,
    db: &mut PgConnection,
    days: &[Worked],
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    put!("daily_revenue", "(operator_id, day)", operator, days, at)
        .execute(db)
        .await?;
    Ok(())
}

/// Writes corrections of posted days, in place of what was worked out before under their numbers.
pub(super) async fn put_corrections(
    operator: OperatorId,
    db: &mut PgConnection,
    corrections: &[Worked],
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    put!(
        "revenue_corrections",
        "(operator_id, day, number)",
        operator,
        corrections,
        at
    )
    .execute(db)
    .await?;
    Ok(())
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
