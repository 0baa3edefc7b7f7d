//! From a score to the outcome of one selection. Must never decide what the score does not.

use shared::sports::Sport;

use crate::feed::parse::LineKind;

use super::line::{Line, beyond};
use super::market::{Count, Kind, Of, Rule, rule};
use super::names::{self, Result3, Sides};
use super::outcome::Outcome;
use super::pair::{Pair, Side};
use super::score::{End, Extra, Score, Shape};
use super::stopped;

/// A selection that was bet on, as the odds feed named it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The sport of the event.
    pub sport: Sport,
    /// Name of the home team or first player.
    pub home: &'a str,
    /// Name of the away team or second player.
    pub away: &'a str,
    /// Name of the market.
    pub market: &'a str,
    /// Name of the selection, without the line.
    pub selection: &'a str,
    /// The line, as the feed writes it. A handicap is that of the home side, whichever side was bet on: the away
    /// side has the opposite. So the feed's prices say: an outsider at home has a positive line, under which both
    /// sides are near even.
    pub line: Option<&'a str>,
    /// What the line is.
    pub line_kind: Option<LineKind>,
    /// The names of all selections of the market, which say what `any other` is and whether a draw is offered. Such
    /// selections are left undecided where this is empty.
    pub offered: &'a [&'a str],
}

impl<'a> Question<'a> {
    pub(super) const fn sides(&self) -> Sides<'a> {
        Sides {
            home: self.home,
            away: self.away,
        }
    }

    /// The number that a total is over or under.
    fn total(&self) -> Option<Line> {
        let line = self.line.filter(|_| self.line_kind != Some(LineKind::Handicap))?;
        Line::parse(line).filter(|line| line.quarters >= 0)
    }

    fn handicap(&self) -> Option<Line> {
        self.line
            .filter(|_| self.line_kind != Some(LineKind::Total))
            .and_then(Line::parse)
    }

    fn offers_a_draw(&self) -> Option<bool> {
        let is_draw = |name: &&str| self.sides().result(name) == Some(Result3::Draw);
        (!self.offered.is_empty()).then(|| self.offered.iter().any(is_draw))
    }
}

/// What a selection came to, by the score; `None` when the score does not decide it: the market or selection is not
/// understood, or what it is about is not told.
pub fn decide(question: &Question<'_>, score: &Score) -> Option<Outcome> {
    let rule = rule(question.sport, question.market)?;
    match score.end() {
        End::Finished => played(rule, question, score),
        // Customary, too. Who goes through, which officials then say, is no market that is known here.
        End::Walkover | End::Cancelled => Some(Outcome::Void),
        // How long bets wait for another date is the operator's to say.
        End::Postponed => None,
        End::Abandoned | End::Retired(_) => stopped::decide(rule, question, score),
    }
}

/// The outcome of a market on what was played.
pub(super) fn played(rule: Rule, question: &Question<'_>, score: &Score) -> Option<Outcome> {
    match rule.kind {
        Kind::Winner => winner(rule.count, question, score),
        Kind::HalfFull
        | Kind::HighestHalf
        | Kind::HighestQuarter
        | Kind::WinsBothHalves(_)
        | Kind::WinsEitherHalf(_) => on_halves(rule, question, score),
        Kind::TieBreaks
        | Kind::WinsASet(_)
        | Kind::StraightSets(_)
        | Kind::FromBehind(_)
        | Kind::SetAndMatch => on_sets(rule.kind, question, score),
        kind => same(pairs(rule.count, question.sport, score)?, |pair| {
            on_pair(kind, question, pair)
        }),
    }
}

/// The outcome that every reading comes to.
fn same<T: Copy>(readings: Vec<T>, outcome: impl Fn(T) -> Option<Outcome>) -> Option<Outcome> {
    let mut outcomes = readings.into_iter().map(outcome);
    let first = outcomes.next()??;
    outcomes.all(|other| other == Some(first)).then_some(first)
}

/// The scores that a market may be about.
pub(super) fn pairs(count: Count, sport: Sport, score: &Score) -> Option<Vec<Pair>> {
    Some(match count {
        Count::Regulation => vec![score.regulation()?],
        Count::Full => vec![score.total()?],
        Count::Either => vec![score.regulation()?, score.total()?],
        Count::Period(place) => vec![*score.periods().get(place.checked_sub(1)?)?],
        Count::Games => vec![score.games()?],
        Count::Half(place) => halves(sport, score, place)?,
    })
}

/// A half. Whether the second has the overtime is read either way.
fn halves(sport: Sport, score: &Score, place: usize) -> Option<Vec<Pair>> {
    let periods = score.periods();
    if Shape::of(sport) == Shape::Halves {
        return Some(vec![*periods.get(place.checked_sub(1)?)?]);
    }
    if place == 1 {
        return Some(vec![Pair::sum(periods.get(..2)?)?]);
    }
    let second = Pair::sum(periods.get(2..4)?)?;
    match score.extra() {
        Extra::None => Some(vec![second]),
        _ => Some(vec![second, second.plus(score.overtime()?)?]),
    }
}

fn winner(count: Count, question: &Question<'_>, score: &Score) -> Option<Outcome> {
    let result = question.sides().result(question.selection)?;
    let by_score = |pair: Pair| {
        let came = Result3::of(pair);
        // A draw that nobody could bet on gives the stakes back.
        if came == Result3::Draw && !question.offers_a_draw()? {
            return Some(Outcome::Void);
        }
        Some(Outcome::won_if(came == result))
    };
    if count != Count::Full {
        return same(pairs(count, question.sport, score)?, by_score);
    }
    // Where a draw is offered beside the sides, it may be one of the regular time.
    if question.offers_a_draw()? {
        return same(pairs(Count::Either, question.sport, score)?, by_score);
    }
    match (score.winner(), score.total()) {
        (Some(winner), _) => Some(Outcome::won_if(result == Result3::Side(winner))),
        (None, Some(total)) => by_score(total),
        (None, None) => None,
    }
}

pub(super) fn on_pair(kind: Kind, question: &Question<'_>, pair: Pair) -> Option<Outcome> {
    let name = question.selection;
    let result = Result3::of(pair);
    Some(match kind {
        // Without a draw to bet on, it is not this market, whatever its name.
        Kind::Result3 if question.offers_a_draw() == Some(false) => return None,
        Kind::Result3 => Outcome::won_if(question.sides().result(name)? == result),
        Kind::DoubleChance => {
            let (one, other) = question.sides().either(name)?;
            Outcome::won_if(one == result || other == result)
        }
        Kind::DrawNoBet => {
            let side = question.sides().side(name)?;
            beyond(pair.lead(side) * 4)
        }
        Kind::Total(of) => over_under(name, question.total(), counted(pair, of))?,
        Kind::Handicap => handicap(question, pair)?,
        Kind::Handicap3 => {
            let lead = pair.lead(Side::Home) + question.handicap()?.whole()?;
            let won = match question.sides().result(name)? {
                Result3::Side(Side::Home) => lead > 0,
                Result3::Draw => lead == 0,
                Result3::Side(Side::Away) => lead < 0,
            };
            Outcome::won_if(won)
        }
        Kind::BothScore => Outcome::won_if(names::yes(name)? == both_score(pair)),
        Kind::OddEven(of) => Outcome::won_if(names::odd(name)? == (counted(pair, of) % 2 == 1)),
        Kind::Exact(of) => exact(question, counted(pair, of))?,
        Kind::CorrectScore => correct_score(question, pair)?,
        Kind::ResultAndBoth => {
            let (first, second) = question.sides().result_and(name)?;
            let won = names::yes(second)? == both_score(pair);
            Outcome::won_if(first == result && won)
        }
        Kind::ResultAndTotal => {
            let (first, second) = question.sides().result_and(name)?;
            let total = over_under(second, question.total(), pair.total())?;
            // What a push is worth in two bets at once is not told.
            match total {
                Outcome::Won | Outcome::Lost => Outcome::won_if(first == result && total == Outcome::Won),
                _ => return None,
            }
        }
        Kind::WinToNil(Of::Side(side)) => {
            let won = pair.lead(side) > 0 && pair.of(side.other()) == 0;
            Outcome::won_if(names::yes(name)? == won)
        }
        Kind::WinToNil(Of::Both) => {
            let won = pair.leader().is_some_and(|leader| pair.of(leader.other()) == 0);
            Outcome::won_if(names::yes(name)? == won)
        }
        Kind::CleanSheet(side) => Outcome::won_if(names::yes(name)? == (pair.of(side.other()) == 0)),
        Kind::Scores(side) => Outcome::won_if(names::yes(name)? == (pair.of(side) > 0)),
        // Rules of tennis, 6: a set is 7-6 only after a tie-break.
        Kind::TieBreak => Outcome::won_if(names::yes(name)? == is_tie_break(pair)),
        _ => return None,
    })
}

fn counted(pair: Pair, of: Of) -> i64 {
    match of {
        Of::Both => pair.total(),
        Of::Side(side) => pair.of(side),
    }
}

pub(super) fn both_score(pair: Pair) -> bool {
    pair.home > 0 && pair.away > 0
}

fn is_tie_break(set: Pair) -> bool {
    set.home.max(set.away) == 7 && set.total() == 13
}

/// The line is the market's, or stands in the name; never two that differ.
pub(super) fn over_under(name: &str, line: Option<Line>, total: i64) -> Option<Outcome> {
    let (is_over, named) = names::over(name)?;
    let line = match (line, named.map(Line::parse)) {
        (Some(line), None) => line,
        (None, Some(named)) => named?,
        (Some(line), Some(named)) if named == Some(line) => line,
        _ => return None,
    };
    let above = total * 4 - line.quarters;
    Some(beyond(if is_over { above } else { -above }))
}

fn handicap(question: &Question<'_>, pair: Pair) -> Option<Outcome> {
    let home_lead = pair.lead(Side::Home) * 4 + question.handicap()?.quarters;
    Some(beyond(match question.sides().side(question.selection)? {
        Side::Home => home_lead,
        Side::Away => -home_lead,
    }))
}

/// A number, `3+`, or `more 3`: that is at least 3 where 3 itself is not offered, and more than 3 where it is.
fn exact(question: &Question<'_>, total: i64) -> Option<Outcome> {
    let name = question.selection.trim().to_ascii_lowercase();
    if let Some(number) = names::number(&name) {
        return Some(Outcome::won_if(total == i64::from(number)));
    }
    if let Some(least) = name.strip_suffix('+') {
        return Some(Outcome::won_if(total >= i64::from(names::number(least)?)));
    }
    let number = names::number(name.strip_prefix("more ")?)?;
    let offers = |number: u16| {
        question
            .offered
            .iter()
            .any(|name| names::number(name) == Some(number))
    };
    if offers(number) {
        return Some(Outcome::won_if(total > i64::from(number)));
    }
    offers(number.checked_sub(1)?).then(|| Outcome::won_if(total >= i64::from(number)))
}

fn correct_score(question: &Question<'_>, pair: Pair) -> Option<Outcome> {
    if let Some(score) = names::score(question.selection) {
        return Some(Outcome::won_if(score == pair));
    }
    if !names::is_any_other(question.selection) {
        return None;
    }
    let others = question.offered.iter().filter(|name| !names::is_any_other(name));
    let scores: Vec<Pair> = others.map(|name| names::score(name)).collect::<Option<_>>()?;
    (!scores.is_empty()).then(|| Outcome::won_if(!scores.contains(&pair)))
}

fn on_halves(rule: Rule, question: &Question<'_>, score: &Score) -> Option<Outcome> {
    let name = question.selection;
    let half = |place| halves(question.sport, score, place);
    match rule.kind {
        Kind::HalfFull => {
            let (at_half, at_end) = question.sides().two_results(name)?;
            let [first] = half(1)?[..] else { return None };
            same(pairs(rule.count, question.sport, score)?, |pair| {
                Some(Outcome::won_if(
                    (at_half, at_end) == (Result3::of(first), Result3::of(pair)),
                ))
            })
        }
        Kind::HighestHalf => {
            let [first] = half(1)?[..] else { return None };
            same(half(2)?, |second| {
                highest(question, &[first.total(), second.total()])
            })
        }
        Kind::HighestQuarter => {
            let quarters = score.periods().get(..4)?;
            let totals: Vec<i64> = quarters.iter().map(|quarter| quarter.total()).collect();
            highest(question, &totals)
        }
        Kind::WinsBothHalves(side) | Kind::WinsEitherHalf(side) => {
            let yes = names::yes(name)?;
            let [first] = half(1)?[..] else { return None };
            let is_both = matches!(rule.kind, Kind::WinsBothHalves(_));
            same(half(2)?, |second| {
                let [one, other] = [first, second].map(|half| half.lead(side) > 0);
                Some(Outcome::won_if(
                    yes == if is_both { one && other } else { one || other },
                ))
            })
        }
        _ => None,
    }
}

/// The period in which most was scored. Several are a draw where one is offered, and a dead heat where none is.
fn highest(question: &Question<'_>, totals: &[i64]) -> Option<Outcome> {
    let most = totals.iter().max()?;
    let among = totals.iter().filter(|total| *total == most).count();
    let is_draw = question.sides().result(question.selection) == Some(Result3::Draw);
    if is_draw {
        return Some(Outcome::won_if(among > 1));
    }
    let place = names::place(question.selection)?;
    let has_most = totals.get(place.checked_sub(1)?)? == most;
    if among == 1 || !has_most {
        return Some(Outcome::won_if(has_most));
    }
    Some(if question.offers_a_draw()? {
        Outcome::Lost
    } else {
        Outcome::DeadHeat {
            paid: 1,
            among: u16::try_from(among).ok()?,
        }
    })
}

fn on_sets(kind: Kind, question: &Question<'_>, score: &Score) -> Option<Outcome> {
    let (name, sets) = (question.selection, score.total()?);
    let played = score.periods();
    Some(match kind {
        Kind::WinsASet(side) => Outcome::won_if(names::yes(name)? == (sets.of(side) > 0)),
        Kind::StraightSets(side) => {
            let won = sets.lead(side) > 0 && sets.of(side.other()) == 0;
            Outcome::won_if(names::yes(name)? == won)
        }
        Kind::SetAndMatch => {
            let (first, whole) = question.sides().two_results(name)?;
            Outcome::won_if((first, whole) == (Result3::of(*played.first()?), Result3::of(sets)))
        }
        Kind::TieBreaks if score.games().is_some() => {
            let tie_breaks = played.iter().filter(|set| is_tie_break(**set)).count();
            over_under(name, question.total(), i64::try_from(tie_breaks).ok()?)?
        }
        Kind::FromBehind(side) => Outcome::won_if(names::yes(name)? == from_behind(side, sets, played)?),
        _ => return None,
    })
}

/// Whether `side` lost a set first and won. Bookmakers differ about a side that fell behind later on.
fn from_behind(side: Side, sets: Pair, played: &[Pair]) -> Option<bool> {
    if sets.lead(side) < 0 {
        return Some(false);
    }
    let lost_first = played.first()?.lead(side) < 0;
    let (mut ahead, mut fell_behind) = (0, false);
    for set in played {
        ahead += set.lead(side).signum();
        fell_behind |= ahead < 0;
    }
    (lost_first == fell_behind).then_some(lost_first)
}
