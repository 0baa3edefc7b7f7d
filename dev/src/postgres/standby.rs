//! A hot standby of a private cluster, for tests and benches of what reads from one.
//! Must never be promoted, nor be kept when it stops.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::binaries::Binaries;
use super::error::{PostgresError, io as failed};
use super::place::{Place, SHELTER};
use super::server::Launcher;
use super::{Cluster, Contents, Durability, Options, Role, launch_on_any_port};

/// How long copying the primary may take.
const COPY_LIMIT: Duration = Duration::from_mins(2);

impl Cluster {
    /// Copies this cluster and starts the copy as its hot standby, with the same databases, roles and passwords. Like
    /// every disposable cluster it is gone when it is stopped.
    pub async fn standby(&self) -> Result<Self, PostgresError> {
        let options = Options::disposable();
        let account = self.launcher.account.clone();
        let place = Place::settle(&options.folder, &account, Path::new(SHELTER))?;
        let log = place.lock(&account, &options.progress).await?;
        place.clear(Contents::Fresh, &log)?;
        let passwords = [
            (Role::Superuser, &self.superuser_password),
            (Role::Services, &self.services_password),
        ];
        for (role, password) in passwords {
            place.set_password(role, password, &account)?;
        }
        let launcher = Launcher {
            binaries: self.launcher.binaries.clone(),
            account,
            place,
            durability: Durability::Disposable,
            // A standby needs room for as many connections as its primary has.
            settings: self.launcher.settings.clone(),
        };
        if let Err(error) = self.copy_to(&launcher, &log).await {
            launcher.place.remove()?;
            return Err(error);
        }
        let (port, server) = launch_on_any_port(&launcher, &options.random, &log).await?;
        Ok(Self {
            launcher,
            server,
            port,
            superuser_password: self.superuser_password.clone(),
            services_password: self.services_password.clone(),
        })
    }

    /// Copies the data, with the settings that make a standby of it.
    async fn copy_to(&self, standby: &Launcher, log: &File) -> Result<(), PostgresError> {
        let place = &standby.place;
        let program = pg_basebackup(&standby.binaries);
        let from = log.metadata().map_or(0, |log| log.len());
        let output = || log.try_clone().map_err(failed("share", &place.log()));
        let mut command = standby.account.command(&program, place.folder());
        command
            .env("PGPASSWORD", &self.superuser_password)
            .arg("--pgdata")
            .arg(place.unfinished())
            .args(["--host=127.0.0.1", "--no-password", "--no-sync"])
            .args([
                "--checkpoint=fast",
                "--wal-method=stream",
                "--write-recovery-conf",
            ])
            .arg(format!("--port={}", self.port))
            .arg(format!("--username={}", Role::Superuser.name()))
            .stdout(output()?)
            .stderr(output()?);
        let mut command = Command::from(command);
        match timeout(COPY_LIMIT, command.kill_on_drop(true).status()).await {
            Ok(Err(source)) => Err(failed("run", &program)(source)),
            Ok(Ok(status)) if status.success() => {
                let unfinished = place.unfinished();
                std::fs::rename(&unfinished, place.cluster()).map_err(failed("rename", &unfinished))
            }
            _ => Err(PostgresError::Init {
                tail: place.log_tail(from),
                log: place.log(),
            }),
        }
    }
}

/// The program, from where the server really is: the folder in use may only have links to some of its programs.
fn pg_basebackup(binaries: &Binaries) -> PathBuf {
    let name = "pg_basebackup";
    let here = binaries.folder().join(name);
    let server = std::fs::canonicalize(binaries.folder().join("postgres"));
    match server {
        Ok(server) if !here.is_file() => server.with_file_name(name),
        _ => here,
    }
}
