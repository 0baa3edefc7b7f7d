//! What players and staff are told when a player's own protection refuses a stake or a deposit, or can't be set as
//! asked. Must never know why the player set it.

use shared::problem::Problem;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::error::SettingError;
use super::rules::{AlreadyLonger, ProtectionError};

impl From<ProtectionError> for Problem {
    fn from(error: ProtectionError) -> Self {
        let detail = match error {
            ProtectionError::TimeOut(until) => {
                format!("You are taking time out until {}.", in_words(until))
            }
            ProtectionError::Excluded(until) => {
                format!("You excluded yourself until {}.", in_words(until))
            }
            ProtectionError::LimitReached { measure, window, .. } => format!(
                "This would exceed your own {} limit for {}.",
                measure.as_str(),
                window.as_str()
            ),
        };
        Self::forbidden(code(error), detail)
    }
}

/// What the operator is told of a player whose own protection refuses a deposit.
pub(crate) fn told_to_operator(error: ProtectionError) -> Problem {
    let detail = match error {
        ProtectionError::TimeOut(until) => {
            format!("The player is taking time out until {}.", in_words(until))
        }
        ProtectionError::Excluded(until) => format!("The player is self-excluded until {}.", in_words(until)),
        ProtectionError::LimitReached { measure, window, .. } => format!(
            "This would exceed the player's own {} limit for {}.",
            measure.as_str(),
            window.as_str()
        ),
    };
    Problem::forbidden(code(error), detail)
}

const fn code(error: ProtectionError) -> &'static str {
    match error {
        ProtectionError::TimeOut(_) => "time_out",
        ProtectionError::Excluded(_) => "self_excluded",
        ProtectionError::LimitReached { .. } => "player_limit_reached",
    }
}

impl From<SettingError> for Problem {
    fn from(error: SettingError) -> Self {
        match error {
            SettingError::Invalid(errors) => Self::invalid_fields(errors),
            SettingError::AlreadyLonger(AlreadyLonger(until)) => Self::conflict(
                "already_longer",
                format!(
                    "What you asked for before lasts longer, until {}.",
                    in_words(until)
                ),
            ),
            SettingError::Ledger(error) => Self::internal(error),
            SettingError::Database(error) => error.into(),
        }
    }
}

fn in_words(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}
