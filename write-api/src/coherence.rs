//! Versions of cached data: bumped inside the transaction that changes the data, then pushed to every reader.
//! Must never push what is not committed, nor make a change wait for a reader that is slow or away.

mod answer;
mod delivery;
mod lookup;
mod options;
pub(crate) mod purge;
mod readers;
mod store;

pub use answer::{Announced, Committed, Nothing, PushHealth, PushReport, Saved};
pub use options::ReaderOptions;
pub use readers::Readers;
pub use store::{News, bump, bump_all, current};
