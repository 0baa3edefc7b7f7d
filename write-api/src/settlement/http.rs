//! The routes with which staff settle markets and see what is to be settled and what was.

pub mod history;
pub mod manual;
pub mod pending;
mod problem;
