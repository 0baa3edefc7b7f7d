//! `leaderboard`: what it costs to keep the leaderboards of many players, to fetch one, and to show a page of it. Must
//! never count a refresh that missed a wallet.

mod crowd;
mod hits;

use std::time::Duration;

use clap::Args;
use shared::clock::Clock;
use sqlx::{Connection, PgConnection};
use write_api::leaderboards::{Refreshed, refresh};

use crate::failure::Failure;
use crate::installation::{self, Places};
use crate::latencies::Latencies;
use crate::people::{Cast, People};
use crate::report::{Report, say};
use crowd::Crowd;
use hits::Load;

/// Operators, among which the players are divided.
const OPERATORS: u32 = 10;
/// What one transaction of the service takes over by default.
const BATCH: u32 = 5000;
/// The service itself shall not take over what is to be measured.
const WRITER_ARGS: [&str; 2] = ["--leaderboard-ms", "86400000"];
/// After so long a reader knows what was committed: a pull a second.
const PULLED: Duration = Duration::from_millis(2500);
/// How often both pages are loaded by turns.
const TURNS: u32 = 3;

/// What a run should come to. To miss it is no failure: machines differ.
const MOST_REFRESH_MS: f64 = 200.0;

/// Times the refresh of the leaderboards after bets of some of many players, the fetch of a board, and its pages.
///
/// `refresh_ms` is the middle time of a refresh, its commit included, when the wallets of so many players changed, each
/// with two entries in the ledger; `board_ms` that of a page for which the reader has to fetch the best 10,000 anew.
/// `ratio` is pages of the leaderboard served in a second for each page of branding, from memory, in brotli. Wrong is: a
/// wallet that a refresh missed, or a page that is not served.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Players.
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1000..=10_000_000))]
    players: u32,
    /// Players whose wallets change before each refresh.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    changed: u32,
    /// Refreshes that are timed.
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// How long each page is loaded at a time, in seconds.
    #[arg(long, value_name = "S", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
}

/// Runs the measurement.
pub(crate) async fn run(options: &Options) -> Result<Report, Failure> {
    let clock = Clock::machine();
    let found = installation::with_writer_args(1, &WRITER_ARGS, &clock, async |places| {
        measure(options, &places, &clock).await
    });
    Ok(found.await?.report(options))
}

/// All that was found.
#[derive(Debug)]
struct Found {
    first: Duration,
    refreshes: Latencies,
    fetches: Latencies,
    missed: i64,
    pages_per_s: f64,
    branding_per_s: f64,
}

async fn measure(options: &Options, places: &Places, clock: &Clock) -> Result<Found, Failure> {
    let cast = Cast {
        name: "board",
        operators: OPERATORS,
        players: 0,
    };
    let people = People::create(&places.database_url, cast, clock).await?;
    let client = reqwest::Client::new();
    people.wait_until_known(&client, places, clock).await?;
    let mut db = PgConnection::connect(&places.database_url).await?;
    say(&format!("Creating {} players …", options.players));
    let crowd = Crowd::create(&people, &mut db, options.players, clock).await?;
    let began = clock.elapsed();
    refresh_all(&mut db).await?;
    let first = clock.elapsed().saturating_sub(began);
    say(&format!("All were taken over for the first time in {first:.1?}."));
    sqlx::raw_sql("vacuum analyze").execute(&mut db).await?;

    let (mut refreshes, mut fetches) = (Latencies::default(), Latencies::default());
    let reader = &places.readers[0];
    for round in 1..=options.rounds {
        crowd.change(&mut db, options.changed, clock).await?;
        let began = clock.elapsed();
        refresh_all(&mut db).await?;
        refreshes.record(clock.elapsed().saturating_sub(began));
        tokio::time::sleep(PULLED).await;
        // A page that is not in memory yet, of a board that is known to be old.
        let url = format!(
            "{}/api/public/user-leaderboard?page={round}&per_page=7",
            reader.url
        );
        let began = clock.elapsed();
        let answer = client.get(url).send().await?.error_for_status()?;
        answer.bytes().await?;
        fetches.record(clock.elapsed().saturating_sub(began));
    }
    let missed = crowd.missed(&mut db).await?;
    db.close().await?;

    let branding = format!("/api/branding/{}", people.operators[0].subdomain);
    let load = Load::new(reader.address, Duration::from_secs(options.seconds.into()), clock);
    let (mut pages_per_s, mut branding_per_s) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        branding_per_s.push(load.per_s(&branding).await?);
        pages_per_s.push(load.per_s("/api/public/user-leaderboard").await?);
    }
    Ok(Found {
        first,
        refreshes,
        fetches,
        missed,
        pages_per_s: middle(pages_per_s),
        branding_per_s: middle(branding_per_s),
    })
}

/// Refreshes as the service does, each batch in a transaction of its own.
async fn refresh_all(db: &mut PgConnection) -> Result<(), Failure> {
    loop {
        let mut transaction = db.begin().await?;
        let refreshed = refresh(&mut transaction, BATCH).await?;
        transaction.commit().await?;
        match refreshed {
            Refreshed::Behind => {}
            Refreshed::Done => return Ok(()),
            Refreshed::Elsewhere => {
                return Err(Failure::Unfit(
                    "the service refreshes the leaderboards itself".to_owned(),
                ));
            }
        }
    }
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

impl Found {
    fn report(&self, options: &Options) -> Report {
        let mut report = Report::new("leaderboard");
        let refresh_ms = self.refreshes.p50_ms();
        let ratio = self.pages_per_s / self.branding_per_s;
        report.value("players", options.players);
        report.value("changed", options.changed);
        report.value("rounds", options.rounds);
        report.value("first_s", rounded(self.first.as_secs_f64()));
        report.value("refresh_ms", refresh_ms);
        report.value("refresh_max_ms", self.refreshes.max_ms());
        report.value("board_ms", self.fetches.p50_ms());
        report.value("pages_per_s", self.pages_per_s.round());
        report.value("branding_per_s", self.branding_per_s.round());
        report.value("ratio", rounded(ratio));
        report.value("missed", self.missed);
        if self.missed != 0 {
            report.broken(format!("{} wallets are not on the standings", self.missed));
        }
        let verdict = if refresh_ms <= MOST_REFRESH_MS {
            "Met"
        } else {
            "MISSED"
        };
        say(&format!(
            "{verdict}: a refresh took {refresh_ms:.1} ms, wanted at most {MOST_REFRESH_MS:.0} ms"
        ));
        report
    }
}

/// To three places.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
