//! Every option and limit of betting on sports. Must never hold a rule.

use std::time::Duration;

use super::rules::slip::LegLimits;

/// Limits of betting on sports.
#[derive(Clone, Debug, clap::Args)]
pub struct BettingOptions {
    /// Legs of a combo at most: 2 to 20.
    #[arg(long, env = "BET_LEGS", default_value_t = 20, value_parser = clap::value_parser!(u16).range(2..=20))]
    pub bet_legs: u16,
    /// Legs of a system at most: 3 to 8.
    #[arg(long, env = "BET_SYSTEM_LEGS", default_value_t = 8, value_parser = clap::value_parser!(u16).range(3..=8))]
    pub bet_system_legs: u16,
    /// How long a quote for a cash-out is valid, in seconds.
    #[arg(long, env = "CASH_OUT_QUOTE_S", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub cash_out_quote_s: u32,
    /// What is kept back of what a bet is worth when it is cashed out, in hundredths of a percent.
    #[arg(long, env = "CASH_OUT_MARGIN_BP", default_value_t = 500, value_parser = clap::value_parser!(u32).range(0..=9_999))]
    pub cash_out_margin_bp: u32,
    /// Bets that one transaction of a settlement settles at most.
    #[arg(long, env = "SETTLE_BATCH", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub settle_batch: u32,
    /// How often it is looked for markets to settle, in milliseconds.
    #[arg(long, env = "SETTLE_POLL_MS", default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..))]
    pub settle_poll_ms: u64,
    /// How often it is looked for bets that get no result, in milliseconds.
    #[arg(long, env = "SETTLE_SWEEP_MS", default_value_t = 60_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub settle_sweep_ms: u64,
    /// After how many hours without a result a leg is void: the event was postponed or abandoned. 0 for never.
    #[arg(long, env = "VOID_AFTER_H", default_value_t = 72)]
    pub void_after_h: u32,
}

impl BettingOptions {
    pub(super) fn leg_limits(&self) -> LegLimits {
        LegLimits {
            combo: self.bet_legs.into(),
            system: self.bet_system_legs.into(),
        }
    }

    pub(super) fn quote(&self) -> Duration {
        Duration::from_secs(self.cash_out_quote_s.into())
    }
}
