//! An installation of its own for one measurement: PostgreSQL, the writer and readers as processes on free ports.
//! Must never outlive the measurement, whatever its end.

use std::env;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use dev::Progress;
use dev::launch::{self, Database, Demo, Feed, Home, Launched, Process};
use dev::postgres;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use shared::clock::Clock;
use shared::random::Random;
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
    /// Its process.
    pub(crate) pid: Option<u32>,
}

impl Service {
    /// The one that `process` is now.
    pub(crate) fn of(process: &Process) -> Result<Self, Failure> {
        let url = process.url();
        let address = url.trim_start_matches("http://").parse();
        let address = address.map_err(|_| Failure::Unfit(format!("{url} is not http:// and an address")))?;
        Ok(Self {
            url,
            address,
            pid: process.pid(),
        })
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
    /// The programs of the PostgreSQL in use.
    pub(crate) postgres_programs: PathBuf,
    /// A folder that disappears with the installation.
    pub(crate) folder: PathBuf,
}

impl Places {
    fn of(launched: &Launched) -> Result<Self, Failure> {
        let cluster = launched.cluster.as_ref();
        let cluster =
            cluster.ok_or_else(|| Failure::Unfit("there is no PostgreSQL of its own".to_owned()))?;
        Ok(Self {
            readers: launched
                .readers
                .iter()
                .map(Service::of)
                .collect::<Result<_, _>>()?,
            writer: Service::of(&launched.writer)?,
            database_url: launched.database_url().to_owned(),
            postgres_programs: cluster.binaries().folder().to_owned(),
            folder: launched.home().folder().to_owned(),
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
    with_writer_args(readers, &[], clock, measure).await
}

/// As [`with`], with more options for the writer, as on its command line.
pub(crate) async fn with_writer_args<T>(
    readers: u16,
    writer_args: &[&str],
    clock: &Clock,
    measure: impl AsyncFnOnce(Places) -> Result<T, Failure>,
) -> Result<T, Failure> {
    with_feed(readers, Feed::Sample, writer_args, clock, measure).await
}

/// As [`with_writer_args`], with another feed than the sample.
pub(crate) async fn with_feed<T>(
    readers: u16,
    feed: Feed,
    writer_args: &[&str],
    clock: &Clock,
    measure: impl AsyncFnOnce(Places) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let options = launch::Options {
        feed,
        readers,
        writer_args: writer_args.iter().map(ToString::to_string).collect(),
        ..options(postgres::Options::disposable(), clock)?
    };
    lend(options, async |launched| {
        let places = Places::of(launched)?;
        tokio::select! {
            measured = measure(places) => measured,
            failure = launched.failure() => Err(failure.into()),
        }
    })
    .await
}

/// Starts an installation without readers and without a feed, with an empty database, and lends it to `measure`, which
/// may end its processes and start them again. Stops what runs afterwards: also when `measure` fails, and on Ctrl-C or
/// SIGTERM. With a folder to `keep` its data in, which must be new or empty, a launcher can start from that later.
pub(crate) async fn lent<T>(
    keep: Option<&Path>,
    clock: &Clock,
    measure: impl AsyncFnOnce(&mut Launched) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (home, postgres) = match keep {
        None => (
            Home::temporary(&Random::system())?,
            postgres::Options::disposable(),
        ),
        Some(folder) => kept(folder)?,
    };
    let options = launch::Options {
        home,
        readers: 0,
        ..options(postgres, clock)?
    };
    lend(options, measure).await
}

/// What an installation with readers is to have, beside a writer, the sample feed and an empty database.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// How many readers.
    pub(crate) readers: u16,
    /// Where the writer finds them, if not at their own addresses.
    pub(crate) reader_urls: Option<Vec<String>>,
    /// Further settings of PostgreSQL, as name and value.
    pub(crate) settings: Vec<(&'static str, &'static str)>,
}

/// Starts an installation with readers and lends it to `measure`, as [`lent`] does.
pub(crate) async fn lent_with<T>(
    wanted: Wanted,
    clock: &Clock,
    measure: impl AsyncFnOnce(&mut Launched) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut postgres = postgres::Options::disposable();
    let settings = wanted.settings.iter();
    postgres
        .settings
        .extend(settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let options = launch::Options {
        feed: Feed::Sample,
        readers: wanted.readers,
        reader_urls: wanted.reader_urls,
        ..options(postgres, clock)?
    };
    lend(options, measure).await
}

/// Starts an installation with a reader, the sample feed and the demo data, and lends it to `measure`, as [`lent`] does.
pub(crate) async fn lent_with_demo<T>(
    clock: &Clock,
    measure: impl AsyncFnOnce(&mut Launched) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let options = launch::Options {
        feed: Feed::Sample,
        readers: 1,
        demo: Demo::Wanted,
        ..options(postgres::Options::disposable(), clock)?
    };
    lend(options, measure).await
}

/// A folder for launchers, and a database in it that stays.
fn kept(folder: &Path) -> Result<(Home, postgres::Options), Failure> {
    let home = Home::open(folder)?;
    let postgres = home.postgres();
    if postgres.exists() {
        let folder = folder.display();
        return Err(Failure::Unfit(format!(
            "{folder} has a database already; choose a new folder"
        )));
    }
    Ok((home, postgres::Options::durable(postgres)))
}

async fn lend<T>(
    options: launch::Options,
    measure: impl AsyncFnOnce(&mut Launched) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut launched = Launched::start_unless(options, interrupted).await?;
    let measured = tokio::select! {
        measured = measure(&mut launched) => measured,
        () = interrupted() => Err(Failure::Interrupted),
    };
    let stopped = launched.stop_until(interrupted).await;
    let measured = measured?;
    stopped?;
    Ok(measured)
}

fn options(mut postgres: postgres::Options, clock: &Clock) -> Result<launch::Options, Failure> {
    postgres.max_connections = MAX_CONNECTIONS;
    // Commits wait for the disk, as they do in production.
    for setting in ["fsync", "full_page_writes"] {
        postgres.settings.push((setting.to_owned(), "on".to_owned()));
    }
    Ok(launch::Options {
        database: Database::Private(postgres),
        demo: Demo::Unwanted,
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
