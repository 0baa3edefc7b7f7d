//! Identifiers: each kind has its own type, so that a player can never stand where an operator is meant.
//! Must never hold a value that was not parsed.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, sqlx::Type, ToSchema,
        )]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(i64);

        impl $name {
            /// Wraps a number that came from the database.
            pub const fn new(id: i64) -> Self {
                Self(id)
            }

            /// The number.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(out)
            }
        }
    };
}

id! {
    /// A tenant. Every row and every store function is keyed by it first.
    OperatorId
}
id! {
    /// A player; unique in the installation, but only ever looked up together with an operator.
    PlayerId
}
id! {
    /// A person who administers an operator, or the platform.
    StaffId
}
id! {
    /// A version of cached data: grows by one with each committed change. 0 means "never changed".
    Version
}

/// A number in a path: digits and nothing else, so that what it names has one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathNumber(i64);

impl PathNumber {
    /// The number, if `text` is how it is written.
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.parse::<i64>().ok().filter(|number| *number >= 0)?;
        (number.to_string() == text).then_some(Self(number))
    }

    /// The number.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl OperatorId {
    /// The platform itself: owner of what belongs to no operator (feed, templates, platform staff).
    pub const PLATFORM: Self = Self(0);
}

impl Default for Version {
    fn default() -> Self {
        Self::NONE
    }
}

impl Version {
    /// Never changed.
    pub const NONE: Self = Self(0);
}

/// An operator's name in URLs: 1 to 63 of `a-z`, `0-9` and `-`, as DNS labels are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Subdomain(Box<str>);

/// Longest subdomain, in characters (RFC 1035, 2.3.4).
pub const MAX_SUBDOMAIN_CHARS: usize = 63;

impl Subdomain {
    /// Lower-cases and checks; `None` when the text can't be a subdomain.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=MAX_SUBDOMAIN_CHARS).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        fits.then(|| Self(text.to_ascii_lowercase().into()))
    }

    /// The text, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Subdomain {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subdomains_are_dns_labels_in_lower_case() {
        assert_eq!(Subdomain::parse("Aurora").unwrap().as_str(), "aurora");
        let long = "a".repeat(64);
        for bad in ["", "-a", "a-", "a.b", "a b", "é", "a/b", long.as_str()] {
            assert_eq!(Subdomain::parse(bad), None, "{bad}");
        }
    }
}
