//! Moments and days as clients write them. Must never take one that can't be told in UTC: what calculates with it would panic.

use serde::{Deserialize, Deserializer};
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, UtcOffset};

/// What a text that is no moment is told.
const NO_MOMENT: &str = "must be a moment with its zone, such as 2030-01-31T20:00:00Z";

/// The moment that a text names as RFC 3339 has it, in UTC: there it must have a year of four digits, too.
///
/// # Errors
/// What to tell whoever wrote it, as words that follow a field's name.
pub fn parse(text: &str) -> Result<OffsetDateTime, &'static str> {
    OffsetDateTime::parse(text, &Rfc3339)
        .ok()
        .and_then(|moment| moment.checked_to_offset(UtcOffset::UTC))
        .filter(|moment| (1..=9999).contains(&moment.year()))
        .ok_or(NO_MOMENT)
}

/// For members of bodies.
///
/// # Errors
/// Those of [`parse`].
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<OffsetDateTime, D::Error> {
    let text = String::deserialize(from)?;
    parse(&text).map_err(serde::de::Error::custom)
}

/// What a text that is no day is told.
const NO_DAY: &str = "must be a day without a time, such as 2030-01-31, from 2000 to 2999";
const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// Days as members of answers, and of what is stored.
pub use made::day;

#[expect(missing_docs, reason = "the macro writes none")]
mod made {
    time::serde::format_description!(pub day, Date, "[year]-[month]-[day]");
}

/// The day that a text names, in a year that businesses and databases know.
///
/// # Errors
/// What to tell whoever wrote it, as words that follow a field's name.
pub fn parse_day(text: &str) -> Result<Date, &'static str> {
    let is_plain = text.len() == 10 && text.starts_with('2');
    Date::parse(text, DAY).ok().filter(|_| is_plain).ok_or(NO_DAY)
}

/// For members of bodies.
///
/// # Errors
/// Those of [`parse_day`].
pub fn deserialize_day<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
    let text = String::deserialize(from)?;
    parse_day(&text).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn a_moment_is_told_in_utc_or_refused() {
        for (text, moment) in [
            ("2030-01-31T20:00:00Z", Some(datetime!(2030-01-31 20:00 UTC))),
            ("2030-01-31T20:00:00+02:00", Some(datetime!(2030-01-31 18:00 UTC))),
            ("9999-12-31T23:59:59Z", Some(datetime!(9999-12-31 23:59:59 UTC))),
            ("9999-12-31T23:59:59-01:00", None),
            ("0000-01-01T00:00:00+01:00", None),
            ("2030-01-31T20:00:00", None),
            ("2030-02-30T20:00:00Z", None),
            ("", None),
        ] {
            assert_eq!(parse(text).ok(), moment, "{text}");
        }
    }

    #[test]
    fn a_day_has_four_digits_and_no_sign() {
        for (text, day) in [
            ("2030-01-31", Some(date!(2030 - 01 - 31))),
            ("2999-12-31", Some(date!(2999 - 12 - 31))),
            ("1999-12-31", None),
            ("-9999-01-01", None),
            ("+2030-01-01", None),
            ("2030-02-30", None),
            ("2030-01-31T00:00:00Z", None),
            ("31.01.2030", None),
            ("", None),
        ] {
            assert_eq!(parse_day(text).ok(), day, "{text}");
        }
    }
}
