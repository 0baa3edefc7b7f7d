//! One-time codes by RFC 6238: SHA-1, six digits, a new one every 30 seconds, as every authenticator app makes them; and
//! the recovery codes that stand in for them. Must never touch a database.

use ring::hmac;
use sha2::{Digest, Sha256};
use shared::random::Random;
use time::OffsetDateTime;

/// How long a code is the newest, in seconds.
const STEP_S: i64 = 30;
/// Codes of this many steps before and after are taken, because clocks differ.
const TOLERANCE: i64 = 1;
/// Recovery codes of one factor.
pub(super) const RECOVERY_CODES: usize = 10;

const RECOVERY_BYTES: usize = 10;
const RECOVERY_CHARS: usize = 16;

/// What codes are made from.
pub(super) struct Secret([u8; 20]);

impl Secret {
    pub(super) fn draw(random: &Random) -> Self {
        Self(random.bytes())
    }

    pub(super) const fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    pub(super) const fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As people type it into an app.
    pub(super) fn base32(&self) -> String {
        base32(&self.0)
    }

    /// As an app reads it from a picture. Neither name holds a character that would have to be escaped.
    pub(super) fn otpauth_url(&self, issuer: &str, login: &str) -> String {
        let secret = self.base32();
        format!(
            "otpauth://totp/{issuer}:{login}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP_S}"
        )
    }

    /// The code of a step, by RFC 4226, section 5.3.
    fn code(&self, step: i64) -> u32 {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag[tag.len() - 1] & 15);
        let word = tag[offset..offset + 4]
            .iter()
            .fold(0, |word, byte| word << 8 | u32::from(*byte));
        (word & 0x7fff_ffff) % 1_000_000
    }
}

/// What somebody typed as a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Typed {
    /// Six digits.
    OneTime(u32),
    /// The hash of what may be a recovery code.
    Recovery([u8; 32]),
    /// What is neither.
    Neither,
}

impl Typed {
    /// Reads a code without regard to case, spaces and dashes.
    pub(in super::super) fn read(text: &str) -> Self {
        let text: String = text
            .chars()
            .filter(|char| !matches!(char, ' ' | '-'))
            .map(|char| char.to_ascii_uppercase())
            .collect();
        let is_number = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if is_number => Self::OneTime(number),
            _ if text.len() == RECOVERY_CHARS => Self::Recovery(Sha256::digest(&text).into()),
            _ => Self::Neither,
        }
    }

    /// The step whose code it is at `at`, later than `last_step`.
    pub(super) fn step_of(&self, secret: &Secret, at: OffsetDateTime, last_step: i64) -> Option<i64> {
        let Self::OneTime(code) = self else {
            return None;
        };
        let now = at.unix_timestamp().div_euclid(STEP_S);
        (now - TOLERANCE..=now + TOLERANCE)
            .filter(|step| *step > last_step)
            .find(|step| secret.code(*step) == *code)
    }

    /// What a recovery code is found by.
    pub(super) const fn recovery_hash(&self) -> Option<&[u8; 32]> {
        match self {
            Self::Recovery(hash) => Some(hash),
            _ => None,
        }
    }
}

/// A code that is taken once in place of a one-time code. 80 random bits.
#[derive(Clone)]
pub(super) struct RecoveryCode(String);

impl RecoveryCode {
    pub(super) fn draw(random: &Random) -> Self {
        Self(base32(&random.bytes::<RECOVERY_BYTES>()))
    }

    /// In groups of four.
    pub(super) fn shown(&self) -> String {
        let groups: Vec<_> = (0..RECOVERY_CHARS)
            .step_by(4)
            .map(|at| &self.0[at..at + 4])
            .collect();
        groups.join("-")
    }

    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }
}

/// Base 32 by RFC 4648, of a length that needs no padding: five bytes are eight characters.
fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    for five in bytes.chunks(5) {
        let word = five
            .iter()
            .fold(0_usize, |word, byte| word << 8 | usize::from(*byte));
        for place in (0..8).rev() {
            text.push(ALPHABET[word >> (5 * place) & 31].into());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new(*b"12345678901234567890")
    }

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(seconds).unwrap()
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, for SHA-1: the last six of its eight digits.
        for (seconds, code) in [
            (59, 287_082),
            (1_111_111_109, 81_804),
            (1_111_111_111, 50_471),
            (1_234_567_890, 5_924),
            (2_000_000_000, 279_037),
            (20_000_000_000, 353_130),
        ] {
            assert_eq!(secret().code(seconds / STEP_S), code, "{seconds}");
        }
    }

    #[test]
    fn base32_is_that_of_the_rfc() {
        // RFC 4648, section 10, and the secret of RFC 6238.
        assert_eq!(base32(b"fooba"), "MZXW6YTB");
        assert_eq!(secret().base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(base32(&[0xff; 5]), "77777777");
    }

    #[test]
    fn a_code_is_taken_a_step_early_or_late_and_never_twice() {
        let typed = Typed::read("287 082");
        let step = 59 / STEP_S;
        for (seconds, last_step, found) in [
            (59, 0, Some(step)),
            (89, 0, Some(step)),
            (90, 0, None),
            (0, 0, Some(step)),
            (-1, 0, None),
            (59, step, None),
            (59, step + 1, None),
        ] {
            assert_eq!(
                typed.step_of(&secret(), at(seconds), last_step),
                found,
                "{seconds} {last_step}"
            );
        }
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        assert_eq!(Typed::read(" 00-5 924"), Typed::OneTime(5924));
        let code = RecoveryCode::draw(&Random::seeded(1));
        assert_eq!(code.shown().len(), 19);
        for text in [code.shown(), code.shown().to_lowercase(), code.0.clone()] {
            assert_eq!(Typed::read(&text), Typed::Recovery(code.hash()), "{text}");
        }
        for text in [
            "",
            "12345",
            "1234567",
            "+12345",
            "12345x",
            "１２３４５６",
            &"A".repeat(17),
        ] {
            assert_eq!(Typed::read(text), Typed::Neither, "{text}");
        }
    }
}
