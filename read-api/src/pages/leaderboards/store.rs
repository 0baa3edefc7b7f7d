//! Reads boards: what is ranked already, in the order of an index. Must never read what can't be shown.

use std::collections::HashMap;

use shared::coherence::Topic;
use shared::ids::{OperatorId, Version};
use shared::money::{Currency, Minor};
use sqlx::postgres::PgConnection;

use super::board::{
    Contest, Face, OperatorRow, OperatorSums, Operators, PlayerRow, PlayerSums, Players, SumUnit,
};

/// Lets all that the transaction reads be of one moment.
pub(super) async fn see_one_moment(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("set transaction isolation level repeatable read")
        .execute(db)
        .await?;
    Ok(())
}

/// The version of a topic.
pub(super) async fn version(topic: Topic, db: &mut PgConnection) -> Result<Version, sqlx::Error> {
    let version = sqlx::query_scalar!(
        r#"
        select version as "version: Version"
        from cache_versions
        where operator_id = $1 and kind = $2
        "#,
        topic.operator_id.get(),
        topic.kind.to_string(),
    );
    Ok(version.fetch_optional(db).await?.unwrap_or(Version::NONE))
}

/// The contest that runs.
pub(super) async fn running_contest(db: &mut PgConnection) -> Result<Option<Contest>, sqlx::Error> {
    sqlx::query_as!(
        Contest,
        "select id, starts_at, ends_at from contests where is_running"
    )
    .fetch_optional(db)
    .await
}

/// The best players of all active operators.
pub(super) async fn players(contest: i64, depth: i64, db: &mut PgConnection) -> Result<Players, sqlx::Error> {
    let best = sqlx::query_as!(
        PlayerRow,
        r#"
        select
            standings.operator_id as "operator: OperatorId",
            players.username,
            standings.staked as "staked: Minor",
            standings.paid as "paid: Minor",
            standings.base_staked as "base_staked: Minor",
            standings.base_paid as "base_paid: Minor"
        from standings
        join operators on operators.id = standings.operator_id
        join players on players.operator_id = standings.operator_id and players.id = standings.player_id
        where standings.contest_id = $1 and standings.is_listed and operators.is_active
        order by standings.profit_rank desc, standings.staked_rank desc, standings.operator_id, standings.player_id
        limit $2
        "#,
        contest,
        depth,
    )
    .fetch_all(&mut *db)
    .await?;
    with_operators(best, None, db).await
}

/// The best players of one operator.
pub(super) async fn players_of(
    operator: OperatorId,
    contest: i64,
    depth: i64,
    db: &mut PgConnection,
) -> Result<Players, sqlx::Error> {
    let best = sqlx::query_as!(
        PlayerRow,
        r#"
        select
            standings.operator_id as "operator: OperatorId",
            players.username,
            standings.staked as "staked: Minor",
            standings.paid as "paid: Minor",
            standings.base_staked as "base_staked: Minor",
            standings.base_paid as "base_paid: Minor"
        from standings
        join players on players.operator_id = standings.operator_id and players.id = standings.player_id
        where standings.operator_id = $1 and standings.contest_id = $2 and standings.is_listed
        order by standings.profit_rank desc, standings.staked_rank desc, standings.player_id
        limit $3
        "#,
        operator.get(),
        contest,
        depth,
    )
    .fetch_all(&mut *db)
    .await?;
    with_operators(best, Some(operator), db).await
}

/// Adds how the operators of the best are shown, and the sums of all players: of `only` one operator, or of all.
async fn with_operators(
    best: Vec<PlayerRow>,
    only: Option<OperatorId>,
    db: &mut PgConnection,
) -> Result<Players, sqlx::Error> {
    let mut ids: Vec<i64> = best.iter().map(|row| row.operator.get()).collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(Players {
        best,
        operators: faces(&ids, &mut *db).await?,
        sums: player_sums(only, db).await?,
    })
}

async fn faces(operators: &[i64], db: &mut PgConnection) -> Result<HashMap<OperatorId, Face>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select id as "id: OperatorId", name, subdomain, currency as "currency: Currency"
        from operators
        where id = any($1)
        "#,
        operators,
    )
    .fetch_all(db)
    .await?;
    let faces = rows.into_iter().map(|row| {
        let face = Face {
            name: row.name.into(),
            subdomain: row.subdomain.into(),
            currency: row.currency,
        };
        (row.id, face)
    });
    Ok(faces.collect())
}

/// The sums over operators, counted in the smallest of their minor units: the others are multiples of it.
async fn player_sums(only: Option<OperatorId>, db: &mut PgConnection) -> Result<PlayerSums, sqlx::Error> {
    let sums = sqlx::query!(
        r#"
        select
            coalesce(sum(listed), 0)::bigint as "players!",
            least(coalesce(sum(listed_staked::numeric * unit) / min(unit), 0), 9223372036854775807)::bigint
                as "staked!: Minor",
            least(coalesce(sum(listed_paid::numeric * unit) / min(unit), 0), 9223372036854775807)::bigint
                as "paid!: Minor",
            min(unit) as unit,
            case when min(currency) = max(currency) then min(currency) end as currency
        from operator_standings
        join operators on operators.id = operator_standings.operator_id
        where operators.is_active and ($1::bigint is null or operator_standings.operator_id = $1)
        "#,
        only.map(OperatorId::get),
    )
    .fetch_one(db)
    .await?;
    Ok(PlayerSums {
        players: count(sums.players),
        staked: sums.staked,
        paid: sums.paid,
        unit: SumUnit::of(sums.unit, sums.currency),
    })
}

/// The best of the active operators, and the sums of all of them.
pub(super) async fn operators(depth: i64, db: &mut PgConnection) -> Result<Operators, sqlx::Error> {
    let best = sqlx::query!(
        r#"
        select
            operators.name,
            operators.subdomain,
            operators.currency as "currency: Currency",
            sums.players,
            sums.staked as "staked: Minor",
            sums.rounds,
            sums.base_players,
            sums.base_staked as "base_staked: Minor",
            sums.base_rounds
        from operator_standings as sums
        join operators on operators.id = sums.operator_id
        where operators.is_active
        order by
            (sums.staked - sums.base_staked)::numeric * sums.unit desc,
            sums.rounds - sums.base_rounds desc,
            sums.operator_id
        limit $1
        "#,
        depth,
    )
    .fetch_all(&mut *db)
    .await?;
    let best = best.into_iter().map(|row| OperatorRow {
        face: Face {
            name: row.name.into(),
            subdomain: row.subdomain.into(),
            currency: row.currency,
        },
        players: row.players,
        staked: row.staked,
        rounds: row.rounds,
        base_players: row.base_players,
        base_staked: row.base_staked,
        base_rounds: row.base_rounds,
    });
    Ok(Operators {
        best: best.collect(),
        sums: operator_sums(db).await?,
    })
}

async fn operator_sums(db: &mut PgConnection) -> Result<OperatorSums, sqlx::Error> {
    let sums = sqlx::query!(
        r#"
        select
            count(*) as "operators!",
            coalesce(sum(players), 0)::bigint as "players!",
            least(coalesce(sum((staked - base_staked)::numeric * unit) / min(unit), 0), 9223372036854775807)::bigint
                as "staked!: Minor",
            coalesce(sum(rounds - base_rounds), 0)::bigint as "rounds!",
            min(unit) as unit,
            case when min(currency) = max(currency) then min(currency) end as currency
        from operator_standings
        join operators on operators.id = operator_standings.operator_id
        where operators.is_active
        "#,
    )
    .fetch_one(db)
    .await?;
    Ok(OperatorSums {
        operators: count(sums.operators),
        players: sums.players,
        staked: sums.staked,
        rounds: sums.rounds,
        unit: SumUnit::of(sums.unit, sums.currency),
    })
}

fn count(rows: i64) -> usize {
    usize::try_from(rows).unwrap_or_default()
}

impl SumUnit {
    /// Of the smallest minor unit, in ten-thousandths; of nothing when there is none.
    fn of(unit: Option<i64>, currency: Option<String>) -> Self {
        let zeros = unit.and_then(i64::checked_ilog10).unwrap_or(2);
        Self {
            decimals: u8::try_from(zeros).map_or(0, |zeros| 4_u8.saturating_sub(zeros)),
            currency: currency.map(Into::into),
        }
    }
}
