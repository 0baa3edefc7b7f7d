//! Measurements of Edgebook on this machine. Each starts what it needs, prints lines for people and one JSON object as
//! the last line of its output, and stops what it started. Must never be a test: what it sees depends on the machine.

mod aim;
mod bets;
mod books;
mod chaos;
mod coherence;
mod contest_reset;
mod contract;
mod dice;
mod failure;
mod installation;
mod latencies;
mod leaderboard;
mod leaks;
mod memory;
mod operators;
mod people;
mod reads;
mod report;
mod reports;
mod rtp;
mod sessions;
mod sports;
mod start;
mod streams;
mod wire;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::runtime::Runtime;

use failure::Failure;

/// Measures Edgebook on this machine. What needs an installation gets one of its own that disappears afterwards.
///
/// Prints lines for people, and one JSON object as the last line. The exit code is 0 when everything was as it should
/// be, and 1 when it was not or could not be measured.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
struct Cli {
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Debug, Subcommand)]
enum Bench {
    Leaks(leaks::Options),
    Chaos(chaos::Options),
    Rtp(rtp::Options),
    Bets(bets::Options),
    Start(start::Options),
    Sessions(sessions::Options),
    Coherence(coherence::Options),
    Contract(contract::Options),
    Leaderboard(leaderboard::Options),
    Reads(reads::Options),
    Streams(streams::Options),
    ContestReset(contest_reset::Options),
    Reports(reports::Options),
    Sports(sports::Options),
    #[command(hide = true)]
    BareAxum(reads::Bare),
}

fn main() -> ExitCode {
    // The installation under measurement consists of this very program.
    if let Some(code) = dev::service() {
        return code;
    }
    let cli = Cli::parse();
    shared::tls::choose();
    match run(&cli.bench) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(bench: &Bench) -> Result<ExitCode, Failure> {
    let report = match bench {
        Bench::BareAxum(bare) => return Runtime::new()?.block_on(bare.serve()),
        Bench::Leaks(options) => Runtime::new()?.block_on(leaks::run(options)),
        Bench::Chaos(options) => Runtime::new()?.block_on(chaos::run(options)),
        Bench::Rtp(options) => rtp::run(options),
        Bench::Bets(options) => Runtime::new()?.block_on(bets::run(options)),
        Bench::Start(options) => Runtime::new()?.block_on(start::run(options)),
        Bench::Sessions(options) => Runtime::new()?.block_on(sessions::run(options)),
        Bench::Coherence(options) => Runtime::new()?.block_on(coherence::run(options)),
        Bench::Contract(options) => Runtime::new()?.block_on(contract::run(options)),
        Bench::Streams(options) => Runtime::new()?.block_on(streams::run(options)),
        Bench::Reports(options) => Runtime::new()?.block_on(reports::run(options)),
        Bench::Sports(options) => Runtime::new()?.block_on(sports::run(options)),
        Bench::ContestReset(options) => Runtime::new()?.block_on(contest_reset::run(options)),
        Bench::Reads(options) => Runtime::new()?.block_on(reads::run(options)),
        Bench::Leaderboard(options) => Runtime::new()?.block_on(leaderboard::run(options)),
    }?;
    Ok(report.conclude())
}
