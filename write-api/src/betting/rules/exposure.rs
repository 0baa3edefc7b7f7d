//! What an operator stands to lose and to gain on a market. Must never count less than what could be lost.

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

/// What a market means: the worst and the best that can come of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// The most that can be lost; not negative.
    pub liability: Minor,
    /// The most that can be won: the stakes of all singles, when no selection wins that they are on.
    pub best_case: Minor,
}

/// The exposure of a market with these selections. Its liability is `max(0, −min(stakes − returns))` over the selections.
/// What bets of several legs would pay is lost on each of their markets, but their stakes are won on none, as each could
/// be counted only once.
pub fn exposure(selections: impl Iterator<Item = OnSelection>) -> Exposure {
    let mut staked = 0;
    let mut most = 0;
    for selection in selections {
        staked += selection.staked;
        most = most.max(selection.returns + selection.multiples_returns);
    }
    Exposure {
        liability: minor((most - staked).max(0)),
        best_case: minor(staked),
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
        for (selections, liability, best_case) in [
            (vec![], 0, 0),
            (vec![on(100, 250, 0)], 150, 100),
            (vec![on(100, 250, 0), on(200, 260, 0)], 0, 300),
            (vec![on(100, 500, 0), on(200, 260, 0), on(0, 0, 0)], 200, 300),
            (vec![on(0, 0, 900)], 900, 0),
            (vec![on(100, 150, 900), on(50, 200, 0)], 900, 150),
        ] {
            let found = exposure(selections.clone().into_iter());
            let expected = (Minor::new(liability), Minor::new(best_case));
            assert_eq!((found.liability, found.best_case), expected, "{selections:?}");
        }
    }
}
