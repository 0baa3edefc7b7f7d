//! Telling every reader of committed changes: who they are, all at once, and again in the background.
//! Must never hold more attempts, retries or look-ups at once than its limits say.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{join, join_all};
use reqwest::{Client, redirect};
use shared::clock::Clock;
use shared::coherence::{Change, Older, WebhookSecrets};
use shared::random::Random;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::answer::{PushHealth, PushReport};
use super::delivery::{Delivery, Parcel, instance_of};
use super::lookup::Lookup;
use super::options::{ReaderName, ReaderOptions, ReaderUrl};
use super::store::News;

/// Idle connections kept to one reader.
const MAX_IDLE_PER_READER: usize = 4;
/// How long they are kept: less than a reader waits for the next request on one.
const IDLE_LIMIT: Duration = Duration::from_mins(1);
/// Look-ups of names at once. One that hangs holds a thread until the system gives up.
const MAX_LOOKUPS: usize = 8;
/// The pause before an attempt is doubled at most this often.
const MAX_DOUBLINGS: u32 = 6;

/// The readers that are told of changes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Readers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: ReaderOptions,
    secrets: WebhookSecrets,
    client: Client,
    clock: Clock,
    random: Random,
    tasks: TaskTracker,
    attempts: Semaphore,
    retries: Arc<Semaphore>,
    lookups: Arc<Semaphore>,
    lookup: Lookup,
    /// The names that readers gave themselves, by address.
    names: Mutex<HashMap<String, String>>,
    counts: Counts,
}

/// What one reader said to the first attempt to tell it.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// Its address, or the name that can't be looked up.
    pub(super) address: String,
    /// The name that it gave itself, at this time or before.
    pub(super) instance: Option<String>,
    /// What came of the attempt.
    pub(super) delivery: Delivery,
    /// What it says to serve, of the changes that it was told of.
    pub(super) versions: Vec<Change>,
}

#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    acknowledged: AtomicU64,
    failed: AtomicU64,
    left_to_pull: AtomicU64,
}

impl Readers {
    /// Nobody is told of anything yet. Shutdown waits for the pushes in `tasks`.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(
        options: ReaderOptions,
        secrets: WebhookSecrets,
        clock: Clock,
        random: Random,
        tasks: TaskTracker,
    ) -> Result<Self, reqwest::Error> {
        Self::with_lookup(options, secrets, clock, random, tasks, Lookup::system())
    }

    fn with_lookup(
        options: ReaderOptions,
        secrets: WebhookSecrets,
        clock: Clock,
        random: Random,
        tasks: TaskTracker,
        lookup: Lookup,
    ) -> Result<Self, reqwest::Error> {
        // No proxy and no redirect: a push is signed for this one reader.
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .connect_timeout(Duration::from_millis(options.reader_connect_ms))
            .pool_max_idle_per_host(MAX_IDLE_PER_READER)
            .pool_idle_timeout(IDLE_LIMIT)
            .build()?;
        Ok(Self(Arc::new(Inner {
            attempts: Semaphore::new(options.reader_max_pushes),
            retries: Arc::new(Semaphore::new(options.reader_max_retries)),
            lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)),
            lookup,
            options,
            secrets,
            client,
            clock,
            random,
            tasks,
            names: Mutex::default(),
            counts: Counts::default(),
        })))
    }

    /// Tells every reader of what is committed, and reports what each said to the first attempt.
    /// Those that don't serve the changes yet are told again in the background. Goes on when the caller leaves.
    pub async fn push(&self, news: News) -> PushReport {
        let mut report = PushReport::default();
        for said in self.tell(news, Older::Kept).await {
            report.add(said.instance.unwrap_or(said.address), said.delivery);
        }
        report.in_order()
    }

    /// The same, with what is to become of older data, and with all that each reader said.
    pub(super) async fn tell(&self, news: News, older: Older) -> Vec<Said> {
        if news.changes.is_empty() {
            return Vec::new();
        }
        let inner = Arc::clone(&self.0);
        let task = self.0.tasks.spawn(async move { inner.tell(news, older).await });
        task.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a push broke off");
            Vec::new()
        })
    }

    /// The tasks that shutdown waits for.
    pub(super) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// What the pushes came to so far.
    pub fn health(&self) -> PushHealth {
        let counts = &self.0.counts;
        let free = self.0.retries.available_permits();
        PushHealth {
            pushes_sent: counts.sent.load(Ordering::Relaxed),
            pushes_acknowledged: counts.acknowledged.load(Ordering::Relaxed),
            pushes_failed: counts.failed.load(Ordering::Relaxed),
            pushes_left_to_pull: counts.left_to_pull.load(Ordering::Relaxed),
            pushes_in_retry: self.0.options.reader_max_retries.saturating_sub(free),
        }
    }
}

impl Inner {
    async fn tell(self: Arc<Self>, news: News, older: Older) -> Vec<Said> {
        let id = format!("msg_{}", self.random.uuid(self.clock.now()));
        let parcel = match Parcel::new(id, news, older) {
            Ok(parcel) => Arc::new(parcel),
            Err(error) => {
                tracing::error!(%error, "changes can't be packed");
                return Vec::new();
            }
        };
        let listed: Vec<_> = self.options.reader_urls.iter().cloned().collect();
        let listed = self.within_most(listed, 0);
        let looked_up = async {
            let (found, lost) = self.look_up(&listed).await;
            (self.deliver_to_all(found, &parcel).await, lost)
        };
        let (first, (second, lost)) = join(self.deliver_to_all(listed.clone(), &parcel), looked_up).await;
        let lost = lost.into_iter().map(|name| Said {
            address: name.to_string(),
            instance: None,
            delivery: Delivery::Unreachable,
            versions: Vec::new(),
        });
        first.into_iter().chain(second).chain(lost).collect()
    }

    /// The readers that the names stand for now, without the `listed` ones, and the names that can't be looked up.
    async fn look_up(&self, listed: &[ReaderUrl]) -> (Vec<ReaderUrl>, Vec<&ReaderName>) {
        let limit = Duration::from_millis(self.options.reader_dns_ms);
        let names = self.options.reader_dns.iter();
        let answers = join_all(names.map(async |name| {
            let answer = tokio::time::timeout(limit, self.addresses(name)).await;
            (name, answer.ok().flatten())
        }))
        .await;
        let (mut found, mut lost) = (Vec::new(), Vec::new());
        for (name, answer) in answers {
            match answer {
                None => {
                    self.counts.left_to_pull.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(%name, "the readers of this name can't be found: left to their pull");
                    lost.push(name);
                }
                Some(readers) => {
                    for reader in readers {
                        if !listed.contains(&reader) && !found.contains(&reader) {
                            found.push(reader);
                        }
                    }
                }
            }
        }
        (self.within_most(found, listed.len()), lost)
    }

    async fn addresses(&self, name: &ReaderName) -> Option<Vec<ReaderUrl>> {
        let place = Arc::clone(&self.lookups).acquire_owned().await.ok()?;
        let (lookup, host) = (self.lookup.clone(), name.as_str().to_owned());
        // In a task of its own, because the system's look-up goes on when nobody waits for it any more.
        let lookup = tokio::spawn(async move {
            let found = lookup.addresses(host).await;
            drop(place);
            found
        });
        let found = lookup.await.ok()?.ok()?;
        Some(
            found
                .into_iter()
                .filter_map(|address| ReaderUrl::at(address).ok())
                .collect(),
        )
    }

    /// As many of `readers` as there may be beside `others`.
    fn within_most(&self, mut readers: Vec<ReaderUrl>, others: usize) -> Vec<ReaderUrl> {
        let room = self.options.reader_max.saturating_sub(others);
        if readers.len() > room {
            let left_out = readers.len() - room;
            tracing::warn!(left_out, "more readers than a push goes to: left to their pull");
            readers.truncate(room);
        }
        readers
    }

    /// The first attempt for each of `readers`, at once. The next one for a reader that failed does not wait for
    /// the others.
    async fn deliver_to_all(self: &Arc<Self>, readers: Vec<ReaderUrl>, parcel: &Arc<Parcel>) -> Vec<Said> {
        join_all(readers.into_iter().map(async |reader| {
            let (delivery, versions) = self.deliver(&reader, parcel).await;
            let said = Said {
                address: reader.as_str().to_owned(),
                instance: self.instance(&reader),
                delivery,
                versions,
            };
            if delivery != Delivery::Acknowledged {
                self.retry_later(reader, parcel);
            }
            said
        }))
        .await
    }

    /// One attempt: what came of it, and the versions that the reader says to serve.
    async fn deliver(&self, reader: &ReaderUrl, parcel: &Parcel) -> (Delivery, Vec<Change>) {
        let limit = Duration::from_millis(self.options.reader_push_ms);
        let Ok(Ok(_place)) = tokio::time::timeout(limit, self.attempts.acquire()).await else {
            return (Delivery::Pending, Vec::new());
        };
        self.counts.sent.fetch_add(1, Ordering::Relaxed);
        let now = self.clock.now();
        let answer = parcel.post(&self.client, &self.secrets, reader, now, limit);
        let (delivery, versions) = match answer.await {
            Ok(answer) => {
                if let Some(instance) = instance_of(&answer) {
                    self.remember(reader, instance);
                }
                (parcel.judge(&answer), answer.versions)
            }
            Err(error) => {
                let cause: &(dyn std::error::Error + 'static) = &error;
                tracing::debug!(reader = reader.as_str(), id = parcel.id(), cause, "not told");
                (error.delivery(), Vec::new())
            }
        };
        let count = match delivery {
            Delivery::Acknowledged => &self.counts.acknowledged,
            Delivery::Pending | Delivery::Unreachable => &self.counts.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
        (delivery, versions)
    }

    /// Goes on in the background until `reader` serves the changes or no attempt is left.
    fn retry_later(self: &Arc<Self>, reader: ReaderUrl, parcel: &Arc<Parcel>) {
        let Ok(place) = Arc::clone(&self.retries).try_acquire_owned() else {
            self.leave_to_pull(&reader, parcel);
            return;
        };
        let (inner, parcel) = (Arc::clone(self), Arc::clone(parcel));
        self.tasks.spawn(async move {
            for attempt in 1..inner.options.reader_attempts {
                let roll = u16::from_be_bytes(inner.random.bytes());
                let pause = pause_before(attempt, inner.options.reader_backoff_ms, roll);
                tokio::time::sleep(pause).await;
                if inner.deliver(&reader, &parcel).await.0 == Delivery::Acknowledged {
                    return;
                }
            }
            inner.leave_to_pull(&reader, &parcel);
            drop(place);
        });
    }

    fn leave_to_pull(&self, reader: &ReaderUrl, parcel: &Parcel) {
        self.counts.left_to_pull.fetch_add(1, Ordering::Relaxed);
        let name = self.instance(reader);
        let (reader, id) = (name.as_deref().unwrap_or(reader.as_str()), parcel.id());
        tracing::warn!(reader, id, "a push is given up: left to the reader's pull");
    }

    fn instance(&self, reader: &ReaderUrl) -> Option<String> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.get(reader.as_str()).cloned()
    }

    fn remember(&self, reader: &ReaderUrl, instance: &str) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.get(reader.as_str()).is_some_and(|name| name == instance) {
            return;
        }
        // Addresses come and go with deployments; the living ones are remembered again at the next push.
        if names.len() >= self.options.reader_max {
            names.clear();
        }
        names.insert(reader.as_str().to_owned(), instance.to_owned());
    }
}

/// The pause before the attempt after `attempt`: between half and all of `longest_ms`, doubled each time.
fn pause_before(attempt: u32, longest_ms: u64, roll: u16) -> Duration {
    let doublings = attempt.saturating_sub(1).min(MAX_DOUBLINGS);
    let longest_ms = longest_ms.saturating_mul(1 << doublings);
    let jitter_ms = u128::from(longest_ms / 2) * u128::from(roll) / u128::from(u16::MAX);
    let jitter_ms = u64::try_from(jitter_ms).unwrap_or(longest_ms);
    Duration::from_millis((longest_ms - longest_ms / 2).saturating_add(jitter_ms))
}

#[cfg(test)]
mod tests;
