//! The statements of contests and of the standings that are kept of them. Must never change standings once they are
//! kept.

use shared::ids::{OperatorId, PlayerId};
use shared::money::{Currency, Minor};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::paging::Page;

/// A contest.
#[derive(Clone, Debug)]
pub(super) struct ContestRow {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) starts_at: OffsetDateTime,
    pub(super) ends_at: OffsetDateTime,
    pub(super) is_running: bool,
    pub(super) ended_at: Option<OffsetDateTime>,
}

/// The contest that runs, unless its end was decided.
pub(super) async fn running(db: &mut PgConnection) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar!("select id from contests where is_running and ended_at is null")
        .fetch_optional(db)
        .await
}

/// Ends the contest that runs, and keeps the best `kept` of its players and operators in the order of the boards. For
/// who has the mark of the standings and has brought them up to date.
pub(super) async fn keep(
    db: &mut PgConnection,
    contest: i64,
    kept: u32,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!("update contests set ended_at = $2 where id = $1", contest, now)
        .execute(&mut *db)
        .await?;
    sqlx::query!(
        r#"
        insert into contest_players (contest_id, position, operator_id, player_id, username, staked, paid)
        select $1, row_number() over (order by profit_rank desc, staked_rank desc, operator_id, player_id),
            operator_id, player_id, username, staked, paid
        from (
            select
                standings.operator_id,
                standings.player_id,
                standings.profit_rank,
                standings.staked_rank,
                players.username,
                standings.staked - standings.base_staked as staked,
                standings.paid - standings.base_paid as paid
            from standings
            join operators on operators.id = standings.operator_id
            join players on players.operator_id = standings.operator_id and players.id = standings.player_id
            where standings.contest_id = $1 and standings.is_listed and operators.is_active
            order by standings.profit_rank desc, standings.staked_rank desc, standings.operator_id,
                standings.player_id
            limit $2
        ) as best
        "#,
        contest,
        i64::from(kept),
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        r#"
        insert into contest_operators (contest_id, position, operator_id, players, staked, rounds)
        select $1, row_number() over (
                order by (sums.staked - sums.base_staked)::numeric * sums.unit desc,
                    sums.rounds - sums.base_rounds desc, sums.operator_id
            ),
            sums.operator_id, sums.players, sums.staked - sums.base_staked, sums.rounds - sums.base_rounds
        from operator_standings as sums
        join operators on operators.id = sums.operator_id
        where operators.is_active
        order by (sums.staked - sums.base_staked)::numeric * sums.unit desc,
            sums.rounds - sums.base_rounds desc, sums.operator_id
        limit $2
        "#,
        contest,
        i64::from(kept),
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "update contests set kept_hash = contest_hash(id) where id = $1",
        contest
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A page of the contests, the newest first, and how many there are.
pub(super) async fn contests(
    db: &mut PgConnection,
    page: Page,
) -> Result<(Vec<ContestRow>, i64), sqlx::Error> {
    let rows = sqlx::query_as!(
        ContestRow,
        r#"
        select id, name, starts_at, ends_at, is_running, ended_at
        from contests
        order by id desc
        limit $1
        offset $2
        "#,
        page.size(),
        page.offset(),
    )
    .fetch_all(&mut *db)
    .await?;
    let total = sqlx::query_scalar!(r#"select count(*) as "total!" from contests"#)
        .fetch_one(db)
        .await?;
    Ok((rows, total))
}

/// The contest that the boards show.
pub(super) async fn current(db: &mut PgConnection) -> Result<Option<ContestRow>, sqlx::Error> {
    sqlx::query_as!(
        ContestRow,
        "select id, name, starts_at, ends_at, is_running, ended_at from contests where is_running"
    )
    .fetch_optional(db)
    .await
}

/// One contest.
pub(super) async fn contest(db: &mut PgConnection, id: i64) -> Result<Option<ContestRow>, sqlx::Error> {
    sqlx::query_as!(
        ContestRow,
        "select id, name, starts_at, ends_at, is_running, ended_at from contests where id = $1",
        id,
    )
    .fetch_optional(db)
    .await
}

/// One contest, whose row stays locked until the end of the transaction.
pub(super) async fn lock_contest(db: &mut PgConnection, id: i64) -> Result<Option<ContestRow>, sqlx::Error> {
    sqlx::query_as!(
        ContestRow,
        "select id, name, starts_at, ends_at, is_running, ended_at from contests where id = $1 for update",
        id,
    )
    .fetch_optional(db)
    .await
}

/// Says another end of a contest.
pub(super) async fn put_end(
    db: &mut PgConnection,
    id: i64,
    ends_at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!("update contests set ends_at = $2 where id = $1", id, ends_at)
        .execute(db)
        .await?;
    Ok(())
}

/// A player's place.
#[derive(Clone, Debug)]
pub(super) struct PlayerPlace {
    pub(super) position: i32,
    pub(super) subdomain: String,
    pub(super) currency: Currency,
    pub(super) player: PlayerId,
    pub(super) username: String,
    pub(super) staked: Minor,
    pub(super) paid: Minor,
}

/// A page of the players that were kept, and how many there are.
pub(super) async fn players(
    db: &mut PgConnection,
    contest: i64,
    page: Page,
) -> Result<(Vec<PlayerPlace>, i64), sqlx::Error> {
    let rows = sqlx::query_as!(
        PlayerPlace,
        r#"
        select
            kept.position,
            operators.subdomain,
            operators.currency as "currency: Currency",
            kept.player_id as "player: PlayerId",
            kept.username,
            kept.staked as "staked: Minor",
            kept.paid as "paid: Minor"
        from contest_players as kept
        join operators on operators.id = kept.operator_id
        where kept.contest_id = $1 and kept.position > $3::bigint and kept.position <= $3::bigint + $2::bigint
        order by kept.position
        "#,
        contest,
        page.size(),
        page.offset(),
    )
    .fetch_all(&mut *db)
    .await?;
    let total = sqlx::query_scalar!(
        r#"select count(*) as "total!" from contest_players where contest_id = $1"#,
        contest
    )
    .fetch_one(db)
    .await?;
    Ok((rows, total))
}

/// An operator's place.
#[derive(Clone, Debug)]
pub(super) struct OperatorPlace {
    pub(super) position: i32,
    pub(super) operator: OperatorId,
    pub(super) name: String,
    pub(super) subdomain: String,
    pub(super) currency: Currency,
    pub(super) players: i64,
    pub(super) staked: Minor,
    pub(super) rounds: i64,
}

/// A page of the operators that were kept, and how many there are.
pub(super) async fn operators(
    db: &mut PgConnection,
    contest: i64,
    page: Page,
) -> Result<(Vec<OperatorPlace>, i64), sqlx::Error> {
    let rows = sqlx::query_as!(
        OperatorPlace,
        r#"
        select
            kept.position,
            kept.operator_id as "operator: OperatorId",
            operators.name,
            operators.subdomain,
            operators.currency as "currency: Currency",
            kept.players,
            kept.staked as "staked: Minor",
            kept.rounds
        from contest_operators as kept
        join operators on operators.id = kept.operator_id
        where kept.contest_id = $1 and kept.position > $3::bigint and kept.position <= $3::bigint + $2::bigint
        order by kept.position
        "#,
        contest,
        page.size(),
        page.offset(),
    )
    .fetch_all(&mut *db)
    .await?;
    let total = sqlx::query_scalar!(
        r#"select count(*) as "total!" from contest_operators where contest_id = $1"#,
        contest
    )
    .fetch_one(db)
    .await?;
    Ok((rows, total))
}
