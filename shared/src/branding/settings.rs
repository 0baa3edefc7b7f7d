//! Which branding settings exist: the one table of their types and defaults, and how each is read from JSON.
//! Must never list a setting twice, nor keep money: the limits have columns of their own.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::money::Currency;
use crate::theme::{Color, DisplayName, ImageUrl, ValueError, check_email, check_link, check_plain_text};

/// One setting. Its path is dotted, as in `branding.social_links.facebook`.
pub(super) struct Spec {
    pub(super) path: &'static str,
    pub(super) kind: Kind,
}

/// Where a setting lives.
pub(super) enum Kind {
    /// Among the stored settings.
    Kept(Kept),
    /// In the operator's columns; it follows the books and is never set here.
    Currency,
    /// In the operator's columns.
    Limit(Limit),
}

/// What a stored setting may hold, with its default.
pub(super) enum Kept {
    Color(&'static str),
    /// At most so many characters. `<name>` in the default stands for the operator's name.
    Text(usize, &'static str),
    Email(&'static str),
    Image,
    Link,
    Flag(bool),
    /// The first is the default.
    OneOf(&'static [&'static str]),
    /// At most so many characters; the default is that of the operator's currency.
    CurrencySymbol(usize),
    Rate(Rate),
}

/// Which of the betting limits.
#[derive(Clone, Copy)]
pub(super) enum Limit {
    MinBet,
    MaxBet,
    MaxPayout,
}

impl Limit {
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::MinBet => "betting.min_bet",
            Self::MaxBet => "betting.max_bet",
            Self::MaxPayout => "betting.max_payout",
        }
    }
}

const fn kept(path: &'static str, kept: Kept) -> Spec {
    let kind = Kind::Kept(kept);
    Spec { path, kind }
}

const fn limit(limit: Limit) -> Spec {
    let kind = Kind::Limit(limit);
    let path = limit.path();
    Spec { path, kind }
}

/// Every setting there is.
pub(super) const SPECS: &[Spec] = &[
    kept("theme.primary_color", Kept::Color("#f39c12")),
    kept("theme.secondary_color", Kept::Color("#2c3e50")),
    kept("theme.accent_color", Kept::Color("#e74c3c")),
    kept("theme.background_color", Kept::Color("#1a1a1a")),
    kept("theme.text_color", Kept::Color("#ffffff")),
    kept("theme.card_background", Kept::Color("#2d3748")),
    kept("theme.success_color", Kept::Color("#27ae60")),
    kept("theme.warning_color", Kept::Color("#f39c12")),
    kept("theme.error_color", Kept::Color("#e74c3c")),
    kept("branding.logo_url", Kept::Image),
    kept("branding.favicon_url", Kept::Image),
    kept("branding.welcome_message", Kept::Text(200, "Welcome to <name>")),
    kept(
        "branding.footer_text",
        Kept::Text(300, "© 2025 <name>. All rights reserved."),
    ),
    kept("branding.contact_email", Kept::Email("support@sportsbook.com")),
    kept("branding.support_phone", Kept::Text(40, "")),
    kept("branding.social_links.facebook", Kept::Link),
    kept("branding.social_links.twitter", Kept::Link),
    kept("branding.social_links.instagram", Kept::Link),
    kept("branding.social_links.telegram", Kept::Link),
    kept("features.live_betting", Kept::Flag(true)),
    kept("features.cash_out", Kept::Flag(true)),
    kept("features.multi_bet", Kept::Flag(true)),
    kept("features.live_streaming", Kept::Flag(false)),
    kept("features.statistics", Kept::Flag(true)),
    kept("features.promotions", Kept::Flag(true)),
    Spec {
        path: "betting.default_currency",
        kind: Kind::Currency,
    },
    kept("betting.currency_symbol", Kept::CurrencySymbol(8)),
    kept(
        "betting.odds_format",
        Kept::OneOf(&["decimal", "fractional", "american"]),
    ),
    limit(Limit::MinBet),
    limit(Limit::MaxBet),
    limit(Limit::MaxPayout),
    kept("betting.commission_rate", Kept::Rate(Rate { basis_points: 500 })),
    kept("layout.show_promotions_banner", Kept::Flag(true)),
    kept("layout.show_live_scores", Kept::Flag(true)),
    kept("layout.show_trending_events", Kept::Flag(true)),
    kept("layout.sidebar_position", Kept::OneOf(&["left", "right"])),
    kept("layout.compact_mode", Kept::Flag(false)),
];

/// The setting at `path`, if there is one.
pub(super) fn find(path: &str) -> Option<&'static Spec> {
    SPECS.iter().find(|spec| spec.path == path)
}

/// Whether settings lie below `path`.
pub(super) fn is_group(path: &str) -> bool {
    let below = |spec: &Spec| {
        let rest = spec.path.strip_prefix(path);
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    SPECS.iter().any(below)
}

/// The checked value of a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum Setting {
    Text(String),
    Flag(bool),
    Rate(Rate),
}

impl Kept {
    /// Reads a value that the settings may keep.
    pub(super) fn read(&self, json: &RawValue) -> Result<Setting, ValueError> {
        let json = json.get();
        let text = || serde_json::from_str::<String>(json).map_err(|_| ValueError::NotText);
        let checked = |check: &dyn Fn(&str) -> Result<(), ValueError>| {
            let text = text()?;
            check(&text).map(|()| Setting::Text(text))
        };
        match self {
            Self::Color(_) => checked(&|text| text.parse::<Color>().map(drop)),
            Self::Image => checked(&|text| text.parse::<ImageUrl>().map(drop)),
            Self::Link => checked(&check_link),
            Self::Email(_) => checked(&check_email),
            Self::Text(max, _) => checked(&|text| check_plain_text(text, *max)),
            Self::CurrencySymbol(max) => checked(&|text| check_symbol(text, *max)),
            Self::OneOf(texts) => checked(&|text| check_one_of(text, texts)),
            Self::Flag(_) => serde_json::from_str(json)
                .map(Setting::Flag)
                .map_err(|_| ValueError::NotFlag),
            Self::Rate(_) => Rate::parse(json).map(Setting::Rate),
        }
    }

    /// What counts while nothing is stored.
    pub(super) fn default_for(&self, currency: Currency, name: &DisplayName) -> Setting {
        match self {
            Self::Image | Self::Link => Setting::Text(String::new()),
            Self::Color(text) | Self::Email(text) => Setting::Text((*text).to_owned()),
            Self::Text(_, text) => Setting::Text(text.replace("<name>", name.as_str())),
            Self::OneOf(texts) => Setting::Text(texts.first().copied().unwrap_or("").to_owned()),
            Self::CurrencySymbol(_) => Setting::Text(symbol_of(currency)),
            Self::Flag(flag) => Setting::Flag(*flag),
            Self::Rate(rate) => Setting::Rate(*rate),
        }
    }
}

fn check_one_of(text: &str, texts: &'static [&'static str]) -> Result<(), ValueError> {
    let found = texts.contains(&text).then_some(());
    found.ok_or(ValueError::NotOneOf(texts))
}

fn check_symbol(text: &str, max_chars: usize) -> Result<(), ValueError> {
    if text.trim().is_empty() {
        return Err(ValueError::Empty);
    }
    check_plain_text(text, max_chars)
}

/// The sign of the common currencies, and of any other its code.
fn symbol_of(currency: Currency) -> String {
    let symbol = match currency.code() {
        "USD" => "$",
        "EUR" => "€",
        "GBP" => "£",
        "JPY" | "CNY" => "¥",
        "INR" => "₹",
        "KRW" => "₩",
        "BRL" => "R$",
        "CAD" => "CA$",
        "AUD" => "A$",
        "NGN" => "₦",
        "TRY" => "₺",
        "UAH" => "₴",
        code => code,
    };
    symbol.to_owned()
}

/// A share from 0 to 1 in whole ten-thousandths; shown as a plain decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    basis_points: u16,
}

const BASIS_POINTS_IN_ONE: u16 = 10_000;

impl Rate {
    /// Reads a JSON number without exponent, exactly.
    fn parse(text: &str) -> Result<Self, ValueError> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let part = part.trim_end_matches('0');
        let is_plain = [whole, part]
            .iter()
            .all(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        if !is_plain || part.len() > 4 {
            return Err(ValueError::NotRate);
        }
        let basis_points = format!("{whole}{part:0<4}").parse().ok();
        let basis_points = basis_points.filter(|points| *points <= BASIS_POINTS_IN_ONE);
        basis_points
            .map(|basis_points| Self { basis_points })
            .ok_or(ValueError::NotRate)
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (whole, part) = (
            self.basis_points / BASIS_POINTS_IN_ONE,
            self.basis_points % BASIS_POINTS_IN_ONE,
        );
        let text = format!("{whole}.{part:04}");
        let text = text.trim_end_matches('0').trim_end_matches('.').to_owned();
        let raw = RawValue::from_string(text).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}
