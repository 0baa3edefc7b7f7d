//! The fail points of programs that are made to be killed. Must never be compiled into any other.

use std::process;
use std::str::FromStr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The environment variable that says at which point, and which time there, this process dies: `before_commit@3`.
pub const VARIABLE: &str = "EDGEBOOK_FAIL_POINT";

/// The exit code of a process whose variable makes no sense: it would run on, and its test would wait for its end.
const MISTAKEN: i32 = 2;

static TRAP: LazyLock<Option<Trap>> = LazyLock::new(|| {
    let text = std::env::var(VARIABLE).ok()?;
    match text.parse() {
        Ok(trap) => Some(trap),
        Err(error) => {
            eprintln!("{VARIABLE}={text:?} {error}");
            process::exit(MISTAKEN);
        }
    }
});

/// The process is at the point called `point`; it aborts if the variable says so.
pub fn reach(point: &'static str) {
    if let Some(trap) = &*TRAP
        && trap.springs_at(point)
    {
        eprintln!("fail point {point} was reached for time {}: aborting", trap.time);
        process::abort();
    }
}

/// Where this process dies.
#[derive(Debug)]
struct Trap {
    point: String,
    /// Which time there, counted from 1.
    time: u64,
    /// How often it was there.
    reached: AtomicU64,
}

/// A value that says no point and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be the name of a point, @, and which time there, from 1: before_commit@3")]
struct BadTrap;

impl FromStr for Trap {
    type Err = BadTrap;

    fn from_str(text: &str) -> Result<Self, BadTrap> {
        let (point, time) = text.split_once('@').ok_or(BadTrap)?;
        let time = time.parse().map_err(|_| BadTrap)?;
        if point.is_empty() || time == 0 {
            return Err(BadTrap);
        }
        Ok(Self {
            point: point.to_owned(),
            time,
            reached: AtomicU64::new(0),
        })
    }
}

impl Trap {
    /// True once: the time that was asked for.
    fn springs_at(&self, point: &str) -> bool {
        self.point == point && self.reached.fetch_add(1, Ordering::Relaxed) + 1 == self.time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trap_springs_once_at_its_point_and_time_and_nowhere_else() {
        let trap: Trap = "before_commit@2".parse().unwrap();
        let way = ["before_commit", "after_commit", "before_commit", "before_commit"];
        let sprung = way.map(|point| trap.springs_at(point));
        assert_eq!(sprung, [false, false, true, false]);
    }

    #[test]
    fn what_names_no_point_and_time_is_refused() {
        for wrong in [
            "",
            "before_commit",
            "@1",
            "before_commit@",
            "before_commit@0",
            "before_commit@-1",
            "before_commit@1@2",
        ] {
            assert_eq!(wrong.parse::<Trap>().unwrap_err(), BadTrap, "{wrong}");
        }
    }
}
