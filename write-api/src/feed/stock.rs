//! Which sports have events, remembered for a moment.
//! Must never ask the database more than once in that moment, however many pages ask.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use shared::clock::Clock;
use shared::db::{Db, DbError};
use shared::sports::Sport;
use time::OffsetDateTime;
use tokio::sync::Mutex;

use super::store;

/// For how long an answer of the database is good.
const FRESH: Duration = Duration::from_secs(1);

/// What is known of the events of one sport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SportStock {
    /// When they changed last.
    pub(super) changed_at: OffsetDateTime,
    /// Whether any is on offer.
    pub(super) has_events: bool,
}

pub(super) type Sports = HashMap<Sport, SportStock>;

/// The last answer of the database.
#[derive(Debug, Default)]
pub(super) struct Stock(Mutex<Asked>);

#[derive(Debug, Default)]
struct Asked {
    /// When the last question ended, answered or not.
    at: Option<Duration>,
    sports: Option<Arc<Sports>>,
}

impl Stock {
    /// What is known of each sport that ever had events. With the database away, what was known last, if anything.
    pub(super) async fn sports(&self, db: &Db, clock: &Clock) -> Result<Arc<Sports>, DbError> {
        // Whoever comes while one asks waits for that answer.
        let mut asked = self.0.lock().await;
        let mut error = None;
        if asked
            .at
            .is_none_or(|at| clock.elapsed().saturating_sub(at) >= FRESH)
        {
            match ask(db).await {
                Ok(sports) => asked.sports = Some(Arc::new(sports)),
                Err(failure) => error = Some(failure),
            }
            asked.at = Some(clock.elapsed());
        }
        match (&asked.sports, error) {
            (Some(sports), _) => Ok(Arc::clone(sports)),
            (None, error) => Err(error.unwrap_or(DbError::Unavailable(sqlx::Error::PoolTimedOut))),
        }
    }
}

async fn ask(db: &Db) -> Result<Sports, DbError> {
    let rows = db
        .read(|db| Box::pin(async move { Ok::<_, DbError>(store::stock(db).await?) }))
        .await?;
    let known = rows.into_iter().filter_map(|row| {
        let stock = SportStock {
            changed_at: row.changed_at,
            has_events: row.has_events,
        };
        Some((Sport::find(&row.sport)?, stock))
    });
    Ok(known.collect())
}
