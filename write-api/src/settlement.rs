//! What a score decides: from a feed of results to "this selection of that market won".
//! Must never guess: what a score does not tell for certain stays undecided, and is listed.
//!
//! Everything here is pure but for reading a file. Paying what was decided is no business of this module.

pub mod check;
pub mod results;
pub mod rules;
