//! The rules of baccarat, punto banco with a new shoe for each coup: owns how the shoe falls and what a bet pays.
//! Must never draw a word but from the source it is given, and never see a wallet.

pub mod exact;
pub mod hands;

use std::array;

use serde::Serialize;
use shared::money::Minor;
use utoipa::ToSchema;

use self::hands::{Hand, Hands};
use crate::casino::cards::shoe;
use crate::casino::fairness::WordSource;

/// Goes up whenever the same words and bet would show or pay anything else.
pub const MATH_VERSION: i16 = 1;

const DECKS: usize = 8;

/// A won bet on the banker gains 19 twentieths of its stake, so that stake has whole twentieths.
const TWENTIETHS: i64 = 20;
/// The stakes that the dearest bet returns, its own included: a tie pays 8 to 1.
const MOST_RETURNED: i64 = 9;

/// What a player bets on, and how a coup ends. Shown in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The player's hand.
    Player,
    /// The banker's hand.
    Banker,
    /// Neither: both have the same total.
    Tie,
}

/// Why a bet is refused. Fit for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaccaratError {
    /// The bet is on none of the sides.
    #[error("the bet must be on player, banker or tie")]
    UnknownSide,
    /// The stake is zero or less.
    #[error("the stake must be more than zero")]
    StakeNotPositive,
    /// Nineteen twentieths of a stake on the banker would not be whole minor units.
    #[error("the stake on the banker must be a multiple of {TWENTIETHS} minor units")]
    BankerStakeNotDivisible,
    /// The payout would not fit; no stake within the limit for amounts comes near.
    #[error("the stake is too large")]
    StakeTooLarge,
}

impl Side {
    /// Every side.
    pub const ALL: [Self; 3] = [Self::Player, Self::Banker, Self::Tie];

    /// Reads what a client bets on: `player`, `banker` or `tie`.
    pub fn parse(text: &str) -> Result<Self, BaccaratError> {
        match text {
            "player" => Ok(Self::Player),
            "banker" => Ok(Self::Banker),
            "tie" => Ok(Self::Tie),
            _ => Err(BaccaratError::UnknownSide),
        }
    }

    /// Checks a stake on this side.
    pub fn accept(self, stake: Minor) -> Result<(), BaccaratError> {
        if stake <= Minor::ZERO {
            return Err(BaccaratError::StakeNotPositive);
        }
        if self == Self::Banker && stake.get() % TWENTIETHS != 0 {
            return Err(BaccaratError::BankerStakeNotDivisible);
        }
        let most_paid = stake.get().checked_mul(MOST_RETURNED);
        most_paid.map(|_| ()).ok_or(BaccaratError::StakeTooLarge)
    }

    /// What comes back for an accepted stake, the stake included: twice a won bet on the player, 1.95 times one on
    /// the banker, nine times one on a tie; and at a tie the stakes on player and banker.
    const fn payout(self, stake: Minor, winner: Self) -> Minor {
        let stake = stake.get();
        Minor::new(match (self, winner) {
            (Self::Player, Self::Player) => 2 * stake,
            (Self::Banker, Self::Banker) => stake / TWENTIETHS * (2 * TWENTIETHS - 1),
            (Self::Tie, Self::Tie) => MOST_RETURNED * stake,
            (Self::Player | Self::Banker, Self::Tie) => stake,
            (Self::Player | Self::Tie, Self::Banker) | (Self::Banker | Self::Tie, Self::Player) => 0,
        })
    }
}

/// What a coup shows and pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What was bet on.
    pub side: Side,
    /// Both hands.
    pub hands: Hands,
    /// The side with the higher total.
    pub winner: Side,
    /// What comes back, the stake included; zero if the bet lost.
    pub payout: Minor,
}

/// Deals one coup. The 416 cards of [`shoe`] are shuffled whole, with 415 indices, and dealt from the first (index 0)
/// as [`Hands::deal`] does.
pub fn deal(words: &mut impl WordSource) -> Hands {
    let mut shoe = shoe(DECKS);
    words.shuffle(&mut shoe);
    Hands::deal(array::from_fn(|place| shoe[place]))
}

/// Plays one coup, which falls as [`deal`] has it. Refuses what [`Side::accept`] refuses; a refused bet takes no word.
pub fn decide(side: Side, stake: Minor, words: &mut impl WordSource) -> Result<Outcome, BaccaratError> {
    side.accept(stake)?;
    let hands = deal(words);
    let winner = hands.winner();
    Ok(Outcome {
        side,
        hands,
        winner,
        payout: side.payout(stake, winner),
    })
}

/// A coup as JSON shows it: `{bet_on, player: [cards], banker: [cards], player_total, banker_total, winner}`. What was
/// bet on is not there where only the hands are known.
#[derive(Debug, Serialize)]
pub struct CoupResult {
    #[serde(skip_serializing_if = "Option::is_none")]
    bet_on: Option<Side>,
    player: Hand,
    banker: Hand,
    player_total: u8,
    banker_total: u8,
    winner: Side,
}

impl Outcome {
    /// This outcome for a page, with the bet: with the stake it is all that the payout follows from.
    pub fn shown(&self) -> CoupResult {
        CoupResult {
            bet_on: Some(self.side),
            ..self.hands.shown()
        }
    }
}

impl Hands {
    /// These hands for a page.
    pub fn shown(&self) -> CoupResult {
        let Self { player, banker } = *self;
        CoupResult {
            bet_on: None,
            player,
            banker,
            player_total: player.total(),
            banker_total: banker.total(),
            winner: self.winner(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::exact::Deals;
    use super::*;
    use crate::casino::cards::Card;
    use crate::casino::fairness::{ClientSeed, Nonce, ServerSeed, Words};
    use crate::casino::vectors::Published;
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::json;
    use shared::money::MAX_AMOUNT_MINOR;

    const ROUNDS: u32 = 100_000;

    /// Words whose shuffle brings these cards to the top of the shoe.
    fn deal(top: &str) -> impl FnMut() -> u32 {
        let mut wanted = shoe(DECKS);
        for (place, text) in top.split(' ').enumerate() {
            let is_wanted = |card: &Card| card.to_string() == text;
            let found = place + wanted[place..].iter().position(is_wanted).unwrap();
            wanted.swap(place, found);
        }
        // Undoes the wanted order from the last card down, as a shuffle makes it.
        let mut cards = shoe(DECKS);
        let mut indices = Vec::new();
        for last in (1..cards.len()).rev() {
            let other = cards[..=last]
                .iter()
                .position(|card| *card == wanted[last])
                .unwrap();
            cards.swap(last, other);
            indices.push(u32::try_from(other).unwrap());
        }
        assert_eq!(cards, wanted);
        let mut indices = indices.into_iter();
        move || indices.next().unwrap()
    }

    fn play(side: Side, stake: i64, top: &str) -> Outcome {
        decide(side, Minor::new(stake), &mut deal(top)).unwrap()
    }

    fn refusal(side: Side, stake: i64) -> BaccaratError {
        let mut no_words = || -> u32 { panic!("a refused bet took a word") };
        decide(side, Minor::new(stake), &mut no_words).unwrap_err()
    }

    const PLAYER_WINS: &str = "9♠ 2♥ K♦ 5♣";
    const BANKER_WINS: &str = "2♠ 3♥ 3♣ 4♦ A♠";
    const TIE: &str = "7♠ 4♥ 10♦ 3♣";

    #[test]
    fn the_whole_shoe_is_shuffled_and_dealt_from_its_first_card() {
        let mut taken = 0_u32;
        let outcome = decide(Side::Tie, Minor::new(1), &mut || {
            taken += 1;
            // Each card changes places with the one that lies first: the second card of the new shoe comes first.
            0
        });
        assert_eq!(taken, 415);
        let hands = outcome.unwrap().hands;
        let cards = |hand: Hand| hand.cards().map(|card| card.to_string()).collect::<Vec<_>>();
        assert_eq!(cards(hands.player), ["2♠", "4♠"]);
        assert_eq!(cards(hands.banker), ["3♠", "5♠"]);
    }

    #[test]
    fn a_won_bet_gains_its_price_and_a_lost_one_nothing() {
        for (side, top, payout) in [
            (Side::Player, PLAYER_WINS, 200),
            (Side::Player, BANKER_WINS, 0),
            (Side::Banker, BANKER_WINS, 195),
            (Side::Banker, PLAYER_WINS, 0),
            (Side::Tie, TIE, 900),
            (Side::Tie, PLAYER_WINS, 0),
            (Side::Tie, BANKER_WINS, 0),
        ] {
            assert_eq!(play(side, 100, top).payout, Minor::new(payout), "{side:?} {top}");
        }
    }

    #[test]
    fn a_tie_returns_the_stakes_of_player_and_banker() {
        for side in [Side::Player, Side::Banker] {
            let outcome = play(side, 100, TIE);
            assert_eq!((outcome.winner, outcome.payout), (Side::Tie, Minor::new(100)));
        }
    }

    #[test]
    fn a_stake_on_the_banker_is_a_multiple_of_20_so_that_19_twentieths_are_whole() {
        assert_eq!(play(Side::Banker, 20, BANKER_WINS).payout, Minor::new(39));
        for stake in [1, 19, 21, 110] {
            assert_eq!(
                refusal(Side::Banker, stake),
                BaccaratError::BankerStakeNotDivisible
            );
            assert_eq!(
                play(Side::Player, stake, PLAYER_WINS).payout,
                Minor::new(2 * stake)
            );
            assert_eq!(play(Side::Tie, stake, TIE).payout, Minor::new(9 * stake));
        }
        assert_eq!(
            BaccaratError::BankerStakeNotDivisible.to_string(),
            "the stake on the banker must be a multiple of 20 minor units"
        );
    }

    #[test]
    fn a_stake_that_is_not_above_zero_is_refused() {
        for side in Side::ALL {
            for stake in [0, -20, i64::MIN] {
                assert_eq!(refusal(side, stake), BaccaratError::StakeNotPositive);
            }
        }
    }

    #[test]
    fn a_stake_is_refused_before_the_deal_if_the_payout_might_not_fit() {
        let largest = i64::MAX / 9 / 20 * 20;
        assert_eq!(play(Side::Tie, largest, TIE).payout, Minor::new(9 * largest));
        assert_eq!(
            play(Side::Banker, largest, BANKER_WINS).payout,
            Minor::new(largest / 20 * 39)
        );
        for side in Side::ALL {
            assert_eq!(refusal(side, largest + 20), BaccaratError::StakeTooLarge);
        }
    }

    #[test]
    fn legacy_fault_an_unknown_side_is_refused_and_not_lost() {
        for (text, side) in [
            ("player", Side::Player),
            ("banker", Side::Banker),
            ("tie", Side::Tie),
        ] {
            assert_eq!(Side::parse(text), Ok(side));
        }
        for unknown in ["", "Player", "draw", "tie ", "bank"] {
            assert_eq!(
                Side::parse(unknown),
                Err(BaccaratError::UnknownSide),
                "{unknown:?}"
            );
        }
    }

    #[test]
    fn an_outcome_is_shown_with_its_bet_cards_totals_and_winner() {
        let shown = |top| serde_json::to_value(play(Side::Tie, 100, top).shown()).unwrap();
        assert_eq!(
            shown(PLAYER_WINS),
            json!({
                "bet_on": "tie", "player": ["9♠", "K♦"], "banker": ["2♥", "5♣"],
                "player_total": 9, "banker_total": 7, "winner": "player",
            })
        );
        assert_eq!(
            shown(BANKER_WINS),
            json!({
                "bet_on": "tie", "player": ["2♠", "3♣", "A♠"], "banker": ["3♥", "4♦"],
                "player_total": 6, "banker_total": 7, "winner": "banker",
            })
        );
        assert_eq!(shown(TIE)["winner"], "tie");
    }

    #[test]
    fn a_simulation_agrees_with_the_exact_mean_and_deviation_of_each_side() {
        let server_seed = ServerSeed::from_bytes([7; 32]);
        let client_seed = ClientSeed::parse("simulation").unwrap();
        let stake = Minor::new(TWENTIETHS);
        let mut paid = [0; Side::ALL.len()];
        for nonce in 0..ROUNDS {
            let mut words = Words::new(&server_seed, &client_seed, Nonce::new(nonce.into()));
            let winner = decide(Side::Tie, stake, &mut words).unwrap().winner;
            for (paid, side) in paid.iter_mut().zip(Side::ALL) {
                *paid += side.payout(stake, winner).get();
            }
        }
        let deals = Deals::count();
        for (side, paid) in Side::ALL.into_iter().zip(paid) {
            assert!(
                deals.returns(side).agree_with(ROUNDS, Minor::new(paid)),
                "{side:?}: {paid}"
            );
        }
    }

    #[derive(Deserialize)]
    struct PublishedBet {
        bet_on: String,
        stake_minor: i64,
    }

    #[test]
    fn the_published_vectors_are_what_the_rules_decide() {
        let file = include_str!("../vectors/baccarat.json");
        let published: Published<PublishedBet> = serde_json::from_str(file).unwrap();
        assert_eq!(
            (published.game.as_str(), published.math_version),
            ("baccarat", MATH_VERSION)
        );
        assert!(!published.vectors.is_empty());
        for vector in published.vectors {
            let side = Side::parse(&vector.bet.bet_on).unwrap();
            let stake = Minor::new(vector.bet.stake_minor);
            vector.check(|mut words| {
                let outcome = decide(side, stake, &mut words).unwrap();
                (outcome.payout, serde_json::to_value(outcome.shown()).unwrap())
            });
        }
    }

    proptest! {
        #[test]
        fn a_coup_is_a_function_of_seeds_and_nonce_whatever_the_bet(
            bytes: [u8; 32], client in "[ -~]{1,64}", nonce: u64, twentieth in 1..=MAX_AMOUNT_MINOR / 20,
        ) {
            let play = |side, stake| {
                let client_seed = ClientSeed::parse(&client).unwrap();
                let server_seed = ServerSeed::from_bytes(bytes);
                let mut words = Words::new(&server_seed, &client_seed, Nonce::new(nonce));
                decide(side, Minor::new(stake), &mut words).unwrap()
            };
            for side in Side::ALL {
                let smallest = play(side, 20);
                let outcome = play(side, 20 * twentieth);
                prop_assert_eq!(outcome.hands, play(Side::Tie, 1).hands);
                prop_assert_eq!(outcome.payout.get(), twentieth * smallest.payout.get());
            }
        }
    }
}
