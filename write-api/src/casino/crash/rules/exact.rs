//! Exact odds of a round: owns the count of the hashes that reach a target. Must never draw a word.

use shared::money::Minor;

use super::multiplier::Target;
use super::{HASHES, crash_point_of};
use crate::casino::returns::Returns;

/// How many of the 2⁵² hashes, each equally likely, make a round that reaches a target. A higher hash never crashes
/// earlier, so they are all from the lowest one on that does, which is found by halving.
pub fn reaching(target: Target) -> u64 {
    let (mut all_below_crash_before, mut all_from_reach_it) = (0, HASHES);
    while all_below_crash_before < all_from_reach_it {
        let middle = u64::midpoint(all_below_crash_before, all_from_reach_it);
        if crash_point_of(middle) < target.multiplier() {
            all_below_crash_before = middle + 1;
        } else {
            all_from_reach_it = middle;
        }
    }
    HASHES - all_from_reach_it
}

/// What a round with this automatic cash-out returns over all hashes, of a stake of which nothing is lost by rounding.
pub fn returns(target: Target) -> Returns {
    let reaching = reaching(target);
    let payout = Minor::new(target.multiplier().hundredths().into());
    let outcomes = [(reaching, payout), (HASHES - reaching, Minor::ZERO)];
    let weighed = outcomes.map(|(hashes, payout)| (i128::from(hashes), payout));
    Returns::count(Minor::new(100), weighed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::casino::crash::rules::RETURN_PERCENT;
    use crate::casino::returns::Ratio;
    use proptest::prelude::*;

    fn targets() -> impl Iterator<Item = Target> {
        (101..=2000).map(|hundredths| Target::new(hundredths).unwrap())
    }

    #[test]
    fn every_target_is_reached_by_96_hundredths_of_its_reciprocal_rounded_down_to_a_hash() {
        assert_eq!((RETURN_PERCENT, HASHES), (96, 4_503_599_627_370_496));
        for target in targets() {
            let hundredths = u64::from(target.multiplier().hundredths());
            assert_eq!(reaching(target), 96 * HASHES / hundredths, "{target:?}");
        }
    }

    #[test]
    fn the_return_is_never_above_96_percent_and_below_it_by_less_than_one_hash_that_pays() {
        for target in targets() {
            let hundredths = u64::from(target.multiplier().hundredths());
            let (returned, most) = (reaching(target) * hundredths, 96 * HASHES);
            assert!(returned <= most, "{target:?}");
            assert!(most - returned < hundredths, "{target:?}");
        }
    }

    #[test]
    fn the_lowest_hash_that_reaches_a_target_is_next_to_one_that_does_not() {
        for target in targets() {
            let lowest = HASHES - reaching(target);
            assert!(crash_point_of(lowest) >= target.multiplier(), "{target:?}");
            assert!(crash_point_of(lowest - 1) < target.multiplier(), "{target:?}");
        }
    }

    #[test]
    fn the_expected_value_is_what_the_reaching_hashes_pay_less_the_stake() {
        for target in targets() {
            let gained = i128::from(reaching(target) * u64::from(target.multiplier().hundredths()));
            let all = 100 * i128::from(HASHES);
            assert_eq!(returns(target).expected_value(), Ratio::new(gained - all, all));
        }
    }

    #[test]
    fn sigma_is_the_root_of_96_percent_of_the_target_less_its_square() {
        for (hundredths, sigma_millionths) in [
            (101, 219_089),
            (150, 720_000),
            (200, 999_199),
            (500, 1_969_365),
            (2000, 4_275_324),
        ] {
            let sigma = returns(Target::new(hundredths).unwrap()).sigma_millionths();
            assert!(sigma.abs_diff(sigma_millionths) <= 1, "{hundredths}: {sigma}");
        }
    }

    proptest! {
        #[test]
        fn a_higher_hash_never_crashes_earlier(one in 0..HASHES, other in 0..HASHES) {
            let (lower, higher) = (one.min(other), one.max(other));
            prop_assert!(crash_point_of(lower) <= crash_point_of(higher));
        }
    }
}
