//! The shoe of one round: owns the cards not dealt yet. Must never show one before it is drawn.

use std::fmt;

use crate::casino::cards::{self, Card};
use crate::casino::fairness::WordSource;

pub(super) const DECKS: usize = 6;

/// Six decks in the order in which they are dealt.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Shoe {
    cards: Vec<Card>,
    drawn: usize,
}

impl Shoe {
    /// A shuffled shoe of all cards.
    pub(super) fn shuffled(words: &mut impl WordSource) -> Self {
        let mut cards = cards::shoe(DECKS);
        words.shuffle(&mut cards);
        Self { cards, drawn: 0 }
    }

    /// A shoe with its cards in this order.
    #[cfg(test)]
    pub(super) fn in_order(cards: Vec<Card>) -> Self {
        Self { cards, drawn: 0 }
    }

    /// The cards that were dealt, in their order.
    #[cfg(test)]
    pub(super) fn dealt(&self) -> &[Card] {
        &self.cards[..self.drawn]
    }

    /// The next card. No round comes near the end of the shoe: five hands that count at most 21 before their last
    /// card are fewer than 70 cards, even when these are the 24 aces, the 24 twos and threes.
    pub(super) fn draw(&mut self) -> Card {
        let card = self.cards[self.drawn];
        self.drawn += 1;
        card
    }
}

impl fmt::Debug for Shoe {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Shoe")
            .field("drawn", &self.drawn)
            .finish_non_exhaustive()
    }
}
