//! Puts the service together: state, routes, background work, shutdown. Must never hold a rule of a feature.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use shared::clock::Clock;
use shared::db::{Db, DbError};
use shared::http::{RequestIds, nothing_here, outermost, within_request_time};
use shared::metrics::{Metrics, measure};
use shared::random::Random;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accounts::{KnownTokens, Passwords};
use crate::casino::Lanes;
use crate::coherence::Readers;
use crate::config::WriteOptions;
use crate::feed::FeedStatus;
use crate::webhooks::Sender;

/// What every handler works with.
#[derive(Debug)]
pub struct App {
    /// The primary database, for everything but money.
    pub db: Db,
    /// The primary database, with connections that nothing else takes: for bets and payments.
    pub money_db: Db,
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub random: Random,
    /// The readers that are told of changes.
    pub readers: Readers,
    /// Hashing and checking of passwords.
    pub passwords: Passwords,
    /// Whose the tokens in use are.
    pub known_tokens: KnownTokens,
    /// The way of every move in the casino.
    pub lanes: Lanes,
    /// Places for files of bulk registration.
    pub bulk_files: Arc<Semaphore>,
    /// What tells operators' webhooks what happened.
    pub webhooks: Sender,
    /// What the sports feed has done so far.
    pub feed: FeedStatus,
    /// Options as given.
    pub options: WriteOptions,
    /// Counts for `/metrics`.
    pub metrics: Metrics,
    /// Work that shutdown waits for.
    pub tasks: TaskTracker,
}

/// The state of every route.
pub type SharedApp = Arc<App>;

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
    /// The database can't be reached.
    #[error("the database can't be reached: {0}")]
    Connect(#[from] sqlx::Error),
    /// A migration failed.
    #[error("the schema can't be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// An outgoing HTTP client could not be made.
    #[error("no HTTP client could be made: {0}")]
    Client(#[from] reqwest::Error),
}

/// A running service.
#[derive(Debug)]
pub struct Service {
    address: SocketAddr,
    app: SharedApp,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

/// Starts the service; it is listening when this returns.
///
/// # Errors
/// When the address is taken or an option can't be used. An absent database is no error: it may come back.
pub async fn start(options: WriteOptions, clock: Clock, random: Random) -> Result<Service, StartError> {
    shared::tls::choose();
    let (listener, address) = shared::server::listen(options.listen).await?;
    let tasks = TaskTracker::new();
    let money_db = Db::new(
        &options.database_url,
        &options.instance,
        options.db.clone(),
        tasks.clone(),
        clock.clone(),
    )?;
    let db = money_db.for_others(options.money_connections);
    let app = Arc::new(App {
        readers: Readers::new(
            options.readers.clone(),
            options.webhook_secret.clone(),
            clock.clone(),
            random.clone(),
            tasks.clone(),
        )?,
        passwords: Passwords::new(&options.accounts),
        known_tokens: KnownTokens::new(&options.accounts),
        lanes: Lanes::new(
            money_db.clone(),
            tasks.clone(),
            clock.clone(),
            options.casino.clone(),
        ),
        metrics: Metrics::new(clock.clone()),
        bulk_files: Arc::new(Semaphore::new(options.registration.bulk_files.into())),
        webhooks: Sender::new(&options.webhooks)?,
        feed: FeedStatus::default(),
        db,
        money_db,
        clock,
        random,
        tasks,
        options,
    });
    let stop = CancellationToken::new();
    crate::feed::spawn(Arc::clone(&app), stop.clone());
    crate::accounts::spawn_sweeper(Arc::clone(&app), stop.clone());
    crate::casino::spawn_sweeper(Arc::clone(&app), stop.clone());
    crate::ledger::spawn_rollup(Arc::clone(&app), stop.clone());
    crate::reports::spawn_folding(Arc::clone(&app), stop.clone());
    crate::leaderboards::spawn_refresh(Arc::clone(&app), stop.clone());
    crate::audit::spawn_chain(Arc::clone(&app), stop.clone());
    crate::operations::spawn_runner(Arc::clone(&app), stop.clone());
    crate::settlement::spawn_settling(Arc::clone(&app), stop.clone());
    crate::settlement::spawn_scores(&app, stop.clone());
    crate::webhooks::spawn_delivery(Arc::clone(&app), stop.clone());
    let router = router(Arc::clone(&app));
    let limits = app.options.http.clone();
    let server = tokio::spawn(shared::server::serve(listener, router, limits, stop.clone()));
    Ok(Service {
        address,
        app,
        stop,
        server,
    })
}

/// Every route, with the layers around it.
pub fn router(app: SharedApp) -> Router {
    let ids = RequestIds::new(&app.random);
    let metrics = app.metrics.clone();
    let limits = app.options.http.clone();
    Router::new()
        .merge(crate::health::router())
        .merge(crate::openapi::router())
        .merge(crate::accounts::router())
        .merge(crate::casino::router())
        .merge(crate::betting::router())
        .merge(crate::protection::router())
        .merge(crate::cashier::router())
        .merge(crate::players::router())
        .merge(crate::ledger::router())
        .merge(crate::reports::router())
        .merge(crate::operators::router())
        .merge(crate::events::router())
        .merge(crate::audit::router())
        .merge(crate::platform::router())
        .merge(crate::registration::router())
        .merge(crate::staff::router())
        .merge(crate::treasury::router())
        .merge(crate::operations::router())
        .merge(crate::resets::router())
        .merge(crate::leaderboards::router())
        .merge(crate::revenue::router())
        .merge(crate::settings::router())
        .merge(crate::settlement::router())
        .merge(crate::webhooks::router())
        .merge(crate::feed::router())
        .fallback(async || nothing_here())
        .layer(from_fn_with_state(limits.clone(), within_request_time))
        .layer(DefaultBodyLimit::max(limits.http_body_bytes))
        .layer(from_fn_with_state(metrics, measure))
        .layer(from_fn_with_state(ids, outermost))
        .with_state(app)
}

impl Service {
    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The state, for what runs beside the routes.
    pub const fn app(&self) -> &SharedApp {
        &self.app
    }

    /// Takes no more requests, waits for those under way and for their transactions, and closes the pool.
    pub async fn stop(self) {
        self.stop.cancel();
        if let Err(error) = self.server.await {
            tracing::error!(%error, "the server ended badly");
        }
        self.app.tasks.close();
        self.app.tasks.wait().await;
        self.app.db.close().await;
    }
}
