//! `chaos`: players send moves with a key each while the writer and PostgreSQL are killed again and again; then every
//! key must have one effect and one answer. Must never forget a command that was not answered.

mod effects;
mod kills;
mod load;
mod moves;
mod session;
mod tally;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use dev::launch::Launched;
use shared::clock::Clock;

use crate::failure::Failure;
use crate::installation;
use crate::people::{Cast, People};
use crate::report::{Report, say};
use effects::Effects;
use kills::Wanted;
use load::Load;
use session::{Book, Session};
use tally::Tally;

/// Pause between two lines that tell how it goes.
const TELL_PAUSE: Duration = Duration::from_secs(10);

/// Looks for lost answers and doubled effects: players send moves in every game while the writer and PostgreSQL are
/// killed.
///
/// Every command has a key, and is sent again, the same to the byte, until it is answered. The writer is killed at
/// random instants and, every third time, dies in the middle of a batch, just before a commit or just after one;
/// PostgreSQL is killed with all its processes. In the end commands are asked again, all answers and rounds are
/// compared with those in the database, and `write-api verify-books` is run on it. Wrong is: a key whose first answer
/// is not the one that is kept and repeated, an effect that belongs to no key or is the second of one, a move that is
/// refused, a process that ends otherwise than it was killed, or anything wrong in the books.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Players at once.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1000))]
    players: u32,
    /// How often the writer dies.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(..=10_000))]
    writer_kills: u32,
    /// How often PostgreSQL is killed.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(..=1000))]
    postgres_kills: u32,
    /// Longest pause of a player between two moves, in milliseconds; the real one is anything up to it.
    #[arg(long, value_name = "MS", default_value_t = 100, value_parser = clap::value_parser!(u32).range(..=60_000))]
    pause_ms: u32,
    /// Keeps the database in this folder, which must be new or empty: `cargo run --release -- --data DIR` starts on it.
    #[arg(long, value_name = "DIR")]
    keep_data: Option<PathBuf>,
}

/// Runs the measurement.
pub(crate) async fn run(options: &Options) -> Result<Report, Failure> {
    let clock = Clock::machine();
    let keep = options.keep_data.as_deref();
    let found = installation::lent(keep, &clock, async |launched| {
        measure(options, launched, &clock).await
    });
    Ok(found.await?.report(options))
}

/// All that was found.
struct Found {
    load: Arc<Load>,
    took: Duration,
    effects: Effects,
}

async fn measure(options: &Options, launched: &mut Launched, clock: &Clock) -> Result<Found, Failure> {
    let wanted = Wanted {
        writer: options.writer_kills,
        postgres: options.postgres_kills,
    };
    let people = People::create(
        launched.database_url(),
        Cast::new("chaos", options.players),
        clock,
    )
    .await?;
    let load = Load::new(people, launched.write_url(), clock, options.pause_ms.into())?;
    let load = Arc::new(load);
    say(&format!(
        "{} players; write-api will die {} times and PostgreSQL {} times.",
        options.players, wanted.writer, wanted.postgres
    ));

    let began = clock.elapsed();
    let playing = load.begin();
    tokio::select! {
        killed = kills::all(launched, wanted, &load.tally, clock) => killed?,
        () = tell(began, &load.tally, clock) => {}
    }
    say("The last death was that. Waiting until every open command is answered …");
    load.end();
    let books: Vec<Book> = playing
        .join_all()
        .await
        .into_iter()
        .map(Session::into_book)
        .collect();
    let took = clock.elapsed().saturating_sub(began);
    say(&format!("In all: {}.", load.tally.in_words()));
    say("Asking again, comparing with the database, and verifying the books …");
    let effects = Effects::check(launched.database_url(), &load, &books).await?;
    say(&effects.in_words());
    Ok(Found { load, took, effects })
}

/// Tells every few seconds how it goes.
async fn tell(began: Duration, tally: &Tally, clock: &Clock) {
    loop {
        tokio::time::sleep(TELL_PAUSE).await;
        let seconds = clock.elapsed().saturating_sub(began).as_secs();
        say(&format!("{seconds:>4} s: {}", tally.in_words()));
    }
}

impl Found {
    fn report(&self, options: &Options) -> Report {
        let mut report = Report::new("chaos");
        report.value("players", options.players);
        report.value("seconds", self.took.as_secs());
        self.load
            .tally
            .report(&mut report, options.writer_kills, options.postgres_kills);
        self.effects.report(&mut report);
        report
    }
}
