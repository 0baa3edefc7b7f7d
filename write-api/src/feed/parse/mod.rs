//! From the bytes of a feed file to events: owns the whole reading of the GoalServe odds format, in both of its shapes.
//! Must never do I/O, read the clock, or let one bad match cost more than itself.
//!
//! Most sports list `categories`, each with `matches`, each with `odds`, each with `bookmakers`, each with `odds`.
//! Cricket nests `category`, `matches.match`, `odds.type`, `bookmaker`, and then `odd`, `handicap` and `total`. Either
//! spelling is read at every level, and one object wherever a list is usual. No tree of the file is built: each level
//! borrows the text of the next, so that a match is read, or found to be bad, on its own.

mod event;
mod hash;
mod ids;
mod limits;
mod market;
mod model;
mod names;
mod price;
pub(crate) mod raw;
mod start;
mod status;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use serde_json::value::RawValue;
use shared::sports::Sport;
use time::OffsetDateTime;

pub use limits::FeedLimits;
pub use model::{Counts, Event, LineKind, Market, Oddity, ParsedFeed, Selection, SkipReason, UNKNOWN_LEAGUE};
pub(crate) use price::price_milli;
pub use status::EventStatus;

use raw::{Items, Member, RawCategory, RawFile, RawMetadata, RawScores, items, object, text};
use start::Reference;

/// Why a whole file is refused.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// Longer than [`FeedLimits::max_file_bytes`].
    #[error("the feed file has {bytes} bytes; the limit is {limit}")]
    TooLarge {
        /// Length of the file.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Not JSON, or cut off.
    #[error("the feed file is not JSON: {0}")]
    NotJson(#[source] serde_json::Error),
    /// JSON, but without an object `scores`.
    #[error("the feed file has no scores")]
    NoScores,
    /// Neither the file nor the caller names a sport that we know.
    #[error("the feed file is about no known sport")]
    UnknownSport,
}

impl FeedError {
    /// The stable name in logs and answers.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::NotJson(_) => "not_json",
            Self::NoScores => "no_scores",
            Self::UnknownSport => "unknown_sport",
        }
    }
}

/// Reads a feed file within the default limits. CPU only; tens of milliseconds for each ten megabytes.
///
/// The sport is the one in the file's metadata, else `sport_hint` (its file name, say), else the one that the vendor
/// wrote into the scores. `default_year` completes dates without a year when the file does not tell when it was fetched.
pub fn parse(bytes: &[u8], sport_hint: Option<&str>, default_year: i32) -> Result<ParsedFeed, FeedError> {
    parse_within(bytes, sport_hint, default_year, &FeedLimits::default())
}

/// [`parse`] within other limits.
pub fn parse_within(
    bytes: &[u8],
    sport_hint: Option<&str>,
    default_year: i32,
    limits: &FeedLimits,
) -> Result<ParsedFeed, FeedError> {
    if bytes.len() > limits.max_file_bytes {
        return Err(FeedError::TooLarge {
            bytes: bytes.len(),
            limit: limits.max_file_bytes,
        });
    }
    // A name in another encoding must not cost the file, so that bytes which are no UTF-8 become replacement characters.
    let json = String::from_utf8_lossy(bytes);
    let document: &RawValue =
        serde_json::from_str(json.trim_start_matches('\u{feff}')).map_err(FeedError::NotJson)?;
    let file: RawFile<'_> = object(document).ok_or(FeedError::NoScores)?;
    let scores: RawScores<'_> = scores(document, &file).ok_or(FeedError::NoScores)?;
    let metadata: RawMetadata<'_> = file.metadata.and_then(object).unwrap_or_default();

    let fetched_at = text(metadata.fetch_timestamp);
    let fetched_at = (!fetched_at.is_empty()).then(|| fetched_at.into_owned());
    let feed_time = start::moment(&text(scores.ts));
    let mut reader = FileReader {
        limits,
        reference: Reference::new(fetched_at.as_deref(), default_year),
        feed_time,
        seen: HashSet::new(),
        events: Vec::new(),
        counts: Counts::default(),
    };
    for categories in [scores.categories, scores.category] {
        reader.categories(items(categories, limits.max_categories));
    }
    Ok(ParsedFeed {
        sport: known_sport([
            &text(metadata.sport),
            sport_hint.unwrap_or_default(),
            &text(scores.sport),
        ])?,
        fetched_at,
        feed_time,
        events: reader.events,
        counts: reader.counts,
    })
}

/// The scores are in `odds_data`, or at the top, or the whole document.
fn scores<'a>(document: &'a RawValue, file: &RawFile<'a>) -> Option<RawScores<'a>> {
    let nested = file
        .odds_data
        .and_then(object::<RawFile<'a>>)
        .and_then(|data| data.scores);
    if let Some(scores) = nested.or(file.scores) {
        return object(scores);
    }
    let bare: RawScores<'a> = object(document)?;
    (bare.categories.is_some() || bare.category.is_some()).then_some(bare)
}

fn known_sport(names: [&str; 3]) -> Result<Sport, FeedError> {
    names
        .into_iter()
        .find_map(|name| Sport::find(&name.trim().to_ascii_lowercase()))
        .ok_or(FeedError::UnknownSport)
}

struct FileReader<'l> {
    limits: &'l FeedLimits,
    reference: Reference,
    feed_time: Option<OffsetDateTime>,
    seen: HashSet<String>,
    events: Vec<Event>,
    counts: Counts,
}

impl FileReader<'_> {
    fn categories(&mut self, categories: Items<'_>) {
        self.counts.note(Oddity::UnreadableCategory, categories.beyond);
        for source in categories.list {
            match object::<RawCategory<'_>>(source) {
                Some(category) => self.matches(&text(category.name), category.matches()),
                None => self.counts.note(Oddity::UnreadableCategory, 1),
            }
        }
    }

    fn matches(&mut self, category: &str, matches: Member<'_>) {
        let league = if category.is_empty() {
            UNKNOWN_LEAGUE
        } else {
            category
        };
        let room = self.limits.max_events.saturating_sub(self.events.len());
        let matches = items(matches, room);
        self.counts.matches += (matches.list.len() + matches.beyond) as u64;
        self.counts.skip(SkipReason::TooManyEvents, matches.beyond);
        for source in matches.list {
            if let Err(reason) = self.read_match(source, league) {
                self.counts.skip(reason, 1);
            }
        }
    }

    fn read_match(&mut self, source: &RawValue, league: &str) -> Result<(), SkipReason> {
        let (event, oddities) =
            event::read_event(source, league, self.reference, self.feed_time, self.limits)?;
        if !self.seen.insert(event.id.clone()) {
            return Err(SkipReason::DuplicateId);
        }
        self.counts.add(&event, oddities);
        self.events.push(event);
        Ok(())
    }
}
