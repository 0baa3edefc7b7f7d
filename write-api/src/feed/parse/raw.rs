//! The feed's JSON, member by member: owns what is tolerated (one object for a list, numbers for texts, absent members).
//! Must never give a member a meaning.

use std::borrow::Cow;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A member of an object, not read yet. Its JSON is known to be well formed.
pub(crate) type Member<'a> = Option<&'a RawValue>;

/// Elements of a list.
#[derive(Debug, Default)]
pub(crate) struct Items<'a> {
    /// At most as many as the limit.
    pub(crate) list: Vec<&'a RawValue>,
    /// How many more there were.
    pub(crate) beyond: usize,
}

/// The elements of a member that is a list; one element when it stands alone; none when it is absent, `null` or an
/// empty text.
pub(crate) fn items(member: Member<'_>, limit: usize) -> Items<'_> {
    let Some(raw) = member else {
        return Items::default();
    };
    match raw.get().as_bytes() {
        [b'[', ..] => {
            let mut list = serde_json::Deserializer::from_str(raw.get());
            list.deserialize_seq(UpTo(limit)).unwrap_or_default()
        }
        b"null" => Items::default(),
        [b'"', ..] if text(member).is_empty() => Items::default(),
        _ if limit == 0 => Items {
            list: Vec::new(),
            beyond: 1,
        },
        _ => Items {
            list: vec![raw],
            beyond: 0,
        },
    }
}

struct UpTo(usize);

impl<'de> Visitor<'de> for UpTo {
    type Value = Items<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Items<'de>, A::Error> {
        let mut items = Items::default();
        while let Some(raw) = list.next_element()? {
            if items.list.len() < self.0 {
                items.list.push(raw);
            } else {
                items.beyond += 1;
            }
        }
        Ok(items)
    }
}

/// Whether this is an object.
pub(crate) fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

/// The members of an object that `T` names; `None` for anything but an object, and for one that repeats a member.
pub(super) fn object<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    // Without this, a list would be taken for an object by the position of its elements.
    if !is_object(raw) {
        return None;
    }
    serde_json::from_str(raw.get()).ok()
}

/// The trimmed text of a member; numbers and booleans as they are written; empty when absent, a list or an object.
/// Control characters become spaces, because PostgreSQL refuses some of them.
pub(crate) fn text(member: Member<'_>) -> Cow<'_, str> {
    let Some(json) = member.map(RawValue::get) else {
        return Cow::Borrowed("");
    };
    match json.as_bytes() {
        [b'"', ..] => unquoted(json),
        [b'[' | b'{', ..] | b"null" => Cow::Borrowed(""),
        _ => Cow::Borrowed(json),
    }
}

fn unquoted(json: &str) -> Cow<'_, str> {
    let inner = json.get(1..json.len() - 1).unwrap_or_default();
    if !json.contains('\\') {
        return Cow::Borrowed(inner.trim());
    }
    // Half of a surrogate pair has no text; then the escapes themselves are kept.
    serde_json::from_str::<String>(json).map_or(Cow::Borrowed(inner), |text| {
        Cow::Owned(text.replace(char::is_control, " ").trim().to_owned())
    })
}

/// Whether a `stop` member stops its owner. Only an absent, empty or plainly false one does not: in doubt, nothing is
/// offered.
pub(super) fn is_stopped(stop: Member<'_>) -> bool {
    let text = text(stop);
    !text.is_empty() && truth(&text) != Some(false)
}

/// What an `ismain` member says, if anything.
pub(crate) fn flag(member: Member<'_>) -> Option<bool> {
    truth(&text(member))
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

/// Reads a member that is there, even when it is `null`, so that it can be told from one that is not.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Member<'a>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The file, or the vendor's bare answer.
#[derive(Deserialize)]
pub(super) struct RawFile<'a> {
    #[serde(borrow)]
    pub(super) metadata: Member<'a>,
    #[serde(borrow)]
    pub(super) odds_data: Member<'a>,
    #[serde(borrow)]
    pub(super) scores: Member<'a>,
}

/// What the fetching program added.
#[derive(Default, Deserialize)]
pub(super) struct RawMetadata<'a> {
    #[serde(borrow)]
    pub(super) sport: Member<'a>,
    #[serde(borrow)]
    pub(super) fetch_timestamp: Member<'a>,
}

/// `categories` in most sports, `category` in cricket.
#[derive(Deserialize)]
pub(super) struct RawScores<'a> {
    #[serde(borrow)]
    pub(super) sport: Member<'a>,
    #[serde(borrow)]
    pub(super) ts: Member<'a>,
    #[serde(borrow)]
    pub(super) categories: Member<'a>,
    #[serde(borrow)]
    pub(super) category: Member<'a>,
}

/// A league or tournament.
#[derive(Deserialize)]
pub(super) struct RawCategory<'a> {
    #[serde(borrow)]
    pub(super) name: Member<'a>,
    #[serde(borrow)]
    matches: Member<'a>,
}

impl<'a> RawCategory<'a> {
    /// The matches: `matches` itself, or in cricket its member `match`.
    pub(super) fn matches(&self) -> Member<'a> {
        #[derive(Deserialize)]
        struct Wrapper<'a> {
            #[serde(borrow, default, deserialize_with = "present", rename = "match")]
            list: Member<'a>,
        }
        let wrapped = self.matches.and_then(object::<Wrapper<'_>>);
        wrapped.and_then(|wrapper| wrapper.list).or(self.matches)
    }
}

/// A match.
#[derive(Deserialize)]
pub(super) struct RawMatch<'a> {
    #[serde(borrow)]
    pub(super) id: Member<'a>,
    #[serde(borrow)]
    pub(super) status: Member<'a>,
    #[serde(borrow)]
    pub(super) date: Member<'a>,
    #[serde(borrow)]
    pub(super) formatted_date: Member<'a>,
    #[serde(borrow)]
    pub(super) time: Member<'a>,
    #[serde(borrow)]
    pub(super) localteam: Member<'a>,
    #[serde(borrow)]
    pub(super) visitorteam: Member<'a>,
    #[serde(borrow)]
    pub(super) awayteam: Member<'a>,
    #[serde(borrow)]
    pub(super) player_1: Member<'a>,
    #[serde(borrow)]
    pub(super) player_2: Member<'a>,
    #[serde(borrow)]
    odds: Member<'a>,
}

impl<'a> RawMatch<'a> {
    /// The markets: `odds` itself, or in cricket its member `type`.
    pub(super) fn markets(&self) -> Member<'a> {
        #[derive(Deserialize)]
        struct Wrapper<'a> {
            #[serde(borrow, default, deserialize_with = "present", rename = "type")]
            list: Member<'a>,
        }
        let wrapped = self.odds.and_then(object::<Wrapper<'_>>);
        wrapped.and_then(|wrapper| wrapper.list).or(self.odds)
    }
}

/// The name of a team or player: its member `name`, or the plain text.
pub(super) fn team_name(member: Member<'_>) -> Cow<'_, str> {
    #[derive(Deserialize)]
    struct RawTeam<'a> {
        #[serde(borrow)]
        name: Member<'a>,
    }
    match member.and_then(object::<RawTeam<'_>>) {
        Some(team) => text(team.name),
        None => text(member),
    }
}

/// A market; its bookmakers are under `bookmakers`, or in cricket under `bookmaker`.
#[derive(Deserialize)]
pub(super) struct RawMarket<'a> {
    #[serde(borrow)]
    pub(super) id: Member<'a>,
    #[serde(borrow)]
    pub(super) value: Member<'a>,
    #[serde(borrow)]
    pub(super) stop: Member<'a>,
    #[serde(borrow)]
    pub(super) bookmakers: Member<'a>,
    #[serde(borrow)]
    pub(super) bookmaker: Member<'a>,
}

/// A bookmaker's prices: all under `odds`, or in cricket under `odd` (no line), `handicap` and `total` (lines).
#[derive(Deserialize)]
pub(super) struct RawBookmaker<'a> {
    #[serde(borrow)]
    pub(super) id: Member<'a>,
    #[serde(borrow)]
    pub(super) stop: Member<'a>,
    #[serde(borrow)]
    pub(super) odds: Member<'a>,
    #[serde(borrow)]
    pub(super) odd: Member<'a>,
    #[serde(borrow)]
    pub(super) handicap: Member<'a>,
    #[serde(borrow)]
    pub(super) total: Member<'a>,
}

/// A selection, or a line whose selections are under `odds` or `odd`.
#[derive(Deserialize)]
pub(super) struct RawOdd<'a> {
    #[serde(borrow)]
    pub(super) id: Member<'a>,
    #[serde(borrow)]
    pub(super) name: Member<'a>,
    #[serde(borrow)]
    pub(super) value: Member<'a>,
    #[serde(borrow)]
    pub(super) stop: Member<'a>,
    #[serde(borrow)]
    pub(super) ismain: Member<'a>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Member<'a>,
    #[serde(borrow)]
    pub(super) odds: Member<'a>,
    #[serde(borrow)]
    pub(super) odd: Member<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_list_is_one_or_many_or_nothing() {
        for (json, count) in [
            ("[1,2,3]", 3),
            ("[null]", 1),
            ("[]", 0),
            ("{}", 1),
            ("7", 1),
            ("\"x\"", 1),
            ("\" \"", 0),
            ("\"\"", 0),
            ("null", 0),
        ] {
            assert_eq!(items(Some(raw(json)), 9).list.len(), count, "{json}");
        }
        assert_eq!(items(None, 9).list.len(), 0);
        let bounded = items(Some(raw("[1,2,3,4]")), 1);
        assert_eq!((bounded.list.len(), bounded.beyond), (1, 3));
        let bounded = items(Some(raw("{}")), 0);
        assert_eq!((bounded.list.len(), bounded.beyond), (0, 1));
    }

    #[test]
    fn a_text_is_trimmed_and_numbers_are_exact() {
        for (json, expected) in [
            (r#"" Bluewater ""#, "Bluewater"),
            (r#""say \"go\"\u0000\n""#, r#"say "go""#),
            (r#""A\u00e9\ud83e\udd4a""#, "Aé🥊"),
            (r#""half \ud83e""#, r"half \ud83e"),
            (r#""""#, ""),
            ("1.10", "1.10"),
            ("12345678901234567890123", "12345678901234567890123"),
            ("true", "true"),
            ("null", ""),
            ("{\"a\":1}", ""),
            ("[\"a\"]", ""),
        ] {
            assert_eq!(text(Some(raw(json))), expected, "{json}");
        }
    }

    #[test]
    fn a_stop_is_believed_and_doubt_stops() {
        for (json, stopped) in [
            (r#""True""#, true),
            (r#""true""#, true),
            ("true", true),
            (r#""1""#, true),
            (r#""maybe""#, true),
            (r#""False""#, false),
            (r#""false""#, false),
            ("false", false),
            ("0", false),
            ("null", false),
            (r#""""#, false),
        ] {
            assert_eq!(is_stopped(Some(raw(json))), stopped, "{json}");
        }
        assert!(!is_stopped(None));
    }

    #[test]
    fn a_list_is_no_object_and_a_repeated_member_is_none_either() {
        assert!(object::<RawOdd<'_>>(raw("{}")).is_some());
        for json in ["[]", r#"["1","Home"]"#, "null", "3", r#"{"id":1,"id":2}"#] {
            assert!(object::<RawOdd<'_>>(raw(json)).is_none(), "{json}");
        }
    }
}
