//! `sessions`: many open connections load pages of one reader, while the database is asked how many of its sessions
//! are the reader's. Must never open a connection for each request: that is not what browsers do.

mod activity;
mod load;
mod staff;
mod tally;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use shared::clock::Clock;
use sqlx::{Connection, PgConnection};

use crate::failure::Failure;
use crate::installation::{self, Places};
use crate::memory::{Kib, Watched};
use crate::people::{Cast, People};
use crate::report::{Report, say};
use activity::Activity;
use load::Load;
use staff::Staff;
use tally::Tally;

/// The most connections that the reader may have.
const READER_LIMIT: u64 = 4;
/// Pause between two lines that tell how it goes.
const TELL_PAUSE: Duration = Duration::from_secs(5);
/// Open files besides the connections of the sessions.
const FILES_BESIDES: u64 = 1024;

/// Looks at the reader's database connections and memory while many sessions load pages.
///
/// Each session is a kept TCP connection to one reader. It pauses, then loads what a page needs: branding, style sheet,
/// casino switch, list of sports and the events of one sport, one after the other. Meanwhile staff change themes,
/// brandings and casino switches, so that the reader has something to fetch. `reader_peak` is the most sessions of the
/// reader that `pg_stat_activity` ever showed, idle or not, and `reader_busy_peak` the most that were not idle;
/// `rss_mb` is the most resident memory that the reader had. Wrong is: more than 4 connections in any sample, a request
/// that is not answered with 200 within 5 s, or a connection that breaks.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Sessions at once.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=18_000))]
    sessions: u32,
    /// How long the sessions go on once all are open, in seconds. A reader lets a connection go that is idle for 75.
    #[arg(long, value_name = "S", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: u32,
    /// Longest pause of a session between two loads, in milliseconds; the real one is anything up to it.
    #[arg(long, value_name = "MS", default_value_t = 15_000, value_parser = clap::value_parser!(u32).range(..=60_000))]
    pause_ms: u32,
    /// Operators whose pages are loaded.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    operators: u32,
    /// Pause between two changes by staff, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    change_pause_ms: u32,
}

/// Runs the measurement.
pub(crate) async fn run(options: &Options) -> Result<Report, Failure> {
    let clock = Clock::machine();
    installation::allow_open_files(u64::from(options.sessions) + FILES_BESIDES)?;
    let found = installation::with(1, &clock, async |places| measure(options, &places, &clock).await);
    Ok(found.await?.report(options))
}

/// The reader's memory at three moments.
#[derive(Clone, Copy, Debug)]
struct Memory {
    before: Option<Kib>,
    opened: Option<Kib>,
    most: Option<Kib>,
}

/// All that was found.
struct Found {
    tally: Arc<Tally>,
    took: Duration,
    activity: Activity,
    memory: Memory,
}

async fn measure(options: &Options, places: &Places, clock: &Clock) -> Result<Found, Failure> {
    let reader = places.readers.first();
    let reader = reader.ok_or_else(|| Failure::Unfit("there is no reader".to_owned()))?;
    let cast = Cast {
        operators: options.operators,
        ..Cast::new("sessions", 0)
    };
    let people = People::create(&places.database_url, cast, clock).await?;
    let client = staff::client()?;
    people.wait_until_known(&client, places, clock).await?;
    let mut db = PgConnection::connect(&places.database_url).await?;
    let activity = Activity::default();
    let tally = Arc::new(Tally::default());
    let staff = Staff {
        operators: people.operators.clone(),
        writer: places.writer.url.clone(),
        client,
        pause: Duration::from_millis(options.change_pause_ms.into()),
    };
    let watched = Watched::new(reader.pid);
    let before = watched.resident();
    say(&format!("Opening {} connections …", options.sessions));
    let opened = load::open(options.sessions, reader.address).await?;
    let memory = Memory {
        before,
        opened: watched.resident(),
        most: watched.resident(),
    };

    let began = clock.elapsed();
    let load = Load {
        operators: people.operators,
        tally: Arc::clone(&tally),
        clock: clock.clone(),
        ends_at: began + Duration::from_secs(options.seconds.into()),
        longest_pause_ms: options.pause_ms.into(),
    };
    say(&format!("All load pages for {} s.", options.seconds));
    tokio::select! {
        () = Arc::new(load).run(opened) => {}
        failed = activity.sample(&mut db, reader) => return Err(failed.into()),
        failed = staff.change(&tally) => return Err(failed.into()),
        () = tell(began, &tally, &activity, clock) => {}
    }
    let took = clock.elapsed().saturating_sub(began);
    db.close().await?;
    let memory = memory.with(activity.most_memory());
    Ok(Found {
        tally,
        took,
        activity,
        memory,
    })
}

/// Tells every few seconds how it goes.
async fn tell(began: Duration, tally: &Tally, activity: &Activity, clock: &Clock) {
    loop {
        tokio::time::sleep(TELL_PAUSE).await;
        let seconds = clock.elapsed().saturating_sub(began).as_secs();
        say(&format!(
            "{seconds:>4} s: {}; {}",
            tally.in_words(),
            activity.in_words()
        ));
    }
}

impl Memory {
    fn with(self, sampled: Option<Kib>) -> Self {
        Self {
            most: self.most.max(sampled),
            ..self
        }
    }

    /// What each session adds, in KB to one place.
    fn of_a_session_kb(&self, sessions: u32) -> Option<f64> {
        Some(self.most?.growth_kb(self.before?, sessions))
    }
}

impl Found {
    fn report(&self, options: &Options) -> Report {
        let of_a_session_kb = self.memory.of_a_session_kb(options.sessions);
        if let (Some(most), Some(each)) = (self.memory.most, of_a_session_kb) {
            say(&format!(
                "The reader had at most {:.1} MB, {each:.1} KB for each session.",
                most.megabytes()
            ));
        }
        let mut report = Report::new("sessions");
        report.value("sessions", options.sessions);
        report.value("seconds", options.seconds);
        self.activity.report(&mut report);
        report.value("rss_mb", self.memory.most.map(Kib::megabytes));
        report.value("rss_before_mb", self.memory.before.map(Kib::megabytes));
        report.value("rss_opened_mb", self.memory.opened.map(Kib::megabytes));
        report.value("rss_of_a_session_kb", of_a_session_kb);
        self.tally.report(&mut report, self.took);
        let peak = self.activity.peak();
        report.at_most("connections of the reader in a sample", peak, READER_LIMIT);
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_costs_what_the_most_memory_is_above_that_before() {
        let memory = Memory {
            before: Some(Kib(1000)),
            opened: Some(Kib(1500)),
            most: Some(Kib(1500)),
        };
        let each = |memory: Memory| memory.of_a_session_kb(100).unwrap();
        assert!((each(memory) - 5.1).abs() < 1e-9, "{}", each(memory));
        let grown = memory.with(Some(Kib(2000)));
        assert!((each(grown) - 10.2).abs() < 1e-9, "{}", each(grown));
        assert_eq!(grown.with(None).most, Some(Kib(2000)));
    }
}
