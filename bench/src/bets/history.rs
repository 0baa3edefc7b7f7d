//! Rounds that were played before: stored as the product stores them, so that the books hold, but many at once. Must
//! never touch a wallet that is measured.

use std::ops::Range;

use shared::clock::Clock;
use shared::ids::OperatorId;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

use super::STAKE_MINOR;
use super::pgbench::Sample;
use crate::failure::Failure;
use crate::report::say;

/// Rounds that a player played in an hour; as many are stored in one statement for each player.
const HOURLY: u32 = 100;

/// Those who played before, in the hours until now.
#[derive(Debug)]
pub(super) struct History<'a> {
    pub(super) operator: OperatorId,
    pub(super) players: &'a Range<i64>,
    pub(super) sample: &'a Sample,
}

impl History<'_> {
    /// Stores so many rounds for each of `players`, and lets the planner know of them.
    pub(super) async fn store(&self, db: &mut PgConnection, each: u32, clock: &Clock) -> Result<(), Failure> {
        let hours = each.div_ceil(HOURLY);
        let now = clock.now();
        let this_hour = now.replace_time(time::Time::MIDNIGHT) + Duration::hours(now.hour().into());
        for (past, ago) in (0..hours).zip((1..=hours).rev()) {
            let rounds = HOURLY.min(each - past * HOURLY);
            self.store_hour(db, rounds, this_hour - Duration::hours(ago.into()))
                .await?;
            if (past + 1) % 5 == 0 {
                say(&format!("  {} of {hours} hours are stored", past + 1));
            }
        }
        sqlx::raw_sql("vacuum analyze wallets, wallet_marks, ledger_entries, rounds, commands")
            .execute(db)
            .await?;
        Ok(())
    }

    /// Stores so many rounds of each player in the hour that begins at `hour`, with the mark of that hour. The rounds
    /// of all players alternate, as they would have come.
    async fn store_hour(
        &self,
        db: &mut PgConnection,
        rounds: u32,
        hour: OffsetDateTime,
    ) -> Result<(), Failure> {
        sqlx::query_file!(
            "src/bets/history.sql",
            self.operator.get(),
            self.players.start,
            self.players.end,
            hour,
            i64::from(rounds),
            STAKE_MINOR,
            self.sample.result,
            self.sample.answer_head,
            self.sample.answer_tail,
        )
        .execute(db)
        .await?;
        Ok(())
    }
}
