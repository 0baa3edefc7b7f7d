//! Exact odds of a coup: owns the count of all deals from a full shoe. Must never draw a word.

use std::array;

use shared::money::Minor;

use super::hands::{Hands, points};
use super::{DECKS, Side, TWENTIETHS};
use crate::casino::cards::shoe;
use crate::casino::returns::Returns;

/// What a card can count: 0 to 9.
const VALUES: usize = 10;

/// How many deals each side wins, of all ordered deals of six cards from a full shoe; each deal is equally likely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deals {
    /// Those in which the player's hand is higher.
    pub player: i64,
    /// Those in which the banker's hand is higher.
    pub banker: i64,
    /// Those in which both totals are equal.
    pub tie: i64,
}

impl Deals {
    /// Plays every deal: each sequence of six values once, weighed by the deals that show it.
    pub fn count() -> Self {
        let shoe = shoe(DECKS);
        let mut card_of = [shoe[0]; VALUES];
        let mut in_shoe = [0; VALUES];
        for card in shoe {
            let value = usize::from(points(card.rank));
            card_of[value] = card;
            in_shoe[value] += 1;
        }
        let mut deals = Self {
            player: 0,
            banker: 0,
            tie: 0,
        };
        for sequence in 0..VALUES.pow(6) {
            let (mut left, mut rest, mut ways) = (in_shoe, sequence, 1);
            let cards = array::from_fn(|_| {
                let value = rest % VALUES;
                rest /= VALUES;
                ways *= left[value];
                left[value] -= 1;
                card_of[value]
            });
            match Hands::deal(cards).winner() {
                Side::Player => deals.player += ways,
                Side::Banker => deals.banker += ways,
                Side::Tie => deals.tie += ways,
            }
        }
        deals
    }

    /// All deals.
    pub const fn total(&self) -> i64 {
        self.player + self.banker + self.tie
    }

    /// What a bet on `side` returns over all deals.
    pub fn returns(&self, side: Side) -> Returns {
        let stake = Minor::new(TWENTIETHS);
        let outcomes = [
            (self.player, Side::Player),
            (self.banker, Side::Banker),
            (self.tie, Side::Tie),
        ];
        let paid = outcomes.map(|(deals, winner)| (deals.into(), side.payout(stake, winner)));
        Returns::count(stake, paid)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::casino::returns::Ratio;

    /// Ordered deals of six of 416 cards.
    const ALL_DEALS: i64 = 416 * 415 * 414 * 413 * 412 * 411;

    /// Counted once for all tests.
    static DEALS: LazyLock<Deals> = LazyLock::new(Deals::count);

    #[test]
    fn every_deal_of_eight_decks_goes_to_the_published_side() {
        assert_eq!(
            *DEALS,
            Deals {
                player: 2_230_518_282_592_256,
                banker: 2_292_252_566_437_888,
                tie: 475_627_426_473_216,
            }
        );
        assert_eq!(DEALS.total(), ALL_DEALS);
        assert_eq!(ALL_DEALS, 4_998_398_275_503_360);
    }

    #[test]
    fn the_house_keeps_1_23508_percent_1_05791_percent_and_14_35963_percent() {
        for (side, edge_in_ten_millionths) in [
            (Side::Player, 123_508),
            (Side::Banker, 105_791),
            (Side::Tie, 1_435_963),
        ] {
            let expected = DEALS.returns(side).expected_value();
            let edge = (-expected.numerator() * 100_000_000 / expected.denominator() + 5) / 10;
            assert_eq!(edge, edge_in_ten_millionths, "{side:?}: {expected}");
        }
    }

    #[test]
    fn the_expected_value_is_the_balance_of_won_and_lost_deals() {
        let Deals { player, banker, tie } = *DEALS;
        for (side, gained_twentieths) in [
            (Side::Player, 20 * (player - banker)),
            (Side::Banker, 19 * banker - 20 * player),
            (Side::Tie, 20 * (8 * tie - player - banker)),
        ] {
            let balance = Ratio::new(gained_twentieths.into(), (20 * ALL_DEALS).into());
            assert_eq!(DEALS.returns(side).expected_value(), balance, "{side:?}");
        }
    }

    #[test]
    fn sigma_is_0_95115_and_0_92737_and_2_64087_stakes() {
        for (side, sigma_hundred_thousandths) in [
            (Side::Player, 95_115),
            (Side::Banker, 92_737),
            (Side::Tie, 264_087),
        ] {
            let sigma = (DEALS.returns(side).sigma_millionths() + 5) / 10;
            assert_eq!(sigma, sigma_hundred_thousandths, "{side:?}");
        }
    }
}
