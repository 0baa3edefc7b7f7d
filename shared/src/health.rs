//! Liveness, the same for both services. Must never touch anything but the clock.

use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::clock::Clock;

/// The version of this build.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The process lives.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    ok: bool,
    status: &'static str,
    #[serde(with = "time::serde::rfc3339")]
    timestamp: OffsetDateTime,
    version: &'static str,
}

impl Health {
    /// At this moment.
    pub fn now(clock: &Clock) -> Self {
        Self {
            ok: true,
            status: "healthy",
            timestamp: clock.now(),
            version: VERSION,
        }
    }
}
