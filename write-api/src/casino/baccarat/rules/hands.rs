//! The hands of a coup: owns what cards count, who draws a third and who has the higher total.
//! Must never see a stake or a word.

use std::cmp::Ordering;

use serde::{Serialize, Serializer};

use super::Side;
use crate::casino::cards::{Card, Rank};

/// The most cards that a coup can need.
pub const MOST_CARDS: usize = 6;

/// The lowest total of two cards that ends the coup at once.
const NATURAL: u8 = 8;
/// The highest total that draws, of a player and of a banker whose player stood.
const DRAWS_UP_TO: u8 = 5;

/// What a card counts: the ace 1, a card with pips their number, the ten and the court cards nothing.
pub const fn points(rank: Rank) -> u8 {
    match rank.number() {
        number @ 0..10 => number,
        10.. => 0,
    }
}

/// Two cards, and a third if the rules had one drawn. Shown as the list of its cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hand {
    first_two: [Card; 2],
    third: Option<Card>,
}

impl Hand {
    const fn of(first_two: [Card; 2]) -> Self {
        Self {
            first_two,
            third: None,
        }
    }

    /// The cards in the order they were dealt.
    pub fn cards(&self) -> impl Iterator<Item = Card> {
        self.first_two.into_iter().chain(self.third)
    }

    /// The last digit of what the cards count together.
    pub fn total(&self) -> u8 {
        self.cards().map(|card| points(card.rank)).sum::<u8>() % 10
    }
}

impl Serialize for Hand {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.cards())
    }
}

/// Both hands, complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hands {
    /// The hand of the player's side.
    pub player: Hand,
    /// The hand of the banker's side.
    pub banker: Hand,
}

impl Hands {
    /// Deals the first cards of a shoe: one to the player, the banker, the player, the banker; then a third to the
    /// player and a third to the banker, where the rules of punto banco have them draw.
    pub fn deal(cards: [Card; MOST_CARDS]) -> Self {
        let [one, two, three, four, five, six] = cards;
        let mut hands = Self {
            player: Hand::of([one, three]),
            banker: Hand::of([two, four]),
        };
        let (player, banker) = (hands.player.total(), hands.banker.total());
        if player >= NATURAL || banker >= NATURAL {
            return hands;
        }
        if player <= DRAWS_UP_TO {
            hands.player.third = Some(five);
            if banker_draws_after(points(five.rank), banker) {
                hands.banker.third = Some(six);
            }
        } else if banker <= DRAWS_UP_TO {
            hands.banker.third = Some(five);
        }
        hands
    }

    /// The side with the higher total.
    pub fn winner(&self) -> Side {
        match self.player.total().cmp(&self.banker.total()) {
            Ordering::Greater => Side::Player,
            Ordering::Less => Side::Banker,
            Ordering::Equal => Side::Tie,
        }
    }
}

/// Whether a banker with a total of `banker` draws after the player drew a card that counts `third`.
const fn banker_draws_after(third: u8, banker: u8) -> bool {
    match banker {
        0..=2 => true,
        3 => third != 8,
        4 => matches!(third, 2..=7),
        5 => matches!(third, 4..=7),
        6 => matches!(third, 6..=7),
        7.. => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::casino::cards::Suit;

    /// A card that counts `value`.
    fn card(value: u8) -> Card {
        let counts = |rank: &Rank| points(*rank) == value;
        Card {
            rank: Rank::ALL.into_iter().find(counts).unwrap(),
            suit: Suit::Clubs,
        }
    }

    /// What the hands hold, as values, when the shoe begins with these.
    fn dealt(values: [u8; MOST_CARDS]) -> (Vec<u8>, Vec<u8>) {
        let hands = Hands::deal(values.map(card));
        let values = |hand: &Hand| hand.cards().map(|card| points(card.rank)).collect();
        (values(&hands.player), values(&hands.banker))
    }

    #[test]
    fn the_ace_counts_one_pips_their_number_and_tens_and_court_cards_nothing() {
        assert_eq!(Rank::ALL.map(points), [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0, 0]);
    }

    #[test]
    fn a_total_is_the_last_digit_of_the_sum() {
        for (values, total) in [([9, 9, 9], 7), ([5, 5, 0], 0), ([1, 2, 3], 6), ([7, 6, 6], 9)] {
            let [first, second, third] = values.map(card);
            let hand = Hand {
                first_two: [first, second],
                third: Some(third),
            };
            assert_eq!(hand.total(), total, "{values:?}");
        }
    }

    #[test]
    fn cards_go_to_player_and_banker_in_turn_and_the_third_to_the_player_first() {
        assert_eq!(dealt([1, 0, 2, 3, 4, 5]), (vec![1, 2, 4], vec![0, 3, 5]));
        assert_eq!(dealt([1, 0, 5, 3, 4, 5]), (vec![1, 5], vec![0, 3, 4]));
    }

    #[test]
    fn an_eight_or_a_nine_of_either_side_ends_the_coup() {
        for first in 0..=9 {
            for second in 0..=9 {
                let (player, banker) = dealt([first, second, 0, 0, 1, 1]);
                if first.max(second) >= 8 {
                    assert_eq!((player.len(), banker.len()), (2, 2), "{first} against {second}");
                } else {
                    assert!(
                        player.len() + banker.len() > 4 || first >= 6,
                        "{first} against {second}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_player_draws_on_nought_to_five_and_stands_on_six_and_seven() {
        for total in 0..=7 {
            for banker in 0..=7 {
                let (player, _) = dealt([total, banker, 0, 0, 1, 1]);
                let cards = if total <= 5 { 3 } else { 2 };
                assert_eq!(player.len(), cards, "{total} against {banker}");
            }
        }
    }

    #[test]
    fn the_banker_draws_on_nought_to_five_when_the_player_stood() {
        for player in [6, 7] {
            for total in 0..=7 {
                let (_, banker) = dealt([player, total, 0, 0, 1, 1]);
                let cards = if total <= 5 { 3 } else { 2 };
                assert_eq!(banker.len(), cards, "{total} against {player}");
            }
        }
    }

    #[test]
    fn the_banker_answers_the_players_third_card_by_the_published_table() {
        // For each total of the banker: D draws and S stands, by what the player's third card counts, 0 to 9.
        let table = [
            "DDDDDDDDDD",
            "DDDDDDDDDD",
            "DDDDDDDDDD",
            "DDDDDDDDSD",
            "SSDDDDDDSS",
            "SSSSDDDDSS",
            "SSSSSSDDSS",
            "SSSSSSSSSS",
        ];
        for (total, row) in (0..).zip(table) {
            for (third, drawn) in (0..).zip(row.chars()) {
                let (player, banker) = dealt([0, total, 0, 0, third, 9]);
                assert_eq!(player, [0, 0, third]);
                let expected = if drawn == 'D' {
                    vec![total, 0, 9]
                } else {
                    vec![total, 0]
                };
                assert_eq!(banker, expected, "{total} after {third}");
            }
        }
    }

    #[test]
    fn the_higher_total_wins_and_equal_ones_tie() {
        for (values, winner) in [
            ([9, 8, 0, 0, 0, 0], Side::Player),
            ([2, 5, 4, 4, 0, 0], Side::Banker),
            ([7, 4, 0, 3, 0, 0], Side::Tie),
            ([2, 3, 3, 4, 1, 0], Side::Banker),
        ] {
            assert_eq!(Hands::deal(values.map(card)).winner(), winner, "{values:?}");
        }
    }
}
