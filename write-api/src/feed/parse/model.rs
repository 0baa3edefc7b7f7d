//! What a feed file says once it is read: events, markets and selections, and what was odd about them.
//! Must never hold a binary float, or know how the feed spells anything.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use shared::sports::Sport;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::status::EventStatus;

/// A feed file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsedFeed {
    /// The sport of every event in the file.
    pub sport: Sport,
    /// When the file was fetched, in the feed's own words: local time of whoever fetched it, without a zone.
    pub fetched_at: Option<String>,
    /// The feed's own time, when it tells.
    pub feed_time: Option<OffsetDateTime>,
    /// The matches that could be read, in feed order, with ids that are unique in the file.
    pub events: Vec<Event>,
    /// How much was read, and what was not.
    pub counts: Counts,
}

/// How much a feed file holds, and what was skipped or odd.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counts {
    /// Matches in the file: the events kept plus all that were skipped.
    pub matches: u64,
    /// Markets of the events kept.
    pub markets: u64,
    /// Selections of the events kept.
    pub selections: u64,
    /// Matches that were left out, by reason.
    #[schema(value_type = BTreeMap<String, u64>)]
    pub skipped: BTreeMap<SkipReason, u64>,
    /// Oddities that cost no match.
    #[schema(value_type = BTreeMap<String, u64>)]
    pub odd: BTreeMap<Oddity, u64>,
}

impl Counts {
    pub(super) fn skip(&mut self, reason: SkipReason, matches: usize) {
        if matches > 0 {
            *self.skipped.entry(reason).or_default() += matches as u64;
        }
    }

    pub(super) fn note(&mut self, oddity: Oddity, times: usize) {
        if times > 0 {
            *self.odd.entry(oddity).or_default() += times as u64;
        }
    }

    /// Adds the counts of another file.
    pub fn add_all(&mut self, other: Self) {
        self.matches += other.matches;
        self.markets += other.markets;
        self.selections += other.selections;
        for (reason, matches) in other.skipped {
            *self.skipped.entry(reason).or_default() += matches;
        }
        for (oddity, times) in other.odd {
            *self.odd.entry(oddity).or_default() += times;
        }
    }

    /// Adds what one event that is kept holds.
    pub(super) fn add(&mut self, event: &Event, oddities: Oddities) {
        let selections = event.markets.iter().map(|market| market.selections.len());
        self.markets += event.markets.len() as u64;
        self.selections += selections.sum::<usize>() as u64;
        for (oddity, times) in oddities {
            *self.odd.entry(oddity).or_default() += times;
        }
    }
}

pub(super) type Oddities = BTreeMap<Oddity, u64>;

/// Why a match was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// Something else stands where a match should.
    NotAnObject,
    /// An object whose members contradict one another, such as one member given twice.
    Malformed,
    /// Longer than the limit.
    TooLarge,
    /// No id.
    MissingId,
    /// A side without a name.
    MissingTeam,
    /// No date or time, or one in no known format.
    BadStartTime,
    /// An earlier match in the file has the same id.
    DuplicateId,
    /// A text is longer than the limit.
    TextTooLong,
    /// More markets than the limit.
    TooManyMarkets,
    /// More bookmakers or selections in a market than the limit.
    TooManySelections,
    /// More matches in the file than the limit.
    TooManyEvents,
}

impl SkipReason {
    /// The stable name in logs, metrics and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAnObject => "not_an_object",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::MissingId => "missing_id",
            Self::MissingTeam => "missing_team",
            Self::BadStartTime => "bad_start_time",
            Self::DuplicateId => "duplicate_id",
            Self::TextTooLong => "text_too_long",
            Self::TooManyMarkets => "too_many_markets",
            Self::TooManySelections => "too_many_selections",
            Self::TooManyEvents => "too_many_events",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// Something in the feed that is worth a number on a dashboard, but no reason to leave out a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Oddity {
    /// A category that is no object, or is beyond the limit; its matches could not be seen.
    UnreadableCategory,
    /// A market that is no object; not kept.
    UnreadableMarket,
    /// A bookmaker, line or selection that is no object; not kept.
    UnreadableSelection,
    /// A market without a name; kept.
    UnnamedMarket,
    /// A market without a selection; kept.
    EmptyMarket,
    /// A market whose prices are not those of the preferred bookmaker; kept.
    OtherBookmaker,
    /// A market whose id another market of the match has, or which has none; kept under an id of its own.
    RepeatedMarketId,
    /// A handicap or total line without a selection; not kept.
    EmptyLine,
    /// A selection without a name; kept.
    UnnamedSelection,
    /// A selection without a usable price; kept without one.
    Unpriced,
    /// A selection whose name and line another selection of the market has; kept under an id of its own.
    RepeatedSelection,
}

impl Oddity {
    /// The stable name in logs, metrics and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnreadableCategory => "unreadable_category",
            Self::UnreadableMarket => "unreadable_market",
            Self::UnreadableSelection => "unreadable_selection",
            Self::UnnamedMarket => "unnamed_market",
            Self::EmptyMarket => "empty_market",
            Self::OtherBookmaker => "other_bookmaker",
            Self::RepeatedMarketId => "repeated_market_id",
            Self::EmptyLine => "empty_line",
            Self::UnnamedSelection => "unnamed_selection",
            Self::Unpriced => "unpriced",
            Self::RepeatedSelection => "repeated_selection",
        }
    }
}

impl fmt::Display for Oddity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// A match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The feed's id.
    pub id: String,
    /// Home team or first player.
    pub home: String,
    /// Away team or second player.
    pub away: String,
    /// Name of the category, or [`UNKNOWN_LEAGUE`].
    pub league: String,
    /// Start in UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub starts_at: OffsetDateTime,
    /// The date that `starts_at` was read from, as the feed writes it.
    pub date_text: String,
    /// The time of day that `starts_at` was read from, as the feed writes it.
    pub time_text: String,
    /// Where the match stands.
    pub status: EventStatus,
    /// The status as the feed writes it; empty when it has none.
    pub status_text: String,
    /// The markets in feed order, with ids that are unique in the event.
    pub markets: Vec<Market>,
}

/// The league of a match whose category has no name.
pub const UNKNOWN_LEAGUE: &str = "Unknown League";

/// Something about a match that can be bet on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Market {
    /// The feed's id; the second market with the same id is `<id>~2`, and so on. Without an id, the key.
    pub id: String,
    /// The feed's name; may be empty.
    pub name: String,
    /// The name that pages know the market by. Several markets may share one.
    pub key: String,
    /// Whether the market or the bookmaker whose prices it shows is stopped.
    pub suspended: bool,
    /// The selections in feed order, with ids that are unique in the market.
    pub selections: Vec<Selection>,
}

/// One possible outcome of a market.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// `<name>`, or `<name>@<line>` when there is a line; the second such selection is `<name>@<line>~2`, and
    /// so on. It stays the same for as long as the feed keeps the name and the line.
    pub id: String,
    /// The feed's name, without the line; may be empty.
    pub name: String,
    /// The handicap or total, exactly as the feed writes it: nearly always a decimal such as `-1.5`, but cricket
    /// writes `+` and puts the numbers into the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// What the line is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_kind: Option<LineKind>,
    /// Whether the line is the market's main one, when the feed says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_main: Option<bool>,
    /// Decimal odds in thousandths, above 1,000; `None` when the feed has no price that can be bet at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_milli: Option<i64>,
    /// The price as the feed writes it; may be empty.
    pub price_text: String,
    /// Whether the selection, its line, its bookmaker or its market is stopped.
    pub suspended: bool,
    /// The feed's id of the selection, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed_id: Option<String>,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// Goals, games or points given to a side before the count.
    Handicap,
    /// The number that a total is over or under.
    Total,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skip_reason_is_written_as_it_is_named() {
        for reason in [
            SkipReason::NotAnObject,
            SkipReason::Malformed,
            SkipReason::TooLarge,
            SkipReason::MissingId,
            SkipReason::MissingTeam,
            SkipReason::BadStartTime,
            SkipReason::DuplicateId,
            SkipReason::TextTooLong,
            SkipReason::TooManyMarkets,
            SkipReason::TooManySelections,
            SkipReason::TooManyEvents,
        ] {
            let json = serde_json::to_value(reason).unwrap();
            assert_eq!(json, reason.as_str());
        }
    }
    #[test]
    fn an_oddity_is_written_as_it_is_named() {
        for oddity in [
            Oddity::UnreadableCategory,
            Oddity::UnreadableMarket,
            Oddity::UnreadableSelection,
            Oddity::UnnamedMarket,
            Oddity::EmptyMarket,
            Oddity::OtherBookmaker,
            Oddity::RepeatedMarketId,
            Oddity::EmptyLine,
            Oddity::UnnamedSelection,
            Oddity::Unpriced,
            Oddity::RepeatedSelection,
        ] {
            let json = serde_json::to_value(oddity).unwrap();
            assert_eq!(json, oddity.as_str());
        }
    }
}
