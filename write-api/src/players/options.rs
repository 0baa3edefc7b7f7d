//! Every limit of what staff may do to players. Must never hold a rule of money.

use shared::money::{MAX_AMOUNT_MINOR, Minor};

/// Limits of what staff may do to players.
#[derive(Clone, Debug, clap::Args)]
pub struct PlayerOptions {
    /// The most that one adjustment by staff may give to a player or take, in minor units of the operator's currency.
    #[arg(long, env = "ADJUSTMENT_MAX_MINOR", default_value_t = 10_000_000,
        value_parser = clap::value_parser!(i64).range(1..=MAX_AMOUNT_MINOR))]
    pub adjustment_max_minor: i64,
}

impl PlayerOptions {
    /// The most that one adjustment may move.
    pub const fn adjustment_max(&self) -> Minor {
        Minor::new(self.adjustment_max_minor)
    }
}
