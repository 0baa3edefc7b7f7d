//! One fetch at a time for each thing. A fetch runs in a task of its own, so that a caller who leaves can't cancel it.
//! Must never know what is fetched.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use shared::clock::Clock;

/// Fetches under way, by what they fetch.
#[derive(Debug)]
pub struct Flights<K> {
    under_way: Arc<Mutex<HashMap<K, watch::Receiver<()>>>>,
    failed: Mutex<HashMap<K, Duration>>,
    backoff: Duration,
    clock: Clock,
    tasks: TaskTracker,
}

/// A fetch that can be waited for.
#[derive(Debug)]
pub struct Flight(watch::Receiver<()>);

/// A failure is forgotten once so many have been noted: they only save work.
const MAX_FAILURES: usize = 10_000;

impl Flight {
    /// Waits until the fetch has ended, well or badly, at most `limit`.
    pub async fn ended(mut self, limit: Duration) {
        // The sender never sends: it is dropped when the fetch ends.
        let _ = tokio::time::timeout(limit, self.0.changed()).await;
    }
}

impl<K: Copy + Eq + Hash + Send + 'static> Flights<K> {
    /// None yet. After a failure the same thing is not fetched again for `backoff`.
    pub fn new(backoff: Duration, clock: Clock, tasks: TaskTracker) -> Self {
        Self {
            under_way: Arc::default(),
            failed: Mutex::default(),
            backoff,
            clock,
            tasks,
        }
    }

    /// Joins the fetch of `key` that is under way, or begins `fetch`. `None` when the last one failed just now.
    pub fn join<F>(&self, key: K, fetch: impl FnOnce() -> F) -> Option<Flight>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if self.failed_just_now(key) {
            return None;
        }
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        match under_way.entry(key) {
            Entry::Occupied(there) => Some(Flight(there.get().clone())),
            Entry::Vacant(free) => {
                let (ended, wait) = watch::channel(());
                free.insert(wait.clone());
                let landing = Landing {
                    key,
                    under_way: Arc::clone(&self.under_way),
                    ended: Some(ended),
                };
                let fetch = fetch();
                self.tasks.spawn(async move {
                    let _landing = landing;
                    fetch.await;
                });
                Some(Flight(wait))
            }
        }
    }

    /// Notes that the fetch of `key` failed.
    pub fn failed(&self, key: K) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed.len() >= MAX_FAILURES {
            failed.clear();
        }
        failed.insert(key, self.clock.elapsed() + self.backoff);
    }

    fn failed_just_now(&self, key: K) -> bool {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        match failed.get(&key) {
            Some(until) if self.clock.elapsed() < *until => true,
            Some(_) => {
                failed.remove(&key);
                false
            }
            None => false,
        }
    }
}

/// Takes a fetch off the list when it ends, also by a panic, and wakes who waits for it.
struct Landing<K: Eq + Hash> {
    key: K,
    under_way: Arc<Mutex<HashMap<K, watch::Receiver<()>>>>,
    ended: Option<watch::Sender<()>>,
}

impl<K: Eq + Hash> Drop for Landing<K> {
    fn drop(&mut self) {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
        // Only now: who wakes must find the list without it.
        drop(self.ended.take());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use time::OffsetDateTime;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn flights(clock: &Clock) -> Flights<u8> {
        Flights::new(Duration::from_millis(500), clock.clone(), TaskTracker::new())
    }

    #[tokio::test]
    async fn many_callers_share_one_fetch_that_no_one_can_cancel() {
        let clock = Clock::manual(OffsetDateTime::UNIX_EPOCH);
        let flights = flights(&clock);
        let fetches = Arc::new(AtomicUsize::new(0));
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        let counted = Arc::clone(&fetches);
        let first = flights.join(1, || async move {
            wait.await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
        });
        let second = flights.join(1, || async { panic!("a second fetch began") });
        drop(first);
        go.send(()).unwrap();
        second.unwrap().ended(LONG).await;
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_fetch_that_panics_wakes_who_waits_and_can_be_tried_again() {
        let clock = Clock::manual(OffsetDateTime::UNIX_EPOCH);
        let flights = flights(&clock);
        flights
            .join(1, || async { panic!("on purpose") })
            .unwrap()
            .ended(LONG)
            .await;
        assert!(flights.under_way.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_failure_is_not_repeated_at_once() {
        let clock = Clock::manual(OffsetDateTime::UNIX_EPOCH);
        let flights = flights(&clock);
        flights.failed(1);
        assert!(flights.join(1, || async {}).is_none());
        assert!(flights.join(2, || async {}).is_some());
        clock.advance(Duration::from_millis(500));
        assert!(flights.join(1, || async {}).is_some());
    }
}
