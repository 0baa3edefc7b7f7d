//! `leaks`: many sessions load pages and bet, half of them hanging up at random moments, while the connections in use
//! are watched. Must never count a request as answered that its session did not wait for.

mod effects;
mod load;
mod requests;
mod tally;
mod torn;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use shared::clock::Clock;
use sqlx::{Connection, PgConnection};

use crate::failure::Failure;
use crate::installation::{self, Places};
use crate::people::{Cast, People};
use crate::report::{Report, say};
use effects::Effects;
use load::Load;
use tally::Tally;
use watch::{Activity, Pools};

/// The most connections that a reader may use at once.
const READER_LIMIT: u64 = 4;
/// The most connections that the writer may use at once.
const WRITER_LIMIT: u64 = 12;
/// How long the pools may take to come to rest after the load.
const REST_LIMIT: Duration = Duration::from_secs(5);
/// Pause between two lines that tell how it goes.
const TELL_PAUSE: Duration = Duration::from_secs(5);
/// Open files of each process, for each session: a connection to a reader, one on to the writer, and old ones closing.
const FILES_PER_SESSION: u64 = 4;
const FILES_BESIDES: u64 = 1024;

/// Looks for leaked connections: page loads, bets and admin changes by many sessions, half of which hang up at random
/// moments.
///
/// Every session is a player of its own. A session that hangs up sends a request, or only a part of it, over a
/// connection of its own and closes that after 0 to 30 ms, in half of the cases with a reset. At the end the books are
/// verified, every answered bet is looked up, and some of the others are asked again with the same key. Wrong is: more
/// than 4 connections in use in a reader or 12 in the writer, one still in use at the end, a transaction left open for
/// over a second, a request without an answer for 5 s, or anything wrong in the books.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Sessions at once; every second one hangs up.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    sessions: u32,
    /// How long the sessions go on, in seconds.
    #[arg(long, value_name = "S", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: u32,
    /// Readers, among which the sessions are divided.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=32))]
    readers: u16,
    /// Longest pause of a session between two requests, in milliseconds; the real one is anything up to it. With short
    /// pauses the machine has too much to do, and most who hang up do so before their request is begun.
    #[arg(long, value_name = "MS", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(..=60_000))]
    pause_ms: u32,
}

/// Runs the measurement.
pub(crate) async fn run(options: &Options) -> Result<Report, Failure> {
    let clock = Clock::machine();
    installation::allow_open_files(u64::from(options.sessions) * FILES_PER_SESSION + FILES_BESIDES)?;
    let found = installation::with(options.readers, &clock, async |places| {
        measure(options, &places, &clock).await
    });
    Ok(found.await?.report(options))
}

/// All that was found.
struct Found {
    load: Arc<Load>,
    took: Duration,
    pools: Pools,
    left_open: u64,
    activity: Activity,
    effects: Effects,
}

async fn measure(options: &Options, places: &Places, clock: &Clock) -> Result<Found, Failure> {
    say(&format!(
        "Creating {} players with a session each …",
        options.sessions
    ));
    let people = People::create(&places.database_url, Cast::new("leaks", options.sessions), clock).await?;
    let mut db = PgConnection::connect(&places.database_url).await?;
    let client = load::client()?;
    people.wait_until_known(&client, places, clock).await?;
    let pools = Pools::new(places)?;
    let activity = Activity::default();
    say(&format!(
        "{} sessions for {} s by way of {} reader(s); every second one hangs up within 30 ms.",
        options.sessions, options.seconds, options.readers
    ));

    let began = clock.elapsed();
    let load = Arc::new(Load {
        people,
        readers: places.readers.clone(),
        client,
        tally: Tally::default(),
        clock: clock.clone(),
        ends_at: began + Duration::from_secs(options.seconds.into()),
        longest_pause_ms: options.pause_ms.into(),
    });
    tokio::select! {
        () = Arc::clone(&load).run() => {}
        () = pools.sample() => {}
        failed = activity.sample(&mut db) => return Err(failed.into()),
        () = tell(began, &load.tally, &pools, clock) => {}
    }
    let took = clock.elapsed().saturating_sub(began);

    say("The load has ended; waiting for the pools to come to rest …");
    pools.rest(REST_LIMIT, clock).await;
    let left_open = activity.left_open(&mut db).await?;
    say("Asking again with keys whose answers nobody waited for, and verifying the books …");
    let effects = Effects::check(&mut db, &load).await?;
    say(&format!(
        "In all: {}; {}.",
        load.tally.in_words(),
        pools.in_words()
    ));
    say(&effects.in_words());
    db.close().await?;
    Ok(Found {
        load,
        took,
        pools,
        left_open,
        activity,
        effects,
    })
}

/// Tells every few seconds how it goes.
async fn tell(began: Duration, tally: &Tally, pools: &Pools, clock: &Clock) {
    loop {
        tokio::time::sleep(TELL_PAUSE).await;
        let seconds = clock.elapsed().saturating_sub(began).as_secs();
        say(&format!(
            "{seconds:>4} s: {}; {}",
            tally.in_words(),
            pools.in_words()
        ));
    }
}

impl Found {
    fn report(&self, options: &Options) -> Report {
        let mut report = Report::new("leaks");
        report.value("sessions", options.sessions);
        report.value("readers", options.readers);
        report.value("seconds", options.seconds);
        self.pools.report(&mut report);
        report.value("idle_in_transaction", self.left_open);
        report.value("idle_in_transaction_peak", self.activity.left_open_peak());
        report.value("database_connections_peak", self.activity.connections_peak());
        self.load.tally.report(&mut report, self.took);
        self.effects.report(&mut report);

        report.at_most(
            "connections in use at once in a reader",
            self.pools.reader_peak(),
            READER_LIMIT,
        );
        report.at_most(
            "connections in use at once in the writer",
            self.pools.writer_peak(),
            WRITER_LIMIT,
        );
        report.at_most(
            "connections of a reader in use at the end",
            self.pools.reader_final(),
            0,
        );
        report.at_most(
            "connections of the writer in use at the end",
            self.pools.writer_final(),
            0,
        );
        let left_open = self.left_open.max(self.activity.left_open_peak());
        report.at_most("transactions left open for over a second", left_open, 0);
        report
    }
}
