//! What players ask for, as JSON. Must never take a member that it does not know for one that was not sent.

use serde::Deserialize;
use serde::de::Deserializer;
use shared::json::object;
use shared::money::Amount;
use utoipa::ToSchema;

use super::super::changes::WantedLimit;
use super::super::rules::{Measure, Window};

/// The limits to be set. Those that are not sent stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object of limits")]
pub struct AskedLimits {
    /// The most that may be staked.
    #[serde(default, deserialize_with = "object")]
    stake: AskedWindows,
    /// The most that may be lost: stakes less payouts.
    #[serde(default, deserialize_with = "object")]
    loss: AskedWindows,
    /// The most that may be deposited.
    #[serde(default, deserialize_with = "object")]
    deposit: AskedWindows,
}

/// One limit for each window: an amount in the operator's currency, or null for no limit.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AskedWindows {
    /// For 24 hours.
    #[serde(rename = "24h", default)]
    #[schema(value_type = Option<f64>)]
    day: Asked,
    /// For 7 days.
    #[serde(rename = "7d", default)]
    #[schema(value_type = Option<f64>)]
    week: Asked,
    /// For 30 days.
    #[serde(rename = "30d", default)]
    #[schema(value_type = Option<f64>)]
    month: Asked,
}

/// A limit in a body: a null that was sent is another thing than a member that was not.
#[derive(Debug, Default)]
enum Asked {
    #[default]
    Nothing,
    Limit(Option<Amount>),
}

impl<'de> Deserialize<'de> for Asked {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        Option::deserialize(json).map(Self::Limit)
    }
}

impl AskedLimits {
    /// Those that were sent.
    pub(super) fn sent(self) -> Vec<WantedLimit> {
        let measures = [
            (Measure::Stake, self.stake),
            (Measure::Loss, self.loss),
            (Measure::Deposit, self.deposit),
        ];
        let limits = measures.into_iter().flat_map(|(measure, windows)| {
            let windows = [
                (Window::Day, windows.day),
                (Window::Week, windows.week),
                (Window::Month, windows.month),
            ];
            windows.map(|(window, asked)| (measure, window, asked))
        });
        limits
            .filter_map(|(measure, window, asked)| match asked {
                Asked::Nothing => None,
                Asked::Limit(amount) => Some(WantedLimit {
                    measure,
                    window,
                    amount,
                }),
            })
            .collect()
    }
}

/// A time-out that begins now.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with hours")]
pub struct AskedTimeOut {
    /// 1 to 1008 hours, which is six weeks, unless the operator of this installation chose otherwise.
    pub(super) hours: u32,
}

/// A self-exclusion that begins now.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with days")]
pub struct AskedExclusion {
    /// 180 to 1825 days, unless the operator of this installation chose otherwise.
    pub(super) days: u32,
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use shared::http::read_json;
    use shared::money::{Currency, Minor};

    use super::*;

    /// Measure, window and minor units of each limit that was sent.
    fn read(body: &str) -> Vec<(&'static str, &'static str, Option<Minor>)> {
        let asked: AskedLimits = read_json(body.as_bytes()).unwrap();
        let sent = asked.sent().into_iter();
        sent.map(|limit| {
            let amount = limit
                .amount
                .map(|amount| amount.not_negative(Currency::USD).unwrap());
            (limit.measure.as_str(), limit.window.as_str(), amount)
        })
        .collect()
    }

    #[test]
    fn amount_null_and_nothing_sent_are_told_apart() {
        let body = r#"{"stake": {"24h": 1.5, "30d": null}, "deposit": {"7d": 0}, "loss": {}}"#;
        let expected = [
            ("stake", "24h", Some(Minor::new(150))),
            ("stake", "30d", None),
            ("deposit", "7d", Some(Minor::ZERO)),
        ];
        assert_eq!(read(body), expected);
        assert_eq!(read("{}"), []);
    }

    #[test]
    fn what_is_no_object_of_known_windows_is_refused_by_name() {
        for (body, field) in [
            (r#"{"steak": {"24h": 1}}"#, "steak"),
            (r#"{"stake": {"24hours": 1}}"#, "stake.24hours"),
            (r#"{"stake": {"24h": 1, "24h": 9}}"#, "stake.24h"),
            (r#"{"stake": {"24h": 1}, "stake": {}}"#, "stake"),
            (r#"{"stake": [1, 2, 3]}"#, "stake"),
            (r#"{"stake": null}"#, "stake"),
            (r#"{"loss": 5}"#, "loss"),
            (r#"[{"24h": 1}]"#, "body"),
        ] {
            let problem = read_json::<AskedLimits>(body.as_bytes()).unwrap_err();
            assert_eq!(problem.status(), StatusCode::UNPROCESSABLE_ENTITY, "{body}");
            let named = format!("field: {field:?}");
            assert!(format!("{problem:?}").contains(&named), "{body} {problem:?}");
        }
    }
}
