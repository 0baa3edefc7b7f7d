//! Hashes that came with people from the service before this one, as Werkzeug writes them: `method$salt$output`, the
//! output in hexadecimal, the salt used as its ASCII bytes. Must never take more than twice the work or memory of
//! those that Werkzeug makes, whatever a hash asks for.

use std::num::NonZeroU32;

use ring::pbkdf2::{self, PBKDF2_HMAC_SHA256};
use scrypt::Params;
use subtle::ConstantTimeEq;

/// Longest salt, in bytes; Werkzeug's have 16.
const MAX_SALT_BYTES: usize = 64;
/// Most iterations of PBKDF2: what Werkzeug 3.1 asks for.
const MAX_ITERATIONS: u32 = 1_000_000;
/// Most work of scrypt, as the product of its three parameters: twice what Werkzeug asks for. Each unit takes at most
/// 128 bytes.
const MAX_SCRYPT_COST: u64 = 65_536 * 8;

/// A hash of that service.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LegacyHash<'a> {
    method: Method,
    salt: &'a str,
    output: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Scrypt(ScryptCost),
    Pbkdf2(NonZeroU32),
}

/// The parameters of scrypt: N as its logarithm, r and p.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ScryptCost {
    log_n: u8,
    r: u32,
    p: u32,
}

impl Method {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let method = match (parts.next()?, parts.next()?, parts.next()?, parts.next()) {
            ("scrypt", n, r, Some(p)) => {
                let (n, r, p): (u32, u32, u32) = (n.parse().ok()?, r.parse().ok()?, p.parse().ok()?);
                let cost = [n, r, p]
                    .into_iter()
                    .map(u64::from)
                    .try_fold(1, u64::checked_mul)?;
                let is_fit = n > 1 && n.is_power_of_two() && (1..=MAX_SCRYPT_COST).contains(&cost);
                let log_n = u8::try_from(n.trailing_zeros()).ok()?;
                Self::Scrypt(is_fit.then_some(ScryptCost { log_n, r, p })?)
            }
            ("pbkdf2", "sha256", iterations, None) => {
                let iterations = iterations.parse().ok()?;
                Self::Pbkdf2(
                    Some(iterations).filter(|iterations: &NonZeroU32| iterations.get() <= MAX_ITERATIONS)?,
                )
            }
            _ => return None,
        };
        parts.next().is_none().then_some(method)
    }

    const fn output_bytes(self) -> usize {
        match self {
            Self::Scrypt(_) => 64,
            Self::Pbkdf2(_) => 32,
        }
    }
}

impl<'a> LegacyHash<'a> {
    /// Reads a stored hash; `None` where it is none of these, or asks for more than they do.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (method, rest) = text.split_once('$')?;
        let (salt, output) = rest.split_once('$')?;
        let method = Method::parse(method)?;
        let output = hex::decode(output).ok()?;
        let is_fit = (1..=MAX_SALT_BYTES).contains(&salt.len()) && output.len() == method.output_bytes();
        is_fit.then_some(Self { method, salt, output })
    }

    /// Whether it is that of `password`. Outputs compare in constant time.
    pub(super) fn fits(&self, password: &[u8]) -> bool {
        let salt = self.salt.as_bytes();
        match self.method {
            Method::Scrypt(ScryptCost { log_n, r, p }) => {
                let mut output = vec![0; self.output.len()];
                let is_made = Params::new(log_n, r, p)
                    .is_ok_and(|params| scrypt::scrypt(password, salt, &params, &mut output).is_ok());
                is_made && output.ct_eq(&self.output).into()
            }
            Method::Pbkdf2(iterations) => {
                pbkdf2::verify(PBKDF2_HMAC_SHA256, iterations, salt, password, &self.output).is_ok()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with Python's `hashlib.scrypt` and `hashlib.pbkdf2_hmac`, which Werkzeug calls.
    const VECTORS: [(&str, &str); 6] = [
        (
            "correct horse battery",
            "scrypt:32768:8:1$Qb7sVYxq0Zc1uT5k$36a172be79079c02754d20bea1bfaa6ec108ff16e41c54efc8ddc5cf2b2dee12517dfacb389c1890eeda16e799390dbe4709b280520b680aee5ed403d4584562",
        ),
        (
            "correct horse battery",
            "scrypt:1024:8:1$Qb7sVYxq0Zc1uT5k$4eb782882864fe3284ec8500c65e6db1b1d199c359c48ccebc26dd7bbd41b247f2c53e923a11a9e3c8bc9fc3e56652eea277e40fc0de9828ae76b598253f8dd9",
        ),
        (
            "correct horse battery",
            "scrypt:16:1:4$Qb7sVYxq0Zc1uT5k$34ca98f8f8325ee3d32d63c3c5e50559fa6cc8f9825fa897dd7f176cb9bb17e72003ede2a4b33fb8a779ba25ea23ff789f05f2e2b3c26ceba79228481b1a7129",
        ),
        (
            "pässwörd",
            "scrypt:1024:8:1$a$6cd2d9dd4c40fe22e5b8ac70c0d59f81a066cdd503ba2b032b599888c928adf206ee81fd5317697a97d2e80a7ee1093fe8aac291832f77081c2f0551641af6d5",
        ),
        (
            "correct horse battery",
            "pbkdf2:sha256:600000$Qb7sVYxq0Zc1uT5k$b58315ce33cbce4a52ae4dbaf69120ebb6cd015c96cdbf08811ec34a86171090",
        ),
        (
            "correct horse battery",
            "pbkdf2:sha256:1000$Qb7sVYxq0Zc1uT5k$efd9f93fa29036025ffa1d0cfcde6dab0e844018665fcea6e7f5e3f61e9fa099",
        ),
    ];

    #[test]
    fn hashes_of_werkzeug_fit_their_own_password_only() {
        for (password, hash) in VECTORS {
            let read = LegacyHash::parse(hash).unwrap();
            assert!(read.fits(password.as_bytes()), "{hash}");
        }
        for (password, hash) in &VECTORS[1..] {
            let read = LegacyHash::parse(hash).unwrap();
            assert!(!read.fits(password.to_uppercase().as_bytes()), "{hash}");
        }
    }

    #[test]
    fn a_hash_that_asks_for_too_much_or_can_not_be_is_read_as_none() {
        let (scrypt, pbkdf2) = ("0".repeat(128), "0".repeat(64));
        for method in [
            "scrypt:32768:8:1",
            "scrypt:65536:8:1",
            "scrypt:32768:8:2",
            "scrypt:2:1:1",
        ] {
            assert!(
                LegacyHash::parse(&format!("{method}$salt${scrypt}")).is_some(),
                "{method}"
            );
        }
        for method in [
            "scrypt:65536:8:2",
            "scrypt:1048576:8:1",
            "scrypt:4294967295:4294967295:4294967295",
            "scrypt:32768:8",
            "scrypt:32768:8:1:1",
            "scrypt:32767:8:1",
            "scrypt:1:8:1",
            "scrypt:0:8:1",
            "scrypt:2:0:1",
            "scrypt:2:8:0",
            "scrypt:-2:8:1",
            "scrypt:x:8:1",
            "scrypt",
            "",
        ] {
            assert_eq!(
                LegacyHash::parse(&format!("{method}$salt${scrypt}")),
                None,
                "{method}"
            );
        }
        let most = format!("pbkdf2:sha256:1000000$salt${pbkdf2}");
        assert!(LegacyHash::parse(&most).is_some());
        for method in [
            "pbkdf2:sha256:1000001",
            "pbkdf2:sha256:0",
            "pbkdf2:sha256",
            "pbkdf2:sha256:1:1",
            "pbkdf2:sha1:1000",
            "pbkdf2:md5:1",
        ] {
            assert_eq!(
                LegacyHash::parse(&format!("{method}$salt${pbkdf2}")),
                None,
                "{method}"
            );
        }
        for hash in [
            "pbkdf2:sha256:1000$salt".to_owned(),
            format!("pbkdf2:sha256:1000$${pbkdf2}"),
            format!("pbkdf2:sha256:1000${}${pbkdf2}", "s".repeat(65)),
            format!("pbkdf2:sha256:1000$salt${scrypt}"),
            format!("pbkdf2:sha256:1000$salt${}", "x".repeat(64)),
            format!("scrypt:2:1:1$salt${pbkdf2}"),
            format!("scrypt:2:1:1$salt${scrypt}$"),
        ] {
            assert_eq!(LegacyHash::parse(&hash), None, "{hash}");
        }
    }
}
