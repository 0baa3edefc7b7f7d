//! Group commit: moves that come while others are being committed wait together and share the next transaction. Must
//! never delay a move that nothing is in front of, nor put two moves of one wallet in one batch.
//!
//! There is no timer. A move that comes to a free lane goes off at once, alone; those that come while all lanes are
//! under way are what the next transaction takes, as many as there are. So one transaction costs one commit however
//! many share it, and the busier the tables are, the less each move costs.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use serde::Serialize;
use shared::clock::Clock;
use shared::db::Db;
use shared::ids::{OperatorId, PlayerId};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;
use utoipa::ToSchema;

use super::batch::{self, Item, Patience, Seat, Told, Verdict};
use super::error::CasinoError;
use super::moves::Move;
use super::options::CasinoOptions;
use crate::commands::Answer;

/// The lanes as `/health/detailed` shows them.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct LanesHealth {
    /// Moves that wait for a transaction now.
    pub moves_waiting: usize,
    /// Moves in transactions under way now.
    pub moves_under_way: usize,
    /// Moves that were made or refused since the start.
    pub moves: u64,
    /// Transactions that they took. The fewer for each move, the busier the tables were.
    pub transactions: u64,
    /// Batches that failed as a whole, so that their moves were tried one by one.
    pub batches_failed: u64,
}

#[derive(Debug, Default)]
struct Counts {
    moves: AtomicU64,
    transactions: AtomicU64,
    batches_failed: AtomicU64,
}

type Key = (OperatorId, PlayerId);
type Answered = Result<Answer, CasinoError>;

/// The way of every move to the database. Cheap to clone.
#[derive(Clone)]
pub struct Lanes(Arc<Inner>);

struct Inner {
    db: Db,
    tasks: TaskTracker,
    clock: Clock,
    options: CasinoOptions,
    seats: Cache<Key, Seat>,
    queue: Mutex<Queue>,
    counts: Counts,
}

impl fmt::Debug for Lanes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Lanes").finish_non_exhaustive()
    }
}

/// A move, and who waits for its answer.
struct Waiting {
    asked: Arc<Move>,
    answer: oneshot::Sender<Answered>,
    /// Since when, by the clock's elapsed time.
    since: Duration,
}

impl Waiting {
    fn key(&self) -> Key {
        (self.asked.operator, self.asked.player)
    }

    /// Nobody may wait any more; the effect is whole all the same.
    fn tell(self, answered: Answered) {
        let _ = self.answer.send(answered);
    }
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// The wallets with a move under way.
    busy: HashSet<Key>,
    /// The lanes under way.
    lanes: usize,
}

impl Queue {
    /// Takes out the moves that wait since before `then`. They stand in the order in which they came.
    fn take_older(&mut self, then: Duration) -> Vec<Waiting> {
        let old = self.waiting.partition_point(|waiting| waiting.since < then);
        self.waiting.drain(..old).collect()
    }

    /// Takes the next moves, at most one of each wallet; later ones of the same wallet keep their places.
    fn take(&mut self, most: usize) -> Vec<Waiting> {
        let mut taken = Vec::new();
        let mut kept = VecDeque::new();
        while taken.len() < most {
            let Some(next) = self.waiting.pop_front() else {
                break;
            };
            if self.busy.insert(next.key()) {
                taken.push(next);
            } else {
                kept.push_back(next);
            }
        }
        kept.append(&mut self.waiting);
        self.waiting = kept;
        taken
    }
}

impl Lanes {
    /// Lanes to `db` whose work is among `tasks`.
    pub fn new(db: Db, tasks: TaskTracker, clock: Clock, options: CasinoOptions) -> Self {
        Self(Arc::new(Inner {
            db,
            tasks,
            clock,
            seats: Cache::new(options.casino_seats),
            options,
            queue: Mutex::default(),
            counts: Counts::default(),
        }))
    }

    /// What the lanes do now and did since the start.
    pub fn health(&self) -> LanesHealth {
        let (moves_waiting, moves_under_way) = {
            let queue = self.0.queue();
            (queue.waiting.len(), queue.busy.len())
        };
        let counts = &self.0.counts;
        LanesHealth {
            moves_waiting,
            moves_under_way,
            moves: counts.moves.load(Ordering::Relaxed),
            transactions: counts.transactions.load(Ordering::Relaxed),
            batches_failed: counts.batches_failed.load(Ordering::Relaxed),
        }
    }

    /// Makes the move. If the caller goes away meanwhile, it is made all the same.
    ///
    /// # Errors
    /// When it is refused or fails; nothing is written then, unless the outcome is said to be unknown.
    pub(super) async fn play(&self, asked: Move) -> Answered {
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting {
            asked: Arc::new(asked),
            answer,
            since: self.0.clock.elapsed(),
        };
        {
            let mut queue = self.0.queue();
            if queue.waiting.len() >= self.0.options.casino_queue {
                return Err(CasinoError::Busy);
            }
            let own = queue.waiting.iter().filter(|other| other.key() == waiting.key());
            if own.count() >= self.0.options.casino_wallet_queue {
                return Err(CasinoError::TooManyAtOnce);
            }
            queue.waiting.push_back(waiting);
            self.0.open_lane(&mut queue);
        }
        answered.await.unwrap_or(Err(CasinoError::Busy))
    }
}

impl Inner {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_lane(self: &Arc<Self>, queue: &mut Queue) {
        if queue.lanes < self.options.casino_lanes {
            queue.lanes += 1;
            let inner = Arc::clone(self);
            self.tasks.spawn(async move { inner.run_lane().await });
        }
    }

    async fn run_lane(self: Arc<Self>) {
        loop {
            let patience = Duration::from_millis(self.options.casino_wait_ms);
            let (too_old, batch) = {
                let mut queue = self.queue();
                let too_old = queue.take_older(self.clock.elapsed().saturating_sub(patience));
                let batch = queue.take(self.options.casino_batch);
                if batch.is_empty() {
                    queue.lanes -= 1;
                }
                (too_old, batch)
            };
            for waiting in too_old {
                waiting.tell(Err(CasinoError::Busy));
            }
            if batch.is_empty() {
                return;
            }
            self.run(batch).await;
        }
    }

    async fn run(self: &Arc<Self>, batch: Vec<Waiting>) {
        match self.commit(&batch, Patience::Skips).await {
            Ok(told) => {
                for (waiting, told) in batch.into_iter().zip(told) {
                    match told {
                        Some(told) => self.finish(waiting, told),
                        None => self.run_alone(waiting),
                    }
                }
            }
            Err(error) if batch.len() == 1 || Verdict::of(&error) == Verdict::AllFail => {
                for waiting in batch {
                    self.finish(waiting, Told::only(Err(error.for_another())));
                }
                if error.is_outage() {
                    // Whoever waits would only wait longer to hear the same.
                    let waiting = std::mem::take(&mut self.queue().waiting);
                    for waiting in waiting {
                        waiting.tell(Err(error.for_another()));
                    }
                }
            }
            Err(error) => {
                self.counts.batches_failed.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%error, moves = batch.len(), "a batch failed; its moves are tried one by one");
                for waiting in batch {
                    self.run_alone(waiting);
                }
            }
        }
    }

    /// Makes a move in a transaction of its own, while the lane goes on without it.
    fn run_alone(self: &Arc<Self>, waiting: Waiting) {
        let inner = Arc::clone(self);
        self.tasks.spawn(async move {
            let alone = [waiting];
            let told = match inner.commit(&alone, Patience::Waits).await {
                Ok(mut told) => told.pop().flatten(),
                Err(error) => Some(Told::only(Err(error))),
            };
            let [waiting] = alone;
            inner.finish(waiting, told.unwrap_or(Told::only(Err(CasinoError::Busy))));
        });
    }

    async fn commit(&self, batch: &[Waiting], patience: Patience) -> Result<Vec<Option<Told>>, CasinoError> {
        let items: Arc<[Item]> = batch
            .iter()
            .map(|waiting| Item {
                asked: Arc::clone(&waiting.asked),
                seat: self.seats.get(&waiting.key()),
            })
            .collect();
        self.counts.transactions.fetch_add(1, Ordering::Relaxed);
        let work = self.db.write(move |db| {
            let items = Arc::clone(&items);
            Box::pin(async move { batch::play(db, &items, patience).await })
        });
        work.await
    }

    /// Remembers the player, frees the wallet for the next move, and answers.
    fn finish(self: &Arc<Self>, waiting: Waiting, told: Told) {
        self.counts.moves.fetch_add(1, Ordering::Relaxed);
        let key = waiting.key();
        if let Some(seat) = told.seat {
            self.seats.insert(key, seat);
        }
        {
            let mut queue = self.queue();
            queue.busy.remove(&key);
            if !queue.waiting.is_empty() {
                self.open_lane(&mut queue);
            }
        }
        waiting.tell(told.answer);
    }
}

#[cfg(test)]
mod tests {
    use shared::ids::{OperatorId, PlayerId};
    use time::OffsetDateTime;

    use super::*;
    use crate::casino::moves::Play;
    use crate::casino::table::Table;

    #[derive(Debug)]
    struct Never;

    impl Play for Never {
        fn decide(&self, _table: &mut Table<'_>) -> Answered {
            Err(CasinoError::Busy)
        }
    }

    fn queue_of(players: &[i64]) -> Queue {
        let mut queue = Queue::default();
        for player in players {
            let asked = Move {
                operator: OperatorId::new(1),
                player: PlayerId::new(*player),
                token_hash: None,
                at: OffsetDateTime::UNIX_EPOCH,
                steady_at: OffsetDateTime::UNIX_EPOCH,
                command: None,
                play: Box::new(Never),
            };
            queue.waiting.push_back(Waiting {
                asked: Arc::new(asked),
                answer: oneshot::channel().0,
                since: Duration::from_millis(queue.waiting.len() as u64),
            });
        }
        queue
    }

    fn players<'a>(moves: impl IntoIterator<Item = &'a Waiting>) -> Vec<i64> {
        moves.into_iter().map(|waiting| waiting.key().1.get()).collect()
    }

    #[test]
    fn a_batch_takes_one_move_of_each_wallet_and_leaves_the_others_in_their_order() {
        let mut queue = queue_of(&[1, 1, 2, 3, 2, 1, 4]);
        assert_eq!(players(&queue.take(10)), [1, 2, 3, 4]);
        assert_eq!(players(&queue.waiting), [1, 2, 1]);
        assert_eq!(
            players(&queue.take(10)),
            [] as [i64; 0],
            "all their wallets are busy"
        );
        queue.busy.remove(&(OperatorId::new(1), PlayerId::new(1)));
        assert_eq!(players(&queue.take(10)), [1]);
        assert_eq!(players(&queue.waiting), [2, 1]);
    }

    #[test]
    fn moves_that_wait_too_long_are_taken_out_from_the_front() {
        let mut queue = queue_of(&[1, 2, 3, 4]);
        assert_eq!(players(&queue.take_older(Duration::from_millis(2))), [1, 2]);
        assert_eq!(players(&queue.waiting), [3, 4]);
        assert_eq!(players(&queue.take_older(Duration::ZERO)), [] as [i64; 0]);
    }

    #[test]
    fn a_batch_takes_no_more_than_its_limit() {
        let mut queue = queue_of(&[1, 1, 2, 3]);
        assert_eq!(players(&queue.take(2)), [1, 2]);
        assert_eq!(players(&queue.waiting), [1, 3]);
    }
}
