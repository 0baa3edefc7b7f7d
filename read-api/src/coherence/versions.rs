//! The newest version known of each topic. Must never go down while the database is the same.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use shared::coherence::{Change, Topic};
use shared::ids::{OperatorId, Version};
use tokio::sync::watch;

/// The versions that anything served as current must have, and those that anything served at all must have.
#[derive(Clone, Debug)]
pub struct Required {
    known: HashMap<Topic, Known>,
    /// Only of what was purged hard.
    oldest: HashMap<Topic, Version>,
    patience: Duration,
    /// How often something was news.
    news: u64,
    era: u64,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    version: Version,
    /// By the service's monotonic clock.
    since: Duration,
}

impl Required {
    /// Nothing yet. Bytes that a soft change made old may be served for `patience` after it is known.
    pub fn patient(patience: Duration) -> Self {
        Self {
            known: HashMap::new(),
            oldest: HashMap::new(),
            patience,
            news: 1,
            era: 0,
        }
    }

    /// Nothing any more: the database is another one. What was found before was not found of it.
    fn next_era(&self) -> Self {
        Self {
            news: self.news + 1,
            era: self.era + 1,
            ..Self::patient(self.patience)
        }
    }

    /// How often the database became another one.
    pub const fn era(&self) -> u64 {
        self.era
    }

    /// The version wanted of a topic; 0 when it never changed.
    pub fn of(&self, topic: Topic) -> Version {
        self.known
            .get(&topic)
            .map_or(Version::NONE, |known| known.version)
    }

    /// For how long something newer has been known; `None` when nothing is.
    pub fn newer_for(&self, change: Change, now: Duration) -> Option<Duration> {
        let known = self.known.get(&change.topic)?;
        (known.version > change.version).then(|| now.saturating_sub(known.since))
    }

    /// How long bytes may be served after a soft change made them old.
    pub const fn patience(&self) -> Duration {
        self.patience
    }

    /// Whether data of this version is so old that it must not be served any more.
    pub fn drops(&self, held: Change) -> bool {
        self.oldest
            .get(&held.topic)
            .is_some_and(|oldest| held.version < *oldest)
    }

    /// Takes over a change when it is news; returns whether it was.
    pub fn raise(&mut self, change: Change, now: Duration) -> bool {
        let is_news = change.version > self.of(change.topic);
        if is_news {
            let known = Known {
                version: change.version,
                since: now,
            };
            self.known.insert(change.topic, known);
            self.news += 1;
        }
        is_news
    }

    /// From now on nothing is served that is older than this hard purge.
    pub fn drop_older_than(&mut self, purged: Change) {
        let oldest = self.oldest.entry(purged.topic).or_insert(Version::NONE);
        *oldest = purged.version.max(*oldest);
    }

    /// Topics known.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether no topic is known.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// All that is known, in no order.
    pub fn iter(&self) -> impl Iterator<Item = Change> {
        self.known.iter().map(|(topic, known)| Change {
            topic: *topic,
            version: known.version,
        })
    }
}

/// Remembers that versions were found to be the newest known, until something is news.
#[derive(Debug, Default)]
pub struct Checked(AtomicU64);

impl Checked {
    /// Whether nothing newer than these is known.
    pub fn holds(&self, versions: &[Change], required: &Required) -> bool {
        if self.0.load(Ordering::Relaxed) == required.news {
            return true;
        }
        let holds = versions
            .iter()
            .all(|held| required.of(held.topic) <= held.version);
        if holds {
            self.0.store(required.news, Ordering::Relaxed);
        }
        holds
    }
}

/// [`Required`], read without waiting and changed by one writer at a time.
#[derive(Debug)]
pub struct Versions {
    current: ArcSwap<Required>,
    writing: Mutex<()>,
    told: Mutex<HashMap<OperatorId, watch::Sender<()>>>,
}

impl Versions {
    /// Nothing known yet; see [`Required::patient`].
    pub fn new(patience: Duration) -> Self {
        Self {
            current: ArcSwap::from_pointee(Required::patient(patience)),
            writing: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// Tells of every change to an operator's data, or the platform's, from now on.
    pub fn watch(&self, operator: OperatorId) -> watch::Receiver<()> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = told.entry(operator).or_insert_with(|| watch::channel(()).0);
        sender.subscribe()
    }

    fn tell(&self, news: &[Change]) {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for change in news {
            if let Some(sender) = told.get(&change.topic.operator_id) {
                sender.send_replace(());
            }
        }
    }

    /// Forgets everything, because the database is another one, and tells everybody.
    pub fn begin_era(&self) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let after = self.current.load().next_era();
        self.current.store(Arc::new(after));
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for sender in told.values() {
            sender.send_replace(());
        }
    }

    /// What is wanted now, to be compared with later.
    pub fn snapshot(&self) -> Arc<Required> {
        self.current.load_full()
    }

    /// What is wanted now.
    pub fn load(&self) -> Guard<Arc<Required>> {
        self.current.load()
    }

    /// Takes over changes of this era that are known from `now` on; returns those that were news.
    pub fn raise(&self, era: u64, changes: &[Change], now: Duration) -> Vec<Change> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.current.load();
        let is_known = |change: &Change| before.of(change.topic) >= change.version;
        if before.era != era || changes.iter().all(is_known) {
            return Vec::new();
        }
        let mut after = Required::clone(&before);
        let news: Vec<Change> = changes
            .iter()
            .copied()
            .filter(|change| after.raise(*change, now))
            .collect();
        self.current.store(Arc::new(after));
        self.tell(&news);
        news
    }

    /// From now on nothing is served that is older than these hard purges of this era.
    pub fn drop_older_than(&self, era: u64, purged: &[Change]) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.current.load();
        let is_known = |change: &Change| {
            let oldest = before.oldest.get(&change.topic);
            oldest.is_some_and(|oldest| *oldest >= change.version)
        };
        if before.era != era || purged.iter().all(is_known) {
            return;
        }
        let mut after = Required::clone(&before);
        for change in purged {
            after.drop_older_than(*change);
        }
        self.current.store(Arc::new(after));
    }
}

#[cfg(test)]
mod tests {
    use shared::coherence::Kind;

    use super::*;

    fn change(version: i64) -> Change {
        Change {
            topic: Topic::of(OperatorId::new(1), Kind::Theme),
            version: Version::new(version),
        }
    }

    #[test]
    fn the_higher_version_wins_in_whatever_order_they_come() {
        let versions = Versions::new(Duration::ZERO);
        let raise = |changes: &[Change]| versions.raise(0, changes, Duration::ZERO);
        assert_eq!(raise(&[change(2)]), [change(2)]);
        assert_eq!(raise(&[change(1)]), []);
        assert_eq!(raise(&[change(2)]), []);
        assert_eq!(raise(&[change(4), change(3)]), [change(4)]);
        assert_eq!(versions.load().of(change(0).topic), Version::new(4));
    }

    #[test]
    fn what_was_checked_is_checked_again_after_news_only() {
        let mut required = Required::patient(Duration::ZERO);
        let checked = Checked::default();
        assert!(checked.holds(&[change(0)], &required));
        required.raise(change(0), Duration::ZERO);
        assert!(checked.holds(&[change(0)], &required), "it was no news");
        required.raise(change(1), Duration::ZERO);
        assert!(!checked.holds(&[change(0)], &required));
        assert!(
            !checked.holds(&[change(0)], &required),
            "a second look sees the same"
        );
        assert!(Checked::default().holds(&[change(1)], &required));
    }

    #[test]
    fn of_another_database_nothing_is_known_and_nothing_was_checked() {
        let versions = Versions::new(Duration::ZERO);
        versions.raise(0, &[change(7)], Duration::ZERO);
        versions.drop_older_than(0, &[change(7)]);
        let checked = Checked::default();
        assert!(checked.holds(&[change(7)], &versions.load()));
        versions.begin_era();
        let required = versions.snapshot();
        assert_eq!((required.era(), required.is_empty()), (1, true));
        assert!(!required.drops(change(1)));
        versions.drop_older_than(0, &[change(9)]);
        assert_eq!(versions.raise(0, &[change(9)], Duration::ZERO), []);
        assert!(versions.load().is_empty(), "told too late");
        versions.raise(1, &[change(8)], Duration::ZERO);
        assert!(!checked.holds(&[change(7)], &versions.load()));
    }

    #[test]
    fn what_is_older_than_the_newest_hard_purge_is_dropped() {
        let versions = Versions::new(Duration::ZERO);
        assert!(!versions.load().drops(change(0)), "nothing was purged");
        for purged in [3, 2] {
            versions.drop_older_than(0, &[change(purged)]);
            assert!(versions.load().drops(change(2)));
            assert!(!versions.load().drops(change(3)));
        }
        versions.raise(0, &[change(4)], Duration::ZERO);
        assert!(
            !versions.load().drops(change(3)),
            "a change after it purges nothing"
        );
    }
}
