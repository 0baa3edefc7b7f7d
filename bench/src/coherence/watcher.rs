//! Reading pages of one reader over a kept connection, and noting the versions that they tell. Must never count a page
//! that was not answered with 200 as one that shows something.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use shared::clock::Clock;
use shared::coherence::VERSION_HEADER;
use shared::ids::Version;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::history::Read;
use super::log::Log;
use super::subjects::Subject;
use crate::wire::Kept;

/// How long an answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// How long a change is looked for before it counts as never seen.
const SEEN_LIMIT: Duration = Duration::from_secs(15);

/// Somebody who looks at pages of one reader.
#[derive(Debug)]
pub(super) struct Watcher {
    reader: usize,
    address: SocketAddr,
    kept: Option<Kept>,
    log: Arc<Log>,
    clock: Clock,
}

/// What a watcher is told of a change under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It is not answered yet.
    Awaited,
    /// It has this version.
    Committed(Version),
    /// It was not made.
    Refused,
}

impl Watcher {
    /// Nothing is connected yet.
    pub(super) fn new(reader: usize, address: SocketAddr, log: &Arc<Log>, clock: &Clock) -> Self {
        Self {
            reader,
            address,
            kept: None,
            log: Arc::clone(log),
            clock: clock.clone(),
        }
    }

    /// Looks at the page of `subject` once; the version of it, if there was an answer.
    pub(super) async fn look(&mut self, subject: &Subject) -> Option<Version> {
        let began = self.clock.elapsed();
        let asked = timeout(ANSWER_LIMIT, ask(&mut self.kept, self.address, subject));
        let told = asked.await.ok().flatten();
        let ended = self.clock.elapsed();
        let Some(told) = told else {
            // Whatever is left of the answer must not be taken for the next one.
            self.kept = None;
            self.log.failed();
            return None;
        };
        let told = subject.told(&told);
        let own = told.iter().find(|(topic, _)| *topic == subject.topic());
        let own = own.map(|(_, version)| *version);
        let reader = self.reader;
        self.log.read(told.into_iter().map(|(topic, version)| Read {
            reader,
            topic,
            version,
            began,
            ended,
        }));
        own
    }

    /// Looks at the page again and again until it shows what the news say.
    pub(super) async fn look_until_seen(
        &mut self,
        subject: &Subject,
        news: watch::Receiver<News>,
        pause: Duration,
    ) {
        let deadline = self.clock.elapsed() + SEEN_LIMIT;
        while self.clock.elapsed() < deadline {
            let shown = self.look(subject).await;
            let is_over = match *news.borrow() {
                News::Awaited => false,
                News::Committed(version) => shown.is_some_and(|shown| shown >= version),
                News::Refused => true,
            };
            if is_over {
                return;
            }
            sleep(pause).await;
        }
    }
}

/// The header of the page with the versions in it, if the answer is 200.
async fn ask(kept: &mut Option<Kept>, reader: SocketAddr, subject: &Subject) -> Option<String> {
    let open = match kept.take() {
        Some(open) => open,
        None => Kept::open(reader).await.ok()?,
    };
    let answer = kept.insert(open).ask(&subject.page).await.ok()?;
    let versions = answer.header(VERSION_HEADER).unwrap_or_default();
    (answer.status == 200).then(|| versions.to_owned())
}
