//! Counts and times of the pool. Must never block a transaction for longer than one addition.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use utoipa::ToSchema;

/// The pool as `/health/detailed` shows it.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct PoolHealth {
    /// Connections in use now.
    pub active_connections: u32,
    /// The most that were ever in use at once since the start.
    pub peak_active_connections: u64,
    /// Connections that wait to be used.
    pub idle: u32,
    /// The most connections that the pool opens.
    pub max: u32,
    /// `active_connections` in hundredths of `max`.
    pub usage_percent: u32,
    /// Transactions that wait for a connection now.
    pub waiters: usize,
    /// Median time to get a connection, in microseconds.
    pub acquire_p50_us: u64,
    /// 99th percentile of the time to get a connection, in microseconds.
    pub acquire_p99_us: u64,
    /// Transactions begun since the start.
    pub transactions: u64,
    /// Waits for a connection, and transactions, that ran out of time since the start.
    pub timeouts: u64,
    /// Connections that came back in a bad state and were closed, since the start.
    pub closed_by_hook: u64,
}

/// Counts since the start.
pub(super) struct Totals {
    pub(super) transactions: u64,
    pub(super) timeouts: u64,
    pub(super) closed_by_hook: u64,
    pub(super) peak_active: u64,
}

impl PoolHealth {
    pub(super) fn new(
        active: u32,
        idle: u32,
        max: u32,
        waiters: usize,
        (acquire_p50_us, acquire_p99_us): (u64, u64),
        totals: &Totals,
    ) -> Self {
        Self {
            active_connections: active,
            peak_active_connections: totals.peak_active,
            idle,
            max,
            usage_percent: active.saturating_mul(100) / max.max(1),
            waiters,
            acquire_p50_us,
            acquire_p99_us,
            transactions: totals.transactions,
            timeouts: totals.timeouts,
            closed_by_hook: totals.closed_by_hook,
        }
    }
}

/// Times to get a connection: a histogram from 1 µs to 60 s with two significant digits (about 20 KB).
#[derive(Debug)]
pub(super) struct AcquireTimes(Mutex<Histogram<u64>>);

const LONGEST_US: u64 = 60_000_000;

impl Default for AcquireTimes {
    #[expect(clippy::expect_used, reason = "the bounds are constants that fit")]
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST_US, 2).expect("bounds fit");
        Self(Mutex::new(histogram))
    }
}

impl AcquireTimes {
    pub(super) fn record(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(LONGEST_US);
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .saturating_record(micros.clamp(1, LONGEST_US));
    }

    pub(super) fn p50_and_p99(&self) -> (u64, u64) {
        let histogram = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (
            histogram.value_at_quantile(0.5),
            histogram.value_at_quantile(0.99),
        )
    }
}
