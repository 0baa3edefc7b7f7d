//! What a bet must gain, and what it has gained in the rounds that were played. Must never move money: these are floats.

use write_api::casino::returns::{Ratio, Returns};

/// The most standard deviations of the mean that may lie between a mean and its expected value. Chance alone goes
/// further in one of 1.7 million comparisons.
pub(super) const WORST_Z: f64 = 5.0;

/// What a bet must gain for each stake.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Expected {
    gain: f64,
    sigma: f64,
    tolerance: f64,
}

impl Expected {
    /// What the rules count: the return to player in stakes, and its variance in squared stakes.
    pub(super) fn exact(rtp: Ratio, variance: Ratio) -> Self {
        let gain = Ratio::new(rtp.numerator() - rtp.denominator(), rtp.denominator());
        Self {
            gain: quotient(gain),
            sigma: quotient(variance).sqrt(),
            tolerance: 0.0,
        }
    }

    /// What others have found for a bet that can't be counted, and how far from it the true value may be.
    pub(super) const fn published(gain: f64, sigma: f64, tolerance: f64) -> Self {
        Self {
            gain,
            sigma,
            tolerance,
        }
    }

    /// The expected value of the gain, in stakes.
    pub(super) const fn gain(&self) -> f64 {
        self.gain
    }

    /// The standard deviation of the gain, in stakes.
    pub(super) const fn sigma(&self) -> f64 {
        self.sigma
    }

    /// How many standard deviations of the mean of so many bets lie between `mean` and the expected value, beyond what
    /// is tolerated.
    pub(super) fn z(&self, mean: f64, bets: u64) -> f64 {
        let distance = mean - self.gain;
        let beyond = (distance.abs() - self.tolerance).max(0.0);
        beyond.copysign(distance) / (self.sigma / float(bets.into()).sqrt())
    }
}

impl From<Returns> for Expected {
    fn from(returns: Returns) -> Self {
        Self::exact(returns.rtp(), returns.variance())
    }
}

/// What was gained in the rounds that were bet on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Played {
    bets: u64,
    gained_minor: i128,
}

impl Played {
    /// Counts a bet with what it gained: its payout without its stake.
    pub(super) fn record(&mut self, gained_minor: i64) {
        self.bets += 1;
        self.gained_minor += i128::from(gained_minor);
    }

    /// Counts what another thread has played.
    pub(super) fn add(&mut self, other: &Self) {
        self.bets += other.bets;
        self.gained_minor += other.gained_minor;
    }

    /// How many bets there were.
    pub(super) const fn bets(&self) -> u64 {
        self.bets
    }

    /// What a bet gained on average, in stakes; none where there was no bet.
    pub(super) fn mean(&self, stake_minor: i64) -> Option<f64> {
        let all_minor = i128::from(self.bets) * i128::from(stake_minor);
        (all_minor > 0).then(|| float(self.gained_minor) / float(all_minor))
    }
}

fn quotient(ratio: Ratio) -> f64 {
    float(ratio.numerator()) / float(ratio.denominator())
}

fn float(value: i128) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "fifteen digits are more than a simulation finds"
    )]
    let float = value as f64;
    float
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::money::Minor;

    fn is_near(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-12
    }

    #[test]
    fn the_mean_is_what_was_gained_for_each_stake() {
        let mut played = Played::default();
        assert_eq!(played.mean(10), None);
        for gained_minor in [-10, -10, 25] {
            played.record(gained_minor);
        }
        let mut all = Played::default();
        all.add(&played);
        all.record(-10);
        assert_eq!(all.bets(), 4);
        assert!(is_near(all.mean(10).unwrap(), -0.125));
    }

    #[test]
    fn exact_returns_give_the_gain_and_its_deviation() {
        // One way in four pays 3 stakes of 2: mean ¾, variance 27/16.
        let returns = Returns::count(Minor::new(2), [(1, Minor::new(6)), (3, Minor::ZERO)]);
        let expected = Expected::from(returns);
        assert!(is_near(expected.gain(), -0.25));
        assert!(is_near(expected.sigma(), (27.0_f64 / 16.0).sqrt()));
    }

    #[test]
    fn z_counts_standard_deviations_of_the_mean_and_keeps_its_sign() {
        let expected = Expected::published(-0.1, 2.0, 0.0);
        for (mean, z) in [(-0.1, 0.0), (0.0, 5.0), (-0.2, -5.0), (-0.06, 2.0)] {
            // Of 10,000 bets the mean deviates by 2 / 100.
            assert!(is_near(expected.z(mean, 10_000), z), "{mean}");
        }
    }

    #[test]
    fn what_is_tolerated_does_not_count() {
        let expected = Expected::published(-0.1, 2.0, 0.02);
        for (mean, z) in [
            (-0.1, 0.0),
            (-0.08, 0.0),
            (-0.12, 0.0),
            (-0.06, 1.0),
            (-0.14, -1.0),
        ] {
            assert!(is_near(expected.z(mean, 10_000), z), "{mean}");
        }
    }
}
