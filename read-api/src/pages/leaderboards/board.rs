//! Boards in memory: the best of each board that somebody asked for, bounded by bytes. Must never fetch a board that
//! nobody asks for.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use shared::coherence::{Change, Kind, Topic};
use shared::ids::OperatorId;
use shared::money::{Currency, Minor};
use sqlx::postgres::PgConnection;
use time::OffsetDateTime;

use super::store;
use crate::app::{FillError, Job, Reader, SharedReader};
use crate::cache::jittered;
use crate::databases::Source;

/// A leaderboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Board {
    /// The players of all operators.
    Players,
    /// The players of one operator.
    PlayersOf(OperatorId),
    /// The operators.
    Operators,
}

impl Board {
    /// What its versions belong to.
    pub const fn topic(self) -> Topic {
        let owner = match self {
            Self::Players | Self::Operators => OperatorId::PLATFORM,
            Self::PlayersOf(operator) => operator,
        };
        Topic::of(owner, Kind::Leaderboard)
    }
}

/// The boards in memory.
#[derive(Debug)]
pub struct Boards {
    held: Cache<Board, Arc<Held>>,
    fetches: AtomicU64,
}

impl Boards {
    /// None yet, and at most `bytes` of them.
    pub fn new(bytes: u64) -> Self {
        let held = Cache::builder()
            .max_capacity(bytes)
            .weigher(|_, board: &Arc<Held>| u32::try_from(board.standings.size()).unwrap_or(u32::MAX))
            .build();
        Self {
            held,
            fetches: AtomicU64::new(0),
        }
    }

    /// How often a board was fetched, since the start.
    pub fn fetches(&self) -> u64 {
        self.fetches.load(Ordering::Relaxed)
    }

    /// Forgets every board.
    pub(crate) fn clear(&self) {
        self.held.invalidate_all();
    }

    /// Keeps a board, unless a newer one is there.
    fn publish(&self, board: Board, fetched: Arc<Held>) {
        self.held.entry(board).and_upsert_with(|there| match there {
            Some(there) if there.value().change.version > fetched.change.version => Arc::clone(there.value()),
            _ => fetched,
        });
    }
}

/// What is held of a board.
#[derive(Debug)]
pub(super) struct Held {
    /// The version that it was read with.
    pub(super) change: Change,
    /// By the service's monotonic clock.
    pub(super) fetched_at: Duration,
    /// When it is fetched again although no change was reported.
    fresh_until: Duration,
    /// The contest that runs.
    pub(super) contest: Option<Contest>,
    /// The best, and the sums of all.
    pub(super) standings: Standings,
}

/// A contest.
#[derive(Debug)]
pub(super) struct Contest {
    pub(super) id: i64,
    pub(super) starts_at: OffsetDateTime,
    pub(super) ends_at: OffsetDateTime,
}

/// The entries of a board.
#[derive(Debug)]
pub(super) enum Standings {
    Players(Players),
    Operators(Operators),
}

/// The best players, in order.
#[derive(Debug)]
pub(super) struct Players {
    pub(super) best: Vec<PlayerRow>,
    /// The operators of the best.
    pub(super) operators: HashMap<OperatorId, Face>,
    pub(super) sums: PlayerSums,
}

/// A player's lifetime figures, and as they were when the contest began.
#[derive(Debug)]
pub(super) struct PlayerRow {
    pub(super) operator: OperatorId,
    pub(super) username: Box<str>,
    pub(super) staked: Minor,
    pub(super) paid: Minor,
    pub(super) base_staked: Minor,
    pub(super) base_paid: Minor,
}

/// How an operator is shown.
#[derive(Debug)]
pub(super) struct Face {
    pub(super) name: Box<str>,
    pub(super) subdomain: Box<str>,
    pub(super) currency: Currency,
}

/// What all players on a board add up to, also those who are not held.
#[derive(Debug)]
pub(super) struct PlayerSums {
    pub(super) players: usize,
    pub(super) staked: Minor,
    pub(super) paid: Minor,
    pub(super) unit: SumUnit,
}

/// In what sums over several operators are counted.
#[derive(Clone, Debug)]
pub(super) struct SumUnit {
    /// The decimals of the currency that has most.
    pub(super) decimals: u8,
    /// The currency, when there is only one.
    pub(super) currency: Option<Box<str>>,
}

/// The best operators, in order.
#[derive(Debug)]
pub(super) struct Operators {
    pub(super) best: Vec<OperatorRow>,
    pub(super) sums: OperatorSums,
}

/// An operator's lifetime figures, and as they were when the contest began.
#[derive(Debug)]
pub(super) struct OperatorRow {
    pub(super) face: Face,
    pub(super) players: i64,
    pub(super) staked: Minor,
    pub(super) rounds: i64,
    pub(super) base_players: i64,
    pub(super) base_staked: Minor,
    pub(super) base_rounds: i64,
}

/// What all active operators add up to.
#[derive(Debug)]
pub(super) struct OperatorSums {
    pub(super) operators: usize,
    pub(super) players: i64,
    pub(super) staked: Minor,
    pub(super) rounds: i64,
    pub(super) unit: SumUnit,
}

impl Standings {
    /// How many entries are held.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Players(players) => players.best.len(),
            Self::Operators(operators) => operators.best.len(),
        }
    }

    /// Bytes that they take in memory, roughly.
    fn size(&self) -> usize {
        let size_of_face = |face: &Face| size_of::<Face>() + face.name.len() + face.subdomain.len();
        size_of::<Held>()
            + match self {
                Self::Players(players) => {
                    let rows = players.best.iter();
                    let rows = rows.map(|row| size_of::<PlayerRow>() + row.username.len());
                    rows.sum::<usize>() + players.operators.values().map(size_of_face).sum::<usize>()
                }
                Self::Operators(operators) => {
                    let rows = operators.best.iter();
                    rows.map(|row| size_of::<OperatorRow>() + size_of_face(&row.face))
                        .sum()
                }
            }
    }
}

/// The board as it is held, fetched anew first when it is not there or known to be old. When that fails, the old one.
pub(super) async fn up_to_date(
    reader: &SharedReader,
    source: Source,
    board: Board,
) -> Result<Arc<Held>, FillError> {
    let is_current = |held: &Arc<Held>| {
        held.change.version >= reader.versions.load().of(board.topic())
            && reader.clock.elapsed() < held.fresh_until
    };
    if let Some(held) = reader.boards.held.get(&board).filter(is_current) {
        return Ok(held);
    }
    if let Some(flight) = reader.refresh(Job::Board(board)) {
        flight
            .ended(Duration::from_millis(reader.options.cache.fill_wait_ms))
            .await;
    }
    match reader.boards.held.get(&board) {
        Some(held) => Ok(held),
        // A cache that is full may not have kept it.
        None => fetch(reader, source, board).await,
    }
}

/// Fetches a board and keeps it.
///
/// # Errors
/// What the database does, or that it answered with older data.
pub async fn fill(reader: &Reader, source: Source, board: Board) -> Result<(), FillError> {
    let fetched = fetch(reader, source, board).await?;
    reader.boards.publish(board, fetched);
    Ok(())
}

async fn fetch(reader: &Reader, source: Source, board: Board) -> Result<Arc<Held>, FillError> {
    let depth = i64::from(reader.options.leaderboards.leaderboard_depth);
    let fetched_at = reader.clock.elapsed();
    let known = reader.versions.snapshot();
    reader.boards.fetches.fetch_add(1, Ordering::Relaxed);
    let (change, contest, standings) = reader
        .fetch(source, move |db| {
            Box::pin(async move { Ok(read(board, depth, db).await?) })
        })
        .await?;
    if change.version < known.of(board.topic()) {
        return Err(FillError::TooOld);
    }
    let ttl = Duration::from_millis(reader.options.cache.cache_ttl_ms);
    Ok(Arc::new(Held {
        change,
        fetched_at,
        fresh_until: fetched_at + jittered(ttl, reader.jitter()),
        contest,
        standings,
    }))
}

/// Reads a board as it is at one moment: its entries, its sums and its version belong together.
async fn read(
    board: Board,
    depth: i64,
    db: &mut PgConnection,
) -> Result<(Change, Option<Contest>, Standings), sqlx::Error> {
    store::see_one_moment(db).await?;
    let version = store::version(board.topic(), db).await?;
    let contest = store::running_contest(db).await?;
    let in_contest = contest.as_ref().map_or(0, |contest| contest.id);
    let standings = match board {
        Board::Players => Standings::Players(store::players(in_contest, depth, db).await?),
        Board::PlayersOf(operator) => {
            Standings::Players(store::players_of(operator, in_contest, depth, db).await?)
        }
        Board::Operators => Standings::Operators(store::operators(depth, db).await?),
    };
    let change = Change {
        topic: board.topic(),
        version,
    };
    Ok((change, contest, standings))
}
