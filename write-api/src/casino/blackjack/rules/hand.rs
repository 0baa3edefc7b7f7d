//! A hand of blackjack: owns what its cards count and when it stands by itself. Must never draw a card.

use crate::casino::cards::{Card, Rank};

/// The most that a hand may count.
pub(super) const BLACKJACK_POINTS: u8 = 21;
const ACE_BONUS: u8 = 10;

/// What the cards of a hand count together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// The points, an ace counted 11 where that does not bust.
    pub points: u8,
    /// Whether an ace counts 11, so that one more card cannot bust.
    pub is_soft: bool,
}

/// What a card counts on its own: an ace 11, a face 10.
pub(super) const fn value(card: Card) -> u8 {
    match card.rank {
        Rank::Ace => 11,
        Rank::Ten | Rank::Jack | Rank::Queen | Rank::King => 10,
        pips => pips.number(),
    }
}

/// How a hand came to its first two cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Deal,
    Split,
    SplitAces,
}

/// The cards of the dealer, or those that the player plays together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hand {
    cards: Vec<Card>,
    origin: Origin,
    is_doubled: bool,
}

impl Hand {
    pub(super) fn dealt(cards: [Card; 2]) -> Self {
        Self {
            cards: cards.to_vec(),
            origin: Origin::Deal,
            is_doubled: false,
        }
    }

    pub(super) fn take(&mut self, card: Card) {
        self.cards.push(card);
    }

    pub(super) fn double(&mut self, card: Card) {
        self.is_doubled = true;
        self.take(card);
    }

    /// Keeps its first card and gives its second to the new hand on its right; each takes one of those `drawn`.
    pub(super) fn split(&mut self, drawn: [Card; 2]) -> Self {
        let origin = match self.cards[0].rank {
            Rank::Ace => Origin::SplitAces,
            _ => Origin::Split,
        };
        let right = [self.cards[1], drawn[1]];
        let left = [self.cards[0], drawn[0]];
        *self = Self {
            origin,
            ..Self::dealt(left)
        };
        Self {
            origin,
            ..Self::dealt(right)
        }
    }

    /// The cards in the order they came.
    pub fn cards(&self) -> &[Card] {
        &self.cards
    }

    /// The cards of a hand that has taken none yet.
    pub(super) fn two_cards(&self) -> Option<[Card; 2]> {
        self.cards.as_slice().try_into().ok()
    }

    /// Whether it is two cards of equal value, such as 10 and K.
    pub fn is_pair(&self) -> bool {
        self.two_cards()
            .is_some_and(|[first, second]| value(first) == value(second))
    }

    /// What the cards count.
    pub fn total(&self) -> Total {
        let mut hard = 0;
        let mut has_ace = false;
        for card in &self.cards {
            hard += card.rank.number().min(10);
            has_ace |= card.rank == Rank::Ace;
        }
        let is_soft = has_ace && hard + ACE_BONUS <= BLACKJACK_POINTS;
        let points = if is_soft { hard + ACE_BONUS } else { hard };
        Total { points, is_soft }
    }

    /// How many stakes lie on it: one, or two when doubled.
    pub fn stakes(&self) -> i64 {
        if self.is_doubled { 2 } else { 1 }
    }

    /// Whether it is an ace and a ten as they were dealt: after a split they are 21 and no blackjack.
    pub fn is_blackjack(&self) -> bool {
        self.origin == Origin::Deal && self.cards.len() == 2 && self.total().points == BLACKJACK_POINTS
    }

    /// Whether it counts more than 21.
    pub fn is_bust(&self) -> bool {
        self.total().points > BLACKJACK_POINTS
    }

    /// Whether there is nothing to decide on it.
    pub(super) fn stands_by_itself(&self) -> bool {
        self.is_doubled || self.origin == Origin::SplitAces || self.total().points >= BLACKJACK_POINTS
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::cards;
    use super::*;

    fn hand(text: &str) -> Hand {
        let cards = cards(text);
        let mut hand = Hand::dealt([cards[0], cards[1]]);
        cards[2..].iter().for_each(|card| hand.take(*card));
        hand
    }

    #[test]
    fn faces_count_ten_and_an_ace_counts_eleven_where_that_does_not_bust() {
        for (text, points, is_soft) in [
            ("2 3", 5, false),
            ("10 K", 20, false),
            ("J Q 2", 22, false),
            ("A 2", 13, true),
            ("A A", 12, true),
            ("A A A", 13, true),
            ("A 9", 20, true),
            ("A K", 21, true),
            ("A 5 5", 21, true),
            ("A 5 6", 12, false),
            ("A A 9", 21, true),
            ("A A K", 12, false),
            ("10 9 A A", 21, false),
            ("10 9 A A A", 22, false),
        ] {
            assert_eq!(hand(text).total(), Total { points, is_soft }, "{text}");
        }
    }

    #[test]
    fn every_card_counts_its_pips_on_its_own_and_an_ace_eleven() {
        let counts: Vec<_> = cards("A 2 3 4 5 6 7 8 9 10 J Q K")
            .into_iter()
            .map(value)
            .collect();
        assert_eq!(counts, [11, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10, 10]);
    }

    #[test]
    fn blackjack_is_21_in_the_two_cards_that_were_dealt() {
        assert!(hand("A K").is_blackjack());
        assert!(hand("10 A").is_blackjack());
        assert!(!hand("A 9").is_blackjack());
        assert!(!hand("A 5 5").is_blackjack());
        let mut left = hand("A A");
        let right = left.split([cards("K")[0], cards("Q")[0]]);
        for split in [left, right] {
            assert_eq!(split.total().points, 21);
            assert!(!split.is_blackjack());
        }
    }

    #[test]
    fn a_split_hand_keeps_its_first_card_and_gives_the_second_to_its_right() {
        let mut left = hand("8 8♥");
        let right = left.split([cards("2")[0], cards("3")[0]]);
        assert_eq!(left.cards(), cards("8 2"));
        assert_eq!(right.cards(), cards("8♥ 3"));
        assert_eq!((left.stakes(), right.stakes()), (1, 1));
    }
}
