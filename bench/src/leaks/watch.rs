//! Watches the pools of the services and the sessions of the database. Must never trust the one without the other.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Client;
use serde::Deserialize;
use shared::clock::Clock;
use sqlx::PgConnection;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::installation::{Places, Service};
use crate::report::Report;

/// How often each service is asked about its pool.
const POOL_PAUSE: Duration = Duration::from_millis(50);
/// How long a service may take to tell; one that is later is asked again.
const POOL_LIMIT: Duration = Duration::from_secs(1);
/// How often the database is asked about its sessions.
const ACTIVITY_PAUSE: Duration = Duration::from_millis(250);
/// A transaction that waits for its client for longer than a second was left open; after the load this is how long it
/// takes to tell it from one that is just at work.
const LEFT_OPEN_AFTER: Duration = Duration::from_millis(1100);

/// The part of `/health/detailed` that is about the pool.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct Pool {
    /// In use now.
    active_connections: u64,
    /// In use at once since the start, counted by the service at each acquire, so that nothing falls between two looks.
    peak_active_connections: u64,
    max: u64,
    timeouts: u64,
    closed_by_hook: u64,
}

/// One service's pool, as it was seen.
#[derive(Debug)]
struct Watched {
    service: Service,
    seen: Mutex<Seen>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    last: Pool,
    /// The most that were in use when looked at.
    most: u64,
    looks: u64,
    missed: u64,
}

impl Seen {
    fn peak(&self) -> u64 {
        self.most.max(self.last.peak_active_connections)
    }
}

impl Watched {
    fn new(service: &Service) -> Self {
        Self {
            service: service.clone(),
            seen: Mutex::default(),
        }
    }

    fn seen(&self) -> Seen {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn look(&self, client: &Client) -> Option<Pool> {
        let url = format!("{}/health/detailed", self.service.url);
        let looked = async { client.get(url).send().await?.error_for_status()?.bytes().await };
        let pool: Option<Pool> = looked
            .await
            .ok()
            .and_then(|body| serde_json::from_slice(&body).ok());
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match pool {
            Some(pool) => {
                seen.looks += 1;
                seen.most = seen.most.max(pool.active_connections);
                seen.last = pool;
            }
            None => seen.missed += 1,
        }
        pool
    }

    async fn watch(&self, client: &Client) {
        let mut ticks = interval(POOL_PAUSE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.look(client).await;
        }
    }

    async fn rest(&self, client: &Client, deadline: Duration, clock: &Clock) {
        loop {
            let is_at_rest = self
                .look(client)
                .await
                .is_some_and(|pool| pool.active_connections == 0);
            if is_at_rest || clock.elapsed() >= deadline {
                return;
            }
            sleep(POOL_PAUSE).await;
        }
    }
}

/// The pools of all services.
#[derive(Debug)]
pub(super) struct Pools {
    client: Client,
    readers: Vec<Watched>,
    writer: Watched,
}

impl Pools {
    /// Nothing seen yet.
    pub(super) fn new(places: &Places) -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: Client::builder().no_proxy().timeout(POOL_LIMIT).build()?,
            readers: places.readers.iter().map(Watched::new).collect(),
            writer: Watched::new(&places.writer),
        })
    }

    fn all(&self) -> impl Iterator<Item = &Watched> {
        self.readers.iter().chain([&self.writer])
    }

    /// Looks at every pool all the time; never ends.
    pub(super) async fn sample(&self) {
        join_all(self.all().map(|watched| watched.watch(&self.client))).await;
    }

    /// Waits until each pool has been seen with no connection in use, or `limit` is over.
    pub(super) async fn rest(&self, limit: Duration, clock: &Clock) {
        let deadline = clock.elapsed() + limit;
        join_all(
            self.all()
                .map(|watched| watched.rest(&self.client, deadline, clock)),
        )
        .await;
    }

    /// The most connections that any reader used at once.
    pub(super) fn reader_peak(&self) -> u64 {
        self.most_of_readers(Seen::peak)
    }

    /// The most connections that the writer used at once.
    pub(super) fn writer_peak(&self) -> u64 {
        self.writer.seen().peak()
    }

    /// The most connections that any reader used when it was last looked at.
    pub(super) fn reader_final(&self) -> u64 {
        self.most_of_readers(|seen| seen.last.active_connections)
    }

    /// The connections that the writer used when it was last looked at.
    pub(super) fn writer_final(&self) -> u64 {
        self.writer.seen().last.active_connections
    }

    fn most_of_readers(&self, value: impl Fn(&Seen) -> u64) -> u64 {
        let readers = self.readers.iter().map(|reader| value(&reader.seen()));
        readers.max().unwrap_or_default()
    }

    /// For a person who waits.
    pub(super) fn in_words(&self) -> String {
        let (writer, reader_max) = (self.writer.seen(), self.most_of_readers(|seen| seen.last.max));
        format!(
            "at most {} of {reader_max} connections in a reader, {} of {} in the writer",
            self.reader_peak(),
            writer.peak(),
            writer.last.max
        )
    }

    /// Adds what was seen.
    pub(super) fn report(&self, report: &mut Report) {
        report.value("reader_peak", self.reader_peak());
        report.value("reader_max", self.most_of_readers(|seen| seen.last.max));
        report.value("reader_final", self.reader_final());
        report.value("writer_peak", self.writer_peak());
        report.value("writer_max", self.writer.seen().last.max);
        report.value("writer_final", self.writer_final());
        let sum = |value: fn(Seen) -> u64| self.all().map(|watched| value(watched.seen())).sum::<u64>();
        report.value("pool_timeouts", sum(|seen| seen.last.timeouts));
        report.value("pool_closed_by_hook", sum(|seen| seen.last.closed_by_hook));
        report.value("pool_looks", sum(|seen| seen.looks));
        report.value("pool_looks_missed", sum(|seen| seen.missed));
        if self.all().any(|watched| watched.seen().looks == 0) {
            report.broken("a service never told about its pool".to_owned());
        }
    }
}

/// The sessions of the database, as `pg_stat_activity` shows them.
#[derive(Debug, Default)]
pub(super) struct Activity {
    left_open_peak: AtomicU64,
    connections_peak: AtomicU64,
}

impl Activity {
    /// Looks all the time; ends only when the database refuses.
    pub(super) async fn sample(&self, db: &mut PgConnection) -> sqlx::Error {
        loop {
            match sessions(db).await {
                Ok(sessions) => {
                    self.left_open_peak
                        .fetch_max(sessions.left_open.cast_unsigned(), Ordering::Relaxed);
                    self.connections_peak
                        .fetch_max(sessions.connections.cast_unsigned(), Ordering::Relaxed);
                }
                Err(error) => return error,
            }
            sleep(ACTIVITY_PAUSE).await;
        }
    }

    /// The transactions that are left open after the load.
    pub(super) async fn left_open(&self, db: &mut PgConnection) -> Result<u64, sqlx::Error> {
        sleep(LEFT_OPEN_AFTER).await;
        Ok(sessions(db).await?.left_open.cast_unsigned())
    }

    /// The most transactions that were left open at once.
    pub(super) fn left_open_peak(&self) -> u64 {
        self.left_open_peak.load(Ordering::Relaxed)
    }

    /// The most connections that all services together had open at once, in use or not.
    pub(super) fn connections_peak(&self) -> u64 {
        self.connections_peak.load(Ordering::Relaxed)
    }
}

struct Sessions {
    left_open: i64,
    connections: i64,
}

async fn sessions(db: &mut PgConnection) -> Result<Sessions, sqlx::Error> {
    sqlx::query_as!(
        Sessions,
        r#"
        select
            count(*) filter (
                where state like 'idle in transaction%' and clock_timestamp() - state_change > interval '1 second'
            ) as "left_open!",
            count(*) as "connections!"
        from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()
        "#
    )
    .fetch_one(db)
    .await
}
