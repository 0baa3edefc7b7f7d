//! The commands of contests. Must never begin one that was not asked for in full.

use clap::{Args, Subcommand};
use serde_json::json;
use shared::clock::Clock;
use shared::db::DbError;
use shared::ids::OperatorId;
use shared::theme::DisplayName;
use time::OffsetDateTime;

use super::contests::{NewContest, begin_contest, catch_up};
use super::refresh::Refreshed;
use crate::accounts::cli::Target;
use crate::audit::{Action, Change, Doer, record};

/// What `write-api contest` does.
#[derive(Debug, Subcommand)]
pub(crate) enum ContestCommand {
    /// Begin a contest for all operators now, in place of the one that runs: every leaderboard starts from nothing.
    Begin(BeginContest),
}

/// Options of `write-api contest begin`.
#[derive(Debug, Args)]
pub(crate) struct BeginContest {
    /// Its name for people.
    #[arg(long)]
    name: DisplayName,
    /// When it is said to end, as RFC 3339 has it, such as 2030-01-31T20:00:00Z. It runs until the next one begins.
    #[arg(long, value_parser = shared::moment::parse)]
    ends: OffsetDateTime,
    /// Ledger entries, new players and new operators that one transaction looks at, each at most so many, beside the
    /// rest of the last entry's transaction.
    #[arg(long, env = "LEADERBOARD_BATCH", default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..))]
    leaderboard_batch: u32,
    /// Places of each board that are kept of the contest that ends with this.
    #[arg(long, env = "STANDINGS_KEPT", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    standings_kept: u32,
    #[command(flatten)]
    target: Target,
}

/// Why no contest began.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContestError {
    /// It would be over.
    #[error("the contest would end before it begins")]
    Over,
    /// The database can't be used.
    #[error("{0}{cause}", cause = crate::accounts::cli::reason(.0))]
    Database(#[from] DbError),
}

/// Begins a contest and says its number.
pub(crate) async fn begin(options: BeginContest, clock: &Clock) -> Result<(), ContestError> {
    if options.ends <= clock.now() {
        return Err(ContestError::Over);
    }
    let db = options.target.open(clock)?;
    let (batch, kept) = (options.leaderboard_batch, options.standings_kept);
    loop {
        let caught_up = db
            .write(move |db| Box::pin(async move { Ok::<_, DbError>(catch_up(db, batch).await?) }))
            .await?;
        if caught_up != Refreshed::Behind {
            break;
        }
    }
    let (new, now) = (
        NewContest {
            name: options.name,
            ends_at: options.ends,
        },
        clock.now(),
    );
    let begun = db
        .write(move |db| {
            let new = new.clone();
            Box::pin(async move {
                let begun = begin_contest(db, &new, batch, kept, now).await?;
                let platform = OperatorId::PLATFORM;
                let change = Change {
                    subject: Some(format!("contest {}", begun.id)),
                    after: json!({ "name": new.name.as_str() }),
                    ..Change::default()
                };
                let doer = Doer::at_console(platform, now);
                record(platform, db, &doer, Action::ContestBegun, change).await?;
                Ok::<_, DbError>(begun)
            })
        })
        .await?;
    db.close().await;
    println!(
        "contest {} has begun, for {} operators",
        begun.id, begun.operators
    );
    Ok(())
}
