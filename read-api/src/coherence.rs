//! What this reader knows of newer versions, and how it learns of them: the push of the writer and its own pull.
//! Must never trust time or the order in which news arrives: the higher version wins.

pub mod audit;
pub mod pull;
pub mod push;
pub mod versions;
