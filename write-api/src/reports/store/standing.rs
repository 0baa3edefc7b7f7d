//! How operators stand at this moment. Must never read a round that is over.

use shared::ids::OperatorId;
use shared::money::{Currency, Minor};
use sqlx::PgConnection;
use time::{Date, OffsetDateTime};

use super::{Whose, operators_of};

/// Totals of one currency over the last days and over all time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lately {
    pub(crate) currency: Currency,
    /// The days that are counted, today included; 0 for all time.
    pub(crate) days: i32,
    pub(crate) settled: i64,
    pub(crate) won: i64,
    pub(crate) staked: Minor,
    pub(crate) paid: Minor,
}

/// Totals of each currency: of the day `today`, of the 7 and the 30 days that end with it, and of all time. Currencies
/// without any are there too. Where clocks differ, something may have settled tomorrow: that is in all time only.
pub(crate) async fn lately(
    whose: Whose,
    db: &mut PgConnection,
    today: Date,
) -> Result<Vec<Lately>, sqlx::Error> {
    sqlx::query_as!(
        Lately,
        r#"
        with totals as (
            select currency, day, settled, won, staked, paid
            from daily_totals
            join operators on operators.id = operator_id
            where operator_id = $1
            union all
            select currency, day, settled, won, staked, paid
            from currency_totals
            where $1::bigint is null
            union all
            select currency, day, settled, won, staked, paid
            from daily_totals_due
            join operators on operators.id = operator_id
            where $1::bigint is null or operator_id = $1
        ),
        days as (
            select currency, day, sum(settled) as settled, sum(won) as won, sum(staked) as staked, sum(paid) as paid
            from totals
            group by currency, day
        ),
        currencies as (
            select distinct currency
            from operators
            where $1::bigint is null or id = $1
        )
        select
            currencies.currency as "currency!: Currency",
            lately.days as "days!",
            coalesce(sum(settled), 0)::bigint as "settled!",
            coalesce(sum(won), 0)::bigint as "won!",
            coalesce(sum(staked), 0)::bigint as "staked!: Minor",
            coalesce(sum(paid), 0)::bigint as "paid!: Minor"
        from currencies
        cross join (values (1), (7), (30), (0)) as lately (days)
        left join days
            on days.currency = currencies.currency
                and (lately.days = 0 or days.day > $2::date - lately.days and days.day <= $2::date)
        group by currencies.currency, lately.days
        order by currencies.currency, lately.days
        "#,
        whose.map(OperatorId::get),
        today,
    )
    .fetch_all(db)
    .await
}

/// What is at stake in one currency at this moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AtStake {
    pub(crate) currency: Currency,
    /// Rounds that are not over and bets that are not decided, and their stakes.
    pub(crate) open: i64,
    pub(crate) open_staked: Minor,
    /// What all players' wallets hold together.
    pub(crate) held: Minor,
}

/// What is at stake in each currency. What wallets hold is what the accounts of the house gave more than they got, as
/// every entry has two sides: no wallet is read.
pub(crate) async fn at_stake(whose: Whose, db: &mut PgConnection) -> Result<Vec<AtStake>, sqlx::Error> {
    let (first, last) = operators_of(whose);
    sqlx::query_as!(
        AtStake,
        r#"
        with open as (
            select operator_id, count(*) as rounds, sum(stake) as staked
            from (
                select operator_id, stake from rounds where status = 'open' and operator_id between $1 and $2
                union all
                select operator_id, stake from bets where status = 'pending' and operator_id between $1 and $2
            ) as plays
            group by operator_id
        ),
        given as (
            select operator_id, sum(debited - credited) as amount
            from house_balances
            where operator_id between $1 and $2
            group by operator_id
        ),
        since as (
            select
                operator_id,
                sum(
                    case when debit_account < 0 then amount else 0 end
                    - case when credit_account < 0 then amount else 0 end
                ) as amount
            from ledger_entries
            where operator_id between $1 and $2
                and changed_xid >= (select before_xid from house_rollup)
                and changed_xid <= '18446744073709551615'
            group by operator_id
        )
        select
            operators.currency as "currency: Currency",
            coalesce(sum(open.rounds), 0)::bigint as "open!",
            coalesce(sum(open.staked), 0)::bigint as "open_staked!: Minor",
            (coalesce(sum(given.amount), 0) + coalesce(sum(since.amount), 0))::bigint as "held!: Minor"
        from operators
        left join open on open.operator_id = operators.id
        left join given on given.operator_id = operators.id
        left join since on since.operator_id = operators.id
        where operators.id between $1 and $2
        group by operators.currency
        order by operators.currency
        "#,
        first,
        last,
    )
    .fetch_all(db)
    .await
}

/// How many players there are, and how many of them logged in since a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Players {
    pub(crate) all: i64,
    pub(crate) active: i64,
}

/// Counts players, and those who logged in since `active_since`. The index `players_listed` tells all of it.
pub(crate) async fn player_counts(
    whose: Whose,
    db: &mut PgConnection,
    active_since: OffsetDateTime,
) -> Result<Players, sqlx::Error> {
    let (first, last) = operators_of(whose);
    sqlx::query_as!(
        Players,
        r#"
        select count(*) as "all!", count(*) filter (where last_login_at >= $3) as "active!"
        from players
        where operator_id between $1 and $2
        "#,
        first,
        last,
        active_since,
    )
    .fetch_one(db)
    .await
}

/// How many operators there are, how many of them are active, and how many registered since a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operators {
    pub(crate) all: i64,
    pub(crate) active: i64,
    pub(crate) new: i64,
}

/// Counts operators, and those that registered since `new_since`.
pub(crate) async fn operator_counts(
    db: &mut PgConnection,
    new_since: OffsetDateTime,
) -> Result<Operators, sqlx::Error> {
    sqlx::query_as!(
        Operators,
        r#"
        select
            count(*) as "all!",
            count(*) filter (where is_active) as "active!",
            count(*) filter (where created_at >= $1) as "new!"
        from operators
        "#,
        new_since,
    )
    .fetch_one(db)
    .await
}
