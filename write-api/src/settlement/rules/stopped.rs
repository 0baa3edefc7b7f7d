//! Events that were stopped for good. Must never void a bet that was already decided, nor decide one that was not.
//!
//! | sport | what stands | all else |
//! | --- | --- | --- |
//! | soccer, futsal, handball, hockey, rugby | halves and periods that were finished; what could no longer change | void |
//! | tennis, volleyball, table tennis | sets that were finished; what could no longer change | void |
//! | others | nothing: whether such an event counts depends on how much of it was played | left to people |
//!
//! That is the customary rule for abandoned matches and for retirements: bets are void unless their outcome is determined.

use super::decide::{Question, both_score, on_pair, pairs, played};
use super::market::{Count, Kind, Of, Rule};
use super::names;
use super::outcome::Outcome;
use super::pair::Pair;
use super::score::{Extra, Score, Shape};

/// The outcome of a market of an event that was stopped.
pub(super) fn decide(rule: Rule, question: &Question<'_>, score: &Score) -> Option<Outcome> {
    match (Shape::of(question.sport), rule.count) {
        // What is not told of a half may have been finished yet.
        (Shape::Halves | Shape::Thirds, Count::Half(_) | Count::Period(_)) => played(rule, question, score),
        (Shape::Sets, Count::Period(place)) if place <= score.periods().len() => {
            played(rule, question, score)
        }
        (Shape::Sets, Count::Period(place)) => {
            let is_open = place == score.periods().len() + 1;
            let open = score.open_set().filter(|_| is_open).unwrap_or_default();
            unless_sealed(rule.kind, question, open, || on_pair(rule.kind, question, open))
        }
        (Shape::Halves | Shape::Thirds | Shape::Sets, _) => whole(rule, question, score),
        (Shape::Quarters | Shape::Plain | Shape::Winner, _) => None,
    }
}

fn whole(rule: Rule, question: &Question<'_>, score: &Score) -> Option<Outcome> {
    // Stopped after the regular time: what the goals of extra time are good for, the score does not tell.
    if score.regulation().is_some() || score.extra() != Extra::None {
        return None;
    }
    let count = match rule.count {
        Count::Games => Count::Games,
        _ => Count::Full,
    };
    let now = Rule { count, ..rule };
    let pair = *pairs(count, question.sport, score)?.first()?;
    unless_sealed(rule.kind, question, pair, || played(now, question, score))
}

/// Void, unless nothing could have changed the outcome any more: scores only grow.
fn unless_sealed(
    kind: Kind,
    question: &Question<'_>,
    pair: Pair,
    outcome: impl Fn() -> Option<Outcome>,
) -> Option<Outcome> {
    let is_sealed = match kind {
        Kind::Total(_) | Kind::TieBreaks => {
            let (is_over, _) = names::over(question.selection)?;
            outcome()? == Outcome::won_if(is_over)
        }
        Kind::BothScore => both_score(pair),
        Kind::Scores(side) | Kind::WinsASet(side) => pair.of(side) > 0,
        Kind::CleanSheet(side) | Kind::WinToNil(Of::Side(side)) | Kind::StraightSets(side) => {
            pair.of(side.other()) > 0
        }
        _ => false,
    };
    if is_sealed { outcome() } else { Some(Outcome::Void) }
}
