//! What the feed has done so far, for the people who run the service.
//! Must never hold more than a code of an error: this is shown to whoever asks.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use shared::ids::Version;
use shared::sports::Sport;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::parse::Counts;
use super::stock::Stock;

/// What the feed has done so far.
#[derive(Debug, Default)]
pub struct FeedStatus {
    health: Mutex<FeedHealth>,
    pub(super) stock: Stock,
}

/// The feed in numbers.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct FeedHealth {
    /// `folder`, or the server's scheme and host; null when there is no feed.
    source: Option<String>,
    /// When the feed was read last, successfully or not.
    #[serde(with = "time::serde::rfc3339::option")]
    read_at: Option<OffsetDateTime>,
    /// Why no sport at all could be read then.
    last_error: Option<&'static str>,
    /// The sports that have or had a feed, by key.
    #[schema(value_type = BTreeMap<String, SportHealth>)]
    sports: BTreeMap<&'static str, SportHealth>,
}

/// The feed of one sport in numbers.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct SportHealth {
    /// The file's name, or the server's scheme and host.
    source: String,
    /// When the store was last known to hold what the feed says.
    #[serde(with = "time::serde::rfc3339::option")]
    last_ok: Option<OffsetDateTime>,
    /// Why that is not so any more. The events stay listed as they are.
    last_error: Option<&'static str>,
    /// Since when it is not so.
    #[serde(with = "time::serde::rfc3339::option")]
    failing_since: Option<OffsetDateTime>,
    /// What the last reading of new content found.
    #[serde(flatten)]
    found: Found,
}

/// What one reading of new content found and did.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(super) struct Found {
    /// The feed's own time.
    #[serde(with = "time::serde::rfc3339::option")]
    pub(super) feed_time: Option<OffsetDateTime>,
    /// When the feed was fetched, in its own words.
    pub(super) fetched_at: Option<String>,
    #[serde(flatten)]
    pub(super) counts: Counts,
    /// Events and markets written, delisted or deleted.
    pub(super) rows_written: u64,
    /// The version of the sport's events.
    pub(super) version: Version,
    /// How long it took from reading to the last commit.
    pub(super) duration_ms: u64,
}

impl FeedStatus {
    /// What is known now; touches no database.
    pub fn health(&self) -> FeedHealth {
        self.lock().clone()
    }

    pub(super) fn begin(&self, source: String) {
        self.lock().source = Some(source);
    }

    /// A reading of the whole feed ended. True when that is news.
    pub(super) fn read(&self, now: OffsetDateTime, error: Option<&'static str>) -> bool {
        let mut health = self.lock();
        health.read_at = Some(now);
        std::mem::replace(&mut health.last_error, error) != error
    }

    /// The store holds what the sport's feed says; `found` is new. True when it did not before.
    pub(super) fn succeeded(
        &self,
        sport: Sport,
        source: String,
        now: OffsetDateTime,
        found: Option<Found>,
    ) -> bool {
        let mut health = self.lock();
        let sport = health.sports.entry(sport.key()).or_default();
        let was_failing = sport.failing_since.take().is_some();
        sport.source = source;
        sport.last_ok = Some(now);
        sport.last_error = None;
        if let Some(found) = found {
            sport.found = found;
        }
        was_failing
    }

    /// The sport's feed could not be read or stored. True when that is news.
    pub(super) fn failed(
        &self,
        sport: Sport,
        source: String,
        now: OffsetDateTime,
        error: &'static str,
    ) -> bool {
        let mut health = self.lock();
        let sport = health.sports.entry(sport.key()).or_default();
        sport.source = source;
        sport.failing_since.get_or_insert(now);
        sport.last_error.replace(error) != Some(error)
    }

    /// The sport has no feed and never had one.
    pub(super) fn has_none(&self, sport: Sport) {
        self.lock().sports.remove(sport.key());
    }

    fn lock(&self) -> MutexGuard<'_, FeedHealth> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whole milliseconds.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2030-06-14 12:00 UTC);

    #[test]
    fn a_failure_is_news_once_and_so_is_its_end() {
        let status = FeedStatus::default();
        let soccer = Sport::find("soccer").unwrap();
        let source = || "soccer_odds.json".to_owned();
        let fail =
            |minutes, error| status.failed(soccer, source(), NOON + time::Duration::minutes(minutes), error);
        assert!(!status.succeeded(soccer, source(), NOON, None));
        assert!(fail(1, "missing"));
        assert!(!fail(2, "missing"));
        assert!(fail(3, "not_json"));
        let json = serde_json::to_value(status.health()).unwrap();
        let health = &json["sports"]["soccer"];
        assert_eq!(health["last_ok"], "2030-06-14T12:00:00Z");
        assert_eq!(health["failing_since"], "2030-06-14T12:01:00Z");
        assert_eq!(health["last_error"], "not_json");
        assert!(status.succeeded(soccer, source(), NOON, None));
        let json = serde_json::to_value(status.health()).unwrap();
        assert!(json["sports"]["soccer"]["failing_since"].is_null());
    }

    #[test]
    fn a_sport_that_never_had_a_feed_is_not_shown() {
        let status = FeedStatus::default();
        let soccer = Sport::find("soccer").unwrap();
        status.failed(soccer, String::new(), NOON, "too_slow");
        status.has_none(soccer);
        assert!(status.health().sports.is_empty());
    }

    #[test]
    fn what_was_found_stays_until_there_is_more() {
        let status = FeedStatus::default();
        let soccer = Sport::find("soccer").unwrap();
        let found = Found {
            rows_written: 7,
            ..Found::default()
        };
        status.succeeded(soccer, String::new(), NOON, Some(found));
        status.succeeded(soccer, String::new(), NOON, None);
        status.failed(soccer, String::new(), NOON, "missing");
        let json = serde_json::to_value(status.health()).unwrap();
        assert_eq!(json["sports"]["soccer"]["rows_written"], 7);
    }
}
