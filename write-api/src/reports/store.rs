//! The statements of reports. All read totals and wallets, never rounds, but for those that are open.

use shared::ids::{OperatorId, PlayerId};
use shared::money::{Currency, Minor};
use sqlx::PgConnection;
use time::{Date, OffsetDateTime};

use super::rules::{Asked, Cut};

/// Whose numbers: one operator's, or with none those of all.
pub(crate) type Whose = Option<OperatorId>;

/// Totals of one currency that are told apart as a [`Cut`] says.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) bucket: Option<Date>,
    pub(crate) currency: Currency,
    pub(crate) operator: Option<OperatorId>,
    pub(crate) operator_name: Option<String>,
    pub(crate) subdomain: Option<String>,
    pub(crate) product: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) settled: i64,
    pub(crate) won: i64,
    pub(crate) staked: Minor,
    pub(crate) paid: Minor,
    /// Rows on all pages.
    pub(crate) rows: i64,
}

impl Figures {
    /// What the house earned.
    pub(crate) const fn revenue(&self) -> Minor {
        Minor::new(self.staked.get() - self.paid.get())
    }
}

/// Totals as `cut` says: the newest first, then what earned most.
pub(crate) async fn figures(
    whose: Whose,
    db: &mut PgConnection,
    asked: &Asked,
    cut: Cut,
    limit: i64,
    offset: i64,
) -> Result<Vec<Figures>, sqlx::Error> {
    sqlx::query_as!(
        Figures,
        r#"
        with totals as (
            select operator_id, day, product, category, kind, settled, won, staked, paid
            from daily_totals
            where ($1::bigint is null or operator_id = $1) and day between $2 and $3
            union all
            select operator_id, day, product, category, kind, settled, won, staked, paid
            from daily_totals_due
            where ($1::bigint is null or operator_id = $1) and day between $2 and $3
        ),
        added as (
            select
                case $4::text
                    when 'day' then day
                    when 'week' then date_trunc('week', day::timestamp)::date
                    when 'month' then date_trunc('month', day::timestamp)::date
                end as bucket,
                operators.currency,
                case when $5 then operator_id end as operator,
                case when $6 then product end as product,
                case when $6 then category end as category,
                case when $7 then kind end as kind,
                sum(settled)::bigint as settled,
                sum(won)::bigint as won,
                sum(staked)::bigint as staked,
                sum(paid)::bigint as paid
            from totals
            join operators on operators.id = operator_id
            where ($8::text is null or product = $8) and ($9::text is null or category = $9)
            group by 1, 2, 3, 4, 5, 6
        )
        select
            bucket as "bucket?",
            added.currency as "currency!: Currency",
            operator as "operator?: OperatorId",
            operators.name as "operator_name?",
            operators.subdomain as "subdomain?",
            product as "product?",
            category as "category?",
            kind as "kind?",
            settled as "settled!",
            won as "won!",
            staked as "staked!: Minor",
            paid as "paid!: Minor",
            count(*) over () as "rows!"
        from added
        left join operators on operators.id = operator
        order by bucket desc, staked - paid desc, added.currency, operator, product, category, kind
        limit $10
        offset $11
        "#,
        whose.map(OperatorId::get),
        asked.period.from,
        asked.period.to,
        cut.bucket.map(super::rules::Group::as_str),
        cut.by_operator,
        cut.by_category,
        cut.by_kind,
        cut.product,
        asked.category,
        limit,
        offset,
    )
    .fetch_all(db)
    .await
}

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

/// Totals of each currency up to `today`: of that day, of 7 and of 30 days, and of all time. Currencies without any are
/// there too.
pub(crate) async fn lately(
    whose: Whose,
    db: &mut PgConnection,
    today: Date,
) -> Result<Vec<Lately>, sqlx::Error> {
    sqlx::query_as!(
        Lately,
        r#"
        with totals as (
            select operator_id, day, settled, won, staked, paid
            from daily_totals
            where $1::bigint is null or operator_id = $1
            union all
            select operator_id, day, settled, won, staked, paid
            from daily_totals_due
            where $1::bigint is null or operator_id = $1
        ),
        days as (
            select operator_id, day, sum(settled) as settled, sum(won) as won, sum(staked) as staked, sum(paid) as paid
            from totals
            group by operator_id, day
        )
        select
            operators.currency as "currency: Currency",
            lately.days as "days!",
            coalesce(sum(settled), 0)::bigint as "settled!",
            coalesce(sum(won), 0)::bigint as "won!",
            coalesce(sum(staked), 0)::bigint as "staked!: Minor",
            coalesce(sum(paid), 0)::bigint as "paid!: Minor"
        from operators
        cross join (values (1), (7), (30), (0)) as lately (days)
        left join days
            on days.operator_id = operators.id
                and (lately.days = 0 or days.day > $2::date - lately.days)
        where $1::bigint is null or operators.id = $1
        group by operators.currency, lately.days
        order by operators.currency, lately.days
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
    /// Rounds that are not over, and their stakes.
    pub(crate) open: i64,
    pub(crate) open_staked: Minor,
    /// What all players' wallets hold together.
    pub(crate) held: Minor,
}

/// What is at stake in each currency. What wallets hold is what the accounts of the house gave more than they got, as
/// every entry has two sides: no wallet is read.
pub(crate) async fn at_stake(whose: Whose, db: &mut PgConnection) -> Result<Vec<AtStake>, sqlx::Error> {
    sqlx::query_as!(
        AtStake,
        r#"
        with open as (
            select operator_id, count(*) as rounds, sum(stake) as staked
            from rounds
            where status = 'open' and ($1::bigint is null or operator_id = $1)
            group by operator_id
        ),
        given as (
            select operator_id, sum(debited - credited) as amount
            from house_balances
            where $1::bigint is null or operator_id = $1
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
            where ($1::bigint is null or operator_id = $1)
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
        where $1::bigint is null or operators.id = $1
        group by operators.currency
        order by operators.currency
        "#,
        whose.map(OperatorId::get),
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

/// Counts players, and those who logged in since `active_since`.
pub(crate) async fn player_counts(
    whose: Whose,
    db: &mut PgConnection,
    active_since: OffsetDateTime,
) -> Result<Players, sqlx::Error> {
    sqlx::query_as!(
        Players,
        r#"
        select count(*) as "all!", count(*) filter (where last_login_at >= $2) as "active!"
        from players
        where $1::bigint is null or operator_id = $1
        "#,
        whose.map(OperatorId::get),
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

/// A player with everything the player ever played.
#[derive(Clone, Debug)]
pub(crate) struct PlayerRow {
    pub(crate) operator: OperatorId,
    pub(crate) operator_name: String,
    pub(crate) subdomain: String,
    pub(crate) currency: Currency,
    pub(crate) id: PlayerId,
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) is_active: bool,
    pub(crate) joined_at: OffsetDateTime,
    pub(crate) balance: Minor,
    pub(crate) staked: Minor,
    pub(crate) paid: Minor,
    pub(crate) rounds: i64,
}

/// Which players.
#[derive(Clone, Debug, Default)]
pub(crate) struct Which {
    /// Part of the name or the address, in lower case.
    pub(crate) part: Option<String>,
    /// Only those who registered in these days.
    pub(crate) joined: Option<(Date, Date)>,
    /// Only those behind this one.
    pub(crate) after: Option<(OperatorId, PlayerId)>,
}

/// Players in the order of their operators and ids.
pub(crate) async fn players(
    whose: Whose,
    db: &mut PgConnection,
    which: &Which,
    limit: i64,
    offset: i64,
) -> Result<Vec<PlayerRow>, sqlx::Error> {
    let (first, last) = which.joined.unzip();
    let (after_operator, after_player) = which.after.unzip();
    sqlx::query_as!(
        PlayerRow,
        r#"
        select
            players.operator_id as "operator: OperatorId",
            operators.name as operator_name,
            operators.subdomain,
            operators.currency as "currency: Currency",
            players.id as "id: PlayerId",
            players.username,
            players.email,
            players.is_active,
            players.created_at as joined_at,
            wallets.balance as "balance: Minor",
            wallets.staked as "staked: Minor",
            wallets.paid as "paid: Minor",
            wallets.rounds
        from players
        join operators on operators.id = players.operator_id
        join wallets on wallets.operator_id = players.operator_id and wallets.player_id = players.id
        where ($1::bigint is null or players.operator_id = $1)
            and ($2::text is null or strpos(lower(players.username), $2) > 0 or strpos(lower(players.email), $2) > 0)
            and ($3::date is null or (players.created_at at time zone 'UTC')::date between $3 and $4)
            and ($5::bigint is null or (players.operator_id, players.id) > ($5, $6))
        order by players.operator_id, players.id
        limit $7
        offset $8
        "#,
        whose.map(OperatorId::get),
        which.part,
        first,
        last,
        after_operator.map(OperatorId::get),
        after_player.map(PlayerId::get),
        limit,
        offset,
    )
    .fetch_all(db)
    .await
}

/// How many players there are on all pages.
pub(crate) async fn count_players(
    whose: Whose,
    db: &mut PgConnection,
    which: &Which,
) -> Result<i64, sqlx::Error> {
    let (first, last) = which.joined.unzip();
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from players
        where ($1::bigint is null or operator_id = $1)
            and ($2::text is null or strpos(lower(username), $2) > 0 or strpos(lower(email), $2) > 0)
            and ($3::date is null or (created_at at time zone 'UTC')::date between $3 and $4)
        "#,
        whose.map(OperatorId::get),
        which.part,
        first,
        last,
    )
    .fetch_one(db)
    .await
}
