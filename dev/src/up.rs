//! What happens without a subcommand: everything is started, and runs until somebody stops it or something fails.
//! Must never end before everything is down.

use std::env;
use std::io::{self, Write};
use std::process::ExitCode;

use shared::clock::Clock;
use shared::random::Random;

use crate::cli::UpOptions;
use crate::launch::{Database, Demo, Feed, Home, LaunchError, Launched, Options};
use crate::postgres::{self, Contents};
use crate::progress::{Progress, line};
use crate::signals::Signals;
use crate::table;

/// What the private PostgreSQL allows to the writer and to people, and to each reader, by their defaults.
const CONNECTIONS: u16 = 60;
const CONNECTIONS_OF_A_READER: u16 = 4;

/// Runs until stopped. The exit code is 0 when somebody asked for the end and everything went down well.
pub(crate) async fn up(asked: UpOptions) -> ExitCode {
    match run(&asked).await {
        Ok(code) => code,
        Err(error) => {
            line(&format!("edgebook: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(asked: &UpOptions) -> Result<ExitCode, LaunchError> {
    let mut signals = Signals::listen(Clock::machine()).map_err(|source| LaunchError::System {
        doing: "listen for signals",
        source,
    })?;
    let progress = Progress::to_stderr(Clock::machine());
    let options = options(asked, &progress)?;
    let mut launched = match Launched::start_unless(options, async || signals.next().await).await {
        Err(LaunchError::Interrupted) => {
            progress.say("Stopped before everything had started.");
            return Ok(ExitCode::SUCCESS);
        }
        started => started?,
    };
    show(&table::render(&launched));
    let failure = tokio::select! {
        failure = launched.failure() => Some(failure),
        () = signals.next() => None,
    };
    if let Some(failure) = &failure {
        line(&format!("edgebook: {failure}"));
    }
    launched.stop_until(async || signals.next().await).await?;
    progress.say("Everything is stopped.");
    Ok(failure.map_or(ExitCode::SUCCESS, |_| ExitCode::FAILURE))
}

fn options(asked: &UpOptions, progress: &Progress) -> Result<Options, LaunchError> {
    let program = env::current_exe().map_err(|source| LaunchError::System {
        doing: "find this program's own file, to start the services from it",
        source,
    })?;
    let home = Home::open(&asked.data)?;
    // An empty variable is an unset one.
    let given = asked.database_url.clone().filter(|url| !url.is_empty());
    if given.is_some() && asked.fresh {
        progress.say("A given server keeps its data: --fresh empties the private database only.");
    }
    let feed = asked.feed.clone().filter(|feed| !feed.is_empty());
    Ok(Options {
        database: given.map_or_else(|| private(&home, asked), Database::Given),
        home,
        demo: Demo::Wanted,
        program,
        feed: feed.map_or(Feed::Sample, Feed::At),
        readers: asked.readers,
        read_port: asked.read_port,
        write_port: asked.write_port,
        reader_urls: None,
        reader_args: Vec::new(),
        writer_args: Vec::new(),
        progress: progress.clone(),
        clock: Clock::machine(),
        random: Random::system(),
    })
}

fn private(home: &Home, asked: &UpOptions) -> Database {
    let contents = if asked.fresh {
        Contents::Fresh
    } else {
        Contents::Kept
    };
    Database::Private(postgres::Options {
        contents,
        max_connections: CONNECTIONS + asked.readers * CONNECTIONS_OF_A_READER,
        ..postgres::Options::durable(home.postgres())
    })
}

/// Standard output may be closed; what runs, runs.
fn show(table: &str) {
    let mut stdout = io::stdout().lock();
    drop(writeln!(stdout, "\n{table}").and_then(|()| stdout.flush()));
}
