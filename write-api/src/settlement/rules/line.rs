//! Handicaps and totals as exact numbers. Must never round.

use super::outcome::Outcome;

/// A handicap or total, in quarters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) quarters: i64,
}

impl Line {
    /// Reads a decimal that is a whole number of quarters, such as `2`, `-0.25` or `+1.50`. Anything else is no line:
    /// cricket's `+`, two lines in one text, thirds.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = match text.split_at_checked(1)? {
            ("-", digits) => (-1, digits),
            ("+", digits) => (1, digits),
            _ => (1, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let is_number = (1..=5).contains(&whole.len()) && whole.bytes().all(|byte| byte.is_ascii_digit());
        let whole: i64 = is_number.then(|| whole.parse().ok()).flatten()?;
        let quarters = match fraction {
            "0" | "00" => 0,
            "25" => 1,
            "5" | "50" => 2,
            "75" => 3,
            _ => return None,
        };
        Some(Self {
            quarters: sign * (whole * 4 + quarters),
        })
    }

    /// The line as a whole number.
    pub(super) fn whole(self) -> Option<i64> {
        (self.quarters % 4 == 0).then_some(self.quarters / 4)
    }
}

/// What a bet on more than a line came to, `quarters` above it.
pub(super) const fn beyond(quarters: i64) -> Outcome {
    match quarters {
        ..=-2 => Outcome::Lost,
        -1 => Outcome::HalfLost,
        0 => Outcome::Void,
        1 => Outcome::HalfWon,
        2.. => Outcome::Won,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_whole_number_of_quarters() {
        for (text, quarters) in [
            ("0", 0),
            ("-0", 0),
            ("+0.0", 0),
            ("2", 8),
            ("2.5", 10),
            ("2.50", 10),
            ("-0.25", -1),
            ("+1.75", 7),
            ("-11.5", -46),
            ("280.5", 1122),
        ] {
            assert_eq!(Line::parse(text), Some(Line { quarters }), "{text}");
        }
        for text in [
            "", "+", "-", ".5", "2.", "2.3", "2.125", "2,5", "1/1.5", "--1", "1e3", " 2", "½", "123456",
            "2.5.0",
        ] {
            assert_eq!(Line::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_quarter_line_is_two_bets_of_half_the_stake() {
        use Outcome::{HalfLost, HalfWon, Lost, Void, Won};
        for (line, total, over) in [
            ("2", 1, Lost),
            ("2", 2, Void),
            ("2", 3, Won),
            ("2.25", 2, HalfLost),
            ("2.25", 3, Won),
            ("2.5", 2, Lost),
            ("2.5", 3, Won),
            ("2.75", 2, Lost),
            ("2.75", 3, HalfWon),
            ("2.75", 4, Won),
        ] {
            let line = Line::parse(line).unwrap();
            assert_eq!(beyond(4 * total - line.quarters), over, "{line:?} {total}");
        }
    }
}
