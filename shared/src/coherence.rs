//! The words that the writer and the readers say to each other about changes: kinds, versions, the signed push.
//! Must never order changes by time.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use crate::ids::{OperatorId, Version};
use crate::sports::Sport;

mod signature;

pub use signature::{SignatureError, Signed, WebhookSecrets};

/// The path on a reader that takes a push.
pub const PUSH_PATH: &str = "/internal/coherence";

/// The response header that tells which version of the data was served: `<kind>=<version>`, comma separated.
pub const VERSION_HEADER: &str = "edgebook-version";

/// The request header that tells which versions an answer must have at least, in the same form.
pub const MIN_VERSION_HEADER: &str = "edgebook-min-version";

/// What sort of cached data a version belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An operator's existence, name, status and casino switch.
    Operator,
    /// An operator's branding settings and limits.
    Branding,
    /// An operator's theme.
    Theme,
    /// The events and markets that an operator does not offer.
    DisabledEvents,
    /// The events of one sport; belongs to the platform.
    Feed(Sport),
    /// Leaderboards.
    Leaderboard,
    /// Theme templates; belong to the platform.
    Templates,
}

impl Kind {
    /// Whether old bytes may be served while new ones are fetched. Where not, a reader waits a little for them.
    pub const fn is_soft(self) -> bool {
        !matches!(self, Self::Operator | Self::DisabledEvents)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => out.write_str("operator"),
            Self::Branding => out.write_str("branding"),
            Self::Theme => out.write_str("theme"),
            Self::DisabledEvents => out.write_str("disabled_events"),
            Self::Feed(sport) => write!(out, "feed:{}", sport.key()),
            Self::Leaderboard => out.write_str("leaderboard"),
            Self::Templates => out.write_str("templates"),
        }
    }
}

/// A text that names no kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a kind of cached data")]
pub struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        match text {
            "operator" => Ok(Self::Operator),
            "branding" => Ok(Self::Branding),
            "theme" => Ok(Self::Theme),
            "disabled_events" => Ok(Self::DisabledEvents),
            "leaderboard" => Ok(Self::Leaderboard),
            "templates" => Ok(Self::Templates),
            _ => {
                let sport = text.strip_prefix("feed:").and_then(Sport::find);
                sport.map(Self::Feed).ok_or(UnknownKind)
            }
        }
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// One thing that has versions: a kind of data of an operator, or of the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct Topic {
    /// Whose data; 0 is the platform.
    pub operator_id: OperatorId,
    /// Which data.
    #[schema(value_type = String, example = "theme")]
    pub kind: Kind,
}

impl Topic {
    /// The topic of an operator's data.
    pub const fn of(operator_id: OperatorId, kind: Kind) -> Self {
        Self { operator_id, kind }
    }

    /// The topic of a sport's events.
    pub const fn feed(sport: Sport) -> Self {
        Self::of(OperatorId::PLATFORM, Kind::Feed(sport))
    }
}

/// A committed change: its topic has this version now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// What changed.
    #[serde(flatten)]
    pub topic: Topic,
    /// The version after the change.
    pub version: Version,
}

/// What readers do with data that is older than a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Older {
    /// They may serve it until they have newer data, for as long as [`Kind::is_soft`] says, and when none can be had.
    #[default]
    Kept,
    /// They never serve it again. Only a hard purge asks for this.
    Dropped,
}

/// Which history of the data versions belong to, as the database's function `data_epoch` names it. In another one the
/// same version may stand for other data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(Box<str>);

impl From<String> for Epoch {
    fn from(name: String) -> Self {
        Self(name.into())
    }
}

/// The body of a push: changes that were committed together, or soon after one another.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Push {
    /// Where they were committed: a reader of other data has no use for them.
    pub epoch: Epoch,
    /// The changes, at most [`MAX_CHANGES`]. A reader leaves out kinds that it does not know: they belong to a newer
    /// version of the writer, and it shows nothing of them.
    #[serde(deserialize_with = "of_known_kinds")]
    pub changes: Vec<Change>,
    /// What becomes of older data; in `cache_versions` it is the column `hard_version`.
    #[serde(default)]
    pub older: Older,
}

fn of_known_kinds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Change>, D::Error> {
    #[derive(Deserialize)]
    struct Told {
        operator_id: OperatorId,
        kind: String,
        version: Version,
    }
    let told = Vec::<Told>::deserialize(deserializer)?;
    let known = told.into_iter().filter_map(|told| {
        let kind = told.kind.parse().ok()?;
        Some(Change {
            topic: Topic::of(told.operator_id, kind),
            version: told.version,
        })
    });
    Ok(known.collect())
}

/// The answer to a push: who answers, and the versions that it serves from now on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PushAnswer {
    /// The reader's name.
    pub instance: String,
    /// For each topic of the push, the version that this reader serves now.
    pub versions: Vec<Change>,
}

/// Most changes in one push.
pub const MAX_CHANGES: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_that_says_nothing_of_older_data_keeps_it() {
        let push: Push = serde_json::from_str(r#"{"epoch": "1", "changes": []}"#).unwrap();
        assert_eq!(push.older, Older::Kept);
        let push: Push =
            serde_json::from_str(r#"{"epoch": "1", "changes": [], "older": "dropped"}"#).unwrap();
        assert_eq!(push.older, Older::Dropped);
    }

    #[test]
    fn a_push_of_a_newer_writer_is_understood_as_far_as_it_goes() {
        let text = r#"{"epoch": "1", "changes": [
            {"operator_id": 1, "kind": "jackpots", "version": 3}, {"operator_id": 1, "kind": "theme", "version": 4}
        ]}"#;
        let push: Push = serde_json::from_str(text).unwrap();
        let theme = Change {
            topic: Topic::of(OperatorId::new(1), Kind::Theme),
            version: Version::new(4),
        };
        assert_eq!(push.changes, [theme]);
    }

    #[test]
    fn kinds_are_read_back_as_written() {
        let feeds = Sport::all().map(Kind::Feed);
        let others = [
            Kind::Operator,
            Kind::Branding,
            Kind::Theme,
            Kind::DisabledEvents,
            Kind::Leaderboard,
            Kind::Templates,
        ];
        for kind in feeds.chain(others) {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert_eq!("feed:chess".parse::<Kind>(), Err(UnknownKind));
    }
}
