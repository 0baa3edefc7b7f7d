//! `coherence`: how soon a committed change shows at the slowest of many readers, and whether any read was ever older
//! than the bound allows. Must never measure from the answer to a change: that comes after the push.
//!
//! The method. PostgreSQL keeps the time of each commit (`track_commit_timestamp`), taken just before the commit is
//! written and flushed: nobody can see the change sooner, and the flush counts as delay. From before a change is sent
//! until every reader shows it, one kept connection to each reader asks for the page again and again, with a pause
//! (`--look-pause-ms`, longer where all pushes are lost) that leaves the two or more processors of a small machine to
//! those who are measured; so a time is longer than the true one by up to a pause and a request. A reader shows a
//! change when the whole answer has arrived whose `Edgebook-Version` names its version or a newer one. Further
//! connections read all pages at random all the while. In the end *every* read, of either sort, is compared with what
//! had been committed more than the bound before it was asked.

mod audit;
mod commits;
mod history;
mod links;
mod log;
mod phases;
mod staff;
mod subjects;
mod verdict;
mod watcher;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use dev::launch::Launched;
use reqwest::{Client, redirect};
use shared::clock::Clock;
use sqlx::{Connection, PgConnection};
use tokio::time::sleep;

use crate::dice::Dice;
use crate::failure::Failure;
use crate::installation::{self, Service, Wanted};
use crate::people::{Cast, People};
use crate::report::{Report, say};
use audit::Audit;
use links::{Links, Weather};
use log::Log;
use phases::{Order, Plan, Stage};
use staff::Staff;
use subjects::{Event, Subject};
use verdict::Verdict;
use watcher::Watcher;

/// Operators whose staff change things.
const OPERATORS: u32 = 8;
/// How long the writer may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// How long the writer may take to read the sample feed.
const FEED_LIMIT: Duration = Duration::from_secs(15);
const FEED_PAUSE: Duration = Duration::from_millis(50);
/// Pause between two looks where changes are awaited for up to a second.
const PATIENT_LOOK_PAUSE: Duration = Duration::from_millis(20);
/// Longest pause before a change where pushes arrive.
const PUSH_PAUSE_MS: u64 = 20;
/// The same where pulls are waited for: as long as between two of them.
const PULL_PAUSE_MS: u64 = 1000;

/// Times changes by staff until the slowest reader shows them, and looks for reads that are too old.
///
/// Staff change themes, brandings, casino switches and disabled events over HTTP, while all pages are read at every
/// reader. Half of the changes are made one by one while pushes arrive (`push_…`); a quarter, of all operators at once,
/// while no push arrives (`pull_…`); and a quarter while pushes are lost, doubled, delayed and so overtake each other,
/// and readers are killed and started again (`rough_…`). Times are from the commit, as the database keeps it, until
/// the slowest reader has shown the change. `stale_after_bound` counts the reads that did not show what had been
/// committed for longer than `--bound-ms` when they were asked. Wrong is: one such read, a change that is refused or
/// never seen somewhere, or a read that fails while no reader is restarted.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Readers.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=32))]
    readers: u16,
    /// Changes by staff, in all.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(4..=100_000))]
    changes: u32,
    /// For how long a committed change may be missing in a read, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 1500, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    bound_ms: u32,
    /// Connections that read all pages at random, for each reader.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(..=1000))]
    connections: u32,
    /// Pause of each of them between two reads on average, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    load_pause_ms: u32,
    /// Pause between two looks for a change while pushes arrive, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1000))]
    look_pause_ms: u32,
}

/// Runs the measurement.
pub(crate) async fn run(options: &Options) -> Result<Report, Failure> {
    let clock = Clock::machine();
    let links = Links::listen(options.readers).await?;
    let wanted = Wanted {
        readers: options.readers,
        reader_urls: Some(links.urls()),
        settings: commits::SETTINGS.to_vec(),
    };
    let verdict = installation::lent_with(wanted, &clock, async |launched| {
        measure(options, launched, links, &clock).await
    });
    Ok(verdict.await?.report(options))
}

async fn measure(
    options: &Options,
    launched: &mut Launched,
    links: Links,
    clock: &Clock,
) -> Result<Verdict, Failure> {
    let mut stage = stage(options, launched, links, clock).await?;
    stage.warm_up().await;
    let mut verdict = Verdict::new(
        Duration::from_millis(options.bound_ms.into()),
        stage.readers.len(),
    );
    let mut audit = Audit::default();
    for plan in plans(options) {
        say(&format!("{}: {} changes …", plan.name, plan.changes));
        let restarted = (plan.weather == Weather::Rough).then_some(&mut launched.readers[..]);
        let seen = stage.run(plan, restarted, &mut audit).await?;
        verdict.judge(seen);
    }
    for process in &mut launched.readers {
        process.ready().await?;
    }
    for reader in &stage.readers {
        audit.add(&stage.client, reader).await?;
    }
    for staff in stage.staff {
        staff.db.close().await?;
    }
    verdict.add(audit, stage.links.counts());
    Ok(verdict)
}

fn plans(options: &Options) -> [Plan; 3] {
    let quarter = options.changes / 4;
    let patient = |name, weather| Plan {
        name,
        weather,
        order: Order::Together,
        changes: quarter,
        longest_pause_ms: PULL_PAUSE_MS,
        look_pause: PATIENT_LOOK_PAUSE,
    };
    [
        Plan {
            name: "push",
            weather: Weather::Fair,
            order: Order::InTurn,
            changes: options.changes - 2 * quarter,
            longest_pause_ms: PUSH_PAUSE_MS,
            look_pause: Duration::from_millis(options.look_pause_ms.into()),
        },
        patient("pull", Weather::Cut),
        patient("rough", Weather::Rough),
    ]
}

/// Creates everybody, and puts them in their places.
async fn stage(
    options: &Options,
    launched: &Launched,
    links: Links,
    clock: &Clock,
) -> Result<Stage, Failure> {
    let readers: Vec<Service> = launched
        .readers
        .iter()
        .map(Service::of)
        .collect::<Result<_, _>>()?;
    links.lead_to(readers.iter().map(|reader| reader.address).collect());
    let client = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .timeout(ANSWER_LIMIT)
        .build()?;
    let database_url = launched.database_url();
    let cast = Cast {
        operators: OPERATORS,
        ..Cast::new("coherence", 0)
    };
    let people = People::create(database_url, cast, clock).await?;
    people.wait_until_known_at(&client, &readers, clock).await?;
    let event = Arc::new(first_event(database_url, clock).await?);
    let log = Arc::new(Log::default());
    let mut staff = Vec::new();
    let mut subjects = Vec::new();
    for (number, operator) in (0..).zip(&people.operators) {
        let own = Subject::all_of(operator, &event);
        subjects.extend(own.iter().cloned());
        let watchers = readers.iter().enumerate();
        staff.push(Staff {
            subjects: own,
            writer: launched.write_url(),
            client: client.clone(),
            db: PgConnection::connect(database_url).await?,
            watchers: watchers
                .map(|(number, reader)| Watcher::new(number, reader.address, &log, clock))
                .collect(),
            log: Arc::clone(&log),
            clock: clock.clone(),
            dice: Dice::seeded(number),
        });
    }
    Ok(Stage {
        links,
        readers,
        staff,
        subjects,
        log,
        client,
        clock: clock.clone(),
        connections: options.connections,
        load_pause: Duration::from_millis(options.load_pause_ms.into()),
    })
}

/// An event of the sample feed, once the writer has read it.
async fn first_event(database_url: &str, clock: &Clock) -> Result<Event, Failure> {
    let mut db = PgConnection::connect(database_url).await?;
    let deadline = clock.elapsed() + FEED_LIMIT;
    loop {
        let event = sqlx::query_as!(
            Event,
            "select sport, id from events where is_listed order by sport, starts_at desc, id limit 1"
        );
        if let Some(event) = event.fetch_optional(&mut db).await? {
            db.close().await?;
            return Ok(event);
        }
        if clock.elapsed() >= deadline {
            return Err(Failure::Unfit(
                "the writer did not read the sample feed".to_owned(),
            ));
        }
        sleep(FEED_PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_changes_are_planned_and_half_of_them_with_pushes() {
        for (changes, expected) in [(1000, [500, 250, 250]), (7, [5, 1, 1])] {
            let options = Options {
                readers: 1,
                changes,
                bound_ms: 1500,
                connections: 1,
                load_pause_ms: 1,
                look_pause_ms: 1,
            };
            assert_eq!(plans(&options).map(|plan| plan.changes), expected);
        }
    }
}
