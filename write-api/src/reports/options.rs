//! Every option and limit of the reports. Must never hold a rule of theirs.

/// Limits of the reports.
#[derive(Clone, Debug, clap::Args)]
pub struct ReportOptions {
    /// How often what settled is added to the daily totals, in seconds. Reports are right in between too, but cost more
    /// the more was settled since.
    #[arg(long, env = "TOTALS_FOLD_S", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub totals_fold_s: u32,
    /// Rows of what settled that one transaction adds up at most.
    #[arg(long, env = "TOTALS_FOLD_BATCH", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub totals_fold_batch: u32,
    /// Longest time that a report may be about, in days.
    #[arg(long, env = "REPORT_MAX_DAYS", default_value_t = 3660, value_parser = clap::value_parser!(u16).range(1..))]
    pub report_max_days: u16,
    /// Rows of totals that an export has at most; all are read at once.
    #[arg(long, env = "EXPORT_TOTALS_MAX", default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub export_totals_max: u32,
    /// Players that an export reads at once.
    #[arg(long, env = "EXPORT_BATCH", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub export_batch: u32,
}
