//! What of a feed differs from the store, and in which portions it is written.
//! Must never split an event, nor make a portion that is over a limit by more than one event.

use std::collections::HashMap;

use serde::Serialize;
use time::OffsetDateTime;

use super::parse::{Counts, Event, EventStatus, Oddity, ParsedFeed, Selection};

/// SHA-256 of an event.
pub(super) type ContentHash = [u8; 32];

/// An event of the feed.
#[derive(Debug)]
pub(super) struct Hashed {
    pub(super) hash: ContentHash,
    pub(super) event: Event,
}

/// An event of the store: one that is listed, or that the feed names.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) id: String,
    pub(super) content_hash: Vec<u8>,
    pub(super) is_listed: bool,
}

/// What has to be written.
#[derive(Debug)]
pub(super) struct Changes {
    /// New events, those with other content, and those that are back, in feed order.
    pub(super) to_write: Vec<Hashed>,
    /// Ids of the events that the feed names no more.
    pub(super) to_delist: Vec<String>,
}

/// Compares the events of the feed with those in the store.
pub(super) fn changes(feed: Vec<Hashed>, stored: Vec<Stored>) -> Changes {
    let mut stored: HashMap<String, Stored> = stored
        .into_iter()
        .map(|event| (event.id.clone(), event))
        .collect();
    let mut to_write = feed;
    to_write.retain(|new| {
        let old = stored.remove(&new.event.id);
        !old.is_some_and(|old| old.is_listed && old.content_hash == new.hash)
    });
    let gone = stored.into_values().filter(|event| event.is_listed);
    let mut to_delist: Vec<String> = gone.map(|event| event.id).collect();
    to_delist.sort_unstable();
    Changes { to_write, to_delist }
}

/// Whether a feed may be believed. One without any match is: the supplier has none. But where there are matches and
/// none of them can be read, the format must have changed, and nothing that is known follows from it.
pub(super) fn is_usable(feed: &ParsedFeed) -> bool {
    let Counts { matches, odd, .. } = &feed.counts;
    !feed.events.is_empty() || (*matches == 0 && !odd.contains_key(&Oddity::UnreadableCategory))
}

/// Limits of one transaction.
#[derive(Clone, Copy, Debug)]
pub(super) struct BatchLimits {
    /// Most events and markets.
    pub(super) rows: usize,
    /// Most bytes of JSON.
    pub(super) bytes: usize,
}

/// Events that are written in one transaction.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The ids of the events.
    pub(super) ids: Vec<String>,
    /// A JSON array of the rows of events.
    pub(super) events: String,
    /// A JSON array of the rows of all markets of these events.
    pub(super) markets: String,
}

#[derive(Serialize)]
struct EventRow<'a> {
    id: &'a str,
    home: &'a str,
    away: &'a str,
    league: &'a str,
    date_text: &'a str,
    time_text: &'a str,
    #[serde(with = "time::serde::rfc3339")]
    starts_at: OffsetDateTime,
    status: EventStatus,
    status_text: &'a str,
    content_hash: String,
}

#[derive(Serialize)]
struct MarketRow<'a> {
    event_id: &'a str,
    id: &'a str,
    position: usize,
    key: &'a str,
    name: &'a str,
    is_suspended: bool,
    selections: &'a [Selection],
}

/// Events in portions. Renders each when it is asked for, so that no more than one is held.
#[derive(Debug)]
pub(super) struct Batches<I> {
    events: I,
    limits: BatchLimits,
    /// What did not fit into the portion before.
    held: Option<Rendered>,
}

#[derive(Debug)]
struct Rendered {
    id: String,
    event: String,
    markets: Vec<String>,
}

impl<I: Iterator<Item = Hashed>> Batches<I> {
    pub(super) const fn new(events: I, limits: BatchLimits) -> Self {
        Self {
            events,
            limits,
            held: None,
        }
    }

    fn next_rendered(&mut self) -> Result<Option<Rendered>, serde_json::Error> {
        match self.held.take() {
            Some(held) => Ok(Some(held)),
            None => self.events.next().map(|hashed| render(&hashed)).transpose(),
        }
    }

    fn next_batch(&mut self) -> Result<Option<Batch>, serde_json::Error> {
        let mut batch = Portion::default();
        while let Some(rendered) = self.next_rendered()? {
            if !batch.has_room(&rendered, self.limits) {
                self.held = Some(rendered);
                break;
            }
            batch.add(rendered);
        }
        Ok(batch.finish())
    }
}

impl<I: Iterator<Item = Hashed>> Iterator for Batches<I> {
    type Item = Result<Batch, serde_json::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}

#[derive(Default)]
struct Portion {
    ids: Vec<String>,
    events: Vec<String>,
    markets: Vec<String>,
    bytes: usize,
}

impl Portion {
    fn has_room(&self, more: &Rendered, limits: BatchLimits) -> bool {
        let rows = self.events.len() + self.markets.len() + more.rows();
        self.ids.is_empty() || (rows <= limits.rows && self.bytes + more.bytes() <= limits.bytes)
    }

    fn add(&mut self, more: Rendered) {
        self.bytes += more.bytes();
        self.ids.push(more.id);
        self.events.push(more.event);
        self.markets.extend(more.markets);
    }

    fn finish(self) -> Option<Batch> {
        (!self.ids.is_empty()).then(|| Batch {
            ids: self.ids,
            events: format!("[{}]", self.events.join(",")),
            markets: format!("[{}]", self.markets.join(",")),
        })
    }
}

impl Rendered {
    fn rows(&self) -> usize {
        1 + self.markets.len()
    }

    fn bytes(&self) -> usize {
        self.event.len() + self.markets.iter().map(String::len).sum::<usize>()
    }
}

fn render(Hashed { hash, event }: &Hashed) -> Result<Rendered, serde_json::Error> {
    let row = EventRow {
        id: &event.id,
        home: &event.home,
        away: &event.away,
        league: &event.league,
        date_text: &event.date_text,
        time_text: &event.time_text,
        starts_at: event.starts_at,
        status: event.status,
        status_text: &event.status_text,
        content_hash: hex::encode(hash),
    };
    let markets = event.markets.iter().enumerate().map(|(position, market)| {
        serde_json::to_string(&MarketRow {
            event_id: &event.id,
            id: &market.id,
            position,
            key: &market.key,
            name: &market.name,
            is_suspended: market.suspended,
            selections: &market.selections,
        })
    });
    Ok(Rendered {
        id: event.id.clone(),
        event: serde_json::to_string(&row)?,
        markets: markets.collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests {
    use shared::sports::Sport;
    use time::macros::datetime;

    use super::*;
    use crate::feed::parse::{Market, SkipReason};

    fn event(id: &str, markets: usize) -> Event {
        let market = |number: usize| Market {
            id: number.to_string(),
            name: "Home/Away".to_owned(),
            key: "home_away".to_owned(),
            suspended: false,
            selections: Vec::new(),
        };
        Event {
            id: id.to_owned(),
            home: "Larkmoor".to_owned(),
            away: "Quillhaven".to_owned(),
            league: "Cup".to_owned(),
            starts_at: datetime!(2030-06-14 15:00 UTC),
            date_text: "14.06.2030".to_owned(),
            time_text: "15:00".to_owned(),
            status: EventStatus::NotStarted,
            status_text: "Not Started".to_owned(),
            markets: (1..=markets).map(market).collect(),
        }
    }

    fn hashed(event: Event) -> Hashed {
        Hashed {
            hash: event.content_hash(),
            event,
        }
    }

    fn stored(event: &Event, is_listed: bool) -> Stored {
        Stored {
            id: event.id.clone(),
            content_hash: event.content_hash().to_vec(),
            is_listed,
        }
    }

    /// The ids to write and those to delist.
    fn differing(feed: &[Event], stored: Vec<Stored>) -> (Vec<String>, Vec<String>) {
        let changes = changes(feed.iter().cloned().map(hashed).collect(), stored);
        let ids = changes.to_write.into_iter().map(|hashed| hashed.event.id);
        (ids.collect(), changes.to_delist)
    }

    #[test]
    fn the_same_feed_changes_nothing() {
        let feed = [event("a", 2), event("b", 0)];
        let held = feed.iter().map(|event| stored(event, true)).collect();
        assert_eq!(differing(&feed, held), (vec![], vec![]));
    }

    #[test]
    fn what_is_new_changed_or_back_is_written_in_feed_order() {
        let (kept, back, changed) = (event("a", 1), event("b", 1), event("c", 1));
        let held = vec![stored(&kept, true), stored(&back, false), stored(&changed, true)];
        let feed = [event("z", 0), event("c", 2), kept, back];
        let written = ["z", "c", "b"].map(str::to_owned).to_vec();
        assert_eq!(differing(&feed, held), (written, vec![]));
    }

    #[test]
    fn what_the_feed_names_no_more_is_delisted_once() {
        let held = vec![
            stored(&event("b", 1), true),
            stored(&event("a", 1), true),
            stored(&event("c", 1), false),
        ];
        let delisted = ["a", "b"].map(str::to_owned).to_vec();
        assert_eq!(differing(&[], held), (vec![], delisted));
    }

    #[test]
    fn a_feed_without_matches_is_believed_and_one_of_unreadable_matches_is_not() {
        let mut feed = ParsedFeed {
            sport: Sport::find("soccer").unwrap(),
            fetched_at: None,
            feed_time: None,
            events: Vec::new(),
            counts: Counts::default(),
        };
        assert!(is_usable(&feed));
        feed.counts.odd.insert(Oddity::UnreadableCategory, 1);
        assert!(!is_usable(&feed));
        feed.counts.odd.clear();
        feed.counts.matches = 2;
        feed.counts.skipped.insert(SkipReason::BadStartTime, 2);
        assert!(!is_usable(&feed));
        feed.counts.skipped.insert(SkipReason::BadStartTime, 1);
        feed.events.push(event("a", 0));
        assert!(is_usable(&feed));
    }

    /// The ids in each batch.
    fn portions(markets: &[usize], limits: BatchLimits) -> Vec<Vec<String>> {
        let events = markets
            .iter()
            .enumerate()
            .map(|(id, markets)| hashed(event(&id.to_string(), *markets)));
        Batches::new(events, limits)
            .map(|batch| batch.unwrap().ids)
            .collect()
    }

    #[test]
    fn batches_keep_to_rows_and_bytes_and_never_split_an_event() {
        let rows = |rows| BatchLimits {
            rows,
            bytes: usize::MAX,
        };
        assert_eq!(portions(&[], rows(4)).len(), 0);
        assert_eq!(
            portions(&[1, 1, 0, 9, 0], rows(4)),
            [vec!["0", "1"], vec!["2"], vec!["3"], vec!["4"]]
        );
        let one = render(&hashed(event("0", 1))).unwrap().bytes();
        let bytes = |bytes| BatchLimits {
            rows: usize::MAX,
            bytes,
        };
        assert_eq!(portions(&[1, 1, 1], bytes(2 * one)), [vec!["0", "1"], vec!["2"]]);
        assert_eq!(portions(&[1, 1], bytes(2 * one - 1)).len(), 2);
        assert_eq!(portions(&[1, 1], bytes(0)).len(), 2);
    }

    #[test]
    fn a_batch_holds_the_rows_of_its_events() {
        let mut event = event("7", 2);
        event.home = "Say \"go\"".to_owned();
        let hash = hex::encode(event.content_hash());
        let limits = BatchLimits { rows: 9, bytes: 9000 };
        let mut batches = Batches::new(std::iter::once(hashed(event)), limits);
        let batch = batches.next().unwrap().unwrap();
        assert!(batches.next().is_none());
        let events: serde_json::Value = serde_json::from_str(&batch.events).unwrap();
        let expected = serde_json::json!([{
            "id": "7", "home": "Say \"go\"", "away": "Quillhaven", "league": "Cup", "date_text": "14.06.2030",
            "time_text": "15:00", "starts_at": "2030-06-14T15:00:00Z", "status": "not_started",
            "status_text": "Not Started", "content_hash": hash,
        }]);
        assert_eq!(events, expected);
        let markets: serde_json::Value = serde_json::from_str(&batch.markets).unwrap();
        let market = |id: &str, position: usize| {
            serde_json::json!({"event_id": "7", "id": id, "position": position, "key": "home_away",
                "name": "Home/Away", "is_suspended": false, "selections": []})
        };
        assert_eq!(markets, serde_json::json!([market("1", 0), market("2", 1)]));
    }
}
