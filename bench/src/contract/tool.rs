//! Schemathesis as a program: where it is, how it is installed and run, and what it found. Must never install anything
//! outside a folder of its own.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::process::Command;
use tokio::time::timeout;

use crate::failure::Failure;
use crate::report::say;

/// The version that the descriptions are compared by.
const VERSION: &str = "4.32.5";
/// Longest time that its installation may take.
const INSTALL_LIMIT: Duration = Duration::from_mins(10);
/// Questions asked at once.
const WORKERS: &str = "2";
/// What is not compared: whether all that fits the description is accepted, as it also has to fit what is stored; and
/// which status a method that there is not gets.
const LEFT_OUT: &str = "positive_data_acceptance,unsupported_method";

/// The program.
#[derive(Debug)]
pub(super) struct Tool(PathBuf);

/// What is asked of it.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) url: &'a str,
    pub(super) config: &'a Path,
    pub(super) folder: &'a Path,
    pub(super) examples: u32,
    pub(super) seed: Option<u128>,
    pub(super) limit: Duration,
}

/// What it found at one service.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) cases: u64,
    pub(super) operations: u64,
    pub(super) untested: u64,
    /// Too large for other numbers of JSON than those that are kept as text.
    pub(super) seed: String,
    /// A sentence for each kind of fault.
    pub(super) failures: Vec<String>,
}

impl Found {
    pub(super) fn sentence(&self) -> String {
        let (cases, operations, failures) = (self.cases, self.operations, self.failures.len());
        format!("{cases} questions about {operations} operations, {failures} kinds of fault.")
    }
}

impl Tool {
    /// The one that is installed beside this program; installs it if it is not.
    pub(super) async fn ready() -> Result<Self, Failure> {
        let program = env::current_exe()?;
        let folder = program.with_file_name(format!("schemathesis-{VERSION}"));
        let tool = folder.join("bin").join("schemathesis");
        if !tool.is_file() {
            say(&format!("Installing schemathesis {VERSION} …"));
            let python = folder.join("bin").join("python");
            done(Command::new("python3").args(["-m", "venv"]).arg(&folder)).await?;
            let package = format!("schemathesis=={VERSION}");
            done(Command::new(python).args(["-m", "pip", "install", "--quiet", &package])).await?;
        }
        Ok(Self(tool))
    }

    /// Asks everything of one description.
    pub(super) async fn run(&self, run: &Run<'_>) -> Result<Found, Failure> {
        tokio::fs::create_dir_all(run.folder).await?;
        let report = run.folder.join("report.json");
        let output = run.folder.join("output.txt");
        let mut command = Command::new(&self.0);
        command
            .arg("--config-file")
            .arg(run.config)
            .args(["run", run.url]);
        command.args(["--phases", "examples,coverage,fuzzing", "--continue-on-failure"]);
        command.args(["--workers", WORKERS, "--exclude-checks", LEFT_OUT]);
        command.args(["--warnings", "off", "--no-color", "--report", "json"]);
        command.arg("--report-json-path").arg(&report);
        command.args(["--max-examples", &run.examples.to_string()]);
        if let Some(seed) = run.seed {
            command.args(["--seed", &seed.to_string()]);
        }
        command
            .current_dir(run.folder)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command.stdout(std::fs::File::create(&output)?);
        let late = |_| Failure::Unfit(format!("the questions were not all asked within {:?}", run.limit));
        timeout(run.limit, command.status()).await.map_err(late)??;
        let printed = tokio::fs::read_to_string(&output).await?;
        let Ok(bytes) = tokio::fs::read(&report).await else {
            return Err(Failure::Unfit(format!("schemathesis made no report: {printed}")));
        };
        let report: Written = serde_json::from_slice(&bytes)
            .map_err(|error| Failure::Unfit(format!("its report can't be read: {error}")))?;
        if !report.failures.is_empty() {
            say(&printed);
        }
        Ok(report.found())
    }
}

/// Runs a program to its end.
async fn done(command: &mut Command) -> Result<(), Failure> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let unfit = |what: &str| Failure::Unfit(format!("schemathesis can't be installed: {what}"));
    let ended = timeout(INSTALL_LIMIT, command.output()).await;
    let output = ended
        .map_err(|_| unfit("it took too long"))?
        .map_err(|error| unfit(&error.to_string()))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(unfit(&String::from_utf8_lossy(&output.stderr)))
    }
}

/// Its report, as far as it is read.
#[derive(Deserialize)]
struct Written {
    seed: Box<RawValue>,
    complete: bool,
    operations: Operations,
    test_cases: Cases,
    failures: Vec<Fault>,
}

#[derive(Deserialize)]
struct Operations {
    total: u64,
    tested: u64,
}

#[derive(Deserialize)]
struct Cases {
    generated: u64,
    errored: u64,
}

#[derive(Deserialize)]
struct Fault {
    code: String,
    title: String,
    operations: Vec<serde_json::Value>,
}

impl Written {
    fn found(self) -> Found {
        let mut failures: Vec<String> = self
            .failures
            .into_iter()
            .map(|fault| {
                let operations = serde_json::Value::from(fault.operations);
                format!("{} {}: {operations}", fault.code, fault.title)
            })
            .collect();
        if self.test_cases.errored > 0 {
            failures.push(format!(
                "{} questions could not be asked",
                self.test_cases.errored
            ));
        }
        if !self.complete {
            failures.push("schemathesis stopped before its end".to_owned());
        }
        Found {
            cases: self.test_cases.generated,
            operations: self.operations.tested,
            untested: self.operations.total - self.operations.tested,
            seed: self.seed.get().to_owned(),
            failures,
        }
    }
}
