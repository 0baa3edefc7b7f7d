//! The members of a JSON object, by name without the `@` of XML attributes. Must never choose between two of one name.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::feed::parse::raw::{Member, is_object};

/// The members of an object, not read yet.
#[derive(Debug)]
pub(super) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// A name that borrows from the JSON where nothing in it is escaped.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Members<'a> {
    /// The members of `raw`; `None` for anything but an object, and for one that repeats a member.
    pub(super) fn of(raw: &'a RawValue) -> Option<Self> {
        is_object(raw)
            .then(|| serde_json::from_str(raw.get()).ok())
            .flatten()
    }

    pub(super) fn get(&self, name: &str) -> Member<'a> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, raw)| *raw)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Collect)
    }
}

struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Members<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        /// Far more than any match has; the check for repeats below is quadratic.
        const MAX_MEMBERS: usize = 500;
        let mut members: Vec<(Cow<'de, str>, &RawValue)> = Vec::new();
        while let Some((Name(name), raw)) = map.next_entry::<Name<'de>, &RawValue>()? {
            let name = match name {
                Cow::Borrowed(name) => Cow::Borrowed(name.strip_prefix('@').unwrap_or(name)),
                Cow::Owned(name) => Cow::Owned(name.trim_start_matches('@').to_owned()),
            };
            if members.len() >= MAX_MEMBERS || members.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom("a member is repeated"));
            }
            members.push((name, raw));
        }
        Ok(Members(members))
    }
}
