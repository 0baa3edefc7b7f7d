//! Who PostgreSQL runs as: this user, or an unprivileged one when this is root.
//! Must never run anything of PostgreSQL's as root.

use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::unistd::{User, getegid, geteuid};

use super::error::PostgresError;

/// Users that root may run PostgreSQL as, the best first.
const UNPRIVILEGED: [&str; 3] = ["postgres", "_postgres", "nobody"];

/// The user and group of PostgreSQL's processes and files.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    gid: u32,
    /// Whether this process is root and has to become someone else.
    pub(super) switched: bool,
}

impl Account {
    /// The account that PostgreSQL runs as when this process starts it.
    pub(super) fn for_postgres() -> Result<Self, PostgresError> {
        let me = geteuid();
        if !me.is_root() {
            return Ok(Self {
                name: format!("user {me}"),
                uid: me.as_raw(),
                gid: getegid().as_raw(),
                switched: false,
            });
        }
        UNPRIVILEGED
            .iter()
            .filter_map(|name| User::from_name(name).ok().flatten())
            .find(|user| !user.uid.is_root())
            .map(|user| Self {
                name: user.name,
                uid: user.uid.as_raw(),
                gid: user.gid.as_raw(),
                switched: true,
            })
            .ok_or(PostgresError::NoAccount)
    }

    /// A command that will run as this account in `folder`, with English messages, without input, and in a process
    /// group of its own: Ctrl-C in a terminal goes to the whole foreground group, and PostgreSQL must outlive the
    /// services that use it.
    pub(super) fn command(&self, program: impl AsRef<OsStr>, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .process_group(0);
        if self.switched {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Makes this account the owner of what this process has just created.
    pub(super) fn give(&self, path: &Path) -> io::Result<()> {
        if self.switched {
            chown(path, Some(self.uid), Some(self.gid))?;
        }
        Ok(())
    }

    /// Whether this account may enter `folder`. It is tried, since modes alone don't tell.
    pub(super) fn reaches(&self, folder: &Path) -> bool {
        !self.switched
            || self
                .command("/bin/sh", Path::new("/"))
                .args(["-c", "cd \"$0\""])
                .arg(folder)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
    }
}
