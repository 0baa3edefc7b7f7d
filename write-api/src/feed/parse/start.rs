//! When a match starts: owns the feed's spellings of dates and times of day, all of them UTC.
//! Must never read the clock; the year of a short date comes from the file or from the caller.

use time::{Date, Month, OffsetDateTime, Time};

/// Years that a start can be in; anything else is a slip of the feed.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2199;

const HALF_A_YEAR_DAYS: i64 = 183;

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// What a date without a year is measured against.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reference {
    /// The day on which the file was fetched: the year that brings the date within half a year of it is meant.
    Day(Date),
    /// No such day is known, only a year.
    Year(i32),
}

impl Reference {
    /// The day at the beginning of `fetched_at` (`2025-09-06T17:56:28`), else the year.
    pub(super) fn new(fetched_at: Option<&str>, default_year: i32) -> Self {
        fetched_at
            .and_then(|text| text.get(..10))
            .and_then(year_month_day)
            .map_or(Self::Year(default_year), Self::Day)
    }

    fn complete(self, month: Month, day: u8) -> Option<Date> {
        match self {
            Self::Year(year) => date(year, month, day),
            Self::Day(fetched) => (fetched.year() - 1..=fetched.year() + 1)
                .filter_map(|year| date(year, month, day))
                .find(|date| (*date - fetched).whole_days().abs() <= HALF_A_YEAR_DAYS),
        }
    }
}

/// The start in UTC, or `None` when either text is in no known format.
pub(super) fn starts_at(date: &str, time: &str, reference: Reference) -> Option<OffsetDateTime> {
    let date = read_date(date.trim(), reference)?;
    Some(date.with_time(time_of_day(time)?).assume_utc())
}

/// The moment of `seconds` since 1970 UTC, or `None` when it is no such number.
pub(super) fn moment(seconds: &str) -> Option<OffsetDateTime> {
    let moment = OffsetDateTime::from_unix_timestamp(seconds.parse().ok()?).ok()?;
    YEARS.contains(&moment.year()).then_some(moment)
}

/// Reads `DD.MM.YYYY`, `DD.MM`, `YYYY-MM-DD` and `Sep 11`.
fn read_date(text: &str, reference: Reference) -> Option<Date> {
    year_month_day(text)
        .or_else(|| day_month(text, reference))
        .or_else(|| month_name_day(text, reference))
}

fn year_month_day(text: &str) -> Option<Date> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    date(read_year(year)?, read_month(month)?, two_digits(day)?)
}

fn day_month(text: &str, reference: Reference) -> Option<Date> {
    let (day, rest) = text.split_once('.')?;
    let (month, year) = rest.split_once('.').unwrap_or((rest, ""));
    let (month, day) = (read_month(month)?, two_digits(day)?);
    if year.is_empty() {
        reference.complete(month, day)
    } else {
        date(read_year(year)?, month, day)
    }
}

fn month_name_day(text: &str, reference: Reference) -> Option<Date> {
    let (name, day) = text.split_once(' ')?;
    let start = name.get(..3)?.to_ascii_lowercase();
    let index = MONTHS.iter().position(|month| *month == start)?;
    let month = Month::try_from(u8::try_from(index + 1).ok()?).ok()?;
    reference.complete(month, two_digits(day.trim())?)
}

fn date(year: i32, month: Month, day: u8) -> Option<Date> {
    let date = Date::from_calendar_date(year, month, day).ok()?;
    YEARS.contains(&year).then_some(date)
}

fn read_year(text: &str) -> Option<i32> {
    let is_year = text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_year.then(|| text.parse().ok()).flatten()
}

fn read_month(text: &str) -> Option<Month> {
    Month::try_from(two_digits(text)?).ok()
}

/// Reads `HH:MM`, `HH:MM:SS` and `H:MM AM`.
pub(super) fn time_of_day(text: &str) -> Option<Time> {
    let upper = text.trim().to_ascii_uppercase();
    let (clock, afternoon) = if let Some(clock) = upper.strip_suffix("AM") {
        (clock.trim_end(), Some(false))
    } else if let Some(clock) = upper.strip_suffix("PM") {
        (clock.trim_end(), Some(true))
    } else {
        (upper.as_str(), None)
    };
    let (hour, rest) = clock.split_once(':')?;
    let (minute, second) = rest.split_once(':').unwrap_or((rest, "0"));
    let hour = match (two_digits(hour)?, afternoon) {
        (hour, None) => hour,
        (hour @ 1..=12, Some(afternoon)) => hour % 12 + if afternoon { 12 } else { 0 },
        _ => return None,
    };
    Time::from_hms(hour, two_digits(minute)?, two_digits(second)?).ok()
}

fn two_digits(text: &str) -> Option<u8> {
    let fits = matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    const FETCHED: Reference = Reference::Day(date!(2025 - 12 - 30));

    #[test]
    fn every_spelling_of_a_date_is_read() {
        for (text, expected) in [
            ("06.09.2025", date!(2025 - 09 - 06)),
            ("6.9.2031", date!(2031 - 09 - 06)),
            ("2032-02-29", date!(2032 - 02 - 29)),
            ("31.12", date!(2025 - 12 - 31)),
            ("31.12.", date!(2025 - 12 - 31)),
            ("02.01", date!(2026 - 01 - 02)),
            ("Sep 11", date!(2025 - 09 - 11)),
            ("January 2", date!(2026 - 01 - 02)),
            ("jan 02", date!(2026 - 01 - 02)),
        ] {
            assert_eq!(read_date(text, FETCHED), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "TBA",
            "31.02.2025",
            "29.02",
            "00.01.2025",
            "1.13.2025",
            "06.09.25",
            "2025-9",
            "0001-01-01",
            "9999-01-01",
            "+1.02.2025",
            "Foo 11",
            "Sep",
            "Sep 31",
            "Séptembre 1",
            "11 Sep",
            "06/09/2025",
            "1757121090",
        ] {
            assert_eq!(read_date(text, FETCHED), None, "{text}");
        }
    }

    #[test]
    fn a_date_without_a_year_takes_the_callers_when_the_file_does_not_tell() {
        let starts = |fetched_at, year| starts_at("02.01", "10:00", Reference::new(fetched_at, year));
        assert_eq!(starts(None, 2030), Some(datetime!(2030-01-02 10:00 UTC)));
        assert_eq!(starts(Some("soon"), 2030), Some(datetime!(2030-01-02 10:00 UTC)));
        assert_eq!(
            starts(Some("2025-12-31T22:00:00.1"), 2030),
            Some(datetime!(2026-01-02 10:00 UTC))
        );
        assert_eq!(starts(None, -5), None);
    }

    #[test]
    fn a_moment_is_in_a_believable_year() {
        assert_eq!(moment("1757576636"), Some(datetime!(2025-09-11 07:43:56 UTC)));
        for text in ["", "0", "1", "-1", "soon", "1757576636000", "1757576636.5"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn every_spelling_of_a_time_is_read() {
        for (text, hour, minute) in [
            ("21:59", 21, 59),
            ("9:05", 9, 5),
            ("09:05:00", 9, 5),
            ("9:30 PM", 21, 30),
            ("9:30pm", 21, 30),
            ("12:05 AM", 0, 5),
            ("12:05 PM", 12, 5),
            (" 00:00 ", 0, 0),
        ] {
            assert_eq!(time_of_day(text), Time::from_hms(hour, minute, 0).ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "TBA",
            "24:00",
            "12:60",
            "13:00 PM",
            "0:30 AM",
            "1200",
            "12:",
            ":30",
            "-1:30",
            "10:00 UTC",
        ] {
            assert_eq!(time_of_day(text), None, "{text}");
        }
    }
}
