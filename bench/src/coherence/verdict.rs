//! What follows from all that was seen, in words and in the last line. Must never leave a stale read untold.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Options;
use super::audit::Audit;
use super::history::{Stale, Visible};
use super::links::{Counts as Pushes, Weather};
use super::log::Counts;
use super::phases::{Plan, Seen};
use crate::aim::Aim;
use crate::report::{Report, say};

/// What a run should come to. To miss one is no failure: machines differ.
const MOST_PUSH_P99_MS: f64 = 20.0;
const MOST_PULL_MS: f64 = 1500.0;
/// How many stale reads are told one by one.
const SHOWN: usize = 10;

/// What one stretch came to.
#[derive(Debug)]
struct Judged {
    plan: Plan,
    visible: Visible,
    stale: Vec<Stale>,
    changes: usize,
    counts: Counts,
    restarts: u32,
    took: Duration,
}

/// What all of it came to.
#[derive(Debug)]
pub(super) struct Verdict {
    bound: Duration,
    readers: usize,
    judged: Vec<Judged>,
    audit: Audit,
    pushes: [(&'static str, u64); 4],
}

impl Verdict {
    /// Nothing yet.
    pub(super) fn new(bound: Duration, readers: usize) -> Self {
        Self {
            bound,
            readers,
            judged: Vec::new(),
            audit: Audit::default(),
            pushes: [("passed", 0), ("lost", 0), ("doubled", 0), ("delayed", 0)],
        }
    }

    /// Judges a stretch, and tells what it came to.
    pub(super) fn judge(&mut self, seen: Seen) {
        let judged = Judged {
            plan: seen.plan,
            visible: seen.history.visible(self.readers),
            stale: seen.history.stale_after(self.bound),
            changes: seen.history.commits.len(),
            counts: seen.counts,
            restarts: seen.restarts,
            took: seen.took,
        };
        say(&judged.in_words());
        self.judged.push(judged);
    }

    /// Adds what the readers found themselves, and what became of pushes.
    pub(super) fn add(&mut self, audit: Audit, pushes: &Pushes) {
        self.audit = audit;
        let counters = [&pushes.passed, &pushes.lost, &pushes.doubled, &pushes.delayed];
        for ((_, count), counter) in self.pushes.iter_mut().zip(counters) {
            *count = counter.load(Ordering::Relaxed);
        }
    }

    /// For the last line.
    pub(super) fn report(&self, options: &Options) -> Report {
        let mut report = Report::new("coherence");
        report.value("readers", options.readers);
        report.value("bound_ms", options.bound_ms);
        report.value(
            "changes",
            self.judged.iter().map(|one| one.changes).sum::<usize>(),
        );
        for judged in &self.judged {
            judged.report(&mut report);
        }
        let stale: usize = self.judged.iter().map(|one| one.stale.len()).sum();
        report.value(
            "reads",
            self.judged.iter().map(|one| one.counts.reads).sum::<u64>(),
        );
        report.value("stale_after_bound", stale);
        report.value("audit_inconsistent", self.audit.after_bound());
        report.value("audit_inconsistent_by_time", self.audit.by_time());
        report.value(
            "restarts",
            self.judged.iter().map(|one| one.restarts).sum::<u32>(),
        );
        for (fate, count) in self.pushes {
            report.value(&format!("pushes_{fate}"), count);
        }
        report.at_most("reads that were older than the bound allows", stale as u64, 0);
        let inconsistent = self.audit.after_bound().unwrap_or_default();
        report.at_most("pages that the auditors found wrong", inconsistent, 0);
        report
    }
}

impl Judged {
    fn in_words(&self) -> String {
        let slowest = &self.visible.slowest;
        format!(
            "{}: {} changes in {:.0} s, at the slowest reader after {:.1} ms (p50), {:.1} ms (p99), at most {:.1} ms; \
             {} reads, {} of them too old, {} not answered; {} restarts",
            self.plan.name,
            self.changes,
            self.took.as_secs_f64(),
            slowest.p50_ms(),
            slowest.p99_ms(),
            slowest.max_ms(),
            self.counts.reads,
            self.stale.len(),
            self.counts.reads_failed,
            self.restarts
        )
    }

    fn report(&self, report: &mut Report) {
        let (name, slowest) = (self.plan.name, &self.visible.slowest);
        report.value(&format!("{name}_p50_ms"), slowest.p50_ms());
        report.value(&format!("{name}_p99_ms"), slowest.p99_ms());
        report.value(&format!("{name}_max_ms"), slowest.max_ms());
        report.value(&format!("{name}_reads_failed"), self.counts.reads_failed);
        match self.plan.weather {
            Weather::Fair => {
                let what = "milliseconds until the slowest reader shows a pushed change (p99)";
                Aim::AtMost(MOST_PUSH_P99_MS).tell(what, slowest.p99_ms());
            }
            Weather::Cut => {
                let what = "milliseconds until the slowest reader shows a change by its pull";
                Aim::AtMost(MOST_PULL_MS).tell(what, slowest.max_ms());
            }
            Weather::Rough => {}
        }
        if self.plan.weather != Weather::Rough {
            let what = format!("reads that failed while no reader was restarted ({name})");
            report.at_most(&what, self.counts.reads_failed, 0);
        }
        let what = format!("changes that some reader was never seen to show ({name})");
        report.at_most(&what, self.visible.unseen, 0);
        report.at_most(
            &format!("changes that were not made ({name})"),
            self.counts.refused,
            0,
        );
        for surprise in &self.counts.surprises {
            report.broken(surprise.clone());
        }
        for stale in self.stale.iter().take(SHOWN) {
            report.broken(format!("{name}: {stale:?}"));
        }
    }
}
