//! Whether every key has one effect and one answer: the answer that came first, the one that the same command gets now,
//! and the one that the database keeps. Must never take a service's word for it where the database can tell.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::env;
use std::process::Stdio;
use std::time::Duration;

use futures_util::future::join_all;
use sqlx::{Connection, PgConnection};
use tokio::process::Command;
use tokio::time::timeout;
use write_api::commands::Actor;

use super::load::{Answer, Fingerprint, Load};
use super::session::{Asked, Book, Outcome};
use super::tally::Tally;
use crate::dice::Dice;
use crate::failure::Failure;
use crate::people::Player;
use crate::report::Report;

/// All commands are asked again, or all that took more than one attempt and about so many of the others.
const ASKED_AGAIN: usize = 20_000;
/// How many contradictions of a kind are told one by one.
const SHOWN: usize = 10;
/// How long the check of the books may take.
const BOOKS_LIMIT: Duration = Duration::from_mins(5);

/// What the commands came to.
#[derive(Debug)]
pub(super) struct Effects {
    verdict: Verdict,
    asked_again: usize,
    answers_kept: usize,
    rounds: usize,
    /// What the program that checks the books complained of.
    wrong_books: Option<String>,
    refusals: Vec<String>,
}

/// What is wrong with the keys.
#[derive(Debug, Default, PartialEq, Eq)]
struct Verdict {
    /// Keys whose answer is not the one that is kept, with the reason.
    lost: BTreeMap<String, String>,
    /// Effects that are nobody's, or the second of a key.
    doubled: Vec<String>,
}

/// What the database holds.
#[derive(Clone, Debug, Default)]
struct Stored {
    /// The answers, by their keys.
    answers: HashMap<String, StoredAnswer>,
    rounds: HashSet<String>,
    /// How many numbered decisions each round has.
    decisions: HashMap<String, i64>,
}

#[derive(Clone, Debug)]
struct StoredAnswer {
    owner: Owner,
    fingerprint: Fingerprint,
}

/// Whose a key is, as the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Owner {
    operator: i64,
    actor: String,
}

impl Owner {
    fn of(player: &Player) -> Self {
        Self {
            operator: player.operator.id.get(),
            actor: Actor::from(player.id).into(),
        }
    }
}

impl Effects {
    /// Asks again, then compares answers and rounds with the database, and has the books verified.
    pub(super) async fn check(database_url: &str, load: &Load, books: &[Book]) -> Result<Self, Failure> {
        let again = to_be_asked_again(books);
        let mut verdict = ask_again(load, &again).await;
        let mut db = PgConnection::connect(database_url).await?;
        let stored = Stored::read(&mut db).await?;
        db.close().await?;
        let (answers_kept, rounds) = (stored.answers.len(), stored.rounds.len());
        let owners: Vec<Owner> = load.players().iter().map(Owner::of).collect();
        verdict.compare(&owners, books, stored);
        Ok(Self {
            verdict,
            asked_again: again.iter().map(|(_, commands)| commands.len()).sum(),
            answers_kept,
            rounds,
            wrong_books: verify_books(database_url).await?,
            refusals: books.iter().flat_map(|book| book.refusals.clone()).collect(),
        })
    }

    /// For a person who reads along.
    pub(super) fn in_words(&self) -> String {
        format!(
            "{} commands were asked again. The database keeps {} answers and {} rounds; {} answers are lost, {} effects \
             are doubled, and the books are {}.",
            self.asked_again,
            self.answers_kept,
            self.rounds,
            self.verdict.lost.len(),
            self.verdict.doubled.len(),
            if self.wrong_books.is_none() {
                "right"
            } else {
                "wrong"
            }
        )
    }

    /// Adds everything to `report`.
    pub(super) fn report(&self, report: &mut Report) {
        let Verdict { lost, doubled } = &self.verdict;
        report.value("answers_lost", lost.len());
        report.value("effects_doubled", doubled.len());
        report.value("books_ok", self.wrong_books.is_none());
        report.value("asked_again", self.asked_again);
        report.value("answers_kept", self.answers_kept);
        report.value("rounds", self.rounds);
        report.value("refused", self.refusals.len());
        if let Some(complaint) = &self.wrong_books {
            report.broken(format!("the books: {complaint}"));
        }
        let lost: Vec<String> = lost.iter().map(|(key, why)| format!("{key} {why}")).collect();
        for (what, sentences) in [
            ("answers lost", &lost),
            ("effects doubled", doubled),
            ("commands refused", &self.refusals),
        ] {
            for sentence in sentences.iter().take(SHOWN) {
                report.broken(sentence.clone());
            }
            report.at_most(what, sentences.len() as u64, 0);
        }
    }
}

/// Of each player those that took more than one attempt, and so many of the others that there are enough.
fn to_be_asked_again(books: &[Book]) -> Vec<(usize, Vec<&Asked>)> {
    let all: usize = books.iter().map(|book| book.asked.len()).sum();
    let step = all.div_ceil(ASKED_AGAIN).max(1);
    let of_one = books.iter().map(|book| {
        let (repeated, others): (Vec<_>, Vec<_>) = book.asked.iter().partition(|asked| asked.attempts > 1);
        let chosen = repeated.into_iter().chain(others.into_iter().step_by(step));
        (book.player, chosen.collect())
    });
    of_one.collect()
}

/// Lets every player ask once more, one command after the other. What is answered now must be what was answered first.
async fn ask_again(load: &Load, again: &[(usize, Vec<&Asked>)]) -> Verdict {
    let tally = Tally::default();
    let verdicts = join_all(again.iter().map(async |(player, commands)| {
        let dice = Dice::seeded(*player as u64);
        let mut verdict = Verdict::default();
        for asked in commands {
            let (_, answer) = load.settle(*player, &asked.command, &dice, &tally).await;
            if let Err(why) = is_the_same(asked.outcome, answer.as_ref()) {
                verdict.lose(asked, why);
            }
        }
        verdict
    }));
    let lost = verdicts.await.into_iter().flat_map(|verdict| verdict.lost);
    Verdict {
        lost: lost.collect(),
        doubled: Vec::new(),
    }
}

/// Whether an answer to a command that is asked again is what its player was told.
fn is_the_same(outcome: Outcome, answer: Option<&Answer>) -> Result<(), String> {
    match (outcome, answer) {
        (_, None) => Err("is not answered when it is asked again".to_owned()),
        (Outcome::Unanswered, _) => Err("was not answered".to_owned()),
        (Outcome::Refused, Some(answer)) if (400..500).contains(&answer.status) => Ok(()),
        (Outcome::Taken(first), Some(answer)) if answer.is_repeat && answer.fingerprint() == first => Ok(()),
        (_, Some(answer)) => {
            let body = String::from_utf8_lossy(&answer.body);
            Err(format!(
                "gets another answer when it is asked again: {} {body}",
                answer.status
            ))
        }
    }
}

impl Stored {
    async fn read(db: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let answers = sqlx::query!(
            r#"
            select operator_id, actor, key, status, sha256(convert_to(answer::text, 'UTF8')) as "body_hash!"
            from commands
            "#
        );
        let answers = answers.fetch_all(&mut *db).await?.into_iter().map(|row| {
            let fingerprint = Fingerprint {
                status: row.status.cast_unsigned(),
                body_hash: row.body_hash.try_into().unwrap_or_default(),
            };
            let owner = Owner {
                operator: row.operator_id,
                actor: row.actor,
            };
            let answer = StoredAnswer { owner, fingerprint };
            (row.key, answer)
        });
        let rounds = sqlx::query_scalar!(r#"select id::text as "id!" from rounds"#);
        let decisions = sqlx::query!(
            r#"select round_id::text as "round!", count(*) as "decisions!" from round_actions group by round_id"#
        );
        Ok(Self {
            answers: answers.collect(),
            rounds: rounds.fetch_all(&mut *db).await?.into_iter().collect(),
            decisions: decisions
                .fetch_all(&mut *db)
                .await?
                .into_iter()
                .map(|row| (row.round, row.decisions))
                .collect(),
        })
    }
}

impl Verdict {
    fn lose(&mut self, asked: &Asked, why: String) {
        let key = asked.command.key.to_string();
        self.lost.entry(key).or_insert(why);
    }

    /// Compares all that the players were told with all that is stored; what is left then is nobody's.
    fn compare(&mut self, owners: &[Owner], books: &[Book], mut stored: Stored) {
        for book in books {
            let owner = &owners[book.player];
            for asked in &book.asked {
                let kept = stored.answers.remove(&*asked.command.key);
                self.compare_answer(asked, owner, kept.as_ref());
            }
            for (id, told) in &book.rounds {
                let begun_by = &book.asked[told.begun_by];
                if !stored.rounds.remove(id) {
                    self.lose(begun_by, format!("began the round {id}, which there is not"));
                }
                let kept = stored.decisions.remove(id).unwrap_or_default();
                let numbers = format!("{} decisions were answered and {kept} are kept", told.decisions);
                match kept.cmp(&told.decisions) {
                    Ordering::Less => self.lose(begun_by, format!("began a round of which {numbers}")),
                    Ordering::Equal => {}
                    Ordering::Greater => self.doubled.push(format!("of the round {id} {numbers}")),
                }
            }
            self.doubled.extend(book.contradictions.iter().cloned());
        }
        let rounds = stored.rounds.iter().map(|id| format!("round {id} has no key"));
        self.doubled.extend(rounds);
        let answers = stored.answers.keys();
        self.doubled
            .extend(answers.map(|key| format!("{key} has an answer, and was never sent")));
    }

    fn compare_answer(&mut self, asked: &Asked, owner: &Owner, kept: Option<&StoredAnswer>) {
        let agrees = match (asked.outcome, kept) {
            (Outcome::Taken(first), Some(kept)) => first == kept.fingerprint && *owner == kept.owner,
            (Outcome::Refused, None) => true,
            (Outcome::Taken(_) | Outcome::Unanswered, _) | (Outcome::Refused, Some(_)) => false,
        };
        if !agrees {
            let outcome = asked.outcome;
            self.lose(asked, format!("came to {outcome:?}, and kept is {kept:?}"));
        }
    }
}

/// Runs `write-api verify-books` on the database, as people do, and returns what it complains of.
async fn verify_books(database_url: &str) -> Result<Option<String>, Failure> {
    let verified = Command::new(env::current_exe()?)
        .args(["write-api", "verify-books"])
        .env("DATABASE_URL", database_url)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let late = |_| Failure::Unfit("the books could not be verified in time".to_owned());
    let verified = timeout(BOOKS_LIMIT, verified).await.map_err(late)??;
    let complaint = || String::from_utf8_lossy(&verified.stderr).trim().to_owned();
    Ok((!verified.status.success()).then(complaint))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::load::Command;
    use super::super::session::Told;
    use super::*;

    const FIRST: Fingerprint = Fingerprint {
        status: 200,
        body_hash: [1; 32],
    };
    const OTHER: Fingerprint = Fingerprint {
        status: 200,
        body_hash: [2; 32],
    };

    fn owner() -> Owner {
        Owner {
            operator: 1,
            actor: "player:7".to_owned(),
        }
    }

    fn asked(key: &str, outcome: Outcome) -> Asked {
        Asked {
            command: Command::new(key.to_owned(), "/", &json!({})),
            attempts: 1,
            outcome,
        }
    }

    /// A player who began the round `r` with the key `k`, took a decision in it with `d`, and was refused once.
    fn book() -> Book {
        let told = Told {
            begun_by: 0,
            decisions: 1,
        };
        let mut book = Book::new(0);
        book.asked.extend([
            asked("k", Outcome::Taken(FIRST)),
            asked("d", Outcome::Taken(OTHER)),
            asked("x", Outcome::Refused),
        ]);
        book.rounds.insert("r".to_owned(), told);
        book
    }

    /// What is stored when all is right.
    fn stored() -> Stored {
        let answer = |fingerprint| StoredAnswer {
            owner: owner(),
            fingerprint,
        };
        Stored {
            answers: HashMap::from([("k".to_owned(), answer(FIRST)), ("d".to_owned(), answer(OTHER))]),
            rounds: HashSet::from(["r".to_owned()]),
            decisions: HashMap::from([("r".to_owned(), 1)]),
        }
    }

    /// The keys that are lost, and how many effects are doubled, when `harm` was done to what is stored.
    fn verdict(harm: impl FnOnce(&mut Stored)) -> (Vec<String>, usize) {
        let mut stored = stored();
        harm(&mut stored);
        let mut verdict = Verdict::default();
        verdict.compare(&[owner()], &[book()], stored);
        (verdict.lost.into_keys().collect(), verdict.doubled.len())
    }

    #[test]
    fn what_is_as_it_was_told_is_neither_lost_nor_doubled() {
        assert_eq!(verdict(|_| ()), (vec![], 0));
    }

    #[test]
    fn an_answer_that_is_gone_or_another_or_somebody_elses_is_lost() {
        let harms: [fn(&mut Stored); 5] = [
            |stored| stored.answers.retain(|key, _| key != "k"),
            |stored| stored.answers.get_mut("k").unwrap().fingerprint = OTHER,
            |stored| stored.answers.get_mut("k").unwrap().owner.operator = 2,
            |stored| stored.rounds.clear(),
            |stored| stored.decisions.clear(),
        ];
        for harm in harms {
            assert_eq!(verdict(harm), (vec!["k".to_owned()], 0));
        }
    }

    #[test]
    fn a_refusal_for_which_an_answer_is_kept_is_lost() {
        let harmed = verdict(|stored| {
            let kept = stored.answers["k"].clone();
            stored.answers.insert("x".to_owned(), kept);
        });
        assert_eq!(harmed, (vec!["x".to_owned()], 0));
    }

    #[test]
    fn a_round_a_decision_or_an_answer_without_a_key_is_doubled() {
        let harms: [fn(&mut Stored); 3] = [
            |stored| stored.rounds.extend(["s".to_owned()]),
            |stored| stored.decisions.extend([("r".to_owned(), 2)]),
            |stored| {
                let kept = stored.answers["k"].clone();
                stored.answers.insert("never sent".to_owned(), kept);
            },
        ];
        for harm in harms {
            assert_eq!(verdict(harm), (vec![], 1));
        }
    }

    #[test]
    fn a_repeat_must_be_the_first_answer_and_say_that_it_is_one() {
        let answer = |status, is_repeat, body: &str| {
            Some(Answer {
                status,
                is_repeat,
                body: body.into(),
            })
        };
        let first = answer(200, false, "{}").unwrap();
        let taken = Outcome::Taken(first.fingerprint());
        for (outcome, again, is_the_same_one) in [
            (taken, answer(200, true, "{}"), true),
            (taken, answer(200, false, "{}"), false),
            (taken, answer(200, true, "{ }"), false),
            (taken, answer(409, false, "{}"), false),
            (taken, None, false),
            (Outcome::Refused, answer(409, false, "{}"), true),
            (Outcome::Refused, answer(200, false, "{}"), false),
            (Outcome::Unanswered, answer(200, true, "{}"), false),
        ] {
            let found = is_the_same(outcome, again.as_ref());
            assert_eq!(found.is_ok(), is_the_same_one, "{outcome:?} {again:?} {found:?}");
        }
    }
}
