//! What operators and the platform earn and their players do, in numbers. Must never read a round to answer: what settled
//! is counted as it settles.
//!
//! One definition for everybody: *revenue* is what was staked less what was paid, of what settled; *liability* is what
//! the players' wallets hold.

mod options;
mod totals;

pub use options::ReportOptions;
pub use totals::{DayTotals, day_totals, fold_totals, spawn_folding};
