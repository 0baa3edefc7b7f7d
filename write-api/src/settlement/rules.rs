//! The rules of settlement: owns what each market means for each sport, in integers.
//! Must never do I/O, read the clock, or take an unknown name for a known one.
//!
//! The rules are those that bookmakers share: a football match is 90 minutes, a basketball game includes overtime.
//! Where bookmakers differ, a market is decided only if every reading comes to the same.

mod decide;
mod line;
mod market;
mod names;
mod outcome;
mod pair;
mod score;
mod stopped;
#[cfg(test)]
mod tests;

pub use decide::{Question, decide};
pub use outcome::Outcome;
pub use pair::{Pair, Side};
pub use score::{Contradiction, End, Extra, Score, Told};
