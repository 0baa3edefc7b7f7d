//! The folder of a private cluster: where it is, whose it is, what lies in it, and who works on it now.
//! Must never delete anything that it did not create.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::account::Account;
use super::error::{PostgresError, io as failed};
use super::{Contents, Role};

/// Where root keeps what an unprivileged account must reach.
pub(super) const SHELTER: &str = "/var/lib/edgebook";

const CLUSTER: &str = "cluster";
const UNFINISHED: &str = "cluster.unfinished";
const LOG: &str = "server.log";
const POINTER: &str = "location";

/// The log is emptied at a start when it has grown beyond this.
const LOG_LIMIT_BYTES: u64 = 8 * 1024 * 1024;
/// What an error message quotes of the log.
const TAIL_LIMIT_BYTES: u64 = 8 * 1024;
const TAIL_LINES: usize = 12;
/// How long a server that is going down, because whoever started it is gone, is waited for.
const LOCK_LIMIT: Duration = Duration::from_secs(10);
const LOCK_PAUSE: Duration = Duration::from_millis(50);
/// How long the port in a left-over lock file may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_millis(500);

/// A folder that holds one cluster, its passwords and its log.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    /// The file that tells where the cluster is, when that is not the folder asked for.
    pointer: Option<PathBuf>,
}

impl Place {
    /// Settles on the folder asked for, or on one in `shelter` when `account` cannot get there.
    pub(super) fn settle(requested: &Path, account: &Account, shelter: &Path) -> Result<Self, PostgresError> {
        fs::create_dir_all(requested).map_err(failed("create", requested))?;
        let requested = fs::canonicalize(requested).map_err(failed("find", requested))?;
        let entries = entries(&requested)?;
        let known = [
            CLUSTER,
            UNFINISHED,
            LOG,
            POINTER,
            Role::Superuser.file(),
            Role::Services.file(),
        ];
        if let Some(entry) = entries.first()
            && !entries.iter().any(|entry| known.contains(&entry.as_str()))
        {
            return Err(PostgresError::Foreign {
                folder: requested,
                entry: entry.clone(),
            });
        }
        let pointer = requested.join(POINTER);
        let parent = requested.parent().unwrap_or(&requested);
        if pointer.exists() || !account.reaches(parent) {
            let folder = sheltered(shelter, &requested)?;
            claim(&folder, account)?;
            return Ok(Self {
                folder,
                pointer: Some(pointer),
            });
        }
        claim(&requested, account)?;
        Ok(Self {
            folder: requested,
            pointer: None,
        })
    }

    /// Empties the folder if that is asked for, or if the folder that points here is new. Needs the log's lock, so
    /// that nothing is deleted under a running server.
    pub(super) fn clear(&self, contents: Contents, log: &File) -> Result<(), PostgresError> {
        let new = self.pointer.as_ref().is_some_and(|pointer| !pointer.exists());
        if new || contents == Contents::Fresh {
            remove_folder(&self.cluster())?;
            for role in [Role::Superuser, Role::Services] {
                let file = self.folder.join(role.file());
                absent_is_fine(fs::remove_file(&file)).map_err(failed("delete", &file))?;
            }
            log.set_len(0).map_err(failed("empty", &self.log()))?;
        }
        remove_folder(&self.unfinished())?;
        if log.metadata().is_ok_and(|log| log.len() > LOG_LIMIT_BYTES) {
            log.set_len(0).map_err(failed("empty", &self.log()))?;
        }
        if let Some(pointer) = &self.pointer {
            fs::write(pointer, format!("{}\n", self.folder.display())).map_err(failed("write", pointer))?;
        }
        Ok(())
    }

    /// Deletes the folder and what points to it.
    pub(super) fn remove(&self) -> Result<(), PostgresError> {
        remove_folder(&self.folder)?;
        self.pointer.as_deref().map_or(Ok(()), |pointer| {
            absent_is_fine(fs::remove_file(pointer)).map_err(failed("delete", pointer))
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the cluster is, if not where it was asked for.
    pub(super) fn moved_to(&self) -> Option<&Path> {
        self.pointer.as_ref().map(|_| self.folder.as_path())
    }

    /// PostgreSQL's own data folder.
    pub(super) fn cluster(&self) -> PathBuf {
        self.folder.join(CLUSTER)
    }

    /// Where a cluster is made, to be renamed when it is whole.
    pub(super) fn unfinished(&self) -> PathBuf {
        self.folder.join(UNFINISHED)
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.join(LOG)
    }

    /// The major version that made the cluster, if there is one.
    pub(super) fn made_by(&self) -> Option<String> {
        fs::read_to_string(self.cluster().join("PG_VERSION"))
            .ok()
            .map(|version| version.trim().to_owned())
    }

    pub(super) fn password_file(&self, role: Role) -> PathBuf {
        self.folder.join(role.file())
    }

    pub(super) fn password(&self, role: Role) -> Result<String, PostgresError> {
        let file = self.password_file(role);
        match fs::read_to_string(&file) {
            Ok(password) => Ok(password.trim().to_owned()),
            Err(source) => Err(PostgresError::PasswordMissing { file, source }),
        }
    }

    pub(super) fn set_password(
        &self,
        role: Role,
        password: &str,
        account: &Account,
    ) -> Result<(), PostgresError> {
        let path = self.password_file(role);
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .and_then(|mut file| file.write_all(password.as_bytes()))
            .and_then(|()| account.give(&path))
            .map_err(failed("write", &path))
    }

    /// Opens the log and locks it. Every process of a server has the log open, so the lock is free when, and only
    /// when, none is left: it outlives a killed postmaster until its last child is gone, and no crash leaves it behind.
    pub(super) async fn lock(
        &self,
        account: &Account,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<File, PostgresError> {
        let path = self.log();
        let log = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path)
            .and_then(|log| account.give(&path).map(|()| log))
            .map_err(failed("open", &path))?;
        // Where files cannot be locked, PostgreSQL's own lock file must do.
        let locked = || !matches!(log.try_lock(), Err(TryLockError::WouldBlock));
        if locked() {
            return Ok(log);
        }
        progress(&format!(
            "Waiting for the PostgreSQL in {} to stop ...",
            self.folder.display()
        ));
        let free = async {
            while !locked() {
                sleep(LOCK_PAUSE).await;
            }
        };
        match timeout(LOCK_LIMIT, free).await {
            Ok(()) => Ok(log),
            Err(_) => Err(self.in_use()),
        }
    }

    /// Removes the lock file of a server that is no more, since PostgreSQL would refuse to start if its process id
    /// now belongs to another process. Needs the log's lock, so only a server started by hand can still be there.
    pub(super) async fn clear_stale_lock_file(&self) -> Result<(), PostgresError> {
        let file = self.lock_file();
        if !file.exists() {
            return Ok(());
        }
        let alive = self
            .lock_file_line(1)
            .is_some_and(|pid: i32| kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH));
        if alive && let Some(port) = self.lock_file_line(4) {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            if matches!(
                timeout(ANSWER_LIMIT, TcpStream::connect(address)).await,
                Ok(Ok(_))
            ) {
                return Err(self.in_use());
            }
        }
        fs::remove_file(&file).map_err(failed("delete", &file))
    }

    /// Whether the server with this process id says, in its lock file, that it accepts connections.
    pub(super) fn ready(&self, pid: u32) -> bool {
        self.lock_file_line(1) == Some(pid)
            && self
                .lock_file_line(8)
                .is_some_and(|status: String| ["ready", "standby"].contains(&status.as_str()))
    }

    /// The last lines of the log that were written after it was `from` bytes long.
    pub(super) fn log_tail(&self, from: u64) -> String {
        let read = || {
            let mut log = File::open(self.log())?;
            let start = from.max(log.metadata()?.len().saturating_sub(TAIL_LIMIT_BYTES));
            log.seek(SeekFrom::Start(start))?;
            let mut bytes = Vec::new();
            log.read_to_end(&mut bytes)?;
            io::Result::Ok(bytes)
        };
        let bytes = read().unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }

    fn lock_file(&self) -> PathBuf {
        self.cluster().join("postmaster.pid")
    }

    /// A line of PostgreSQL's lock file, counted from 1: 1 is the process id, 4 the port, 8 the status.
    fn lock_file_line<T: std::str::FromStr>(&self, number: usize) -> Option<T> {
        let text = fs::read_to_string(self.lock_file()).ok()?;
        text.lines().nth(number - 1)?.trim().parse().ok()
    }

    fn in_use(&self) -> PostgresError {
        PostgresError::InUse {
            folder: self.folder.clone(),
            process: self.lock_file_line(1).unwrap_or_else(|| "?".to_owned()),
        }
    }
}

/// Makes the folder that everyone may enter and only root may write to.
pub(super) fn open_shelter(shelter: &Path) -> io::Result<()> {
    if !shelter.exists() {
        fs::create_dir_all(shelter)?;
        fs::set_permissions(shelter, Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// A folder of its own in `shelter` for each folder asked for.
fn sheltered(shelter: &Path, requested: &Path) -> Result<PathBuf, PostgresError> {
    open_shelter(shelter).map_err(failed("create", shelter))?;
    // FNV-1a: the name must be the same with every build, and only be unlikely to clash.
    let hash = requested
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let folder = shelter.join(format!("{hash:016x}"));
    match DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed("create", &folder)(error)),
        _ => Ok(folder),
    }
}

/// Makes an empty folder private to `account`; one with something in it must belong to `account` already.
fn claim(folder: &Path, account: &Account) -> Result<(), PostgresError> {
    let metadata = fs::symlink_metadata(folder).map_err(failed("read", folder))?;
    let ours =
        metadata.is_dir() && (metadata.uid() == account.uid || account.switched && metadata.uid() == 0);
    if !ours || metadata.uid() != account.uid && !entries(folder)?.is_empty() {
        return Err(PostgresError::OwnedByAnother {
            folder: folder.to_owned(),
            owner: metadata.uid(),
            account: account.name.clone(),
        });
    }
    account
        .give(folder)
        .and_then(|()| fs::set_permissions(folder, Permissions::from_mode(0o700)))
        .map_err(failed("take", folder))
}

/// The names of what is in a folder, sorted.
fn entries(folder: &Path) -> Result<Vec<String>, PostgresError> {
    let mut names = fs::read_dir(folder)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .map_err(failed("read", folder))?
        .iter()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect::<Vec<_>>();
    names.sort();
    Ok(names)
}

fn remove_folder(folder: &Path) -> Result<(), PostgresError> {
    absent_is_fine(fs::remove_dir_all(folder)).map_err(failed("delete", folder))
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| {
        if error.kind() == io::ErrorKind::NotFound {
            Ok(())
        } else {
            Err(error)
        }
    })
}
