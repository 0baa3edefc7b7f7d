//! `write-api feed-check`: reads a folder of feed files and says what is in them.
//! Must never need a database or a network.

use std::fmt::{self, Display, Write};
use std::path::{Path, PathBuf};

use shared::sports::Sport;

use super::options::FILE_SUFFIX;
use super::parse::{Counts, FeedError, FeedLimits, parse_within};
use super::source::{SourceError, file_names, read_file};

/// Options of `write-api feed-check`.
#[derive(Debug, clap::Args)]
pub struct FeedCheck {
    /// A folder of feed files, each named `<sport>_odds.json`.
    folder: PathBuf,
}

/// Why a folder of feed files is not all right.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The folder can't be listed.
    #[error(transparent)]
    Folder(#[from] SourceError),
    /// Nothing in it is named as a feed file is.
    #[error("the folder holds no file whose name ends with {FILE_SUFFIX}")]
    NoFiles,
    /// Some files can't be read; the report says which and why.
    #[error("{unreadable} of {files} feed files can't be read")]
    Unreadable {
        /// How many.
        unreadable: usize,
        /// Of how many.
        files: usize,
    },
}

#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error("the feed is about {0}")]
    OtherSport(Sport),
}

/// Reads every feed file in the folder and writes to `out` what is in it. `year` completes dates without one.
///
/// # Errors
/// When a file can't be read.
pub fn check_folder(options: &FeedCheck, year: i32, out: &mut impl Write) -> Result<(), CheckError> {
    let names = file_names(&options.folder, FILE_SUFFIX)?;
    let (mut total, mut unreadable) = (Counts::default(), 0);
    for name in &names {
        let result = check_file(&options.folder, name, year);
        let line = match &result {
            Ok(counts) => format!("{name}: {}", Shown(counts)),
            Err(error) => format!("{name}: {error}"),
        };
        match result {
            Ok(counts) => total.add_all(counts),
            Err(_) => unreadable += 1,
        }
        // Writing to a text does not fail.
        let _ = writeln!(out, "{line}");
    }
    if names.is_empty() {
        return Err(CheckError::NoFiles);
    }
    let _ = writeln!(out, "all {} files: {}", names.len() - unreadable, Shown(&total));
    if unreadable > 0 {
        return Err(CheckError::Unreadable {
            unreadable,
            files: names.len(),
        });
    }
    Ok(())
}

fn check_file(folder: &Path, name: &str, year: i32) -> Result<Counts, FileError> {
    let limits = FeedLimits::default();
    let bytes = read_file(&folder.join(name), limits.max_file_bytes)?;
    let key = name.strip_suffix(FILE_SUFFIX).unwrap_or_default();
    let sport = Sport::find(key).ok_or(FeedError::UnknownSport)?;
    let feed = parse_within(&bytes, Some(key), year, &limits)?;
    if feed.sport != sport {
        return Err(FileError::OtherSport(feed.sport));
    }
    Ok(feed.counts)
}

/// Counts as people read them.
struct Shown<'a>(&'a Counts);

impl Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts {
            matches,
            markets,
            selections,
            skipped,
            odd,
        } = self.0;
        write!(
            out,
            "{matches} matches, {markets} markets, {selections} selections"
        )?;
        list(out, "skipped", skipped)?;
        list(out, "odd", odd)
    }
}

pub(crate) fn list<K: Display>(
    out: &mut fmt::Formatter<'_>,
    what: &str,
    counts: &std::collections::BTreeMap<K, u64>,
) -> fmt::Result {
    let total: u64 = counts.values().sum();
    write!(out, "; {total} {what}")?;
    for (place, (kind, count)) in counts.iter().enumerate() {
        let before = if place == 0 { " (" } else { ", " };
        write!(out, "{before}{kind} {count}")?;
    }
    if counts.is_empty() {
        Ok(())
    } else {
        out.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_feed_is_all_right() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../dev/sample-feed").into();
        let mut report = String::new();
        check_folder(&FeedCheck { folder }, 2030, &mut report).unwrap();
        let lines: Vec<_> = report.lines().collect();
        assert_eq!(
            lines[2],
            "soccer_odds.json: 6 matches, 15 markets, 49 selections; 1 skipped (missing_team 1); 1 odd (unpriced 1)"
        );
        assert!(lines[4].starts_with("all 4 files: 16 matches, 40 markets, 116 selections; 1 skipped"));
    }

    #[test]
    fn a_folder_without_feed_files_is_not() {
        for (folder, is_there) in [("src", true), ("nowhere", false)] {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/").to_owned() + folder;
            let result = check_folder(
                &FeedCheck {
                    folder: folder.into(),
                },
                2030,
                &mut String::new(),
            );
            assert_eq!(matches!(result, Err(CheckError::NoFiles)), is_there);
            assert_eq!(matches!(result, Err(CheckError::Folder(_))), !is_there);
        }
    }
}
