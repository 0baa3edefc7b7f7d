//! Starts and stops all of Edgebook: the database, the schema, demo data, the writer, the readers. The launcher, the
//! tests and the benches use it, so that they drive the same processes as production does.
//! Must never leave a process behind.

mod database;
mod error;
mod feed;
mod home;
mod ports;
mod process;
mod services;

use std::future::pending;
use std::path::PathBuf;
use std::time::Duration;

use shared::clock::Clock;
use shared::coherence::WebhookSecrets;
use shared::random::Random;

use database::Opened;
pub use database::{Database, migrate};
pub use error::LaunchError;
pub use feed::Feed;
pub use home::Home;
pub use process::Process;
pub(crate) use process::STOP_LIMIT;
use services::{Plans, Services, Settled};

use crate::demo::{self, DemoData};
use crate::postgres::{self, Cluster};
use crate::progress::Progress;

/// How often it is looked whether everything still runs.
const WATCH_PAUSE: Duration = Duration::from_millis(200);

/// Whether demo data is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demo {
    /// Yes, if the database has no operators.
    Wanted,
    /// No.
    Unwanted,
}

/// What to launch.
pub struct Options {
    /// The folder for logs and the sample feed.
    pub home: Home,
    /// The database.
    pub database: Database,
    /// Demo data.
    pub demo: Demo,
    /// A program that runs the services as its subcommands `read-api` and `write-api`; see [`crate::service`].
    pub program: PathBuf,
    /// The sports feed.
    pub feed: Feed,
    /// How many readers.
    pub readers: u16,
    /// Port of the first reader; further ones get the ports after it. 0 for free ones.
    pub read_port: u16,
    /// Port of the writer; 0 for a free one.
    pub write_port: u16,
    /// Where the writer finds the readers, if not at their own addresses: what stands between them passes pushes on.
    pub reader_urls: Option<Vec<String>>,
    /// Further arguments of every reader.
    pub reader_args: Vec<String>,
    /// Further arguments of the writer.
    pub writer_args: Vec<String>,
    /// Who is told how it goes.
    pub progress: Progress,
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub random: Random,
}

impl Options {
    /// One reader and the writer on free ports, with demo data and no feed, over a PostgreSQL that disappears with
    /// everything else when it is stopped. `program` is as in [`Options::program`].
    pub fn disposable(program: PathBuf) -> Result<Self, LaunchError> {
        let random = Random::system();
        Ok(Self {
            home: Home::temporary(&random)?,
            database: Database::Private(postgres::Options::disposable()),
            demo: Demo::Wanted,
            program,
            feed: Feed::None,
            readers: 1,
            read_port: 0,
            write_port: 0,
            reader_urls: None,
            reader_args: Vec::new(),
            writer_args: Vec::new(),
            progress: Progress::silent(),
            clock: Clock::machine(),
            random,
        })
    }
}

/// All of Edgebook, running. Dropping it kills the services and makes PostgreSQL stop by itself.
#[derive(Debug)]
pub struct Launched {
    /// The private PostgreSQL; none where the server was given.
    pub cluster: Option<Cluster>,
    /// The writer.
    pub writer: Process,
    /// The readers.
    pub readers: Vec<Process>,
    database_url: String,
    webhook_secret: String,
    demo: Option<DemoData>,
    home: Home,
    progress: Progress,
}

impl Launched {
    /// Starts everything; it is ready when this returns, and nothing is left running when this fails.
    pub async fn start(options: Options) -> Result<Self, LaunchError> {
        Self::start_unless(options, async || pending().await).await
    }

    /// The same, unless it is `interrupted`: once to stop well, twice to stop at once.
    pub async fn start_unless(
        options: Options,
        mut interrupted: impl AsyncFnMut(),
    ) -> Result<Self, LaunchError> {
        let settled = Settled::new(&options)?;
        let progress = options.progress;
        let mut opening = Box::pin(Opened::open(options.database, &progress));
        let database = tokio::select! {
            opened = &mut opening => opened?,
            () = interrupted() => {
                progress.say("Stopping once PostgreSQL is up; Ctrl-C again stops at once.");
                tokio::select! {
                    opened = opening => opened?.close().await?,
                    () = interrupted() => {}
                }
                return Err(LaunchError::Interrupted);
            }
        };
        drop(opening);
        let webhook_secret = WebhookSecrets::generate(&options.random);
        let plans = Plans {
            settled: &settled,
            home: &options.home,
            database_url: &database.url,
            webhook_secret: &webhook_secret,
        };
        let on_top = OnTop {
            demo: options.demo,
            clock: &options.clock,
            random: &options.random,
            plans,
        };
        let started = tokio::select! {
            started = on_top.start(&progress) => started,
            () = interrupted() => Err(LaunchError::Interrupted),
        };
        match started {
            Ok((demo, services)) => Ok(Self {
                cluster: database.cluster,
                writer: services.writer,
                readers: services.readers,
                database_url: database.url,
                webhook_secret,
                demo,
                home: options.home,
                progress,
            }),
            Err(error) => {
                if let Err(second) = database.close().await {
                    progress.say(&second.to_string());
                }
                Err(error)
            }
        }
    }

    /// Where the readers answer.
    pub fn reader_urls(&self) -> Vec<String> {
        self.readers.iter().map(Process::url).collect()
    }

    /// Where the writer answers.
    pub fn write_url(&self) -> String {
        self.writer.url()
    }

    /// The database, as the services use it. It contains the password.
    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    /// What pushes to the readers are signed with.
    pub fn webhook_secret(&self) -> &str {
        &self.webhook_secret
    }

    /// What became of the demo data, where it was wanted.
    pub fn demo(&self) -> Option<DemoData> {
        self.demo
    }

    /// The folder with the logs.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Waits until something ends that should run, and tells what.
    pub async fn failure(&mut self) -> LaunchError {
        loop {
            for service in self.readers.iter_mut().chain([&mut self.writer]) {
                if let Some(status) = service.ended() {
                    return service.failure(format!("ended with {status}"));
                }
            }
            if let Some(cluster) = &mut self.cluster
                && !cluster.is_running()
            {
                return LaunchError::Service {
                    name: "PostgreSQL".to_owned(),
                    what: "ended".to_owned(),
                    log: cluster.log(),
                    tail: home::tail(&cluster.log(), 0),
                };
            }
            tokio::time::sleep(WATCH_PAUSE).await;
        }
    }

    /// Stops the readers, the writer, and the private PostgreSQL, and deletes what is temporary.
    pub async fn stop(self) -> Result<(), LaunchError> {
        self.stop_until(async || pending().await).await
    }

    /// The same, until it is `hurried`: the first time the services are killed, the second time PostgreSQL is left to
    /// stop by itself.
    pub async fn stop_until(mut self, mut hurried: impl AsyncFnMut()) -> Result<(), LaunchError> {
        let is_hurried = tokio::select! {
            () = self.stop_services() => false,
            () = hurried() => true,
        };
        if is_hurried {
            for service in self.readers.iter_mut().chain([&mut self.writer]) {
                service.kill().await;
            }
            self.progress.say("The readers and the writer were killed.");
        }
        if let Some(cluster) = self.cluster {
            let step = self.progress.step("Stopping PostgreSQL");
            tokio::select! {
                stopped = cluster.stop() => stopped?,
                () = hurried() => return Ok(()),
            }
            step.done("stopped");
        }
        Ok(())
    }

    /// Readers first, because they pass requests on to the writer.
    async fn stop_services(&mut self) {
        let step = self.progress.step("Stopping the readers");
        for reader in &self.readers {
            reader.ask_to_stop();
        }
        for reader in &mut self.readers {
            reader.wait_for_stop().await;
        }
        step.done("stopped");
        let step = self.progress.step("Stopping the writer");
        self.writer.stop().await;
        step.done("stopped");
    }
}

/// What is started once there is a database.
struct OnTop<'a> {
    demo: Demo,
    clock: &'a Clock,
    random: &'a Random,
    plans: Plans<'a>,
}

impl OnTop<'_> {
    async fn start(&self, progress: &Progress) -> Result<(Option<DemoData>, Services), LaunchError> {
        let step = progress.step("Bringing the schema up to date");
        migrate(self.plans.database_url).await?;
        step.done("done");
        let demo = match self.demo {
            Demo::Wanted => Some(self.demonstrate(progress).await?),
            Demo::Unwanted => None,
        };
        Ok((demo, self.plans.start(progress).await?))
    }

    async fn demonstrate(&self, progress: &Progress) -> Result<DemoData, LaunchError> {
        let step = progress.step("Looking for the demo data");
        let demo = demo::create(self.plans.database_url, self.clock, self.random).await?;
        step.done(demo.in_words());
        if demo == DemoData::Refused {
            progress.say("There are no demo log-ins: the database has operators or people of its own.");
        }
        Ok(demo)
    }
}
