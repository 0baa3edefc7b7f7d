//! Where a match stands: owns the reading of the feed's status text.
//! Must never take a match for one that has not started unless the feed says so.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Where a match stands, as far as the feed knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventStatus {
    /// Before the start. The only status at which a bet may be offered.
    NotStarted,
    /// Being played, or in a break.
    InPlay,
    /// Stopped for now after the start.
    Interrupted,
    /// Played to the end, or decided in another way.
    Finished,
    /// A side gave up after the start.
    Retired,
    /// A side did not appear.
    Walkover,
    /// Stopped for good before the end.
    Abandoned,
    /// To be played later than planned.
    Postponed,
    /// Will not be played.
    Cancelled,
    /// The feed's text is not known to us.
    Unknown,
}

/// Texts that are known whole, in lower case and without a closing full stop.
const KNOWN: [(EventStatus, &[&str]); 9] = [
    (
        EventStatus::NotStarted,
        &[
            "",
            "not started",
            "ns",
            "scheduled",
            "fixture",
            "pre-match",
            "upcoming",
        ],
    ),
    (
        EventStatus::InPlay,
        &[
            "live",
            "started",
            "in play",
            "in-play",
            "inplay",
            "playing",
            "in progress",
            "ht",
            "halftime",
            "et",
            "ot",
            "pen",
            "p",
            "lunch",
            "tea",
            "stumps",
            "drinks",
        ],
    ),
    (
        EventStatus::Interrupted,
        &["susp", "suspended", "int", "interrupted", "rain delay", "paused"],
    ),
    (
        EventStatus::Finished,
        &[
            "finished",
            "final",
            "ft",
            "ended",
            "end",
            "completed",
            "complete",
            "result",
            "aet",
            "ap",
            "aot",
            "awarded",
            "award",
            "full time",
            "fulltime",
            "full-time",
        ],
    ),
    (EventStatus::Retired, &["retired", "ret", "retirement"]),
    (
        EventStatus::Walkover,
        &["walkover", "walk over", "wo", "w.o", "w/o"],
    ),
    (EventStatus::Abandoned, &["abandoned", "aban", "abd", "no result"]),
    (
        EventStatus::Postponed,
        &["postponed", "postp", "post", "pst", "delayed"],
    ),
    (
        EventStatus::Cancelled,
        &["cancelled", "canceled", "cancl", "canc", "can"],
    ),
];

/// Words of a longer text that mean the match goes on, such as `Set 2` or `Extra Time`.
const IN_PLAY_WORDS: [&str; 18] = [
    "set",
    "quarter",
    "half",
    "period",
    "inning",
    "innings",
    "map",
    "round",
    "frame",
    "leg",
    "game",
    "overtime",
    "break",
    "extra",
    "penalties",
    "timeout",
    "day",
    "session",
];

impl EventStatus {
    /// The stable name in rows and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotStarted => "not_started",
            Self::InPlay => "in_play",
            Self::Interrupted => "interrupted",
            Self::Finished => "finished",
            Self::Retired => "retired",
            Self::Walkover => "walkover",
            Self::Abandoned => "abandoned",
            Self::Postponed => "postponed",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the feed's text about a match that starts at `starts_at`, in a feed of `feed_time`. A bare number means
    /// that the match has not started where the start is still ahead of the feed's own time: a match can't be in play
    /// before. Without that time there is no such exception.
    pub fn of_match(text: &str, starts_at: OffsetDateTime, feed_time: Option<OffsetDateTime>) -> Self {
        let is_ahead = feed_time.is_some_and(|feed_time| starts_at > feed_time);
        if is_ahead && is_number(text) {
            return Self::NotStarted;
        }
        Self::from_feed(text)
    }

    /// Reads the feed's text. Anything that begins with a digit is in play (`45`, `90+2`, `1st Half`, and codes such
    /// as `17`), except a kick-off time such as `15:00`, which stands where the match has not started.
    pub fn from_feed(text: &str) -> Self {
        let lower = text.trim().trim_end_matches('.').to_lowercase();
        if let Some((status, _)) = KNOWN.iter().find(|(_, texts)| texts.contains(&lower.as_str())) {
            return *status;
        }
        if lower.starts_with(|first: char| first.is_ascii_digit()) {
            return if is_time_of_day(&lower) {
                Self::NotStarted
            } else {
                Self::InPlay
            };
        }
        if lower.starts_with("after ") {
            return Self::Finished;
        }
        let mut words = lower.split(|letter: char| !letter.is_alphanumeric());
        if words.any(|word| IN_PLAY_WORDS.contains(&word)) {
            return Self::InPlay;
        }
        Self::Unknown
    }

    /// Whether bets may be offered, as far as the status is concerned.
    pub fn is_offered(self) -> bool {
        self == Self::NotStarted
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_time_of_day(text: &str) -> bool {
    super::start::time_of_day(text).is_some()
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_feeds_texts_are_read() {
        use EventStatus as S;
        for (status, texts) in [
            (
                S::NotStarted,
                &["", " ", "Not Started", "not started", "NS", "15:00", "9:30 PM"][..],
            ),
            (
                S::InPlay,
                &[
                    "HT",
                    "LIVE",
                    "Live",
                    "Started",
                    "Set 1",
                    "Set 3",
                    "1st Quarter",
                    "4th Quarter",
                ],
            ),
            (
                S::InPlay,
                &[
                    "Overtime",
                    "Extra Time",
                    "Break Time",
                    "2nd Half",
                    "90+2",
                    "45",
                    "45'",
                    "1",
                    "17",
                ],
            ),
            (S::InPlay, &["5:60", "12:34:56:78", "Q1 - 1st quarter", "0"]),
            (
                S::Finished,
                &[
                    "FT",
                    "Finished",
                    "Final",
                    "Ended",
                    "Completed",
                    "AET",
                    "After Penalties",
                ],
            ),
            (S::Finished, &["After Over Time"]),
            (S::Retired, &["Retired", "ret."]),
            (S::Walkover, &["Walk Over", "W.O."]),
            (S::Interrupted, &["Susp.", "Int.", "Interrupted"]),
            (S::Abandoned, &["Aban.", "Abandoned"]),
            (S::Postponed, &["Postp.", "Postponed", "Delayed"]),
            (S::Cancelled, &["Cancl.", "Cancelled", "CANCELED"]),
            (S::Unknown, &["TBA", "?", "-", "started not", "-1"]),
        ] {
            for text in texts {
                assert_eq!(S::from_feed(text), status, "{text}");
                assert_eq!(status.is_offered(), status == S::NotStarted);
            }
        }
    }
    #[test]
    fn a_bare_number_ahead_of_the_start_means_not_started() {
        use EventStatus as S;
        let start = datetime!(2030-06-14 15:00 UTC);
        for (text, before_ms, status) in [
            ("1", Some(1), S::NotStarted),
            ("17", Some(86_400_000), S::NotStarted),
            ("1", Some(0), S::InPlay),
            ("1", Some(-1), S::InPlay),
            ("1", None, S::InPlay),
            ("45'", Some(1), S::InPlay),
            ("90+2", Some(1), S::InPlay),
            ("1st Half", Some(1), S::InPlay),
            ("Finished", Some(1), S::Finished),
            ("Not Started", Some(-1), S::NotStarted),
            ("", Some(-1), S::NotStarted),
        ] {
            let feed_time = before_ms.map(|ms| start - Duration::milliseconds(ms));
            assert_eq!(
                S::of_match(text, start, feed_time),
                status,
                "{text} {before_ms:?}"
            );
        }
    }

    #[test]
    fn a_status_is_written_as_it_is_named() {
        use EventStatus as S;
        for status in [
            S::NotStarted,
            S::InPlay,
            S::Interrupted,
            S::Finished,
            S::Retired,
            S::Walkover,
            S::Abandoned,
            S::Postponed,
            S::Cancelled,
            S::Unknown,
        ] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
    }
}
