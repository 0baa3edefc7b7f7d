//! Players who decide by rule, for the simulations that prove the house's edge. Must never see more than a player does.

use shared::money::Minor;

use super::hand::value;
use super::{BlackjackError, DEALER_STANDS_ON, Decision, Game, Hand, Settlement};
use crate::casino::fairness::WordSource;

/// A rule that decides a round to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// The published basic strategy by totals for four to eight decks, where the dealer stands on soft 17 and looks
    /// for blackjack, and a hand can be doubled after a split. Never takes insurance.
    Basic,
    /// Draws below 17 and stands on all 17, as the dealer does, and takes nothing else that is offered.
    MimicDealer,
}

impl Strategy {
    /// What it does next; `None` when the round is over.
    pub fn decide(self, game: &Game) -> Option<Decision> {
        let hand = game.hand()?;
        Some(match self {
            Self::Basic => basic(game, hand),
            Self::MimicDealer if hand.total().points < DEALER_STANDS_ON => Decision::Hit,
            Self::MimicDealer => Decision::Stand,
        })
    }

    /// Deals a round and decides it to its end: the whole stake, and what the round pays.
    ///
    /// # Errors
    /// As [`Game::deal`].
    pub fn play(
        self,
        stake: Minor,
        words: &mut impl WordSource,
    ) -> Result<(Minor, Settlement), BlackjackError> {
        let mut game = Game::deal(stake, words)?;
        loop {
            if let Some(settlement) = game.settlement() {
                return Ok((game.staked(), settlement));
            }
            let decision = self.decide(&game).ok_or(BlackjackError::RoundOver)?;
            game.act(decision)?;
        }
    }
}

/// What the tables say for a total.
enum Plan {
    Hit,
    Stand,
    DoubleOrHit,
    DoubleOrStand,
}

fn basic(game: &Game, hand: &Hand) -> Decision {
    let up = value(game.up_card());
    let is_allowed = |decision| game.check(decision).is_ok();
    if is_allowed(Decision::Split) && is_worth_splitting(value(hand.cards()[0]), up) {
        return Decision::Split;
    }
    let total = hand.total();
    let plan = if total.is_soft {
        plan_for_soft(total.points, up)
    } else {
        plan_for_hard(total.points, up)
    };
    match plan {
        Plan::DoubleOrHit | Plan::DoubleOrStand if is_allowed(Decision::Double) => Decision::Double,
        Plan::DoubleOrHit | Plan::Hit => Decision::Hit,
        Plan::DoubleOrStand | Plan::Stand => Decision::Stand,
    }
}

/// Whether to split two cards that count `card` each, an ace 11, against `up`.
const fn is_worth_splitting(card: u8, up: u8) -> bool {
    matches!(
        (card, up),
        (2 | 3 | 7, 2..=7) | (4, 5 | 6) | (6, 2..=6) | (8 | 11, _) | (9, 2..=6 | 8 | 9)
    )
}

const fn plan_for_hard(points: u8, up: u8) -> Plan {
    match (points, up) {
        (9, 3..=6) | (10, 2..=9) | (11, 2..=10) => Plan::DoubleOrHit,
        (12, 4..=6) | (13..=16, 2..=6) | (17.., _) => Plan::Stand,
        _ => Plan::Hit,
    }
}

const fn plan_for_soft(points: u8, up: u8) -> Plan {
    match (points, up) {
        (13 | 14, 5 | 6) | (15 | 16, 4..=6) | (17, 3..=6) => Plan::DoubleOrHit,
        (18, 3..=6) => Plan::DoubleOrStand,
        (18, 2 | 7 | 8) | (19.., _) => Plan::Stand,
        _ => Plan::Hit,
    }
}

#[cfg(test)]
mod tests {
    use super::super::scripted::{act, deal};
    use super::*;

    const ROUNDS: i32 = 100_000;
    /// The dealer's cards that lie face up, in the order of the tables' columns.
    const UP_CARDS: [&str; 10] = ["2", "3", "4", "5", "6", "7", "8", "9", "10", "A"];

    /// `SplitMix64` (Steele, Lea, Flood 2014), far faster than the words of a seed pair.
    fn split_mix(mut state: u64) -> impl FnMut() -> u32 {
        move || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            u32::try_from((mixed ^ (mixed >> 31)) >> 32).unwrap()
        }
    }

    /// A row of a table: what is decided on these cards against each card of the dealer, by its first letter.
    fn row(player: &str) -> String {
        let against = |up| {
            let game = deal(player, &format!("{up} 7"), "");
            match Strategy::Basic.decide(&game).unwrap() {
                Decision::Hit => 'H',
                Decision::Stand => 'S',
                Decision::Double => 'D',
                Decision::Split => 'P',
                Decision::Insurance => 'I',
            }
        };
        UP_CARDS.into_iter().map(against).collect()
    }

    #[test]
    fn basic_strategy_follows_the_published_tables() {
        for (player, decided) in [
            ("2 3", "HHHHHHHHHH"),
            ("5 3", "HHHHHHHHHH"),
            ("5 4", "HDDDDHHHHH"),
            ("6 4", "DDDDDDDDHH"),
            ("6 5", "DDDDDDDDDH"),
            ("10 2", "HHSSSHHHHH"),
            ("10 3", "SSSSSHHHHH"),
            ("10 4", "SSSSSHHHHH"),
            ("10 5", "SSSSSHHHHH"),
            ("10 6", "SSSSSHHHHH"),
            ("10 7", "SSSSSSSSSS"),
            ("10 8", "SSSSSSSSSS"),
            ("10 9", "SSSSSSSSSS"),
            ("A 2", "HHHDDHHHHH"),
            ("A 3", "HHHDDHHHHH"),
            ("A 4", "HHDDDHHHHH"),
            ("A 5", "HHDDDHHHHH"),
            ("A 6", "HDDDDHHHHH"),
            ("A 7", "SDDDDSSHHH"),
            ("A 8", "SSSSSSSSSS"),
            ("A 9", "SSSSSSSSSS"),
            ("A A", "PPPPPPPPPP"),
            ("2 2", "PPPPPPHHHH"),
            ("3 3", "PPPPPPHHHH"),
            ("4 4", "HHHPPHHHHH"),
            ("5 5", "DDDDDDDDHH"),
            ("6 6", "PPPPPHHHHH"),
            ("7 7", "PPPPPPHHHH"),
            ("8 8", "PPPPPPPPPP"),
            ("9 9", "PPPPPSPPSS"),
            ("10 K", "SSSSSSSSSS"),
        ] {
            assert_eq!(row(player), decided, "{player}");
        }
    }

    #[test]
    fn basic_strategy_hits_or_stands_where_it_can_no_longer_double_or_split() {
        for (player, up, then, decisions, next) in [
            ("2 3", "6 10", "4", &[Decision::Hit][..], Decision::Hit),
            ("A 2", "4 10", "5", &[Decision::Hit], Decision::Stand),
            ("A 2", "9 10", "5", &[Decision::Hit], Decision::Hit),
            (
                "8 8",
                "6 10",
                "8 8 8 8 8 8",
                &[Decision::Split; 3],
                Decision::Stand,
            ),
            ("8 8", "9 10", "8 8 8 8 8 8", &[Decision::Split; 3], Decision::Hit),
        ] {
            let game = act(deal(player, up, then), decisions);
            assert_eq!(Strategy::Basic.decide(&game), Some(next), "{player} against {up}");
        }
    }

    #[test]
    fn the_mimic_draws_below_17_and_takes_nothing_else() {
        for (player, decision) in [
            ("8 8", Decision::Hit),
            ("6 5", Decision::Hit),
            ("10 6", Decision::Hit),
            ("10 7", Decision::Stand),
            ("A 6", Decision::Stand),
            ("A 5", Decision::Hit),
        ] {
            let game = deal(player, "A 7", "");
            assert_eq!(Strategy::MimicDealer.decide(&game), Some(decision), "{player}");
        }
    }

    #[test]
    fn a_blackjack_against_an_ace_is_stood_on() {
        let game = deal("A K", "A 10", "");
        for strategy in [Strategy::Basic, Strategy::MimicDealer] {
            assert_eq!(strategy.decide(&game), Some(Decision::Stand));
        }
    }

    #[test]
    fn nothing_is_decided_when_the_round_is_over() {
        let game = deal("A K", "9 10", "");
        for strategy in [Strategy::Basic, Strategy::MimicDealer] {
            assert_eq!(strategy.decide(&game), None);
        }
    }

    /// Checks the mean and the standard deviation of what a strategy wins for each stake.
    fn assert_simulated(strategy: Strategy, mean: f64, sigma: f64) {
        let mut words = split_mix(20_261_125);
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..ROUNDS {
            let (staked, settlement) = strategy.play(Minor::new(2), &mut words).unwrap();
            let won = i32::try_from(settlement.payout.get() - staked.get()).unwrap();
            let won = f64::from(won) / 2.0;
            sum += won;
            squares += won * won;
        }
        let rounds = f64::from(ROUNDS);
        let seen = sum / rounds;
        let seen_sigma = (squares / rounds - seen * seen).sqrt();
        assert!(
            (seen - mean).abs() <= 5.0 * sigma / rounds.sqrt(),
            "{strategy:?} won {seen} and should win {mean}"
        );
        assert!(
            (seen_sigma / sigma - 1.0).abs() <= 0.01,
            "{strategy:?} has the deviation {seen_sigma} and should have {sigma}"
        );
    }

    #[test]
    fn basic_strategy_loses_0_41_percent() {
        assert_simulated(Strategy::Basic, -0.004_095, 1.154);
    }

    #[test]
    fn mimicking_the_dealer_loses_5_68_percent() {
        assert_simulated(Strategy::MimicDealer, -0.056_78, 0.978);
    }
}
