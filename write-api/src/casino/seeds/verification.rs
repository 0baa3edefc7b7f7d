//! The recomputation of a round from its revealed seeds, for anybody. Must never need anything but what it is asked.

use serde::Serialize;
use shared::field::FieldError;
use shared::money::{Amount, AmountError, Currency, Minor};

use crate::casino::baccarat::rules as baccarat;
use crate::casino::blackjack::rules as blackjack;
use crate::casino::crash::rules as crash;
use crate::casino::fairness::{ClientSeed, Nonce, ServerSeed, WordSource, Words};
use crate::casino::history::game_named;
use crate::casino::roulette::rules as roulette;
use crate::casino::slots::rules as slots;
use crate::casino::table::Game;

/// How many words of a round are shown.
const SHOWN_WORDS: usize = 16;
/// What amounts are in: two decimals, as in most currencies.
const CURRENCY: Currency = Currency::USD;
/// What is staked unless it is said: with 1.00, a payout is a multiple of the stake.
const DEFAULT_STAKE: Minor = Minor::new(100);

/// The round that somebody wants to see again, in the words of a query.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) server_seed: &'a str,
    pub(super) client_seed: &'a str,
    pub(super) nonce: u64,
    pub(super) game: &'a str,
    pub(super) stake: Option<&'a str>,
    pub(super) decisions: Option<&'a str>,
}

/// A round, by all that decides it.
#[derive(Clone, Debug)]
pub(super) struct DrawnRound {
    pub(super) server_seed: ServerSeed,
    pub(super) client_seed: ClientSeed,
    pub(super) nonce: Nonce,
    pub(super) game: Game,
    stake: Minor,
    decisions: Vec<blackjack::Decision>,
}

impl Question<'_> {
    /// Reads what is asked.
    ///
    /// # Errors
    /// Every parameter that is not what it must be.
    pub(super) fn read(self) -> Result<DrawnRound, Vec<FieldError>> {
        let server_seed =
            ServerSeed::parse(self.server_seed).map_err(|error| FieldError::new("server_seed", error));
        let client_seed =
            ClientSeed::parse(self.client_seed).map_err(|error| FieldError::new("client_seed", error));
        let game = game_named(self.game);
        let stake = self
            .stake
            .map_or(Ok(DEFAULT_STAKE), read_stake)
            .map_err(|error| FieldError::new("stake", error));
        let decisions = self.decisions.map_or(Ok(Vec::new()), read_decisions);
        match (server_seed, client_seed, game, stake, decisions) {
            (Ok(server_seed), Ok(client_seed), Ok(game), Ok(stake), Ok(decisions)) => Ok(DrawnRound {
                server_seed,
                client_seed,
                nonce: Nonce::new(self.nonce),
                game,
                stake,
                decisions,
            }),
            (server_seed, client_seed, game, stake, decisions) => {
                let errors = [
                    server_seed.err(),
                    client_seed.err(),
                    game.err(),
                    stake.err(),
                    decisions.err(),
                ];
                Err(errors.into_iter().flatten().collect())
            }
        }
    }
}

fn read_stake(text: &str) -> Result<Minor, AmountError> {
    let amount: Amount = serde_json::from_str(text).map_err(|_| AmountError::NotANumber)?;
    amount.positive(CURRENCY)
}

/// Reads decisions with commas between; none of an empty text.
fn read_decisions(text: &str) -> Result<Vec<blackjack::Decision>, FieldError> {
    let words = text.split(',').filter(|_| !text.is_empty());
    words
        .map(|word| {
            let mut known = blackjack::Decision::ALL.into_iter();
            known.find(|decision| decision.as_str() == word).ok_or_else(|| {
                let known = blackjack::Decision::ALL.map(blackjack::Decision::as_str);
                let detail = format!("must be any of {}, with commas between", known.join(", "));
                FieldError::new("decisions", detail)
            })
        })
        .collect()
}

/// What a round shows, as it is in the round's `result`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Outcome {
    /// The reels, and what each line pays for the stake.
    Slots(slots::SpinResult),
    /// Where the ball fell: the bets do not change that.
    Roulette {
        /// The pocket and its color.
        spin: roulette::ShownSpin,
    },
    /// Both hands and the winner: the bets do not change that.
    Baccarat(baccarat::CoupResult),
    /// The table after the decisions.
    Blackjack(Box<blackjack::Table>),
    /// The crash point: the cash-out does not change that.
    Crash {
        /// Where the round crashed, or ended at the cap.
        multiplier: crash::multiplier::Multiplier,
    },
}

impl DrawnRound {
    /// The words that the round is drawn from, from the first.
    pub(super) fn first_words(&self) -> [u32; SHOWN_WORDS] {
        let mut words = self.words();
        std::array::from_fn(|_| words.next_word())
    }

    /// What the round shows, and by which version of its game's rules.
    ///
    /// # Errors
    /// What the game refuses: the stake, or a decision.
    pub(super) fn recompute(&self) -> Result<(i16, Outcome), FieldError> {
        let words = &mut self.words();
        let is_decided = !self.decisions.is_empty();
        if is_decided && self.game != Game::Blackjack {
            return Err(FieldError::new("decisions", "are only taken in blackjack"));
        }
        Ok(match self.game {
            Game::Slots => {
                let outcome = slots::decide(self.stake, words);
                let outcome = outcome.map_err(|error| FieldError::new("stake", error))?;
                (slots::MATH_VERSION, Outcome::Slots(outcome.shown_in(CURRENCY)))
            }
            Game::Roulette => {
                let spin = roulette::spin(words).shown();
                (roulette::MATH_VERSION, Outcome::Roulette { spin })
            }
            Game::Baccarat => (
                baccarat::MATH_VERSION,
                Outcome::Baccarat(baccarat::deal(words).shown()),
            ),
            Game::Blackjack => {
                let table = self.play_blackjack(words)?.shown_in(CURRENCY);
                (blackjack::MATH_VERSION, Outcome::Blackjack(Box::new(table)))
            }
            Game::Crash => {
                let multiplier = crash::crash_point(words);
                (crash::MATH_VERSION, Outcome::Crash { multiplier })
            }
        })
    }

    fn words(&self) -> Words {
        Words::new(&self.server_seed, &self.client_seed, self.nonce)
    }

    fn play_blackjack(&self, words: &mut Words) -> Result<blackjack::Game, FieldError> {
        let dealt = blackjack::Game::deal(self.stake, words);
        let mut game = dealt.map_err(|_| FieldError::new("stake", "is too large"))?;
        for (number, decision) in (1..).zip(&self.decisions) {
            game.act(*decision).map_err(|error| {
                let detail = format!("can't be taken: {error} (number {number}, {})", decision.as_str());
                FieldError::new("decisions", detail)
            })?;
        }
        Ok(game)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SERVER_SEED: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const QUESTION: Question<'_> = Question {
        server_seed: SERVER_SEED,
        client_seed: "lucky: 7",
        nonce: 0,
        game: "slots",
        stake: None,
        decisions: None,
    };

    fn show(question: Question<'_>) -> Value {
        let (_, outcome) = question.read().unwrap().recompute().unwrap();
        serde_json::to_value(outcome).unwrap()
    }

    /// The amount with two decimals.
    fn in_full(minor: &Value) -> String {
        let minor = minor.as_i64().unwrap();
        format!("{}.{:02}", minor / 100, minor % 100)
    }

    /// Recomputes every round of a published file; answers it and what is shown, with the version of the rules.
    fn published(game: &str, file: &str) -> Vec<(Value, Value)> {
        let file: Value = serde_json::from_str(file).unwrap();
        assert_eq!(file["game"], game);
        let vectors = file["vectors"].as_array().unwrap().clone();
        assert!(!vectors.is_empty());
        let recompute = |vector: Value| {
            let text = |member: &str| vector[member].as_str().unwrap();
            let stake = vector.get("stake_minor").map(in_full);
            let decisions = vector.get("decisions").map(|decisions| {
                let words = decisions.as_array().unwrap().iter();
                words
                    .map(|word| word.as_str().unwrap())
                    .collect::<Vec<_>>()
                    .join(",")
            });
            let question = Question {
                server_seed: text("server_seed"),
                client_seed: text("client_seed"),
                nonce: vector["nonce"].as_u64().unwrap(),
                game,
                stake: stake.as_deref(),
                decisions: decisions.as_deref(),
            };
            let round = question.read().unwrap();
            let (math_version, outcome) = round.recompute().unwrap();
            assert_eq!(json!(math_version), file["math_version"]);
            assert_eq!(round.server_seed.commitment(), text("commitment"));
            let begin = ["words", "words_begin"]
                .iter()
                .find_map(|member| vector.get(member));
            let begin = begin.unwrap().as_array().unwrap();
            for (word, published) in round.first_words().iter().zip(begin) {
                assert_eq!(json!(word), *published);
            }
            let outcome = serde_json::to_value(outcome).unwrap();
            (vector, outcome)
        };
        vectors.into_iter().map(recompute).collect()
    }

    #[test]
    fn every_published_round_is_recomputed() {
        for (vector, shown) in published("slots", include_str!("../vectors/slots.json")) {
            assert_eq!(shown, vector["result"], "{}", vector["shows"]);
        }
        for (vector, shown) in published("roulette", include_str!("../vectors/roulette.json")) {
            assert_eq!(shown["spin"], vector["result"]["spin"], "{}", vector["shows"]);
        }
        for (vector, shown) in published("baccarat", include_str!("../vectors/baccarat.json")) {
            assert_eq!(shown, vector["result"], "{}", vector["shows"]);
        }
        for (vector, shown) in published("blackjack", include_str!("../vectors/blackjack.json")) {
            assert_eq!(shown, vector["result"], "{}", vector["shows"]);
        }
        for (vector, shown) in published("crash", include_str!("../vectors/crash.json")) {
            let point = json!({"multiplier": vector["result"]["multiplier"]});
            assert_eq!(shown, point, "{}", vector["shows"]);
        }
    }

    #[test]
    fn a_stake_changes_amounts_and_nothing_that_is_drawn() {
        let line_pays = Question { nonce: 1, ..QUESTION };
        let [one, two] = [Some("1"), Some("2.00")].map(|stake| show(Question { stake, ..line_pays }));
        assert_eq!(show(line_pays), one, "1.00 unless it is said");
        assert_eq!(one["reels"], two["reels"]);
        assert_eq!(one["wins"][0]["payout"], json!(0.85));
        assert_eq!(two["wins"][0]["payout"], json!(1.7));
    }

    #[test]
    fn a_blackjack_round_without_decisions_is_its_deal() {
        let dealt = Question {
            nonce: 23,
            game: "blackjack",
            ..QUESTION
        };
        assert_eq!(show(dealt)["final"], false);
        assert_eq!(
            show(dealt),
            show(Question {
                decisions: Some(""),
                ..dealt
            })
        );
        let stood = show(Question {
            decisions: Some("stand"),
            ..dealt
        });
        assert_eq!(
            (&stood["final"], &stood["outcome"]),
            (&json!(true), &json!("Win"))
        );
    }

    #[test]
    fn every_bad_parameter_is_named() {
        let shouted = SERVER_SEED.to_uppercase();
        let long = "x".repeat(65);
        let bad = Question {
            server_seed: "",
            client_seed: "\n",
            game: "poker",
            stake: Some("-1"),
            decisions: Some("fold"),
            ..QUESTION
        };
        for (question, fields) in [
            (
                bad,
                vec!["server_seed", "client_seed", "game", "stake", "decisions"],
            ),
            (
                Question {
                    server_seed: &shouted,
                    ..QUESTION
                },
                vec!["server_seed"],
            ),
            (
                Question {
                    client_seed: &long,
                    ..QUESTION
                },
                vec!["client_seed"],
            ),
            (
                Question {
                    stake: Some("1.001"),
                    ..QUESTION
                },
                vec!["stake"],
            ),
            (
                Question {
                    stake: Some("one"),
                    ..QUESTION
                },
                vec!["stake"],
            ),
            (
                Question {
                    decisions: Some("hit,"),
                    ..QUESTION
                },
                vec!["decisions"],
            ),
        ] {
            let errors = question.read().unwrap_err();
            let named: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
            assert_eq!(named, fields);
        }
    }

    #[test]
    fn what_a_game_refuses_is_named_too() {
        let blackjack = Question {
            nonce: 23,
            game: "blackjack",
            ..QUESTION
        };
        for (question, field) in [
            (
                Question {
                    stake: Some("0.30"),
                    ..QUESTION
                },
                "stake",
            ),
            (
                Question {
                    decisions: Some("hit"),
                    ..QUESTION
                },
                "decisions",
            ),
            (
                Question {
                    decisions: Some("stand,hit"),
                    ..blackjack
                },
                "decisions",
            ),
        ] {
            let error = question.read().unwrap().recompute().unwrap_err();
            assert_eq!(error.field, field, "{error}");
        }
    }
}
