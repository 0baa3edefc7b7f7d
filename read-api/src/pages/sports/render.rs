//! What pages are told of sports and their events: made from the catalogue, less what an operator does not offer.
//! Must never pass a price through a binary float.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use shared::sports::Sport;
use time::{OffsetDateTime, UtcOffset};
use utoipa::ToSchema;

use super::event::{Event, LineKind, Market, Selection};
use super::legacy_odds::{LegacyOdd, LegacyOdds, legacy_odds};

/// What one operator does not offer.
#[derive(Debug, Default)]
pub(super) struct Disabled {
    scopes: HashMap<Sport, HashMap<Box<str>, Scope>>,
    /// Single selections, by event and market.
    selections: HashMap<Sport, HashMap<Box<str>, Selections>>,
}

/// Ids of selections by the ids of their markets.
type Selections = HashMap<Box<str>, HashSet<Box<str>>>;

/// How much of an event is not offered.
#[derive(Debug)]
enum Scope {
    All,
    Markets(HashSet<Box<str>>),
}

impl Disabled {
    /// Adds one selection of a market, one market of an event, or the whole event without a market.
    pub(super) fn add(
        &mut self,
        sport: Sport,
        event_id: String,
        market_id: Option<String>,
        selection_id: Option<String>,
    ) {
        let market_id = match (market_id, selection_id) {
            (Some(market_id), Some(selection_id)) => {
                let events = self.selections.entry(sport).or_default();
                let markets = events.entry(event_id.into()).or_default();
                markets
                    .entry(market_id.into())
                    .or_default()
                    .insert(selection_id.into());
                return;
            }
            (market_id, _) => market_id,
        };
        let scope = self
            .scopes
            .entry(sport)
            .or_default()
            .entry(event_id.into())
            .or_insert_with(|| Scope::Markets(HashSet::new()));
        match (market_id, &mut *scope) {
            (None, _) => *scope = Scope::All,
            (Some(market_id), Scope::Markets(markets)) => {
                markets.insert(market_id.into());
            }
            (Some(_), Scope::All) => {}
        }
    }

    /// The same events, but single selections that are not offered are suspended: they keep their places, because pages
    /// label positions.
    pub(super) fn without_selections<'a>(&self, sport: Sport, events: &'a [Event]) -> Cow<'a, [Event]> {
        let Some(disabled) = self.selections.get(&sport) else {
            return Cow::Borrowed(events);
        };
        let mut events = events.to_vec();
        for event in &mut events {
            let Some(markets) = disabled.get(&event.id) else {
                continue;
            };
            for market in &mut event.markets {
                let Some(selections) = markets.get(&market.id) else {
                    continue;
                };
                for selection in &mut market.selections {
                    selection.suspended |= selections.contains(&selection.id);
                }
            }
        }
        Cow::Owned(events)
    }

    /// The markets that are left, in feed order.
    fn offered<'a>(&self, sport: Sport, event: &'a Event) -> Vec<&'a Market> {
        let scope = self.scopes.get(&sport).and_then(|events| events.get(&event.id));
        let is_offered = |market: &&Market| match scope {
            None => true,
            Some(Scope::All) => false,
            Some(Scope::Markets(markets)) => !markets.contains(&market.id),
        };
        event.markets.iter().filter(is_offered).collect()
    }
}

/// A sport in the list of sports.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SportView {
    /// Events on offer.
    pub(super) count: usize,
    #[schema(example = "Soccer")]
    display_name: &'static str,
    /// An emoji.
    icon: &'static str,
    /// Whether matches usually end in a draw, too.
    has_draw: bool,
}

impl SportView {
    /// The view of a sport with these events. Those without a market are not counted, as they are not listed.
    pub(super) fn new(sport: Sport, events: &[Event]) -> Self {
        let is_listed = |event: &&Event| !event.markets.is_empty();
        Self {
            count: events.iter().filter(is_listed).count(),
            display_name: sport.name(),
            icon: sport.icon(),
            has_draw: sport.has_draw(),
        }
    }
}

/// An event in the list of a sport's events.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventView<'a> {
    id: &'a str,
    /// The same as `id`.
    match_id: &'a str,
    home_team: &'a str,
    away_team: &'a str,
    /// Day of the start in UTC.
    #[schema(example = "05.10.2025")]
    date: String,
    /// Time of the start in UTC.
    #[schema(example = "18:30")]
    time: String,
    /// Start in UTC.
    #[schema(format = DateTime, example = "2025-10-05T18:30:00Z")]
    starts_at: String,
    league: &'a str,
    status: &'a str,
    /// The sport's key.
    sport: &'static str,
    /// Prices for pages that know a selection by its position.
    #[schema(value_type = BTreeMap<String, LegacyOdd<'a>>)]
    odds: LegacyOdds<'a>,
    /// Everything that is offered, suspended or not, in feed order.
    markets: Vec<MarketView<'a>>,
}

/// A market of an event.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MarketView<'a> {
    id: &'a str,
    name: &'a str,
    key: &'a str,
    suspended: bool,
    #[schema(value_type = Vec<SelectionView<'a>>)]
    #[serde(serialize_with = "selections")]
    selections: &'a [Selection],
}

/// A possible outcome of a market. `line`, `line_kind` and `main` are absent when the feed does not give them.
#[derive(Debug, Serialize, ToSchema)]
struct SelectionView<'a> {
    id: &'a str,
    name: &'a str,
    /// The handicap or total.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2.5")]
    line: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_kind: Option<LineKind>,
    /// Whether the line is the market's main one.
    #[serde(skip_serializing_if = "Option::is_none")]
    main: Option<bool>,
    /// Decimal odds; null when there is no price.
    #[schema(value_type = Option<f64>, required, example = 1.85)]
    odds: Option<Odds>,
    suspended: bool,
}

/// The views of a sport's events, in their order. An event of which no market is offered is left out.
pub(super) fn events<'a>(sport: Sport, events: &'a [Event], disabled: &Disabled) -> Vec<EventView<'a>> {
    let view = |event| {
        let markets = disabled.offered(sport, event);
        (!markets.is_empty()).then(|| EventView::new(sport, event, &markets))
    };
    events.iter().filter_map(view).collect()
}

impl<'a> EventView<'a> {
    fn new(sport: Sport, event: &'a Event, markets: &[&'a Market]) -> Self {
        let at = event.starts_at.to_offset(UtcOffset::UTC);
        Self {
            id: &event.id,
            match_id: &event.id,
            home_team: &event.home,
            away_team: &event.away,
            date: date(at),
            time: time_of_day(at),
            starts_at: timestamp(at),
            league: &event.league,
            status: status(&event.status_text),
            sport: sport.key(),
            odds: legacy_odds(sport, event, markets),
            markets: markets.iter().copied().map(MarketView::new).collect(),
        }
    }
}

impl<'a> MarketView<'a> {
    fn new(market: &'a Market) -> Self {
        Self {
            id: &market.id,
            name: &market.name,
            key: &market.key,
            suspended: market.suspended,
            selections: &market.selections,
        }
    }
}

impl<'a> SelectionView<'a> {
    fn new(selection: &'a Selection) -> Self {
        Self {
            id: &selection.id,
            name: &selection.name,
            line: selection.line.as_deref(),
            line_kind: selection.line_kind,
            main: selection.is_main,
            odds: selection.price_milli.map(Odds),
            suspended: selection.suspended,
        }
    }
}

fn selections<S: Serializer>(selections: &&[Selection], out: S) -> Result<S::Ok, S::Error> {
    out.collect_seq(selections.iter().map(SelectionView::new))
}

fn date(at: OffsetDateTime) -> String {
    format!("{:02}.{:02}.{:04}", at.day(), u8::from(at.month()), at.year())
}

fn time_of_day(at: OffsetDateTime) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

fn timestamp(at: OffsetDateTime) -> String {
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second) = at.to_hms();
    let month = u8::from(month);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The feed's status; a time of day stands where the match has not started.
fn status(text: &str) -> &str {
    if text.is_empty() || text.contains(':') {
        "Not Started"
    } else {
        text
    }
}

/// Decimal odds in thousandths, shown as the JSON number with no more places than it needs.
#[derive(Clone, Copy, Debug)]
struct Odds(u32);

impl fmt::Display for Odds {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 1000, self.0 % 1000);
        match (part % 10, part % 100, part) {
            (_, _, 0) => write!(out, "{whole}"),
            (_, 0, _) => write!(out, "{whole}.{}", part / 100),
            (0, _, _) => write!(out, "{whole}.{:02}", part / 10),
            _ => write!(out, "{whole}.{part:03}"),
        }
    }
}

impl Serialize for Odds {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string())
            .map_err(S::Error::custom)?
            .serialize(out)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use time::macros::datetime;

    use super::super::event::testing::{event, market};
    use super::*;

    fn sport(key: &str) -> Sport {
        Sport::find(key).unwrap()
    }

    fn shown(event: Event) -> Value {
        let events = [event];
        let views = super::events(sport("soccer"), &events, &Disabled::default());
        serde_json::to_value(views).unwrap()
    }

    /// The ids of events and of their markets that are left, and the keys in `odds`.
    fn left(disabled: &Disabled) -> Value {
        let markets = || {
            vec![
                market("1", "match_result", &["Home=1.50", "Draw=4.20", "Away=6.00"]),
                market("5", "odd_even", &["Odd=1.90", "Even=1.90"]),
            ]
        };
        let mut events = [event(markets()), event(markets())];
        events[1].id = "552902".into();
        let views = super::events(sport("soccer"), &events, disabled);
        let ids = |view: &EventView<'_>| {
            let markets: Vec<_> = view.markets.iter().map(|market| market.id).collect();
            let odds: Vec<_> = view
                .odds
                .keys()
                .filter(|key| view.odds.contains_key(&*format!("{key}_market_id")))
                .collect();
            json!([view.id, markets, odds])
        };
        views.iter().map(ids).collect()
    }

    #[test]
    fn what_is_disabled_is_not_shown() {
        let both = json!([
            ["552901", ["1", "5"], ["match_result", "odd_even"]],
            ["552902", ["1", "5"], ["match_result", "odd_even"]],
        ]);
        let second = json!([["552902", ["1", "5"], ["match_result", "odd_even"]]]);
        let without_result = json!([
            ["552901", ["5"], ["odd_even"]],
            ["552902", ["1", "5"], ["match_result", "odd_even"]],
        ]);
        for (keys, expected) in [
            (&[][..], &both),
            (&[("soccer", "552901", None)], &second),
            (&[("soccer", "552901", Some("1"))], &without_result),
            (
                &[("soccer", "552901", Some("1")), ("soccer", "552901", Some("5"))],
                &second,
            ),
            (
                &[("soccer", "552901", Some("1")), ("soccer", "552901", None)],
                &second,
            ),
            (
                &[("soccer", "552901", None), ("soccer", "552901", Some("1"))],
                &second,
            ),
            (
                &[
                    ("tennis", "552901", None),
                    ("soccer", "552903", None),
                    ("soccer", "552901", Some("9")),
                ],
                &both,
            ),
        ] {
            let mut disabled = Disabled::default();
            for (key, event, market) in keys {
                disabled.add(sport(key), (*event).to_owned(), market.map(str::to_owned), None);
            }
            assert_eq!(left(&disabled), *expected, "{keys:?}");
        }
    }

    #[test]
    fn an_event_without_a_market_is_neither_listed_nor_counted() {
        assert_eq!(shown(event(vec![])), json!([]));
        let listed = event(vec![market("1", "odd_even", &[])]);
        let view = SportView::new(sport("soccer"), &[event(vec![]), listed]);
        let expected = json!({"count": 1, "display_name": "Soccer", "icon": "⚽", "has_draw": true});
        assert_eq!(serde_json::to_value(view).unwrap(), expected);
    }

    #[test]
    fn a_suspended_market_is_shown_but_has_no_legacy_odds() {
        let mut main = market("1", "home_away", &["Home=1.50 stop", "Away=2.50 stop"]);
        main.suspended = true;
        let shown = shown(event(vec![main]));
        assert_eq!(shown[0]["odds"], json!({}));
        assert_eq!(shown[0]["markets"][0]["suspended"], true);
        assert_eq!(shown[0]["markets"][0]["selections"][0]["odds"], json!(1.5));
    }

    #[test]
    fn the_start_is_shown_in_utc() {
        for (starts_at, date, time, utc) in [
            (
                datetime!(2025-10-05 18:30 UTC),
                "05.10.2025",
                "18:30",
                "2025-10-05T18:30:00Z",
            ),
            (
                datetime!(2026-01-01 01:05 +02:00),
                "31.12.2025",
                "23:05",
                "2025-12-31T23:05:00Z",
            ),
            (
                datetime!(2025-09-09 00:00:59.9 UTC),
                "09.09.2025",
                "00:00",
                "2025-09-09T00:00:59Z",
            ),
        ] {
            let mut event = event(vec![market("1", "odd_even", &["Odd=1.90"])]);
            event.starts_at = starts_at;
            let shown = shown(event);
            assert_eq!(
                [&shown[0]["date"], &shown[0]["time"], &shown[0]["starts_at"]],
                [date, time, utc]
            );
        }
    }

    #[test]
    fn a_status_without_words_means_not_started() {
        for (text, expected) in [
            ("", "Not Started"),
            ("15:00", "Not Started"),
            ("Not Started", "Not Started"),
            ("Postp.", "Postp."),
            ("17", "17"),
        ] {
            assert_eq!(status(text), expected, "{text}");
        }
    }

    #[test]
    fn odds_are_exact_numbers_without_needless_zeros() {
        for (milli, json) in [
            (1_001, "1.001"),
            (1_010, "1.01"),
            (1_100, "1.1"),
            (1_500, "1.5"),
            (1_850, "1.85"),
            (2_000, "2"),
            (10_005, "10.005"),
            (100_000_000, "100000"),
        ] {
            assert_eq!(serde_json::to_string(&Odds(milli)).unwrap(), json);
        }
    }

    #[test]
    fn an_event_of_the_standard_shape_reads_so() {
        let events = [event(vec![
            market("1", "match_result", &["Home=1.50", "Draw=4.20", "Away=6.005"]),
            market(
                "5",
                "over_under",
                &[
                    "Over@2.5=1.75 main",
                    "Under@2.5= main",
                    "Over@3=2.10",
                    "Under@3=1.70 stop",
                ],
            ),
        ])];
        let views = super::events(sport("soccer"), &events, &Disabled::default());
        let expected = concat!(
            r#"[{"id":"552901","match_id":"552901","home_team":"Ajax","away_team":"Feyenoord","#,
            r#""date":"05.10.2025","time":"18:30","starts_at":"2025-10-05T18:30:00Z","#,
            r#""league":"Netherlands: Eredivisie","status":"Not Started","sport":"soccer","odds":{"#,
            r#""has_draw":true,"match_result":["1.50","4.20","6.005"],"match_result_market_id":"1","#,
            r#""over_under":["1.75","0"],"over_under_market_id":"5"},"markets":["#,
            r#"{"id":"1","name":"Name of 1","key":"match_result","suspended":false,"selections":["#,
            r#"{"id":"Home","name":"Home","odds":1.5,"suspended":false},"#,
            r#"{"id":"Draw","name":"Draw","odds":4.2,"suspended":false},"#,
            r#"{"id":"Away","name":"Away","odds":6.005,"suspended":false}]},"#,
            r#"{"id":"5","name":"Name of 5","key":"over_under","suspended":false,"selections":["#,
            r#"{"id":"Over@2.5","name":"Over","line":"2.5","line_kind":"total","main":true,"odds":1.75,"suspended":false},"#,
            r#"{"id":"Under@2.5","name":"Under","line":"2.5","line_kind":"total","main":true,"odds":null,"suspended":false},"#,
            r#"{"id":"Over@3","name":"Over","line":"3","line_kind":"total","main":false,"odds":2.1,"suspended":false},"#,
            r#"{"id":"Under@3","name":"Under","line":"3","line_kind":"total","main":false,"odds":1.7,"suspended":true}]}]}]"#,
        );
        assert_eq!(serde_json::to_string(&views).unwrap(), expected);
    }

    #[test]
    fn an_event_of_the_cricket_shape_reads_so() {
        let mut event = event(vec![
            market("2", "home_away", &["Away=2.50", "Home=1.50"]),
            market(
                "23539",
                "match_handicap",
                &["1/-7.5 wkts@+=1.90", "2/+7.5 wkts@+=1.90"],
            ),
        ]);
        event.status_text = "".into();
        let events = [event];
        let views = super::events(sport("cricket"), &events, &Disabled::default());
        let expected = concat!(
            r#"[{"id":"552901","match_id":"552901","home_team":"Ajax","away_team":"Feyenoord","#,
            r#""date":"05.10.2025","time":"18:30","starts_at":"2025-10-05T18:30:00Z","#,
            r#""league":"Netherlands: Eredivisie","status":"Not Started","sport":"cricket","odds":{"#,
            r#""home_away":["1.50","2.50"],"home_away_market_id":"2","home_away_market_name":"Name of 2","#,
            r#""match_handicap":["1.90","1.90"],"match_handicap_market_id":"23539","#,
            r#""match_handicap_market_name":"Name of 23539","#,
            r#""match_result":["1.50","2.50"],"match_result_market_id":"2","match_result_market_name":"Name of 2"},"#,
            r#""markets":[{"id":"2","name":"Name of 2","key":"home_away","suspended":false,"selections":["#,
            r#"{"id":"Away","name":"Away","odds":2.5,"suspended":false},"#,
            r#"{"id":"Home","name":"Home","odds":1.5,"suspended":false}]},"#,
            r#"{"id":"23539","name":"Name of 23539","key":"match_handicap","suspended":false,"selections":["#,
            r#"{"id":"1/-7.5 wkts@+","name":"1/-7.5 wkts","line":"+","line_kind":"handicap","main":false,"#,
            r#""odds":1.9,"suspended":false},"#,
            r#"{"id":"2/+7.5 wkts@+","name":"2/+7.5 wkts","line":"+","line_kind":"handicap","main":false,"#,
            r#""odds":1.9,"suspended":false}]}]}]"#,
        );
        assert_eq!(serde_json::to_string(&views).unwrap(), expected);
    }
}
