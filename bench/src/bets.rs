//! `bets`: how many bets a second the writer takes over HTTP, beside what pgbench does with one prepared statement for
//! each bet on the same server. Must never compare with a statement that does less than a bet.

mod history;
mod load;
mod people;
mod pgbench;
mod series;
mod wire;

use std::time::Duration;

use clap::Args;
use shared::clock::Clock;
use sqlx::{Connection, PgConnection};

use crate::aim::Aim;
use crate::books;
use crate::failure::Failure;
use crate::installation::{self, Places};
use crate::report::{Report, say};
use history::History;
pub(crate) use load::{Ask, Load};
use people::Crowd;
use pgbench::{Pgbench, Sample};
pub(crate) use series::median;
use series::{Crowded, Loads, Lone};
pub(crate) use wire::read_answer;

/// What each bet stakes: 1.00.
const STAKE_MINOR: i64 = 100;
/// How many clients pgbench is tried with.
const CLIENTS: [u32; 3] = [8, 32, 64];
/// Players whose rounds are stored before the last comparison.
const OF_BEFORE: u32 = 1000;
/// Both loads run so long before anything is counted.
const WARM_UP_S: u32 = 2;
/// Open files beside the connections of the players.
const FILES_BESIDES: u64 = 1024;

/// What a run should come to. To miss one is no failure: machines differ.
const LEAST_RATIO: f64 = 1.0;
const MOST_LONE_RATIO: f64 = 1.5;
const LEAST_KEPT: f64 = 0.9;

/// Counts bets per second over HTTP, beside pgbench on the same PostgreSQL.
///
/// Each player has a connection of its own and bets on the slots again as soon as the last bet is answered, each time
/// with a new Idempotency-Key. Every player has set all nine limits. pgbench makes the same bets with one prepared
/// statement for each: the same rows are checked and written, with as many bytes. The two run by turns, and each number
/// is that of the middle round. `ratio` is bets over HTTP for each one by pgbench with the number of clients that does
/// best; `single_p50_ratio` compares the median times of one player alone; `ratio_after_2m_rounds` is `ratio` measured
/// again when so many rounds are stored. Wrong is: a bet that is refused, or anything wrong in the books, those of
/// pgbench's bets included.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Players over HTTP at once.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    players: u32,
    /// How long each load runs at a time, in seconds.
    #[arg(long, value_name = "S", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// How often both loads run.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Rounds that are stored before the last comparison; 0 leaves it out.
    #[arg(long, value_name = "N", default_value_t = 2_000_000)]
    stored_rounds: u32,
}

/// Runs the measurement.
pub(crate) async fn run(options: &Options) -> Result<Report, Failure> {
    let clock = Clock::machine();
    installation::allow_open_files(u64::from(options.players) + FILES_BESIDES)?;
    let found = installation::with(0, &clock, async |places| measure(options, &places, &clock).await);
    Ok(found.await?.report(options))
}

/// All that was found.
struct Found {
    crowded: Crowded,
    lone: Lone,
    later: Option<Crowded>,
    loads: Loads,
    counted: Counted,
    wrong_books: Option<String>,
}

/// Rounds in the database.
#[derive(Debug)]
struct Counted {
    over_http: i64,
    by_pgbench: i64,
    all: i64,
}

async fn measure(options: &Options, places: &Places, clock: &Clock) -> Result<Found, Failure> {
    let of_before = if options.stored_rounds == 0 { 0 } else { OF_BEFORE };
    say(&format!(
        "Creating {} players over HTTP, {} for pgbench and {of_before} who played before, all with all limits set …",
        options.players,
        people::OF_PGBENCH
    ));
    let crowd = Crowd::create(&places.database_url, options.players, of_before, clock).await?;
    let mut db = PgConnection::connect(&places.database_url).await?;
    let (sample, mut loads) = warm_up(options, places, &crowd, &mut db, clock).await?;

    say(&format!("{} players at once:", options.players));
    let crowded = loads.crowded(options.rounds, &CLIENTS).await?;
    let lone = loads.lone(options.rounds).await?;
    let later = if of_before == 0 {
        None
    } else {
        say(&format!("Storing {} rounds …", options.stored_rounds));
        let history = History {
            operator: crowd.operator,
            players: &crowd.of_before,
            sample: &sample,
        };
        history
            .store(&mut db, options.stored_rounds.div_ceil(OF_BEFORE), clock)
            .await?;
        say(&format!(
            "{} players at once, with all those rounds stored:",
            options.players
        ));
        Some(loads.crowded(options.rounds, &[crowded.pgbench_clients]).await?)
    };
    say("Verifying the books …");
    let counted = count(&crowd, &mut db).await?;
    let wrong_books = books::difference(&mut db).await?;
    db.close().await?;
    Ok(Found {
        crowded,
        lone,
        later,
        loads,
        counted,
        wrong_books,
    })
}

/// Lets both loads run for a moment, and the planner know what they wrote. Also returns a real bet.
async fn warm_up(
    options: &Options,
    places: &Places,
    crowd: &Crowd,
    db: &mut PgConnection,
    clock: &Clock,
) -> Result<(Sample, Loads), Failure> {
    let http = Load {
        writer: places.writer.address,
        tokens: crowd.tokens.clone(),
        ask: Ask::slots(),
        clock: clock.clone(),
    };
    let answers = http
        .run(crowd.tokens.len(), Duration::from_secs(WARM_UP_S.into()))
        .await?;
    let sample = Sample::take(db).await?;
    let pgbench = Pgbench::new(places, crowd.operator, &crowd.by_pgbench, &sample)?;
    let run = pgbench.run(people::OF_PGBENCH, WARM_UP_S).await?;
    sqlx::raw_sql("vacuum analyze").execute(db).await?;
    let mut loads = Loads::new(http, pgbench, options.seconds);
    loads.taken = answers.taken;
    loads.refused = answers.refused;
    loads.transactions = run.transactions;
    Ok((sample, loads))
}

async fn count(crowd: &Crowd, db: &mut PgConnection) -> Result<Counted, Failure> {
    let counted = sqlx::query_as!(
        Counted,
        r#"
        select
            count(*) filter (where player_id >= $2 and player_id < $3) as "over_http!",
            count(*) filter (where player_id >= $4 and player_id < $5) as "by_pgbench!",
            count(*) as "all!"
        from rounds
        where operator_id = $1
        "#,
        crowd.operator.get(),
        crowd.over_http.start,
        crowd.over_http.end,
        crowd.by_pgbench.start,
        crowd.by_pgbench.end,
    );
    Ok(counted.fetch_one(db).await?)
}

impl Found {
    fn report(&self, options: &Options) -> Report {
        let mut report = Report::new("bets");
        report.value("players", options.players);
        report.value("seconds", options.seconds);
        report.value("rounds", options.rounds);
        report.value("bets_per_s", rounded(self.crowded.bets_per_s));
        report.value("pgbench_tps", rounded(self.crowded.pgbench_tps));
        report.value("pgbench_clients", self.crowded.pgbench_clients);
        report.value("ratio", rounded(self.crowded.ratio()));
        report.value("p50_ms", self.crowded.p50_ms);
        report.value("p99_ms", self.crowded.p99_ms);
        report.value("single_p50_ms", self.lone.p50_ms);
        report.value("pgbench_single_p50_ms", self.lone.pgbench_p50_ms);
        report.value("single_p50_ratio", rounded(self.lone.ratio()));
        let later = self.later.as_ref();
        report.value("bets_per_s_after", later.map(|later| rounded(later.bets_per_s)));
        report.value("pgbench_tps_after", later.map(|later| rounded(later.pgbench_tps)));
        report.value("ratio_after_2m_rounds", later.map(|later| rounded(later.ratio())));
        report.value("stored_rounds", self.counted.all);
        report.value("books_ok", self.wrong_books.is_none());
        self.judge(&mut report);
        self.tell_aims();
        report
    }

    fn judge(&self, report: &mut Report) {
        for (status, count) in &self.loads.refused {
            report.broken(format!("{count} bets were answered with {status}"));
        }
        for (what, done, stored) in [
            ("over HTTP", self.loads.taken, self.counted.over_http),
            ("by pgbench", self.loads.transactions, self.counted.by_pgbench),
        ] {
            if i64::try_from(done) != Ok(stored) {
                report.broken(format!("{done} bets {what} made {stored} rounds"));
            }
        }
        if let Some(difference) = &self.wrong_books {
            report.broken(format!("the books: {difference}"));
        }
    }

    fn tell_aims(&self) {
        let ratio = self.crowded.ratio();
        Aim::AtLeast(LEAST_RATIO).tell("bets over HTTP for each one by pgbench", ratio);
        Aim::AtMost(MOST_LONE_RATIO).tell("time of a lone bet over HTTP, by pgbench 1", self.lone.ratio());
        if let Some(later) = &self.later {
            let what = "bets over HTTP for each one by pgbench, with all those rounds stored";
            Aim::AtLeast(LEAST_KEPT * ratio).tell(what, later.ratio());
        }
    }
}

/// To three places.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
