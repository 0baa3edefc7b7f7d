//! One fetch at a time for each thing. A fetch runs in a task of its own, so that a caller who leaves can't cancel it.
//! Must never know what is fetched.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use shared::clock::Clock;

/// Fetches under way, by what they fetch.
#[derive(Debug)]
pub struct Flights<K, T> {
    under_way: Arc<UnderWay<K, T>>,
    is_paused: AtomicBool,
    failed: Mutex<HashMap<K, Duration>>,
    backoff: Duration,
    clock: Clock,
    tasks: TaskTracker,
}

type UnderWay<K, T> = Mutex<HashMap<K, watch::Receiver<Option<T>>>>;

/// A fetch that can be waited for.
#[derive(Debug)]
pub struct Flight<T>(watch::Receiver<Option<T>>);

/// A failure is forgotten once so many have been noted: they only save work.
const MAX_FAILURES: usize = 10_000;

impl<T: Clone> Flight<T> {
    /// Waits until the fetch has ended, well or badly, at most `limit`. What it made, if anything: a cache that is full
    /// may not have kept it.
    pub async fn ended(mut self, limit: Duration) -> Option<T> {
        // A fetch that made nothing sends nothing: the sender is dropped when it ends.
        let _ = tokio::time::timeout(limit, self.0.changed()).await;
        self.0.borrow().clone()
    }
}

impl<K: Copy + Eq + Hash + Send + 'static, T: Send + Sync + 'static> Flights<K, T> {
    /// None yet. After a failure the same thing is not fetched again for `backoff`.
    pub fn new(backoff: Duration, clock: Clock, tasks: TaskTracker) -> Self {
        Self {
            under_way: Arc::default(),
            is_paused: AtomicBool::new(false),
            failed: Mutex::default(),
            backoff,
            clock,
            tasks,
        }
    }

    /// Lets no fetch begin, and waits until those under way have ended.
    pub async fn pause(&self) {
        loop {
            let next = {
                let under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
                self.is_paused.store(true, Ordering::Release);
                under_way.values().next().cloned()
            };
            let Some(mut flight) = next else {
                return;
            };
            // The sender is dropped when the fetch ends, if it sends nothing.
            let _ = flight.changed().await;
        }
    }

    /// Lets fetches begin again, also of what failed before.
    pub fn resume(&self) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.is_paused.store(false, Ordering::Release);
    }

    /// Joins the fetch of `key` that is under way, or begins `fetch`. `None` when the last one failed just now, and
    /// during a pause.
    pub fn join<F>(&self, key: K, fetch: impl FnOnce() -> F) -> Option<Flight<T>>
    where
        F: Future<Output = Option<T>> + Send + 'static,
    {
        if self.failed_just_now(key) {
            return None;
        }
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_paused.load(Ordering::Acquire) {
            return None;
        }
        match under_way.entry(key) {
            Entry::Occupied(there) => Some(Flight(there.get().clone())),
            Entry::Vacant(free) => {
                let (ended, wait) = watch::channel(None);
                free.insert(wait.clone());
                let landing = Landing {
                    key,
                    under_way: Arc::clone(&self.under_way),
                    made: None,
                    ended,
                };
                let fetch = fetch();
                self.tasks.spawn(async move {
                    let made = fetch.await;
                    landing.with(made);
                });
                Some(Flight(wait))
            }
        }
    }

    /// Whether `key` is being fetched.
    pub fn is_under_way(&self, key: K) -> bool {
        let under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.contains_key(&key)
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
struct Landing<K: Eq + Hash, T> {
    key: K,
    under_way: Arc<UnderWay<K, T>>,
    made: Option<T>,
    ended: watch::Sender<Option<T>>,
}

impl<K: Eq + Hash, T> Landing<K, T> {
    fn with(mut self, made: Option<T>) {
        self.made = made;
    }
}

impl<K: Eq + Hash, T> Drop for Landing<K, T> {
    fn drop(&mut self) {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.key);
        // Only now: who wakes must find the list without it. Without a value, dropping the sender wakes them.
        if let Some(made) = self.made.take() {
            self.ended.send_replace(Some(made));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use time::OffsetDateTime;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn flights(clock: &Clock) -> Flights<u8, usize> {
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
            Some(counted.fetch_add(1, Ordering::SeqCst) + 1)
        });
        let second = flights.join(1, || async { panic!("a second fetch began") });
        drop(first);
        go.send(()).unwrap();
        assert_eq!(second.unwrap().ended(LONG).await, Some(1));
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_fetch_that_panics_wakes_who_waits_and_can_be_tried_again() {
        let clock = Clock::manual(OffsetDateTime::UNIX_EPOCH);
        let flights = flights(&clock);
        let flight = flights.join(1, || async { panic!("on purpose") });
        assert_eq!(flight.unwrap().ended(LONG).await, None);
        assert!(flights.under_way.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_pause_begins_when_every_fetch_has_ended_and_lets_none_begin() {
        let clock = Clock::manual(OffsetDateTime::UNIX_EPOCH);
        let flights = flights(&clock);
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        let flight = flights.join(1, || async move {
            wait.await.unwrap();
            Some(1)
        });
        flights.failed(2);
        let mut pause = Box::pin(flights.pause());
        assert!(futures_util::poll!(&mut pause).is_pending());
        assert!(flights.join(3, || async { Some(3) }).is_none());
        go.send(()).unwrap();
        pause.await;
        assert_eq!(flight.unwrap().ended(LONG).await, Some(1));
        assert!(flights.join(1, || async { Some(1) }).is_none());
        flights.resume();
        assert!(flights.join(2, || async { Some(2) }).is_some());
    }

    #[tokio::test]
    async fn a_failure_is_not_repeated_at_once() {
        let clock = Clock::manual(OffsetDateTime::UNIX_EPOCH);
        let flights = flights(&clock);
        flights.failed(1);
        assert!(flights.join(1, || async { None }).is_none());
        assert!(flights.join(2, || async { None }).is_some());
        clock.advance(Duration::from_millis(500));
        assert!(flights.join(1, || async { None }).is_some());
    }
}
