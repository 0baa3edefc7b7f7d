//! Multipliers: owns their bounds, and the exact way from JSON text to hundredths and back.
//! Must never pass one through a binary float.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

/// What a stake is multiplied by, in hundredths: 1.00 to 20.00. Shown, also as a JSON number, with two decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Multiplier(u16);

impl Multiplier {
    /// 1.00, with which every round begins.
    pub const ONE: Self = Self(100);
    /// 20.00, with which every round ends that does not crash before.
    pub const CAP: Self = Self(2000);

    /// The multiplier of so many hundredths, or the nearest bound.
    pub(super) fn saturating(hundredths: u64) -> Self {
        let hundredths = u16::try_from(hundredths).unwrap_or(u16::MAX);
        Self(hundredths).clamp(Self::ONE, Self::CAP)
    }

    /// The hundredths, 100 to 2000.
    pub const fn hundredths(self) -> u16 {
        self.0
    }

    /// A hundredth more; none above the cap.
    pub(super) fn next(self) -> Option<Self> {
        (self < Self::CAP).then_some(Self(self.0 + 1))
    }

    /// Every multiplier, from 1.00 to the cap.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (Self::ONE.0..=Self::CAP.0).map(Self)
    }
}

impl fmt::Display for Multiplier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl Serialize for Multiplier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(self.to_string()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// A multiplier that a player may name: 1.01 to 20.00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Target(Multiplier);

impl Target {
    /// 1.01: at less a round would pay the stake back at best.
    pub const MIN: Self = Self(Multiplier(101));
    /// 20.00, the cap.
    pub const MAX: Self = Self(Multiplier::CAP);

    /// The target of so many hundredths, if they are within the bounds.
    pub fn new(hundredths: u16) -> Result<Self, TargetError> {
        let target = Self(Multiplier(hundredths));
        if !(Self::MIN..=Self::MAX).contains(&target) {
            return Err(TargetError::OutOfBounds);
        }
        Ok(target)
    }

    /// The same as a multiplier.
    pub const fn multiplier(self) -> Multiplier {
        self.0
    }
}

/// Why a target is refused, as words that follow its name. Fit for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Text, an object, NaN, or a number with an exponent.
    #[error("must be a plain JSON number such as 1.50")]
    NotANumber,
    /// Finer than a hundredth.
    #[error("has more than two decimals")]
    TooManyDecimals,
    /// Outside [`Target::MIN`] to [`Target::MAX`].
    #[error("must be from {} to {}", Target::MIN.0, Target::MAX.0)]
    OutOfBounds,
}

/// A target as a client wrote it: its JSON text, since a float would have lost digits that a refusal is about.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct WrittenTarget(Box<RawValue>);

impl WrittenTarget {
    /// The target that is meant, exactly.
    pub fn read(&self) -> Result<Target, TargetError> {
        let text = self.0.get();
        let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !are_digits(whole) || !are_digits(part) {
            return Err(TargetError::NotANumber);
        }
        let part = part.trim_end_matches('0');
        if part.len() > 2 {
            return Err(TargetError::TooManyDecimals);
        }
        let hundredths = format!("{sign}{whole}{part:0<2}").parse();
        hundredths.map_or(Err(TargetError::OutOfBounds), Target::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<u16, TargetError> {
        let written: WrittenTarget = serde_json::from_str(json).unwrap();
        written.read().map(|target| target.multiplier().hundredths())
    }

    #[test]
    fn targets_are_read_exactly() {
        for (json, hundredths) in [
            ("1.01", 101),
            ("1.1", 110),
            ("1.10", 110),
            ("2", 200),
            ("2.50000", 250),
            ("9.99", 999),
            ("10", 1000),
            ("20", 2000),
            ("20.00", 2000),
        ] {
            assert_eq!(read(json), Ok(hundredths), "{json}");
        }
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for (json, error) in [
            ("1", TargetError::OutOfBounds),
            ("1.00", TargetError::OutOfBounds),
            ("0", TargetError::OutOfBounds),
            ("-1.5", TargetError::OutOfBounds),
            ("20.01", TargetError::OutOfBounds),
            ("655.37", TargetError::OutOfBounds),
            ("99999999999999999999999999", TargetError::OutOfBounds),
            ("1.001", TargetError::TooManyDecimals),
            ("1.010000000000000001", TargetError::TooManyDecimals),
            ("20.001", TargetError::TooManyDecimals),
            ("2e0", TargetError::NotANumber),
            ("2E0", TargetError::NotANumber),
            ("\"2.00\"", TargetError::NotANumber),
            ("null", TargetError::NotANumber),
            ("true", TargetError::NotANumber),
            ("[2]", TargetError::NotANumber),
            ("{}", TargetError::NotANumber),
        ] {
            assert_eq!(read(json), Err(error), "{json}");
        }
    }

    #[test]
    fn a_refusal_tells_what_would_do() {
        for (error, text) in [
            (
                TargetError::NotANumber,
                "must be a plain JSON number such as 1.50",
            ),
            (TargetError::TooManyDecimals, "has more than two decimals"),
            (TargetError::OutOfBounds, "must be from 1.01 to 20.00"),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn a_multiplier_is_shown_as_a_json_number_with_two_decimals() {
        for (hundredths, json) in [
            (0, "1.00"),
            (100, "1.00"),
            (101, "1.01"),
            (250, "2.50"),
            (1999, "19.99"),
            (2000, "20.00"),
            (u64::MAX, "20.00"),
        ] {
            let multiplier = Multiplier::saturating(hundredths);
            assert_eq!(serde_json::to_string(&multiplier).unwrap(), json);
        }
    }

    #[test]
    fn every_target_reads_back_as_it_is_shown() {
        for hundredths in 101..=2000 {
            let target = Target::new(hundredths).unwrap();
            assert_eq!(read(&serde_json::to_string(&target).unwrap()), Ok(hundredths));
        }
        for outside in [0, 100, 2001, u16::MAX] {
            assert_eq!(Target::new(outside), Err(TargetError::OutOfBounds));
        }
    }
}
