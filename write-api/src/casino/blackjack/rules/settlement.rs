//! What a round costs and pays: owns the odds. Must never round but once, and then down.

use shared::money::{MAX_AMOUNT_MINOR, Minor};

use super::{Decision, Game, HANDS_MAX, Hand};

/// The most that a round can pay, in stakes: every hand split, doubled and won. Sums are not checked below, because
/// no stake that [`Game::deal`] accepts comes near the end of an `i64`.
const STAKES_PAID_MAX: i64 = 4 * 2 * 2;
const _: () = assert!(HANDS_MAX == 4 && MAX_AMOUNT_MINOR <= i64::MAX / STAKES_PAID_MAX);

/// What a won insurance returns, in stakes on it: it pays 2:1, and its own stake comes back.
pub(super) const INSURANCE_RETURNS: i64 = 3;

/// How a hand ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An ace and a ten against no blackjack: pays 3:2.
    Blackjack,
    /// More than the dealer, or the dealer is bust: pays 1:1.
    Win,
    /// As much as the dealer: the stake comes back.
    Push,
    /// Less than the dealer.
    Lose,
    /// More than 21.
    Bust,
}

impl Outcome {
    fn of(hand: &Hand, dealer: &Hand) -> Self {
        let (points, dealer_points) = (hand.total().points, dealer.total().points);
        match (hand.is_blackjack(), dealer.is_blackjack()) {
            (true, true) => Self::Push,
            (true, false) => Self::Blackjack,
            (false, false) if hand.is_bust() => Self::Bust,
            (false, false) if dealer.is_bust() || points > dealer_points => Self::Win,
            (false, false) if points == dealer_points => Self::Push,
            (false, true | false) => Self::Lose,
        }
    }

    /// What comes back of `stake`, itself included; a fraction of a minor unit is not paid.
    fn pays(self, stake: Minor) -> Minor {
        let stake = stake.get();
        Minor::new(match self {
            Self::Blackjack => 2 * stake + stake / 2,
            Self::Win => 2 * stake,
            Self::Push => stake,
            Self::Lose | Self::Bust => 0,
        })
    }
}

/// What became of one hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandResult {
    /// How it ended.
    pub outcome: Outcome,
    /// What lay on it.
    pub stake: Minor,
    /// What it pays, the stake included.
    pub payout: Minor,
}

/// What became of an insurance. It is settled as soon as it is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Insurance {
    /// Half a stake.
    pub stake: Minor,
    /// What it pays, the stake included: 2:1 against the dealer's blackjack, and otherwise nothing.
    pub payout: Minor,
}

/// What a round that is over pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// Everything: the hands and the insurance, their stakes included.
    pub payout: Minor,
    /// The player's hands, from left to right.
    pub hands: Vec<HandResult>,
    /// The insurance, if it was taken.
    pub insurance: Option<Insurance>,
}

impl Game {
    /// What `decision` costs on top of what is staked: as much again for a double or a split, half of it, rounded
    /// down, for insurance. A dealer who looks first and finds his blackjack does not take it for a double or a
    /// split, but only [`Game::staked`] may tell: to announce less would show his card.
    pub fn extra_stake(&self, decision: Decision) -> Minor {
        match decision {
            Decision::Hit | Decision::Stand => Minor::ZERO,
            Decision::Double | Decision::Split => self.stake,
            Decision::Insurance => Minor::new(self.stake.get() / 2),
        }
    }

    /// Everything that is staked so far: the hands and the insurance.
    pub fn staked(&self) -> Minor {
        let hands: i64 = self.hands.iter().map(|hand| self.stake_on(hand).get()).sum();
        let insurance = self.insurance().map_or(0, |insurance| insurance.stake.get());
        Minor::new(hands + insurance)
    }

    /// The insurance, if it was taken.
    pub fn insurance(&self) -> Option<Insurance> {
        self.is_insured().then(|| {
            let stake = self.extra_stake(Decision::Insurance);
            let paid = if self.dealer.is_blackjack() {
                INSURANCE_RETURNS * stake.get()
            } else {
                0
            };
            let payout = Minor::new(paid);
            Insurance { stake, payout }
        })
    }

    /// What the round pays; `None` until it is over.
    pub fn settlement(&self) -> Option<Settlement> {
        if !self.is_over() {
            return None;
        }
        let hands: Vec<_> = self.hands.iter().map(|hand| self.result_of(hand)).collect();
        let insurance = self.insurance();
        let paid: i64 = hands.iter().map(|hand| hand.payout.get()).sum();
        let insured = insurance.map_or(0, |insurance| insurance.payout.get());
        Some(Settlement {
            payout: Minor::new(paid + insured),
            hands,
            insurance,
        })
    }

    fn result_of(&self, hand: &Hand) -> HandResult {
        let outcome = Outcome::of(hand, &self.dealer);
        let stake = self.stake_on(hand);
        HandResult {
            outcome,
            stake,
            payout: outcome.pays(stake),
        }
    }

    pub(super) fn stake_on(&self, hand: &Hand) -> Minor {
        Minor::new(self.stake.get() * hand.stakes())
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{act, deal, deal_for, outcomes, staked_and_paid};
    use super::*;
    use crate::casino::blackjack::rules::Decision::{Double, Hit, Insurance, Split, Stand};
    use crate::casino::cards::Rank;

    #[test]
    fn each_outcome_pays_its_odds_and_returns_its_stake() {
        for (player, dealer, then, decisions, outcome, paid) in [
            ("A K", "9 10", "", &[][..], Outcome::Blackjack, 250),
            ("10 10", "9 10", "", &[Stand], Outcome::Win, 200),
            ("10 2", "6 10", "K", &[Stand], Outcome::Win, 200),
            ("10 9", "9 10", "", &[Stand], Outcome::Push, 100),
            ("7 7", "9 2", "7 K", &[Hit], Outcome::Push, 100),
            ("10 8", "9 10", "", &[Stand], Outcome::Lose, 0),
            ("10 6", "9 10", "6", &[Hit], Outcome::Bust, 0),
        ] {
            let game = act(deal(player, dealer, then), decisions);
            assert_eq!(outcomes(&game), [outcome], "{player} against {dealer}");
            assert_eq!(staked_and_paid(&game), (100, paid), "{player} against {dealer}");
        }
    }

    #[test]
    fn a_21_of_three_cards_loses_to_the_dealers_blackjack_and_to_no_other_21() {
        // Only a first decision that is undone can meet his blackjack, so the hand never gets its third card.
        let undone = act(deal("5 6", "A K", "10"), &[Hit]);
        assert_eq!(outcomes(&undone), [Outcome::Lose]);
        let drawn = act(deal("5 6", "A 4", "10 6"), &[Hit]);
        assert_eq!(outcomes(&drawn), [Outcome::Push]);
    }

    #[test]
    fn three_to_two_of_an_odd_stake_is_rounded_down_once() {
        for (stake, paid) in [(1, 2), (2, 5), (3, 7), (5, 12), (99, 247), (101, 252)] {
            let game = deal_for(stake, "A K", "9 10", "");
            assert_eq!(staked_and_paid(&game), (stake, paid));
        }
    }

    #[test]
    fn only_doubles_splits_and_insurance_cost_more() {
        let game = deal_for(7, "8 8", "A 7", "");
        let costs = Decision::ALL.map(|decision| (decision, game.extra_stake(decision).get()));
        assert_eq!(
            costs,
            [(Hit, 0), (Stand, 0), (Double, 7), (Split, 7), (Insurance, 3)]
        );
    }

    #[test]
    fn what_a_decision_costs_never_depends_on_the_card_that_lies_face_down() {
        let [blackjack, other] = ["K", "7"].map(|hole| deal("8 8", &format!("A {hole}"), ""));
        for decision in Decision::ALL {
            assert_eq!(blackjack.extra_stake(decision), other.extra_stake(decision));
        }
    }

    #[test]
    fn an_open_round_has_no_settlement() {
        let game = deal("8 8", "6 10", "3 2");
        assert_eq!(game.settlement(), None);
        assert_eq!(act(game, &[Split, Stand]).settlement(), None);
    }

    #[test]
    fn four_doubled_hands_win_sixteen_of_the_largest_stakes() {
        let game = deal_for(MAX_AMOUNT_MINOR, "8 8", "6 10", "8 8 3 3 K K 3 3 K K 9");
        let decisions = [Split, Split, Double, Double, Split, Double, Double];
        let game = act(game, &decisions);
        assert_eq!(
            staked_and_paid(&game),
            (8 * MAX_AMOUNT_MINOR, STAKES_PAID_MAX * MAX_AMOUNT_MINOR)
        );
    }

    /// What insurance wins or loses in a round that begins like this, if half the stake is 1.
    fn insurance_wins(game: Game) -> i64 {
        let insurance = act(game, &[Insurance]).insurance().unwrap();
        assert_eq!(insurance.stake.get(), 1);
        insurance.payout.get() - insurance.stake.get()
    }

    #[test]
    fn insurance_loses_23_of_311_on_average_over_all_that_can_lie_under_an_ace() {
        let mut left = Rank::ALL.map(|rank| (rank, 24_i64));
        left[0].1 -= 1;
        let mut draws = Vec::new();
        for first in 0..left.len() {
            for second in 0..left.len() {
                for hole in 0..left.len() {
                    let mut left = left;
                    let ways = [first, second, hole].map(|rank| {
                        left[rank].1 -= 1;
                        left[rank].1 + 1
                    });
                    draws.push(([first, second, hole].map(|rank| left[rank].0), ways));
                }
            }
        }
        let (mut won, mut all) = (0, 0);
        for ([first, second, hole], ways) in draws {
            let player = format!("{} {}", first.as_str(), second.as_str());
            let game = deal_for(2, &player, &format!("A {}", hole.as_str()), "");
            let ways: i64 = ways.iter().product();
            won += ways * insurance_wins(game);
            all += ways;
        }
        assert_eq!(all, 311 * 310 * 309);
        assert_eq!(won * 311, -23 * all);
    }
}
