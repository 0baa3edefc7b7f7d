//! The statements about operators as a whole. The list is one of the few places that read across operators.

use shared::ids::{OperatorId, StaffId};
use shared::money::{Currency, Minor};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::paging::Page;

/// Which operators.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    /// Part of the name, the subdomain or a log-in name, in any case.
    pub(super) search: Option<String>,
    pub(super) is_active: Option<bool>,
}

/// An operator, with figures that are some seconds old at most.
#[derive(Clone, Debug)]
pub(super) struct OperatorRow {
    pub(super) id: OperatorId,
    pub(super) name: String,
    pub(super) subdomain: String,
    pub(super) currency: Currency,
    pub(super) is_active: bool,
    pub(super) casino_enabled: bool,
    pub(super) created_at: OffsetDateTime,
    /// Of its first staff.
    pub(super) login: Option<String>,
    pub(super) email: Option<String>,
    pub(super) players: i64,
    pub(super) rounds: i64,
    /// What the casino earned: the stakes less the payouts of the rounds that settled.
    pub(super) casino_revenue: Minor,
    pub(super) sports_revenue: Minor,
}

/// A page of the operators, the newest first, and how many there are on all pages.
pub(super) async fn page(
    db: &mut PgConnection,
    filter: &Filter,
    page: Page,
) -> Result<(Vec<OperatorRow>, i64), sqlx::Error> {
    let found = sqlx::query!(
        r#"
        with found as materialized (
            select id
            from operators
            where ($1::text is null or strpos(lower(name), lower($1)) > 0 or strpos(subdomain, lower($1)) > 0
                    or exists (
                        select
                        from staff
                        where operator_id = operators.id and strpos(lower(login), lower($1)) > 0
                    ))
                and ($2::boolean is null or is_active = $2)
        )
        select
            array(select id from found order by id desc limit $3 offset $4) as "ids!",
            (select count(*) from found) as "total!"
        "#,
        filter.search,
        filter.is_active,
        page.size(),
        page.offset(),
    )
    .fetch_one(&mut *db)
    .await?;
    Ok((operators(db, &found.ids).await?, found.total))
}

/// These operators, the newest first. What was posted as revenue has left the casino's account, and was won all the
/// same.
async fn operators(db: &mut PgConnection, ids: &[i64]) -> Result<Vec<OperatorRow>, sqlx::Error> {
    sqlx::query_as!(
        OperatorRow,
        r#"
        with earned as (
            select
                operator_id,
                sum(settled) as rounds,
                sum(staked - paid) filter (where product = 'casino') as casino,
                sum(staked - paid) filter (where product = 'sports') as sports
            from (
                select operator_id, product, settled, staked, paid from monthly_totals
                union all
                select operator_id, product, settled, staked, paid from daily_totals_due
            ) as totals
            where operator_id = any ($1)
            group by operator_id
        )
        select
            operators.id as "id: OperatorId",
            operators.name,
            operators.subdomain,
            operators.currency as "currency: Currency",
            operators.is_active,
            operators.casino_enabled,
            operators.created_at,
            first.login as "login?",
            first.email,
            coalesce(standings.players, 0) as "players!",
            coalesce(earned.rounds, 0)::bigint as "rounds!",
            coalesce(earned.casino, 0)::bigint as "casino_revenue!: Minor",
            coalesce(earned.sports, 0)::bigint as "sports_revenue!: Minor"
        from operators
        left join lateral (
            select login, email
            from staff
            where operator_id = operators.id
            order by id
            limit 1
        ) as first on true
        left join operator_standings as standings on standings.operator_id = operators.id
        left join earned on earned.operator_id = operators.id
        where operators.id = any ($1)
        order by operators.id desc
        "#,
        ids,
    )
    .fetch_all(db)
    .await
}

/// Whether the operator is served. Its row must be locked.
pub(super) async fn is_active(operator: OperatorId, db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!("select is_active from operators where id = $1", operator.get())
        .fetch_one(db)
        .await
}

pub(super) async fn put_active(
    operator: OperatorId,
    db: &mut PgConnection,
    is_active: bool,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update operators set is_active = $2 where id = $1",
        operator.get(),
        is_active,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The operator's staff of this log-in name, in any case, or else its first staff: the number and the name.
pub(super) async fn staff(
    operator: OperatorId,
    db: &mut PgConnection,
    login: Option<&str>,
) -> Result<Option<(StaffId, String)>, sqlx::Error> {
    let found = sqlx::query!(
        r#"
        select id as "id: StaffId", login
        from staff
        where operator_id = $1 and ($2::text is null or lower(login) = lower($2))
        order by id
        limit 1
        "#,
        operator.get(),
        login,
    )
    .fetch_optional(db)
    .await?;
    Ok(found.map(|row| (row.id, row.login)))
}

/// Ends all sessions at the operator, of players and staff.
pub(super) async fn delete_sessions(operator: OperatorId, db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from sessions where operator_id = $1", operator.get())
        .execute(db)
        .await?;
    Ok(())
}
