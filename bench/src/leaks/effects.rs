//! Whether every bet had the effect that its player was told of, and only that. Must never take a service's word for it
//! where the database can tell.

use std::collections::HashMap;

use sqlx::PgConnection;

use super::load::{Load, told};
use super::requests::Request;
use super::tally::{Bet, Told};
use crate::books;
use crate::failure::Failure;
use crate::report::Report;

/// How many of the bets whose player was told nothing are asked again.
const ASKED_AGAIN: usize = 200;
/// How many contradictions are told one by one.
const SHOWN: usize = 10;

/// What the bets came to.
#[derive(Debug)]
pub(super) struct Effects {
    /// Bets whose player was told nothing of them.
    untold: usize,
    /// Those of them that were taken all the same.
    untold_but_taken: usize,
    /// Bets that were asked again.
    asked_again: usize,
    /// Bets of which the player was told something else than the database has.
    contradicted: Vec<String>,
    matches: Matches,
    /// What is wrong in the books.
    wrong_books: Option<String>,
}

/// Rounds, kept answers, and pairs of them.
#[derive(Clone, Copy, Debug)]
struct Matches {
    rounds: i64,
    answers: i64,
    /// Settled rounds that are the one of exactly one answer of their player, and of the ledger too.
    pairs: i64,
}

impl Effects {
    /// Asks again for some bets whose player was told nothing, then compares answers, rounds and books.
    pub(super) async fn check(db: &mut PgConnection, load: &Load) -> Result<Self, Failure> {
        let mut bets = load.tally.bets();
        let before = kept_rounds(db).await?;
        let untold: Vec<usize> = (0..bets.len())
            .filter(|&bet| bets[bet].told == Told::Nothing)
            .collect();
        let untold_but_taken = untold
            .iter()
            .filter(|&&bet| before.contains_key(&bets[bet].key))
            .count();
        let again: Vec<usize> = untold
            .iter()
            .copied()
            .step_by(untold.len().div_ceil(ASKED_AGAIN).max(1))
            .collect();
        let mut contradicted = Vec::new();
        for &bet in &again {
            let (first, second) = (
                ask_again(load, &bets[bet]).await,
                ask_again(load, &bets[bet]).await,
            );
            if first != second || !matches!(first, Told::Round(_)) {
                let key = &bets[bet].key;
                contradicted.push(format!("{key}, asked twice again: {first:?}, then {second:?}"));
            }
            let known = before.get(&bets[bet].key).cloned().map(Told::Round);
            bets[bet].told = known.unwrap_or(first);
        }
        let after = kept_rounds(db).await?;
        contradicted.extend(
            bets.iter()
                .filter_map(|bet| contradiction(bet, after.get(&bet.key))),
        );
        Ok(Self {
            untold: untold.len(),
            untold_but_taken,
            asked_again: again.len(),
            contradicted,
            matches: matches(db).await?,
            wrong_books: books::difference(db).await?,
        })
    }

    /// For a person who reads along.
    pub(super) fn in_words(&self) -> String {
        format!(
            "{} bets had no answer that their player waited for; {} of these were taken all the same. {} were asked \
             again, twice each. There are {} rounds now, and {} kept answers.",
            self.untold, self.untold_but_taken, self.asked_again, self.matches.rounds, self.matches.answers
        )
    }

    /// Adds everything to `report`.
    pub(super) fn report(&self, report: &mut Report) {
        let Matches {
            rounds,
            answers,
            pairs,
        } = self.matches;
        report.value("books_ok", self.wrong_books.is_none());
        report.value("rounds", rounds);
        report.value("answers_kept", answers);
        report.value("untold_bets", self.untold);
        report.value("untold_bets_taken", self.untold_but_taken);
        report.value("asked_again", self.asked_again);
        report.value("contradicted", self.contradicted.len());
        if let Some(difference) = &self.wrong_books {
            report.broken(format!("the books: {difference}"));
        }
        if rounds != answers || rounds != pairs {
            report.broken(format!(
                "{rounds} rounds and {answers} kept answers make {pairs} pairs"
            ));
        }
        for sentence in self.contradicted.iter().take(SHOWN) {
            report.broken(sentence.clone());
        }
        if let Some(more @ 1..) = self.contradicted.len().checked_sub(SHOWN) {
            report.broken(format!("{more} more bets like these"));
        }
    }
}

async fn ask_again(load: &Load, bet: &Bet) -> Told {
    let request = Request::bet(&load.people.players[bet.player], &bet.key);
    let (fate, body) = load.wait_for(&request, &load.readers[0]).await;
    told(&fate, &body)
}

/// What the player was told and the database contradicts.
fn contradiction(bet: &Bet, kept: Option<&String>) -> Option<String> {
    let agrees = match &bet.told {
        Told::Nothing => true,
        Told::Taken => kept.is_some(),
        Told::Round(round) => kept == Some(round),
    };
    (!agrees).then(|| {
        format!(
            "{}: the player was told {:?}, and kept is {kept:?}",
            bet.key, bet.told
        )
    })
}

/// The round of each kept answer, by its key.
async fn kept_rounds(db: &mut PgConnection) -> Result<HashMap<String, String>, sqlx::Error> {
    let rows = sqlx::query!(r#"select key, answer ->> 'ref' as "round!" from commands"#);
    let rows = rows.fetch_all(db).await?;
    Ok(rows.into_iter().map(|row| (row.key, row.round)).collect())
}

async fn matches(db: &mut PgConnection) -> Result<Matches, sqlx::Error> {
    sqlx::query_as!(
        Matches,
        r#"
        with stakes as (
            select operator_id, player_id, reference
            from ledger_entries
            where reason = 'stake'
            group by operator_id, player_id, reference
            having count(*) = 1
        )
        select
            (select count(*) from rounds) as "rounds!",
            (select count(*) from commands) as "answers!",
            count(distinct rounds.id) as "pairs!"
        from rounds
        join commands
            on commands.operator_id = rounds.operator_id
            and commands.actor = format('player:%s', rounds.player_id)
            and (commands.answer ->> 'ref')::uuid = rounds.id
        join stakes
            on stakes.operator_id = rounds.operator_id
            and stakes.player_id = rounds.player_id
            and stakes.reference = rounds.id::text
        where rounds.status = 'settled'
        "#
    )
    .fetch_one(db)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_player_was_told_must_be_in_the_database() {
        let bet = |told| Bet {
            player: 0,
            key: "k".to_owned(),
            told,
        };
        let (one, other) = ("one".to_owned(), "other".to_owned());
        for (told, kept, agrees) in [
            (Told::Nothing, None, true),
            (Told::Nothing, Some(&one), true),
            (Told::Taken, None, false),
            (Told::Taken, Some(&one), true),
            (Told::Round(one.clone()), Some(&one), true),
            (Told::Round(one.clone()), Some(&other), false),
            (Told::Round(one.clone()), None, false),
        ] {
            assert_eq!(
                contradiction(&bet(told.clone()), kept).is_none(),
                agrees,
                "{told:?} and {kept:?}"
            );
        }
    }
}
