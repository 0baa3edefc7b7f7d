//! The sports catalogue as the database holds it: events, their markets and selections.
//! Must never hold what no page shows: a reader keeps every event of every sport in memory.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// A match.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// The feed's id.
    pub(super) id: Box<str>,
    /// Home team or first player.
    pub(super) home: Box<str>,
    /// Away team or second player.
    pub(super) away: Box<str>,
    /// The competition.
    pub(super) league: Box<str>,
    /// Start.
    pub(super) starts_at: OffsetDateTime,
    /// The status as the feed writes it; empty when it has none.
    pub(super) status_text: Box<str>,
    /// The markets in feed order, with ids that are unique in the event.
    pub(super) markets: Vec<Market>,
}

/// Something about a match that can be bet on.
#[derive(Clone, Debug)]
pub(super) struct Market {
    /// The feed's id.
    pub(super) id: Box<str>,
    /// The name that pages know the market by. Several markets of an event may share one.
    pub(super) key: Box<str>,
    /// The feed's name; may be empty.
    pub(super) name: Box<str>,
    /// Whether no bet on it is taken for now.
    pub(super) suspended: bool,
    /// The selections in feed order, with ids that are unique in the market.
    pub(super) selections: Vec<Selection>,
}

/// One possible outcome of a market, as an element of the column `markets.selections`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Selection {
    /// `<name>`, or `<name>@<line>`.
    pub(super) id: Box<str>,
    /// The feed's name, without the line; may be empty.
    pub(super) name: Box<str>,
    /// The handicap or total, as the feed writes it.
    pub(super) line: Option<Box<str>>,
    /// What the line is.
    pub(super) line_kind: Option<LineKind>,
    /// Whether the line is the market's main one, when the feed says so.
    pub(super) is_main: Option<bool>,
    /// Decimal odds in thousandths; `None` when there is no price that can be bet at.
    pub(super) price_milli: Option<u32>,
    /// The price as the feed writes it; may be empty.
    pub(super) price_text: Box<str>,
    /// Whether no bet on it is taken for now.
    pub(super) suspended: bool,
}

impl Selection {
    /// Whether it can be bet on, as far as the feed is concerned.
    pub(super) fn is_open(&self) -> bool {
        !self.suspended && self.price_milli.is_some()
    }
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum LineKind {
    /// Goals, games or points given to a side before the count.
    Handicap,
    /// The number that a total is over or under.
    Total,
}

/// Short ways to write events down.
#[cfg(test)]
pub(super) mod testing {
    use time::macros::datetime;

    use super::{Event, LineKind, Market, Selection};

    /// Ajax against Feyenoord with these markets.
    pub(crate) fn event(markets: Vec<Market>) -> Event {
        Event {
            id: "552901".into(),
            home: "Ajax".into(),
            away: "Feyenoord".into(),
            league: "Netherlands: Eredivisie".into(),
            starts_at: datetime!(2025-10-05 18:30 UTC),
            status_text: "Not Started".into(),
            markets,
        }
    }

    /// A market with these selections, see [`selection`].
    pub(crate) fn market(id: &str, key: &str, selections: &[&str]) -> Market {
        Market {
            id: id.into(),
            key: key.into(),
            name: format!("Name of {id}").into(),
            suspended: false,
            selections: selections.iter().map(|text| selection(text)).collect(),
        }
    }

    /// A selection from `<id>=<price>`, with ` stop` and ` main` behind; the id is `<name>` or `<name>@<line>`.
    fn selection(text: &str) -> Selection {
        let (id, rest) = text.split_once('=').unwrap();
        let (name, line) = id
            .split_once('@')
            .map_or((id, None), |(name, line)| (name, Some(line)));
        let mut words = rest.split(' ');
        let price_text = words.next().unwrap();
        let flags: Vec<_> = words.collect();
        let kind = if ["Over", "Under"].contains(&name) {
            LineKind::Total
        } else {
            LineKind::Handicap
        };
        Selection {
            id: id.into(),
            name: name.into(),
            line: line.map(Into::into),
            line_kind: line.map(|_| kind),
            is_main: line.map(|_| flags.contains(&"main")),
            price_milli: thousandths(price_text),
            price_text: price_text.into(),
            suspended: flags.contains(&"stop"),
        }
    }

    fn thousandths(text: &str) -> Option<u32> {
        let (whole, part) = text.split_once('.')?;
        format!("{whole}{part:0<3}").parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_is_read_from_its_column() {
        let json = r#"{"id": "Over@2.5", "name": "Over", "line": "2.5", "line_kind": "total", "is_main": true,
            "price_milli": 1850, "price_text": "1.85", "suspended": false, "feed_id": "884", "new": [1]}"#;
        let selection: Selection = serde_json::from_str(json).unwrap();
        assert_eq!(
            (&*selection.id, &*selection.name, &*selection.price_text),
            ("Over@2.5", "Over", "1.85")
        );
        assert_eq!(
            (selection.line.as_deref(), selection.line_kind),
            (Some("2.5"), Some(LineKind::Total))
        );
        assert_eq!(
            (selection.is_main, selection.price_milli),
            (Some(true), Some(1_850))
        );
        assert!(selection.is_open());
    }

    #[test]
    fn what_a_selection_lacks_may_be_absent() {
        let json = r#"{"id": "", "name": "", "price_text": "", "suspended": false}"#;
        let selection: Selection = serde_json::from_str(json).unwrap();
        assert_eq!(
            (selection.line, selection.line_kind, selection.is_main),
            (None, None, None)
        );
        assert_eq!(selection.price_milli, None);
    }

    #[test]
    fn a_selection_without_a_price_or_stopped_is_not_open() {
        for (rest, is_open) in [
            (r#""price_milli": 1500, "suspended": false"#, true),
            (r#""price_milli": 1500, "suspended": true"#, false),
            (r#""price_milli": null, "suspended": false"#, false),
        ] {
            let json = format!(r#"{{"id": "", "name": "", "price_text": "1.5", {rest}}}"#);
            let selection: Selection = serde_json::from_str(&json).unwrap();
            assert_eq!(selection.is_open(), is_open, "{rest}");
        }
    }
}
