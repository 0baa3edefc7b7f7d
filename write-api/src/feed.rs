//! The sports feed: reads what the supplier publishes and keeps the catalogue of events in step with it.
//! Must never delist a sport because its feed is away or can't be read, nor hold a connection while it reads.
//!
//! Every few seconds each sport is read or fetched, and left alone when its bytes are those of the last time. Else the
//! events are compared by hash with those in the store, and what differs is written in batches. Each batch is one
//! transaction that leaves whole events, and that bumps the sport's version, so that a crash between two batches never
//! hides a change from the readers. Several instances may run the same feed: a batch holds the sport's advisory lock
//! until it commits (which works behind PgBouncer too), and writes only what still differs.

mod changes;
pub mod check;
pub mod http;
mod options;
pub mod parse;
mod refresh;
mod run;
pub(crate) mod source;
mod status;
mod stock;
mod store;

use axum::Router;
use axum::routing::get;

pub(crate) use options::file_name;
pub use options::{FeedOptions, FeedPlace, FeedSports, FeedUrls, ResultsPlace};
pub use run::spawn;
pub use status::{FeedHealth, FeedStatus, SportHealth};

use crate::app::SharedApp;

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new().route("/api/sports/odds-status/{sport}", get(http::odds_status))
}
