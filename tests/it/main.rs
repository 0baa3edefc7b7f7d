//! Edgebook from outside: real services over HTTP on a real PostgreSQL. One module for each concern.

#![expect(clippy::unwrap_used, reason = "a test panics where it must fail")]

mod access;
mod accounts;
mod admin;
mod audit;
mod betting;
mod cashier;
mod casino;
mod coherence;
mod feed;
mod folder;
mod house;
mod leaderboards;
mod ledger;
mod openapi;
mod outage;
mod platform;
mod players;
mod pool;
mod pooler;
mod processes;
mod protection;
mod reads;
mod registration;
mod replica;
mod reports;
mod resets;
mod revenue;
mod settings;
mod staff;
mod webhooks;
