//! What can go wrong with the private PostgreSQL, in sentences that tell a person what to do.
//! Must never carry a password.

use std::io;
use std::path::{Path, PathBuf};

/// Why the private PostgreSQL could not be found, started, used or stopped.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// Neither installed nor downloadable.
    #[error(
        "No PostgreSQL 14 or newer was found on this machine, and downloading one from GitHub failed: {download}.\n\
         Install it and run this again:\n  \
         Debian, Ubuntu: sudo apt-get install postgresql\n  \
         Fedora:         sudo dnf install postgresql-server\n  \
         macOS:          brew install postgresql@17\n\
         or set DATABASE_URL to a server that already runs."
    )]
    NotFound {
        /// What the download said.
        download: String,
    },
    /// Root needs an unprivileged account to run PostgreSQL, and there is none.
    #[error(
        "PostgreSQL refuses to run as root, and this machine has no user `postgres` or `nobody` to run it as. \
         Run this as an ordinary user, or create the user `postgres`."
    )]
    NoAccount,
    /// The folder holds something else.
    #[error(
        "{} is not empty and holds no Edgebook database (it has {entry:?}). \
         Choose an empty folder or a new one; nothing was changed.",
        folder.display()
    )]
    Foreign {
        /// The folder that was asked for.
        folder: PathBuf,
        /// One thing found in it.
        entry: String,
    },
    /// The folder belongs to someone else.
    #[error(
        "{} belongs to user id {owner}, but PostgreSQL would run as `{account}`. \
         Run this as the folder's owner, choose another folder, or delete this one.",
        folder.display()
    )]
    OwnedByAnother {
        /// The folder.
        folder: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who PostgreSQL would run as.
        account: String,
    },
    /// Another server works on the folder.
    #[error(
        "{} is in use by a running PostgreSQL (process {process}). Stop the program that started it, \
         or choose another folder. If no PostgreSQL runs there, delete {}.",
        folder.display(),
        folder.join("cluster/postmaster.pid").display()
    )]
    InUse {
        /// The folder.
        folder: PathBuf,
        /// The process id in its lock file, or a question mark.
        process: String,
    },
    /// The data was made by a major version that is not here.
    #[error(
        "The data in {} was made by PostgreSQL {made_by}, but this machine has PostgreSQL {installed}. \
         Install PostgreSQL {made_by}, or start with fresh data, which deletes what is there.",
        folder.display()
    )]
    OtherVersion {
        /// The folder.
        folder: PathBuf,
        /// The major version that made the data.
        made_by: String,
        /// The major version found on the machine.
        installed: u32,
    },
    /// The cluster is there, its password is not.
    #[error(
        "{} is missing or unreadable ({source}), so nobody can log in to the database beside it. \
         Put it back, or start with fresh data, which deletes what is there.",
        file.display()
    )]
    PasswordMissing {
        /// The password file.
        file: PathBuf,
        /// Why it could not be read.
        source: io::Error,
    },
    /// `initdb` failed or took too long.
    #[error("PostgreSQL could not create its data folder. The end of {}:\n{tail}", log.display())]
    Init {
        /// Where the whole log is.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// The server ended, or was not ready in time.
    #[error("PostgreSQL did not start. The end of {}:\n{tail}", log.display())]
    Start {
        /// Where the whole log is.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// Somebody else listens on the port.
    #[error(
        "Port {port} of 127.0.0.1 was taken by another program before PostgreSQL could have it. Try again."
    )]
    PortTaken {
        /// The port.
        port: u16,
    },
    /// No port was free.
    #[error(
        "No free port was found on 127.0.0.1 between {first} and {last}. Close some programs and try again."
    )]
    NoPort {
        /// The lowest port that is tried.
        first: u16,
        /// The highest.
        last: u16,
    },
    /// The server survived every signal.
    #[error(
        "PostgreSQL (process {pid}) did not stop, not even when killed. Look for a disk that does not answer."
    )]
    Unstoppable {
        /// Its process id.
        pid: u32,
    },
    /// A file or a process could not be handled.
    #[error("Could not {doing} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The running server refused something.
    #[error("The private PostgreSQL could not {doing}: {source}")]
    Sql {
        /// What was tried.
        doing: String,
        /// Its answer.
        source: sqlx::Error,
    },
}

/// Names what was done to which path when it fails.
pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> PostgresError {
    move |source| PostgresError::Io {
        doing,
        path: path.to_owned(),
        source,
    }
}
