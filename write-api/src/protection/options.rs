//! Every option of responsible gaming. Must never hold what a player chose.

use std::ops::RangeInclusive;

/// How long players may pause, where the law says so.
///
/// The defaults are those of Great Britain. A time-out lasts at most six weeks (Gambling Commission, Licence Conditions
/// and Codes of Practice, social responsibility code 3.3.4); who wants more is to be offered self-exclusion, which
/// lasts at least six months (the same, 3.5.3 and 3.5.4).
#[derive(Clone, Debug, clap::Args)]
pub struct ProtectionOptions {
    /// The longest time-out, in hours: six weeks.
    #[arg(long, env = "TIME_OUT_MAX_HOURS", default_value_t = 6 * 7 * 24,
        value_parser = clap::value_parser!(u32).range(1..=Self::MAX_HOURS))]
    pub time_out_max_hours: u32,
    /// The shortest self-exclusion, in days: six months of 30 days. Six months by the calendar are up to 184 days.
    #[arg(long, env = "SELF_EXCLUSION_MIN_DAYS", default_value_t = 180,
        value_parser = clap::value_parser!(u32).range(1..=Self::MAX_DAYS))]
    pub self_exclusion_min_days: u32,
    /// The longest self-exclusion, in days: five years.
    #[arg(long, env = "SELF_EXCLUSION_MAX_DAYS", default_value_t = 5 * 365,
        value_parser = clap::value_parser!(u32).range(1..=Self::MAX_DAYS))]
    pub self_exclusion_max_days: u32,
}

impl ProtectionOptions {
    /// A hundred years: what ends later is a mistake.
    const MAX_DAYS: i64 = 36_500;
    const MAX_HOURS: i64 = Self::MAX_DAYS * 24;

    /// The time-outs that may be taken, in hours.
    pub const fn time_out_hours(&self) -> RangeInclusive<u32> {
        1..=self.time_out_max_hours
    }

    /// The self-exclusions that may be asked for, in days.
    pub const fn self_exclusion_days(&self) -> RangeInclusive<u32> {
        self.self_exclusion_min_days..=self.self_exclusion_max_days
    }
}
