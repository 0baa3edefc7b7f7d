//! `start`: how long a reader takes from the start of its process until it is ready, with many operators, and what
//! memory it holds then and with a page of each. Must never count a reader as ready that does not say so itself.

use std::time::Duration;

use clap::Args;
use dev::launch::Launched;
use futures_util::{StreamExt, TryStreamExt, stream};
use shared::clock::Clock;
use tokio::time::{sleep, timeout};

use crate::aim::Aim;
use crate::failure::Failure;
use crate::installation::{self, Service, Wanted};
use crate::memory::{Kib, Watched};
use crate::operators;
use crate::report::{Report, say};
use crate::wire::{Kept, request};

/// Pause between two questions whether the reader is ready.
const READY_PAUSE: Duration = Duration::from_millis(1);
/// After so long a reader that is not ready never will be.
const READY_LIMIT: Duration = Duration::from_secs(30);
/// Connections over which the pages are loaded.
const CONNECTIONS: usize = 16;

/// What a run should come to. To miss one is no failure: machines differ.
const MOST_READY_MS: f64 = 1000.0;
const MOST_MEMORY_MB: f64 = 200.0;

/// Times the start of a reader with many operators.
///
/// Every operator has a theme and a branding of its own. The reader is stopped and started again, and asked every
/// millisecond whether it is ready; `ready_ms` is the median of the times from before its process is made until
/// `/readyz` answers 200. `rss_mb` is its resident memory then (the most of all starts), and `rss_loaded_mb` after the
/// branding of every operator was loaded. Wrong is: a page that is not answered with 200.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Operators.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    operators: u32,
    /// How often the reader is started.
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=100))]
    starts: u32,
}

/// Runs the measurement.
pub(crate) async fn run(options: &Options) -> Result<Report, Failure> {
    let clock = Clock::machine();
    let wanted = Wanted {
        readers: 1,
        ..Wanted::default()
    };
    let found = installation::lent_with(wanted, &clock, async |launched| {
        measure(options, launched, &clock).await
    });
    Ok(found.await?.report(options))
}

/// All that was found.
struct Found {
    /// One for each start, the shortest first.
    ready: Vec<Duration>,
    /// The most after a start.
    when_ready: Option<Kib>,
    loaded: Option<Kib>,
    loaded_in: Duration,
    refused: u64,
}

async fn measure(options: &Options, launched: &mut Launched, clock: &Clock) -> Result<Found, Failure> {
    say(&format!(
        "Creating {} operators, each with a theme and a branding …",
        options.operators
    ));
    let subdomains = operators::create(launched.database_url(), options.operators, clock).await?;

    let mut ready = Vec::new();
    let mut when_ready = None;
    for number in 1..=options.starts {
        let (took, memory) = start(launched, clock).await?;
        let with = memory.map_or_else(String::new, |memory| {
            format!(" with {:.1} MB", memory.megabytes())
        });
        say(&format!(
            "Start {number}: ready after {:.1} ms{with}.",
            milliseconds(took)
        ));
        ready.push(took);
        when_ready = when_ready.max(memory);
    }
    ready.sort_unstable();

    let reader = reader(launched)?;
    let began = clock.elapsed();
    let refused = load(&reader, &subdomains).await?;
    Ok(Found {
        ready,
        when_ready,
        loaded: Watched::new(reader.pid).resident(),
        loaded_in: clock.elapsed().saturating_sub(began),
        refused,
    })
}

fn reader(launched: &Launched) -> Result<Service, Failure> {
    let reader = launched.readers.first();
    Service::of(reader.ok_or_else(|| Failure::Unfit("there is no reader".to_owned()))?)
}

/// Stops the reader, starts it again, and tells how long that took and what memory it has then.
async fn start(launched: &mut Launched, clock: &Clock) -> Result<(Duration, Option<Kib>), Failure> {
    let address = reader(launched)?.address;
    let process = launched.readers.first_mut();
    let process = process.ok_or_else(|| Failure::Unfit("there is no reader".to_owned()))?;
    process.stop().await;
    let began = clock.elapsed();
    process.begin_again(&[]).await?;
    let is_ready = async {
        let asked = request("/readyz");
        loop {
            if let Ok(mut kept) = Kept::open(address).await
                && let Ok(answer) = kept.ask(&asked).await
                && answer.status == 200
            {
                return;
            }
            sleep(READY_PAUSE).await;
        }
    };
    let late = |_| Failure::Unfit(format!("the reader was not ready within {READY_LIMIT:?}"));
    timeout(READY_LIMIT, is_ready).await.map_err(late)?;
    let took = clock.elapsed().saturating_sub(began);
    let memory = Watched::new(process.pid()).resident();
    // So that whatever it prints is read, and whoever ended it is told.
    process.ready().await?;
    Ok((took, memory))
}

/// Loads the branding of every operator, and tells how many were not answered with 200.
async fn load(reader: &Service, subdomains: &[String]) -> Result<u64, Failure> {
    say(&format!(
        "Loading the branding of {} operators …",
        subdomains.len()
    ));
    let shares = subdomains.chunks(subdomains.len().div_ceil(CONNECTIONS).max(1));
    let loads = stream::iter(shares).map(async |share| {
        let mut refused = 0;
        let mut kept = Kept::open(reader.address).await?;
        for subdomain in share {
            let answer = kept.ask(&request(&format!("/api/branding/{subdomain}"))).await?;
            refused += u64::from(answer.status != 200);
        }
        Ok::<u64, Failure>(refused)
    });
    let refused = loads.buffer_unordered(CONNECTIONS);
    refused.try_fold(0, async |sum, refused| Ok(sum + refused)).await
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

impl Found {
    fn report(&self, options: &Options) -> Report {
        let of_place = |place: usize| self.ready.get(place).copied().unwrap_or_default();
        let median_ms = milliseconds(of_place(self.ready.len() / 2));
        let (ready_mb, loaded_mb) = (
            self.when_ready.map(Kib::megabytes),
            self.loaded.map(Kib::megabytes),
        );
        Aim::AtMost(MOST_READY_MS).tell("milliseconds until a reader is ready", median_ms);
        for (what, found) in [
            ("megabytes of memory when ready", ready_mb),
            (
                "megabytes of memory with the branding of every operator",
                loaded_mb,
            ),
        ] {
            match found {
                Some(found) => Aim::AtMost(MOST_MEMORY_MB).tell(what, found),
                None => say(&format!("Not known on this system: {what}.")),
            }
        }

        let mut report = Report::new("start");
        report.value("operators", options.operators);
        report.value("starts", options.starts);
        report.value("ready_ms", median_ms);
        report.value("ready_min_ms", milliseconds(of_place(0)));
        report.value(
            "ready_max_ms",
            milliseconds(of_place(self.ready.len().saturating_sub(1))),
        );
        report.value("rss_mb", ready_mb);
        report.value("rss_loaded_mb", loaded_mb);
        report.value("loaded_in_ms", milliseconds(self.loaded_in));
        report.at_most("pages that were not answered with 200", self.refused, 0);
        report
    }
}
