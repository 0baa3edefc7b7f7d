//! Random words for simulations, the same for the same seed. Must never decide a bet of a player.

use sha2::{Digest, Sha256};
use write_api::casino::fairness::WordSource;

/// xoshiro256++ 1.0 (Blackman and Vigna 2019): hundreds of times as fast as the words of a seed pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FastWords([u64; 4]);

impl FastWords {
    /// The words of one chunk of what `names` tell. Their seeds are digests, so that no two chunks are alike.
    pub(super) fn new(seed: u64, names: &[&str], chunk: u64) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_be_bytes());
        hash.update(chunk.to_be_bytes());
        for name in names {
            hash.update(name);
            hash.update([0]);
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut state = [0; 4];
        for (part, bytes) in state.iter_mut().zip(digest.as_chunks().0) {
            *part = u64::from_be_bytes(*bytes);
        }
        Self(state)
    }

    fn next_pair(&mut self) -> u64 {
        let [first, second, third, fourth] = &mut self.0;
        let result = first.wrapping_add(*fourth).rotate_left(23).wrapping_add(*first);
        let shifted = *second << 17;
        *third ^= *first;
        *fourth ^= *second;
        *second ^= *third;
        *first ^= *fourth;
        *third ^= shifted;
        *fourth = fourth.rotate_left(45);
        result
    }
}

impl WordSource for FastWords {
    fn next_word(&mut self) -> u32 {
        (self.next_pair() >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_reference_implementation() {
        let mut words = FastWords([1, 2, 3, 4]);
        let numbers: [u64; 5] = std::array::from_fn(|_| words.next_pair());
        assert_eq!(
            numbers,
            [
                41_943_041,
                58_720_359,
                3_588_806_011_781_223,
                3_591_011_842_654_386,
                9_228_616_714_210_784_205,
            ]
        );
    }

    #[test]
    fn a_word_is_the_upper_half_of_a_number() {
        let mut words = FastWords([1, 2, 3, 4]);
        let drawn: [u32; 5] = std::array::from_fn(|_| words.next_word());
        assert_eq!(drawn, [0, 0, 835_584, 836_097, 2_148_704_769]);
    }

    #[test]
    fn each_seed_name_and_chunk_has_words_of_its_own() {
        let words = FastWords::new(1, &["crash", "1.01"], 0);
        assert_eq!(words, FastWords::new(1, &["crash", "1.01"], 0));
        for other in [
            FastWords::new(2, &["crash", "1.01"], 0),
            FastWords::new(1, &["crash", "1.01"], 1),
            FastWords::new(1, &["crash", "1.0", "1"], 0),
            FastWords::new(1, &["crash1.01"], 0),
        ] {
            assert_ne!(words, other);
        }
    }
}
