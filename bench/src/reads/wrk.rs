//! The load generator `wrk` and what it says. Must never take a run for good that had errors of its own.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::failure::Failure;

/// Threads of wrk.
const THREADS: &str = "2";

/// wrk, ready to run.
#[derive(Debug)]
pub(super) struct Wrk {
    folder: PathBuf,
    connections: String,
    duration: String,
}

/// What one run came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Run {
    /// Answers per second.
    pub(super) rps: f64,
    /// Answers in all.
    pub(super) answers: u64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Answers that were neither 2xx nor 3xx.
    pub(super) refused: u64,
}

impl fmt::Display for Run {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:.0}/s ({:.2} ms at p99)", self.rps, self.p99_ms)
    }
}

/// The run in the middle, by answers per second.
pub(super) fn median(mut runs: Vec<Run>) -> Run {
    runs.sort_unstable_by(|one, other| one.rps.total_cmp(&other.rps));
    runs[runs.len() / 2]
}

impl Wrk {
    /// Scripts are written to `folder`.
    pub(super) fn new(folder: &Path, connections: u32, seconds: u32) -> Self {
        Self {
            folder: folder.to_owned(),
            connections: connections.to_string(),
            duration: format!("{seconds}s"),
        }
    }

    /// A script that asks for the brandings of so many operators at random.
    pub(super) fn script_for(&self, operators: u32) -> Result<String, Failure> {
        let script = format!(
            "local requests = {{}}\n\
             function init()\n  for i = 1, {operators} do\n    \
             requests[i] = wrk.format('GET', '/api/branding/brand-' .. i)\n  end\nend\n\
             function request() return requests[math.random({operators})] end\n"
        );
        self.script(&format!("operators-{operators}.lua"), &script)
    }

    /// A script that asks for another unknown operator each time.
    pub(super) fn script_for_unknown(&self) -> Result<String, Failure> {
        let script = "local threads = 0\n\
             function setup(thread)\n  threads = threads + 1\n  thread:set('id', threads)\nend\n\
             local count = 0\n\
             function request()\n  count = count + 1\n  \
             return 'GET /api/branding/nobody-' .. id .. '-' .. count .. ' HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'\nend\n";
        self.script("unknown.lua", script)
    }

    fn script(&self, name: &str, text: &str) -> Result<String, Failure> {
        let path = self.folder.join(name);
        fs::write(&path, text)?;
        Ok(path.to_string_lossy().into_owned())
    }

    /// Runs it against `url`, with further arguments.
    pub(super) async fn run(&self, url: &str, more: &[&str]) -> Result<Run, Failure> {
        let output = Command::new("wrk")
            .args([
                "-t",
                THREADS,
                "-c",
                &self.connections,
                "-d",
                &self.duration,
                "--latency",
            ])
            .args(more)
            .arg(url)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await?;
        let said = String::from_utf8_lossy(&output.stdout);
        let unfit = || Failure::Unfit(format!("wrk did not measure {url}: {said}"));
        if !output.status.success() || said.contains("Socket errors") {
            return Err(unfit());
        }
        read(&said).ok_or_else(unfit)
    }
}

fn read(said: &str) -> Option<Run> {
    let after = |name: &str| {
        let line = said.lines().find_map(|line| line.trim().strip_prefix(name))?;
        Some(line.trim())
    };
    let in_all = said.lines().find(|line| line.contains(" requests in "))?;
    Some(Run {
        rps: after("Requests/sec:")?.parse().ok()?,
        answers: in_all.split_whitespace().next()?.parse().ok()?,
        p50_ms: milliseconds(after("50%")?)?,
        p99_ms: milliseconds(after("99%")?)?,
        refused: match after("Non-2xx or 3xx responses:") {
            Some(count) => count.parse().ok()?,
            None => 0,
        },
    })
}

fn milliseconds(text: &str) -> Option<f64> {
    let units = [("us", 0.001), ("ms", 1.0), ("s", 1000.0)];
    let (number, factor) = units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
Running 2s test @ http://127.0.0.1:8080/
  2 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.02ms    1.58ms  30.48ms   95.35%
    Req/Sec    42.94k     8.97k   59.23k    60.00%
  Latency Distribution
     50%  612.00us
     75%    1.01ms
     90%    1.92ms
     99%    1.02s
  170894 requests in 2.00s, 270.59MB read
  Non-2xx or 3xx responses: 17
Requests/sec:  85341.91
Transfer/sec:    135.13MB
";

    #[test]
    fn what_it_says_is_read() {
        let run = Run {
            rps: 85_341.91,
            answers: 170_894,
            p50_ms: 0.612,
            p99_ms: 1020.0,
            refused: 17,
        };
        assert_eq!(read(SAID), Some(run));
        assert_eq!(read("unable to connect"), None);
        let none = SAID.replace("  Non-2xx or 3xx responses: 17\n", "");
        assert_eq!(read(&none).map(|run| run.refused), Some(0));
    }

    #[test]
    fn the_median_is_the_run_in_the_middle() {
        let run = |rps| Run {
            rps,
            ..read(SAID).unwrap()
        };
        assert_eq!(median(vec![run(3.0), run(1.0), run(2.0)]), run(2.0));
    }
}
