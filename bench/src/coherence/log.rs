//! Where all tasks put what they saw, until it is judged. Must never hold its lock while anything is awaited.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::history::{Commit, History, Read};

/// How many surprises are told one by one.
const SHOWN: usize = 10;

/// Counts of what is not a version.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    /// Reads that were answered with 200.
    pub(super) reads: u64,
    /// Reads that were answered otherwise, or not: by readers that start or are gone.
    pub(super) reads_failed: u64,
    /// What should not have happened to changes, in sentences; the first of them.
    pub(super) surprises: Vec<String>,
    /// Changes that were not made.
    pub(super) refused: u64,
}

#[derive(Debug, Default)]
struct Kept {
    history: History,
    counts: Counts,
}

/// What was seen since it was last taken.
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<Kept>);

impl Log {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what one answer showed.
    pub(super) fn read(&self, shown: impl Iterator<Item = Read>) {
        let mut kept = self.kept();
        kept.counts.reads += 1;
        kept.history.reads.extend(shown);
    }

    /// Counts a read that showed nothing.
    pub(super) fn failed(&self) {
        self.kept().counts.reads_failed += 1;
    }

    /// Keeps a change.
    pub(super) fn committed(&self, commit: Commit) {
        self.kept().history.commits.push(commit);
    }

    /// Keeps why a change was not made.
    pub(super) fn refused(&self, why: String) {
        let mut kept = self.kept();
        kept.counts.refused += 1;
        if kept.counts.surprises.len() < SHOWN {
            kept.counts.surprises.push(why);
        }
    }

    /// For a person who waits.
    pub(super) fn in_words(&self) -> String {
        let kept = self.kept();
        format!(
            "{} changes, {} reads, {} of them not answered",
            kept.history.commits.len(),
            kept.counts.reads + kept.counts.reads_failed,
            kept.counts.reads_failed
        )
    }

    /// Takes all of it out.
    pub(super) fn take(&self) -> (History, Counts) {
        let kept = mem::take(&mut *self.kept());
        (kept.history, kept.counts)
    }
}
