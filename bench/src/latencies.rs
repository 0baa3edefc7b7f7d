//! Times that answers took, with percentiles in fixed memory. Must never lose one for being too long: it counts as the
//! longest.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Longest time told apart: one minute.
const LONGEST_US: u64 = 60_000_000;

/// A histogram of microseconds with two significant digits.
#[derive(Debug)]
pub(crate) struct Latencies(Histogram<u64>);

impl Default for Latencies {
    #[expect(clippy::expect_used, reason = "the bounds are constants that fit")]
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST_US, 2).expect("bounds fit"))
    }
}

impl Latencies {
    /// Counts one.
    pub(crate) fn record(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(LONGEST_US);
        self.0.saturating_record(micros.clamp(1, LONGEST_US));
    }

    /// Counts all that `other` counted.
    pub(crate) fn merge(&mut self, other: &Self) {
        // Fails only for bounds that differ, and all have the same.
        let _ = self.0.add(&other.0);
    }

    /// The time in milliseconds that half of them took at most.
    pub(crate) fn p50_ms(&self) -> f64 {
        self.at_ms(0.5)
    }

    /// The time in milliseconds that 99 of 100 took at most.
    pub(crate) fn p99_ms(&self) -> f64 {
        self.at_ms(0.99)
    }

    /// The longest time in milliseconds.
    pub(crate) fn max_ms(&self) -> f64 {
        self.at_ms(1.0)
    }

    fn at_ms(&self, quantile: f64) -> f64 {
        let micros = u32::try_from(self.0.value_at_quantile(quantile)).unwrap_or(u32::MAX);
        f64::from(micros) / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_in_milliseconds() {
        let mut latencies = Latencies::default();
        for ms in 1..=100 {
            latencies.record(Duration::from_millis(ms));
        }
        assert!(
            (99.0..102.0).contains(&latencies.max_ms()),
            "{}",
            latencies.max_ms()
        );
        latencies.record(Duration::from_hours(1));
        assert!(
            (50.0..52.0).contains(&latencies.p50_ms()),
            "{}",
            latencies.p50_ms()
        );
        assert!(
            (99.0..102.0).contains(&latencies.p99_ms()),
            "{}",
            latencies.p99_ms()
        );
    }
}
