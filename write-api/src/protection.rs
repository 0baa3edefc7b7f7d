//! Responsible gaming: limits on stakes, losses and deposits that players set for themselves, time-outs and
//! self-exclusion. Must never make a limit less strict at once, nor hold back a win.

mod problem;
pub mod rules;
mod store;

pub(crate) use store::protections;
