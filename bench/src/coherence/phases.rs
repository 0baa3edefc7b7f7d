//! The stretches of the measurement: who changes things, who reads, and what becomes of pushes and readers meanwhile.
//! Must never judge: that is done when all is over.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use dev::launch::Process;
use futures_util::future::try_join;
use reqwest::Client;
use shared::clock::Clock;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::audit::Audit;
use super::history::History;
use super::links::{Links, Weather};
use super::log::{Counts, Log};
use super::staff::{Pace, Staff};
use super::subjects::Subject;
use super::watcher::Watcher;
use crate::dice::Dice;
use crate::failure::Failure;
use crate::installation::Service;
use crate::report::say;

/// Pause between two lines that tell how it goes.
const TELL_PAUSE: Duration = Duration::from_secs(10);
/// Reads go on for so long after the last change, until every change is due everywhere.
const SETTLE: Duration = Duration::from_secs(2);
/// Longest pause between two restarts of readers; the shortest is half of it.
const RESTART_PAUSE_MS: u64 = 2000;
/// Seed of the dice that decide about restarts; those of the load are the numbers of its connections.
const SEED: u64 = u64::MAX - 11;

/// A stretch of the measurement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// For people and the last line.
    pub(super) name: &'static str,
    pub(super) weather: Weather,
    pub(super) order: Order,
    /// Changes of all staff together.
    pub(super) changes: u32,
    pub(super) longest_pause_ms: u64,
    pub(super) look_pause: Duration,
}

/// How staff of several operators work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// One operator after the other: nothing but the change and the reads goes on.
    InTurn,
    /// All at once.
    Together,
}

/// What was seen in a stretch.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) plan: Plan,
    pub(super) history: History,
    pub(super) counts: Counts,
    pub(super) restarts: u32,
    pub(super) took: Duration,
}

/// Everybody who takes part.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) links: Links,
    pub(super) readers: Vec<Service>,
    pub(super) staff: Vec<Staff>,
    pub(super) subjects: Vec<Subject>,
    pub(super) log: Arc<Log>,
    pub(super) client: Client,
    pub(super) clock: Clock,
    /// Connections of the load to each reader.
    pub(super) connections: u32,
    /// Pause of such a connection between two reads, on average.
    pub(super) load_pause: Duration,
}

impl Stage {
    /// Lets every reader show every page once.
    pub(super) async fn warm_up(&self) {
        for (number, reader) in self.readers.iter().enumerate() {
            let mut watcher = Watcher::new(number, reader.address, &self.log, &self.clock);
            for subject in &self.subjects {
                watcher.look(subject).await;
            }
        }
        drop(self.log.take());
    }

    /// Runs a stretch; with `restarted`, those readers are killed and started again all the while.
    pub(super) async fn run(
        &mut self,
        plan: Plan,
        restarted: Option<&mut [Process]>,
        audit: &mut Audit,
    ) -> Result<Seen, Failure> {
        let began = self.clock.elapsed();
        self.links.change(plan.weather);
        let load = self.load();
        let staff = std::mem::take(&mut self.staff);
        let (over, is_over) = watch::channel(false);
        let working = async {
            let staff = work(staff, plan).await?;
            over.send_replace(true);
            Ok(staff)
        };
        let restarting = async {
            match restarted {
                Some(processes) => restart(processes, &self.readers, &self.client, audit, is_over).await,
                None => Ok(0),
            }
        };
        let (staff, restarts) = tokio::select! {
            both = try_join(working, restarting) => both?,
            never = self.tell(plan) => match never {},
        };
        self.staff = staff;
        sleep(SETTLE).await;
        drop(load);
        let (history, counts) = self.log.take();
        Ok(Seen {
            plan,
            history,
            counts,
            restarts,
            took: self.clock.elapsed().saturating_sub(began),
        })
    }

    /// Readers of everything at any time, until this is dropped.
    fn load(&self) -> JoinSet<()> {
        let mut load = JoinSet::new();
        for (number, reader) in self.readers.iter().enumerate() {
            for connection in 0..self.connections {
                let watcher = Watcher::new(number, reader.address, &self.log, &self.clock);
                let dice = Dice::seeded((number as u64) << 32 | u64::from(connection));
                load.spawn(read_on(watcher, self.subjects.clone(), dice, self.load_pause));
            }
        }
        load
    }

    async fn tell(&self, plan: Plan) -> Infallible {
        loop {
            sleep(TELL_PAUSE).await;
            say(&format!("{}: {}", plan.name, self.log.in_words()));
        }
    }
}

async fn read_on(mut watcher: Watcher, subjects: Vec<Subject>, dice: Dice, pause: Duration) {
    let twice_ms = u64::try_from(pause.as_millis())
        .unwrap_or(u64::MAX)
        .saturating_mul(2);
    loop {
        let place = usize::try_from(dice.below(subjects.len() as u64)).unwrap_or_default();
        if let Some(subject) = subjects.get(place) {
            watcher.look(subject).await;
        }
        sleep(Duration::from_millis(dice.below(twice_ms.saturating_add(1)))).await;
    }
}

/// Lets all staff make their share of the changes.
async fn work(staff: Vec<Staff>, plan: Plan) -> Result<Vec<Staff>, Failure> {
    let shares = shares(plan.changes, staff.len());
    let paces = shares.map(|changes| Pace {
        changes,
        longest_pause_ms: plan.longest_pause_ms,
        look_pause: plan.look_pause,
    });
    let mut done = Vec::new();
    let mut tasks = JoinSet::new();
    for (one, pace) in staff.into_iter().zip(paces) {
        tasks.spawn(one.work(pace));
        if plan.order == Order::InTurn {
            done.extend(finished(&mut tasks).await?);
        }
    }
    done.extend(finished(&mut tasks).await?);
    Ok(done)
}

async fn finished(tasks: &mut JoinSet<Staff>) -> Result<Vec<Staff>, Failure> {
    let mut done = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        done.push(ended.map_err(|error| Failure::Unfit(format!("a change broke off: {error}")))?);
    }
    Ok(done)
}

/// So many parts of `all`, as even as can be.
fn shares(all: u32, parts: usize) -> impl Iterator<Item = u32> {
    let parts = u32::try_from(parts).unwrap_or(u32::MAX).max(1);
    (0..parts).map(move |part| all / parts + u32::from(part < all % parts))
}

/// Kills one reader after the other and starts it again until it `is_over`, and counts. Leaves none half started.
async fn restart(
    processes: &mut [Process],
    services: &[Service],
    client: &Client,
    audit: &mut Audit,
    mut is_over: watch::Receiver<bool>,
) -> Result<u32, Failure> {
    let dice = Dice::seeded(SEED);
    let mut restarts = 0;
    loop {
        let pause_ms = RESTART_PAUSE_MS / 2 + dice.below(RESTART_PAUSE_MS / 2 + 1);
        tokio::select! {
            _ = is_over.wait_for(|is_over| *is_over) => return Ok(restarts),
            () = sleep(Duration::from_millis(pause_ms)) => {}
        }
        let place = usize::try_from(dice.below(processes.len() as u64)).unwrap_or_default();
        if let (Some(process), Some(service)) = (processes.get_mut(place), services.get(place)) {
            // What it has counted goes with it.
            audit.add(client, service).await?;
            process.restart().await?;
            restarts += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_even_and_nothing_is_left() {
        assert_eq!(shares(10, 4).collect::<Vec<_>>(), [3, 3, 2, 2]);
        assert_eq!(shares(1, 3).collect::<Vec<_>>(), [1, 0, 0]);
    }
}
