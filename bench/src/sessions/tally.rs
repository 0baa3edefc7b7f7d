//! What became of the requests. Must never hold its lock while anything is awaited.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::latencies::Latencies;
use crate::report::Report;

/// What became of a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    /// It was answered whole.
    Answered { status: u16, took: Duration },
    /// There was no answer for so long that the session gave up.
    Hung,
    /// The connection broke.
    Broke,
}

#[derive(Debug, Default)]
struct Counts {
    requests: u64,
    hung: u64,
    broke: u64,
    statuses: BTreeMap<u16, u64>,
    answers: Latencies,
    changes: u64,
    refused_changes: u64,
}

/// The counts of all sessions.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<Counts>);

impl Tally {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request that has come to its end.
    pub(super) fn count(&self, fate: Fate) {
        let mut counts = self.counts();
        counts.requests += 1;
        match fate {
            Fate::Answered { status, took } => {
                *counts.statuses.entry(status).or_default() += 1;
                counts.answers.record(took);
            }
            Fate::Hung => counts.hung += 1,
            Fate::Broke => counts.broke += 1,
        }
    }

    /// Counts a change by staff that was answered so.
    pub(super) fn changed(&self, status: u16) {
        let mut counts = self.counts();
        counts.changes += 1;
        counts.refused_changes += u64::from(status != 200);
    }

    /// For a person who waits.
    pub(super) fn in_words(&self) -> String {
        let counts = self.counts();
        format!(
            "{} requests, {} hung, {} broke, {} changes",
            counts.requests, counts.hung, counts.broke, counts.changes
        )
    }

    /// Adds everything to `report`; the load took `took`.
    pub(super) fn report(&self, report: &mut Report, took: Duration) {
        let counts = self.counts();
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
        report.value("requests", counts.requests);
        report.value("requests_per_s", counts.requests.saturating_mul(1000) / took_ms);
        report.value("statuses", &counts.statuses);
        report.value("hung", counts.hung);
        report.value("broke", counts.broke);
        report.value("p50_ms", counts.answers.p50_ms());
        report.value("p99_ms", counts.answers.p99_ms());
        report.value("max_ms", counts.answers.max_ms());
        report.value("admin_changes", counts.changes);
        report.at_most("requests without an answer in time", counts.hung, 0);
        report.at_most("connections that broke", counts.broke, 0);
        report.at_most("changes by staff that were refused", counts.refused_changes, 0);
        let others = counts.statuses.iter().filter(|(status, _)| **status != 200);
        let others = others.map(|(_, count)| count).sum();
        report.at_most("pages that were not answered with 200", others, 0);
    }
}
