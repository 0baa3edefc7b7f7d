//! An installation of its own for one measurement: PostgreSQL, the writer and readers as processes on free ports.
//! Must never outlive the measurement, whatever its end.

use std::env;
use std::net::SocketAddr;

use dev::Progress;
use dev::launch::{self, Database, Demo, Feed, Launched};
use dev::postgres;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use shared::clock::Clock;
use shared::server::told_to_stop;

use crate::failure::Failure;

/// Sessions of PostgreSQL: more than the pools of 32 readers and a writer together.
const MAX_CONNECTIONS: u16 = 200;

/// Where a reader or the writer answers.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// Its base URL.
    pub(crate) url: String,
    /// The same as an address.
    pub(crate) address: SocketAddr,
}

impl Service {
    fn at(url: String) -> Result<Self, Failure> {
        let address = url.trim_start_matches("http://").parse();
        let address = address.map_err(|_| Failure::Unfit(format!("{url} is not http:// and an address")))?;
        Ok(Self { url, address })
    }
}

/// The parts of the installation.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The readers.
    pub(crate) readers: Vec<Service>,
    /// The writer.
    pub(crate) writer: Service,
    /// The database as its owner sees it. It contains a password.
    pub(crate) database_url: String,
}

impl Places {
    fn of(launched: &Launched) -> Result<Self, Failure> {
        Ok(Self {
            readers: launched
                .reader_urls()
                .into_iter()
                .map(Service::at)
                .collect::<Result<_, _>>()?,
            writer: Service::at(launched.write_url())?,
            database_url: launched.database_url().to_owned(),
        })
    }
}

/// Starts an installation with so many readers, an empty database and the sample feed, lets `measure` work with it, and
/// stops it: also when `measure` fails, when a process of it ends, and on Ctrl-C or SIGTERM.
pub(crate) async fn with<T>(
    readers: u16,
    clock: &Clock,
    measure: impl AsyncFnOnce(Places) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut launched = Launched::start_unless(options(readers, clock)?, interrupted).await?;
    let places = Places::of(&launched);
    let measured = tokio::select! {
        measured = async { measure(places?).await } => measured,
        failure = launched.failure() => Err(failure.into()),
        () = interrupted() => Err(Failure::Interrupted),
    };
    let stopped = launched.stop_until(interrupted).await;
    let measured = measured?;
    stopped?;
    Ok(measured)
}

fn options(readers: u16, clock: &Clock) -> Result<launch::Options, Failure> {
    let mut postgres = postgres::Options::disposable();
    postgres.max_connections = MAX_CONNECTIONS;
    // Commits wait for the disk, as they do in production.
    for setting in ["fsync", "full_page_writes"] {
        postgres.settings.push((setting.to_owned(), "on".to_owned()));
    }
    Ok(launch::Options {
        database: Database::Private(postgres),
        demo: Demo::Unwanted,
        feed: Feed::Sample,
        readers,
        progress: Progress::to_stderr(clock.clone()),
        clock: clock.clone(),
        ..launch::Options::disposable(env::current_exe()?)?
    })
}

async fn interrupted() {
    if told_to_stop().await.is_err() {
        // Then Ctrl-C ends this process, and the processes that it started end with it.
        std::future::pending::<()>().await;
    }
}

/// Lets this process, and those that it will start, open `needed` files.
pub(crate) fn allow_open_files(needed: u64) -> Result<(), Failure> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    if hard < needed {
        return Err(Failure::OpenFiles {
            needed,
            allowed: hard,
        });
    }
    if soft < needed {
        setrlimit(Resource::RLIMIT_NOFILE, needed, hard)?;
    }
    Ok(())
}
