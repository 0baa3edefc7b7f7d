//! The database of a launch: a private PostgreSQL or a given one, brought up to date.
//! Must never stop a server that it did not start.

use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::error::LaunchError;
use crate::postgres::{self, Cluster};
use crate::progress::Progress;

/// The name of the services' database in a private cluster.
const NAME: &str = "edgebook";

/// How long reaching a given server may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

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
    let options = parse(url)?;
    let database = describe(&options);
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(CONNECT_LIMIT)
        .connect_with(options.disable_statement_logging())
        .await
        .map_err(|source| LaunchError::Database { database, source })?;
    let migrated = migrations::migrate(&pool).await;
    pool.close().await;
    migrated.map_err(|error| match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => {
            LaunchError::OtherVersion(error)
        }
        error => LaunchError::Migrate(error),
    })
}

fn parse(url: &str) -> Result<PgConnectOptions, LaunchError> {
    url.parse().map_err(LaunchError::DatabaseUrl)
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
        for wrong in ["", "books:hunter2", "postgres://me:hunter2@host:port/books"] {
            let refused = parse(wrong).unwrap_err().to_string();
            assert!(
                refused.contains("--database-url") && !refused.contains("hunter2"),
                "{refused}"
            );
        }
    }
}
