//! How much of a feed is taken in at most: owns every bound of the parser, by name.
//! Must never cut a text or a list: what is over a bound is left out whole, and counted.

use super::model::SkipReason;

/// Bounds on a feed file. A match over one of them is skipped as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedLimits {
    /// Longest file; a longer one is refused.
    pub max_file_bytes: usize,
    /// Most categories in a file.
    pub max_categories: usize,
    /// Most matches in a file.
    pub max_events: usize,
    /// Longest match, in bytes of the file. It is also what bounds the transaction that stores a match.
    pub max_match_bytes: usize,
    /// Most markets in a match.
    pub max_markets_in_event: usize,
    /// Most selections, and most bookmakers, in a market.
    pub max_selections_in_market: usize,
    /// Longest name of a team, league, market or selection, in bytes of UTF-8.
    pub max_text_bytes: usize,
    /// Longest id, line, price, date, time or status, in bytes of UTF-8.
    pub max_code_bytes: usize,
}

impl Default for FeedLimits {
    fn default() -> Self {
        Self {
            max_file_bytes: 64 * 1024 * 1024,
            max_categories: 5_000,
            max_events: 20_000,
            max_match_bytes: 4 * 1024 * 1024,
            max_markets_in_event: 2_000,
            max_selections_in_market: 2_000,
            max_text_bytes: 300,
            max_code_bytes: 100,
        }
    }
}

impl FeedLimits {
    pub(crate) fn text(&self, text: &str) -> Result<String, SkipReason> {
        bounded(text, self.max_text_bytes)
    }

    pub(crate) fn code(&self, text: &str) -> Result<String, SkipReason> {
        bounded(text, self.max_code_bytes)
    }
}

fn bounded(text: &str, max_bytes: usize) -> Result<String, SkipReason> {
    if text.len() > max_bytes {
        return Err(SkipReason::TextTooLong);
    }
    Ok(text.to_owned())
}
