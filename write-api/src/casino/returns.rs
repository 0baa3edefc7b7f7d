//! Exact returns: owns the mean and the deviation of what a bet gives back, counted over all ways that a round can
//! fall. Must never round, but where a name or a doc says so.

use std::fmt;

use shared::money::Minor;

/// A fraction in its lowest terms, with a denominator above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ratio {
    numerator: i128,
    denominator: i128,
}

impl Ratio {
    /// Reduces `numerator` / `denominator`.
    ///
    /// # Panics
    /// If the denominator is not above zero; it counts ways, of which there is always one.
    pub fn new(numerator: i128, denominator: i128) -> Self {
        assert!(denominator > 0, "{denominator} counts no ways");
        let divisor = greatest_common_divisor(numerator, denominator);
        Self {
            numerator: numerator / divisor,
            denominator: denominator / divisor,
        }
    }

    /// The upper part, which carries the sign.
    pub const fn numerator(self) -> i128 {
        self.numerator
    }

    /// The lower part, above zero.
    pub const fn denominator(self) -> i128 {
        self.denominator
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.numerator, self.denominator)
    }
}

fn greatest_common_divisor(one: i128, other: i128) -> i128 {
    let (mut larger, mut smaller) = (one.abs(), other.abs());
    while smaller != 0 {
        (larger, smaller) = (smaller, larger % smaller);
    }
    larger
}

/// How much a bet gives back, its stake included, over all ways that a round can fall, each equally likely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Returns {
    stake: i128,
    ways: i128,
    paid: i128,
    paid_squared: i128,
}

impl Returns {
    /// Counts what a bet of `stake` pays: each outcome is a number of ways with what all of them pay.
    pub fn count(stake: Minor, outcomes: impl IntoIterator<Item = (i128, Minor)>) -> Self {
        let mut returns = Self {
            stake: stake.get().into(),
            ways: 0,
            paid: 0,
            paid_squared: 0,
        };
        for (ways, payout) in outcomes {
            let payout = i128::from(payout.get());
            returns.ways += ways;
            returns.paid += ways * payout;
            returns.paid_squared += ways * payout.pow(2);
        }
        returns
    }

    /// The return to player: the mean of what comes back, in stakes.
    pub fn rtp(&self) -> Ratio {
        Ratio::new(self.paid, self.ways * self.stake)
    }

    /// The player's mean gain in stakes: below zero by the house edge.
    pub fn expected_value(&self) -> Ratio {
        let staked = self.ways * self.stake;
        Ratio::new(self.paid - staked, staked)
    }

    /// The variance of what comes back, in squared stakes.
    pub fn variance(&self) -> Ratio {
        Ratio::new(self.squared_deviation(), (self.ways * self.stake).pow(2))
    }

    /// The standard deviation σ of what comes back, in millionths of the stake, rounded down.
    pub fn sigma_millionths(&self) -> i128 {
        root_of_product(self.squared_deviation(), 1_000_000_i128.pow(2)) / (self.ways * self.stake)
    }

    /// Whether `rounds` played rounds, which paid `paid` in all, lie within five standard deviations of the mean:
    /// |paid − rounds·mean| ≤ 5·σ·√rounds. The right side is rounded down, by less than a thousandth of itself
    /// from 100,000 rounds on.
    pub fn agree_with(&self, rounds: u32, paid: Minor) -> bool {
        let rounds = i128::from(rounds);
        let distance = i128::from(paid.get()) * self.ways - rounds * self.paid;
        distance.abs() <= root_of_product(self.squared_deviation(), 25 * rounds)
    }

    /// The variance in squared minor units, times the squared number of ways.
    const fn squared_deviation(&self) -> i128 {
        self.ways * self.paid_squared - self.paid.pow(2)
    }
}

/// √(one·other), rounded down; from the roots of both where the product does not fit.
fn root_of_product(one: i128, other: i128) -> i128 {
    match one.checked_mul(other) {
        Some(product) => product.isqrt(),
        None => one.isqrt() * other.isqrt(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A coin that doubles a stake of 10 or loses it, where each side has as many ways as the other.
    fn fair_coin() -> Returns {
        Returns::count(Minor::new(10), [(3, Minor::new(20)), (3, Minor::ZERO)])
    }

    #[test]
    fn a_ratio_is_in_its_lowest_terms() {
        for (numerator, denominator, text) in
            [(36, 37, "36/37"), (-6, 9, "-2/3"), (0, 5, "0/1"), (8, 2, "4/1")]
        {
            let ratio = Ratio::new(numerator, denominator);
            assert_eq!(ratio.to_string(), text);
            assert_eq!(ratio, Ratio::new(7 * numerator, 7 * denominator));
        }
    }

    #[test]
    #[should_panic(expected = "0 counts no ways")]
    fn a_ratio_of_no_ways_is_a_mistake_in_the_rules() {
        Ratio::new(1, 0);
    }

    #[test]
    fn a_fair_coin_returns_the_stake_with_a_deviation_of_one_stake() {
        let returns = fair_coin();
        assert_eq!(returns.rtp(), Ratio::new(1, 1));
        assert_eq!(returns.expected_value(), Ratio::new(0, 1));
        assert_eq!(returns.variance(), Ratio::new(1, 1));
        assert_eq!(returns.sigma_millionths(), 1_000_000);
    }

    #[test]
    fn the_expected_value_and_the_deviation_weigh_the_ways() {
        // One way in four pays 3 stakes of 2: mean ¾, mean square 9/4.
        let returns = Returns::count(Minor::new(2), [(1, Minor::new(6)), (3, Minor::ZERO)]);
        assert_eq!(returns.rtp(), Ratio::new(3, 4));
        assert_eq!(returns.expected_value(), Ratio::new(-1, 4));
        assert_eq!(returns.variance(), Ratio::new(27, 16));
        assert_eq!(returns.sigma_millionths(), 1_299_038);
    }

    #[test]
    fn a_root_of_a_product_is_exact_where_it_fits_and_close_where_it_does_not() {
        assert_eq!(root_of_product(3, 27), 9);
        assert_eq!(root_of_product(2, 1_000_000), 1_414);
        assert_eq!(root_of_product(i128::MAX, 100), i128::MAX.isqrt() * 10);
    }

    #[test]
    fn rounds_agree_up_to_five_deviations_from_the_mean_and_no_further() {
        // In 10,000 tosses for 10 the mean is 100,000 and five deviations are 5·10·100.
        for (paid, agree) in [(95_000, true), (105_000, true), (94_999, false), (105_001, false)] {
            assert_eq!(fair_coin().agree_with(10_000, Minor::new(paid)), agree, "{paid}");
        }
    }
}
