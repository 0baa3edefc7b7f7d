//! What a bet pays, exactly: numbers of lines, and products of prices as fractions that are rounded down once, at the
//! very end. Must never pass a price or an amount through a binary float.
//!
//! A line is a set of legs that must come out together; a bet has all lines of each of its sizes. So a single is one
//! leg in lines of 1, a combo of n legs has one line of n, and a system of n legs has all lines of k legs out of n, for
//! each k in its sizes. What lines of k legs pay together for a stake of 1 is the k-th elementary symmetric polynomial
//! of what the legs multiply by.

use num_bigint::BigUint;
use shared::money::Minor;

use crate::settlement::rules::Outcome;

/// Decimal odds in thousandths, above 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(i64);

/// What decimal odds are counted in.
const UNIT: i64 = 1_000;

impl Price {
    /// So many thousandths; none if that is not above 1.
    pub fn from_milli(milli: i64) -> Option<Self> {
        (milli > UNIT).then_some(Self(milli))
    }

    /// Whether it looks like `other` on pages, which show two decimals.
    pub const fn is_shown_as(self, other: Self) -> bool {
        (self.0 + 5) / 10 == (other.0 + 5) / 10
    }

    /// In thousandths.
    pub const fn milli(self) -> i64 {
        self.0
    }
}

/// What a stake is multiplied by: zero or more, as a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factor {
    over: u64,
    under: u64,
}

impl Factor {
    /// What a leg multiplies by that came to `outcome` at `price`: `v + (1 − v) · (won ? d · odds : 0)`, where v is the
    /// part that is void and d the part of a dead heat that is paid.
    pub fn of(price: Price, outcome: Outcome) -> Self {
        let odds = price.0.unsigned_abs();
        let unit = UNIT.unsigned_abs();
        let (over, under) = match outcome {
            Outcome::Won => (odds, unit),
            Outcome::Lost => (0, 1),
            Outcome::Void => (1, 1),
            Outcome::HalfWon => (unit + odds, 2 * unit),
            Outcome::HalfLost => (1, 2),
            Outcome::DeadHeat { paid, among } => (odds * u64::from(paid), unit * u64::from(among)),
        };
        Self { over, under }
    }

    /// What a leg is worth now that was taken at `accepted` and could be had at `current`.
    pub const fn worth(accepted: Price, current: Price) -> Self {
        Self {
            over: accepted.0.unsigned_abs(),
            under: current.0.unsigned_abs(),
        }
    }
}

/// How many lines there are in all: of each of `sizes` out of so many legs.
pub fn lines(legs: usize, sizes: &[usize]) -> u64 {
    sizes.iter().map(|size| choose(legs, *size)).sum()
}

fn choose(of: usize, take: usize) -> u64 {
    if take > of {
        return 0;
    }
    (0..take as u64).fold(1, |ways, taken| ways * (of as u64 - taken) / (taken + 1))
}

/// What all lines of `sizes` pay together at `unit_stake` for each, less a margin in hundredths of a percent; rounded
/// down once, and no more than an amount can be.
pub fn pays(unit_stake: Minor, sizes: &[usize], legs: &[Factor], margin_bp: u32) -> Minor {
    // The sums over the lines of each size, all over the same denominator. From the longest down, so that each leg is
    // in a line once.
    let mut sums = vec![BigUint::from(0_u32); legs.len() + 1];
    sums[0] = BigUint::from(1_u32);
    let mut under = BigUint::from(FULL_BP);
    for (taken, leg) in legs.iter().enumerate() {
        for size in (0..=taken).rev() {
            let longer = &sums[size] * leg.over;
            sums[size + 1] = &sums[size + 1] + longer;
            sums[size] = &sums[size] * leg.under;
        }
        under *= leg.under;
    }
    let over: BigUint = sizes.iter().filter_map(|size| sums.get(*size)).sum();
    let kept = FULL_BP.saturating_sub(margin_bp);
    let exact = over * unit_stake.get().unsigned_abs() * kept / under;
    Minor::new(i64::try_from(exact).unwrap_or(i64::MAX))
}

/// A whole, in hundredths of a percent.
pub const FULL_BP: u32 = 10_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn price(milli: i64) -> Price {
        Price::from_milli(milli).unwrap()
    }

    fn won(prices: &[i64]) -> Vec<Factor> {
        prices
            .iter()
            .map(|milli| Factor::of(price(*milli), Outcome::Won))
            .collect()
    }

    fn paid(unit_stake: i64, sizes: &[usize], legs: &[Factor]) -> i64 {
        pays(Minor::new(unit_stake), sizes, legs, 0).get()
    }

    #[test]
    fn a_price_is_above_one() {
        for (milli, is_price) in [
            (1_000, false),
            (0, false),
            (-2_000, false),
            (1_001, true),
            (1_001_000, true),
        ] {
            assert_eq!(Price::from_milli(milli).is_some(), is_price, "{milli}");
        }
    }

    #[test]
    fn systems_have_the_numbers_of_lines_that_their_names_stand_for() {
        for (legs, with_singles, without) in [
            (3, 7, 4),
            (4, 15, 11),
            (5, 31, 26),
            (6, 63, 57),
            (7, 127, 120),
            (8, 255, 247),
        ] {
            let from = |least: usize| (least..=legs).collect::<Vec<_>>();
            assert_eq!(
                (lines(legs, &from(1)), lines(legs, &from(2))),
                (with_singles, without),
                "{legs}"
            );
        }
        assert_eq!(
            (lines(1, &[1]), lines(20, &[20]), lines(20, &[10]), lines(2, &[3])),
            (1, 1, 184_756, 0)
        );
    }

    #[test]
    fn a_leg_multiplies_by_what_it_came_to() {
        for (outcome, of_100) in [
            (Outcome::Won, 250),
            (Outcome::Lost, 0),
            (Outcome::Void, 100),
            (Outcome::HalfWon, 175),
            (Outcome::HalfLost, 50),
            (Outcome::DeadHeat { paid: 1, among: 2 }, 125),
            (Outcome::DeadHeat { paid: 2, among: 3 }, 166),
        ] {
            assert_eq!(
                paid(100, &[1], &[Factor::of(price(2_500), outcome)]),
                of_100,
                "{outcome:?}"
            );
        }
    }

    #[test]
    fn a_combo_multiplies_all_and_is_rounded_down_once() {
        assert_eq!(paid(100, &[2], &won(&[1_333, 1_333])), 177, "1.776889");
        assert_eq!(
            paid(1, &[3], &won(&[1_900, 1_900, 1_900])),
            6,
            "6.859: rounded after each leg it would be 3"
        );
        let void = Factor::of(price(9_000), Outcome::Void);
        assert_eq!(paid(100, &[3], &[won(&[2_000])[0], void, won(&[3_000])[0]]), 600);
        let lost = Factor::of(price(9_000), Outcome::Lost);
        assert_eq!(paid(100, &[2], &[won(&[2_000])[0], lost]), 0);
    }

    #[test]
    fn a_system_pays_each_of_its_lines() {
        let legs = won(&[2_000, 3_000, 5_000]);
        assert_eq!(paid(100, &[2], &legs), 100 * (6 + 10 + 15));
        assert_eq!(paid(100, &[2, 3], &legs), 100 * (6 + 10 + 15 + 30));
        assert_eq!(paid(100, &[1, 2, 3], &legs), 100 * (2 + 3 + 5 + 6 + 10 + 15 + 30));
        let one_lost = [legs[0], Factor::of(price(3_000), Outcome::Lost), legs[2]];
        assert_eq!(paid(100, &[1, 2, 3], &one_lost), 100 * (2 + 5 + 10));
    }

    #[test]
    fn twenty_legs_are_counted_exactly_and_no_amount_is_too_large_to_count() {
        assert_eq!(paid(1, &[20], &won(&[2_000; 20])), 1 << 20);
        assert_eq!(paid(1_000_000, &[20], &won(&[100_000_000; 20])), i64::MAX);
    }

    #[test]
    fn a_margin_is_taken_before_rounding() {
        let worth = [Factor::worth(price(3_000), price(1_500))];
        assert_eq!(pays(Minor::new(1_000), &[1], &worth, 500).get(), 1_900);
        assert_eq!(pays(Minor::new(1), &[1], &worth, 5_000).get(), 1);
        assert_eq!(pays(Minor::new(1_000), &[1], &worth, FULL_BP).get(), 0);
    }

    proptest! {
        #[test]
        fn what_a_system_pays_is_what_its_lines_pay_one_by_one(
            prices in prop::collection::vec(1_001_i64..20_000, 1..=6),
            outcomes in prop::collection::vec(0_usize..5, 6),
            size in 1_usize..=6,
        ) {
            let all = [Outcome::Won, Outcome::Lost, Outcome::Void, Outcome::HalfWon, Outcome::HalfLost];
            let legs: Vec<Factor> =
                prices.iter().zip(outcomes).map(|(milli, which)| Factor::of(price(*milli), all[which])).collect();
            // In units of 1/2000 to the power of the legs, so that each line is a whole number.
            let unit = 2_000_u128;
            let whole = |leg: &Factor| u128::from(leg.over) * (unit / u128::from(leg.under));
            let mut sum = 0;
            for chosen in 0_u32..1 << legs.len() {
                if chosen.count_ones() as usize == size {
                    sum += legs.iter().enumerate().fold(1_000, |line, (at, leg)| {
                        line * if chosen >> at & 1 == 1 { whole(leg) } else { unit }
                    });
                }
            }
            let expected = sum / unit.pow(u32::try_from(legs.len()).unwrap());
            prop_assert_eq!(paid(1_000, &[size], &legs), i64::try_from(expected).unwrap());
        }
    }
}
