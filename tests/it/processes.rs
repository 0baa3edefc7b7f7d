//! Edgebook as people and supervisors run it: real processes with their options, exit codes and signals.
//! Must never leave a process behind, whatever a test comes to.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use shared::random::Random;
use tests::Client;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{sleep, timeout};

use crate::folder::Folder;

mod crashes;
mod launcher;
mod operations;
mod purge;
mod settlement;
mod tools;

/// Whatever a process is waited for here comes within this.
const LIMIT: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_millis(20);
/// Stands in every URL and secret that nobody may be shown.
const SECRET: &str = "hunter2";

/// The program with these arguments, and nothing of this process's environment but what finding PostgreSQL needs.
fn edgebook(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edgebook-under-test"));
    command
        .args(args)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // As a shell does it: what is typed at the terminal goes to the whole group.
        .process_group(0)
        .kill_on_drop(true);
    for name in ["PATH", "HOME", "TMPDIR"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// A program that ran to its end.
#[derive(Debug)]
struct Ended {
    /// None when a signal ended it.
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs it to its end.
async fn run(mut command: Command) -> Ended {
    let output = timeout(LIMIT, command.output()).await.unwrap().unwrap();
    Ended {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs it to its end with this text as its input.
async fn run_with_input(mut command: Command, input: &str) -> Ended {
    let (read, mut write) = std::io::pipe().unwrap();
    // A line fits into a pipe before anybody reads it.
    write.write_all(input.as_bytes()).unwrap();
    drop(write);
    command.stdin(read);
    run(command).await
}

/// A program that runs until it is told to stop, which dropping this value does, too.
struct Running {
    child: Child,
    out: Lines<BufReader<ChildStdout>>,
    err: Arc<Mutex<String>>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap()).lines();
        let err = Arc::<Mutex<String>>::default();
        let (mut from, to) = (child.stderr.take().unwrap(), Arc::clone(&err));
        tokio::spawn(async move {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = from.read(&mut bytes).await {
                to.lock()
                    .unwrap()
                    .push_str(&String::from_utf8_lossy(&bytes[..length]));
            }
        });
        Self { child, out, err }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().unwrap().try_into().unwrap())
    }

    /// What it wrote to its standard error so far.
    fn err(&self) -> String {
        self.err.lock().unwrap().clone()
    }

    /// The lines of its standard output up to the one with this text.
    async fn says(&mut self, text: &str) -> String {
        let mut said = String::new();
        let wait = async {
            while !said.contains(text) {
                let line = self.out.next_line().await.unwrap();
                let line = line.unwrap_or_else(|| panic!("it ended: {}", self.err()));
                said.push_str(&line);
                said.push('\n');
            }
        };
        assert!(
            timeout(LIMIT, wait).await.is_ok(),
            "{text} is said: {}",
            self.err()
        );
        said
    }

    /// Waits until it wrote this text to its standard error.
    async fn complains(&self, text: &str) {
        within(text, || self.err().contains(text)).await;
    }

    fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// Its exit code; none when a signal ended it.
    async fn ended(&mut self) -> Option<i32> {
        let ended = timeout(LIMIT, self.child.wait()).await;
        let ended = ended.unwrap_or_else(|_| panic!("it ends: {}", self.err()));
        ended.unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A launcher that is not killed stops what it started.
        if let Some(Ok(pid)) = self.child.id().map(i32::try_from) {
            let asked = kill(Pid::from_raw(pid), Signal::SIGTERM);
            let mut tries = 1000;
            while asked.is_ok() && tries > 0 && matches!(self.child.try_wait(), Ok(None)) {
                std::thread::sleep(PAUSE);
                tries -= 1;
            }
        }
    }
}

/// Waits until `check` holds.
async fn within(what: &str, check: impl Fn() -> bool) {
    let wait = async {
        while !check() {
            sleep(PAUSE).await;
        }
    };
    assert!(timeout(LIMIT, wait).await.is_ok(), "{what}");
}

/// Processes that work in a folder or have something open there: process id and command line. None where the system
/// has no `/proc`.
fn processes_in(folder: &Path) -> Vec<(Pid, String)> {
    let is_inside = |link: &Path| fs::read_link(link).is_ok_and(|target| target.starts_with(folder));
    let works_inside = |process: &Path| {
        let open = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        is_inside(&process.join("cwd")) || open.into_iter().any(|file| is_inside(&file.path()))
    };
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let command = || {
            let bytes = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&bytes).replace('\0', " ")
        };
        works_inside(&entry.path()).then(|| (Pid::from_raw(pid), command()))
    })
    .collect()
}

/// The first of so many free ports in a row, below those that systems give to outgoing connections and those that
/// private clusters take.
fn free_ports(count: u16) -> u16 {
    let random = Random::system();
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    (0..100)
        .map(|_| 10_000 + u16::from_be_bytes(random.bytes()) % 6_000)
        .find(|first| (*first..first + count).all(is_free))
        .unwrap()
}

/// A data folder and ports for a launcher.
struct Site {
    data: Folder,
    readers: u16,
    read_port: u16,
    write_port: u16,
}

impl Site {
    fn new(readers: u16) -> Self {
        let read_port = free_ports(readers + 1);
        Self {
            data: Folder::new(),
            readers,
            read_port,
            write_port: read_port + readers,
        }
    }

    /// The command that launches everything here, with further arguments.
    fn command(&self, more: &[&str]) -> Command {
        let mut command = edgebook(&["--readers", &self.readers.to_string(), "--data", self.data.text()]);
        command
            .args(["--read-port", &self.read_port.to_string()])
            .args(["--write-port", &self.write_port.to_string()])
            .args(more);
        command
    }

    /// A launcher that has everything up, and the table that it printed.
    async fn launch(&self, command: Command) -> (Running, String) {
        let mut launcher = Running::start(command);
        let table = launcher.says("Ctrl-C stops everything.").await;
        (launcher, table)
    }

    fn reader_url(&self, number: u16) -> String {
        format!("http://127.0.0.1:{}", self.read_port + number)
    }

    fn reader(&self, number: u16) -> Client {
        Client::new(self.reader_url(number))
    }

    fn write_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.write_port)
    }

    /// Nothing works in the folder any more, and every port can be had.
    async fn is_left_alone(&self) {
        within("no process is left", || processes_in(self.data.path()).is_empty()).await;
        for port in self.read_port..=self.write_port {
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        }
    }
}
