//! Places at which a test can make this process die, as a crash of the machine would end it. Must never be in a program
//! that serves people: without the feature `fail-points`, nothing of it is compiled.
//!
//! With the feature, `EDGEBOOK_FAIL_POINT=before_commit@3` aborts the process when it reaches the point `before_commit`
//! for the third time. The points:
//!
//! - `mid_batch`: of the moves that share a transaction, some are written and others are not.
//! - `before_commit`: a transaction that writes has done its work, and is not committed.
//! - `after_commit`: it is committed, and nobody was told.
//! - `mid_settlement`: bets of a batch are settled, and the settlement's cursor is not moved.
//! - `operation_step`: a step of a long operation has done its work, and its cursor is not moved.

#[cfg(feature = "fail-points")]
mod armed;

#[cfg(feature = "fail-points")]
pub use armed::{VARIABLE, reach};

/// The process is at the point called `point`: does nothing without the feature `fail-points`.
#[cfg(not(feature = "fail-points"))]
pub const fn reach(_point: &'static str) {}
