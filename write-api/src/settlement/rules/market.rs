//! What a market is about, by its name and its sport. Must never know a name in part: one word that is not understood,
//! such as `corners`, and the market is not decided.

use shared::sports::Sport;

use super::names::ordinal;
use super::pair::Side;
use super::score::Shape;

/// What is asked about a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Result3,
    Winner,
    DoubleChance,
    DrawNoBet,
    /// Over or under, of both sides or of one.
    Total(Of),
    /// Two-way, with quarter lines.
    Handicap,
    /// Three-way, on whole lines.
    Handicap3,
    BothScore,
    OddEven(Of),
    Exact(Of),
    CorrectScore,
    HalfFull,
    ResultAndBoth,
    ResultAndTotal,
    HighestHalf,
    HighestQuarter,
    WinToNil(Of),
    CleanSheet(Side),
    Scores(Side),
    WinsBothHalves(Side),
    WinsEitherHalf(Side),
    TieBreak,
    TieBreaks,
    WinsASet(Side),
    StraightSets(Side),
    FromBehind(Side),
    SetAndMatch,
}

/// Whose score it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Both,
    Side(Side),
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// Regular time.
    Regulation,
    /// Everything that was played.
    Full,
    /// Bookmakers differ whether overtime counts, so that both must come to the same.
    Either,
    /// A half, from 1.
    Half(usize),
    /// A quarter, period or set, from 1.
    Period(usize),
    /// Games of a tennis match.
    Games,
}

/// A market that is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) kind: Kind,
    pub(super) count: Count,
}

/// The part of the event that a name speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Match,
    WithOvertime,
    RegularTime,
    Half(usize),
    Quarter(usize),
    Third(usize),
    Set(usize),
    Map(usize),
}

const HOME: Of = Of::Side(Side::Home);
const AWAY: Of = Of::Side(Side::Away);

/// Names without what says the scope: words in lower case.
const KINDS: &[(&str, Kind)] = &[
    ("3way result", Kind::Result3),
    ("match winner", Kind::Result3),
    ("match result", Kind::Result3),
    ("1x2", Kind::Result3),
    ("home away", Kind::Winner),
    ("double chance", Kind::DoubleChance),
    ("draw no bet", Kind::DrawNoBet),
    ("over under", Kind::Total(Of::Both)),
    ("goals over under", Kind::Total(Of::Both)),
    ("total home", Kind::Total(HOME)),
    ("total away", Kind::Total(AWAY)),
    ("asian handicap", Kind::Handicap),
    ("handicap result", Kind::Handicap3),
    ("european handicap", Kind::Handicap3),
    ("both teams to score", Kind::BothScore),
    ("odd even", Kind::OddEven(Of::Both)),
    ("home odd even", Kind::OddEven(HOME)),
    ("away odd even", Kind::OddEven(AWAY)),
    ("exact goals number", Kind::Exact(Of::Both)),
    ("home team exact goals number", Kind::Exact(HOME)),
    ("away team exact goals number", Kind::Exact(AWAY)),
    ("correct score", Kind::CorrectScore),
    ("ht ft double", Kind::HalfFull),
    ("results both teams to score", Kind::ResultAndBoth),
    ("result total goals", Kind::ResultAndTotal),
    ("highest scoring half", Kind::HighestHalf),
    ("highest scoring quarter", Kind::HighestQuarter),
    ("win to nil", Kind::WinToNil(Of::Both)),
    ("either team win to nill", Kind::WinToNil(Of::Both)),
    ("either team win to nil", Kind::WinToNil(Of::Both)),
    ("win to nil home", Kind::WinToNil(HOME)),
    ("home win to nil", Kind::WinToNil(HOME)),
    ("win to nil away", Kind::WinToNil(AWAY)),
    ("away win to nil", Kind::WinToNil(AWAY)),
    ("clean sheet home", Kind::CleanSheet(Side::Home)),
    ("clean sheet away", Kind::CleanSheet(Side::Away)),
    ("home team score a goal", Kind::Scores(Side::Home)),
    ("away team score a goal", Kind::Scores(Side::Away)),
    ("home win both halves", Kind::WinsBothHalves(Side::Home)),
    ("away win both halves", Kind::WinsBothHalves(Side::Away)),
    ("home team will win either half", Kind::WinsEitherHalf(Side::Home)),
    ("away team will win either half", Kind::WinsEitherHalf(Side::Away)),
];

/// Names of markets on sets and games, beside what they count.
const SET_KINDS: &[(&str, Kind, Count)] = &[
    ("home away", Kind::Winner, Count::Full),
    ("set betting", Kind::CorrectScore, Count::Full),
    ("correct score", Kind::CorrectScore, Count::Full),
    ("asian handicap sets", Kind::Handicap, Count::Full),
    ("over under sets", Kind::Total(Of::Both), Count::Full),
    ("total sets", Kind::Total(Of::Both), Count::Full),
    (
        "win at least one set player 1",
        Kind::WinsASet(Side::Home),
        Count::Full,
    ),
    (
        "win at least one set player 2",
        Kind::WinsASet(Side::Away),
        Count::Full,
    ),
    // The supplier's own spelling.
    (
        "win in straigh sets player 1",
        Kind::StraightSets(Side::Home),
        Count::Full,
    ),
    (
        "win in straigh sets player 2",
        Kind::StraightSets(Side::Away),
        Count::Full,
    ),
    (
        "win from behind player 1",
        Kind::FromBehind(Side::Home),
        Count::Full,
    ),
    (
        "win from behind player 2",
        Kind::FromBehind(Side::Away),
        Count::Full,
    ),
    ("set match", Kind::SetAndMatch, Count::Full),
];

/// Names that only tennis has. The prices of `Odd/Even` and of a player's `Total` in the feed are those of games: two
/// sets are far likelier than three, and nobody wins eight.
const TENNIS_KINDS: &[(&str, Kind, Count)] = &[
    (
        "over under by games in match",
        Kind::Total(Of::Both),
        Count::Games,
    ),
    ("asian handicap games", Kind::Handicap, Count::Games),
    ("total home", Kind::Total(HOME), Count::Games),
    ("total away", Kind::Total(AWAY), Count::Games),
    ("odd even", Kind::OddEven(Of::Both), Count::Games),
    ("total tiebreaks", Kind::TieBreaks, Count::Full),
];

/// The market with this name, if it is one that a score decides.
pub(super) fn rule(sport: Sport, name: &str) -> Option<Rule> {
    let (name, scope) = scope(&words(name))?;
    let rule = |(kind, count)| Rule { kind, count };
    match Shape::of(sport) {
        Shape::Sets => set_rule(sport, &name, scope),
        Shape::Plain => plain_rule(sport, &name, scope),
        Shape::Winner => {
            (name == "home away" && scope == Scope::Match).then_some((Kind::Winner, Count::Full))
        }
        shape => {
            let kind = find(KINDS, &name)?;
            // Where points are counted, nobody says what an exact number of goals is.
            let counts_goals = ["soccer", "futsal", "handball", "hockey"].contains(&sport.key());
            if matches!(kind, Kind::Exact(_)) && !counts_goals {
                return None;
            }
            Some((kind, count(sport, shape, kind, scope)?))
        }
    }
    .map(rule)
}

fn find(kinds: &[(&str, Kind)], name: &str) -> Option<Kind> {
    kinds
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, kind)| *kind)
}

fn count(sport: Sport, shape: Shape, kind: Kind, scope: Scope) -> Option<Count> {
    let is_whole = matches!(
        kind,
        Kind::HalfFull
            | Kind::HighestHalf
            | Kind::HighestQuarter
            | Kind::WinsBothHalves(_)
            | Kind::WinsEitherHalf(_)
    );
    Some(match scope {
        Scope::Match => match (shape, kind) {
            _ if ["soccer", "futsal"].contains(&sport.key()) => Count::Regulation,
            // Three-way prices are for the regular time in every sport.
            (_, Kind::Result3) => Count::Regulation,
            (Shape::Quarters, Kind::Winner | Kind::Total(Of::Both) | Kind::Handicap)
            | (Shape::Thirds, Kind::Winner) => Count::Full,
            _ => Count::Either,
        },
        Scope::WithOvertime => Count::Full,
        Scope::RegularTime => Count::Regulation,
        Scope::Half(place) if !is_whole && matches!(shape, Shape::Halves | Shape::Quarters) && place <= 2 => {
            Count::Half(place)
        }
        Scope::Quarter(place) if !is_whole && shape == Shape::Quarters && place <= 4 => Count::Period(place),
        Scope::Third(place) if !is_whole && shape == Shape::Thirds && place <= 3 => Count::Period(place),
        _ => return None,
    })
}

fn set_rule(sport: Sport, name: &str, scope: Scope) -> Option<(Kind, Count)> {
    let is_tennis = sport.key() == "tennis";
    match scope {
        Scope::Match => SET_KINDS
            .iter()
            .chain(TENNIS_KINDS.iter().filter(|_| is_tennis))
            .find(|(known, ..)| *known == name)
            .map(|(_, kind, count)| (*kind, *count)),
        Scope::Set(place) if is_tennis && name == "tie break" => Some((Kind::TieBreak, Count::Period(place))),
        Scope::Set(place) => {
            let kind = find(KINDS, name)?;
            let fits = matches!(
                kind,
                Kind::Winner | Kind::Total(_) | Kind::Handicap | Kind::OddEven(_) | Kind::CorrectScore
            );
            fits.then_some((kind, Count::Period(place)))
        }
        // The supplier calls the first set of tennis a half: its scores are 6:0 to 7:6.
        Scope::Half(1) if is_tennis && name == "correct score" => {
            Some((Kind::CorrectScore, Count::Period(1)))
        }
        _ => None,
    }
}

/// Darts count legs or sets, of which a total does not say which; and a player's total are his 180s. Handicaps and
/// totals of esports are rounds or kills.
fn plain_rule(sport: Sport, name: &str, scope: Scope) -> Option<(Kind, Count)> {
    if let ("esports", Scope::Map(place), "home away") = (sport.key(), scope, name) {
        return Some((Kind::Winner, Count::Period(place)));
    }
    let is_baseball = sport.key() == "baseball";
    let is_whole = scope == Scope::Match || (is_baseball && scope == Scope::WithOvertime);
    let kind = match (sport.key(), name) {
        (_, "home away") => Kind::Winner,
        ("darts" | "esports", "correct score") => Kind::CorrectScore,
        ("esports", "total maps") | ("baseball", "over under") => Kind::Total(Of::Both),
        ("esports", "maps handicap") | ("baseball", "asian handicap") => Kind::Handicap,
        ("baseball", "odd even") => Kind::OddEven(Of::Both),
        _ => return None,
    };
    is_whole.then_some((kind, Count::Full))
}

fn words(name: &str) -> Vec<String> {
    let words = name.split(|letter: char| !letter.is_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// The name without what says the scope, and the scope; `None` when it says more than one.
fn scope(words: &[String]) -> Option<(String, Scope)> {
    let mut found = Vec::new();
    let mut rest: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let next = words.get(at + 1).map(String::as_str).unwrap_or_default();
        if let Some(scope) = part(word, next) {
            found.push(scope);
            at += 2;
        } else {
            rest.push(word);
            at += 1;
        }
    }
    let scope = match *found {
        [] => Scope::Match,
        [scope] => scope,
        _ => return None,
    };
    Some((rest.join(" "), scope))
}

fn part(word: &str, next: &str) -> Option<Scope> {
    if let Some(place) = ordinal(word) {
        return match next {
            "half" => Some(Scope::Half(place)),
            "qtr" | "quarter" => Some(Scope::Quarter(place)),
            "period" => Some(Scope::Third(place)),
            "set" => Some(Scope::Set(place)),
            _ => None,
        };
    }
    let place = || {
        super::names::number(next)
            .map(usize::from)
            .filter(|place| *place > 0)
    };
    match (word, next) {
        ("including", "ot" | "overtime") => Some(Scope::WithOvertime),
        ("regular", "time") => Some(Scope::RegularTime),
        ("map", _) => place().map(Scope::Map),
        ("set", _) => place().map(Scope::Set),
        _ => None,
    }
}
