//! Starts and stops all of Edgebook: the database, the schema, demo data, the writer, the readers. The launcher, the
//! tests and the benches use it, so that they drive the same processes as production does.
//! Must never leave a process behind.

mod database;
mod error;
mod feed;
mod home;
mod ports;
mod process;

use std::future::{Future, pending};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use shared::clock::Clock;
use shared::coherence::WebhookSecrets;
use shared::random::Random;

pub use database::{Database, migrate};
pub use error::LaunchError;
pub use feed::Feed;
pub use home::Home;
use ports::Ports;
pub(crate) use process::STOP_LIMIT;
pub use process::Process;
use process::Plan;

use crate::demo::{self, DemoData};
use crate::postgres::{self, Cluster};
use crate::progress::Progress;
use database::Opened;

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
    /// A program that runs the services as its subcommands `read-api` and `write-api`; see [`crate::service`].
    pub program: PathBuf,
    /// The folder for logs and the sample feed.
    pub home: Home,
    /// The database.
    pub database: Database,
    /// Demo data.
    pub demo: Demo,
    /// The sports feed.
    pub feed: Feed,
    /// How many readers.
    pub readers: u16,
    /// Port of the first reader; 0 for free ones.
    pub read_port: u16,
    /// Port of the writer; 0 for a free one.
    pub write_port: u16,
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
    /// everything else when it is stopped.
    pub fn disposable(program: PathBuf) -> Result<Self, LaunchError> {
        let random = Random::system();
        Ok(Self {
            program,
            home: Home::temporary(&random)?,
            database: Database::Private(postgres::Options::disposable()),
            demo: Demo::Wanted,
            feed: Feed::None,
            readers: 1,
            read_port: 0,
            write_port: 0,
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

    /// The same, until `interrupted` tells to stop: once to stop well, twice to stop at once.
    pub async fn start_unless(
        mut options: Options,
        mut interrupted: impl AsyncFnMut(),
    ) -> Result<Self, LaunchError> {
        let progress = options.progress.clone();
        let ports = Ports::assign(options.read_port, options.readers, options.write_port)?;
        let feed = options.feed.place(&options.home)?;
        // Moved out, because starting PostgreSQL consumes its options.
        let wanted = std::mem::replace(&mut options.database, Database::Given(String::new()));
        let mut opening = pin!(Opened::open(wanted, &progress));
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
        let webhook_secret = WebhookSecrets::generate(&options.random);
        let starting = Services::start(&options, &ports, feed, &database.url, &webhook_secret);
        let started = tokio::select! {
            started = starting => started,
            () = interrupted() => Err(LaunchError::Interrupted),
        };
        match started {
            Ok(services) => Ok(Self {
                cluster: database.cluster,
                writer: services.writer,
                readers: services.readers,
                database_url: database.url,
                webhook_secret,
                demo: services.demo,
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

    /// The same, but kills the services when `hurried`, and the second time leaves PostgreSQL to stop by itself.
    pub async fn stop_until(mut self, mut hurried: impl AsyncFnMut()) -> Result<(), LaunchError> {
        let hurry = tokio::select! {
            () = self.stop_services() => false,
            () = hurried() => true,
        };
        if hurry {
            for service in self.readers.iter_mut().chain([&mut self.writer]) {
                service.kill().await;
            }
            self.progress.say("Readers and writer were killed.");
        }
        if let Some(cluster) = self.cluster.take() {
            let step = self.progress.step("Stopping PostgreSQL");
            tokio::select! {
                stopped = cluster.stop() => stopped?,
                () = hurried() => return Ok(()),
            }
            step.done("stopped");
        }
        self.home.close()
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

/// What runs on top of the database.
struct Services {
    writer: Process,
    readers: Vec<Process>,
    demo: Option<DemoData>,
}

impl Services {
    async fn start(
        options: &Options,
        ports: &Ports,
        feed: String,
        database_url: &str,
        webhook_secret: &str,
    ) -> Result<Self, LaunchError> {
        let step = options.progress.step("Bringing the schema up to date");
        migrate(database_url).await?;
        step.done("done");
        let demo = match options.demo {
            Demo::Unwanted => None,
            Demo::Wanted => {
                let step = options.progress.step("Looking after the demo data");
                let demo = demo::create(database_url, &options.clock, &options.random).await?;
                step.done(demo.in_words());
                Some(demo)
            }
        };
        let plans = Plans {
            options,
            ports,
            secrets: vec![
                ("DATABASE_URL", database_url.to_owned()),
                ("WEBHOOK_SECRET", webhook_secret.to_owned()),
            ],
        };

        let step = options.progress.step("Starting the writer");
        let mut writer = Process::spawn(plans.writer(feed)?)?;
        writer.ready().await?;
        step.done("ready");

        let step = options.progress.step("Starting the readers");
        let readers = (1..).zip(&ports.readers);
        let mut readers = readers
            .map(|(number, port)| Process::spawn(plans.reader(number, *port)?))
            .collect::<Result<Vec<_>, _>>()?;
        for reader in &mut readers {
            reader.ready().await?;
        }
        step.done("ready");
        Ok(Self {
            writer,
            readers,
            demo,
        })
    }
}

/// How the services are started.
struct Plans<'a> {
    options: &'a Options,
    ports: &'a Ports,
    secrets: Vec<(&'static str, String)>,
}

impl Plans<'_> {
    fn writer(&self, feed: String) -> Result<Plan, LaunchError> {
        let readers: Vec<String> = self.ports.readers.iter().map(|port| url(*port)).collect();
        let subcommand = ["write-api", "serve"];
        let args = ["--reader-urls", &readers.join(","), "--cookie-insecure"];
        let mut plan = self.plan("write-api", self.ports.writer, &subcommand, &args)?;
        plan.args.extend(self.options.writer_args.iter().cloned());
        plan.secrets.push(("FEED", feed));
        Ok(plan)
    }

    fn reader(&self, number: usize, port: u16) -> Result<Plan, LaunchError> {
        let args = ["--write-url", &url(self.ports.writer)];
        let mut plan = self.plan(&format!("reader-{number}"), port, &["read-api"], &args)?;
        plan.args.extend(self.options.reader_args.iter().cloned());
        Ok(plan)
    }

    fn plan(&self, name: &str, port: u16, subcommand: &[&str], args: &[&str]) -> Result<Plan, LaunchError> {
        let address = address(port);
        let common = ["--instance", name, "--listen", &address.to_string()];
        let all = subcommand.iter().chain(&common).chain(args);
        Ok(Plan {
            name: name.to_owned(),
            program: self.options.program.clone(),
            args: all.map(ToString::to_string).collect(),
            secrets: self.secrets.clone(),
            address,
            log: self.options.home.new_log(name)?,
        })
    }
}

fn address(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn url(port: u16) -> String {
    format!("http://{}", address(port))
}
