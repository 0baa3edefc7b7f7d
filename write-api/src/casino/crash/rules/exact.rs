//! Exact odds of a round: owns the count of the hashes that reach a target. Must never draw a word.

use super::multiplier::Target;
use super::{HASHES, crash_point_of};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::casino::crash::rules::RETURN_PERCENT;
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

    proptest! {
        #[test]
        fn a_higher_hash_never_crashes_earlier(one in 0..HASHES, other in 0..HASHES) {
            let (lower, higher) = (one.min(other), one.max(other));
            prop_assert!(crash_point_of(lower) <= crash_point_of(higher));
        }
    }
}
