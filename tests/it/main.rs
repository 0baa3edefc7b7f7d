//! Edgebook from outside: real services over HTTP on a real PostgreSQL. One module for each concern.

mod accounts;
mod admin;
mod casino;
mod coherence;
mod openapi;
mod outage;
mod pool;
mod reads;
