//! What a report is about, and how its numbers are drawn from totals. Must never let a text of a request become a part of
//! SQL, nor guess a time zone.

use std::collections::BTreeSet;
use std::iter;

use serde::{Deserialize, Serialize};
use shared::field::{FieldError, noted};
use shared::moment;
use shared::money::Minor;
use time::macros::date;
use time::{Date, Duration, OffsetDateTime};
use utoipa::{IntoParams, ToSchema};

/// What a report is about unless asked otherwise, in days, today included.
const USUAL_DAYS: i64 = 30;
/// Longest name of a game or a sport, in characters.
const MAX_CATEGORY_CHARS: usize = 50;

/// The reports that are lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// What was earned by day, and by game or sport.
    Revenue,
    /// What each player ever played, by when they registered.
    UserActivity,
    /// Sports bets by day, sport and market.
    BettingPatterns,
    /// The same as `betting-patterns`.
    TradingPatterns,
    /// Sports bets by sport.
    SportPerformance,
    /// Rounds by game.
    CasinoPerformance,
}

impl Kind {
    /// The report that a path names.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "revenue" => Self::Revenue,
            "user-activity" => Self::UserActivity,
            "betting-patterns" => Self::BettingPatterns,
            "trading-patterns" => Self::TradingPatterns,
            "sport-performance" => Self::SportPerformance,
            "casino-performance" => Self::CasinoPerformance,
            _ => return None,
        })
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Revenue => "revenue",
            Self::UserActivity => "user-activity",
            Self::BettingPatterns => "betting-patterns",
            Self::TradingPatterns => "trading-patterns",
            Self::SportPerformance => "sport-performance",
            Self::CasinoPerformance => "casino-performance",
        }
    }

    /// How the totals are cut for it.
    pub(crate) const fn cut(self, group: Group) -> Cut {
        let cut = Cut {
            bucket: Some(group),
            by_category: true,
            by_kind: false,
            product: None,
        };
        match self {
            Self::Revenue | Self::UserActivity => cut,
            Self::BettingPatterns | Self::TradingPatterns => Cut {
                by_kind: true,
                product: Some("sports"),
                ..cut
            },
            Self::SportPerformance => Cut {
                bucket: None,
                product: Some("sports"),
                ..cut
            },
            Self::CasinoPerformance => Cut {
                bucket: None,
                product: Some("casino"),
                ..cut
            },
        }
    }
}

/// What numbers over time are added up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Group {
    /// Days in UTC.
    #[default]
    Day,
    /// Weeks, each called by its Monday.
    Week,
    /// Months, each called by its first day.
    Month,
}

impl Group {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

/// By what totals are told apart; what is left out is added up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    pub(crate) bucket: Option<Group>,
    pub(crate) by_category: bool,
    pub(crate) by_kind: bool,
    /// Only this product.
    pub(crate) product: Option<&'static str>,
}

/// What a report is about.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportQuery {
    /// The first day in UTC, such as `2030-01-01`; by default so that the report is about 30 days.
    #[param(format = Date)]
    from: Option<String>,
    /// The last day in UTC, which is included; by default today.
    #[param(format = Date)]
    to: Option<String>,
    /// What numbers over time are added up to; by default `day`.
    #[param(inline)]
    group: Option<Group>,
    /// Only this game or sport, such as `slots`: at most 50 characters.
    #[param(max_length = 50)]
    category: Option<String>,
}

/// The days of a report, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) from: Date,
    pub(crate) to: Date,
}

impl Period {
    /// Every day that a report can be about.
    pub(crate) const EVER: Self = Self {
        from: date!(0001 - 01 - 01),
        to: Date::MAX,
    };

    /// The same days as whole months and the days beside them: of the first and the last month whichever are fewer,
    /// those in the period, which are added, or those that are not, which are taken off.
    pub(crate) fn in_months(self) -> InMonths {
        let (first, last) = (first_of_month(self.from), first_of_month(self.to));
        let mut parts = InMonths {
            months: Self {
                from: first,
                to: last,
            },
            added: Vec::new(),
            taken_off: Vec::new(),
        };
        for month in BTreeSet::from([first, last]) {
            let (inside, outside): (Vec<_>, Vec<_>) =
                days_of_month(month).partition(|day| self.contains(*day));
            if outside.len() < inside.len() {
                parts.taken_off.extend(outside);
                continue;
            }
            if month == first {
                parts.months.from = inside.last().and_then(|day| day.next_day()).unwrap_or(Date::MAX);
            }
            if month == last {
                parts.months.to = month.previous_day().unwrap_or(Date::MIN);
            }
            parts.added.extend(inside);
        }
        parts
    }

    /// The first moment of it, and the first one behind it.
    pub(crate) fn moments(self) -> (OffsetDateTime, OffsetDateTime) {
        let behind = self.to.next_day().unwrap_or(self.to);
        (self.from.midnight().assume_utc(), behind.midnight().assume_utc())
    }

    fn contains(self, day: Date) -> bool {
        (self.from..=self.to).contains(&day)
    }
}

/// A period as whole months and days beside them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InMonths {
    /// Those that begin in it; none where its end is before its beginning.
    pub(crate) months: Period,
    /// Days that are in no month of it.
    pub(crate) added: Vec<Date>,
    /// Days that are in a month of it, and not in the period.
    pub(crate) taken_off: Vec<Date>,
}

fn first_of_month(day: Date) -> Date {
    day.replace_day(1).unwrap_or(day)
}

fn days_of_month(first: Date) -> impl Iterator<Item = Date> {
    let days = iter::successors(Some(first), |day| day.next_day());
    days.take_while(move |day| day.month() == first.month())
}

/// A query that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) period: Period,
    pub(crate) group: Group,
    pub(crate) category: Option<String>,
}

impl ReportQuery {
    /// Checks what was asked for on the day `today`.
    pub(crate) fn understood(self, today: Date, max_days: u16) -> Result<Asked, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut day = |name: &str, text: Option<String>| noted(&mut errors, name, moment::parse_day(&text?));
        let (from, to) = (day("from", self.from), day("to", self.to));
        let to = to.unwrap_or_else(|| from.map_or(today, |from| from.max(today)));
        let from = from.unwrap_or_else(|| to.saturating_sub(Duration::days(USUAL_DAYS - 1)));
        if errors.is_empty() {
            if from > to {
                errors.push(FieldError::new("from", "must not be after to"));
            } else if (to - from).whole_days() >= i64::from(max_days) {
                errors.push(FieldError::new(
                    "from",
                    format!("must be less than {max_days} days before to"),
                ));
            }
        }
        let is_unfit = |text: &String| text.contains('\0') || text.chars().count() > MAX_CATEGORY_CHARS;
        if self.category.as_ref().is_some_and(is_unfit) {
            let detail = format!("must be text of at most {MAX_CATEGORY_CHARS} characters");
            errors.push(FieldError::new("category", detail));
        }
        if errors.is_empty() {
            Ok(Asked {
                period: Period { from, to },
                group: self.group.unwrap_or_default(),
                category: self.category,
            })
        } else {
            Err(errors)
        }
    }
}

/// So many of a hundred, to one decimal; 0 of nothing.
pub(crate) fn percent(part: i64, whole: i64) -> f64 {
    let tenths = if whole <= 0 {
        0
    } else {
        i128::from(part) * 1000 / i128::from(whole)
    };
    // At most a few thousand, unless a player wins many times what was staked: a number that a float holds exactly.
    i32::try_from(tenths).map_or(0.0, |tenths| f64::from(tenths) / 10.0)
}

/// What was earned, of what was staked: in percent, as legacy pages show it.
pub(crate) fn margin(staked: Minor, revenue: Minor) -> f64 {
    percent(revenue.get(), staked.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = date!(2030 - 01 - 31);

    fn asked(from: Option<&str>, to: Option<&str>) -> Result<Asked, Vec<FieldError>> {
        let query = ReportQuery {
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            ..ReportQuery::default()
        };
        query.understood(TODAY, 366)
    }

    #[test]
    fn a_report_is_about_whole_days_in_utc() {
        for (from, to, first, last) in [
            (None, None, date!(2030 - 01 - 02), TODAY),
            (Some("2030-01-30"), None, date!(2030 - 01 - 30), TODAY),
            (
                None,
                Some("2029-12-31"),
                date!(2029 - 12 - 02),
                date!(2029 - 12 - 31),
            ),
            (
                Some("2029-02-01"),
                Some("2030-01-31"),
                date!(2029 - 02 - 01),
                TODAY,
            ),
            (
                Some("2031-01-01"),
                None,
                date!(2031 - 01 - 01),
                date!(2031 - 01 - 01),
            ),
        ] {
            let period = Period {
                from: first,
                to: last,
            };
            assert_eq!(asked(from, to).unwrap().period, period, "{from:?} {to:?}");
        }
    }

    #[test]
    fn a_day_that_is_none_is_refused_by_name() {
        for (from, to, field) in [
            (Some("2030-01-31T00:00:00Z"), None, "from"),
            (Some("31.01.2030"), None, "from"),
            (Some("2030-02-30"), None, "from"),
            (None, Some("'; drop table bets;--"), "to"),
            (None, Some(""), "to"),
            (Some("2030-01-02"), Some("2030-01-01"), "from"),
            (Some("2029-01-30"), Some("2030-01-31"), "from"),
            (Some("-9999-01-01"), Some("9999-12-31"), "from"),
        ] {
            let errors = asked(from, to).unwrap_err();
            assert_eq!(errors[0].field, field, "{from:?} {to:?}");
        }
    }

    #[test]
    fn a_period_is_its_months_and_the_fewest_days_beside_them() {
        let begin = date!(2027 - 12 - 01);
        let day = |number: i64| begin + Duration::days(number);
        for from in 0..121 {
            for to in from..121 {
                let period = Period {
                    from: day(from),
                    to: day(to),
                };
                let parts = period.in_months();
                let beside = parts.added.len() + parts.taken_off.len();
                assert!(beside <= 30, "{period:?}: {parts:?}");
                for day in (0..121).map(day) {
                    let times = i32::from(parts.months.contains(first_of_month(day)))
                        + i32::from(parts.added.contains(&day))
                        - i32::from(parts.taken_off.contains(&day));
                    assert_eq!(
                        times,
                        i32::from(period.contains(day)),
                        "{day} in {period:?}: {parts:?}"
                    );
                }
            }
        }
        let end = Period {
            from: date!(9999 - 12 - 20),
            to: Date::MAX,
        };
        let parts = end.in_months();
        assert_eq!(parts.added.len(), 12);
        assert!(parts.months.from > parts.months.to, "{parts:?}");
    }

    #[test]
    fn percents_have_one_decimal() {
        for (part, whole, percents) in [
            (1, 3, 33.3),
            (2, 2, 100.0),
            (5, 0, 0.0),
            (-1, 8, -12.5),
            (0, 7, 0.0),
        ] {
            assert!(
                (percent(part, whole) - percents).abs() < f64::EPSILON,
                "{part} of {whole}"
            );
        }
    }
}
