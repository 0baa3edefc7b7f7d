//! Time as something that is passed in. Owns the only calls of the machine's clocks.
//! Must never be used to order changes: versions do that.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use time::OffsetDateTime;

/// A clock: cheap to clone, the machine's in production and moved by hand in tests.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    Machine {
        start: Instant,
        started_at: OffsetDateTime,
    },
    Manual(Arc<Mutex<Moment>>),
}

#[derive(Clone, Copy, Debug)]
struct Moment {
    wall: OffsetDateTime,
    elapsed: Duration,
}

impl Clock {
    /// The machine's clocks.
    #[expect(clippy::disallowed_methods, reason = "this is where time is let in")]
    pub fn machine() -> Self {
        Self(Source::Machine {
            start: Instant::now(),
            started_at: OffsetDateTime::now_utc(),
        })
    }

    /// A clock that stands at `wall` until [`Clock::advance`] moves it.
    pub fn manual(wall: OffsetDateTime) -> Self {
        Self(Source::Manual(Arc::new(Mutex::new(Moment {
            wall,
            elapsed: Duration::ZERO,
        }))))
    }

    /// Wall time in UTC, for people and records.
    #[expect(clippy::disallowed_methods, reason = "this is where time is let in")]
    pub fn now(&self) -> OffsetDateTime {
        match &self.0 {
            Source::Machine { .. } => OffsetDateTime::now_utc(),
            Source::Manual(moment) => moment.lock().unwrap_or_else(PoisonError::into_inner).wall,
        }
    }

    /// Wall time that never jumps while this clock lives: as it was when the clock was made, and monotonic time since.
    /// For games that run against the clock.
    pub fn steady(&self) -> OffsetDateTime {
        match &self.0 {
            Source::Machine { start, started_at } => *started_at + start.elapsed(),
            Source::Manual(_) => self.now(),
        }
    }

    /// Monotonic time since this clock was made, for ages and limits.
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Source::Machine { start, .. } => start.elapsed(),
            Source::Manual(moment) => moment.lock().unwrap_or_else(PoisonError::into_inner).elapsed,
        }
    }

    /// Moves a manual clock forward; the machine's can't be moved and stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(moment) = &self.0 {
            let mut moment = moment.lock().unwrap_or_else(PoisonError::into_inner);
            moment.wall += by;
            moment.elapsed += by;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = Clock::manual(OffsetDateTime::UNIX_EPOCH);
        let twin = clock.clone();
        clock.advance(Duration::from_secs(90));
        assert_eq!(twin.elapsed(), Duration::from_secs(90));
        assert_eq!(twin.now().unix_timestamp(), 90);
    }
}
