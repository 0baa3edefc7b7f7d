//! Exact odds that a new shoe alone decides: owns the count of what can lie under the dealer's ace.
//! Must never draw a card.

use shared::money::Minor;

use super::hand::value;
use super::settlement::INSURANCE_RETURNS;
use super::shoe::DECKS;
use crate::casino::cards::{Card, shoe};
use crate::casino::returns::Returns;

/// What a stake on insurance returns over all cards that can lie under an ace, each equally likely to one who has seen
/// no other card.
pub fn insurance() -> Returns {
    let cards = shoe(DECKS);
    let unseen = cards.len() - 1;
    let makes_blackjack = |card: &&Card| value(**card) == 10;
    let winning = cards.iter().filter(makes_blackjack).count();
    let outcomes = [(winning, INSURANCE_RETURNS), (unseen - winning, 0)];
    let weighed = outcomes.map(|(cards, payout)| (cards as i128, Minor::new(payout)));
    Returns::count(Minor::new(1), weighed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::casino::returns::Ratio;

    #[test]
    fn insurance_loses_23_of_311() {
        assert_eq!(insurance().expected_value(), Ratio::new(-23, 311));
    }
}
