//! Requests for operators that there are not. Must never repeat a name within a run.

use serde_json::Value;

use super::wrk::{Run, Wrk};
use crate::failure::Failure;
use crate::installation::Service;
use crate::memory::{Kib, Watched};
use crate::report::{Report, say};

/// Memory that a reader may grow by meanwhile, in KiB: its allocator's own, not a byte for each name.
const GROWTH_LIMIT_KIB: u64 = 16 * 1024;

/// What they came to.
#[derive(Debug)]
pub(super) struct Flood {
    answers: u64,
    not_refused: u64,
    queries: u64,
    rps: f64,
    grown: Option<Kib>,
}

impl Flood {
    /// Asks for at least `count` unknown operators.
    pub(super) async fn run(wrk: &Wrk, reader: &Service, count: u32) -> Result<Self, Failure> {
        say(&format!("Asking for {count} operators that there are not …"));
        let script = wrk.script_for_unknown()?;
        let memory = Watched::new(reader.pid);
        let (queries_before, memory_before) = (queries(reader).await?, memory.resident());
        let mut runs: Vec<Run> = Vec::new();
        while runs.iter().map(|run| run.answers).sum::<u64>() < count.into() {
            runs.push(wrk.run(&reader.url, &["-s", &script]).await?);
        }
        let answers = runs.iter().map(|run| run.answers).sum::<u64>();
        let refused = runs.iter().map(|run| run.refused).sum::<u64>();
        let grown = memory_before.zip(memory.resident());
        Ok(Self {
            answers,
            not_refused: answers - refused,
            queries: queries(reader).await?.saturating_sub(queries_before),
            rps: super::median(runs).rps,
            grown: grown.map(|(before, after)| Kib(after.0.saturating_sub(before.0))),
        })
    }

    pub(super) fn report(&self, report: &mut Report) {
        report.value("unknown", self.answers);
        report.value("unknown_rps", self.rps.round());
        report.value("unknown_queries", self.queries);
        report.value("unknown_grown_mb", self.grown.map(Kib::megabytes));
        report.at_most("unknown operators that were found", self.not_refused, 0);
        report.at_most("queries for unknown operators", self.queries, 0);
        if let Some(grown) = self.grown {
            report.at_most("KiB that the reader grew by", grown.0, GROWTH_LIMIT_KIB);
        }
    }
}

/// Transactions of a reader that are neither its pull's nor its auditor's, which both look again and again by themselves.
async fn queries(reader: &Service) -> Result<u64, Failure> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("{}/health/detailed", reader.url);
    let health: Value = client.get(url).send().await?.json().await?;
    let misses = health["cache"]["misses"].as_u64();
    misses.ok_or_else(|| Failure::Unfit("the reader does not tell its misses".to_owned()))
}
