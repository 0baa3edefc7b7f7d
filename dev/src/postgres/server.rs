//! The processes: `initdb`, the postmaster, and the guard that stops it when this process is gone.
//! Must never wait without a limit, nor put a password in an argument.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::account::Account;
use super::binaries::Binaries;
use super::children::children_of;
use super::error::{PostgresError, io as failed};
use super::place::Place;
use super::{Durability, Role};

const GUARD: &str = include_str!("guard.sh");

const INIT_LIMIT: Duration = Duration::from_mins(2);
/// Recovery after a crash is part of a start.
const START_LIMIT: Duration = Duration::from_mins(2);
/// What is asked of the server to make it stop, and how long it may take: SIGINT is its fast shutdown, with a
/// checkpoint; after SIGQUIT it recovers at the next start.
const STOP_STEPS: [(Signal, Duration); 3] = [
    (Signal::SIGINT, Duration::from_secs(30)),
    (Signal::SIGQUIT, Duration::from_secs(5)),
    (Signal::SIGKILL, Duration::from_secs(5)),
];
const PAUSE: Duration = Duration::from_millis(20);

/// Everything needed to make a cluster and to start its server, again and again.
#[derive(Debug)]
pub(super) struct Launcher {
    pub(super) binaries: Binaries,
    pub(super) account: Account,
    pub(super) place: Place,
    pub(super) durability: Durability,
    /// Server settings, as `name=value`.
    pub(super) settings: Vec<String>,
}

impl Launcher {
    /// Creates the cluster, whole or not at all. `log` is the locked log.
    pub(super) async fn init(&self, log: &File) -> Result<(), PostgresError> {
        let unfinished = self.place.unfinished();
        let from = length(log);
        let mut command = self.account.command(self.program("initdb"), self.place.folder());
        command
            .arg("--pgdata")
            .arg(&unfinished)
            .arg("--pwfile")
            .arg(self.place.password_file(Role::Superuser))
            .args(["--username", Role::Superuser.name()])
            .args([
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--no-instructions",
            ]);
        if self.durability == Durability::Disposable {
            command.arg("--no-sync");
        }
        let path = self.place.log();
        command.stdout(copy_of(log, &path)?).stderr(copy_of(log, &path)?);
        let mut command = Command::from(command);
        let done = timeout(INIT_LIMIT, command.kill_on_drop(true).status()).await;
        match done {
            Ok(Err(source)) => Err(failed("run", &self.program("initdb"))(source)),
            Ok(Ok(status)) if status.success() => {
                let cluster = self.place.cluster();
                std::fs::rename(&unfinished, &cluster).map_err(failed("rename", &unfinished))
            }
            _ => Err(PostgresError::Init {
                tail: self.place.log_tail(from),
                log: path,
            }),
        }
    }

    /// Starts the server on `port` and waits until it is ready. `log` is the locked log.
    pub(super) async fn launch(&self, port: u16, log: &File) -> Result<Server, PostgresError> {
        self.place.clear_stale_lock_file().await?;
        let from = length(log);
        let mut server = self.spawn(port, log)?;
        let ready = async {
            loop {
                if server.exited() || self.place.ready(server.pid()) {
                    return;
                }
                sleep(PAUSE).await;
            }
        };
        let in_time = timeout(START_LIMIT, ready).await.is_ok();
        if in_time && !server.exited() {
            return Ok(server);
        }
        server.stop().await?;
        let tail = self.place.log_tail(from);
        if tail.contains("could not create any TCP/IP sockets") {
            return Err(PostgresError::PortTaken { port });
        }
        Err(PostgresError::Start {
            log: self.place.log(),
            tail,
        })
    }

    /// Spawns the shell that leaves the guard behind and becomes the server.
    fn spawn(&self, port: u16, log: &File) -> Result<Server, PostgresError> {
        let path = self.place.log();
        let program = self.program("postgres");
        let removed = match self.durability {
            Durability::Durable => Path::new(""),
            Durability::Disposable => self.place.folder(),
        };
        let mut command = self.account.command("/bin/sh", self.place.folder());
        command
            .args(["-c", GUARD, "edgebook-guard"])
            .arg(removed)
            .arg(&program)
            .arg("-D")
            .arg(self.place.cluster())
            .args([
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
                "-c",
                "logging_collector=off",
            ])
            .args(["-c", &format!("port={port}")])
            .args(self.settings.iter().flat_map(|setting| ["-c", setting]))
            .stdin(Stdio::piped())
            .stdout(copy_of(log, &path)?)
            .stderr(copy_of(log, &path)?);
        let mut child = command.spawn().map_err(failed("run", &program))?;
        let lifeline = child.stdin.take();
        Ok(Server { child, lifeline })
    }

    fn program(&self, name: &str) -> PathBuf {
        self.binaries.folder().join(name)
    }
}

/// A server's postmaster. Dropping it makes the guard stop it.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    /// The guard stops the server when this end of its pipe closes.
    lifeline: Option<ChildStdin>,
}

impl Server {
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the postmaster has ended; if so, the guard is dismissed, since another process may get its id.
    pub(super) fn exited(&mut self) -> bool {
        let exited = !matches!(self.child.try_wait(), Ok(None));
        if exited && let Some(mut lifeline) = self.lifeline.take() {
            // A guard that is gone as well needs no dismissal.
            drop(lifeline.write_all(b"dismissed\n"));
        }
        exited
    }

    /// Stops the server, first politely.
    pub(super) async fn stop(&mut self) -> Result<(), PostgresError> {
        for (signal, limit) in STOP_STEPS {
            if self.ended_by(signal, limit).await {
                return Ok(());
            }
        }
        Err(PostgresError::Unstoppable { pid: self.pid() })
    }

    /// Ends the postmaster and its children as a crash of the machine does: none can still do anything for another.
    pub(super) async fn kill(&mut self) -> Result<(), PostgresError> {
        if let Some(postmaster) = self.signal(Signal::SIGSTOP) {
            // A stopped postmaster starts no process and reaps none, so each id stays whose it is. One that is missed
            // ends by itself when it notices that the postmaster is gone.
            for child in children_of(postmaster) {
                let _: nix::Result<()> = kill(child, Signal::SIGKILL);
            }
        }
        if self.ended_by(Signal::SIGKILL, Duration::from_secs(5)).await {
            return Ok(());
        }
        Err(PostgresError::Unstoppable { pid: self.pid() })
    }

    /// Sends a signal to the postmaster, and tells its id unless it has ended.
    fn signal(&mut self, signal: Signal) -> Option<Pid> {
        if self.exited() {
            return None;
        }
        // The child is not reaped yet, so its id is still its own.
        let pid = Pid::from_raw(self.pid().try_into().ok()?);
        let _: nix::Result<()> = kill(pid, signal);
        Some(pid)
    }

    async fn ended_by(&mut self, signal: Signal, limit: Duration) -> bool {
        if self.signal(signal).is_none() {
            return true;
        }
        let ended = async {
            while !self.exited() {
                sleep(PAUSE).await;
            }
        };
        timeout(limit, ended).await.is_ok()
    }
}

fn copy_of(log: &File, path: &Path) -> Result<Stdio, PostgresError> {
    log.try_clone().map(Stdio::from).map_err(failed("share", path))
}

fn length(log: &File) -> u64 {
    log.metadata().map_or(0, |log| log.len())
}
