//! Every option and limit of webhooks. Must never allow by default what only development needs.

use std::time::Duration;

/// Limits of the webhooks that operators subscribe to.
#[derive(Clone, Debug, clap::Args)]
pub struct WebhookOptions {
    /// Webhooks that one operator may have.
    #[arg(long, env = "WEBHOOK_ENDPOINTS_MAX", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub webhook_endpoints_max: u32,
    /// How often it is looked for what is to be delivered, in milliseconds.
    #[arg(long, env = "WEBHOOK_POLL_MS", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    pub webhook_poll_ms: u64,
    /// Deliveries that this instance attempts at once.
    #[arg(long, env = "WEBHOOK_CONCURRENCY", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    pub webhook_concurrency: u32,
    /// Deliveries to one webhook that are attempted at once, so that a slow one holds up no other.
    #[arg(long, env = "WEBHOOK_CONCURRENCY_EACH", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    pub webhook_concurrency_each: u32,
    /// Deliveries to all webhooks of one operator that are attempted at once, so that it holds up no other.
    #[arg(long, env = "WEBHOOK_CONCURRENCY_OPERATOR", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    pub webhook_concurrency_operator: u32,
    /// How long an attempt may take, in milliseconds.
    #[arg(long, env = "WEBHOOK_TIMEOUT_MS", default_value_t = 10_000,
        value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub webhook_timeout_ms: u64,
    /// Pauses after failed attempts, in seconds, with commas between. A tenth is added or not, by chance. After as many
    /// retries a delivery has failed; the default takes a day for it.
    #[arg(long, env = "WEBHOOK_RETRY_S", value_delimiter = ',', num_args = 1..=32,
        default_value = "5,30,120,600,1800,3600,10800,28800,40500",
        value_parser = clap::value_parser!(u32).range(1..=604_800))]
    pub webhook_retry_s: Vec<u32>,
    /// A webhook is disabled when nothing could be delivered to it for so many hours.
    #[arg(long, env = "WEBHOOK_GIVE_UP_H", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=8760))]
    pub webhook_give_up_h: u32,
    /// How long deliveries are kept in the log, in days; those that were not made by then are dropped, too.
    #[arg(long, env = "WEBHOOK_LOG_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(2..=3650))]
    pub webhook_log_days: u32,
    /// Rows that one transaction reads or deletes at most, beside the rest of the last one's transaction.
    #[arg(long, env = "WEBHOOK_BATCH", default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..))]
    pub webhook_batch: u32,
    /// For development: also take webhooks with `http:`.
    #[arg(long, env = "WEBHOOK_ALLOW_HTTP")]
    pub webhook_allow_http: bool,
    /// For development: also deliver to addresses that are not public, such as this machine's own.
    #[arg(long, env = "WEBHOOK_ALLOW_PRIVATE")]
    pub webhook_allow_private: bool,
}

/// What an attempt may take beyond its timeout before another instance tries: two ends of a transaction.
const LEASE_MARGIN: Duration = Duration::from_secs(20);

impl WebhookOptions {
    /// How long an attempt may take.
    pub const fn timeout(&self) -> Duration {
        Duration::from_millis(self.webhook_timeout_ms)
    }

    /// After how long an attempt that told nothing counts as lost.
    pub fn lease(&self) -> Duration {
        self.timeout() + LEASE_MARGIN
    }

    /// After how long without success a webhook is disabled.
    pub fn give_up(&self) -> Duration {
        Duration::from_secs(u64::from(self.webhook_give_up_h) * 3600)
    }
}
