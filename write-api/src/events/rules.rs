//! What an event key may stand for, and what a request asks of it.
//! Must never prefer one of several things that a key stands for.

use std::fmt;

use serde::Deserialize;
use shared::field::FieldError;
use shared::sports::Sport;
use utoipa::ToSchema;

use super::SwitchError;

/// Most events and markets that one operator may have disabled: every reader holds all of them in memory.
pub(super) const MAX_DISABLED_EVENTS: i64 = 2_000;
/// Longest event key, in characters.
const MAX_KEY_CHARS: usize = 200;

/// `<event id>`, or `<event id>_<market id>`. Ids may contain `_` themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EventKey(String);

impl EventKey {
    /// `None` for a text that can't be in the tables.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let fits = (1..=MAX_KEY_CHARS).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of a selection of the market that this key stands for.
    pub(super) fn selection(&self, id: &str) -> Self {
        Self(format!("{}_{id}", self.0))
    }

    /// Every way to read the key as an event id and a market id.
    pub(super) fn splits(&self) -> impl Iterator<Item = (&str, &str)> {
        let parts = self.0.match_indices('_');
        parts
            .map(|(at, _)| (&self.0[..at], &self.0[at + 1..]))
            .filter(|(event_id, market_id)| !event_id.is_empty() && !market_id.is_empty())
    }
}

/// An event, one market of it, or one selection of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The event's sport.
    pub sport: Sport,
    /// The event's id, unique in its sport.
    pub event_id: String,
    /// The market's id, unique in its event; `None` for the whole event.
    pub market_id: Option<String>,
    /// The selection's id, unique in its market; `None` for the whole market.
    pub selection_id: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(selection) = &self.selection_id {
            write!(out, "selection {selection} of ")?;
        }
        match &self.market_id {
            None => write!(out, "event {} in {}", self.event_id, self.sport),
            Some(market) => write!(
                out,
                "market {market} of event {} in {}",
                self.event_id, self.sport
            ),
        }
    }
}

/// The one of `places`.
pub(super) fn only(mut places: Vec<Place>) -> Result<Place, SwitchError> {
    match (places.pop(), places.is_empty()) {
        (None, _) => Err(SwitchError::NotFound),
        (Some(place), true) => Ok(place),
        (Some(place), false) => {
            places.push(place);
            Err(SwitchError::Ambiguous(places))
        }
    }
}

/// What to do with an event or a market.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ToggleEvent {
    /// Not offered, or offered. Safe to repeat. Left out: the other way than it is now.
    #[serde(default, deserialize_with = "shared::http::present")]
    #[schema(value_type = bool, required = false)]
    disabled: Option<bool>,
    /// The same in the words of legacy pages.
    #[serde(default, deserialize_with = "shared::http::present")]
    #[schema(value_type = Status, required = false)]
    status: Option<Status>,
    /// The event's sport: needed where events of several sports have the same id.
    sport: Option<String>,
    /// Only this selection of the market that the key stands for.
    selection_id: Option<String>,
}

/// Whether an event is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// It is offered.
    Active,
    /// It is not.
    Disabled,
}

/// A request that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// `None`: the other way than it is.
    pub(super) disabled: Option<bool>,
    /// `None`: whichever has the event.
    pub(super) sport: Option<Sport>,
    /// `None`: all of the event or market.
    pub(super) selection: Option<String>,
}

impl ToggleEvent {
    /// Reads what is asked, with `query_sport` from the URL.
    pub(super) fn understood(&self, query_sport: Option<&str>) -> Result<Asked, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut refuse = |field: &str, detail: &str| errors.push(FieldError::new(field, detail));
        let status = self.status.map(|status| status == Status::Disabled);
        if self.disabled.is_some() && status.is_some() && self.disabled != status {
            refuse("status", "contradicts disabled");
        }
        let body_sport = self.sport.as_deref();
        if body_sport.is_some() && query_sport.is_some() && body_sport != query_sport {
            refuse("sport", "differs between the body and the URL");
        }
        let key = body_sport.or(query_sport);
        let sport = key.and_then(Sport::find);
        if key.is_some() && sport.is_none() {
            refuse("sport", "is not a known sport");
        }
        let selection = self.selection_id.clone();
        if selection.as_ref().is_some_and(|id| EventKey::parse(id).is_none()) {
            errors.push(FieldError::new(
                "selection_id",
                format!("must be text of 1 to {MAX_KEY_CHARS} characters"),
            ));
        }
        if errors.is_empty() {
            Ok(Asked {
                disabled: self.disabled.or(status),
                sport,
                selection,
            })
        } else {
            Err(errors)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(sport: &str, event_id: &str, market_id: Option<&str>) -> Place {
        Place {
            sport: Sport::find(sport).unwrap(),
            event_id: event_id.to_owned(),
            market_id: market_id.map(str::to_owned),
            selection_id: None,
        }
    }

    fn read(body: &str, query_sport: Option<&str>) -> Result<Asked, Vec<String>> {
        let toggle: ToggleEvent = serde_json::from_str(body).unwrap();
        let read = toggle.understood(query_sport);
        read.map_err(|errors| errors.into_iter().map(|error| error.field).collect())
    }

    #[test]
    fn a_key_is_split_in_every_way() {
        for (key, expected) in [
            ("4711", vec![]),
            ("4711_2", vec![("4711", "2")]),
            ("4711_2_b", vec![("4711", "2_b"), ("4711_2", "b")]),
            ("_a__", vec![("_a", "_")]),
            ("_", vec![]),
        ] {
            let key = EventKey::parse(key).unwrap();
            let splits: Vec<_> = key.splits().collect();
            assert_eq!(splits, expected, "{key:?}");
        }
    }

    #[test]
    fn what_can_not_be_a_key_is_none() {
        let long = "é".repeat(201);
        for text in ["", "a\u{0}", "a\n", long.as_str()] {
            assert_eq!(EventKey::parse(text), None, "{text:?}");
        }
        assert!(EventKey::parse(&"é".repeat(200)).is_some());
    }

    #[test]
    fn a_key_must_stand_for_exactly_one_thing() {
        let soccer = place("soccer", "1", None);
        let hockey = place("hockey", "1", None);
        assert_eq!(only(vec![soccer.clone()]).unwrap(), soccer);
        assert!(matches!(only(Vec::new()), Err(SwitchError::NotFound)));
        match only(vec![hockey.clone(), soccer.clone()]) {
            Err(SwitchError::Ambiguous(places)) => assert_eq!(places, [hockey, soccer]),
            other => panic!("{other:?}"),
        }
        let market = place("soccer", "1", Some("2"));
        assert_eq!(market.to_string(), "market 2 of event 1 in soccer");
    }

    #[test]
    fn a_request_may_say_how_it_should_be() {
        for (body, disabled) in [
            ("{}", None),
            (r#"{"disabled":true}"#, Some(true)),
            (r#"{"disabled":false}"#, Some(false)),
            (r#"{"status":"disabled"}"#, Some(true)),
            (r#"{"status":"active"}"#, Some(false)),
            (r#"{"status":"active","disabled":false}"#, Some(false)),
        ] {
            let sport = None;
            assert_eq!(
                read(body, None),
                Ok(Asked {
                    disabled,
                    sport,
                    selection: None
                }),
                "{body}"
            );
        }
        assert!(
            serde_json::from_str::<ToggleEvent>(r#"{"disabled":null}"#).is_err(),
            "null says nothing"
        );
    }

    #[test]
    fn a_sport_may_be_in_the_body_or_the_url() {
        let soccer = Sport::find("soccer");
        for (body, query) in [
            (r#"{"sport":"soccer"}"#, None),
            ("{}", Some("soccer")),
            (r#"{"sport":"soccer"}"#, Some("soccer")),
        ] {
            let asked = read(body, query).unwrap();
            assert_eq!(asked.sport, soccer, "{body}");
        }
    }

    #[test]
    fn contradictions_and_unknown_sports_are_refused_by_name() {
        for (body, query, fields) in [
            (r#"{"disabled":true,"status":"active"}"#, None, vec!["status"]),
            (r#"{"sport":"chess"}"#, None, vec!["sport"]),
            ("{}", Some(""), vec!["sport"]),
            (r#"{"sport":"soccer"}"#, Some("hockey"), vec!["sport"]),
            (
                r#"{"sport":"chess","disabled":false,"status":"disabled"}"#,
                None,
                vec!["status", "sport"],
            ),
        ] {
            let fields = fields.into_iter().map(str::to_owned).collect();
            assert_eq!(read(body, query), Err(fields), "{body}");
        }
    }
}
