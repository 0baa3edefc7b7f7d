//! An operator's branding: its stored settings, how an admin's update changes them, and the answer players get.
//! Must never show the operator's log-in e-mail, nor let through a text that a page could take for markup.

mod settings;
mod tree;

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::field::FieldError;
use crate::ids::{OperatorId, Subdomain};
use crate::money::{Amount, AmountError, Currency, Minor, Money};
use crate::theme::{DisplayName, ValueError};

use settings::{Kind, Limit, SPECS, Setting, Spec};
use tree::Tree;

/// The settings in which an operator differs from the defaults. As JSON: nested groups of what was set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrandingSettings(BTreeMap<&'static str, Setting>);

/// What an operator takes and pays at most. Kept in columns, because bets are checked against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BettingLimits {
    /// Currency of the operator's books.
    pub currency: Currency,
    /// Smallest stake.
    pub min_bet: Minor,
    /// Largest stake.
    pub max_bet: Minor,
    /// Largest payout of one bet.
    pub max_payout: Minor,
}

/// What an update leaves: all of it is to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrandingUpdate {
    /// The settings after the update.
    pub settings: BrandingSettings,
    /// The limits after the update.
    pub limits: BettingLimits,
}

impl BettingLimits {
    /// The limits of an operator that never set any: 1, 10,000 and 100,000 whole units.
    pub fn of_new_operator(currency: Currency) -> Self {
        let unit = 10_i64.pow(u32::from(currency.decimals()));
        Self {
            currency,
            min_bet: Minor::new(unit),
            max_bet: Minor::new(10_000 * unit),
            max_payout: Minor::new(100_000 * unit),
        }
    }

    fn get(&self, limit: Limit) -> Minor {
        match limit {
            Limit::MinBet => self.min_bet,
            Limit::MaxBet => self.max_bet,
            Limit::MaxPayout => self.max_payout,
        }
    }

    fn set(&mut self, limit: Limit, amount: Minor) {
        match limit {
            Limit::MinBet => self.min_bet = amount,
            Limit::MaxBet => self.max_bet = amount,
            Limit::MaxPayout => self.max_payout = amount,
        }
    }

    fn show(&self, limit: Limit) -> Money {
        self.currency.money(self.get(limit))
    }
}

impl BrandingSettings {
    /// Reads what the database holds. What is unknown or bad there counts as not set, so that a page is served
    /// whatever an older version stored, and nothing unchecked is ever served.
    pub fn from_stored(json: &RawValue) -> Self {
        let (members, _) = members_of(json);
        let read = |(spec, json): (&'static Spec, &RawValue)| {
            let Kind::Kept(kept) = &spec.kind else {
                return None;
            };
            Some((spec.path, kept.read(json).ok()?))
        };
        Self(members.into_iter().filter_map(read).collect())
    }

    /// Applies an admin's `body`: groups of members, of which `null` puts one back to its default.
    /// Reports every bad member by its dotted name, and changes nothing when there is one.
    pub fn updated(&self, limits: BettingLimits, body: &RawValue) -> Result<BrandingUpdate, Vec<FieldError>> {
        let (members, mut errors) = members_of(body);
        let mut update = BrandingUpdate {
            settings: self.clone(),
            limits,
        };
        for (spec, json) in &members {
            if let Err(detail) = update.apply(spec, json) {
                errors.push(FieldError::new(spec.path, detail));
            }
        }
        if errors.is_empty() {
            errors.extend(update.limits_in_disorder(&members));
        }
        if errors.is_empty() {
            Ok(update)
        } else {
            Err(errors)
        }
    }
}

impl Serialize for BrandingSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tree: Tree<&Setting> = self.0.iter().map(|(path, setting)| (*path, setting)).collect();
        tree.serialize(serializer)
    }
}

impl BrandingUpdate {
    fn apply(&mut self, spec: &'static Spec, json: &RawValue) -> Result<(), ValueError> {
        let is_reset = json.get() == "null";
        let currency = self.limits.currency;
        match &spec.kind {
            Kind::Kept(_) if is_reset => {
                self.settings.0.remove(spec.path);
            }
            Kind::Kept(kept) => {
                self.settings.0.insert(spec.path, kept.read(json)?);
            }
            Kind::Limit(limit) if is_reset => {
                let default = BettingLimits::of_new_operator(currency).get(*limit);
                self.limits.set(*limit, default);
            }
            Kind::Limit(limit) => self.limits.set(*limit, read_amount(json, currency)?),
            Kind::Currency => {
                let sent: Option<String> = serde_json::from_str(json.get()).unwrap_or_default();
                if sent.as_deref() != Some(currency.code()) {
                    return Err(ValueError::FixedCurrency);
                }
            }
        }
        Ok(())
    }

    /// Limits that contradict each other, if the update touched them: named is one that was sent.
    fn limits_in_disorder(&self, sent: &[(&'static Spec, &RawValue)]) -> Vec<FieldError> {
        let is_sent = |path: &str| sent.iter().any(|(spec, _)| spec.path == path);
        let mut errors = Vec::new();
        for (low, high) in [(Limit::MinBet, Limit::MaxBet), (Limit::MaxBet, Limit::MaxPayout)] {
            if self.limits.get(low) <= self.limits.get(high) {
                continue;
            }
            if is_sent(high.path()) {
                let least = self.limits.show(low);
                let detail = format!("must be at least {}, which is {least}", low.path());
                errors.push(FieldError::new(high.path(), detail));
            } else if is_sent(low.path()) {
                let most = self.limits.show(high);
                let detail = format!("must be at most {}, which is {most}", high.path());
                errors.push(FieldError::new(low.path(), detail));
            }
        }
        errors
    }
}

fn read_amount(json: &RawValue, currency: Currency) -> Result<Minor, ValueError> {
    let amount: Amount = serde_json::from_str(json.get()).map_err(|_| AmountError::NotANumber)?;
    Ok(amount.positive(currency)?)
}

type Members<'a> = Vec<(&'static Spec, &'a RawValue)>;

/// Sorts the members of a JSON object into settings that exist and errors for the rest.
fn members_of(json: &RawValue) -> (Members<'_>, Vec<FieldError>) {
    let (mut members, mut errors) = (Vec::new(), Vec::new());
    walk("", json, &mut members, &mut errors);
    (members, errors)
}

fn walk<'a>(group: &str, json: &'a RawValue, members: &mut Members<'a>, errors: &mut Vec<FieldError>) {
    let Ok(object) = serde_json::from_str::<BTreeMap<String, &'a RawValue>>(json.get()) else {
        let field = if group.is_empty() { "body" } else { group };
        errors.push(FieldError::new(field, ValueError::NotObject));
        return;
    };
    for (name, value) in object {
        let path = if group.is_empty() {
            name.clone()
        } else {
            format!("{group}.{name}")
        };
        let is_one_name = !name.contains('.');
        match settings::find(&path) {
            Some(spec) if is_one_name => members.push((spec, value)),
            None if is_one_name && settings::is_group(&path) => walk(&path, value, members, errors),
            _ => errors.push(FieldError::new(path, ValueError::Unknown)),
        }
    }
}

/// The operator as its players may know it.
#[derive(Clone, Debug, Serialize)]
pub struct BrandedOperator {
    /// Its number.
    pub id: OperatorId,
    /// Its name.
    pub name: DisplayName,
    /// Its name in URLs.
    pub subdomain: Subdomain,
    /// When it joined, in UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// The answer to a page that asks for an operator's branding.
#[derive(Serialize, ToSchema)]
pub struct BrandingAnswer<'a> {
    success: bool,
    #[schema(value_type = Object)]
    branding: Branding<'a>,
}

#[derive(Serialize)]
struct Branding<'a> {
    #[serde(flatten)]
    groups: Tree<Shown>,
    operator: &'a BrandedOperator,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Shown {
    Setting(Setting),
    Money(Money),
}

/// The whole branding of `operator`: its settings over the defaults, its limits in its currency.
pub fn render<'a>(
    settings: &BrandingSettings,
    limits: &BettingLimits,
    operator: &'a BrandedOperator,
) -> BrandingAnswer<'a> {
    let currency = limits.currency;
    let show = |spec: &Spec| match &spec.kind {
        Kind::Limit(limit) => Shown::Money(limits.show(*limit)),
        Kind::Currency => Shown::Setting(Setting::Text(currency.code().to_owned())),
        Kind::Kept(kept) => {
            let stored = settings.0.get(spec.path).cloned();
            Shown::Setting(stored.unwrap_or_else(|| kept.default_for(currency, &operator.name)))
        }
    };
    BrandingAnswer {
        success: true,
        branding: Branding {
            groups: SPECS.iter().map(|spec| (spec.path, show(spec))).collect(),
            operator,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use time::macros::datetime;

    use super::settings::Kept;
    use super::*;

    fn raw(json: &Value) -> Box<RawValue> {
        raw_text(&json.to_string())
    }

    fn raw_text(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    fn usd() -> BettingLimits {
        BettingLimits::of_new_operator(Currency::USD)
    }

    fn update(body: &Value) -> Result<BrandingUpdate, Vec<FieldError>> {
        BrandingSettings::default().updated(usd(), &raw(body))
    }

    fn bad_fields(body: &Value) -> Vec<String> {
        let errors = update(body).unwrap_err();
        errors.into_iter().map(|error| error.field).collect()
    }

    /// `{"a": {"b": value}}` for the path `a.b`.
    fn nested(path: &str, value: &Value) -> Value {
        path.rsplit('.')
            .fold(value.clone(), |below, name| json!({ name: below }))
    }

    fn aurora() -> BrandedOperator {
        BrandedOperator {
            id: OperatorId::new(7),
            name: "Aurora \"A\" & Co".parse().unwrap(),
            subdomain: Subdomain::parse("aurora").unwrap(),
            created_at: datetime!(2025-03-01 12:00:00 UTC),
        }
    }

    fn answer_text(settings: &BrandingSettings, limits: &BettingLimits) -> String {
        serde_json::to_string(&render(settings, limits, &aurora())).unwrap()
    }

    fn answer(settings: &BrandingSettings) -> Value {
        serde_json::from_str(&answer_text(settings, &usd())).unwrap()
    }

    #[test]
    fn an_operator_that_set_nothing_gets_the_legacy_defaults() {
        let expected = json!({ "success": true, "branding": {
            "theme": {
                "primary_color": "#f39c12",
                "secondary_color": "#2c3e50",
                "accent_color": "#e74c3c",
                "background_color": "#1a1a1a",
                "text_color": "#ffffff",
                "card_background": "#2d3748",
                "success_color": "#27ae60",
                "warning_color": "#f39c12",
                "error_color": "#e74c3c",
            },
            "branding": {
                "logo_url": "",
                "favicon_url": "",
                "welcome_message": "Welcome to Aurora \"A\" & Co",
                "footer_text": "© 2025 Aurora \"A\" & Co. All rights reserved.",
                "contact_email": "support@sportsbook.com",
                "support_phone": "",
                "social_links": { "facebook": "", "twitter": "", "instagram": "", "telegram": "" },
            },
            "features": {
                "live_betting": true,
                "cash_out": true,
                "multi_bet": true,
                "live_streaming": false,
                "statistics": true,
                "promotions": true,
            },
            "betting": {
                "default_currency": "USD",
                "currency_symbol": "$",
                "odds_format": "decimal",
                "min_bet": 1.0,
                "max_bet": 10000.0,
                "max_payout": 100_000.0,
                "commission_rate": 0.05,
            },
            "layout": {
                "show_promotions_banner": true,
                "show_live_scores": true,
                "show_trending_events": true,
                "sidebar_position": "left",
                "compact_mode": false,
            },
            "operator": {
                "id": 7,
                "name": "Aurora \"A\" & Co",
                "subdomain": "aurora",
                "created_at": "2025-03-01T12:00:00Z",
            },
        }});
        assert_eq!(answer(&BrandingSettings::default()), expected);
    }

    #[test]
    fn money_is_shown_exactly_in_the_operators_currency() {
        let settings = BrandingSettings::default();
        let text = answer_text(&settings, &usd());
        for member in [
            r#""min_bet":1.00,"#,
            r#""max_bet":10000.00,"#,
            r#""max_payout":100000.00,"#,
        ] {
            assert!(text.contains(member), "{member}");
        }
        let yen = BettingLimits::of_new_operator(Currency::parse("JPY").unwrap());
        let text = answer_text(&settings, &yen);
        for member in [
            r#""min_bet":1,"#,
            r#""default_currency":"JPY""#,
            r#""currency_symbol":"¥""#,
        ] {
            assert!(text.contains(member), "{member}");
        }
        let francs = BettingLimits::of_new_operator(Currency::parse("CHF").unwrap());
        assert!(answer_text(&settings, &francs).contains(r#""currency_symbol":"CHF""#));
    }

    #[test]
    fn stored_settings_lie_deeply_over_the_defaults() {
        let stored = json!({
            "theme": { "primary_color": "#123456" },
            "branding": { "social_links": { "twitter": "https://x.example/aurora" } },
            "features": { "cash_out": false },
        });
        let settings = BrandingSettings::from_stored(&raw(&stored));
        let mut expected = answer(&BrandingSettings::default());
        let branding = &mut expected["branding"];
        branding["theme"]["primary_color"] = json!("#123456");
        branding["branding"]["social_links"]["twitter"] = json!("https://x.example/aurora");
        branding["features"]["cash_out"] = json!(false);
        assert_eq!(answer(&settings), expected);
    }

    #[test]
    fn what_is_bad_in_the_database_counts_as_not_set() {
        for stored in [
            json!(null),
            json!("text"),
            json!({ "theme": "default", "currency": "USD", "timezone": "UTC", "max_bet_amount": 10000 }),
            json!({ "theme": { "primary_color": "</style>" }, "branding": null }),
            json!({ "betting": { "min_bet": 5, "default_currency": "EUR", "commission_rate": "0.1" } }),
            json!({ "branding": { "contact_email": null, "welcome_message": "<script>" } }),
        ] {
            let settings = BrandingSettings::from_stored(&raw(&stored));
            assert_eq!(settings, BrandingSettings::default(), "{stored}");
        }
    }

    #[test]
    fn updates_add_up_and_null_puts_back_the_default() {
        let body = json!({
            "theme": { "primary_color": "#111", "text_color": "#eee" },
            "branding": { "social_links": { "facebook": "https://f.example/a", "telegram": "https://t.example/a" } },
        });
        let first = update(&body).unwrap().settings;
        let body = json!({
            "theme": { "primary_color": null, "accent_color": "#abc" },
            "branding": { "social_links": { "telegram": null } },
            "layout": { "compact_mode": null },
        });
        let second = first.updated(usd(), &raw(&body)).unwrap().settings;
        let expected = json!({
            "theme": { "text_color": "#eee", "accent_color": "#abc" },
            "branding": { "social_links": { "facebook": "https://f.example/a" } },
        });
        assert_eq!(serde_json::to_value(&second).unwrap(), expected);
    }

    #[test]
    fn what_is_stored_is_read_back() {
        let body = raw_text(
            r#"{"betting": {"commission_rate": 0.0725, "odds_format": "american", "currency_symbol": "US$"},
                "branding": {"contact_email": "help@aurora.example", "support_phone": "+44 (0)20 7946 0000",
                             "logo_url": "/logo.svg", "footer_text": "18+ · Play safe"},
                "features": {"live_streaming": true}, "layout": {"sidebar_position": "right"}}"#,
        );
        let settings = BrandingSettings::default()
            .updated(usd(), &body)
            .unwrap()
            .settings;
        let stored = raw_text(&serde_json::to_string(&settings).unwrap());
        assert_eq!(BrandingSettings::from_stored(&stored), settings);
        assert!(stored.get().contains(r#""commission_rate":0.0725"#));
    }

    #[test]
    fn an_answer_without_its_operator_can_be_sent_back() {
        let text = answer_text(&BrandingSettings::default(), &usd());
        let mut answer: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&text).unwrap();
        let branding = answer.remove("branding").unwrap();
        let mut groups: BTreeMap<String, Box<RawValue>> = serde_json::from_str(branding.get()).unwrap();
        groups.remove("operator");
        let body = raw_text(&serde_json::to_string(&groups).unwrap());
        let update = BrandingSettings::default().updated(usd(), &body).unwrap();
        assert_eq!(update.limits, usd());
        assert_eq!(answer_text(&update.settings, &update.limits), text);
    }

    #[test]
    fn every_injection_is_refused_and_names_its_field() {
        let markup = [
            "</script><script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>",
            "#fff;}body{display:none",
            r"\u003cscript\u003e",
            "{{7*7}}",
            "a\u{0}b",
            "line\nbreak",
            "abc\u{202e}cba",
            "a\u{2029}b",
        ];
        let texts = SPECS.iter().filter(|spec| !matches!(&spec.kind, Kind::Limit(_)));
        for path in texts.map(|spec| spec.path) {
            for text in markup {
                assert_eq!(bad_fields(&nested(path, &json!(text))), [path], "{text}");
            }
        }
        for path in [
            "branding.logo_url",
            "branding.favicon_url",
            "branding.social_links.facebook",
        ] {
            for text in [
                "javascript:alert(1)",
                "//evil.example/x",
                "data:text/html,x",
                "https://a@evil.example/",
            ] {
                assert_eq!(bad_fields(&nested(path, &json!(text))), [path], "{text}");
            }
        }
        let path = "branding.social_links.telegram";
        assert_eq!(bad_fields(&nested(path, &json!("/path/here"))), [path]);
        let path = "branding.contact_email";
        for text in [
            "a",
            "a@b",
            "@b.example",
            "a b@c.example",
            "\"a\"@c.example",
            "a@c.example?bcc=x",
            "a@b@c.example",
        ] {
            assert_eq!(bad_fields(&nested(path, &json!(text))), [path], "{text}");
        }
    }

    #[test]
    fn json_of_another_type_is_refused() {
        for spec in SPECS {
            let is_flag = matches!(&spec.kind, Kind::Kept(Kept::Flag(_)));
            for value in [json!([]), json!({}), json!(-1), json!("yes"), json!(true)] {
                let is_free = matches!(&spec.kind, Kind::Kept(Kept::Text(..) | Kept::CurrencySymbol(_)));
                if (is_flag && value.is_boolean()) || (is_free && value.is_string()) {
                    continue;
                }
                assert_eq!(bad_fields(&nested(spec.path, &value)), [spec.path], "{value}");
            }
        }
        for group in [
            "theme",
            "branding",
            "branding.social_links",
            "features",
            "betting",
            "layout",
        ] {
            for value in [json!(null), json!("default"), json!([]), json!(1)] {
                let errors = update(&nested(group, &value)).unwrap_err();
                assert_eq!(errors, [FieldError::new(group, "must be an object")], "{value}");
            }
        }
        assert_eq!(bad_fields(&json!([])), ["body"]);
    }

    #[test]
    fn what_does_not_exist_is_refused_by_its_dotted_name() {
        let body = json!({
            "theme": { "primaryColor": "#fff", "custom_css": "*{}" },
            "branding": { "foo": 1, "social_links": { "myspace": "" } },
            "theme.primary_color": "#fff",
            "default_user_balance": 1_000_000,
            "operator": { "id": 1 },
            "": {},
        });
        let mut named = bad_fields(&body);
        named.sort();
        let expected = [
            "",
            "branding.foo",
            "branding.social_links.myspace",
            "default_user_balance",
            "operator",
            "theme.custom_css",
            "theme.primaryColor",
            "theme.primary_color",
        ];
        assert_eq!(named, expected);
        let errors = update(&json!({ "branding": { "foo": 1 } })).unwrap_err();
        assert_eq!(
            errors.first().unwrap().to_string(),
            "branding.foo is not a known field"
        );
    }

    #[test]
    fn texts_have_limits() {
        for (path, max) in [
            ("branding.welcome_message", 200),
            ("branding.footer_text", 300),
            ("branding.support_phone", 40),
            ("betting.currency_symbol", 8),
        ] {
            assert!(update(&nested(path, &json!("é".repeat(max)))).is_ok(), "{path}");
            assert_eq!(bad_fields(&nested(path, &json!("é".repeat(max + 1)))), [path]);
        }
        assert_eq!(
            bad_fields(&nested("betting.currency_symbol", &json!(" "))),
            ["betting.currency_symbol"]
        );
    }

    #[test]
    fn limits_are_read_exactly_and_kept_apart() {
        let body =
            raw_text(r#"{"betting": {"min_bet": 0.50, "max_bet": 2500.75, "max_payout": 90000000000.01}}"#);
        let update = BrandingSettings::default().updated(usd(), &body).unwrap();
        assert_eq!(update.settings, BrandingSettings::default());
        assert_eq!(update.limits.min_bet, Minor::new(50));
        assert_eq!(update.limits.max_bet, Minor::new(250_075));
        assert_eq!(update.limits.max_payout, Minor::new(9_000_000_000_001));
        let reset = raw(&json!({ "betting": { "min_bet": null, "max_bet": null, "max_payout": null } }));
        assert_eq!(
            update.settings.updated(update.limits, &reset).unwrap().limits,
            usd()
        );
        for amount in ["0", "-1", "0.001", "1e3", "\"5\"", "true", "999999999999999"] {
            let body = raw_text(&format!(r#"{{"betting": {{"max_bet": {amount}}}}}"#));
            let errors = BrandingSettings::default().updated(usd(), &body).unwrap_err();
            assert_eq!(errors.len(), 1, "{amount}");
            assert_eq!(errors.first().unwrap().field, "betting.max_bet", "{amount}");
        }
    }

    #[test]
    fn limits_must_be_in_order() {
        for (betting, field, detail) in [
            (
                json!({ "min_bet": 20000 }),
                "betting.min_bet",
                "must be at most betting.max_bet, which is 10000.00",
            ),
            (
                json!({ "max_bet": 0.5 }),
                "betting.max_bet",
                "must be at least betting.min_bet, which is 1.00",
            ),
            (
                json!({ "min_bet": 9, "max_bet": 8 }),
                "betting.max_bet",
                "must be at least betting.min_bet, which is 9.00",
            ),
            (
                json!({ "max_payout": 5 }),
                "betting.max_payout",
                "must be at least betting.max_bet, which is 10000.00",
            ),
            (
                json!({ "max_bet": 200_000 }),
                "betting.max_bet",
                "must be at most betting.max_payout, which is 100000.00",
            ),
        ] {
            let errors = update(&json!({ "betting": betting })).unwrap_err();
            assert_eq!(errors, [FieldError::new(field, detail)]);
        }
        let disorder = BettingLimits {
            max_bet: Minor::new(1),
            ..usd()
        };
        let body = raw(&json!({ "layout": { "compact_mode": true } }));
        assert!(BrandingSettings::default().updated(disorder, &body).is_ok());
    }

    #[test]
    fn the_currency_of_the_books_stays() {
        for value in [json!("EUR"), json!("usd"), json!(null), json!(1)] {
            let errors = update(&json!({ "betting": { "default_currency": value } })).unwrap_err();
            let detail = "of an operator with books can't be changed";
            assert_eq!(errors, [FieldError::new("betting.default_currency", detail)]);
        }
        assert!(update(&json!({ "betting": { "default_currency": "USD" } })).is_ok());
    }

    #[test]
    fn rates_are_decimals_from_0_to_1() {
        let rate = |text: &str| {
            let body = raw_text(&format!(r#"{{"betting": {{"commission_rate": {text}}}}}"#));
            let update = BrandingSettings::default().updated(usd(), &body);
            update.map(|update| serde_json::to_string(&update.settings).unwrap())
        };
        for (sent, kept) in [
            ("0", "0"),
            ("0.0", "0"),
            ("1", "1"),
            ("1.0000", "1"),
            ("0.05", "0.05"),
            ("0.1234", "0.1234"),
            ("0.0001", "0.0001"),
            ("0.10000000", "0.1"),
        ] {
            assert_eq!(
                rate(sent).unwrap(),
                format!(r#"{{"betting":{{"commission_rate":{kept}}}}}"#)
            );
        }
        for bad in [
            "-0.1",
            "-0",
            "1.0001",
            "2",
            "0.00001",
            "5e-2",
            "\"0.05\"",
            "99999999999",
            "[0]",
        ] {
            let errors = rate(bad).unwrap_err();
            assert_eq!(errors.first().unwrap().field, "betting.commission_rate", "{bad}");
        }
    }

    #[test]
    fn no_setting_is_listed_twice_or_below_another() {
        for (index, spec) in SPECS.iter().enumerate() {
            assert!(SPECS.iter().skip(index + 1).all(|other| other.path != spec.path));
            assert!(!settings::is_group(spec.path), "{}", spec.path);
        }
    }

    #[test]
    fn every_default_would_be_accepted() {
        for spec in SPECS {
            if let Kind::Kept(kept) = &spec.kind {
                let default = kept.default_for(Currency::USD, &aurora().name);
                let json = raw_text(&serde_json::to_string(&default).unwrap());
                assert_eq!(kept.read(&json), Ok(default), "{}", spec.path);
            }
        }
    }
}
