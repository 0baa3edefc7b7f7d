//! The newest version known of each topic. Must never go down.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use shared::coherence::{Change, Topic};
use shared::ids::Version;

/// The versions that anything served as current must have.
#[derive(Clone, Debug, Default)]
pub struct Required(HashMap<Topic, Version>);

impl Required {
    /// The version wanted of a topic; 0 when it never changed.
    pub fn of(&self, topic: Topic) -> Version {
        self.0.get(&topic).copied().unwrap_or(Version::NONE)
    }

    /// Takes over a change when it is news; returns whether it was.
    pub fn raise(&mut self, change: Change) -> bool {
        let known = self.0.entry(change.topic).or_insert(Version::NONE);
        let is_news = change.version > *known;
        *known = change.version.max(*known);
        is_news
    }

    /// Topics known.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no topic is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All that is known, in no order.
    pub fn iter(&self) -> impl Iterator<Item = Change> {
        self.0.iter().map(|(topic, version)| Change {
            topic: *topic,
            version: *version,
        })
    }
}

/// [`Required`], read without waiting and changed by one writer at a time.
#[derive(Debug, Default)]
pub struct Versions {
    current: ArcSwap<Required>,
    writing: Mutex<()>,
}

impl Versions {
    /// What is wanted now.
    pub fn load(&self) -> Guard<Arc<Required>> {
        self.current.load()
    }

    /// Takes over changes; returns those that were news.
    pub fn raise(&self, changes: &[Change]) -> Vec<Change> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.current.load();
        if changes
            .iter()
            .all(|change| before.of(change.topic) >= change.version)
        {
            return Vec::new();
        }
        let mut after = Required::clone(&before);
        let news = changes
            .iter()
            .copied()
            .filter(|change| after.raise(*change))
            .collect();
        self.current.store(Arc::new(after));
        news
    }
}

#[cfg(test)]
mod tests {
    use shared::coherence::Kind;
    use shared::ids::OperatorId;

    use super::*;

    fn change(version: i64) -> Change {
        Change {
            topic: Topic::of(OperatorId::new(1), Kind::Theme),
            version: Version::new(version),
        }
    }

    #[test]
    fn the_higher_version_wins_in_whatever_order_they_come() {
        let versions = Versions::default();
        assert_eq!(versions.raise(&[change(2)]), [change(2)]);
        assert_eq!(versions.raise(&[change(1)]), []);
        assert_eq!(versions.raise(&[change(2)]), []);
        assert_eq!(versions.raise(&[change(4), change(3)]), [change(4)]);
        assert_eq!(versions.load().of(change(0).topic), Version::new(4));
    }
}
