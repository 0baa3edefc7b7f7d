//! Measurements of Edgebook on this machine. Each starts what it needs, prints lines for people and one JSON object as
//! the last line of its output, and stops what it started. Must never be a test: what it sees depends on the machine.

mod chaos;
mod dice;
mod failure;
mod installation;
mod latencies;
mod leaks;
mod people;
mod report;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;
use report::Report;

/// Measures Edgebook on this machine, on an installation of its own that disappears afterwards.
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
}

fn main() -> ExitCode {
    // The installation under measurement consists of this very program.
    if let Some(code) = dev::service() {
        return code;
    }
    let cli = Cli::parse();
    shared::tls::choose();
    let ran = tokio::runtime::Runtime::new()
        .map_err(Failure::from)
        .and_then(|runtime| runtime.block_on(run(cli.bench)));
    match ran {
        Ok(report) => report.conclude(),
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(bench: Bench) -> Result<Report, Failure> {
    match bench {
        Bench::Leaks(options) => leaks::run(&options).await,
        Bench::Chaos(options) => chaos::run(&options).await,
    }
}
