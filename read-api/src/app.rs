//! Puts the service together: state, routes, background work, shutdown. Must never hold a rule of a page.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use futures_util::future::BoxFuture;
use shared::clock::Clock;
use shared::coherence::Topic;
use shared::db::DbError;
use shared::http::{RequestIds, outermost, within_request_time};
use shared::metrics::{Metrics, measure};
use shared::random::Random;
use sqlx::postgres::PgConnection;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cache::entry::Entry;
use crate::cache::flights::{Flight, Flights};
use crate::cache::{Page, Pages};
use crate::coherence::audit::Audit;
use crate::coherence::pull::PullStatus;
use crate::coherence::versions::Versions;
use crate::config::ReadOptions;
use crate::databases::{Databases, Source};
use crate::directory::Directory;
use crate::express::Express;
use crate::front_door::FrontDoor;
use crate::leisure::Leisure;
use crate::pages::leaderboards::{Board, Boards};
use crate::pages::sports::Catalogue;

/// What every handler works with.
#[derive(Debug)]
pub struct Reader {
    /// The databases.
    pub databases: Databases,
    /// Time.
    pub clock: Clock,
    /// Randomness, for jitter.
    pub random: Random,
    /// Options as given.
    pub options: ReadOptions,
    /// The newest versions known.
    pub versions: Versions,
    /// Every operator.
    pub directory: Directory,
    /// The sports' events, and what operators do not offer of them.
    pub catalogue: Catalogue,
    /// The leaderboards that were asked for.
    pub boards: Boards,
    /// Rendered pages.
    pub pages: Pages,
    /// How the pull is doing.
    pub pull: PullStatus,
    /// What the comparison with the database found.
    pub audit: Audit,
    /// Places for open streams.
    pub streams: Arc<Semaphore>,
    /// Cancelled when the service is told to stop.
    pub stop: CancellationToken,
    /// The way to write-api.
    pub front_door: FrontDoor,
    /// Counts for `/metrics`.
    pub metrics: Metrics,
    /// Work that shutdown waits for.
    pub tasks: TaskTracker,
    leisure: Leisure,
    flights: Flights<Job, Arc<Entry>>,
}

/// The state of every route.
pub type SharedReader = Arc<Reader>;

/// Something that is fetched or made anew, one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Job {
    /// The operators that changed.
    Directory,
    /// The disabled events of the operators whose disabled events changed.
    Disabled,
    /// The events of a sport.
    Sport(shared::sports::Sport),
    /// The best of a leaderboard.
    Board(Board),
    /// A rendered page.
    Page(Page),
}

/// Why something could not be fetched or made.
#[derive(Debug, thiserror::Error)]
pub enum FillError {
    /// The database.
    #[error(transparent)]
    Database(DbError),
    /// The database answered with older data than is known to be committed.
    #[error("the database answered with older data than is known to be committed")]
    TooOld,
    /// All fetches are busy.
    #[error("too many fetches are under way")]
    Busy,
    /// The page could not be rendered.
    #[error("the page could not be rendered: {0}")]
    Render(String),
}

shared::transaction_error!(FillError);

impl Reader {
    /// Fetches or makes something in a task of its own, or joins the task that already does. `None` when it failed
    /// just now.
    pub fn refresh(self: &Arc<Self>, job: Job) -> Option<Flight<Arc<Entry>>> {
        let reader = Arc::clone(self);
        self.flights.join(job, move || async move {
            let made = reader.fill(job).await;
            if let Err(error) = &made {
                tracing::warn!(?job, %error, "a refresh failed");
                reader.flights.failed(job);
            }
            made.ok().flatten()
        })
    }

    /// Whether something is being fetched or made.
    pub fn is_refreshing(&self, job: Job) -> bool {
        self.flights.is_under_way(job)
    }

    /// Fetches or makes something, and once more from the primary when what came of it is older than known to be
    /// committed: the first attempt may have begun before the change, or asked a database that lags behind. Also when
    /// that database is away. The page, when it is one.
    ///
    /// # Errors
    /// What came of the last attempt, when nothing came of the first.
    pub async fn fill(self: &Arc<Self>, job: Job) -> Result<Option<Arc<Entry>>, FillError> {
        let first = self.fill_from(Source::Nearby, job).await;
        let is_enough = match &first {
            Ok(Some(entry)) => !crate::pages::is_outdated(self, entry),
            Ok(None) => !self.is_behind(job),
            Err(FillError::TooOld) => false,
            Err(FillError::Database(_)) => !self.databases.are_two(),
            Err(_) => true,
        };
        if is_enough {
            return first;
        }
        self.fill_from(Source::Primary, job)
            .await
            .or_else(|error| first.map_err(|_| error))
    }

    /// Whether what is held whole is known to be older than what is committed. Of the rest, each page says so itself.
    pub fn is_behind(&self, job: Job) -> bool {
        match job {
            Job::Directory => !crate::directory::behind(self).is_empty(),
            Job::Disabled => !crate::pages::sports::behind(self).is_empty(),
            Job::Sport(sport) => {
                self.catalogue.sport(sport).version < self.versions.load().of(Topic::feed(sport))
            }
            Job::Board(_) | Job::Page(_) => false,
        }
    }

    /// Forgets everything, because the database is another one: none of it need be true there.
    pub(crate) async fn forget(&self) {
        self.pull.forget();
        self.flights.pause().await;
        self.directory.clear();
        self.catalogue.clear();
        self.boards.clear();
        self.pages.clear();
        self.versions.begin_era();
        self.flights.resume();
    }

    async fn fill_from(self: &Arc<Self>, source: Source, job: Job) -> Result<Option<Arc<Entry>>, FillError> {
        match job {
            Job::Directory => crate::directory::fill(self, source).await?,
            Job::Disabled => crate::pages::sports::fill_disabled(self, source).await?,
            Job::Sport(sport) => crate::pages::sports::fill_sport(self, source, sport).await?,
            Job::Board(board) => crate::pages::leaderboards::fill(self, source, board).await?,
            Job::Page(page) => return crate::pages::fill(self, source, page).await.map(Some),
        }
        Ok(None)
    }

    /// Reads from a database when a fetch may begin, see [`Databases::fetch`].
    ///
    /// # Errors
    /// [`FillError::Busy`] when no place came free in time; else what the database does.
    pub async fn fetch<T, F>(&self, source: Source, work: F) -> Result<T, FillError>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, FillError>> + Send + Sync + 'static,
    {
        self.databases.fetch(source, work).await
    }

    /// Does what takes CPU time, see [`Leisure::run`].
    ///
    /// # Errors
    /// When the work panicked.
    pub async fn at_leisure<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, FillError> {
        let done = self.leisure.run(work).await;
        done.map_err(|error| FillError::Render(error.to_string()))
    }

    /// A random number for jitter.
    pub fn jitter(&self) -> u16 {
        u16::from_be_bytes(self.random.bytes())
    }
}

/// Why the service could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error(transparent)]
    Listen(#[from] shared::server::ListenError),
    /// Something of the operating system failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The database URL can't be read.
    #[error("the database can't be used: {0}")]
    Db(#[from] DbError),
    /// The way to write-api can't be used.
    #[error(transparent)]
    FrontDoor(#[from] crate::front_door::FrontDoorError),
}

/// A running service.
#[derive(Debug)]
pub struct Service {
    address: SocketAddr,
    reader: SharedReader,
    stop: CancellationToken,
    server: JoinHandle<()>,
    puller: JoinHandle<()>,
    auditor: JoinHandle<()>,
}

/// Starts the service; it is listening when this returns, and ready after its first pull.
///
/// # Errors
/// When the address is taken or an option can't be used. An absent database is no error: it may come back.
pub async fn start(options: ReadOptions, clock: Clock, random: Random) -> Result<Service, StartError> {
    shared::tls::choose();
    let (listener, address) = shared::server::listen(options.listen).await?;
    let tasks = TaskTracker::new();
    let databases = Databases::new(&options, &tasks, &clock)?;
    let stop = CancellationToken::new();
    let backoff = Duration::from_millis(options.cache.refresh_backoff_ms);
    let reader = Arc::new(Reader {
        versions: Versions::new(Duration::from_millis(options.cache.soft_ms)),
        directory: Directory::default(),
        catalogue: Catalogue::default(),
        boards: Boards::new(options.leaderboards.leaderboard_bytes),
        pages: Pages::new(options.cache.cache_bytes),
        pull: PullStatus::default(),
        audit: Audit::default(),
        streams: Arc::new(Semaphore::new(options.cache.stream_max)),
        stop: stop.clone(),
        front_door: FrontDoor::new(&options.front_door)?,
        metrics: Metrics::new(clock.clone()),
        leisure: Leisure::new(options.cache.render_max),
        flights: Flights::new(backoff, clock.clone(), tasks.clone()),
        databases,
        clock,
        random,
        tasks,
        options,
    });
    let puller = tokio::spawn(crate::coherence::pull::run(Arc::clone(&reader), stop.clone()));
    let auditor = tokio::spawn(crate::coherence::audit::run(Arc::clone(&reader), stop.clone()));
    let ids = RequestIds::new(&reader.random);
    let limits = reader.options.http.clone();
    let express = Arc::new(Express::new(
        Arc::clone(&reader),
        pages(Arc::clone(&reader), ids.clone()),
        everything(Arc::clone(&reader), ids.clone()),
        ids,
        stop.clone(),
    ));
    let answer = move |stream, peer, http| Arc::clone(&express).answer(stream, peer, http);
    let server = tokio::spawn(shared::server::serve_each(listener, limits, stop.clone(), answer));
    Ok(Service {
        address,
        reader,
        stop,
        server,
        puller,
        auditor,
    })
}

/// The routes of pages alone, with the layers around them. What they do not know is answered without any layer.
fn pages(reader: SharedReader, ids: RequestIds) -> Router {
    crate::pages::router()
        .route_layer(from_fn_with_state(
            reader.options.http.clone(),
            within_request_time,
        ))
        .route_layer(from_fn_with_state(reader.metrics.clone(), measure))
        .route_layer(from_fn_with_state(ids, outermost))
        .with_state(reader)
}

/// Every route, with the layers around it.
fn everything(reader: SharedReader, ids: RequestIds) -> Router {
    let metrics = reader.metrics.clone();
    let limits = reader.options.http.clone();
    Router::new()
        .merge(crate::health::router())
        .merge(crate::pages::router())
        .merge(crate::stream::router())
        .merge(crate::coherence::push::router())
        .merge(crate::openapi::router())
        .fallback(crate::front_door::pass_on)
        .layer(from_fn_with_state(limits.clone(), within_request_time))
        .layer(DefaultBodyLimit::max(limits.http_body_bytes))
        .layer(from_fn_with_state(metrics, measure))
        .layer(from_fn_with_state(ids, outermost))
        .with_state(reader)
}

impl Service {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The state, for what runs beside the routes.
    pub const fn reader(&self) -> &SharedReader {
        &self.reader
    }

    /// Takes no more requests, waits for those under way and for their fetches, and closes the pool.
    pub async fn stop(self) {
        self.stop.cancel();
        for task in [self.server, self.puller, self.auditor] {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task ended badly");
            }
        }
        self.reader.tasks.close();
        self.reader.tasks.wait().await;
        self.reader.databases.close().await;
    }
}
