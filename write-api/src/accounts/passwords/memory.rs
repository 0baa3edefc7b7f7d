//! The memory that Argon2 works in, lent to one hash at a time and used again: an allocator keeps what each thread that
//! ever hashed has given back, which comes to hundreds of megabytes. Must never hold more of it than hash at once.

use std::sync::{Mutex, PoisonError};

use argon2::password_hash::{self, phc};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// Most memory that a stored hash may ask for, in KiB.
const MAX_MEMORY_KIB: u32 = 65_536;
/// Most passes that a stored hash may ask for.
const MAX_PASSES: u32 = 10;

/// Pieces of memory that nobody works in.
#[derive(Debug, Default)]
pub(super) struct Memories(Mutex<Vec<Memory>>);

/// Where one hash is worked out. As large as the largest so far.
#[derive(Debug, Default)]
pub(super) struct Memory(Vec<Block>);

impl Memories {
    /// Does `work` in a piece of memory that is free, or in a new one when there is none.
    pub(super) fn lend<T>(&self, work: impl FnOnce(&mut Memory) -> T) -> T {
        let free = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut memory = free().pop().unwrap_or_default();
        let done = work(&mut memory);
        free().push(memory);
        done
    }
}

impl Memory {
    /// The hash of a new password: 19 MiB, two passes, one lane, which is OWASP's first choice for Argon2id.
    pub(super) fn hash(&mut self, password: &[u8], salt: &[u8]) -> password_hash::Result<phc::PasswordHash> {
        let (algorithm, version, params) = (Algorithm::Argon2id, Version::V0x13, Params::DEFAULT);
        let salt = phc::Salt::new(salt)?;
        let shown = phc::ParamsString::try_from(&params)?;
        let argon2 = Argon2::new(algorithm, version, params);
        let output = self.output(&argon2, password, &salt, Params::DEFAULT_OUTPUT_LEN)?;
        Ok(phc::PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: shown,
            salt: Some(salt),
            hash: Some(output),
        })
    }

    /// Whether `hash` is that of `password`. One that asks for more than is ever worth it is nobody's: whoever can put a
    /// hash into the database must not stop the service with it.
    pub(super) fn fits(&mut self, password: &[u8], hash: &phc::PasswordHash) -> bool {
        self.matches(password, hash).unwrap_or(false)
    }

    fn matches(&mut self, password: &[u8], hash: &phc::PasswordHash) -> password_hash::Result<bool> {
        let (Some(salt), Some(output)) = (&hash.salt, &hash.hash) else {
            return Ok(false);
        };
        let algorithm = Algorithm::try_from(hash.algorithm.as_str())?;
        let version = hash.version.map(Version::try_from).transpose()?;
        let params = Params::try_from(hash)?;
        if params.m_cost() > MAX_MEMORY_KIB || params.t_cost() > MAX_PASSES {
            return Ok(false);
        }
        let argon2 = Argon2::new(algorithm, version.unwrap_or_default(), params);
        // Outputs compare in constant time.
        Ok(self.output(&argon2, password, salt, output.len())? == *output)
    }

    fn output(
        &mut self,
        argon2: &Argon2<'_>,
        password: &[u8],
        salt: &phc::Salt,
        length: usize,
    ) -> password_hash::Result<phc::Output> {
        let blocks = argon2.params().block_count();
        if self.0.len() < blocks {
            self.0.resize(blocks, Block::default());
        }
        let mut output = vec![0; length];
        argon2.hash_password_into_with_memory(password, salt, &mut output, &mut self.0[..blocks])?;
        Ok(phc::Output::new(&output)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWORD: &[u8] = b"correct horse";

    #[test]
    fn hashes_are_those_of_the_library_whatever_was_worked_out_before() {
        use argon2::password_hash::{PasswordHasher, PasswordVerifier};

        let mut memory = Memory::default();
        let small = Params::new(64, 1, 1, Some(16)).unwrap();
        let other = Argon2::new(Algorithm::Argon2i, Version::V0x10, small);
        let other: phc::PasswordHash = other.hash_password_with_salt(PASSWORD, b"other salt").unwrap();
        for salt in [b"the first salt..", b"another salt...."] {
            let own = memory.hash(PASSWORD, salt).unwrap();
            assert!(memory.fits(PASSWORD, &own) && !memory.fits(b"battery", &own));
            assert!(Argon2::default().verify_password(PASSWORD, &own).is_ok());
            assert!(memory.fits(PASSWORD, &other) && !memory.fits(b"battery", &other));
        }
    }

    #[test]
    fn a_hash_without_output_fits_no_password() {
        let hash = phc::PasswordHash::new("$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA").unwrap();
        assert!(!Memory::default().fits(PASSWORD, &hash));
    }

    #[test]
    fn a_hash_that_asks_for_too_much_fits_no_password() {
        for cost in ["m=4294967295,t=2,p=1", "m=65537,t=1,p=1", "m=64,t=11,p=1"] {
            let (salt, output) = ("A".repeat(22), "A".repeat(43));
            let hash = format!("$argon2id$v=19${cost}${salt}${output}");
            let mut memory = Memory::default();
            assert!(
                !memory.fits(PASSWORD, &phc::PasswordHash::new(&hash).unwrap()),
                "{cost}"
            );
            assert!(memory.0.is_empty(), "{cost}");
        }
    }

    #[test]
    fn memory_that_was_given_back_is_lent_again() {
        let memories = Memories::default();
        let lent_at = |memories: &Memories| {
            memories.lend(|memory| {
                memory.hash(PASSWORD, b"some salt").unwrap();
                memory.0.as_ptr()
            })
        };
        assert_eq!(lent_at(&memories), lent_at(&memories));
        assert_eq!(memories.0.lock().unwrap().len(), 1);
    }
}
