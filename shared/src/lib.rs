//! What both services need: identifiers, money, the database pool, problem answers, the coherence protocol.
//! Must never hold what only one of them uses.

pub mod branding;
pub mod clock;
pub mod coherence;
pub mod db;
pub mod fail_point;
pub mod field;
pub mod health;
pub mod http;
pub mod ids;
pub mod json;
pub mod metrics;
pub mod moment;
pub mod money;
pub mod openapi;
pub mod problem;
pub mod random;
pub mod server;
pub mod sports;
pub mod telemetry;
pub mod theme;
pub mod tls;
