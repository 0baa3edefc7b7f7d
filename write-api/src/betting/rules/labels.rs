//! What the older pages mean by the words that they send for a selection. Must never prefer one of several selections
//! that fit the words and the price.

use super::payout::Price;

/// A selection that may be meant.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The home side of its event.
    pub home: String,
    /// The away side.
    pub away: String,
    /// Its market.
    pub market: String,
    /// The name that pages know the market by.
    pub market_key: String,
    /// Its id.
    pub selection: String,
    /// The feed's name, without the line.
    pub name: String,
    /// Its line.
    pub line: Option<String>,
    /// Its price now.
    pub price: Option<Price>,
}

/// What pages put before or behind the words that stand for an outcome.
const AROUND: [&str; 3] = ["Set Betting ", "Correct Score ", " 1st Half"];

/// What is meant by `label`: the candidates that fit it and that have the price that was seen, to two decimals, as pages
/// show prices. Where none of them has it the price has changed, and all that fit are returned.
pub fn meant<'a>(candidates: &'a [Candidate], label: &str, shown: Price) -> Vec<&'a Candidate> {
    let fit: Vec<&Candidate> = candidates.iter().filter(|one| one.is_called(label)).collect();
    let at_price = |one: &&&Candidate| one.price.is_some_and(|price| price.is_shown_as(shown));
    let priced: Vec<&Candidate> = fit.iter().filter(at_price).copied().collect();
    if priced.is_empty() { fit } else { priced }
}

impl Candidate {
    fn is_called(&self, label: &str) -> bool {
        if label == self.selection || label == self.name {
            return true;
        }
        let plain = AROUND.iter().fold(label, |label, around| {
            label
                .strip_prefix(around)
                .or_else(|| label.strip_suffix(around))
                .unwrap_or(label)
        });
        // `1X` is `Home/Draw` in the feed.
        let pair = match plain {
            "1X" => Some(("1", "X")),
            "X2" => Some(("X", "2")),
            "12" => Some(("1", "2")),
            _ => plain.split_once('/'),
        };
        if let (Some(label), Some(name)) = (pair, self.name.split_once('/')) {
            return self.same_word(label.0, name.0) && self.same_word(label.1, name.1);
        }
        if let (Some(label), Some(name)) = (plain.split_once('-'), self.name.split_once(['-', ':'])) {
            return (label.0.trim(), label.1.trim()) == (name.0.trim(), name.1.trim());
        }
        self.same_word(plain, &self.name)
    }

    fn same_word(&self, label: &str, name: &str) -> bool {
        let of = |word: &str| {
            self.side(word)
                .map_or_else(|| word.trim().to_lowercase(), str::to_owned)
        };
        of(label) == of(name)
    }

    /// Which outcome a word stands for, where it is one of the three of a match.
    fn side(&self, word: &str) -> Option<&'static str> {
        let word = word.trim();
        let is_any = |words: &[&str]| words.iter().any(|one| word.eq_ignore_ascii_case(one));
        if is_any(&["home", "1", "home win"]) || word == self.home {
            Some("1")
        } else if is_any(&["draw", "x", "tie"]) {
            Some("x")
        } else if is_any(&["away", "2", "away win"]) || word == self.away {
            Some("2")
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(market: &str, name: &str, milli: i64) -> Candidate {
        Candidate {
            home: "Ajax".to_owned(),
            away: "Feyenoord".to_owned(),
            market: market.to_owned(),
            market_key: market.to_owned(),
            selection: name.to_owned(),
            name: name.to_owned(),
            line: None,
            price: Price::from_milli(milli),
        }
    }

    fn all() -> Vec<Candidate> {
        vec![
            candidate("match_result", "Home", 1_850),
            candidate("match_result", "Draw", 3_400),
            candidate("match_result", "Away", 4_200),
            candidate("double_chance", "Home/Draw", 1_200),
            candidate("double_chance", "Draw/Away", 1_875),
            candidate("over_under", "Over", 1_900),
            candidate("over_under", "Under", 1_900),
            candidate("corners", "Over", 2_100),
            candidate("set_betting", "2:0", 3_000),
            candidate("correct_score", "1:0", 7_000),
            candidate("ht_ft", "1/X", 15_000),
            candidate("first_half", "Home", 2_500),
        ]
    }

    #[track_caller]
    fn check(label: &str, shown: i64, expected: &[(&str, &str)]) {
        let all = all();
        let found = meant(&all, label, Price::from_milli(shown).unwrap());
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.market.as_str(), one.name.as_str()))
            .collect();
        assert_eq!(found, expected, "{label} at {shown}");
    }

    #[test]
    fn the_words_of_pages_find_the_selection_at_the_price_that_was_seen() {
        check("Ajax", 1_850, &[("match_result", "Home")]);
        check("Ajax", 2_500, &[("first_half", "Home")]);
        check("Home Win 1st Half", 2_500, &[("first_half", "Home")]);
        check("Draw", 3_400, &[("match_result", "Draw")]);
        check("Feyenoord", 4_200, &[("match_result", "Away")]);
        check("1X", 1_200, &[("double_chance", "Home/Draw")]);
        check("X2", 1_880, &[("double_chance", "Draw/Away")]);
        check("Over", 2_100, &[("corners", "Over")]);
        check("Set Betting 2-0", 3_000, &[("set_betting", "2:0")]);
        check("Correct Score 1-0", 7_000, &[("correct_score", "1:0")]);
        check("1/X", 15_000, &[("ht_ft", "1/X")]);
    }

    #[test]
    fn all_that_fit_are_found_when_no_price_does() {
        check("Over", 1_500, &[("over_under", "Over"), ("corners", "Over")]);
        check("Under", 1_500, &[("over_under", "Under")]);
        check("PSV", 1_500, &[]);
    }
}
