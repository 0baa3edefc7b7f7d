//! What an operator stands to lose on a market. Must never count less than what could be lost.

use shared::money::Minor;

/// What pending bets on one selection mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OnSelection {
    /// Stakes of singles.
    pub staked: i128,
    /// What those singles pay if the selection wins.
    pub returns: i128,
    /// What bets of several legs pay if the selection and all their others win.
    pub multiples_returns: i128,
}

/// The most that can be lost on selections of which at most one wins: `max(0, −min(stakes − returns))` over them. What
/// bets of several legs would pay is lost on each of their markets, but their stakes are won on none, as each could be
/// counted only once.
pub fn liability(selections: impl Iterator<Item = OnSelection>) -> Minor {
    let mut staked = 0;
    let mut most = 0;
    for selection in selections {
        staked += selection.staked;
        most = most.max(selection.returns + selection.multiples_returns);
    }
    minor((most - staked).max(0))
}

/// Which selections of a market a selection is counted with: at most one selection of a book wins. `siblings` are the
/// selections with the same line, this one included; a line is a book of its own.
///
/// Two or three selections exclude each other, but for double chances, whose names have two parts; so do correct scores.
/// Of any others nobody knows, so that each is a book: then what could be lost is counted too high, never too low.
pub fn book(name: &str, line: Option<&str>, selection_id: &str, siblings: i64) -> String {
    let is_score = name.split_once([':', '-']).is_some_and(|(home, away)| {
        [home, away]
            .iter()
            .all(|goals| goals.trim().parse::<u16>().is_ok())
    });
    if is_score || siblings <= 3 && !name.contains('/') {
        line.unwrap_or_default().to_owned()
    } else {
        format!("={selection_id}")
    }
}

fn minor(amount: i128) -> Minor {
    Minor::new(i64::try_from(amount).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(staked: i128, returns: i128, multiples_returns: i128) -> OnSelection {
        OnSelection {
            staked,
            returns,
            multiples_returns,
        }
    }

    #[test]
    fn the_liability_is_what_the_worst_selection_costs() {
        for (selections, expected) in [
            (vec![], 0),
            (vec![on(100, 250, 0)], 150),
            (vec![on(100, 250, 0), on(200, 260, 0)], 0),
            (vec![on(100, 500, 0), on(200, 260, 0), on(0, 0, 0)], 200),
            (vec![on(0, 0, 900)], 900),
            (vec![on(100, 150, 900), on(50, 200, 0)], 900),
        ] {
            assert_eq!(
                liability(selections.clone().into_iter()),
                Minor::new(expected),
                "{selections:?}"
            );
        }
    }

    #[test]
    fn only_selections_of_which_one_wins_at_most_share_a_book() {
        for (name, line, siblings, expected) in [
            ("Home", None, 3, ""),
            ("Over", Some("2.5"), 2, "2.5"),
            ("Yes", None, 2, ""),
            ("2:1", None, 25, ""),
            ("2 - 1", None, 25, ""),
            ("Home/Draw", None, 3, "=id"),
            ("A. Scorer", None, 22, "=id"),
        ] {
            assert_eq!(book(name, line, "id", siblings), expected, "{name}");
        }
    }
}
