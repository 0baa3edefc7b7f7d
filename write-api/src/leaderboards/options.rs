//! Every option and limit of the leaderboards. Must never hold a rule of them.

/// Limits of the leaderboards.
#[derive(Clone, Debug, clap::Args)]
pub struct LeaderboardOptions {
    /// How often the leaderboards take over what was played, in milliseconds. One instance of those running does.
    #[arg(long, env = "LEADERBOARD_MS", default_value_t = 5000, value_parser = clap::value_parser!(u64).range(1..))]
    pub leaderboard_ms: u64,
    /// Ledger entries, new players and new operators that one transaction of the leaderboards looks at, each at most
    /// so many, beside the rest of the last entry's transaction.
    #[arg(long, env = "LEADERBOARD_BATCH", default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..))]
    pub leaderboard_batch: u32,
    /// Places of each board that are kept of a contest that ends.
    #[arg(long, env = "STANDINGS_KEPT", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub standings_kept: u32,
}
