//! The command line of the launcher. Must never take a secret that `ps` would show: those come by environment.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::{lifeline, up, with_database};

/// The subcommands that are services.
pub(crate) const SERVICES: [&str; 2] = ["read-api", "write-api"];

/// Starts all of Edgebook on this machine, with demo data: a private PostgreSQL, write-api, and read-api.
///
/// Prints a table of URLs and log-ins once everything is ready. Ctrl-C or SIGTERM stops all of it. Options of the
/// services can be given by their environment variables; `edgebook read-api --help` and
/// `edgebook write-api serve --help` list them.
#[derive(Debug, Parser)]
#[command(name = "edgebook", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    up: UpOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run one reading service alone; the launcher starts its readers so.
    ReadApi(Box<read_api::config::Cli>),
    /// Run the writing service, or one of its tools, alone; the launcher starts its writer so.
    WriteApi(Box<write_api::config::Cli>),
    /// Run a command with `DATABASE_URL` set to a new private database with the schema, and remove it afterwards.
    WithDatabase {
        /// The command and its arguments. Its exit code becomes this program's.
        #[arg(last = true, required = true, value_name = "COMMAND")]
        command: Vec<OsString>,
    },
}

/// Options of the launcher itself.
#[derive(Clone, Debug, Args)]
pub(crate) struct UpOptions {
    /// How many readers to start.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=32))]
    pub(crate) readers: u16,
    /// Port of the first reader; further ones listen on the ports after it. 0 takes free ports.
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    pub(crate) read_port: u16,
    /// Port of the writer. 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 8090)]
    pub(crate) write_port: u16,
    /// Folder for the private database, the services' logs and the sample feed; created if it is missing, and kept
    /// between runs.
    #[arg(long, value_name = "DIR", default_value = ".data")]
    pub(crate) data: PathBuf,
    /// Empty the data folder first: the private database begins anew. Does nothing to a server that `--database-url`
    /// names.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// The sports feed in GoalServe's format: a folder of files such as `soccer_odds.json`, or an http(s) URL. A URL
    /// with a key in it is better given as FEED, where other people of the machine don't see it. Default: a small
    /// sample feed, which comes with this program.
    #[arg(long, value_name = "DIR|URL", env = "FEED", hide_env_values = true)]
    pub(crate) feed: Option<String>,
    /// Use this PostgreSQL (14 or newer) instead of a private one: postgres://user:password@host:port/name. The user
    /// must own the database. A URL with a password in it is better given as `DATABASE_URL`. Demo data is only created
    /// if the database has no operators yet.
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub(crate) database_url: Option<String>,
}

impl Cli {
    /// Does what the command line says.
    pub(crate) async fn run(self) -> ExitCode {
        match self.command {
            None => up::up(self.up).await,
            Some(Command::ReadApi(service)) => {
                lifeline::hold();
                service.run().await
            }
            Some(Command::WriteApi(service)) => {
                lifeline::hold();
                service.run().await
            }
            Some(Command::WithDatabase { command }) => with_database::run(&command).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(args: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from([&["edgebook"], args].concat())
    }

    #[test]
    fn the_command_line_is_well_formed_and_explains_every_option() {
        let mut command = Cli::command();
        command.build();
        command.clone().debug_assert();
        let unexplained: Vec<_> = command
            .get_arguments()
            .filter(|argument| argument.get_help().is_none())
            .map(clap::Arg::get_id)
            .collect();
        assert!(unexplained.is_empty(), "{unexplained:?}");
    }

    #[test]
    fn without_arguments_one_reader_is_started_on_the_ports_of_the_documentation() {
        let up = parse(&[]).unwrap().up;
        assert_eq!((up.readers, up.read_port, up.write_port), (1, 8080, 8090));
        assert_eq!(up.data, PathBuf::from(".data"));
        assert!(!up.fresh);
    }

    #[test]
    fn the_number_of_readers_has_limits() {
        assert!(parse(&["--readers", "32"]).is_ok());
        for wrong in ["0", "33", "-1", "many"] {
            assert!(parse(&[&format!("--readers={wrong}")]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn services_are_subcommands_with_their_own_options() {
        let secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
        let common = ["--database-url", "postgres://x", "--webhook-secret", secret];
        let reader = [&["read-api", "--write-url", "http://127.0.0.1:1"][..], &common].concat();
        let writer = [&["write-api", "serve", "--listen", "127.0.0.1:0"][..], &common].concat();
        for service in [reader, writer] {
            let parsed = parse(&service);
            assert!(parsed.is_ok(), "{}", parsed.unwrap_err());
        }
    }

    #[test]
    fn a_command_for_a_database_keeps_its_own_options() {
        let parsed = parse(&["with-database", "--", "cargo", "sqlx", "prepare", "--", "--tests"]).unwrap();
        let Some(Command::WithDatabase { command }) = parsed.command else {
            panic!("{parsed:?}");
        };
        assert_eq!(command, ["cargo", "sqlx", "prepare", "--", "--tests"]);
        assert!(parse(&["with-database"]).is_err());
    }
}
