//! The `read-api` program.

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    read_api::config::Cli::parse().run().await
}
