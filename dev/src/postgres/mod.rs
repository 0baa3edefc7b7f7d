//! A private PostgreSQL for the launcher, the tests and the benches: found or downloaded, set up, started and stopped.
//! Must never listen beyond 127.0.0.1, run as root, touch a folder it did not make, or outlive the process that
//! started it.

mod account;
mod admin;
mod binaries;
mod children;
mod download;
mod error;
mod place;
mod server;
mod standby;
#[cfg(test)]
mod tests;

use std::env;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use shared::random::Random;
use sqlx::postgres::PgConnectOptions;
use tokio::time::sleep;

use account::Account;
pub use binaries::Binaries;
pub use error::PostgresError;
use place::{Place, SHELTER};
use server::{Launcher, Server};

use crate::free_ports::{PORTS, listen_on_any};

/// How often another port is taken when someone was quicker.
const LAUNCH_TRIES: usize = 5;
/// How often, and how far apart, a restart tries to get its port back.
const RESTART_TRIES: usize = 10;
const RESTART_PAUSE: Duration = Duration::from_millis(200);

/// Whether what the folder holds is used or deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Start with the data that is there.
    Kept,
    /// Delete the cluster that is there, and make a new one.
    Fresh,
}

/// What a cluster is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A commit survives a power failure, and the folder stays.
    Durable,
    /// Fast: nothing is forced to the disk, so a commit survives a killed server, but no power failure. The folder is
    /// emptied, and deleted if PostgreSQL's account may do that, when the server stops or this process ends.
    Disposable,
}

/// A role of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Superuser,
    Services,
}

impl Role {
    const fn name(self) -> &'static str {
        match self {
            Self::Superuser => "postgres",
            Self::Services => "edgebook",
        }
    }

    /// The file with its password.
    const fn file(self) -> &'static str {
        match self {
            Self::Superuser => "superuser.password",
            Self::Services => "edgebook.password",
        }
    }
}

/// How to start a [`Cluster`].
pub struct Options {
    /// The folder for the data, the passwords and the log; it is created.
    pub folder: PathBuf,
    /// Whether what is in it is used.
    pub contents: Contents,
    /// What the cluster is good for.
    pub durability: Durability,
    /// How many connections the server takes.
    pub max_connections: u16,
    /// Further server settings, as name and value; they win over those made here.
    pub settings: Vec<(String, String)>,
    /// Where passwords and the port come from.
    pub random: Random,
    /// Is told, in sentences, about what takes long or may surprise.
    pub progress: Box<dyn Fn(&str) + Send + Sync>,
}

impl Options {
    /// A durable cluster in `folder`, with the data that is there.
    pub fn durable(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            contents: Contents::Kept,
            durability: Durability::Durable,
            max_connections: 100,
            settings: Vec::new(),
            random: Random::system(),
            progress: Box::new(|_| ()),
        }
    }

    /// A disposable cluster in a new folder for temporary files.
    pub fn disposable() -> Self {
        let random = Random::system();
        let name = format!("edgebook-{:032x}", u128::from_be_bytes(random.bytes()));
        Self {
            durability: Durability::Disposable,
            random,
            ..Self::durable(env::temp_dir().join(name))
        }
    }

    fn server_settings(&self) -> Vec<String> {
        let fast: &[&str] = match self.durability {
            Durability::Durable => &[],
            Durability::Disposable => &["fsync=off", "full_page_writes=off"],
        };
        let own = [
            format!("max_connections={}", self.max_connections),
            "timezone=UTC".to_owned(),
        ];
        let given = self
            .settings
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        fast.iter()
            .map(|&setting| setting.to_owned())
            .chain(own)
            .chain(given)
            .collect()
    }
}

/// A running private PostgreSQL with the role `edgebook`, which owns the database `edgebook` and may create others.
///
/// It belongs to this process. However the process ends, or when this value is dropped, a guard stops the server
/// within moments; [`Cluster::stop`] does it now, and tells when it is done.
pub struct Cluster {
    launcher: Launcher,
    server: Server,
    port: u16,
    superuser_password: String,
    services_password: String,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Cluster")
            .field("folder", &self.folder())
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl Cluster {
    /// Starts the cluster in the folder, which is set up first if it is new.
    pub async fn start(options: Options) -> Result<Self, PostgresError> {
        Self::start_with_shelter(options, Path::new(SHELTER)).await
    }

    async fn start_with_shelter(options: Options, shelter: &Path) -> Result<Self, PostgresError> {
        let progress = &options.progress;
        let account = Account::for_postgres()?;
        let place = Place::settle(&options.folder, &account, shelter)?;
        if let Some(folder) = place.moved_to() {
            progress(&format!(
                "PostgreSQL runs as `{}`, which cannot enter {}: its data is in {}.",
                account.name,
                options.folder.display(),
                folder.display()
            ));
        }
        let log = place.lock(&account, progress).await?;
        place.clear(options.contents, &log)?;

        let made_by = place.made_by();
        let found = find_binaries(&place, made_by.as_deref(), &account, progress).await;
        if found.is_err() && options.durability == Durability::Disposable {
            place.remove()?;
        }
        let launcher = Launcher {
            binaries: found?,
            account,
            place,
            durability: options.durability,
            settings: options.server_settings(),
        };
        if made_by.is_none() {
            progress(&format!(
                "Setting up PostgreSQL {} in {} ...",
                launcher.binaries.major(),
                launcher.place.folder().display()
            ));
            for role in [Role::Superuser, Role::Services] {
                let password = format!("{:032x}", u128::from_be_bytes(options.random.bytes()));
                launcher.place.set_password(role, &password, &launcher.account)?;
            }
            launcher.init(&log).await?;
        }
        let superuser_password = launcher.place.password(Role::Superuser)?;
        let services_password = launcher.place.password(Role::Services)?;
        let (port, server) = launch_on_any_port(&launcher, &options.random, &log).await?;
        let cluster = Self {
            launcher,
            server,
            port,
            superuser_password,
            services_password,
        };
        admin::prepare(&cluster.login(), &cluster.services_password).await?;
        Ok(cluster)
    }

    /// The URL of a database for the services' role. It contains the password.
    pub fn url(&self, database: &str) -> String {
        self.url_as(Role::Services, &self.services_password, database)
    }

    /// The URL of a database for the superuser. It contains the password.
    pub fn superuser_url(&self, database: &str) -> String {
        self.url_as(Role::Superuser, &self.superuser_password, database)
    }

    /// The port on 127.0.0.1, the same for all the life of this value.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id of the postmaster.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// The folder that the data, the passwords and the log are in.
    pub fn folder(&self) -> &Path {
        self.launcher.place.folder()
    }

    /// The server's log.
    pub fn log(&self) -> PathBuf {
        self.launcher.place.log()
    }

    /// The programs in use.
    pub fn binaries(&self) -> &Binaries {
        &self.launcher.binaries
    }

    /// Creates an empty database that the services' role owns.
    pub async fn create_database(&self, name: &str) -> Result<(), PostgresError> {
        self.copy_database(name, "template1").await
    }

    /// Creates a database with everything that `template` has; nobody may be connected to that one.
    pub async fn copy_database(&self, name: &str, template: &str) -> Result<(), PostgresError> {
        admin::create_database(&self.login(), name, template).await
    }

    /// Drops a database and cuts the connections to it; one that does not exist is fine.
    pub async fn drop_database(&self, name: &str) -> Result<(), PostgresError> {
        admin::drop_database(&self.login(), name).await
    }

    /// Whether the postmaster is alive.
    pub fn is_running(&mut self) -> bool {
        !self.server.exited()
    }

    /// Stops the server, cutting its connections, and deletes the folder if it is disposable.
    pub async fn stop(mut self) -> Result<(), PostgresError> {
        self.server.stop().await?;
        match self.launcher.durability {
            Durability::Durable => Ok(()),
            Durability::Disposable => self.launcher.place.remove(),
        }
    }

    /// Ends every process of the server at once and without a word, for tests of what survives it;
    /// [`Cluster::restart`] brings it back.
    pub async fn crash(&mut self) -> Result<(), PostgresError> {
        self.server.kill().await
    }

    /// Starts the server again, on the same port, after it crashed or, if it runs, after stopping it.
    pub async fn restart(&mut self) -> Result<(), PostgresError> {
        self.server.stop().await?;
        let log = self.launcher.place.lock(&self.launcher.account, &|_| ()).await?;
        let mut tries = RESTART_TRIES;
        self.server = loop {
            tries -= 1;
            match self.launcher.launch(self.port, &log).await {
                Err(PostgresError::PortTaken { .. }) if tries > 0 => sleep(RESTART_PAUSE).await,
                result => break result?,
            }
        };
        Ok(())
    }

    fn login(&self) -> PgConnectOptions {
        admin::login(self.port, &self.superuser_password)
    }

    fn url_as(&self, role: Role, password: &str, database: &str) -> String {
        format!(
            "postgres://{}:{password}@127.0.0.1:{}/{database}",
            role.name(),
            self.port
        )
    }
}

/// The programs for the data that is there, or any when there is none.
async fn find_binaries(
    place: &Place,
    made_by: Option<&str>,
    account: &Account,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Result<Binaries, PostgresError> {
    let wanted = made_by.and_then(|version| version.parse().ok());
    let binaries = Binaries::find_for(account, wanted, progress).await?;
    match made_by {
        Some(made_by) if wanted != Some(binaries.major()) => Err(PostgresError::OtherVersion {
            folder: place.folder().to_owned(),
            made_by: made_by.to_owned(),
            installed: binaries.major(),
        }),
        _ => Ok(binaries),
    }
}

/// Starts the server on a free port, and on another one when someone else was quicker.
async fn launch_on_any_port(
    launcher: &Launcher,
    random: &Random,
    log: &File,
) -> Result<(u16, Server), PostgresError> {
    let mut tries = LAUNCH_TRIES;
    loop {
        tries -= 1;
        let port = free_port(random)?;
        match launcher.launch(port, log).await {
            Err(PostgresError::PortTaken { .. }) if tries > 0 => {}
            result => return result.map(|server| (port, server)),
        }
    }
}

/// A port that nobody listens on at this moment.
fn free_port(random: &Random) -> Result<u16, PostgresError> {
    listen_on_any(random)
        .and_then(|listener| listener.local_addr().ok())
        .map(|address| address.port())
        .ok_or(PostgresError::NoPort {
            first: PORTS.start,
            last: PORTS.end - 1,
        })
}
