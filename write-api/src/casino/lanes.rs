//! Group commit: moves that come while others are being committed wait together and share the next transaction. Must
//! never delay a move that nothing is in front of, nor put two moves of one wallet in one batch.
//!
//! There is no timer. A move that comes to a free lane goes off at once, alone; those that come while all lanes are
//! under way are what the next transaction takes, as many as there are. So one transaction costs one commit however
//! many share it, and the busier the tables are, the less each move costs.

mod guards;
mod queue;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use moka::sync::Cache;
use serde::Serialize;
use shared::clock::Clock;
use shared::db::{Db, DbError};
use shared::ids::{OperatorId, PlayerId};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;
use utoipa::ToSchema;

use self::guards::{Lane, UnderWay};
use self::queue::{Queue, Waiting};
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
type Batch = Result<Vec<Option<Told>>, CasinoError>;

/// What makes the moves of one transaction.
trait Books: Send + Sync {
    /// Makes the moves and commits them; answers as [`batch::play`] does.
    fn commit(&self, items: Arc<[Item]>, patience: Patience) -> BoxFuture<'static, Batch>;
}

impl Books for Db {
    fn commit(&self, items: Arc<[Item]>, patience: Patience) -> BoxFuture<'static, Batch> {
        let db = self.clone();
        Box::pin(async move {
            let work = db.write(move |db| {
                let items = Arc::clone(&items);
                Box::pin(async move { batch::play(db, &items, patience).await })
            });
            work.await
        })
    }
}

/// The way of every move to the database. Cheap to clone.
#[derive(Clone)]
pub struct Lanes(Arc<Inner>);

struct Inner {
    books: Box<dyn Books>,
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

impl Lanes {
    /// Lanes to `db` whose work is among `tasks`.
    pub fn new(db: Db, tasks: TaskTracker, clock: Clock, options: CasinoOptions) -> Self {
        Self::to(Box::new(db), tasks, clock, options)
    }

    fn to(books: Box<dyn Books>, tasks: TaskTracker, clock: Clock, options: CasinoOptions) -> Self {
        Self(Arc::new(Inner {
            books,
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
        // Whoever had to answer panicked, and nobody knows whether that was before the commit or after it.
        let unknown = CasinoError::Database(DbError::OutcomeUnknown);
        answered.await.unwrap_or(Err(unknown))
    }
}

impl Inner {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_lane(self: &Arc<Self>, queue: &mut Queue) {
        if queue.lanes < self.options.casino_lanes {
            let lane = Lane::open(Arc::clone(self), queue);
            self.tasks.spawn(run_lane(lane));
        }
    }

    /// The next moves, which are under way from now on. None are left for a lane that is given back.
    fn next(self: &Arc<Self>, lane: &mut Lane) -> Vec<UnderWay> {
        let patience = Duration::from_millis(self.options.casino_wait_ms);
        let (too_old, taken) = {
            let mut queue = self.queue();
            let too_old = queue.take_older(self.clock.elapsed().saturating_sub(patience));
            let taken = queue.take(self.options.casino_batch);
            if taken.is_empty() {
                lane.give_back(&mut queue);
            }
            (too_old, taken)
        };
        let under_way = |waiting| UnderWay::new(Arc::clone(self), waiting);
        let batch = taken.into_iter().map(under_way).collect();
        for waiting in too_old {
            waiting.tell(Err(CasinoError::Busy));
        }
        batch
    }

    async fn run(self: &Arc<Self>, batch: Vec<UnderWay>) {
        match self.commit(&batch, Patience::Skips).await {
            Ok(told) => {
                for (under_way, told) in batch.into_iter().zip(told) {
                    match told {
                        Some(told) => under_way.finish(told),
                        None => self.run_alone(under_way),
                    }
                }
            }
            Err(error) if batch.len() == 1 || Verdict::of(&error) == Verdict::AllFail => {
                for under_way in batch {
                    under_way.finish(Told::only(Err(error.for_another())));
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
                for under_way in batch {
                    self.run_alone(under_way);
                }
            }
        }
    }

    /// Makes a move in a transaction of its own, while the lane goes on without it.
    fn run_alone(self: &Arc<Self>, under_way: UnderWay) {
        let inner = Arc::clone(self);
        self.tasks.spawn(async move {
            let alone = [under_way];
            let told = match inner.commit(&alone, Patience::Waits).await {
                Ok(mut told) => told.pop().flatten(),
                Err(error) => Some(Told::only(Err(error))),
            };
            let [under_way] = alone;
            if let Some(told) = told {
                under_way.finish(told);
            }
        });
    }

    async fn commit(&self, batch: &[UnderWay], patience: Patience) -> Batch {
        let items: Arc<[Item]> = batch
            .iter()
            .map(|under_way| Item {
                asked: Arc::clone(under_way.asked()),
                seat: self.seats.get(&under_way.key()),
            })
            .collect();
        self.counts.transactions.fetch_add(1, Ordering::Relaxed);
        self.books.commit(items, patience).await
    }
}

async fn run_lane(mut lane: Lane) {
    let inner = Arc::clone(lane.inner());
    loop {
        let batch = inner.next(&mut lane);
        if batch.is_empty() {
            return;
        }
        inner.run(batch).await;
    }
}
