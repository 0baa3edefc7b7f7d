//! The seed pairs of players: what decides their rounds, until they ask for another pair and the old one is revealed.
//! Must never show the server seed of a pair that may still decide a round.

pub mod http;
mod rotation;
mod store;
mod verification;

use axum::Router;
use axum::routing::{get, post};
use shared::random::Random;

use super::fairness::{ClientSeed, ServerSeed};
use crate::app::SharedApp;

pub(crate) use store::{insert as insert_seed_pair, promise as promise_seed};

/// The routes.
pub(super) fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/casino/fairness", get(http::fairness))
        .route("/api/casino/fairness/rotate", post(http::rotate))
        .route("/api/casino/fairness/verify", get(http::verify))
}

/// A seed pair to be. Drawn before the transaction, so that running it again changes nothing.
#[derive(Clone, Debug)]
pub struct NewSeedPair {
    server: ServerSeed,
    client: ClientSeed,
    /// The server seed of the pair after it.
    next: ServerSeed,
}

impl NewSeedPair {
    /// Both halves from `random`, the server seed first, and then the server seed of the pair after it.
    pub fn draw(random: &Random) -> Self {
        Self {
            server: ServerSeed::from_bytes(random.bytes()),
            client: ClientSeed::from_bytes(random.bytes()),
            next: ServerSeed::from_bytes(random.bytes()),
        }
    }

    /// This pair with the player's own half, if there is one.
    #[must_use]
    pub fn with_client_seed(mut self, own: Option<ClientSeed>) -> Self {
        if let Some(own) = own {
            self.client = own;
        }
        self
    }
}
