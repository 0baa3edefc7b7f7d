//! Provable fairness: owns a player's seeds and the words that every round is drawn from.
//! Must never find randomness of its own, and never show a server seed in a log.

use std::array;
use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

const WORDS_IN_DIGEST: usize = 8;
const SERVER_SEED_LENGTH: usize = 64;
const CLIENT_SEED_LENGTH_MAX: usize = 64;

/// Why a seed is refused. The text is fit for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    /// The server seed is not what [`ServerSeed::from_bytes`] makes.
    #[error("must be 64 lower-case hexadecimal characters")]
    ServerSeed,
    /// The client seed is empty, too long, or has characters outside space to tilde.
    #[error("must be 1 to 64 printable ASCII characters")]
    ClientSeed,
}

/// The house's half of a seed pair: 32 secret bytes, always used as their 64 lower-case hex characters.
/// A player sees its commitment before the first bet, and the seed itself only after rotation.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerSeed([u8; SERVER_SEED_LENGTH]);

impl ServerSeed {
    /// Makes a seed of 32 bytes from a cryptographic random source.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(array::from_fn(|position| {
            let byte = bytes[position / 2];
            let nibble = if position % 2 == 0 { byte >> 4 } else { byte & 0xf };
            b"0123456789abcdef"[usize::from(nibble)]
        }))
    }

    /// Reads a seed that was stored or revealed.
    pub fn parse(text: &str) -> Result<Self, SeedError> {
        let seed: [u8; SERVER_SEED_LENGTH] = text.as_bytes().try_into().map_err(|_| SeedError::ServerSeed)?;
        if !seed.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(SeedError::ServerSeed);
        }
        Ok(Self(seed))
    }

    /// The secret text: for the store, and for the player after rotation.
    pub fn reveal(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// SHA-256 of the hex text, as hex: what binds the house before any bet.
    pub fn commitment(&self) -> String {
        hex::encode(Sha256::digest(self.0))
    }
}

impl fmt::Debug for ServerSeed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ServerSeed").finish_non_exhaustive()
    }
}

/// The player's half of a seed pair: 1 to 64 printable ASCII characters, spaces included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSeed(String);

impl ClientSeed {
    /// Reads the player's own text, taken exactly as it is.
    pub fn parse(text: &str) -> Result<Self, SeedError> {
        let printable = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if text.is_empty() || text.len() > CLIENT_SEED_LENGTH_MAX || !printable {
            return Err(SeedError::ClientSeed);
        }
        Ok(Self(text.to_owned()))
    }

    /// Makes a seed of random bytes for a player who chose none.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(hex::encode(bytes))
    }

    /// The text that enters every message.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The number of bets that a seed pair decided before this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nonce(u64);

impl Nonce {
    /// The nonce of the bet that follows `bets_before` others on the same seed pair.
    pub const fn new(bets_before: u64) -> Self {
        Self(bets_before)
    }

    /// The number of bets before.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// A seed pair as it is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seeds {
    pub(super) server: ServerSeed,
    pub(super) client: ClientSeed,
    pub(super) commitment: String,
}

impl Seeds {
    /// Reads a pair that was stored.
    pub(super) fn parse(server: &str, client: &str, commitment: String) -> Result<Self, SeedError> {
        Ok(Self {
            server: ServerSeed::parse(server)?,
            client: ClientSeed::parse(client)?,
            commitment,
        })
    }

    /// What the round with this nonce is drawn from.
    pub(super) fn words(&self, nonce: Nonce) -> Words {
        Words::new(&self.server, &self.client, nonce)
    }
}

/// Where rules take their random words from: [`Words`] for a player, a closure for a test.
pub trait WordSource {
    /// The next word; each of the 2³² values is equally likely.
    fn next_word(&mut self) -> u32;

    /// An index below `n`, each equally likely. Takes one word, and one more for each word that is at
    /// least ⌊2³²/n⌋·n: keeping those would favour the low indices.
    ///
    /// # Panics
    /// If `n` is 0 or above 2³²; rules only ask with sizes of their own.
    fn index_below(&mut self, n: usize) -> usize {
        const WORD_VALUES: u64 = 1 << 32;
        let n = n as u64;
        assert!((1..=WORD_VALUES).contains(&n), "no word is an index below {n}");
        let fair_words = WORD_VALUES / n * n;
        loop {
            let word = u64::from(self.next_word());
            if word < fair_words {
                #[expect(clippy::cast_possible_truncation, reason = "it is below n, a usize")]
                return (word % n) as usize;
            }
        }
    }

    /// Fisher–Yates from the last card down: each card changes places with one at or before it.
    fn shuffle<T>(&mut self, cards: &mut [T]) {
        for last in (1..cards.len()).rev() {
            let other = self.index_below(last + 1);
            cards.swap(last, other);
        }
    }
}

impl<F: FnMut() -> u32> WordSource for F {
    fn next_word(&mut self) -> u32 {
        self()
    }
}

/// The words of one bet: HMAC-SHA256 with the server seed's hex text as the key, over
/// `<client seed>:<nonce>:<cursor>` for cursor 0, 1, 2 …; each digest is eight big-endian words.
pub struct Words {
    keyed: Hmac<Sha256>,
    client_seed_and_nonce: String,
    taken: usize,
    digest: [u32; WORDS_IN_DIGEST],
}

impl Words {
    /// The words of bet `nonce` under a seed pair, from the first.
    pub fn new(server_seed: &ServerSeed, client_seed: &ClientSeed, nonce: Nonce) -> Self {
        Self {
            keyed: Hmac::new(&server_seed.0.into()),
            client_seed_and_nonce: format!("{}:{}", client_seed.0, nonce.0),
            taken: 0,
            digest: [0; WORDS_IN_DIGEST],
        }
    }

    fn digest_at(&self, cursor: usize) -> [u32; WORDS_IN_DIGEST] {
        let message = format!("{}:{cursor}", self.client_seed_and_nonce);
        let mac = self.keyed.clone().chain_update(message);
        let bytes: [u8; 4 * WORDS_IN_DIGEST] = mac.finalize().into_bytes().into();
        let mut words = [0; WORDS_IN_DIGEST];
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        words
    }
}

impl WordSource for Words {
    fn next_word(&mut self) -> u32 {
        let place = self.taken % WORDS_IN_DIGEST;
        if place == 0 {
            self.digest = self.digest_at(self.taken / WORDS_IN_DIGEST);
        }
        self.taken += 1;
        self.digest[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SERVER_SEED: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn server_seed() -> ServerSeed {
        ServerSeed::from_bytes(array::from_fn(|position| u8::try_from(position).unwrap()))
    }

    fn play(words: &[u32]) -> impl FnMut() -> u32 {
        let mut left = words.iter().copied();
        move || left.next().expect("the rule took more words than it was given")
    }

    #[test]
    fn a_server_seed_is_the_lower_case_hex_of_its_bytes_and_can_be_read_back() {
        assert_eq!(server_seed().reveal(), SERVER_SEED);
        assert_eq!(ServerSeed::parse(SERVER_SEED), Ok(server_seed()));
        let shouted = SERVER_SEED.to_uppercase();
        for wrong in [
            "",
            "00",
            &SERVER_SEED[1..],
            &shouted,
            &SERVER_SEED.replace('a', "g"),
        ] {
            assert_eq!(ServerSeed::parse(wrong), Err(SeedError::ServerSeed), "{wrong:?}");
        }
    }

    #[test]
    fn a_commitment_is_the_digest_of_the_hex_text() {
        let commitment = "6c86c6aac5fb24bcf5d9939cb7d7d5645ce39418f449e03b262dd4fa14b4b92b";
        assert_eq!(server_seed().commitment(), commitment);
    }

    #[test]
    fn a_server_seed_never_shows_itself_in_a_log() {
        assert_eq!(format!("{:?}", Some(server_seed())), "Some(ServerSeed { .. })");
    }

    #[test]
    fn a_client_seed_is_one_to_sixty_four_printable_ascii_characters() {
        for text in ["x", " ", "lucky: 7~", &"z".repeat(64)] {
            assert_eq!(ClientSeed::parse(text).unwrap().as_str(), text);
        }
        for wrong in [
            "",
            &"z".repeat(65),
            "tab\there",
            "line\n",
            "caf\u{e9}",
            "\u{7f}",
            "\0",
        ] {
            assert_eq!(ClientSeed::parse(wrong), Err(SeedError::ClientSeed), "{wrong:?}");
        }
        let made = ClientSeed::from_bytes([0xa5; 16]);
        assert_eq!(ClientSeed::parse(&"a5".repeat(16)), Ok(made));
    }

    #[test]
    fn words_follow_the_published_formula_across_digests() {
        let client_seed = ClientSeed::parse("lucky: 7").unwrap();
        let mut words = Words::new(&server_seed(), &client_seed, Nonce::new(42));
        let drawn: [u32; 18] = array::from_fn(|_| words.next_word());
        #[rustfmt::skip]
        let expected = [
            0xf853_41ed, 0xf4d2_0ba4, 0xfc59_1fd2, 0x5daa_4c79, 0x9d41_6434, 0x0776_1aa7,
            0xf624_91ca, 0x1579_9e7a, 0x0b41_3817, 0x82c0_1126, 0xa372_4f00, 0x6e3e_b078,
            0x7068_2b8e, 0x1947_8470, 0x1d9a_793a, 0x94c2_ee49, 0xe049_c6c1, 0xa63e_bbb0,
        ];
        assert_eq!(drawn, expected);
    }

    #[test]
    fn an_index_rejects_exactly_the_words_that_would_favour_low_indices() {
        // Each row: n, the last word kept, and the index it gives.
        for (n, last_kept, index) in [
            (3, 4_294_967_294, 2),
            (37, 4_294_967_288, 36),
            (100, 4_294_967_199, 99),
            ((1 << 31) + 1, 1 << 31, 1 << 31),
        ] {
            assert_eq!(play(&[last_kept]).index_below(n), index, "below {n}");
            assert_eq!(play(&[last_kept + 1, u32::MAX, 1]).index_below(n), 1, "below {n}");
        }
    }

    #[test]
    fn no_word_is_rejected_where_all_indices_are_already_equally_likely() {
        for n in [1, 2, 64, 1 << 32] {
            let last = usize::try_from(u32::MAX).unwrap() % n;
            assert_eq!(play(&[u32::MAX]).index_below(n), last, "below {n}");
        }
    }

    #[test]
    #[should_panic(expected = "no word is an index below 0")]
    fn an_index_below_nothing_is_a_mistake_in_the_rules() {
        play(&[0]).index_below(0);
    }

    #[test]
    fn a_shuffle_swaps_from_the_last_card_down() {
        let mut cards = ['a', 'b', 'c', 'd'];
        // Of four take the first, of three the third, of two the first.
        play(&[4, 5, 6]).shuffle(&mut cards);
        assert_eq!(cards, ['b', 'd', 'c', 'a']);
    }

    #[test]
    fn every_order_of_a_shuffle_comes_from_one_choice_of_indices() {
        let mut orders = std::collections::BTreeSet::new();
        for choice in 0..24 {
            let mut cards = [0, 1, 2, 3];
            play(&[choice / 6, choice % 6 / 2, choice % 2]).shuffle(&mut cards);
            orders.insert(cards);
        }
        assert_eq!(orders.len(), 24);
    }

    proptest! {
        #[test]
        fn words_are_the_same_for_the_same_seeds_and_nonce_and_differ_for_another(
            bytes: [u8; 32], client in "[ -~]{1,64}", nonce: u64,
        ) {
            let draw = |nonce| {
                let client_seed = ClientSeed::parse(&client).unwrap();
                let mut words = Words::new(&ServerSeed::from_bytes(bytes), &client_seed, nonce);
                array::from_fn::<u32, 9, _>(|_| words.next_word())
            };
            prop_assert_eq!(draw(Nonce::new(nonce)), draw(Nonce::new(nonce)));
            prop_assert_ne!(draw(Nonce::new(nonce)), draw(Nonce::new(nonce ^ 1)));
        }
    }
}
