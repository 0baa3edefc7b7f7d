//! Edgebook from outside: real services over HTTP on a real PostgreSQL. One module for each concern.

mod accounts;
mod casino;
mod coherence;
mod outage;
mod pool;
mod reads;
