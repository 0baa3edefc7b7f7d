//! From one match of the feed to a result: owns which members hold the score, and what a status says about its end.
//! Must never fill in a number that is not there.

use serde_json::value::RawValue;
use shared::sports::Sport;

use crate::feed::parse::raw::{Member, flag, is_object, items, text};
use crate::feed::parse::{EventStatus, FeedLimits, SkipReason};

use super::super::rules::{End, Extra, Pair, Score, Side, Told};
use super::members::Members;
use super::{EventResult, Skip};

/// A match that was read.
pub(super) enum Read {
    Over(Box<EventResult>),
    Open,
}

/// The names of the members that hold periods, of which a sport has one kind: sets, halves or maps; quarters; periods.
const PERIODS: [&[&str]; 3] = [
    &["s1", "s2", "s3", "s4", "s5", "s6", "s7"],
    &["q1", "q2", "q3", "q4"],
    &["p1", "p2", "p3"],
];

/// Reads one match: its id, and what it says.
pub(super) fn read_match(
    source: &RawValue,
    sport: Sport,
    limits: &FeedLimits,
) -> Result<(String, Read), Skip> {
    if !is_object(source) {
        return Err(SkipReason::NotAnObject.into());
    }
    if source.get().len() > limits.max_match_bytes {
        return Err(SkipReason::TooLarge.into());
    }
    let source = Members::of(source).ok_or(SkipReason::Malformed)?;
    let id = limits.code(&text(source.get("id")))?;
    if id.is_empty() {
        return Err(SkipReason::MissingId.into());
    }
    let [home, away] = sides(&source)?;
    let status_text = limits.code(&text(source.get("status")))?;
    let Some((end, extra)) = ending(&status_text)? else {
        return Ok((id, Read::Open));
    };
    let told = Match {
        source,
        home,
        away,
        has_numbers: Score::has_numbers(sport),
    }
    .told(end, extra)?;
    let result = EventResult {
        id: id.clone(),
        home: limits.text(&told.names[0])?,
        away: limits.text(&told.names[1])?,
        status_text,
        score: Score::new(sport, &told.told)?,
    };
    Ok((id, Read::Over(Box::new(result))))
}

/// The two sides, in whichever of the supplier's spellings.
fn sides<'a>(source: &Members<'a>) -> Result<[Members<'a>; 2], Skip> {
    let listed = items(source.get("player"), 2);
    let mut listed = listed.list.into_iter().filter(|_| listed.beyond == 0);
    let mut side = |names: &[&str]| {
        let named = names.iter().find_map(|name| source.get(name));
        let side = named.or_else(|| listed.next()).and_then(Members::of);
        side.ok_or(SkipReason::MissingTeam)
    };
    Ok([
        side(&["localteam", "player_1"])?,
        side(&["visitorteam", "awayteam", "player_2"])?,
    ])
}

/// How a match ended; `None` when it has not.
fn ending(status: &str) -> Result<Option<(End, Extra)>, Skip> {
    let end = match EventStatus::from_feed(status) {
        EventStatus::NotStarted | EventStatus::InPlay | EventStatus::Interrupted => return Ok(None),
        EventStatus::Unknown => return Err(Skip::UnknownStatus),
        EventStatus::Finished => return finished(status).map(Some),
        EventStatus::Retired => End::Retired(None),
        EventStatus::Walkover => End::Walkover,
        EventStatus::Abandoned => End::Abandoned,
        EventStatus::Postponed => End::Postponed,
        EventStatus::Cancelled => End::Cancelled,
    };
    Ok(Some((end, Extra::None)))
}

fn finished(status: &str) -> Result<(End, Extra), Skip> {
    let lower = status.to_lowercase();
    let extra = match lower.trim_end_matches('.') {
        "aet" | "aot" | "after extra time" | "after over time" | "after overtime" | "after ot" => {
            Extra::Overtime
        }
        "ap" | "after pen" | "after penalties" | "after shootout" | "after so" => Extra::Shootout,
        "awarded" | "award" => return Err(Skip::Awarded),
        other if other.starts_with("after") => return Err(Skip::UnknownStatus),
        _ => Extra::None,
    };
    Ok((End::Finished, extra))
}

struct Match<'a> {
    source: Members<'a>,
    home: Members<'a>,
    away: Members<'a>,
    has_numbers: bool,
}

struct Named {
    names: [String; 2],
    told: Told,
}

impl Match<'_> {
    fn told(&self, end: End, extra: Extra) -> Result<Named, Skip> {
        let names = [&self.home, &self.away].map(|side| text(side.get("name")).into_owned());
        if names.iter().any(String::is_empty) {
            return Err(SkipReason::MissingTeam.into());
        }
        let winner = self.winner()?;
        let end = match end {
            End::Retired(_) => End::Retired(winner.map(Side::other)),
            end => end,
        };
        let shootout = self.pair("so")?.or(self.score("pen")?);
        let (extra_time, overtime) = (self.score("et")?, self.pair("ot")?);
        let extra = if shootout.is_some_and(|pair| pair != Pair::default()) {
            Extra::Shootout
        } else if extra == Extra::None && extra_time.is_some() {
            Extra::Overtime
        } else {
            extra
        };
        let told = Told {
            end,
            winner,
            total: self.pair("totalscore")?.or(self.pair("goals")?),
            full_time: self.score("ft")?,
            half_time: self.score("ht")?,
            periods: self.periods()?,
            overtime,
            extra,
        };
        Ok(Named { names, told })
    }

    fn winner(&self) -> Result<Option<Side>, Skip> {
        let [home, away] = [&self.home, &self.away].map(|side| flag(side.get("winner")) == Some(true));
        match (home, away) {
            (true, true) => Err(Skip::Contradiction(super::Contradiction::Winner)),
            (true, false) => Ok(Some(Side::Home)),
            (false, true) => Ok(Some(Side::Away)),
            (false, false) => Ok(None),
        }
    }

    /// A number that both sides have, or neither.
    fn pair(&self, name: &str) -> Result<Option<Pair>, Skip> {
        if !self.has_numbers {
            return Ok(None);
        }
        match (number(self.home.get(name))?, number(self.away.get(name))?) {
            (Some(home), Some(away)) => Ok(Some(Pair::new(home, away))),
            (None, None) => Ok(None),
            _ => Err(Skip::BadNumber),
        }
    }

    fn periods(&self) -> Result<Vec<Pair>, Skip> {
        let mut told = Vec::new();
        for names in PERIODS {
            let pairs = names.iter().map(|name| self.pair(name));
            let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
            let count = pairs.iter().take_while(|pair| pair.is_some()).count();
            if pairs.iter().skip(count).any(Option::is_some) || (count > 0 && !told.is_empty()) {
                return Err(Skip::BadNumber);
            }
            told.extend(pairs.into_iter().flatten());
        }
        Ok(told)
    }

    /// A score in one text, `[1-0]`, alone or as the member `score`.
    fn score(&self, name: &str) -> Result<Option<Pair>, Skip> {
        let member = self.source.get(name).filter(|_| self.has_numbers);
        let inner = member
            .and_then(Members::of)
            .map(|members| text(members.get("score")));
        let whole = inner.unwrap_or_else(|| text(member));
        let score = whole.trim_start_matches('[').trim_end_matches(']').trim();
        if score.is_empty() || score == "-" {
            return Ok(None);
        }
        let (home, away) = score.split_once(['-', ':']).ok_or(Skip::BadNumber)?;
        match (digits(home), digits(away)) {
            (Some(home), Some(away)) => Ok(Some(Pair::new(home, away))),
            _ => Err(Skip::BadNumber),
        }
    }
}

/// A score; after a tie-break its points follow the games, as in `7.9` or `6(4)`.
fn number(member: Member<'_>) -> Result<Option<u16>, Skip> {
    let text = text(member);
    if text.is_empty() {
        return Ok(None);
    }
    let games = match text.split_once(['.', '(']) {
        Some((games, points)) => {
            let points = points.strip_suffix(')').unwrap_or(points);
            digits(points).and(digits(games))
        }
        None => digits(&text),
    };
    games.map(Some).ok_or(Skip::BadNumber)
}

fn digits(text: &str) -> Option<u16> {
    let text = text.trim();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}
