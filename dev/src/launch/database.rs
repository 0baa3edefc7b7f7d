//! The database of a launch: a private PostgreSQL or a given one, brought up to date.
//! Must never stop a server that it did not start.

use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::error::LaunchError;
use crate::postgres::{self, Cluster};
use crate::progress::Progress;

/// The name of the services' database in a private cluster.
const NAME: &str = "edgebook";

/// How long reaching a server may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// The oldest version that will do, as the server counts: 14.0.
const OLDEST: u32 = 140_000;

/// Where the data is.
pub enum Database {
    /// A private PostgreSQL, which the launch starts and stops.
    Private(postgres::Options),
    /// A server that runs already, by the URL of a database there.
    Given(String),
}

/// A database that can be used.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) cluster: Option<Cluster>,
    pub(super) url: String,
}

impl Opened {
    pub(super) async fn open(database: Database, progress: &Progress) -> Result<Self, LaunchError> {
        match database {
            Database::Private(options) => {
                let step = progress.step("Starting PostgreSQL");
                let progress = progress.clone();
                let options = postgres::Options {
                    progress: Box::new(move |sentence| progress.say(sentence)),
                    ..options
                };
                let cluster = Cluster::start(options).await?;
                step.done("ready");
                Ok(Self {
                    url: cluster.url(NAME),
                    cluster: Some(cluster),
                })
            }
            Database::Given(url) => {
                let database = describe(&parse(&url)?);
                progress.say(&format!("Using the database {database}."));
                Ok(Self { cluster: None, url })
            }
        }
    }

    pub(super) async fn close(self) -> Result<(), LaunchError> {
        match self.cluster {
            Some(cluster) => Ok(cluster.stop().await?),
            None => Ok(()),
        }
    }
}

/// Brings the schema of a database up to date.
pub async fn migrate(url: &str) -> Result<(), LaunchError> {
    let options = parse(url)?.disable_statement_logging();
    check(&options).await?;
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
    let migrated = migrations::migrate(&pool).await;
    pool.close().await;
    migrated.map_err(|error| match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => {
            LaunchError::OtherVersion(error)
        }
        error => LaunchError::Migrate(error),
    })
}

/// Sees whether the database can be reached, at the first attempt (a pool would try again and again), and used.
async fn check(options: &PgConnectOptions) -> Result<(), LaunchError> {
    let failed = |source| LaunchError::Database {
        database: describe(options),
        source,
    };
    let late = |late: Elapsed| Err(sqlx::Error::Io(late.into()));
    let connected = timeout(CONNECT_LIMIT, options.connect()).await;
    let connection = connected.unwrap_or_else(late).map_err(failed)?;
    let version = connection.server_version_num().unwrap_or(u32::MAX);
    connection.close().await.map_err(failed)?;
    if version < OLDEST {
        return Err(LaunchError::OldServer {
            database: describe(options),
            major: version / 10_000,
        });
    }
    Ok(())
}

fn parse(url: &str) -> Result<PgConnectOptions, LaunchError> {
    // The library would take any scheme for its own.
    if !["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| url.starts_with(scheme))
    {
        return Err(LaunchError::DatabaseUrl(
            "it does not begin with postgres://".to_owned(),
        ));
    }
    url.parse()
        .map_err(|error: sqlx::Error| LaunchError::DatabaseUrl(error.to_string()))
}

/// Name and place, without user and password.
fn describe(options: &PgConnectOptions) -> String {
    let name = options.get_database().unwrap_or_else(|| options.get_username());
    format!("{name:?} at {}:{}", options.get_host(), options.get_port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_database_is_described_without_its_password() {
        let options = parse("postgres://me:hunter2@db.example:5433/books").unwrap();
        assert_eq!(describe(&options), "\"books\" at db.example:5433");
    }

    #[test]
    fn a_url_that_can_not_be_read_is_refused_without_being_shown() {
        for wrong in [
            "",
            "books:hunter2",
            "mysql://me:hunter2@host/books",
            "postgres://me:hunter2@host:port/books",
        ] {
            let refused = parse(wrong).unwrap_err().to_string();
            assert!(
                refused.contains("--database-url") && !refused.contains("hunter2"),
                "{refused}"
            );
        }
    }
}
