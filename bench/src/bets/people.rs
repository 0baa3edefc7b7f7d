//! Who bets: players over HTTP, players whose bets pgbench makes, and those who played before. All set themselves every
//! limit there is. Must never set one that is reached: a refusal is cheaper than a bet.

use std::ops::Range;

use shared::clock::Clock;
use shared::ids::OperatorId;
use shared::money::Minor;
use sqlx::{Connection, PgConnection};
use write_api::protection::rules::{Limits, Measure, Window};

use crate::failure::Failure;
use crate::people::{Cast, People, Player, SESSION_LIFE};

/// Players whose bets pgbench makes: so many that each of its clients can have one of its own.
pub(super) const OF_PGBENCH: u32 = 64;
/// What every limit that a player sets is: 10,000,000.00.
const LIMIT: Minor = Minor::new(1_000_000_000);

/// Everybody, as players of one operator.
#[derive(Debug)]
pub(super) struct Crowd {
    pub(super) operator: OperatorId,
    /// The sessions of those who bet over HTTP.
    pub(super) tokens: Vec<Box<str>>,
    /// The numbers of those who bet over HTTP.
    pub(super) over_http: Range<i64>,
    /// The numbers of those whose bets pgbench makes.
    pub(super) by_pgbench: Range<i64>,
    /// The numbers of those who played before.
    pub(super) of_before: Range<i64>,
}

impl Crowd {
    /// Creates so many players over HTTP and of before, and those of pgbench.
    pub(super) async fn create(
        database_url: &str,
        over_http: u32,
        of_before: u32,
        clock: &Clock,
    ) -> Result<Self, Failure> {
        let cast = Cast {
            name: "bets",
            operators: 1,
            players: over_http + OF_PGBENCH + of_before,
        };
        let people = People::create(database_url, cast, clock).await?;
        let (http, others) = people.players.split_at(over_http as usize);
        let (pgbench, before) = others.split_at(OF_PGBENCH as usize);
        let crowd = Self {
            operator: people.operators[0].id,
            tokens: http.iter().map(|player| player.token.clone()).collect(),
            over_http: numbers(http)?,
            by_pgbench: numbers(pgbench)?,
            of_before: numbers(before)?,
        };
        let mut db = PgConnection::connect(database_url).await?;
        protect(crowd.operator, &mut db, clock).await?;
        open_sessions(crowd.operator, &mut db, &crowd.by_pgbench, clock).await?;
        db.close().await?;
        Ok(crowd)
    }
}

/// The numbers of players that were created one after the other.
fn numbers(players: &[Player]) -> Result<Range<i64>, Failure> {
    let mut numbers = players.iter().map(|player| player.id.get());
    let Some(first) = numbers.next() else {
        return Ok(0..0);
    };
    let end = numbers.try_fold(first + 1, |next, number| (number == next).then_some(next + 1));
    let end = end.ok_or_else(|| Failure::Unfit("the players' numbers have gaps".to_owned()))?;
    Ok(first..end)
}

/// Sets every limit there is for every player.
async fn protect(operator: OperatorId, db: &mut PgConnection, clock: &Clock) -> Result<(), Failure> {
    let now = clock.now();
    let mut limits = Limits::default();
    for measure in Measure::ALL {
        for window in Window::ALL {
            let limit = limits.get_mut(measure, window);
            *limit = limit.set(Some(LIMIT), now);
        }
    }
    let limits = serde_json::to_value(limits).map_err(|error| Failure::Unfit(error.to_string()))?;
    sqlx::query!(
        r#"
        with saved as (
            insert into player_protection (operator_id, player_id, revision, limits, changed_at)
            select operator_id, id, 1, $2, $3
            from players
            where operator_id = $1
            returning *
        )
        insert into player_protection_changes (operator_id, player_id, revision, limits, changed_at)
        select operator_id, player_id, revision, limits, changed_at
        from saved
        "#,
        operator.get(),
        limits,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Opens sessions whose hashes a statement can compute from the players' numbers, because pgbench can't keep tokens.
async fn open_sessions(
    operator: OperatorId,
    db: &mut PgConnection,
    players: &Range<i64>,
    clock: &Clock,
) -> Result<(), Failure> {
    let now = clock.now();
    sqlx::query!(
        r#"
        insert into sessions (operator_id, token_hash, player_id, created_at, expires_at)
        select $1, sha256(int8send(player_id)), player_id, $4, $5
        from generate_series($2::bigint, $3::bigint - 1) as player_id
        "#,
        operator.get(),
        players.start,
        players.end,
        now,
        now + SESSION_LIFE,
    )
    .execute(db)
    .await?;
    Ok(())
}
