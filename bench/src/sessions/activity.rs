//! The reader's sessions as the database shows them, and its memory as the system does, sampled together. Must never
//! leave a sample out because it looks wrong.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::{MissedTickBehavior, interval};

use crate::installation::Service;
use crate::memory::{Kib, Watched};
use crate::report::Report;

/// How often the database is asked.
const PAUSE: Duration = Duration::from_millis(100);
/// How the reader calls itself: the launcher's name for the first one.
const READER: &str = "reader-1";

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    samples: u64,
    open_peak: u64,
    busy_peak: u64,
    most_memory: Option<Kib>,
}

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Activity(Mutex<Seen>);

impl Activity {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Samples all the time; ends only when the database refuses.
    pub(super) async fn sample(&self, db: &mut PgConnection, reader: &Service) -> sqlx::Error {
        let memory = Watched::new(reader.pid);
        let mut ticks = interval(PAUSE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match sessions(db).await {
                Ok(sessions) => self.take(&sessions, memory.resident()),
                Err(error) => return error,
            }
        }
    }

    fn take(&self, sessions: &Sessions, resident: Option<Kib>) {
        let mut seen = self.seen();
        seen.samples += 1;
        seen.open_peak = seen.open_peak.max(sessions.open.cast_unsigned());
        seen.busy_peak = seen.busy_peak.max(sessions.busy.cast_unsigned());
        seen.most_memory = seen.most_memory.max(resident);
    }

    /// The most sessions in any sample, idle or not.
    pub(super) fn peak(&self) -> u64 {
        self.seen().open_peak
    }

    /// The most memory in any sample.
    pub(super) fn most_memory(&self) -> Option<Kib> {
        self.seen().most_memory
    }

    /// For a person who waits.
    pub(super) fn in_words(&self) -> String {
        let seen = self.seen();
        format!(
            "at most {} connections of the reader, {} of them at work, in {} samples",
            seen.open_peak, seen.busy_peak, seen.samples
        )
    }

    /// Adds what was seen.
    pub(super) fn report(&self, report: &mut Report) {
        let seen = self.seen();
        report.value("reader_peak", seen.open_peak);
        report.value("reader_busy_peak", seen.busy_peak);
        report.value("samples", seen.samples);
        if seen.open_peak == 0 {
            report.broken("no connection of the reader was ever seen".to_owned());
        }
    }
}

struct Sessions {
    open: i64,
    busy: i64,
}

async fn sessions(db: &mut PgConnection) -> Result<Sessions, sqlx::Error> {
    sqlx::query_as!(
        Sessions,
        r#"
        select count(*) as "open!", count(*) filter (where state is distinct from 'idle') as "busy!"
        from pg_stat_activity
        where datname = current_database() and application_name = $1
        "#,
        READER,
    )
    .fetch_one(db)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_every_number_is_kept() {
        let activity = Activity::default();
        activity.take(&Sessions { open: 4, busy: 0 }, Some(Kib(10)));
        activity.take(&Sessions { open: 2, busy: 2 }, None);
        let seen = *activity.seen();
        assert_eq!((seen.samples, seen.open_peak, seen.busy_peak), (2, 4, 2));
        assert_eq!(seen.most_memory, Some(Kib(10)));
    }
}
