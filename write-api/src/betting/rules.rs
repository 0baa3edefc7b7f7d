//! The decisions about bets, pure: what may be placed, at which price, what it pays and what it means for the operator.
//! Must never look at a clock, a database or anything a client claims to be so.

pub mod exposure;
pub mod labels;
pub mod payout;
pub mod slip;
pub mod verdict;
