//! The half of Edgebook that answers page loads from memory. Must never write to the database, and never take a
//! connection for something that it can answer from memory.

pub mod app;
pub mod cache;
pub mod coherence;
pub mod config;
pub mod databases;
pub mod directory;
pub mod express;
pub mod front_door;
pub mod health;
pub mod leisure;
pub mod openapi;
pub mod pages;
pub mod stream;
