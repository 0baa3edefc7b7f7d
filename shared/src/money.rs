//! Amounts of money: owns the exact way from JSON text to minor units and back.
//! Must never pass an amount through a binary float.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgTypeInfo, PgValueRef, Postgres};

/// The largest amount that a request may name, in minor units (10¹³: a hundred thousand million of a
/// currency with two decimals). Sums of many such amounts still fit an `i64`.
pub const MAX_AMOUNT_MINOR: i64 = 10_000_000_000_000;

/// An amount in minor units (cents for USD). May be negative where a difference is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct Minor(i64);

impl Minor {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// Wraps a number of minor units.
    pub const fn new(minor: i64) -> Self {
        Self(minor)
    }

    /// The number of minor units.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Sum, or `None` on overflow.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// Difference, or `None` on overflow.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

/// A currency that an operator's books are kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency {
    code: [u8; 3],
    decimals: u8,
}

impl Currency {
    /// US dollar, the default of a new operator.
    pub const USD: Self = Self {
        code: *b"USD",
        decimals: 2,
    };

    /// Reads an ISO 4217 code of three upper-case letters; `None` for anything else, also for what is no money that
    /// books can be kept in, such as gold.
    pub fn parse(text: &str) -> Option<Self> {
        let currency = iso_currency::Currency::from_code(text)?;
        let decimals = u8::try_from(currency.exponent()?).ok()?;
        let code = currency.code().as_bytes().try_into().ok()?;
        Some(Self { code, decimals })
    }

    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).unwrap_or_default()
    }

    /// Digits after the point.
    pub const fn decimals(self) -> u8 {
        self.decimals
    }

    /// `minor` as JSON shows it: a number with this currency's decimals.
    pub const fn money(self, minor: Minor) -> Money {
        Money::new(minor, self.decimals)
    }
}

impl sqlx::Type<Postgres> for Currency {
    fn type_info() -> PgTypeInfo {
        <str as sqlx::Type<Postgres>>::type_info()
    }

    fn compatible(column: &PgTypeInfo) -> bool {
        <str as sqlx::Type<Postgres>>::compatible(column)
    }
}

impl<'r> sqlx::Decode<'r, Postgres> for Currency {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let code = <&str as sqlx::Decode<'r, Postgres>>::decode(value)?;
        Self::parse(code).ok_or_else(|| "the currency is no ISO 4217 code".into())
    }
}

/// An amount ready to be shown: serialises as a JSON number such as `12.30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    minor: Minor,
    decimals: u8,
}

impl Money {
    /// An amount that is of no one currency, such as a sum over several: `minor` with so many decimals.
    pub const fn new(minor: Minor, decimals: u8) -> Self {
        Self { minor, decimals }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minor = self.minor.get();
        let sign = if minor < 0 { "-" } else { "" };
        let unit = 10_u64.pow(u32::from(self.decimals));
        let (whole, part) = (minor.unsigned_abs() / unit, minor.unsigned_abs() % unit);
        if self.decimals == 0 {
            write!(out, "{sign}{whole}")
        } else {
            let width = usize::from(self.decimals);
            write!(out, "{sign}{whole}.{part:0width$}")
        }
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(self.to_string()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

/// An amount as a client wrote it, kept as text until the currency is known.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Amount(Box<RawValue>);

/// Why an amount is refused. The text is fit for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Text, an object, NaN, or a number with an exponent.
    #[error("must be a plain JSON number such as 12.50")]
    NotANumber,
    /// Zero or less.
    #[error("must be more than zero")]
    NotPositive,
    /// Less than zero.
    #[error("must not be negative")]
    Negative,
    /// Zero, where something has to be moved.
    #[error("must not be zero")]
    Zero,
    /// Finer than the currency's minor unit.
    #[error("has more decimals than the currency")]
    TooManyDecimals,
    /// Above [`MAX_AMOUNT_MINOR`].
    #[error("is too large")]
    TooLarge,
}

impl Amount {
    /// Whether it is a plain number at all: what can be said before the currency is known.
    pub fn plain(&self) -> Result<(), AmountError> {
        match parse_minor(self.0.get(), u8::MAX) {
            Err(AmountError::NotANumber) => Err(AmountError::NotANumber),
            _ => Ok(()),
        }
    }

    /// The exact number of minor units of `currency`; more than zero and at most [`MAX_AMOUNT_MINOR`].
    pub fn positive(&self, currency: Currency) -> Result<Minor, AmountError> {
        let minor = parse_minor(self.0.get(), currency.decimals())?;
        if minor.get() <= 0 {
            return Err(AmountError::NotPositive);
        }
        Ok(minor)
    }

    /// The exact number of minor units of `currency`; zero or more and at most [`MAX_AMOUNT_MINOR`].
    pub fn not_negative(&self, currency: Currency) -> Result<Minor, AmountError> {
        let minor = parse_minor(self.0.get(), currency.decimals())?;
        if minor.get() < 0 {
            return Err(AmountError::Negative);
        }
        Ok(minor)
    }

    /// The exact number of minor units of `currency`; more or less than zero, by at most [`MAX_AMOUNT_MINOR`].
    pub fn not_zero(&self, currency: Currency) -> Result<Minor, AmountError> {
        let minor = parse_minor(self.0.get(), currency.decimals())?;
        if minor == Minor::ZERO {
            return Err(AmountError::Zero);
        }
        Ok(minor)
    }
}

fn parse_minor(text: &str, decimals: u8) -> Result<Minor, AmountError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(part) {
        return Err(AmountError::NotANumber);
    }
    let part = part.trim_end_matches('0');
    let missing = usize::from(decimals)
        .checked_sub(part.len())
        .ok_or(AmountError::TooManyDecimals)?;
    let all = format!("{whole}{part}{}", "0".repeat(missing));
    let minor: i64 = all.parse().map_err(|_| AmountError::TooLarge)?;
    if minor > MAX_AMOUNT_MINOR {
        return Err(AmountError::TooLarge);
    }
    Ok(Minor(if negative { -minor } else { minor }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<i64, AmountError> {
        let amount: Amount = serde_json::from_str(json).unwrap();
        amount.positive(Currency::USD).map(Minor::get)
    }

    #[test]
    fn amounts_are_read_exactly() {
        for (json, minor) in [
            ("1", 100),
            ("1.5", 150),
            ("0.01", 1),
            ("12.30", 1230),
            ("7.500", 750),
        ] {
            assert_eq!(read(json), Ok(minor), "{json}");
        }
    }

    #[test]
    fn a_plain_number_is_known_without_a_currency() {
        let plain = |json: &str| serde_json::from_str::<Amount>(json).unwrap().plain();
        for json in ["1", "-5", "0.001", "99999999999999999999999999", "0"] {
            assert_eq!(plain(json), Ok(()), "{json}");
        }
        for json in ["\"1\"", "null", "1e3", "[]"] {
            assert_eq!(plain(json), Err(AmountError::NotANumber), "{json}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for (json, error) in [
            ("0", AmountError::NotPositive),
            ("-1", AmountError::NotPositive),
            ("-0.00", AmountError::NotPositive),
            ("0.001", AmountError::TooManyDecimals),
            ("1e99", AmountError::NotANumber),
            ("1E2", AmountError::NotANumber),
            ("\"5.00\"", AmountError::NotANumber),
            ("null", AmountError::NotANumber),
            ("true", AmountError::NotANumber),
            ("[1]", AmountError::NotANumber),
            ("100000000000.01", AmountError::TooLarge),
            ("99999999999999999999999999", AmountError::TooLarge),
        ] {
            assert_eq!(read(json), Err(error), "{json}");
        }
    }

    #[test]
    fn zero_is_an_amount_where_nothing_is_meant_but_less_is_not() {
        let read = |json: &str| {
            let amount: Amount = serde_json::from_str(json).unwrap();
            amount.not_negative(Currency::USD).map(Minor::get)
        };
        assert_eq!((read("0"), read("0.01")), (Ok(0), Ok(1)));
        assert_eq!(read("-0.01"), Err(AmountError::Negative));
        assert_eq!(read("100000000000.01"), Err(AmountError::TooLarge));
    }

    #[test]
    fn a_difference_goes_either_way_but_is_not_zero() {
        let read = |json: &str| {
            let amount: Amount = serde_json::from_str(json).unwrap();
            amount.not_zero(Currency::USD).map(Minor::get)
        };
        assert_eq!((read("-0.01"), read("2.50")), (Ok(-1), Ok(250)));
        assert_eq!(read("-100000000000.00"), Ok(-MAX_AMOUNT_MINOR));
        assert_eq!(read("-100000000000.01"), Err(AmountError::TooLarge));
        assert_eq!(
            (read("0"), read("-0.00")),
            (Err(AmountError::Zero), Err(AmountError::Zero))
        );
    }

    #[test]
    fn money_shows_the_currencys_decimals() {
        let show = |code: &str, minor: i64| {
            let currency = Currency::parse(code).unwrap();
            serde_json::to_string(&currency.money(Minor::new(minor))).unwrap()
        };
        assert_eq!(show("USD", 100_000), "1000.00");
        assert_eq!(show("USD", -5), "-0.05");
        assert_eq!(show("JPY", 70), "70");
        assert_eq!(show("KWD", 1_234), "1.234");
        assert_eq!(show("XAF", 500), "500");
        for unknown in ["ABC", "XAU", "XXX", "", "€"] {
            assert_eq!(Currency::parse(unknown), None, "{unknown}");
        }
        assert_eq!(Currency::parse("usd"), None);
        assert_eq!(Currency::parse("DOLLAR"), None);
    }
}
