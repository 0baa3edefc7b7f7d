//! `reads`: how many cached pages a second a reader answers, beside what else could answer them on the same machine.
//! Must never compare answers that have not the same body, nor runs that were not made by turns.

mod bare;
mod flood;
mod rivals;
mod wrk;

use std::time::Duration;

use clap::Args;
use dev::launch::Launched;
use shared::clock::Clock;
use tokio::time::{sleep, timeout};

use crate::aim::Aim;
use crate::failure::Failure;
use crate::installation::{self, Service, Wanted};
use crate::operators;
use crate::report::{Report, say};
pub(crate) use bare::Bare;
use flood::Flood;
use rivals::Rivals;
use wrk::{Run, Wrk, median};

/// How long a reader may take to know the operators.
const KNOWN_LIMIT: Duration = Duration::from_secs(30);
const KNOWN_PAUSE: Duration = Duration::from_millis(50);
/// The page that all serve.
const PAGE: &str = "/api/branding/brand-1";

/// Compares hits of a reader with nginx, Varnish and a bare axum handler, by turns.
///
/// All answer with the same body, over 64 kept connections of `wrk`, with access logs off: the reader with everything
/// that a page needs, nginx a file, nginx and Varnish what they cached of the bare handler, which answers with bytes
/// that are ready. Each number is the median of its rounds. `ratio_10k_operators` is the reader with all operators at
/// random for each one with a single operator, both with the same script. At last unknown operators are asked for, which
/// must cost no query and no memory. Needs wrk, nginx and varnishd.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How long each runs at a time, in seconds.
    #[arg(long, value_name = "S", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// How often all run.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// Connections.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    connections: u32,
    /// Operators.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    operators: u32,
    /// Requests for operators that there are not; 0 leaves them out.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    unknown: u32,
}

/// Runs the measurement.
pub(crate) async fn run(options: &Options) -> Result<Report, Failure> {
    rivals::look_for(["wrk", "nginx", "varnishd"])?;
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

/// What runs by turns.
const SUBJECTS: usize = 9;

/// All that was found, each as the median of its rounds.
struct Found {
    reader: Run,
    nginx_file: Run,
    nginx_cache: Run,
    varnish: Run,
    axum: Run,
    unchanged: Run,
    gzip: Run,
    one_operator: Run,
    all_operators: Run,
    flood: Option<Flood>,
}

async fn measure(options: &Options, launched: &mut Launched, clock: &Clock) -> Result<Found, Failure> {
    say(&format!(
        "Creating {} operators, each with a theme and a branding …",
        options.operators
    ));
    operators::create(launched.database_url(), options.operators, clock).await?;
    let process = launched.readers.first();
    let reader = Service::of(process.ok_or_else(|| Failure::Unfit("there is no reader".to_owned()))?)?;
    let (body, etag) = page(&reader).await?;
    let folder = launched.home().folder();
    let rivals = Rivals::start(folder, &body).await?;
    let wrk = Wrk::new(folder, options.connections, options.seconds);
    let at_reader = format!("{}{PAGE}", reader.url);
    let at = |port: u16| format!("http://127.0.0.1:{port}{PAGE}");
    let if_none_match = format!("if-none-match: {etag}");
    let (one, all) = (wrk.script_for(1)?, wrk.script_for(options.operators)?);
    say(&format!(
        "{} rounds of {SUBJECTS} runs of {} s, with {} connections and {} bytes …",
        options.rounds,
        options.seconds,
        options.connections,
        body.len()
    ));
    // What is asked for at random is in memory before it counts.
    wrk.run(&reader.url, &["-s", &all]).await?;
    let mut rounds: Vec<[Run; SUBJECTS]> = Vec::new();
    for round in 1..=options.rounds {
        let runs = [
            wrk.run(&at_reader, &[]).await?,
            wrk.run(&at(rivals.nginx_file), &[]).await?,
            wrk.run(&at(rivals.nginx_cache), &[]).await?,
            wrk.run(&at(rivals.varnish), &[]).await?,
            wrk.run(&at(rivals.axum), &[]).await?,
            wrk.run(&at_reader, &["-H", &if_none_match]).await?,
            wrk.run(&at_reader, &["-H", "accept-encoding: gzip"]).await?,
            wrk.run(&reader.url, &["-s", &one]).await?,
            wrk.run(&reader.url, &["-s", &all]).await?,
        ];
        let [reader, nginx_file, nginx_cache, varnish, axum, ..] = runs;
        say(&format!(
            "Round {round}: reader {reader}; nginx, file {nginx_file}; nginx, cache {nginx_cache}; \
             Varnish {varnish}; bare axum {axum}"
        ));
        rounds.push(runs);
    }
    rivals.stop().await;
    let flood = match options.unknown {
        0 => None,
        count => Some(Flood::run(&wrk, &reader, count).await?),
    };
    let of = |subject: usize| median(rounds.iter().map(|runs| runs[subject]).collect());
    Ok(Found {
        reader: of(0),
        nginx_file: of(1),
        nginx_cache: of(2),
        varnish: of(3),
        axum: of(4),
        unchanged: of(5),
        gzip: of(6),
        one_operator: of(7),
        all_operators: of(8),
        flood,
    })
}

/// The page's body and `ETag`, once the reader knows its operator.
async fn page(reader: &Service) -> Result<(Vec<u8>, String), Failure> {
    let url = format!("{}{PAGE}", reader.url);
    let client = reqwest::Client::builder().no_proxy().build()?;
    let known = async {
        loop {
            let answer = client.get(&url).send().await?;
            if answer.status().is_success() {
                let etag = answer.headers().get("etag").and_then(|etag| etag.to_str().ok());
                let etag = etag.unwrap_or_default().to_owned();
                return Ok::<_, Failure>((answer.bytes().await?.to_vec(), etag));
            }
            sleep(KNOWN_PAUSE).await;
        }
    };
    let late = |_| Failure::Unfit(format!("the reader did not know {PAGE} within {KNOWN_LIMIT:?}"));
    timeout(KNOWN_LIMIT, known).await.map_err(late)?
}

impl Found {
    fn report(&self, options: &Options) -> Report {
        let mut report = Report::new("reads");
        let ratio = |other: &Run| hundredths(self.reader.rps / other.rps);
        let of_nginx = ratio(&self.nginx_file);
        let of_varnish = ratio(&self.varnish);
        let p99 = hundredths(self.reader.p99_ms / self.nginx_file.p99_ms);
        let operators = hundredths(self.all_operators.rps / self.one_operator.rps);
        Aim::AtLeast(1.0).tell("hits for each file of nginx", of_nginx);
        Aim::AtLeast(2.0).tell("hits for each of Varnish", of_varnish);
        Aim::AtMost(1.0).tell("99th percentile for each of nginx's", p99);
        Aim::AtLeast(0.9).tell("hits of all operators for each of one", operators);
        report.value("connections", options.connections);
        report.value("operators", options.operators);
        report.value("rounds", options.rounds);
        report.value("seconds", options.seconds);
        report.value("read_api_rps", self.reader.rps.round());
        report.value("read_api_p50_ms", self.reader.p50_ms);
        report.value("read_api_p99_ms", self.reader.p99_ms);
        report.value("nginx_file_rps", self.nginx_file.rps.round());
        report.value("nginx_file_p99_ms", self.nginx_file.p99_ms);
        report.value("ratio_nginx_file", of_nginx);
        report.value("ratio_nginx_cache", ratio(&self.nginx_cache));
        report.value("ratio_varnish", of_varnish);
        report.value("ratio_axum", ratio(&self.axum));
        report.value("p99_ratio_nginx", p99);
        report.value("unchanged_rps", self.unchanged.rps.round());
        report.value("gzip_rps", self.gzip.rps.round());
        report.value("ratio_10k_operators", operators);
        let runs = [
            self.reader,
            self.unchanged,
            self.gzip,
            self.one_operator,
            self.all_operators,
        ];
        let refused: u64 = runs.iter().map(|run| run.refused).sum();
        report.at_most("answers of the reader that were no page", refused, 0);
        if let Some(flood) = &self.flood {
            flood.report(&mut report);
        }
        report
    }
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
