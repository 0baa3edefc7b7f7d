//! Playing cards: owns what a card is, how it is written, and the order of a new shoe.
//! Must never know what a card counts: each game has its own values.

use std::fmt;

use serde::{Serialize, Serializer};

/// The four suits, in the order of a new deck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suit {
    /// ♠.
    Spades,
    /// ♥.
    Hearts,
    /// ♦.
    Diamonds,
    /// ♣.
    Clubs,
}

impl Suit {
    /// Every suit, in the order of a new deck.
    pub const ALL: [Self; 4] = [Self::Spades, Self::Hearts, Self::Diamonds, Self::Clubs];

    /// The suit as a page shows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spades => "♠",
            Self::Hearts => "♥",
            Self::Diamonds => "♦",
            Self::Clubs => "♣",
        }
    }
}

/// The thirteen ranks, in the order of a new deck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rank {
    /// A.
    Ace = 1,
    /// 2.
    Two,
    /// 3.
    Three,
    /// 4.
    Four,
    /// 5.
    Five,
    /// 6.
    Six,
    /// 7.
    Seven,
    /// 8.
    Eight,
    /// 9.
    Nine,
    /// 10.
    Ten,
    /// J.
    Jack,
    /// Q.
    Queen,
    /// K.
    King,
}

impl Rank {
    /// Every rank, in the order of a new deck.
    pub const ALL: [Self; 13] = [
        Self::Ace,
        Self::Two,
        Self::Three,
        Self::Four,
        Self::Five,
        Self::Six,
        Self::Seven,
        Self::Eight,
        Self::Nine,
        Self::Ten,
        Self::Jack,
        Self::Queen,
        Self::King,
    ];

    /// The place in a suit: 1 for the ace, the number of pips up to 10, then 11, 12 and 13.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The rank as a page shows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ace => "A",
            Self::Two => "2",
            Self::Three => "3",
            Self::Four => "4",
            Self::Five => "5",
            Self::Six => "6",
            Self::Seven => "7",
            Self::Eight => "8",
            Self::Nine => "9",
            Self::Ten => "10",
            Self::Jack => "J",
            Self::Queen => "Q",
            Self::King => "K",
        }
    }
}

/// A card. Shown, also in JSON, as its rank and suit: `A♠`, `10♥`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Card {
    /// Ace to king.
    pub rank: Rank,
    /// One of the four.
    pub suit: Suit,
}

impl fmt::Display for Card {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.rank.as_str())?;
        out.write_str(self.suit.as_str())
    }
}

impl Serialize for Card {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A new shoe of `decks` times 52 cards, deck after deck. Each deck has ♠, ♥, ♦, ♣ in turn, each from the ace
/// to the king. A shuffle starts from this order, so that every game of cards rests on it.
pub fn shoe(decks: usize) -> Vec<Card> {
    let deck = Suit::ALL.map(|suit| Rank::ALL.map(|rank| Card { rank, suit }));
    deck.as_flattened().repeat(decks)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn a_card_is_written_as_its_rank_and_suit() {
        let card = |rank, suit| Card { rank, suit };
        for (card, text) in [
            (card(Rank::Ace, Suit::Spades), "A♠"),
            (card(Rank::Ten, Suit::Hearts), "10♥"),
            (card(Rank::Queen, Suit::Diamonds), "Q♦"),
            (card(Rank::Two, Suit::Clubs), "2♣"),
        ] {
            assert_eq!(card.to_string(), text);
            assert_eq!(serde_json::to_value(card).unwrap(), text);
        }
    }

    #[test]
    fn a_new_deck_goes_from_the_ace_of_spades_to_the_king_of_clubs() {
        let deck: Vec<_> = shoe(1).iter().map(Card::to_string).collect();
        assert_eq!(
            deck.join(" "),
            "A♠ 2♠ 3♠ 4♠ 5♠ 6♠ 7♠ 8♠ 9♠ 10♠ J♠ Q♠ K♠ A♥ 2♥ 3♥ 4♥ 5♥ 6♥ 7♥ 8♥ 9♥ 10♥ J♥ Q♥ K♥ \
             A♦ 2♦ 3♦ 4♦ 5♦ 6♦ 7♦ 8♦ 9♦ 10♦ J♦ Q♦ K♦ A♣ 2♣ 3♣ 4♣ 5♣ 6♣ 7♣ 8♣ 9♣ 10♣ J♣ Q♣ K♣"
        );
    }

    #[test]
    fn a_shoe_repeats_the_deck_and_has_each_card_once_a_deck() {
        for decks in [1, 6, 8] {
            let shoe = shoe(decks);
            assert!(
                shoe.chunks(52).all(|deck| deck == super::shoe(1)),
                "{decks} decks"
            );
            let mut copies = HashMap::new();
            for card in shoe {
                *copies.entry(card).or_insert(0) += 1;
            }
            assert_eq!(copies.len(), 52);
            assert!(copies.values().all(|copies| *copies == decks), "{decks} decks");
        }
    }

    #[test]
    fn ranks_are_numbered_from_the_ace_to_the_king() {
        assert_eq!(
            Rank::ALL.map(Rank::number),
            [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]
        );
    }
}
