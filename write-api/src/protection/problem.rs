//! What players are told whose own protection refuses a stake or a deposit. Must never know why they set it.

use shared::problem::Problem;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::rules::ProtectionError;

impl From<ProtectionError> for Problem {
    fn from(error: ProtectionError) -> Self {
        match error {
            ProtectionError::TimeOut(until) => Self::forbidden(
                "time_out",
                format!("You are taking time out until {}.", in_words(until)),
            ),
            ProtectionError::Excluded(until) => Self::forbidden(
                "self_excluded",
                format!("You excluded yourself until {}.", in_words(until)),
            ),
            ProtectionError::LimitReached { measure, window, .. } => Self::forbidden(
                "player_limit_reached",
                format!(
                    "This would exceed your own {} limit for {}.",
                    measure.as_str(),
                    window.as_str()
                ),
            ),
        }
    }
}

fn in_words(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_default()
}
