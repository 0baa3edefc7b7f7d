//! The feed of results: from the bytes of a `<sport>_results.json` file to scores that make sense. Must never let one
//! bad match cost more than itself, nor take a score that contradicts itself.
//!
//! The format is GoalServe's, with the same categories, matches and sides as its odds. Members may begin with `@`, as
//! they do where XML was turned into JSON.

mod members;
mod read;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::Path;

use serde_json::value::RawValue;
use shared::sports::Sport;

use crate::feed::parse::raw::{Items, items, text};
use crate::feed::parse::{Event, FeedError, FeedLimits, SkipReason};
use crate::feed::source::{SourceError, read_file};

use super::rules::{Contradiction, Score};
use members::Members;
use read::{Read, read_match};

/// How the name of every file of results ends.
pub const FILE_SUFFIX: &str = "_results.json";

/// A file of results that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Results {
    /// The sport of every event in the file.
    pub sport: Sport,
    /// The events that are over, in feed order, with ids that are unique in the file.
    pub events: Vec<EventResult>,
    /// How much was read, and what was not.
    pub counts: Counts,
}

/// An event that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventResult {
    /// The feed's id, the same as in the odds.
    pub id: String,
    /// Home team or first player.
    pub home: String,
    /// Away team or second player.
    pub away: String,
    /// The status as the feed writes it.
    pub status_text: String,
    /// The score, or how the event ended without one.
    pub score: Score,
}

impl EventResult {
    /// Whether this is about `event`: the same id and the same two sides in the same order. A feed that turns the
    /// sides round would turn every bet round.
    pub fn is_of(&self, event: &Event) -> bool {
        let is_same = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
        self.id == event.id && is_same(&self.home, &event.home) && is_same(&self.away, &event.away)
    }
}

/// How much a file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Matches in the file: those that are over, those that are not, and all that were skipped.
    pub matches: u64,
    /// Matches that are over.
    pub over: u64,
    /// Matches that are still to be played, or being played.
    pub open: u64,
    /// Categories that are no object or are beyond the limit; their matches could not be seen.
    pub unreadable_categories: u64,
    /// Matches that were left out, by reason.
    pub skipped: BTreeMap<Skip, u64>,
}

/// Why a match was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Skip {
    /// For a reason for which the odds feed leaves it out, too.
    #[error("{0}")]
    Match(SkipReason),
    /// A score that is no number, of one side only, or of a period after one without.
    #[error("bad_number")]
    BadNumber,
    /// A status that is not understood.
    #[error("unknown_status")]
    UnknownStatus,
    /// Decided by officials, not by a score.
    #[error("awarded")]
    Awarded,
    /// A score that contradicts itself.
    #[error("contradiction: {0}")]
    Contradiction(#[from] Contradiction),
}

impl From<SkipReason> for Skip {
    fn from(reason: SkipReason) -> Self {
        Self::Match(reason)
    }
}

/// Why a file of results can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// It can't be had.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It can't be read.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// It says that it is about another sport than its name does.
    #[error("the results are about {0}")]
    OtherSport(Sport),
}

/// Reads the results of `sport` in a folder.
///
/// # Errors
/// When there are none, or the file can't be read.
pub fn read_folder(folder: &Path, sport: Sport, limits: &FeedLimits) -> Result<Results, ResultsError> {
    let bytes = read_file(
        &folder.join(format!("{sport}{FILE_SUFFIX}")),
        limits.max_file_bytes,
    )?;
    read(&bytes, sport, limits)
}

/// Reads a file of results of `sport`. CPU only.
///
/// # Errors
/// When it is too long, no JSON, without scores, or about another sport.
pub fn read(bytes: &[u8], sport: Sport, limits: &FeedLimits) -> Result<Results, ResultsError> {
    if bytes.len() > limits.max_file_bytes {
        return Err(FeedError::TooLarge {
            bytes: bytes.len(),
            limit: limits.max_file_bytes,
        }
        .into());
    }
    // As in the odds: a name in another encoding must not cost the file.
    let json = String::from_utf8_lossy(bytes);
    let document: &RawValue =
        serde_json::from_str(json.trim_start_matches('\u{feff}')).map_err(FeedError::NotJson)?;
    let file = Members::of(document).ok_or(FeedError::NoScores)?;
    let scores = file
        .get("scores")
        .and_then(Members::of)
        .ok_or(FeedError::NoScores)?;
    let metadata = file.get("metadata").and_then(Members::of);
    let told = metadata.map_or_else(String::new, |metadata| {
        text(metadata.get("sport")).to_ascii_lowercase()
    });
    if let Some(other) = Sport::find(&told).filter(|told| *told != sport) {
        return Err(ResultsError::OtherSport(other));
    }
    let mut reader = Reader {
        sport,
        limits,
        seen: HashSet::new(),
        events: Vec::new(),
        counts: Counts::default(),
    };
    for name in ["categories", "category"] {
        reader.categories(items(scores.get(name), limits.max_categories));
    }
    Ok(Results {
        sport,
        events: reader.events,
        counts: reader.counts,
    })
}

struct Reader<'l> {
    sport: Sport,
    limits: &'l FeedLimits,
    seen: HashSet<String>,
    events: Vec<EventResult>,
    counts: Counts,
}

impl Reader<'_> {
    fn categories(&mut self, categories: Items<'_>) {
        self.counts.unreadable_categories += categories.beyond as u64;
        for source in categories.list {
            let Some(category) = Members::of(source) else {
                self.counts.unreadable_categories += 1;
                continue;
            };
            // `matches`, or `matches.match`, or `match` itself.
            let matches = category.get("matches");
            let nested = matches
                .and_then(Members::of)
                .and_then(|matches| matches.get("match"));
            self.matches(items(
                nested.or(matches).or_else(|| category.get("match")),
                self.room(),
            ));
        }
    }

    fn room(&self) -> usize {
        let read = usize::try_from(self.counts.matches).unwrap_or(usize::MAX);
        self.limits.max_events.saturating_sub(read)
    }

    fn matches(&mut self, matches: Items<'_>) {
        self.counts.matches += (matches.list.len() + matches.beyond) as u64;
        self.skip(SkipReason::TooManyEvents.into(), matches.beyond);
        for source in matches.list {
            match self.read_match(source) {
                Ok(Read::Over(result)) => {
                    self.counts.over += 1;
                    self.events.push(*result);
                }
                Ok(Read::Open) => self.counts.open += 1,
                Err(reason) => self.skip(reason, 1),
            }
        }
    }

    fn read_match(&mut self, source: &RawValue) -> Result<Read, Skip> {
        let (id, read) = read_match(source, self.sport, self.limits)?;
        if !self.seen.insert(id) {
            return Err(SkipReason::DuplicateId.into());
        }
        Ok(read)
    }

    fn skip(&mut self, reason: Skip, matches: usize) {
        if matches > 0 {
            *self.counts.skipped.entry(reason).or_default() += matches as u64;
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            matches,
            over,
            open,
            unreadable_categories,
            skipped,
        } = self;
        write!(out, "{matches} matches, {over} over, {open} open")?;
        crate::feed::check::list(out, "skipped", skipped)?;
        if *unreadable_categories > 0 {
            write!(out, "; {unreadable_categories} unreadable categories")?;
        }
        Ok(())
    }
}
