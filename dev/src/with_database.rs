//! Runs a command beside a new private database with the schema, which disappears afterwards.
//! Must never end while the command or the database still runs.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use shared::clock::Clock;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::launch::{LaunchError, migrate};
use crate::postgres::{Cluster, Options};
use crate::progress::{Progress, line};
use crate::signals::Signals;

/// How long the command may take to end when this program is told to stop.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// What a shell answers when a command can't be run, and when it was ended by a signal (then with its number added).
const CAN_NOT_RUN: u8 = 127;
const ENDED_BY_SIGNAL: u8 = 128;

/// Runs the command; its exit code is this program's.
pub(crate) async fn run(command: &[OsString]) -> ExitCode {
    let done = async {
        let mut signals = Signals::listen(Clock::machine()).map_err(|source| LaunchError::System {
            doing: "listen for signals",
            source,
        })?;
        let progress = Progress::to_stderr(Clock::machine());
        let cluster = Cluster::start(Options {
            progress: Box::new(move |sentence| progress.say(sentence)),
            ..Options::disposable()
        })
        .await?;
        let code = beside(&cluster.url("edgebook"), command, &mut signals).await;
        cluster.stop().await?;
        code
    };
    match done.await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            line(&format!("edgebook: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn beside(url: &str, command: &[OsString], signals: &mut Signals) -> Result<u8, LaunchError> {
    migrate(url).await?;
    let (program, args) = command
        .split_first()
        .map_or((OsStr::new(""), command), |(program, args)| {
            (program.as_os_str(), args)
        });
    let mut command = Command::new(program);
    let spawned = command
        .args(args)
        .env("DATABASE_URL", url)
        .kill_on_drop(true)
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => {
            line(&format!("edgebook: {} can't be run: {error}", program.display()));
            return Ok(CAN_NOT_RUN);
        }
    };
    let ended = tokio::select! {
        ended = child.wait() => ended,
        () = signals.next() => stop(&mut child).await,
    };
    let ended = ended.map_err(|source| LaunchError::System {
        doing: "wait for the command",
        source,
    })?;
    Ok(code_of(ended))
}

/// In a terminal the command has had the same Ctrl-C; a SIGTERM was for this process alone.
async fn stop(child: &mut Child) -> std::io::Result<ExitStatus> {
    if let Some(Ok(pid)) = child.id().map(i32::try_from) {
        let _: nix::Result<()> = kill(Pid::from_raw(pid), Signal::SIGTERM);
    }
    if let Ok(ended) = timeout(STOP_LIMIT, child.wait()).await {
        return ended;
    }
    child.start_kill()?;
    child.wait().await
}

fn code_of(ended: ExitStatus) -> u8 {
    let by_signal = || ended.signal().map(|number| i32::from(ENDED_BY_SIGNAL) + number);
    let code = ended.code().or_else(by_signal);
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_is_the_one_that_a_shell_would_tell() {
        for (raw, code) in [(0, 0), (3 << 8, 3), (255 << 8, 255), (9, 137), (15, 143)] {
            assert_eq!(code_of(ExitStatus::from_raw(raw)), code, "{raw}");
        }
    }
}
