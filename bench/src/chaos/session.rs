//! A player who plays on through every outage, and keeps book of all that was asked and answered. Must never have two
//! commands under way: what one answer says of the balance must follow from the one before.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;
use shared::money::{Amount, AmountError, Currency, Minor};

use super::load::{Answer, Command, Fingerprint, Load};
use super::moves::Move;
use crate::dice::Dice;
use crate::people::BALANCE;

/// What came back to a command in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing.
    Unanswered,
    /// A refusal, as it may be: it has no effect, and no answer is kept for it.
    Refused,
    /// An answer that is kept for ever.
    Taken(Fingerprint),
}

/// A command that was sent.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) command: Command,
    /// How often it was sent until then.
    pub(super) attempts: u32,
    pub(super) outcome: Outcome,
}

/// A round as the last answer showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Round {
    pub(super) id: String,
    pub(super) is_open: bool,
    stake: Minor,
    payout: Minor,
    actions: Vec<String>,
}

impl Round {
    /// Whether this can be decided now.
    pub(super) fn offers(&self, action: &str) -> bool {
        self.actions.iter().any(|offered| offered == action)
    }
}

/// What the answers told of a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// The place of the command that began it among those of its player.
    pub(super) begun_by: usize,
    /// How many numbered decisions were answered.
    pub(super) decisions: i64,
}

/// What all that was asked and answered comes to.
#[derive(Debug)]
pub(super) struct Book {
    /// The player's place among all.
    pub(super) player: usize,
    /// Every command, in the order in which they were sent.
    pub(super) asked: Vec<Asked>,
    /// Every round, by its id.
    pub(super) rounds: HashMap<String, Told>,
    /// Answers that contradict the ones before: the balance does not follow, or a round is not the one it must be.
    pub(super) contradictions: Vec<String>,
    /// Answers that no command should get.
    pub(super) refusals: Vec<String>,
    /// As the last answer told it.
    balance: Minor,
}

/// A player in front of a browser.
pub(super) struct Session {
    load: Arc<Load>,
    pub(super) dice: Dice,
    pub(super) book: Book,
}

impl Session {
    pub(super) fn new(load: Arc<Load>, player: usize) -> Self {
        Self {
            load,
            dice: Dice::seeded(player as u64),
            book: Book::new(player),
        }
    }

    /// All that was asked and answered.
    pub(super) fn into_book(self) -> Book {
        self.book
    }

    /// Makes moves until the load is over, or until a command was not answered at all.
    pub(super) async fn go_on(mut self) -> Self {
        while !self.load.is_over() && !self.book.is_left_open() {
            let next = self.dice.pick(Move::ALL);
            // What ended a move early is in the book.
            let _: Option<()> = next.make(&mut self).await;
            self.load.pause(&self.dice).await;
        }
        self
    }

    /// Sends a command that begins a round.
    pub(super) async fn begin(&mut self, path: &'static str, body: &Value) -> Option<Round> {
        let answer = self.ask(path, body, None).await?;
        self.book.enter_new(&answer)
    }

    /// Sends a numbered decision in a round.
    pub(super) async fn step(&mut self, round: Round, path: &'static str, body: &Value) -> Option<Round> {
        let answer = self.ask(path, body, None).await?;
        let round = self.book.enter(&round, &answer)?;
        self.book.rounds.entry(round.id.clone()).or_default().decisions += 1;
        Some(round)
    }

    /// Sends a command that ends a round, or is refused with this code.
    pub(super) async fn end_unless(
        &mut self,
        refused: &'static str,
        round: Round,
        path: &'static str,
        body: &Value,
    ) -> Option<Round> {
        let answer = self.ask(path, body, Some(refused)).await?;
        self.book.enter(&round, &answer)
    }

    async fn ask(&mut self, path: &'static str, body: &Value, refusal: Option<&str>) -> Option<Answer> {
        let key = self.book.next_key();
        let command = Command::new(key, path, body);
        let (load, player) = (&self.load, self.book.player);
        let (attempts, answer) = load.settle(player, &command, &self.dice, &load.tally).await;
        self.book.keep(command, attempts, answer, refusal)
    }
}

#[derive(Deserialize)]
struct RoundAnswer {
    #[serde(rename = "ref")]
    id: String,
    status: String,
    stake: Amount,
    payout: Amount,
    balance: Amount,
    #[serde(default)]
    result: ShownResult,
}

/// The part of a round of blackjack that says what can be decided.
#[derive(Default, Deserialize)]
struct ShownResult {
    #[serde(default)]
    actions: Vec<String>,
}

impl RoundAnswer {
    fn read(self) -> Result<(Round, Minor), AmountError> {
        let minor = |amount: &Amount| amount.not_negative(Currency::USD);
        let round = Round {
            is_open: self.status == "open",
            stake: minor(&self.stake)?,
            payout: minor(&self.payout)?,
            id: self.id,
            actions: self.result.actions,
        };
        Ok((round, minor(&self.balance)?))
    }
}

/// The part of a refusal that says why.
#[derive(Default, Deserialize)]
struct Refusal {
    code: String,
}

impl Book {
    pub(super) fn new(player: usize) -> Self {
        Self {
            player,
            asked: Vec::new(),
            rounds: HashMap::new(),
            contradictions: Vec::new(),
            refusals: Vec::new(),
            balance: BALANCE,
        }
    }

    /// Unique over all players.
    fn next_key(&self) -> String {
        format!("chaos-{}-{}", self.player, self.asked.len())
    }

    /// Whether the last command was not answered.
    fn is_left_open(&self) -> bool {
        let last = self.asked.last();
        last.is_some_and(|asked| asked.outcome == Outcome::Unanswered)
    }

    /// Keeps what was asked and what came back, and returns the answer if it was taken. `refusal` is the code of the
    /// only refusal that may be.
    fn keep(
        &mut self,
        command: Command,
        attempts: u32,
        answer: Option<Answer>,
        refusal: Option<&str>,
    ) -> Option<Answer> {
        let outcome = match &answer {
            None => Outcome::Unanswered,
            Some(answer) if answer.is_taken() => Outcome::Taken(answer.fingerprint()),
            Some(answer) => {
                let told: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
                if refusal != Some(&told.code) {
                    let body = String::from_utf8_lossy(&answer.body);
                    self.refusals
                        .push(format!("{} was refused: {} {body}", command.key, answer.status));
                }
                Outcome::Refused
            }
        };
        self.asked.push(Asked {
            command,
            attempts,
            outcome,
        });
        answer.filter(Answer::is_taken)
    }

    /// Enters the answer to a command that began a round.
    fn enter_new(&mut self, answer: &Answer) -> Option<Round> {
        let (round, balance) = self.read(answer)?;
        let begun_by = self.asked.len().saturating_sub(1);
        let told = Told {
            begun_by,
            decisions: 0,
        };
        if let Some(earlier) = self.rounds.insert(round.id.clone(), told) {
            let earlier = &self.asked[earlier.begun_by].command.key;
            self.contradict(&format!("has the round of {earlier}"));
        }
        let before = Round {
            stake: Minor::ZERO,
            payout: Minor::ZERO,
            ..round.clone()
        };
        self.follow(&before, &round, balance);
        Some(round)
    }

    /// Enters the answer to a command in a round that the last answer showed as `before`.
    fn enter(&mut self, before: &Round, answer: &Answer) -> Option<Round> {
        let (round, balance) = self.read(answer)?;
        if round.id != before.id {
            self.contradict(&format!("is of the round {} and not of {}", round.id, before.id));
        }
        self.follow(before, &round, balance);
        Some(round)
    }

    fn read(&mut self, answer: &Answer) -> Option<(Round, Minor)> {
        let read = serde_json::from_slice(&answer.body).map(RoundAnswer::read);
        if let Ok(Ok(round)) = read {
            return Some(round);
        }
        self.contradict("shows no round");
        None
    }

    /// The balance changed by what the round took and paid since the last answer, and by nothing else.
    fn follow(&mut self, before: &Round, round: &Round, balance: Minor) {
        let expected = self.balance.get() - (round.stake.get() - before.stake.get())
            + (round.payout.get() - before.payout.get());
        if balance.get() != expected {
            let told = balance.get();
            self.contradict(&format!("tells a balance of {told} where {expected} follows"));
        }
        self.balance = balance;
    }

    fn contradict(&mut self, what: &str) {
        let key = self.asked.last().map_or("nothing", |asked| &asked.command.key);
        self.contradictions.push(format!("the answer to {key} {what}"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What a player finds who gets these answers, each `(round, stake, payout, balance)` in hundreds of minor units,
    /// to commands of which the first of a round begins it.
    fn contradictions(answers: &[(&str, i64, i64, i64)]) -> usize {
        let mut book = Book::new(0);
        let mut open: Option<Round> = None;
        for (id, stake, payout, balance) in answers {
            let command = Command::new(book.next_key(), "/", &json!({}));
            let body = json!({
                "ref": id, "status": "open", "stake": stake, "payout": payout,
                "balance": BALANCE.get() / 100 + balance,
            });
            let answer = Answer {
                status: 200,
                is_repeat: false,
                body: body.to_string().into_bytes(),
            };
            let answer = book.keep(command, 1, Some(answer), None).unwrap();
            open = match open {
                Some(round) if round.id == *id => book.enter(&round, &answer),
                _ => book.enter_new(&answer),
            };
        }
        book.contradictions.len()
    }

    #[test]
    fn balances_follow_from_stakes_and_payouts_of_the_steps_of_a_round() {
        assert_eq!(
            contradictions(&[("a", 1, 0, -1), ("a", 2, 0, -2), ("a", 2, 4, 2), ("b", 1, 0, 1)]),
            0
        );
    }

    #[test]
    fn a_stake_that_was_taken_twice_is_found_and_so_is_a_round_of_another_key() {
        assert_eq!(contradictions(&[("a", 1, 0, -2)]), 1);
        assert_eq!(contradictions(&[("a", 1, 2, 1), ("b", 1, 0, -1)]), 1);
        assert_eq!(
            contradictions(&[("a", 1, 0, -1), ("b", 1, 0, -2), ("a", 1, 0, -3)]),
            1
        );
    }

    #[test]
    fn only_the_refusal_that_may_be_is_none_to_tell_of() {
        let mut book = Book::new(0);
        for (code, may_be, told) in [
            ("crashed", Some("crashed"), 0),
            ("crashed", None, 1),
            ("busy", Some("crashed"), 2),
        ] {
            let command = Command::new(book.next_key(), "/", &json!({}));
            let answer = Answer {
                status: 409,
                is_repeat: false,
                body: json!({"code": code}).to_string().into_bytes(),
            };
            assert!(book.keep(command, 1, Some(answer), may_be).is_none());
            assert_eq!(book.refusals.len(), told, "{code}");
        }
        assert!(book.asked.iter().all(|asked| asked.outcome == Outcome::Refused));
    }
}
