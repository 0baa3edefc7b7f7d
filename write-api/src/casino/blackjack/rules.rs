//! Blackjack: owns the order of the deal, what may be decided when, and how the dealer plays.
//! Must never draw a word but from the source it is given, and never let a refused decision change a round.
//!
//! Six decks are shuffled for each round. The dealer stands on all 17 and looks for blackjack under an ace or a
//! ten. A blackjack pays 3:2, and against an ace it can be insured before, which makes it even money. Any first two cards can be doubled, also after a split. Cards of equal value can be
//! split up to four hands; aces once, with one card each. There is no surrender.

pub mod exact;
mod hand;
#[cfg(test)]
mod scripted;
mod settlement;
mod shoe;
pub mod strategy;
mod table;

use std::array;
use std::fmt;

use serde::{Deserialize, Serialize};
use shared::money::{MAX_AMOUNT_MINOR, Minor};

pub use self::hand::{Hand, Total};
pub use self::settlement::{HandResult, Insurance, Outcome, Settlement};
pub use self::table::Table;

use self::shoe::Shoe;
use crate::casino::cards::{Card, Rank};
use crate::casino::fairness::WordSource;

/// Goes up whenever the same words, stake and decisions would show or pay anything else. In version 1 a player's
/// blackjack against an ace ended the round at once, as standing on it does in version 2.
pub const MATH_VERSION: i16 = 2;

const HANDS_MAX: usize = 4;
const DEALER_STANDS_ON: u8 = 17;

/// What a player can decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// One more card for the current hand.
    Hit,
    /// No more card for the current hand.
    Stand,
    /// One more stake on the current hand, and exactly one more card.
    Double,
    /// One more stake, and a hand of each of the two cards.
    Split,
    /// Half a stake that the dealer has blackjack under his ace.
    Insurance,
}

impl Decision {
    /// Every decision.
    pub const ALL: [Self; 5] = [Self::Hit, Self::Stand, Self::Double, Self::Split, Self::Insurance];

    /// The word in requests, answers and the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Stand => "stand",
            Self::Double => "double",
            Self::Split => "split",
            Self::Insurance => "insurance",
        }
    }
}

/// Why a deal or a decision is refused. The text is fit for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlackjackError {
    /// Nothing, or less, is staked.
    #[error("the stake must be more than zero")]
    StakeNotPositive,
    /// Above [`MAX_AMOUNT_MINOR`].
    #[error("the stake is too large")]
    StakeTooLarge,
    /// There is nothing left to decide.
    #[error("the round is over")]
    RoundOver,
    /// A double needs the first two cards of a hand.
    #[error("only the first two cards of a hand can be doubled")]
    NotTwoCards,
    /// A split needs two cards of equal value, and no others.
    #[error("only two cards of equal value can be split")]
    CannotSplit,
    /// A split would make a fifth hand.
    #[error("there are {HANDS_MAX} hands already")]
    TooManyHands,
    /// Insurance needs the dealer's ace, and comes before any other decision.
    #[error("insurance is offered against an ace, and only as the first decision")]
    InsuranceNotOffered,
    /// A blackjack can't be improved.
    #[error("a blackjack can only be insured or stood on")]
    IsBlackjack,
    /// Half the stake is less than one minor unit.
    #[error("the stake is too small to be insured")]
    InsuranceTooSmall,
}

/// A round, from the deal on. It is a function of stake, words and decisions, and decides nothing itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Game {
    stake: Minor,
    shoe: Shoe,
    dealer: Hand,
    hands: Vec<Hand>,
    /// The place of the hand to decide on; behind the last when the round is over.
    current: usize,
    decisions: Vec<Decision>,
}

impl Game {
    /// Shuffles the shoe, which takes 311 indices, and deals from its first card on: player, dealer face up,
    /// player, dealer face down. A player's blackjack ends the round, and so does the dealer's under a ten; but with an
    /// ace up there is insurance to decide on first. A refused stake takes no word.
    pub fn deal(stake: Minor, words: &mut impl WordSource) -> Result<Self, BlackjackError> {
        if stake <= Minor::ZERO {
            return Err(BlackjackError::StakeNotPositive);
        }
        if stake.get() > MAX_AMOUNT_MINOR {
            return Err(BlackjackError::StakeTooLarge);
        }
        Ok(Self::start(stake, Shoe::shuffled(words)))
    }

    /// The round as it stands after `decisions`.
    ///
    /// # Errors
    /// As [`Game::deal`] and [`Game::act`]: decisions that were accepted once are accepted again.
    pub fn replay(
        stake: Minor,
        words: &mut impl WordSource,
        decisions: &[Decision],
    ) -> Result<Self, BlackjackError> {
        let mut game = Self::deal(stake, words)?;
        for decision in decisions {
            game.act(*decision)?;
        }
        Ok(game)
    }

    fn start(stake: Minor, mut shoe: Shoe) -> Self {
        let [first, up, second, hole] = array::from_fn(|_| shoe.draw());
        let mut game = Self {
            stake,
            shoe,
            dealer: Hand::dealt([up, hole]),
            hands: vec![Hand::dealt([first, second])],
            current: 0,
            decisions: Vec::new(),
        };
        if up.rank != Rank::Ace && game.has_blackjack() {
            game.end();
        }
        game
    }

    /// Whether one of the two has a blackjack, so that nothing is left to be drawn for.
    fn has_blackjack(&self) -> bool {
        self.dealer.is_blackjack() || self.hands[0].is_blackjack()
    }

    /// Whether `decision` may be taken now; the reason if not.
    pub fn check(&self, decision: Decision) -> Result<(), BlackjackError> {
        let hand = self.hand().ok_or(BlackjackError::RoundOver)?;
        match decision {
            Decision::Hit | Decision::Double | Decision::Split if hand.is_blackjack() => {
                Err(BlackjackError::IsBlackjack)
            }
            Decision::Double if hand.two_cards().is_none() => Err(BlackjackError::NotTwoCards),
            Decision::Split if !hand.is_pair() => Err(BlackjackError::CannotSplit),
            Decision::Split if self.hands.len() == HANDS_MAX => Err(BlackjackError::TooManyHands),
            Decision::Insurance if !self.offers_insurance() => Err(BlackjackError::InsuranceNotOffered),
            Decision::Insurance if self.extra_stake(decision) == Minor::ZERO => {
                Err(BlackjackError::InsuranceTooSmall)
            }
            _ => Ok(()),
        }
    }

    /// Takes `decision` for the current hand. With an ace up the first decision lets the dealer look for blackjack
    /// before it is carried out: if he has it the round is over, and nothing but an insurance is staked for it. It is
    /// over as well if the player has one.
    ///
    /// The two hands of a split take a card each at once, the left one first, and are played from left to right.
    /// A hand that reaches 21, a doubled hand and a split ace stand by themselves.
    ///
    /// # Errors
    /// As [`Game::check`]; the round is unchanged then.
    pub fn act(&mut self, decision: Decision) -> Result<(), BlackjackError> {
        self.check(decision)?;
        let dealer_looks = self.offers_insurance();
        self.decisions.push(decision);
        if dealer_looks && self.has_blackjack() {
            self.end();
            return Ok(());
        }
        match decision {
            Decision::Hit => self.hands[self.current].take(self.shoe.draw()),
            Decision::Stand => self.current += 1,
            Decision::Double => self.hands[self.current].double(self.shoe.draw()),
            Decision::Split => {
                let right = self.hands[self.current].split(array::from_fn(|_| self.shoe.draw()));
                self.hands.insert(self.current + 1, right);
            }
            Decision::Insurance => {}
        }
        self.go_on();
        Ok(())
    }

    /// Stands on every hand that is left, and declines insurance: what becomes of an abandoned round.
    pub fn stand_to_end(&mut self) {
        while self.act(Decision::Stand).is_ok() {}
    }

    /// Passes over hands that stand by themselves; after the last it is the dealer's turn.
    fn go_on(&mut self) {
        while self.hand().is_some_and(Hand::stands_by_itself) {
            self.current += 1;
        }
        if !self.is_over() || self.hands.iter().all(Hand::is_bust) {
            return;
        }
        while self.dealer.total().points < DEALER_STANDS_ON {
            self.dealer.take(self.shoe.draw());
        }
    }

    fn end(&mut self) {
        self.current = self.hands.len();
    }

    /// Whether nothing is left to decide.
    pub fn is_over(&self) -> bool {
        self.current == self.hands.len()
    }

    /// The decisions that may be taken now; none when the round is over.
    pub fn allowed(&self) -> Vec<Decision> {
        let mut allowed = Decision::ALL.to_vec();
        allowed.retain(|decision| self.check(*decision).is_ok());
        allowed
    }

    /// The decisions taken so far, from the first; [`Game::replay`] takes them again.
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    /// The player's hands, from left to right.
    pub fn hands(&self) -> &[Hand] {
        &self.hands
    }

    /// The hand to decide on; `None` when the round is over.
    pub fn hand(&self) -> Option<&Hand> {
        self.hands.get(self.current)
    }

    /// The dealer's card that lies face up.
    pub fn up_card(&self) -> Card {
        self.dealer.cards()[0]
    }

    fn offers_insurance(&self) -> bool {
        !self.is_over() && self.decisions.is_empty() && self.up_card().rank == Rank::Ace
    }

    /// Insurance can only be the first decision, and is taken even when the dealer has blackjack.
    fn is_insured(&self) -> bool {
        self.decisions.first() == Some(&Decision::Insurance)
    }
}

/// What lies face down stays out of a log.
impl fmt::Debug for Game {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Game")
            .field("stake", &self.stake)
            .field("up_card", &self.up_card())
            .field("hands", &self.hands)
            .field("decisions", &self.decisions)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
