//! What a player may put on a slip: the kinds of bets, and the prices they accept. Must never take a price from a client
//! for anything but a comparison.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use shared::sports::Sport;
use utoipa::ToSchema;

use super::payout::Price;

/// Which prices a player accepts besides the one that was shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// None: exactly the price that was shown.
    None,
    /// Higher ones.
    #[default]
    Better,
    /// Every price.
    Any,
}

impl Policy {
    /// The word in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Better => "better",
            Self::Any => "any",
        }
    }

    /// Whether a bet at `shown` is taken at `current`.
    pub fn accepts(self, shown: Price, current: Price) -> bool {
        match self {
            Self::None => current == shown,
            Self::Better => current >= shown,
            Self::Any => true,
        }
    }
}

/// What a bet is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One leg.
    Single,
    /// Several legs that must all win.
    Combo,
    /// All lines of so many legs; the sizes are in order and each there once.
    System(Vec<usize>),
}

/// Why a slip is no bet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlipError {
    /// Fewer legs than the kind of bet has.
    #[error("at least {0} selections are required")]
    TooFewLegs(usize),
    /// More legs than the kind of bet may have.
    #[error("at most {0} selections are allowed")]
    TooManyLegs(usize),
    /// Two legs are on one event, so that one would decide the other.
    #[error("only one selection of each event may be combined")]
    RelatedLegs {
        /// The second of them, from 0.
        at: usize,
    },
    /// A system without sizes, or with one that no line of these legs can have.
    #[error("must be different numbers from 1 to the number of selections, and not that number alone")]
    WrongSizes,
}

impl Kind {
    /// The word in the store and in answers.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Combo => "combo",
            Self::System(_) => "system",
        }
    }

    /// How many legs its lines have, of so many that there are.
    pub fn sizes(&self, legs: usize) -> Vec<usize> {
        match self {
            Self::Single => vec![1],
            Self::Combo => vec![legs],
            Self::System(sizes) => sizes.clone(),
        }
    }

    /// A system with these sizes.
    ///
    /// # Errors
    /// When they are not what lines of `legs` legs can have.
    pub fn system(mut sizes: Vec<usize>, legs: usize) -> Result<Self, SlipError> {
        let asked = sizes.len();
        sizes.sort_unstable();
        sizes.dedup();
        let fit = sizes.iter().all(|size| (1..=legs).contains(size));
        if sizes.is_empty() || sizes.len() != asked || !fit || sizes == [legs] {
            return Err(SlipError::WrongSizes);
        }
        Ok(Self::System(sizes))
    }

    /// Checks how many legs there are, and that no event is there twice.
    ///
    /// # Errors
    /// When a bet of this kind can't have these legs.
    pub fn accept(&self, events: &[(Sport, &str)], most: &LegLimits) -> Result<(), SlipError> {
        let (least, most) = match self {
            Self::Single => (1, 1),
            Self::Combo => (2, most.combo),
            Self::System(_) => (3, most.system),
        };
        if events.len() < least {
            return Err(SlipError::TooFewLegs(least));
        }
        if events.len() > most {
            return Err(SlipError::TooManyLegs(most));
        }
        let mut seen = HashSet::new();
        match events.iter().position(|event| !seen.insert(event)) {
            Some(at) => Err(SlipError::RelatedLegs { at }),
            None => Ok(()),
        }
    }
}

/// How many legs a bet may have.
#[derive(Clone, Copy, Debug)]
pub struct LegLimits {
    /// A combo.
    pub combo: usize,
    /// A system.
    pub system: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_says_which_prices_are_taken() {
        let price = |milli| Price::from_milli(milli).unwrap();
        let shown = price(2_000);
        for (policy, lower, same, higher) in [
            (Policy::None, false, true, false),
            (Policy::Better, false, true, true),
            (Policy::Any, true, true, true),
        ] {
            let takes = |milli| policy.accepts(shown, price(milli));
            assert_eq!(
                (takes(1_999), takes(2_000), takes(2_001)),
                (lower, same, higher),
                "{policy:?}"
            );
        }
    }

    #[test]
    fn a_slip_has_as_many_legs_as_its_kind_of_bet_may_have_each_of_another_event() {
        let soccer = Sport::find("soccer").unwrap();
        let tennis = Sport::find("tennis").unwrap();
        let ids: Vec<String> = (0..30).map(|id| id.to_string()).collect();
        let events = |count: usize| {
            ids[..count]
                .iter()
                .map(|id| (soccer, id.as_str()))
                .collect::<Vec<_>>()
        };
        let limits = LegLimits { combo: 20, system: 8 };
        let system = Kind::System(vec![2]);
        for (kind, least, most) in [(&Kind::Single, 1, 1), (&Kind::Combo, 2, 20), (&system, 3, 8)] {
            for count in 0..30 {
                let expected = match count {
                    few if few < least => Err(SlipError::TooFewLegs(least)),
                    many if many > most => Err(SlipError::TooManyLegs(most)),
                    _ => Ok(()),
                };
                assert_eq!(
                    kind.accept(&events(count), &limits),
                    expected,
                    "{kind:?} of {count}"
                );
            }
        }
        let twice = [(soccer, "1"), (soccer, "2"), (soccer, "1")];
        assert_eq!(
            Kind::Combo.accept(&twice, &limits),
            Err(SlipError::RelatedLegs { at: 2 })
        );
        assert_eq!(
            Kind::Combo.accept(&[(soccer, "1"), (tennis, "1")], &limits),
            Ok(())
        );
    }

    #[test]
    fn a_system_has_lines_of_different_sizes_and_is_no_combo() {
        for (sizes, legs, kind) in [
            (vec![2], 3, Some(vec![2])),
            (vec![3, 2, 1], 3, Some(vec![1, 2, 3])),
            (vec![3], 3, None),
            (vec![], 3, None),
            (vec![0, 1], 3, None),
            (vec![4], 3, None),
            (vec![2, 2], 3, None),
        ] {
            assert_eq!(
                Kind::system(sizes.clone(), legs).ok(),
                kind.map(Kind::System),
                "{sizes:?}"
            );
        }
    }
}
