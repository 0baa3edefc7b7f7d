//! What can go wrong with a launch, in sentences that tell a person what to do. Must never carry a secret.

use std::io;
use std::path::{Path, PathBuf};

use sqlx::migrate::MigrateError;

use crate::demo::DemoError;
use crate::postgres::PostgresError;

/// Why Edgebook could not be launched, or went down.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The data folder is somebody else's.
    #[error(
        "{} is not empty and no data folder of Edgebook (it has {entry:?}); nothing was changed. \
         Choose an empty folder or a new one with --data.",
        folder.display()
    )]
    Foreign {
        /// The folder that was asked for.
        folder: PathBuf,
        /// One thing found in it.
        entry: String,
    },
    /// Another launcher works in the data folder.
    #[error(
        "{} is in use by another launcher (process {process}). Stop that one, or choose another folder with --data.",
        folder.display()
    )]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// The process id that the other one left, or a question mark.
        process: String,
    },
    /// Something in the data folder could not be handled.
    #[error("Could not {doing} {}: {source}. Make that possible, or choose another folder with --data.", path.display())]
    Folder {
        /// What was tried, as a verb.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Something else of the operating system failed.
    #[error("Could not {doing}: {source}.")]
    System {
        /// What was tried, as a verb.
        doing: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The ports asked for can't all be had by anybody.
    #[error(
        "{readers} readers from port {read_port} on and the writer on port {write_port} don't fit: every one needs a \
         port of its own up to 65535. Choose others with --read-port and --write-port."
    )]
    Ports {
        /// Port of the first reader.
        read_port: u16,
        /// How many readers.
        readers: u16,
        /// Port of the writer.
        write_port: u16,
    },
    /// Somebody listens on a port.
    #[error(
        "Port {port} of 127.0.0.1 is in use. Stop the program that uses it, or choose another with {option}."
    )]
    PortInUse {
        /// The port.
        port: u16,
        /// The option that would change it.
        option: &'static str,
    },
    /// A port may not be used.
    #[error("Port {port} of 127.0.0.1 can't be used: {source}. Choose another with {option}.")]
    Port {
        /// The port.
        port: u16,
        /// The option that would change it.
        option: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The feed is not where it is said to be.
    #[error(
        "There is no feed to read in {place:?} ({reason}). Choose an existing folder or an http(s) URL with --feed."
    )]
    Feed {
        /// The folder, or what was meant to be one.
        place: String,
        /// Why it will not do.
        reason: String,
    },
    /// The private PostgreSQL.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// A URL of a server that can't be read.
    #[error(
        "The URL of --database-url or DATABASE_URL can't be read: {0}. \
         It has the form postgres://user:password@host:port/name."
    )]
    DatabaseUrl(String),
    /// A database that can't be reached.
    #[error(
        "The database {database} can't be used: {source}. \
         Start it, or leave out --database-url and DATABASE_URL to have a private one."
    )]
    Database {
        /// Its name and where it is.
        database: String,
        /// Why not.
        source: sqlx::Error,
    },
    /// A server that is too old.
    #[error("The database {database} runs on PostgreSQL {major}; 14 or newer is needed.")]
    OldServer {
        /// Its name and where it is.
        database: String,
        /// The server's major version.
        major: u32,
    },
    /// The schema is not of this version and can't become so.
    #[error(
        "The data was made by another version of Edgebook: {0}. \
         Begin anew with --fresh, which deletes it, or choose another folder with --data or another database."
    )]
    OtherVersion(#[source] MigrateError),
    /// A migration failed.
    #[error("The schema could not be brought up to date: {0}.")]
    Migrate(#[source] MigrateError),
    /// The demo data.
    #[error("The demo data could not be created: {0}.")]
    Demo(#[from] DemoError),
    /// A service did not start, or ended.
    #[error("{name} {what}. The end of {}:\n{tail}", log.display())]
    Service {
        /// Its name.
        name: String,
        /// What it did, as a verb.
        what: String,
        /// Where its whole log is.
        log: PathBuf,
        /// The last lines.
        tail: String,
    },
    /// Told to stop before everything was up. Everything is down again.
    #[error("Told to stop before everything had started.")]
    Interrupted,
}

/// Names what was done to which path of the data folder when it fails.
pub(super) fn folder(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> LaunchError {
    move |source| LaunchError::Folder {
        doing,
        path: path.to_owned(),
        source,
    }
}
