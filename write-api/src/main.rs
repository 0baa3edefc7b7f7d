//! The `write-api` program.

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    write_api::config::Cli::parse().run().await
}
