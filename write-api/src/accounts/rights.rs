//! What staff of the platform may do, by their role. Must never know anything of a request but who asks.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The role of staff of the platform. Every role sees everything.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, sqlx::Type, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Role {
    /// May do everything.
    Owner,
    /// May disable what should not go on, and enable it again.
    Support,
    /// May move money.
    Finance,
}

/// What not every role may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Disable and enable operators and players.
    Switch,
    /// Change wallets, revenue and settlements, and adjust balances.
    Money,
    /// Decide who is let in: staff, their roles, passwords and second factors.
    People,
}

impl Role {
    /// Its name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Support => "support",
            Self::Finance => "finance",
        }
    }

    /// Whether it comes with `right`.
    pub const fn may(self, right: Right) -> bool {
        matches!(
            (self, right),
            (Self::Owner, _) | (Self::Support, Right::Switch) | (Self::Finance, Right::Money)
        )
    }
}

impl Right {
    /// Who has it, in words.
    pub(super) const fn holders(self) -> &'static str {
        match self {
            Self::Switch => "an owner or support",
            Self::Money => "an owner or finance",
            Self::People => "an owner",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_what_it_is_for() {
        for (role, may) in [
            (Role::Owner, [true, true, true]),
            (Role::Support, [true, false, false]),
            (Role::Finance, [false, true, false]),
        ] {
            let rights = [Right::Switch, Right::Money, Right::People];
            assert_eq!(rights.map(|right| role.may(right)), may, "{role:?}");
            for right in rights {
                let is_named = right.holders().contains(role.as_str());
                assert_eq!(is_named, role.may(right), "{role:?} {right:?}");
            }
        }
    }
}
