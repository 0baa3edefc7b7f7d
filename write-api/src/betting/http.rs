//! What the routes of bets take and answer. Must never show a player the bet of another.

pub mod bets;
pub mod cash_out;

pub mod exposure;
pub mod odds;
pub mod own;
pub mod place;
mod problem;
pub mod selection;

pub(super) use cash_out::CashedOut;
pub(super) use place::PlacedBet;
