//! Every option and limit of the ledger. Must never hold a rule of money.

/// Limits of the ledger.
#[derive(Clone, Debug, clap::Args)]
pub struct LedgerOptions {
    /// How often new entries are added up for the house's accounts, in seconds. Their balances are right in between
    /// too, but cost more the more entries were made since.
    #[arg(long, env = "LEDGER_ROLLUP_S", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub ledger_rollup_s: u32,
    /// Entries that one transaction adds up at most, beside the rest of the last one's transaction.
    #[arg(long, env = "LEDGER_ROLLUP_BATCH", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub ledger_rollup_batch: u32,
}
