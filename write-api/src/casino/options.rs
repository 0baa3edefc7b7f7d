//! Every option and limit of the casino. Must never hold a rule of a game.

use clap::builder::RangedU64ValueParser;

fn at_least_one() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..)
}

/// Limits of the casino.
#[derive(Clone, Debug, clap::Args)]
pub struct CasinoOptions {
    /// Transactions that carry moves of players at once. While all are under way, further moves wait and share the next.
    #[arg(long, env = "CASINO_LANES", default_value_t = 2, value_parser = at_least_one())]
    pub casino_lanes: usize,
    /// Moves that share one transaction at most.
    #[arg(long, env = "CASINO_BATCH", default_value_t = 128, value_parser = at_least_one())]
    pub casino_batch: usize,
    /// Moves that may wait for a transaction; more are refused with 503.
    #[arg(long, env = "CASINO_QUEUE", default_value_t = 4096, value_parser = at_least_one())]
    pub casino_queue: usize,
    /// Moves of one player that may wait for a transaction; more are refused with 429.
    #[arg(long, env = "CASINO_WALLET_QUEUE", default_value_t = 256, value_parser = at_least_one())]
    pub casino_wallet_queue: usize,
    /// How long a move may wait for a transaction before it is refused with 503, in milliseconds.
    #[arg(long, env = "CASINO_WAIT_MS", default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..))]
    pub casino_wait_ms: u64,
    /// Players of whom it is remembered what their next bet needs to be decided, about 1 KB each. The database checks
    /// all of it again.
    #[arg(long, env = "CASINO_SEATS", default_value_t = 100_000)]
    pub casino_seats: u64,
    /// After how many seconds without a decision a blackjack round is ended by standing.
    #[arg(long, env = "BLACKJACK_ABANDONED_S", default_value_t = 900)]
    pub blackjack_abandoned_s: u32,
    /// How often rounds that have ended by themselves are settled, in milliseconds.
    #[arg(long, env = "CASINO_SWEEP_MS", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    pub casino_sweep_ms: u64,
    /// How long after its end a round is left to its player, in milliseconds: a cash-out that arrived in time may wait
    /// that long for its transaction, or arrive at an instance whose clock is so much behind.
    #[arg(long, env = "CASINO_SWEEP_GRACE_MS", default_value_t = 5000)]
    pub casino_sweep_grace_ms: u64,
    /// Rounds that one sweep settles at most.
    #[arg(long, env = "CASINO_SWEEP_BATCH", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub casino_sweep_batch: u32,
    /// Bets in one spin of the roulette at most.
    #[arg(long, env = "ROULETTE_BETS", default_value_t = 200)]
    pub roulette_bets: usize,
    /// Rounds that one page of the history shows at most.
    #[arg(long, env = "HISTORY_ROUNDS", default_value_t = 500)]
    pub history_rounds: u32,
}
