//! Which page a target (path and query) stands for, as the routes said when they last answered it. Must never be used
//! after something is known that may make them say otherwise.
//!
//! With many operators a hit costs what it costs to fetch cold memory. So a target also leads straight to its page, and
//! says by one number that nothing was news since both were found to hold.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use arc_swap::ArcSwapWeak;
use prometheus_client::metrics::counter::Counter;
use shared::coherence::Change;
use shared::metrics::Metrics;

use crate::cache::entry::Entry;
use crate::cache::{Page, Pages};
use crate::coherence::versions::{Checked, Required};
use crate::pages::{Asked, route};

/// Targets longer than this are not remembered, in bytes.
const MAX_TARGET_BYTES: usize = 256;
/// So many requests at once can each learn a target without waiting for another.
const SHARDS: usize = 64;
/// Of so many hits of a target, one is told to the cache: enough to know which pages are popular.
const TOLD_ONE_IN: u64 = 16;

/// What is known of a target.
#[derive(Debug)]
pub(super) struct Target {
    page: Page,
    given: Box<[Change]>,
    era: u64,
    checked: Checked,
    entry: ArcSwapWeak<Entry>,
    hits: AtomicU64,
    /// Counts its answers with a body.
    pub(super) ok: Counter,
    /// Counts its answers that nothing changed.
    pub(super) unchanged: Counter,
}

impl Target {
    /// What the routes said in this era of the versions, to be counted in `metrics`.
    pub(super) fn new(asked: Asked, era: u64, metrics: &Metrics) -> Self {
        let route = route::of(asked.page);
        Self {
            page: asked.page,
            given: asked.given.into(),
            era,
            checked: Checked::default(),
            entry: ArcSwapWeak::new(Weak::new()),
            hits: AtomicU64::new(0),
            ok: metrics.requests(route, 200),
            unchanged: metrics.requests(route, 304),
        }
    }

    /// Its page as it is in memory, unless something newer speaks against it.
    pub(super) fn entry(&self, pages: &Pages, required: &Required) -> Option<Arc<Entry>> {
        if self.era != required.era() || !self.checked.holds(&self.given, required) {
            return None;
        }
        let is_told = self
            .hits
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(TOLD_ONE_IN);
        let near = if is_told {
            None
        } else {
            self.entry.load().upgrade()
        };
        if let Some(entry) = near.filter(|entry| entry.is_of(required)) {
            return Some(entry);
        }
        let entry = pages.get(self.page)?;
        self.entry.store(Arc::downgrade(&entry));
        Some(entry)
    }
}

type Shard = RwLock<HashMap<Box<str>, Target>>;

/// The targets known, bounded by their number. Only those that stand for a page are.
#[derive(Debug)]
pub(super) struct Targets {
    shards: [Shard; SHARDS],
    most_in_shard: usize,
}

impl Targets {
    /// None yet, and never more than about `most`.
    pub(super) fn new(most: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| Shard::default()),
            most_in_shard: most.div_ceil(SHARDS),
        }
    }

    /// Does something with what is known of a target.
    pub(super) fn with<T>(&self, target: &str, work: impl FnOnce(&Target) -> Option<T>) -> Option<T> {
        let known = self.shard(target).read().unwrap_or_else(PoisonError::into_inner);
        work(known.get(target)?)
    }

    /// Remembers a target. When there are too many, others are forgotten, and learnt again when they are asked for.
    pub(super) fn learn(&self, target: &str, learnt: Target) {
        if target.len() > MAX_TARGET_BYTES {
            return;
        }
        let mut known = self.shard(target).write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= self.most_in_shard && !known.contains_key(target) {
            known.clear();
        }
        known.insert(target.into(), learnt);
    }

    fn shard(&self, target: &str) -> &Shard {
        let sum = target
            .bytes()
            .fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
        &self.shards[usize::from(sum) % SHARDS]
    }
}

#[cfg(test)]
mod tests {
    use shared::clock::Clock;
    use time::OffsetDateTime;

    use super::*;

    #[test]
    fn no_more_targets_are_known_than_may_be() {
        let metrics = Metrics::new(Clock::manual(OffsetDateTime::UNIX_EPOCH));
        let targets = Targets::new(SHARDS);
        let learnt = || Target::new(Page::Sports.into(), 0, &metrics);
        for number in 0..1000 {
            targets.learn(&format!("/api/sports/sports?{number}"), learnt());
        }
        targets.learn(&"/".repeat(MAX_TARGET_BYTES + 1), learnt());
        let known = targets.shards.iter().map(|shard| shard.read().unwrap().len());
        assert!(known.sum::<usize>() <= SHARDS);
        let last = targets.with("/api/sports/sports?999", |target| Some(target.page));
        assert_eq!(last, Some(Page::Sports));
        assert_eq!(targets.with("/other", |target| Some(target.page)), None);
    }
}
