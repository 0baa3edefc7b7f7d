//! What staff change and where it shows: one kind of data of one operator each. Must never ask for a change that is none.

use std::sync::Arc;

use serde_json::{Value, json};
use shared::coherence::{Kind, Topic};
use shared::ids::Version;

use crate::dice::Dice;
use crate::people::Operator;
use crate::wire::request;

/// An event of the sample feed.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) sport: String,
    pub(super) id: String,
}

/// One kind of data of one operator, and the page that shows it.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) operator: Arc<Operator>,
    pub(super) kind: Kind,
    pub(super) page: Arc<[u8]>,
    event: Arc<Event>,
}

/// The kinds that staff change by themselves.
const KINDS: [Kind; 4] = [Kind::Theme, Kind::Branding, Kind::Operator, Kind::DisabledEvents];

impl Subject {
    /// All that is changed of an operator; `event` is switched on and off.
    pub(super) fn all_of(operator: &Arc<Operator>, event: &Arc<Event>) -> Vec<Self> {
        KINDS
            .map(|kind| Self {
                operator: Arc::clone(operator),
                kind,
                page: request(&page(&operator.subdomain, kind, &event.sport)).into(),
                event: Arc::clone(event),
            })
            .to_vec()
    }

    /// What has versions here.
    pub(super) fn topic(&self) -> Topic {
        Topic::of(self.operator.id, self.kind)
    }

    /// The path and the body of a change by staff.
    pub(super) fn change(&self, dice: &Dice) -> (String, Value) {
        let operator = &self.operator.subdomain;
        let color = format!("#{:06x}", dice.below(0x100_0000));
        let Event { sport, id } = self.event.as_ref();
        match self.kind {
            Kind::Theme => (
                format!("/api/save-theme/{operator}"),
                json!({"primaryColor": color}),
            ),
            Kind::Branding => (
                format!("/api/branding/{operator}/update"),
                json!({"theme": {"primary_color": color}}),
            ),
            Kind::DisabledEvents => (
                format!("/api/admin/{operator}/betting-events/{id}/toggle"),
                json!({"sport": sport}),
            ),
            _ => (format!("/api/admin/{operator}/toggle-casino"), json!({})),
        }
    }

    /// The versions of this operator's data that the header `Edgebook-Version` of its page tells of. What it does not
    /// tell of, although the page shows it, was never changed.
    pub(super) fn told(&self, header: &str) -> Vec<(Topic, Version)> {
        let mut told: Vec<(Topic, Version)> = header
            .split(',')
            .filter_map(|one| {
                let (kind, version) = one.trim().split_once('=')?;
                let (kind, version) = (kind.parse().ok()?, version.parse().ok()?);
                let is_own = KINDS.contains(&kind);
                is_own.then(|| (Topic::of(self.operator.id, kind), Version::new(version)))
            })
            .collect();
        if told.iter().all(|(topic, _)| *topic != self.topic()) {
            told.push((self.topic(), Version::NONE));
        }
        told
    }
}

fn page(operator: &str, kind: Kind, sport: &str) -> String {
    match kind {
        Kind::Theme => format!("/api/theme-css/{operator}"),
        Kind::Branding => format!("/api/branding/{operator}"),
        Kind::DisabledEvents => format!("/api/sports/events/{sport}?operator={operator}"),
        _ => format!("/api/{operator}/casino-enabled"),
    }
}

#[cfg(test)]
mod tests {
    use shared::ids::OperatorId;

    use super::*;

    fn subject(kind: Kind) -> Subject {
        let operator = Operator {
            id: OperatorId::new(7),
            subdomain: "aurora".into(),
            staff_token: "t".into(),
        };
        let event = Event {
            sport: "soccer".to_owned(),
            id: "e1".to_owned(),
        };
        let all = Subject::all_of(&Arc::new(operator), &Arc::new(event));
        all.into_iter().find(|subject| subject.kind == kind).unwrap()
    }

    #[test]
    fn a_page_tells_the_versions_of_all_that_it_shows() {
        let of = |kind, version| (Topic::of(OperatorId::new(7), kind), Version::new(version));
        for (kind, header, told) in [
            (Kind::Theme, "theme=3", vec![of(Kind::Theme, 3)]),
            (
                Kind::Branding,
                "branding=2, operator=9",
                vec![of(Kind::Branding, 2), of(Kind::Operator, 9)],
            ),
            (
                Kind::DisabledEvents,
                "feed:soccer=1",
                vec![of(Kind::DisabledEvents, 0)],
            ),
            (Kind::Operator, "", vec![of(Kind::Operator, 0)]),
        ] {
            assert_eq!(subject(kind).told(header), told, "{header}");
        }
    }

    #[test]
    fn an_event_is_switched_in_its_sport_and_shows_in_its_list() {
        let subject = subject(Kind::DisabledEvents);
        let (path, body) = subject.change(&Dice::seeded(1));
        assert_eq!(path, "/api/admin/aurora/betting-events/e1/toggle");
        assert_eq!(body, json!({"sport": "soccer"}));
        let page = str::from_utf8(&subject.page).unwrap();
        assert!(
            page.starts_with("GET /api/sports/events/soccer?operator=aurora HTTP/1.1\r\n"),
            "{page}"
        );
    }
}
