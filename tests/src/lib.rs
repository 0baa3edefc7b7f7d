//! What tests and benches work with: a real PostgreSQL with a database for each test, real services on free ports, a
//! client, builders, and a proxy that breaks the link to the database. Must never hide a failure by trying again.

#![expect(
    clippy::missing_panics_doc,
    clippy::expect_used,
    reason = "a harness panics where a test must fail"
)]

pub mod client;
pub mod database;
pub mod installation;
pub mod people;
pub mod pooler;
pub mod proxy;
pub mod standby;

pub use client::{Answer, Client};
pub use installation::{Builder, Installation};
pub use pooler::Pooler;
pub use proxy::Proxy;
pub use standby::Standby;
