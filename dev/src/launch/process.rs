//! A service as a process of its own. Must never put a secret among its arguments, nor outlive the launcher.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::{sleep, timeout};

use super::error::{LaunchError, folder as failed};
use super::home::tail;
use crate::lifeline;

/// How long a service may take to be ready.
const READY_LIMIT: Duration = Duration::from_secs(30);
/// How long a service may take to stop before it is killed: longer than its drain limit and its longest transaction
/// together.
pub(crate) const STOP_LIMIT: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(20);

/// The line that a service prints when it listens begins so.
const LISTENING: &str = "listening on http://";

/// How to start a service.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) program: PathBuf,
    pub(super) args: Vec<String>,
    /// Goes by environment, because arguments can be seen by everybody on the machine.
    pub(super) secrets: Vec<(&'static str, String)>,
    pub(super) address: SocketAddr,
    pub(super) log: PathBuf,
}

/// A service that was started, and can be killed and started again. Dropping it kills it.
pub struct Process {
    plan: Plan,
    child: Child,
    /// The service stops when this end of its standard input closes, as it does when this process ends.
    _lifeline: Option<ChildStdin>,
    /// How long the log was before.
    log_from: u64,
}

impl fmt::Debug for Process {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Process")
            .field("name", &self.plan.name)
            .field("address", &self.plan.address)
            .field("pid", &self.pid())
            .finish_non_exhaustive()
    }
}

impl Process {
    /// Starts the process, which will take a moment to be ready.
    pub(super) fn spawn(plan: Plan) -> Result<Self, LaunchError> {
        Self::spawn_with(plan, &[])
    }

    /// The same, with further `variables` in its environment.
    fn spawn_with(plan: Plan, variables: &[(&str, &str)]) -> Result<Self, LaunchError> {
        let log = File::options()
            .append(true)
            .create(true)
            .open(&plan.log)
            .map_err(failed("open", &plan.log))?;
        let log_from = fs::metadata(&plan.log).map_or(0, |log| log.len());
        let mut command = Command::new(&plan.program);
        command
            .args(&plan.args)
            .envs(plan.secrets.iter().map(|(name, value)| (name, value)))
            .envs(variables.iter().copied())
            .env(lifeline::VARIABLE, "1")
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            // Ctrl-C in a terminal goes to the whole foreground group; this launcher decides who stops when.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(failed("run", &plan.program))?;
        Ok(Self {
            _lifeline: child.stdin.take(),
            plan,
            child,
            log_from,
        })
    }

    /// Waits until the service has said that it listens, and `/readyz` that it is ready.
    pub async fn ready(&mut self) -> Result<(), LaunchError> {
        let ready = async {
            if !self.says_that_it_listens().await {
                return Err(format!(
                    "ended with {} before it was ready",
                    describe(self.child.wait().await)
                ));
            }
            while !matches!(answers_ready(self.plan.address).await, Ok(true)) {
                if let Some(status) = self.ended() {
                    return Err(format!("ended with {status} before it was ready"));
                }
                sleep(PAUSE).await;
            }
            Ok(())
        };
        let late = || Err(format!("was not ready within {} s", READY_LIMIT.as_secs()));
        let done = timeout(READY_LIMIT, ready).await.unwrap_or_else(|_| late());
        done.map_err(|what| self.failure(what))
    }

    /// False if the output ended without the line.
    async fn says_that_it_listens(&mut self) -> bool {
        let Some(output) = self.child.stdout.take() else {
            return true;
        };
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if line.starts_with(LISTENING) {
                // Whatever else it prints must not fill the pipe.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return true;
            }
        }
        false
    }

    /// What it is called in tables and logs.
    pub fn name(&self) -> &str {
        &self.plan.name
    }

    /// Where it answers, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.plan.address)
    }

    /// Its process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Its log.
    pub fn log(&self) -> &Path {
        &self.plan.log
    }

    /// How it ended, if it did.
    pub(super) fn ended(&mut self) -> Option<String> {
        match self.child.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(describe(Ok(status))),
            Err(error) => Some(describe(Err(error))),
        }
    }

    /// Something went wrong with it: what, with the end of its log.
    pub(super) fn failure(&self, what: String) -> LaunchError {
        LaunchError::Service {
            name: self.plan.name.clone(),
            what,
            log: self.plan.log.clone(),
            tail: tail(&self.plan.log, self.log_from),
        }
    }

    /// Ends it as `kill -9` does.
    pub async fn kill(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill().await);
    }

    /// Asks it to stop, and kills it when it takes too long.
    pub async fn stop(&mut self) {
        self.ask_to_stop();
        self.wait_for_stop().await;
    }

    pub(super) fn ask_to_stop(&self) {
        // As long as the child has an id here, it is not reaped and the id is its own.
        if let Some(Ok(pid)) = self.child.id().map(i32::try_from) {
            let _: nix::Result<()> = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
    }

    pub(super) async fn wait_for_stop(&mut self) {
        if timeout(STOP_LIMIT, self.child.wait()).await.is_err() {
            self.kill().await;
        }
    }

    /// Starts it again as it was, killing it first if it runs, and waits until it is ready.
    pub async fn restart(&mut self) -> Result<(), LaunchError> {
        self.begin_again(&[]).await?;
        self.ready().await
    }

    /// Starts it again, killing it first if it runs, with further `variables` in the environment of this one run. Does
    /// not wait until it is ready: it may be meant to die before that.
    pub async fn begin_again(&mut self, variables: &[(&str, &str)]) -> Result<(), LaunchError> {
        self.kill().await;
        *self = Self::spawn_with(self.plan.clone(), variables)?;
        Ok(())
    }

    /// Waits until it ends, whoever or whatever ends it, and tells how. May be dropped and called again.
    pub async fn end(&mut self) -> Result<ExitStatus, LaunchError> {
        self.child.wait().await.map_err(|source| LaunchError::System {
            doing: "wait for a service",
            source,
        })
    }
}

fn describe(ended: io::Result<ExitStatus>) -> String {
    ended.map_or_else(|error| error.to_string(), |status| status.to_string())
}

/// Whether the service at `address` answers 200 to `/readyz`.
async fn answers_ready(address: SocketAddr) -> io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await?;
    let mut status = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut status).await?;
    Ok(&status == b"HTTP/1.1 200")
}
