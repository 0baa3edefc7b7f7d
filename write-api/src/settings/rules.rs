//! Which settings may be saved. Must never touch the database.

use serde::Deserialize;
use shared::branding::BettingLimits;
use shared::field::FieldError;
use shared::money::{Amount, Currency, Minor};

/// What an operator has set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) version: i64,
    pub(super) limits: BettingLimits,
    pub(super) default_balance: Minor,
    pub(super) liabilities: Liabilities,
    pub(super) highest: Highest,
}

/// The most that the operator is ready to lose on sports, where it set that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Liabilities {
    pub(super) market: Option<Minor>,
    pub(super) event: Option<Minor>,
}

/// The most that the operator's staff may set, where the platform decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Highest {
    pub(super) max_bet: Option<Minor>,
    pub(super) max_payout: Option<Minor>,
    pub(super) default_balance: Option<Minor>,
}

/// What a save asks for. What is left out stays as it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) version: Option<i64>,
    pub(super) min_bet: Option<Amount>,
    pub(super) max_bet: Option<Amount>,
    pub(super) max_payout: Option<Amount>,
    pub(super) default_balance: Option<Amount>,
    pub(super) market_liability: AskedBound,
    pub(super) event_liability: AskedBound,
    pub(super) highest: AskedHighest,
}

/// What the platform asks for.
#[derive(Clone, Debug, Default)]
pub(super) struct AskedHighest {
    pub(super) max_bet: AskedBound,
    pub(super) max_payout: AskedBound,
    pub(super) default_balance: AskedBound,
}

/// What is to become of a bound. As JSON: left out, `null`, or the amount.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "Option<Amount>")]
pub(super) enum AskedBound {
    /// It stays as it is.
    #[default]
    AsItIs,
    /// There is none any more.
    Gone,
    /// It is this.
    AtMost(Amount),
}

impl From<Option<Amount>> for AskedBound {
    fn from(sent: Option<Amount>) -> Self {
        sent.map_or(Self::Gone, Self::AtMost)
    }
}

/// Reads amounts of one currency and keeps every error.
struct Reader {
    currency: Currency,
    errors: Vec<FieldError>,
}

impl Reader {
    fn positive(&mut self, field: &str, asked: Option<&Amount>, was: Minor) -> Minor {
        let read = asked.map_or(Ok(was), |amount| amount.positive(self.currency));
        read.unwrap_or_else(|error| {
            self.errors.push(FieldError::new(field, error));
            was
        })
    }

    fn not_negative(&mut self, field: &str, asked: Option<&Amount>, was: Minor) -> Minor {
        let read = asked.map_or(Ok(was), |amount| amount.not_negative(self.currency));
        read.unwrap_or_else(|error| {
            self.errors.push(FieldError::new(field, error));
            was
        })
    }

    fn bound(&mut self, field: &str, asked: &AskedBound, was: Option<Minor>) -> Option<Minor> {
        match asked {
            AskedBound::AsItIs => was,
            AskedBound::Gone => None,
            AskedBound::AtMost(amount) => Some(self.not_negative(field, Some(amount), Minor::ZERO)),
        }
    }

    /// Says of the first of `fields` that was sent, else of the last, that it is above `most`.
    fn at_most(&mut self, value: Minor, most: Option<Minor>, fields: [(&str, bool); 2], what: &str) {
        let Some(most) = most.filter(|most| value > *most) else {
            return;
        };
        let (field, most) = (
            if fields[0].1 { fields[0].0 } else { fields[1].0 },
            self.currency.money(most),
        );
        let detail = if field == fields[0].0 {
            format!("must be at most {what}, which is {most}")
        } else {
            format!(
                "must be at least what is set, which is {}",
                self.currency.money(value)
            )
        };
        self.errors.push(FieldError::new(field, detail));
    }
}

impl Settings {
    /// The settings after `asked`: all of it, or every member that holds what it may not.
    pub(super) fn updated(&self, asked: &Asked) -> Result<Self, Vec<FieldError>> {
        let mut reader = Reader {
            currency: self.limits.currency,
            errors: Vec::new(),
        };
        let (was, bounds) = (&self.limits, &asked.highest);
        let limits = BettingLimits {
            currency: was.currency,
            min_bet: reader.positive("min_bet", asked.min_bet.as_ref(), was.min_bet),
            max_bet: reader.positive("max_bet", asked.max_bet.as_ref(), was.max_bet),
            max_payout: reader.positive("max_payout", asked.max_payout.as_ref(), was.max_payout),
        };
        let balance = asked.default_balance.as_ref();
        let default_balance = reader.not_negative("default_user_balance", balance, self.default_balance);
        let was = &self.liabilities;
        let liabilities = Liabilities {
            market: reader.bound("max_market_liability", &asked.market_liability, was.market),
            event: reader.bound("max_event_liability", &asked.event_liability, was.event),
        };
        let was = &self.highest;
        let highest = Highest {
            max_bet: reader.bound("highest_max_bet", &bounds.max_bet, was.max_bet),
            max_payout: reader.bound("highest_max_payout", &bounds.max_payout, was.max_payout),
            default_balance: reader.bound(
                "highest_default_user_balance",
                &bounds.default_balance,
                was.default_balance,
            ),
        };
        let after = Self {
            limits,
            default_balance,
            liabilities,
            highest,
            ..*self
        };
        if reader.errors.is_empty() {
            after.in_order(asked, &mut reader);
        }
        if reader.errors.is_empty() {
            Ok(after)
        } else {
            Err(reader.errors)
        }
    }

    /// The smallest stake is not above the largest, that is not above the largest payout, and nothing is above its
    /// bound.
    fn in_order(&self, asked: &Asked, reader: &mut Reader) {
        let (limits, highest) = (&self.limits, &self.highest);
        let (min, max, payout) = (
            ("min_bet", asked.min_bet.is_some()),
            ("max_bet", asked.max_bet.is_some()),
            ("max_payout", asked.max_payout.is_some()),
        );
        let balance = ("default_user_balance", asked.default_balance.is_some());
        reader.at_most(limits.min_bet, Some(limits.max_bet), [min, max], "max_bet");
        reader.at_most(
            limits.max_bet,
            Some(limits.max_payout),
            [max, payout],
            "max_payout",
        );
        let bound = "what the platform allows";
        reader.at_most(
            limits.max_bet,
            highest.max_bet,
            [max, ("highest_max_bet", true)],
            bound,
        );
        reader.at_most(
            limits.max_payout,
            highest.max_payout,
            [payout, ("highest_max_payout", true)],
            bound,
        );
        reader.at_most(
            self.default_balance,
            highest.default_balance,
            [balance, ("highest_default_user_balance", true)],
            bound,
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn amount(value: &Value) -> Amount {
        serde_json::from_str(&value.to_string()).unwrap()
    }

    fn settings() -> Settings {
        Settings {
            version: 1,
            limits: BettingLimits::of_new_operator(Currency::USD),
            default_balance: Minor::new(100_000),
            liabilities: Liabilities::default(),
            highest: Highest::default(),
        }
    }

    fn asked(body: &Value) -> Asked {
        let of = |name: &str| body.get(name).map(amount);
        let bound = |name: &str| match body.get(name) {
            None => AskedBound::AsItIs,
            Some(value) => serde_json::from_str(&value.to_string()).unwrap(),
        };
        Asked {
            version: None,
            min_bet: of("min_bet"),
            max_bet: of("max_bet"),
            max_payout: of("max_payout"),
            default_balance: of("default_user_balance"),
            market_liability: bound("max_market_liability"),
            event_liability: bound("max_event_liability"),
            highest: AskedHighest {
                max_bet: bound("highest_max_bet"),
                max_payout: bound("highest_max_payout"),
                default_balance: bound("highest_default_user_balance"),
            },
        }
    }

    #[test]
    fn settings_are_checked_together_and_every_bad_one_is_named() {
        let cases = [
            (json!({}), vec![]),
            (
                json!({"min_bet": 0.5, "max_bet": 20_000, "max_payout": 200_000}),
                vec![],
            ),
            (json!({"min_bet": 0}), vec!["min_bet"]),
            (
                json!({"min_bet": 1.001, "max_bet": "5"}),
                vec!["min_bet", "max_bet"],
            ),
            (json!({"default_user_balance": -1}), vec!["default_user_balance"]),
            (json!({"default_user_balance": 0}), vec![]),
            (
                json!({"max_market_liability": 0, "max_event_liability": null}),
                vec![],
            ),
            (json!({"max_market_liability": -1}), vec!["max_market_liability"]),
            (json!({"min_bet": 10_000.01}), vec!["min_bet"]),
            (json!({"max_bet": 0.99}), vec!["max_bet"]),
            (json!({"max_bet": 100_000.01}), vec!["max_bet"]),
            (json!({"max_payout": 9_999.99}), vec!["max_payout"]),
            (json!({"highest_max_bet": 9_999.99}), vec!["highest_max_bet"]),
            (json!({"highest_max_bet": 500, "max_bet": 501}), vec!["max_bet"]),
            (json!({"highest_max_bet": 500, "max_bet": 500}), vec![]),
            (
                json!({"highest_default_user_balance": -5}),
                vec!["highest_default_user_balance"],
            ),
            (json!({"highest_default_user_balance": null}), vec![]),
        ];
        for (body, expected) in cases {
            let errors = settings().updated(&asked(&body)).err().unwrap_or_default();
            let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
            assert_eq!(fields, expected, "{body}");
        }
    }

    #[test]
    fn a_bound_holds_until_it_is_taken_away() {
        let bounded = settings()
            .updated(&asked(&json!({"highest_max_payout": 100_000})))
            .unwrap();
        let more = asked(&json!({"max_payout": 100_000.01}));
        assert_eq!(bounded.updated(&more).unwrap_err()[0].field, "max_payout");
        let free = bounded
            .updated(&asked(&json!({"highest_max_payout": null})))
            .unwrap();
        assert!(free.updated(&more).is_ok());
    }
}
