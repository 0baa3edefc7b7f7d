//! The database pool and the only way to a transaction: [`Db::read`] and [`Db::write`].
//! Must never hand out a connection that outlives its transaction, and never lets a vanished caller cancel one.
//!
//! Every transaction runs in a task of its own, because sqlx 0.8.4 to 0.9.0 returns a connection with an open
//! transaction to the pool when `begin` is cancelled (launchbadge/sqlx issues 4385 and 4393). The pool's
//! `after_release` hook is the second remedy: it closes whatever comes back inside a transaction, or does not
//! answer in time (which also cures the lost permit of issue 4349).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions, Postgres};
use sqlx::{AssertSqlSafe, Connection, Executor, Row};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::task::TaskTracker;

mod error;
mod stats;

pub use error::{DbError, Dismissed, TransactionError};
pub use stats::PoolHealth;

use crate::clock::Clock;
use crate::fail_point;
use stats::AcquireTimes;

/// Limits of one service's use of the database.
#[derive(Clone, Debug, clap::Args)]
pub struct DbLimits {
    /// Connections in the pool.
    #[arg(long, env = "DB_MAX_CONNECTIONS", default_value_t = 4)]
    pub db_max_connections: u32,
    /// How long a transaction waits for a connection, in milliseconds.
    #[arg(long, env = "DB_ACQUIRE_MS", default_value_t = 2000)]
    pub db_acquire_ms: u64,
    /// How long a statement that only reads may run, in milliseconds (set with SET LOCAL).
    #[arg(long, env = "DB_READ_STATEMENT_MS", default_value_t = 1500)]
    pub db_read_statement_ms: u64,
    /// How long a statement of a transaction that writes may run, in milliseconds (set with SET LOCAL).
    #[arg(long, env = "DB_WRITE_STATEMENT_MS", default_value_t = 3000)]
    pub db_write_statement_ms: u64,
    /// How long a statement may wait for a lock, in milliseconds (set with SET LOCAL).
    #[arg(long, env = "DB_LOCK_MS", default_value_t = 2000)]
    pub db_lock_ms: u64,
    /// After how long the server ends a transaction whose client went silent, in milliseconds.
    #[arg(long, env = "DB_IDLE_IN_TRANSACTION_MS", default_value_t = 5000)]
    pub db_idle_in_transaction_ms: u64,
    /// How long a whole transaction may take, waiting for the connection included, in milliseconds.
    #[arg(long, env = "DB_TRANSACTION_MS", default_value_t = 2800)]
    pub db_transaction_ms: u64,
    /// Transactions that may wait for a connection at once; more are refused.
    #[arg(long, env = "DB_MAX_WAITERS", default_value_t = 512)]
    pub db_max_waiters: usize,
    /// Prepared statements that a connection keeps. 0 behind a PgBouncer in transaction mode that is older than 1.21
    /// or has `max_prepared_statements = 0`: it can't tell whose they are. Each statement costs one round trip more then.
    #[arg(long, env = "DB_STATEMENT_CACHE", default_value_t = 100)]
    pub db_statement_cache: usize,
}

/// How often a transaction is run again after a serialisation failure or a deadlock.
const MAX_RETRIES: u32 = 3;
/// How long a returned connection has to answer before it is closed.
const RELEASE_CHECK_LIMIT: Duration = Duration::from_millis(500);
/// A connection idle for longer is pinged before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// A pool of connections with its limits and counts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    inner: Arc<Inner>,
    gate: Arc<Gate>,
}

#[derive(Debug)]
struct Inner {
    pool: PgPool,
    limits: DbLimits,
    begin_read: Arc<str>,
    begin_write: Arc<str>,
    tasks: TaskTracker,
    acquire_times: AcquireTimes,
    clock: Clock,
    counts: Arc<Counts>,
}

/// Who may ask the pool: at most so many hold a connection, and so many wait for one.
#[derive(Debug)]
struct Gate {
    places: Semaphore,
    waiters: Semaphore,
}

impl Gate {
    fn new(places: u32, limits: &DbLimits) -> Arc<Self> {
        Arc::new(Self {
            places: Semaphore::new(usize::try_from(places).unwrap_or(Semaphore::MAX_PERMITS)),
            waiters: Semaphore::new(limits.db_max_waiters),
        })
    }
}

#[derive(Debug, Default)]
struct Counts {
    transactions: AtomicU64,
    timeouts: AtomicU64,
    closed_by_hook: AtomicU64,
    peak_active: AtomicU64,
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl Access {
    /// A transaction that only reads has nothing to lose at its commit.
    fn reach(self, point: &'static str) {
        if self == Self::Write {
            fail_point::reach(point);
        }
    }

    /// An error while committing: unless the server itself said no, the outcome of a write is not known.
    fn at_commit(self, error: DbError) -> DbError {
        match error {
            DbError::Unavailable(_) | DbError::Broken(_) if self == Self::Write => DbError::OutcomeUnknown,
            known => known,
        }
    }
}

impl Db {
    /// A pool for `url` that connects when first used. `application` is how the sessions show in
    /// `pg_stat_activity`. Shutdown waits for the transactions in `tasks`.
    ///
    /// # Errors
    /// When the URL can't be read.
    pub fn new(
        url: &str,
        application: &str,
        limits: DbLimits,
        tasks: TaskTracker,
        clock: Clock,
    ) -> Result<Self, DbError> {
        let options: PgConnectOptions = url.parse().map_err(DbError::from)?;
        let options = options
            .application_name(application)
            .statement_cache_capacity(limits.db_statement_cache);
        let counts = Arc::new(Counts::default());
        let hook_counts = Arc::clone(&counts);
        let pool = PgPoolOptions::new()
            .max_connections(limits.db_max_connections)
            .acquire_timeout(Duration::from_millis(limits.db_acquire_ms))
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for < TRUSTED_IDLE {
                        return Ok(true);
                    }
                    let ping = tokio::time::timeout(RELEASE_CHECK_LIMIT, connection.ping()).await;
                    Ok(matches!(ping, Ok(Ok(()))))
                })
            })
            .after_release(move |connection, _| {
                let counts = Arc::clone(&hook_counts);
                Box::pin(async move {
                    let check = tokio::time::timeout(RELEASE_CHECK_LIMIT, is_clean(connection));
                    match check.await {
                        Ok(Ok(true)) => Ok(true),
                        Ok(Ok(false)) => {
                            counts.closed_by_hook.fetch_add(1, Ordering::Relaxed);
                            Ok(false)
                        }
                        Ok(Err(error)) => {
                            counts.closed_by_hook.fetch_add(1, Ordering::Relaxed);
                            Err(error)
                        }
                        Err(_) => {
                            counts.closed_by_hook.fetch_add(1, Ordering::Relaxed);
                            Err(sqlx::Error::PoolTimedOut)
                        }
                    }
                })
            })
            .connect_lazy_with(options);
        // sqlx names its statements also when it keeps none, by numbers that begin at 1 for each connection. Behind a
        // pooler the server's session has those of its last client.
        let forget = if limits.db_statement_cache == 0 {
            "; deallocate all"
        } else {
            ""
        };
        let settings = |statement_ms: u64| {
            format!(
                "set local statement_timeout = {statement_ms}; set local lock_timeout = {}; \
                 set local idle_in_transaction_session_timeout = {}{forget}",
                limits.db_lock_ms, limits.db_idle_in_transaction_ms
            )
        };
        let begin_read = format!("begin read only; {}", settings(limits.db_read_statement_ms));
        let begin_write = format!("begin; {}", settings(limits.db_write_statement_ms));
        let gate = Gate::new(limits.db_max_connections, &limits);
        let inner = Inner {
            pool,
            limits,
            begin_read: begin_read.into(),
            begin_write: begin_write.into(),
            tasks,
            acquire_times: AcquireTimes::default(),
            clock,
            counts,
        };
        Ok(Self {
            inner: Arc::new(inner),
            gate,
        })
    }

    /// The same pool for others, who leave `spared` of its connections to the users of this handle, and wait in a queue
    /// of their own. They have at least one.
    #[must_use]
    pub fn for_others(&self, spared: u32) -> Self {
        let limits = &self.inner.limits;
        let places = limits.db_max_connections.saturating_sub(spared).max(1);
        Self {
            inner: Arc::clone(&self.inner),
            gate: Gate::new(places, limits),
        }
    }

    /// Runs `work` in a transaction that only reads. The connection is back in the pool before this returns
    /// or soon after; nothing of it can leave `work`.
    ///
    /// # Errors
    /// Whatever `work` returns, and what the database does.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: TransactionError,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>> + Send + Sync + 'static,
    {
        self.in_own_task(work, Access::Read).await
    }

    /// Runs `work` in a transaction of its own task and commits it; rolls back when `work` fails. Runs it
    /// again, at most three times, after a serialisation failure or a deadlock, so `work` must have no other
    /// effect than on its connection.
    ///
    /// # Errors
    /// Whatever `work` returns, and what the database does. After [`DbError::OutcomeUnknown`] the effect is
    /// whole or absent: only asking again with the same key tells which.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: TransactionError,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>> + Send + Sync + 'static,
    {
        self.in_own_task(work, Access::Write).await
    }

    async fn in_own_task<T, E, F>(&self, work: F, access: Access) -> Result<T, E>
    where
        T: Send + 'static,
        E: TransactionError,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>> + Send + Sync + 'static,
    {
        let (inner, gate) = (Arc::clone(&self.inner), Arc::clone(&self.gate));
        let reached_commit = Arc::new(AtomicBool::new(false));
        let at_commit = Arc::clone(&reached_commit);
        let task = self.inner.tasks.spawn(async move {
            let limit = Duration::from_millis(inner.limits.db_transaction_ms);
            let run = inner.run(&gate, &work, access, &at_commit);
            if let Ok(result) = tokio::time::timeout(limit, run).await {
                return result;
            }
            inner.counts.timeouts.fetch_add(1, Ordering::Relaxed);
            let error = DbError::Unavailable(sqlx::Error::PoolTimedOut);
            Err(if at_commit.load(Ordering::Relaxed) {
                access.at_commit(error)
            } else {
                error
            }
            .into())
        });
        match task.await {
            Ok(result) => result,
            Err(error) => {
                // The task panicked, or the runtime ended it.
                let error = DbError::Broken(Box::new(error));
                Err(if reached_commit.load(Ordering::Relaxed) {
                    access.at_commit(error)
                } else {
                    error
                }
                .into())
            }
        }
    }

    /// Statements that a transaction of this pool could be cut off after, for sizing other limits.
    pub fn limits(&self) -> &DbLimits {
        &self.inner.limits
    }

    /// What the pool looks like now.
    pub fn health(&self) -> PoolHealth {
        let inner = &self.inner;
        let (size, idle) = (inner.pool.size(), inner.pool.num_idle());
        let idle = u32::try_from(idle).unwrap_or(u32::MAX);
        let waiting = inner.limits.db_max_waiters - self.gate.waiters.available_permits();
        let (acquire_p50_us, acquire_p99_us) = inner.acquire_times.p50_and_p99();
        PoolHealth::new(
            size.saturating_sub(idle),
            idle,
            inner.limits.db_max_connections,
            waiting,
            (acquire_p50_us, acquire_p99_us),
            &stats::Totals {
                transactions: inner.counts.transactions.load(Ordering::Relaxed),
                timeouts: inner.counts.timeouts.load(Ordering::Relaxed),
                closed_by_hook: inner.counts.closed_by_hook.load(Ordering::Relaxed),
                peak_active: inner.counts.peak_active.load(Ordering::Relaxed),
            },
        )
    }

    /// Closes every connection and waits for those in use.
    pub async fn close(&self) {
        self.inner.pool.close().await;
    }
}

impl Inner {
    async fn run<T, E, F>(
        &self,
        gate: &Gate,
        work: &F,
        access: Access,
        at_commit: &AtomicBool,
    ) -> Result<T, E>
    where
        E: TransactionError,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>>,
    {
        let (mut retries, mut broken) = (0, 0);
        loop {
            let (connection, _place) = self.acquire(gate).await?;
            let result = match self.attempt(connection, work, access, at_commit).await {
                Ok(result) => result,
                // Whether the server closed it while it was idle shows when it is used. So may all others be.
                Err(DbError::Unavailable(_)) if broken < self.limits.db_max_connections => {
                    broken += 1;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            match &result {
                Err(error)
                    if retries < MAX_RETRIES && error.database().is_some_and(DbError::is_worth_retrying) =>
                {
                    retries += 1;
                }
                _ => return result,
            }
        }
    }

    /// One transaction. The outer error means that it did not begin, so that nothing has happened.
    async fn attempt<T, E, F>(
        &self,
        mut connection: PoolConnection<Postgres>,
        work: &F,
        access: Access,
        at_commit: &AtomicBool,
    ) -> Result<Result<T, E>, DbError>
    where
        E: TransactionError,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, E>>,
    {
        at_commit.store(false, Ordering::Relaxed);
        self.counts.transactions.fetch_add(1, Ordering::Relaxed);
        let begin = match access {
            Access::Read => &self.begin_read,
            Access::Write => &self.begin_write,
        };
        let mut transaction = connection.begin_with(AssertSqlSafe(Arc::clone(begin))).await?;
        let result = work(&mut transaction).await;
        let ended = if result.is_ok() {
            access.reach("before_commit");
            at_commit.store(true, Ordering::Relaxed);
            let committed = transaction.commit().await;
            committed.map_err(|error| access.at_commit(error.into()))
        } else {
            transaction.rollback().await.map_err(DbError::from)
        };
        if let Err(error) = ended {
            return Ok(Err(error.into()));
        }
        if result.is_ok() {
            access.reach("after_commit");
        }
        Ok(result)
    }

    /// A connection, and the place at the gate that goes with it.
    async fn acquire<'g>(
        &self,
        gate: &'g Gate,
    ) -> Result<(PoolConnection<Postgres>, SemaphorePermit<'g>), DbError> {
        let Ok(_waiting) = gate.waiters.try_acquire() else {
            return Err(DbError::TooManyWaiters);
        };
        let asked = self.clock.elapsed();
        let limit = Duration::from_millis(self.limits.db_acquire_ms);
        let place = match tokio::time::timeout(limit, gate.places.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(sqlx::Error::PoolTimedOut),
        };
        let result = match place {
            Ok(place) => self.pool.acquire().await.map(|connection| (connection, place)),
            Err(error) => Err(error),
        };
        self.acquire_times
            .record(self.clock.elapsed().saturating_sub(asked));
        if matches!(result, Err(sqlx::Error::PoolTimedOut)) {
            self.counts.timeouts.fetch_add(1, Ordering::Relaxed);
        }
        let acquired = result?;
        let active = u64::from(self.pool.size()).saturating_sub(self.pool.num_idle() as u64);
        self.counts.peak_active.fetch_max(active, Ordering::Relaxed);
        Ok(acquired)
    }
}

/// Whether `connection` is outside any transaction: inside one, `now()` stands still at its start. Raw and not
/// prepared, so that it also works behind a pooler.
async fn is_clean(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let row = connection
        .fetch_one(sqlx::raw_sql("select now() = statement_timestamp()"))
        .await?;
    row.try_get(0)
}
