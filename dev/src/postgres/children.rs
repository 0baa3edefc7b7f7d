//! The processes that a postmaster started, by the system's `/proc`. Must never be asked about a postmaster that still
//! reaps: an id that it reaped may be another process by now.

use std::fs;

use nix::unistd::Pid;

/// The processes whose parent is `parent`; none where the system has no `/proc`.
pub(super) fn children_of(parent: Pid) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            (parent_in(&stat)? == parent).then(|| Pid::from_raw(pid))
        })
        .collect()
}

/// The parent in a line of `/proc/PID/stat` (proc(5)): the second word after the name, which stands in brackets and may
/// have any in it.
fn parent_in(stat: &str) -> Option<Pid> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace()
        .nth(1)?
        .parse()
        .ok()
        .map(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parent_stands_behind_the_name_whatever_that_is() {
        for (stat, parent) in [
            ("7 (postgres) S 3 7 7 0", Some(3)),
            ("7 (a) b (c)) R 12 7", Some(12)),
            ("", None),
            ("7 (postgres) S", None),
        ] {
            assert_eq!(parent_in(stat).map(Pid::as_raw), parent, "{stat}");
        }
    }
}
