//! Odds as JSON shows them. Must never pass one through a binary float.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::betting::rules::payout::Price;

/// Decimal odds: serialises as a number of three decimals such as `1.850`.
#[derive(Clone, Copy, Debug)]
pub struct Odds(i64);

impl Odds {
    /// So many thousandths.
    pub(crate) const fn from_milli(milli: i64) -> Self {
        Self(milli)
    }
}

impl From<Price> for Odds {
    fn from(price: Price) -> Self {
        Self(price.milli())
    }
}

impl fmt::Display for Odds {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{:03}", self.0 / 1_000, self.0 % 1_000)
    }
}

impl Serialize for Odds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(self.to_string()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}
