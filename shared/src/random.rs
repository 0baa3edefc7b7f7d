//! Randomness as something that is passed in. Owns the only call of the system's generator.
//! Must never fall back to a weaker source.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

/// A source of random bytes: the system's in production, a seeded one in tests.
#[derive(Clone)]
pub struct Random(Source);

#[derive(Clone)]
enum Source {
    System,
    Seeded(Arc<Mutex<Seeded>>),
}

struct Seeded {
    seed: u64,
    block: u64,
}

impl fmt::Debug for Random {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Random")
    }
}

impl Random {
    /// The operating system's generator.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// The same bytes for the same seed, for tests only.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(Seeded { seed, block: 0 }))))
    }

    /// `N` random bytes.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: nothing safe can be done then.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.0 {
            Source::System => system_fill(&mut bytes),
            Source::Seeded(state) => {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                for chunk in bytes.chunks_mut(32) {
                    let mut hash = Sha256::new();
                    hash.update(state.seed.to_be_bytes());
                    hash.update(state.block.to_be_bytes());
                    state.block += 1;
                    chunk.copy_from_slice(&hash.finalize()[..chunk.len()]);
                }
            }
        }
        bytes
    }

    /// A version 7 UUID (RFC 9562): ordered by `now` to the millisecond, unguessable by its 74 random bits.
    pub fn uuid(&self, now: OffsetDateTime) -> Uuid {
        let millis = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }
}

#[expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "this is where randomness is let in, and without it nothing safe can be done"
)]
fn system_fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system has no randomness");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeded_bytes_repeat_and_go_on() {
        let (one, two) = (Random::seeded(7), Random::seeded(7));
        let first: [u8; 40] = one.bytes();
        assert_eq!(first, two.bytes::<40>());
        assert_ne!(first, one.bytes::<40>());
    }

    #[test]
    fn uuids_are_of_version_7_and_ordered_by_time() {
        let random = Random::system();
        let early = random.uuid(OffsetDateTime::from_unix_timestamp(1_000).unwrap());
        let late = random.uuid(OffsetDateTime::from_unix_timestamp(2_000).unwrap());
        assert!(early < late);
        assert_eq!(early.get_version_num(), 7);
    }
}
