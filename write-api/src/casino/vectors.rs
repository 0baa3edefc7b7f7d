//! The published vectors, for the tests of the games: owns how such a file is read and replayed.
//! Must never know what a game decides.

use serde::Deserialize;
use serde_json::Value as Json;
use shared::money::Minor;

use super::fairness::{ClientSeed, Nonce, ServerSeed, WordSource, Words};

/// A file of `vectors/`, for a game whose bets have the members of `B`.
#[derive(Deserialize)]
pub(super) struct Published<B> {
    pub(super) game: String,
    pub(super) math_version: i16,
    pub(super) vectors: Vec<Vector<B>>,
}

/// One round: what it is drawn from, the bet, and what it shows and pays.
#[derive(Deserialize)]
pub(super) struct Vector<B> {
    shows: String,
    server_seed: String,
    commitment: String,
    client_seed: String,
    nonce: u64,
    words: Vec<u32>,
    #[serde(flatten)]
    pub(super) bet: B,
    payout_minor: i64,
    result: Json,
}

impl<B> Vector<B> {
    /// Lets `decide` draw from the seeds, and compares the words it takes, its payout and its result as JSON.
    pub(super) fn check(&self, decide: impl FnOnce(&mut dyn FnMut() -> u32) -> (Minor, Json)) {
        let server_seed = ServerSeed::parse(&self.server_seed).unwrap();
        assert_eq!(server_seed.commitment(), self.commitment);
        let client_seed = ClientSeed::parse(&self.client_seed).unwrap();
        let mut source = Words::new(&server_seed, &client_seed, Nonce::new(self.nonce));
        let mut words = Vec::new();
        let (payout, result) = decide(&mut || {
            words.push(source.next_word());
            words[words.len() - 1]
        });
        assert_eq!(words, self.words, "{}", self.shows);
        assert_eq!(payout, Minor::new(self.payout_minor), "{}", self.shows);
        assert_eq!(result, self.result, "{}", self.shows);
    }
}
