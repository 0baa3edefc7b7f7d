//! PostgreSQL's own load generator, which makes the same bets without a service: what one prepared statement for each
//! bet can do at best. Must never leave a check or a write of a real bet out.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use shared::ids::OperatorId;
use sqlx::PgConnection;
use tokio::process::Command;

use super::STAKE_MINOR;
use crate::failure::Failure;
use crate::installation::Places;
use crate::latencies::Latencies;

/// What pgbench does for each bet.
const SCRIPT: &str = include_str!("bet.sql");
/// Threads of pgbench, unless it has fewer clients.
const THREADS: u32 = 2;

/// Lines that are told of what pgbench says when it fails.
const TOLD_LINES: usize = 4;

/// A real bet, to write as many bytes as one: the result of its round and its answer without the round's id.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) result: String,
    pub(super) answer_head: String,
    pub(super) answer_tail: String,
}

impl Sample {
    /// The bet whose answer is nearest to being of average length.
    pub(super) async fn take(db: &mut PgConnection) -> Result<Self, Failure> {
        let row = sqlx::query!(
            r#"
            select rounds.id::text as "id!", result::text as "result!", answer::text as "answer!"
            from (
                select operator_id, (answer ->> 'ref')::uuid as id, answer
                from commands
                where answer ->> 'ref' is not null
                order by abs(length(answer::text) - (select avg(length(answer::text)) from commands)), 2
                limit 1
            ) as middle
            join rounds using (operator_id, id)
            "#
        )
        .fetch_one(db)
        .await?;
        let halves = row.answer.split_once(&row.id);
        let (head, tail) =
            halves.ok_or_else(|| Failure::Unfit("an answer does not name its round".to_owned()))?;
        Ok(Self {
            result: row.result,
            answer_head: head.to_owned(),
            answer_tail: tail.to_owned(),
        })
    }
}

/// pgbench, ready to make bets.
#[derive(Debug)]
pub(super) struct Pgbench {
    program: PathBuf,
    folder: PathBuf,
    database_url: String,
    variables: Vec<String>,
    first_player: i64,
    wallets: u32,
}

/// What one run came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Run {
    /// Transactions per second, connecting left out.
    pub(super) tps: f64,
    /// Transactions in all.
    pub(super) transactions: u64,
}

impl Pgbench {
    /// Finds the program and writes its script. Its bets are those of `players`, whose wallets its clients divide among
    /// themselves.
    pub(super) fn new(
        places: &Places,
        operator: OperatorId,
        players: &Range<i64>,
        sample: &Sample,
    ) -> Result<Self, Failure> {
        fs::write(places.folder.join("bet.sql"), SCRIPT)?;
        let variables = [
            ("operator", operator.to_string()),
            ("stake", STAKE_MINOR.to_string()),
            ("result", sample.result.clone()),
            ("answer_head", sample.answer_head.clone()),
            ("answer_tail", sample.answer_tail.clone()),
        ];
        Ok(Self {
            program: program(&places.postgres_programs)?,
            folder: places.folder.clone(),
            database_url: places.database_url.clone(),
            variables: variables.map(|(name, value)| format!("{name}={value}")).into(),
            first_player: players.start,
            wallets: u32::try_from(players.end - players.start).unwrap_or(u32::MAX),
        })
    }

    /// Lets so many clients bet for so many seconds.
    pub(super) async fn run(&self, clients: u32, seconds: u32) -> Result<Run, Failure> {
        self.bet(clients, seconds, &[]).await
    }

    /// Lets one client bet for so many seconds, and also answers how long each of its transactions took.
    pub(super) async fn run_alone(&self, seconds: u32) -> Result<(Run, Latencies), Failure> {
        let logs = self.folder.join("pgbench-log");
        fs::create_dir(&logs)?;
        let prefix = format!("--log-prefix={}", logs.join("alone").display());
        let run = self.bet(1, seconds, &["--log", &prefix]).await?;
        let mut latencies = Latencies::default();
        for log in fs::read_dir(&logs)? {
            for line in fs::read_to_string(log?.path())?.lines() {
                let took = latency(line).ok_or_else(|| not_understood(line))?;
                latencies.record(took);
            }
        }
        fs::remove_dir_all(&logs)?;
        Ok((run, latencies))
    }

    async fn bet(&self, clients: u32, seconds: u32, more: &[&str]) -> Result<Run, Failure> {
        let own = [
            format!("first_player={}", self.first_player),
            format!("clients={clients}"),
            format!("wallets_each={}", self.wallets / clients),
        ];
        let mut command = Command::new(&self.program);
        command
            .args(["--no-vacuum", "--protocol=prepared", "--file=bet.sql"])
            .arg(format!("--client={clients}"))
            .arg(format!("--jobs={}", clients.min(THREADS)))
            .arg(format!("--time={seconds}"))
            .args(
                self.variables
                    .iter()
                    .chain(&own)
                    .flat_map(|variable| ["--define", variable]),
            )
            .args(more)
            .current_dir(&self.folder)
            .env("LC_ALL", "C")
            // Arguments can be seen by everybody on the machine, and the URL has a password.
            .env("PGDATABASE", &self.database_url)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = command.output().await?;
        let printed = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            // The others only repeat it for each client.
            let told = String::from_utf8_lossy(&output.stderr);
            let first: Vec<&str> = told.lines().take(TOLD_LINES).collect();
            return Err(Failure::Unfit(first.join("\n")));
        }
        read_run(&printed).ok_or_else(|| not_understood(&printed))
    }
}

/// pgbench beside the server's programs, or else in the `PATH`.
fn program(folder: &Path) -> Result<PathBuf, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(folder.to_owned())
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join("pgbench"))
        .find(|program| program.is_file())
        .ok_or_else(|| {
            Failure::Unfit(format!(
                "pgbench is neither in {} nor in the PATH: install it (Debian and Ubuntu: `apt-get install \
                 postgresql`; Fedora: `dnf install postgresql-contrib`; Homebrew: `brew install postgresql`)",
                folder.display()
            ))
        })
}

/// What pgbench prints at the end.
fn read_run(printed: &str) -> Option<Run> {
    let after = |name: &str| {
        let rest = printed.lines().find_map(|line| line.strip_prefix(name))?;
        rest.split([' ', '/']).next()
    };
    let transactions = after("number of transactions actually processed: ")?
        .parse()
        .ok()?;
    let tps = match transactions {
        // Then it does not say.
        0 => 0.0,
        _ => after("tps = ")?.parse().ok()?,
    };
    Some(Run { tps, transactions })
}

/// The time of one transaction in a line of the log: the third column, in microseconds.
fn latency(line: &str) -> Option<Duration> {
    line.split(' ').nth(2)?.parse().ok().map(Duration::from_micros)
}

fn not_understood(printed: &str) -> Failure {
    Failure::System(io::Error::new(
        io::ErrorKind::InvalidData,
        format!("what pgbench says is not understood: {printed}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_of_a_run_is_read() {
        let printed = "pgbench (15.13)\nnumber of clients: 8\nnumber of transactions actually processed: 12345\n\
                       number of failed transactions: 0 (0.000%)\nlatency average = 5.1 ms\n\
                       tps = 1543.25 (without initial connection time)\n";
        let run = Run {
            tps: 1543.25,
            transactions: 12345,
        };
        assert_eq!(read_run(printed), Some(run));
        let nothing = Run {
            tps: 0.0,
            transactions: 0,
        };
        assert_eq!(
            read_run("number of transactions actually processed: 0\n"),
            Some(nothing)
        );
        assert_eq!(read_run("pgbench (15.13)\n"), None);
    }

    #[test]
    fn a_line_of_the_log_has_the_time_in_its_third_column() {
        let took = latency("0 17 4321 0 1700000000 123456");
        assert_eq!(took, Some(Duration::from_micros(4321)));
        assert_eq!(latency("0 17 skipped 0 1700000000 123456"), None);
    }
}
