//! The transactional half of Edgebook: takes casino bets and admin changes, each in one explicit transaction, and then
//! tells the readers what changed. Must never answer from a cache where money is concerned.

pub mod accounts;
pub mod app;
pub mod audit;
pub mod background;
pub mod cashier;
pub mod casino;
pub mod coherence;
pub mod commands;
pub mod config;
pub mod events;
pub mod feed;
pub mod health;
pub mod leaderboards;
pub mod ledger;
pub mod openapi;
pub mod operations;
pub mod operators;
pub mod paging;
pub mod platform;
pub mod players;
pub mod protection;
pub mod registration;
pub mod reports;
pub mod resets;
pub mod revenue;
pub mod settings;
pub mod settlement;
pub mod staff;
pub mod treasury;
pub mod webhooks;
