//! Every limit of long operations. Must never hold a rule of one.

/// Limits of long operations.
#[derive(Clone, Debug, clap::Args)]
pub struct OperationOptions {
    /// How often this instance looks for long operations that go on, in milliseconds.
    #[arg(long, env = "OPERATION_MS", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    pub operation_ms: u64,
    /// Wallets that one step of a reset of all balances locks at most. Bets of these players wait for it.
    #[arg(long, env = "RESET_BATCH", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=5000))]
    pub reset_batch: u32,
    /// Steps in a row that may fail before an operation is given up. A database that is away does not count.
    #[arg(long, env = "OPERATION_FAILURES_MAX", default_value_t = 10,
        value_parser = clap::value_parser!(u16).range(1..))]
    pub operation_failures_max: u16,
}
