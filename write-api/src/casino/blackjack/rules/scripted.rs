//! Rounds whose shoe is written down, for tests. Must never be part of the product.

use shared::money::Minor;

use super::shoe::Shoe;
use super::{Decision, Game, Outcome};
use crate::casino::cards::{Card, Rank, Suit};

pub(super) const STAKE: Minor = Minor::new(100);

/// Cards such as `A 10♥ K`; spades where no suit is written.
pub(super) fn cards(text: &str) -> Vec<Card> {
    text.split_whitespace().map(card).collect()
}

fn card(text: &str) -> Card {
    let suit = Suit::ALL.into_iter().find(|suit| text.ends_with(suit.as_str()));
    let rank = suit.map_or(text, |suit| text.trim_end_matches(suit.as_str()));
    let rank = Rank::ALL.into_iter().find(|known| known.as_str() == rank);
    Card {
        rank: rank.unwrap_or_else(|| panic!("{text} is no card")),
        suit: suit.unwrap_or(Suit::Spades),
    }
}

/// A round of `stake` whose player is dealt `player`, and whose dealer is dealt `dealer`, the card that lies face
/// up first. Then come the cards `then`, and no others.
pub(super) fn deal_for(stake: i64, player: &str, dealer: &str, then: &str) -> Game {
    let (player, dealer) = (cards(player), cards(dealer));
    assert_eq!((player.len(), dealer.len()), (2, 2));
    let dealt = [player[0], dealer[0], player[1], dealer[1]];
    let shoe = Shoe::in_order([&dealt, cards(then).as_slice()].concat());
    Game::start(Minor::new(stake), shoe)
}

/// A round of [`STAKE`] that begins as [`deal_for`] says.
pub(super) fn deal(player: &str, dealer: &str, then: &str) -> Game {
    deal_for(STAKE.get(), player, dealer, then)
}

/// Takes `decisions`, none of which may be refused.
pub(super) fn act(mut game: Game, decisions: &[Decision]) -> Game {
    for decision in decisions {
        let taken = game.act(*decision);
        assert_eq!(taken, Ok(()), "{decision:?} of {decisions:?}");
    }
    game
}

/// How each hand of a round that is over ended.
pub(super) fn outcomes(game: &Game) -> Vec<Outcome> {
    let settlement = game.settlement().expect("the round is not over");
    settlement.hands.iter().map(|hand| hand.outcome).collect()
}

/// What a round that is over cost and pays, in minor units.
pub(super) fn staked_and_paid(game: &Game) -> (i64, i64) {
    let settlement = game.settlement().expect("the round is not over");
    (game.staked().get(), settlement.payout.get())
}
