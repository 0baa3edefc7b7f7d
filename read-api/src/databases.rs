//! The databases that a reader asks: one for its fetches, and the primary where that is another one.
//! Must never let fetches take the connection to the primary that the pull needs.

use std::time::Duration;

use futures_util::future::BoxFuture;
use shared::clock::Clock;
use shared::db::{Db, DbError, PoolHealth};
use sqlx::postgres::PgConnection;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::task::TaskTracker;

use crate::app::FillError;
use crate::config::ReadOptions;

/// Which database is asked. With one URL it is the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The one for fetches: it may lag behind, and be away while the primary is there.
    Nearby,
    /// The one that changes are made in.
    Primary,
}

/// The pools, and who may use them.
#[derive(Debug)]
pub struct Databases {
    nearby: Db,
    primary: Option<Primary>,
    fetches: Semaphore,
    wait: Duration,
}

/// The primary, when fetches mostly go elsewhere.
#[derive(Debug)]
struct Primary {
    db: Db,
    fetches: Semaphore,
}

impl Databases {
    /// Pools for the URLs in `options` that connect when first used. Shutdown waits for the transactions in `tasks`.
    ///
    /// # Errors
    /// When a URL can't be read.
    pub fn new(options: &ReadOptions, tasks: &TaskTracker, clock: &Clock) -> Result<Self, DbError> {
        let open = |url: &str, limits| {
            let name = &options.instance;
            Db::new(url, name, limits, tasks.clone(), clock.clone())
        };
        let (nearby, primary) = match options.urls() {
            (only, None) => (open(only, options.db.clone())?, None),
            (primary, Some(nearby)) => {
                let mut limits = options.db.clone();
                limits.db_acquire_ms = options.read_db.read_db_acquire_ms;
                let nearby = open(nearby, limits)?;
                let mut limits = options.db.clone();
                limits.db_max_connections = options.read_db.primary_max_connections;
                // One is the pull's.
                let places = limits.db_max_connections.saturating_sub(1).max(1);
                let primary = Primary {
                    db: open(primary, limits)?,
                    fetches: Semaphore::new(usize::try_from(places).unwrap_or(1)),
                };
                (nearby, Some(primary))
            }
        };
        Ok(Self {
            nearby,
            primary,
            fetches: Semaphore::new(options.cache.refresh_max),
            wait: Duration::from_millis(options.db.db_acquire_ms),
        })
    }

    /// Whether the primary is another database than the one for fetches.
    pub const fn are_two(&self) -> bool {
        self.primary.is_some()
    }

    /// Reads for a page, or for what is held whole, when a fetch may begin: at most `refresh_max` run at once.
    ///
    /// # Errors
    /// [`FillError::Busy`] when no place came free within the acquire limit; else what the database does.
    pub async fn fetch<T, F>(&self, source: Source, work: F) -> Result<T, FillError>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, FillError>> + Send + Sync + 'static,
    {
        let _place = self.place(&self.fetches).await?;
        match (source, &self.primary) {
            (Source::Primary, Some(primary)) => {
                let _place = self.place(&primary.fetches).await?;
                primary.db.read(work).await
            }
            _ => self.nearby.read(work).await,
        }
    }

    async fn place<'s>(&self, places: &'s Semaphore) -> Result<SemaphorePermit<'s>, FillError> {
        match tokio::time::timeout(self.wait, places.acquire()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(FillError::Busy),
        }
    }

    /// Reads what the primary says, or, while that can't be asked, the other one; tells which it was. Does not queue
    /// behind fetches.
    ///
    /// # Errors
    /// What the last database asked does.
    pub async fn newest<T, F>(&self, work: F) -> Result<(T, Source), FillError>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, FillError>>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        let Some(primary) = &self.primary else {
            return Ok((self.nearby.read(work).await?, Source::Primary));
        };
        match primary.db.read(work.clone()).await {
            Ok(said) => Ok((said, Source::Primary)),
            Err(error) => {
                tracing::warn!(%error, "the primary can't be asked");
                Ok((self.nearby.read(work).await?, Source::Nearby))
            }
        }
    }

    /// The pool that fetches use.
    pub fn health(&self) -> PoolHealth {
        self.nearby.health()
    }

    /// The pool for the primary, when that is another one.
    pub fn primary_health(&self) -> Option<PoolHealth> {
        self.primary.as_ref().map(|primary| primary.db.health())
    }

    /// Closes every connection and waits for those in use.
    pub async fn close(&self) {
        self.nearby.close().await;
        if let Some(primary) = &self.primary {
            primary.db.close().await;
        }
    }
}
