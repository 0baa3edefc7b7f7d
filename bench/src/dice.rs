//! Random choices that a session makes, the same in every run. Must never decide anything of the product.

use shared::random::Random;

/// Dice that fall the same way for the same seed.
#[derive(Debug)]
pub(crate) struct Dice(Random);

impl Dice {
    /// New dice.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(Random::seeded(seed))
    }

    /// A number from 0 to `end`, that one left out; 0 where there is none.
    pub(crate) fn below(&self, end: u64) -> u64 {
        u64::from_be_bytes(self.0.bytes()) % end.max(1)
    }

    /// True so many times out of a hundred.
    pub(crate) fn percent(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of them, each as likely as the others.
    pub(crate) fn pick<T: Copy, const N: usize>(&self, among: [T; N]) -> T {
        const { assert!(N > 0, "there must be something to choose from") };
        let position = usize::try_from(self.below(N as u64)).unwrap_or_default();
        among[position]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_falls_the_same_way_and_within_bounds() {
        let (one, two) = (Dice::seeded(7), Dice::seeded(7));
        for _ in 0..200 {
            let fell = one.below(6);
            assert_eq!(fell, two.below(6));
            assert!(fell < 6);
        }
        assert_eq!(one.below(0), 0);
        assert!(one.percent(100) && !one.percent(0));
        assert!([3, 4].contains(&one.pick([3, 4])));
    }
}
