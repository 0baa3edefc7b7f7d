//! The launcher: a private PostgreSQL, the schema, demo data, and both services, each as a process of its own.
//! Must never be needed in production, nor be told or tell a secret on a command line.

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

mod cli;
pub mod demo;
mod free_ports;
pub mod launch;
mod lifeline;
pub mod postgres;
mod progress;
mod signals;
mod table;
mod up;
mod with_database;

use cli::Cli;
pub use progress::Progress;

/// The whole program, with the arguments of this process.
pub fn main() -> ExitCode {
    run(env::args_os())
}

/// The whole program. The first of `args` is its name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = Cli::parse_from(args);
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(cli.run()),
        Err(error) => {
            progress::line(&format!(
                "edgebook: the asynchronous runtime could not be started: {error}"
            ));
            ExitCode::FAILURE
        }
    }
}

/// Runs a service if the arguments of this process ask for one. A program that starts with this call can launch
/// services from itself, as [`launch::Options::program`].
pub fn service() -> Option<ExitCode> {
    let asked = env::args_os().nth(1)?;
    cli::SERVICES.iter().any(|&name| asked == name).then(main)
}
