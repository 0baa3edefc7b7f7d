//! What was committed when, what was read when, and what follows from both. Must never forget a read, nor call one in
//! time by a guess about when a change was committed.

use std::collections::HashMap;
use std::time::Duration;

use shared::coherence::Topic;
use shared::ids::Version;

use crate::latencies::Latencies;

/// A change that the database has committed; the time is that of its commit, by the clock's elapsed time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Commit {
    pub(super) topic: Topic,
    pub(super) version: Version,
    pub(super) at: Duration,
}

/// The version of a topic that a reader showed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    pub(super) reader: usize,
    pub(super) topic: Topic,
    pub(super) version: Version,
    /// When it was asked.
    pub(super) began: Duration,
    /// When the whole answer was there.
    pub(super) ended: Duration,
}

/// All commits and reads of a stretch of time.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) commits: Vec<Commit>,
    pub(super) reads: Vec<Read>,
}

/// A read that should have shown a newer version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stale {
    pub(super) reader: usize,
    pub(super) topic: Topic,
    pub(super) shown: Version,
    pub(super) wanted: Version,
    /// For how long `wanted` had been committed when the read began.
    pub(super) after: Duration,
}

/// When the readers showed the changes.
#[derive(Debug, Default)]
pub(super) struct Visible {
    /// From each commit until the slowest reader showed it.
    pub(super) slowest: Latencies,
    /// Changes that some reader was never seen to show.
    pub(super) unseen: u64,
}

impl History {
    /// The reads that did not show what had been committed for longer than `bound` when they began.
    pub(super) fn stale_after(&self, bound: Duration) -> Vec<Stale> {
        let commits = self.commits_in_order();
        let stale = self.reads.iter().filter_map(|read| {
            let commits = commits.get(&read.topic)?;
            let due = commits.partition_point(|commit| commit.at + bound < read.began);
            // The oldest that is missing tells for how long.
            let missing = commits[..due]
                .iter()
                .find(|commit| commit.version > read.version)?;
            Some(Stale {
                reader: read.reader,
                topic: read.topic,
                shown: read.version,
                wanted: missing.version,
                after: read.began.saturating_sub(missing.at),
            })
        });
        stale.collect()
    }

    /// How long each change took until every one of `readers` had shown it.
    pub(super) fn visible(&self, readers: usize) -> Visible {
        let commits = self.commits_in_order();
        let mut reads: HashMap<(Topic, usize), Vec<&Read>> = HashMap::new();
        for read in &self.reads {
            reads.entry((read.topic, read.reader)).or_default().push(read);
        }
        for reads in reads.values_mut() {
            reads.sort_unstable_by_key(|read| read.ended);
        }
        let mut visible = Visible::default();
        for (topic, commits) in commits {
            let at_readers: Vec<Vec<Duration>> = (0..readers)
                .map(|reader| shown_at(&commits, reads.get(&(topic, reader)).map_or(&[], Vec::as_slice)))
                .collect();
            for (place, commit) in commits.iter().enumerate() {
                let shown: Option<Vec<Duration>> =
                    at_readers.iter().map(|shown| shown.get(place).copied()).collect();
                match shown.and_then(|shown| shown.into_iter().max()) {
                    Some(last) => visible.slowest.record(last.saturating_sub(commit.at)),
                    None => visible.unseen += 1,
                }
            }
        }
        visible
    }

    fn commits_in_order(&self) -> HashMap<Topic, Vec<Commit>> {
        let mut ordered: HashMap<Topic, Vec<Commit>> = HashMap::new();
        for commit in &self.commits {
            ordered.entry(commit.topic).or_default().push(*commit);
        }
        for commits in ordered.values_mut() {
            commits.sort_unstable_by_key(|commit| commit.version);
        }
        ordered
    }
}

/// When each of `commits` was first shown, as far as `reads` in the order of their ends tell.
fn shown_at(commits: &[Commit], reads: &[&Read]) -> Vec<Duration> {
    let mut shown = Vec::new();
    for read in reads {
        let news = commits[shown.len()..].iter();
        let count = news.take_while(|commit| commit.version <= read.version).count();
        shown.extend(std::iter::repeat_n(read.ended, count));
    }
    shown
}

#[cfg(test)]
mod tests {
    use shared::coherence::Kind;
    use shared::ids::OperatorId;

    use super::*;

    const TOPIC: Topic = Topic::of(OperatorId::new(1), Kind::Theme);

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn commit(version: i64, at_ms: u64) -> Commit {
        Commit {
            topic: TOPIC,
            version: Version::new(version),
            at: ms(at_ms),
        }
    }

    fn read(reader: usize, version: i64, began_ms: u64) -> Read {
        Read {
            reader,
            topic: TOPIC,
            version: Version::new(version),
            began: ms(began_ms),
            ended: ms(began_ms + 1),
        }
    }

    #[test]
    fn a_read_is_stale_only_when_what_it_lacks_was_committed_longer_ago_than_the_bound() {
        let history = |reads| History {
            commits: vec![commit(2, 1000), commit(1, 500)],
            reads,
        };
        for (version, began_ms, missing) in [
            (0, 400, None),
            (0, 1500, None),
            (0, 1501, Some((1, 1001))),
            (1, 2000, None),
            (1, 2001, Some((2, 1001))),
            (0, 2500, Some((1, 2000))),
            (2, 9000, None),
            (3, 9000, None),
        ] {
            let stale = history(vec![read(0, version, began_ms)]).stale_after(ms(1000));
            let found = stale.first().map(|stale| (stale.wanted.get(), stale.after));
            let missing = missing.map(|(wanted, after_ms)| (wanted, ms(after_ms)));
            assert_eq!(found, missing, "version {version} at {began_ms} ms");
        }
    }

    #[test]
    fn a_change_is_visible_once_the_slowest_reader_shows_it_or_a_newer_one() {
        let history = History {
            commits: vec![commit(1, 100), commit(2, 200), commit(3, 300)],
            reads: vec![
                read(0, 1, 110),
                read(1, 0, 115),
                read(0, 2, 230),
                read(1, 2, 259),
                read(0, 3, 310),
            ],
        };
        let visible = history.visible(2);
        assert_eq!(visible.unseen, 1, "the third change was never shown by reader 1");
        // The first after 160 ms, the second after 60 ms.
        assert!((59.0..62.0).contains(&visible.slowest.p50_ms()));
        assert!((159.0..163.0).contains(&visible.slowest.max_ms()));
    }

    #[test]
    fn what_nobody_read_was_not_seen() {
        let history = History {
            commits: vec![commit(1, 100)],
            reads: Vec::new(),
        };
        assert_eq!(history.visible(1).unseen, 1);
        assert!(history.stale_after(ms(1)).is_empty());
    }
}
