//! The wish of a person or of a supervisor that this program ends: Ctrl-C and SIGTERM.
//! Must never take over SIGHUP, so that `nohup` keeps its meaning.

use std::io;
use std::time::Duration;

use shared::clock::Clock;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals within this time of one that counted say the same again: GNU `timeout` and some supervisors tell both a
/// process and its group.
const ECHO: Duration = Duration::from_secs(1);

/// Ctrl-C and SIGTERM, from the moment this value is made on.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    wishes: Wishes,
    clock: Clock,
}

impl Signals {
    pub(crate) fn listen(clock: Clock) -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            wishes: Wishes::default(),
            clock,
        })
    }

    /// The next wish.
    pub(crate) async fn next(&mut self) {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
            if self.wishes.is_new(self.clock.elapsed()) {
                return;
            }
        }
    }
}

/// Tells a new wish from the echo of the last one.
#[derive(Debug, Default)]
struct Wishes {
    last: Option<Duration>,
}

impl Wishes {
    /// Whether a signal at `now` is a wish of its own.
    fn is_new(&mut self, now: Duration) -> bool {
        let is_new = self.last.is_none_or(|last| now >= last + ECHO);
        if is_new {
            self.last = Some(now);
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_within_a_second_of_the_first_are_one_wish() {
        let mut wishes = Wishes::default();
        let told = [0, 1, 999, 1000, 1001, 1999, 2000, 9000];
        let new: Vec<u64> = told
            .into_iter()
            .filter(|ms| wishes.is_new(Duration::from_millis(*ms)))
            .collect();
        assert_eq!(new, [0, 1000, 2000, 9000]);
    }
}
