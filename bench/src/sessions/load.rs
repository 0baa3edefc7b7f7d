//! The sessions: each opens its connection once, and loads pages over it until the end. Must never let a session wait
//! for an answer without a limit.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use shared::clock::Clock;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::tally::{Fate, Tally};
use crate::dice::Dice;
use crate::failure::Failure;
use crate::people::Operator;
use crate::wire::{Kept, request};

/// Connections that are being opened at once: fewer than the queue of a listener holds.
const OPENING: usize = 128;
/// After how long a request without an answer counts as hung.
const HUNG_AFTER: Duration = Duration::from_secs(5);
/// The sports of the sample feed.
const SPORTS: [&str; 4] = ["basketball", "cricket", "soccer", "tennis"];

/// Opens so many connections.
pub(super) async fn open(sessions: u32, reader: SocketAddr) -> Result<Vec<Kept>, Failure> {
    let opening = stream::iter(0..sessions).map(|_| Kept::open(reader));
    Ok(opening.buffer_unordered(OPENING).try_collect().await?)
}

/// What the sessions work with.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) operators: Vec<Arc<Operator>>,
    pub(super) tally: Arc<Tally>,
    pub(super) clock: Clock,
    /// When no session begins another load, by the clock's elapsed time.
    pub(super) ends_at: Duration,
    /// Longest pause of a session between two loads.
    pub(super) longest_pause_ms: u64,
}

impl Load {
    /// Lets every connection load pages until it is time and all are answered. None is closed before the end.
    pub(super) async fn run(self: Arc<Self>, opened: Vec<Kept>) {
        let mut tasks = JoinSet::new();
        for (number, kept) in (0_u64..).zip(opened) {
            tasks.spawn(Arc::clone(&self).session(kept, Dice::seeded(number)));
        }
        drop(tasks.join_all().await);
    }

    /// One session; returns its connection, if it lives.
    async fn session(self: Arc<Self>, mut kept: Kept, dice: Dice) -> Option<Kept> {
        let place = usize::try_from(dice.below(self.operators.len() as u64)).unwrap_or_default();
        let operator = Arc::clone(self.operators.get(place)?);
        loop {
            let pause = Duration::from_millis(dice.below(self.longest_pause_ms + 1));
            let left = self.ends_at.saturating_sub(self.clock.elapsed());
            sleep(pause.min(left)).await;
            if self.clock.elapsed() >= self.ends_at {
                return Some(kept);
            }
            for path in page(&operator.subdomain, dice.pick(SPORTS)) {
                self.ask(&mut kept, &path).await?;
            }
        }
    }

    /// Asks once; nothing when the connection is of no more use.
    async fn ask(&self, kept: &mut Kept, path: &str) -> Option<()> {
        let began = self.clock.elapsed();
        let asked = request(path);
        let answered = timeout(HUNG_AFTER, kept.ask(&asked)).await;
        let took = self.clock.elapsed().saturating_sub(began);
        let fate = match answered {
            Ok(Ok(answer)) => Fate::Answered {
                status: answer.status,
                took,
            },
            Ok(Err(_)) => Fate::Broke,
            Err(_) => Fate::Hung,
        };
        self.tally.count(fate);
        matches!(fate, Fate::Answered { .. }).then_some(())
    }
}

/// What a page of this operator loads.
fn page(operator: &str, sport: &str) -> [String; 5] {
    [
        format!("/api/branding/{operator}"),
        format!("/api/theme-css/{operator}"),
        format!("/api/{operator}/casino-enabled"),
        "/api/sports/sports".to_owned(),
        format!("/api/sports/events/{sport}?operator={operator}"),
    ]
}
