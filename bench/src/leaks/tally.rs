//! What became of the requests. Must never hold its lock while anything is awaited.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::latencies::Latencies;
use crate::report::Report;

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Page,
    Bet,
    Change,
}

/// What became of a request.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    /// It was answered whole.
    Answered { status: u16, took: Duration },
    /// Its client hung up before any of an answer came.
    Dropped,
    /// Its client hung up when the answer had begun.
    CutShort { status: u16 },
    /// A patient client got no answer for so long that it gave up.
    Hung,
    /// A connection could not be made, or broke without its client's doing.
    Failed,
}

/// What a player knows of a bet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Nothing that would tell whether there was a round.
    Nothing,
    /// That it was taken.
    Taken,
    /// The id of its round.
    Round(String),
}

/// A bet that was sent, at least in part.
#[derive(Clone, Debug)]
pub(super) struct Bet {
    /// The player's place among all.
    pub(super) player: usize,
    /// The idempotency key, unique over all players.
    pub(super) key: String,
    /// What came back.
    pub(super) told: Told,
}

#[derive(Debug, Default)]
struct Counts {
    requests: u64,
    changes: u64,
    dropped: u64,
    cut_short: u64,
    hung: u64,
    failed: u64,
    statuses: BTreeMap<u16, u64>,
    pages: Latencies,
    bets: Latencies,
    sent_bets: Vec<Bet>,
}

/// The counts of all sessions.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<Counts>);

impl Tally {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request that has come to its end.
    pub(super) fn count(&self, purpose: Purpose, fate: &Fate) {
        let mut counts = self.counts();
        counts.requests += 1;
        counts.changes += u64::from(purpose == Purpose::Change);
        match *fate {
            Fate::Answered { status, took } => {
                *counts.statuses.entry(status).or_default() += 1;
                match purpose {
                    Purpose::Page => counts.pages.record(took),
                    Purpose::Bet => counts.bets.record(took),
                    Purpose::Change => {}
                }
            }
            Fate::CutShort { status } => {
                *counts.statuses.entry(status).or_default() += 1;
                counts.cut_short += 1;
            }
            Fate::Dropped => counts.dropped += 1,
            Fate::Hung => counts.hung += 1,
            Fate::Failed => counts.failed += 1,
        }
    }

    /// Keeps a bet for the check of its effect.
    pub(super) fn keep(&self, bet: Bet) {
        self.counts().sent_bets.push(bet);
    }

    /// The bets that were sent.
    pub(super) fn bets(&self) -> Vec<Bet> {
        self.counts().sent_bets.clone()
    }

    /// For a person who waits.
    pub(super) fn in_words(&self) -> String {
        let counts = self.counts();
        format!(
            "{} requests ({} bets), {} dropped, {} cut short, {} hung, {} failed",
            counts.requests,
            counts.sent_bets.len(),
            counts.dropped,
            counts.cut_short,
            counts.hung,
            counts.failed
        )
    }

    /// Adds everything to `report`; the load took `took`.
    pub(super) fn report(&self, report: &mut Report, took: Duration) {
        let counts = self.counts();
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
        report.value("requests", counts.requests);
        report.value("requests_per_s", counts.requests.saturating_mul(1000) / took_ms);
        report.value("bets", counts.sent_bets.len());
        report.value("admin_changes", counts.changes);
        report.value("dropped", counts.dropped);
        report.value("cut_short", counts.cut_short);
        report.value("hung", counts.hung);
        report.value("failed", counts.failed);
        report.value("statuses", &counts.statuses);
        report.value("page_p50_ms", counts.pages.p50_ms());
        report.value("page_p99_ms", counts.pages.p99_ms());
        report.value("bet_p50_ms", counts.bets.p50_ms());
        report.value("bet_p99_ms", counts.bets.p99_ms());
        report.at_most("requests without an answer in time", counts.hung, 0);
        report.at_most("connections that broke", counts.failed, 0);
    }
}
