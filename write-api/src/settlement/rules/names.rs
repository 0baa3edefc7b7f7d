//! What the names of selections mean. Must never find a meaning where a name could have two.

use super::pair::{Pair, Side};

/// A side, or neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Result3 {
    Side(Side),
    Draw,
}

impl Result3 {
    pub(super) fn of(pair: Pair) -> Self {
        pair.leader().map_or(Self::Draw, Self::Side)
    }
}

/// The names of the two sides of an event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides<'a> {
    pub(super) home: &'a str,
    pub(super) away: &'a str,
}

impl Sides<'_> {
    /// A side by the feed's word for it or by its own name, or a draw. A side whose name is the word for something
    /// else, and two sides with one name, are not told apart.
    pub(super) fn result(self, name: &str) -> Option<Result3> {
        let word = match name.trim().to_ascii_lowercase().as_str() {
            "home" | "1" | "home win" => Some(Result3::Side(Side::Home)),
            "draw" | "x" | "tie" => Some(Result3::Draw),
            "away" | "2" | "away win" => Some(Result3::Side(Side::Away)),
            _ => None,
        };
        let [is_home, is_away] =
            [self.home, self.away].map(|side| side.trim().eq_ignore_ascii_case(name.trim()));
        let meanings = [
            word,
            is_home.then_some(Result3::Side(Side::Home)),
            is_away.then_some(Result3::Side(Side::Away)),
        ];
        one(meanings.into_iter().flatten())
    }

    pub(super) fn side(self, name: &str) -> Option<Side> {
        match self.result(name)? {
            Result3::Side(side) => Some(side),
            Result3::Draw => None,
        }
    }

    /// Two results with `/` or `-` between, such as `Draw/Home`; names of sides may hold a `/` themselves.
    pub(super) fn two_results(self, name: &str) -> Option<(Result3, Result3)> {
        one(splits(name).filter_map(|(first, second)| Some((self.result(first)?, self.result(second)?))))
    }

    /// A result and something else, such as `Home/Yes`.
    pub(super) fn result_and(self, name: &str) -> Option<(Result3, &str)> {
        let (first, second) = name.rsplit_once(['/', '&'])?;
        Some((self.result(first)?, second.trim()))
    }

    /// Two of the three results: `Home/Draw`, `1X`, `Draw or Away`.
    pub(super) fn either(self, name: &str) -> Option<(Result3, Result3)> {
        let pair = match name.trim().to_ascii_lowercase().as_str() {
            "1x" | "x1" => (Result3::Side(Side::Home), Result3::Draw),
            "x2" | "2x" => (Result3::Draw, Result3::Side(Side::Away)),
            "12" | "21" => (Result3::Side(Side::Home), Result3::Side(Side::Away)),
            lower => {
                let with_or = lower.split_once(" or ");
                let with_or = with_or.and_then(|(one, other)| Some((self.result(one)?, self.result(other)?)));
                with_or.or_else(|| self.two_results(name))?
            }
        };
        (pair.0 != pair.1).then_some(pair)
    }
}

/// Every way to split a text at a `/` or, without any, at a `-`.
fn splits(name: &str) -> impl Iterator<Item = (&str, &str)> {
    let at = if name.contains('/') { '/' } else { '-' };
    name.match_indices(at)
        .map(|(place, _)| (&name[..place], &name[place + 1..]))
}

/// The one thing that all of these are.
fn one<T: PartialEq>(mut meanings: impl Iterator<Item = T>) -> Option<T> {
    let first = meanings.next()?;
    meanings.all(|other| other == first).then_some(first)
}

pub(super) fn yes(name: &str) -> Option<bool> {
    word(name, "yes", "no")
}

pub(super) fn odd(name: &str) -> Option<bool> {
    word(name, "odd", "even")
}

/// Whether a name says over, and the number that may follow, as in `Over 2.5`.
pub(super) fn over(name: &str) -> Option<(bool, Option<&str>)> {
    let mut words = name.split_ascii_whitespace();
    let is_over = word(words.next()?, "over", "under")?;
    let line = words.next();
    words.next().is_none().then_some((is_over, line))
}

fn word(name: &str, one: &str, other: &str) -> Option<bool> {
    let name = name.trim();
    if name.eq_ignore_ascii_case(one) {
        return Some(true);
    }
    name.eq_ignore_ascii_case(other).then_some(false)
}

/// A score with `:` or `-` between, the home side first.
pub(super) fn score(name: &str) -> Option<Pair> {
    let (home, away) = name.split_once([':', '-'])?;
    Some(Pair::new(number(home)?, number(away)?))
}

/// A number without a sign.
pub(super) fn number(text: &str) -> Option<u16> {
    let text = text.trim();
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

/// The place of a period: `1st`, `2nd Half`, `3rd Quarter`.
pub(super) fn place(name: &str) -> Option<usize> {
    let mut words = name.split_ascii_whitespace();
    let place = ordinal(&words.next()?.to_ascii_lowercase())?;
    let is_period = words.next().is_none_or(|word| {
        ["half", "quarter", "qtr", "period"].contains(&word.to_ascii_lowercase().as_str())
    });
    (is_period && words.next().is_none()).then_some(place)
}

/// The number of an ordinal in lower case.
pub(super) fn ordinal(word: &str) -> Option<usize> {
    Some(match word {
        "1st" | "first" => 1,
        "2nd" | "second" => 2,
        "3rd" | "third" => 3,
        "4th" | "fourth" => 4,
        "5th" | "fifth" => 5,
        _ => return None,
    })
}

/// Whether a name stands for every score that has no selection of its own.
pub(super) fn is_any_other(name: &str) -> bool {
    let name = name.trim().to_ascii_lowercase();
    ["any other", "any other score", "other", "any unquoted"].contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDES: Sides<'_> = Sides {
        home: "Larkmoor",
        away: "A / B",
    };
    const HOME: Option<Result3> = Some(Result3::Side(Side::Home));
    const AWAY: Option<Result3> = Some(Result3::Side(Side::Away));

    #[test]
    fn a_side_is_known_by_its_word_and_by_its_name() {
        for (name, result) in [
            ("Home", HOME),
            ("1", HOME),
            ("larkmoor", HOME),
            ("X", Some(Result3::Draw)),
            ("Tie", Some(Result3::Draw)),
            ("2", AWAY),
            ("A / B", AWAY),
            ("Larkmoor United", None),
            ("", None),
        ] {
            assert_eq!(SIDES.result(name), result, "{name}");
        }
    }

    #[test]
    fn a_name_with_two_meanings_has_none() {
        let draw = Sides {
            home: "Draw",
            away: "Away",
        };
        assert_eq!(draw.result("Draw"), None);
        assert_eq!(draw.result("Home"), HOME);
        assert_eq!(draw.result("Away"), AWAY);
        let swapped = Sides { home: "2", away: "1" };
        assert_eq!((swapped.result("1"), swapped.result("2")), (None, None));
        let same = Sides {
            home: "FC",
            away: "FC",
        };
        assert_eq!((same.result("FC"), same.result("Away")), (None, AWAY));
    }

    #[test]
    fn two_results_are_split_where_both_sides_mean_something() {
        let (home, away, draw) = (
            Result3::Side(Side::Home),
            Result3::Side(Side::Away),
            Result3::Draw,
        );
        assert_eq!(SIDES.two_results("Draw/A / B"), Some((draw, away)));
        assert_eq!(SIDES.two_results("A / B/Larkmoor"), Some((away, home)));
        assert_eq!(SIDES.two_results("1-X"), Some((home, draw)));
        assert_eq!(SIDES.two_results("Larkmoor"), None);
        assert_eq!(SIDES.either("Draw or Away"), Some((draw, away)));
        assert_eq!(SIDES.either("1X"), Some((home, draw)));
        assert_eq!(SIDES.either("Home/Home"), None);
    }

    #[test]
    fn numbers_have_no_sign() {
        assert_eq!(score("2:1"), Some(Pair::new(2, 1)));
        assert_eq!(score("10 - 8"), Some(Pair::new(10, 8)));
        for name in ["2", "+2:1", "2:-1", "2:1:0", "a:b", ":", "70000:1"] {
            assert_eq!(score(name), None, "{name}");
        }
    }
}
