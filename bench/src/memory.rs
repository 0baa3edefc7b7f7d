//! How much memory a process holds, as the system counts it. Must never guess where the system does not tell.

use std::fs;

/// Resident memory in KiB, which the system writes as kB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kib(pub(crate) u64);

impl Kib {
    /// In millions of bytes to one place, as people and the last line are told.
    pub(crate) fn megabytes(self) -> f64 {
        tenths(self.0.saturating_mul(10_240) / 1_000_000)
    }

    /// What this is more than `before`, divided by `among`, in thousands of bytes to one place.
    pub(crate) fn growth_kb(self, before: Self, among: u32) -> f64 {
        let grown = self.0.saturating_sub(before.0);
        tenths(grown.saturating_mul(10_240) / 1000 / u64::from(among.max(1)))
    }
}

fn tenths(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / 10.0
}

/// A process whose memory is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watched(Option<u32>);

impl Watched {
    /// The process with this id.
    pub(crate) const fn new(pid: Option<u32>) -> Self {
        Self(pid)
    }

    /// Its resident memory now; nothing where the system does not tell, or there is no such process.
    pub(crate) fn resident(self) -> Option<Kib> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0?)).ok()?;
        read(&status)
    }
}

fn read(status: &str) -> Option<Kib> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok().map(Kib)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_found_among_the_other_numbers() {
        let status = "Name:\tedgebook\nVmHWM:\t  9000 kB\nVmRSS:\t  1234 kB\nThreads:\t4\n";
        assert_eq!(read(status), Some(Kib(1234)));
        assert_eq!(read("Name:\tedgebook\n"), None);
    }

    #[test]
    fn megabytes_are_millions_of_bytes_and_kilobytes_thousands() {
        assert!((Kib(100_000).megabytes() - 102.4).abs() < 1e-9);
        assert!((Kib(2000).growth_kb(Kib(1000), 100) - 10.2).abs() < 1e-9);
        assert!(Kib(1000).growth_kb(Kib(2000), 100).abs() < 1e-9);
    }
}
