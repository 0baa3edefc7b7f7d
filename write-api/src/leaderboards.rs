//! Leaderboards: the standings of players and operators in the running contest, kept by one background task from
//! wallets that changed. Must never write anything that a bet waits for, nor be asked by a bet.
//!
//! What changed is told by the ledger: [`refresh`] reads which wallets the entries of ended transactions name, and
//! copies the lifetime totals of those wallets. So a wallet that is read twice counts once, and one whose transaction
//! ended late is read when it has ended.

pub(crate) mod cli;
mod contests;
mod options;
mod refresh;
mod rules;
mod store;

pub use contests::{ContestBegun, NewContest, begin_contest, catch_up};
pub use options::LeaderboardOptions;
pub use refresh::{Refreshed, refresh, spawn_refresh};
