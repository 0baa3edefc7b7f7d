//! `write-api results-check`: reads a folder of results and says what is in them and, beside the odds, what they decide.
//! Must never need a database or a network.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Display, Write};
use std::path::{Path, PathBuf};

use shared::sports::Sport;

use crate::feed::file_name;
use crate::feed::parse::{Event, FeedError, FeedLimits, Market, parse_within};
use crate::feed::source::{SourceError, file_names, read_file};

use super::results::{EventResult, FILE_SUFFIX, Results, ResultsError, read_folder};
use super::rules::{Question, decide};

/// Options of `write-api results-check`.
#[derive(Debug, clap::Args)]
pub struct ResultsCheck {
    /// A folder of results, each named `<sport>_results.json`.
    folder: PathBuf,
    /// A folder of feed files, each named `<sport>_odds.json`: says also what the results decide of them.
    #[arg(long)]
    odds: Option<PathBuf>,
}

/// Why a folder of results is not all right.
#[derive(Debug, thiserror::Error)]
pub enum ResultsCheckError {
    /// The folder can't be listed.
    #[error(transparent)]
    Folder(#[from] SourceError),
    /// Nothing in it is named as a file of results is.
    #[error("the folder holds no file whose name ends with {FILE_SUFFIX}")]
    NoFiles,
    /// Some files can't be read; the report says which and why.
    #[error("{unreadable} of {files} files of results can't be read")]
    Unreadable {
        /// How many.
        unreadable: usize,
        /// Of how many.
        files: usize,
    },
}

/// Reads every file of results in the folder and writes to `out` what is in it. `year` completes the dates of odds
/// without one.
///
/// # Errors
/// When a file can't be read.
pub fn check_results(
    options: &ResultsCheck,
    year: i32,
    out: &mut impl Write,
) -> Result<(), ResultsCheckError> {
    let names = file_names(&options.folder, FILE_SUFFIX)?;
    let mut unreadable = 0;
    for name in &names {
        let report = check_file(options, name, year).unwrap_or_else(|error| {
            unreadable += 1;
            error.to_string()
        });
        // Writing to a text does not fail.
        let _ = writeln!(out, "{name}: {report}");
    }
    if names.is_empty() {
        return Err(ResultsCheckError::NoFiles);
    }
    if unreadable > 0 {
        return Err(ResultsCheckError::Unreadable {
            unreadable,
            files: names.len(),
        });
    }
    Ok(())
}

fn check_file(options: &ResultsCheck, name: &str, year: i32) -> Result<String, ResultsError> {
    let key = name.strip_suffix(FILE_SUFFIX).unwrap_or_default();
    let sport = Sport::find(key).ok_or(FeedError::UnknownSport)?;
    let limits = FeedLimits::default();
    let results = read_folder(&options.folder, sport, &limits)?;
    let decided = match &options.odds {
        Some(odds) => Coverage::of(&results, &read_odds(odds, sport, year, &limits)?).to_string(),
        None => String::new(),
    };
    Ok(format!("{}{decided}", results.counts))
}

fn read_odds(
    folder: &Path,
    sport: Sport,
    year: i32,
    limits: &FeedLimits,
) -> Result<Vec<Event>, ResultsError> {
    let bytes = read_file(&folder.join(file_name(sport)), limits.max_file_bytes)?;
    Ok(parse_within(&bytes, Some(sport.key()), year, limits)?.events)
}

/// What results decide of the odds.
#[derive(Debug, Default)]
struct Coverage {
    /// Events that are over, of the odds.
    over: u64,
    /// Results whose sides are not those of the event with their id.
    other_sides: u64,
    /// Selections decided and not, by the name of the market.
    markets: BTreeMap<String, [u64; 2]>,
}

impl Coverage {
    fn of(results: &Results, events: &[Event]) -> Self {
        let by_id: HashMap<_, _> = results.events.iter().map(|result| (&result.id, result)).collect();
        let mut coverage = Self::default();
        for event in events {
            match by_id.get(&event.id) {
                Some(result) if result.is_of(event) => coverage.add(results.sport, event, result),
                Some(_) => coverage.other_sides += 1,
                None => {}
            }
        }
        coverage
    }

    fn add(&mut self, sport: Sport, event: &Event, result: &EventResult) {
        self.over += 1;
        for market in &event.markets {
            let is_decided = decided(sport, event, market, result);
            let counts = self.markets.entry(market.name.clone()).or_default();
            for is_decided in is_decided {
                counts[usize::from(!is_decided)] += 1;
            }
        }
    }
}

/// Whether each selection of the market is decided.
fn decided(sport: Sport, event: &Event, market: &Market, result: &EventResult) -> Vec<bool> {
    let offered: Vec<&str> = market.selections.iter().map(|one| one.name.as_str()).collect();
    let is_decided = market.selections.iter().map(|selection| {
        let question = Question {
            sport,
            home: &event.home,
            away: &event.away,
            market: &market.name,
            selection: &selection.name,
            line: selection.line.as_deref(),
            line_kind: selection.line_kind,
            offered: &offered,
        };
        decide(&question, &result.score).is_some()
    });
    is_decided.collect()
}

impl Display for Coverage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "\n  {} events of the odds are over", self.over)?;
        if self.other_sides > 0 {
            write!(out, "; {} more have other sides", self.other_sides)?;
        }
        for (name, [decided, open]) in &self.markets {
            write!(out, "\n  {name}: {decided} selections decided, {open} not")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../")).join(name)
    }

    #[test]
    fn the_sample_results_decide_the_sample_odds() {
        let options = ResultsCheck {
            folder: folder("dev/sample-feed"),
            odds: Some(folder("dev/sample-feed")),
        };
        let mut report = String::new();
        check_results(&options, 2030, &mut report).unwrap();
        for line in [
            "soccer_results.json: 5 matches, 4 over, 0 open; 1 skipped (contradiction: the score went backwards 1)",
            "tennis_results.json: 4 matches, 3 over, 1 open; 0 skipped",
            "  4 events of the odds are over",
            "  Goals Over/Under: 8 selections decided, 0 not",
            "  To Qualify: 0 selections decided, 2 not",
            "cricket_results.json: 1 matches, 1 over, 0 open; 0 skipped",
            "  Set Betting: 4 selections decided, 0 not",
            "  Highest Scoring Quarter: 4 selections decided, 0 not",
            "  Most Sixes: 0 selections decided, 3 not",
        ] {
            assert!(report.lines().any(|one| one == line), "{line}\n{report}");
        }
    }

    #[test]
    fn a_folder_without_results_is_not_all_right() {
        for (name, is_there) in [("write-api/src", true), ("nowhere", false)] {
            let options = ResultsCheck {
                folder: folder(name),
                odds: None,
            };
            let result = check_results(&options, 2030, &mut String::new());
            assert_eq!(matches!(result, Err(ResultsCheckError::NoFiles)), is_there);
            assert_eq!(matches!(result, Err(ResultsCheckError::Folder(_))), !is_there);
        }
    }
}
