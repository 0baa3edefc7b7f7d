//! The score of an event, once it is known to make sense. Must never keep one that contradicts itself.

use shared::sports::Sport;

use super::pair::{Pair, Side};

/// How an event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Played to the end.
    Finished,
    /// Stopped for good before the end.
    Abandoned,
    /// A side gave up after the start; which one, where that is told.
    Retired(Option<Side>),
    /// A side did not appear.
    Walkover,
    /// To be played later.
    Postponed,
    /// Will not be played.
    Cancelled,
}

/// What was played after the regular time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// Nothing.
    None,
    /// Overtime or extra time.
    Overtime,
    /// A shoot-out, with or without overtime before it.
    Shootout,
}

/// What a feed tells of an event, not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// How it ended.
    pub end: End,
    /// The winner, where the feed names one.
    pub winner: Option<Side>,
    /// The score at the end, without a shoot-out: goals, points, runs, or sets or maps won.
    pub total: Option<Pair>,
    /// The score at the end of the regular time.
    pub full_time: Option<Pair>,
    /// The score at half time.
    pub half_time: Option<Pair>,
    /// Quarters or periods, or the games or points of each set, from the first on.
    pub periods: Vec<Pair>,
    /// What was scored in overtime.
    pub overtime: Option<Pair>,
    /// What followed the regular time.
    pub extra: Extra,
}

/// Why a score is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Contradiction {
    /// The parts do not add up to the whole.
    #[error("the parts do not add up to the total")]
    Sum,
    /// Half time has more than full time, or full time more than the end.
    #[error("the score went backwards")]
    Backwards,
    /// Regular time alone, and yet another score at its end; or more periods than the sport has.
    #[error("what was played does not fit the status")]
    Extra,
    /// A set that no rule allows, or sets after the match was won.
    #[error("a set is impossible")]
    Set,
    /// The winner is not who leads.
    #[error("the winner is not who leads")]
    Winner,
}

/// What a sport's scores are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Halves,
    Quarters,
    Thirds,
    Sets,
    /// Only the total is understood.
    Plain,
    /// Only the winner is understood.
    Winner,
}

impl Shape {
    pub(super) fn of(sport: Sport) -> Self {
        match sport.key() {
            "soccer" | "futsal" | "handball" | "rugby" | "rugbyleague" => Self::Halves,
            "basketball" | "football" => Self::Quarters,
            "hockey" => Self::Thirds,
            "tennis" | "volleyball" | "table_tennis" => Self::Sets,
            "baseball" | "darts" | "esports" => Self::Plain,
            _ => Self::Winner,
        }
    }

    /// How many periods the regular time has.
    const fn periods(self) -> Option<usize> {
        match self {
            Self::Halves => Some(2),
            Self::Thirds => Some(3),
            Self::Quarters => Some(4),
            Self::Sets | Self::Plain | Self::Winner => None,
        }
    }
}

/// The score of an event. What it holds fits together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Score {
    end: End,
    extra: Extra,
    winner: Option<Side>,
    total: Option<Pair>,
    regulation: Option<Pair>,
    overtime: Option<Pair>,
    /// Only such as were played to their end.
    periods: Vec<Pair>,
    /// The set that was under way when the match stopped.
    open_set: Option<Pair>,
    /// Whether every set was won by the games that all bookmakers count: no match tie-break, no long last set.
    counts_games: bool,
}

impl Score {
    /// Whether the numbers of this sport are understood; of others, such as cricket's `187/6`, only the winner is.
    pub(crate) fn has_numbers(sport: Sport) -> bool {
        Shape::of(sport) != Shape::Winner
    }

    /// Checks what a feed tells.
    ///
    /// # Errors
    /// When it contradicts itself.
    pub fn new(sport: Sport, told: &Told) -> Result<Self, Contradiction> {
        let shape = Shape::of(sport);
        let mut score = Self {
            end: told.end,
            extra: told.extra,
            winner: told.winner,
            total: told.total,
            regulation: None,
            overtime: told.overtime,
            periods: Vec::new(),
            open_set: None,
            counts_games: true,
        };
        match shape {
            Shape::Sets => score.take_sets(sport, &told.periods)?,
            Shape::Plain => score.take_maps(sport, &told.periods)?,
            Shape::Winner => score.total = None,
            Shape::Halves | Shape::Thirds | Shape::Quarters => score.take_periods(shape, told)?,
        }
        score.check_winner(shape)?;
        Ok(score)
    }

    /// How the event ended.
    pub const fn end(&self) -> End {
        self.end
    }

    pub(super) const fn extra(&self) -> Extra {
        self.extra
    }

    /// Who won, by the feed's word or else by the score at the very end.
    pub(super) fn winner(&self) -> Option<Side> {
        self.winner.or_else(|| self.total.and_then(Pair::leader))
    }

    /// The score when it ended or stopped; after a shoot-out it is not known whether it holds a goal for it.
    pub(super) fn total(&self) -> Option<Pair> {
        self.total.filter(|_| self.extra != Extra::Shootout)
    }

    pub(super) const fn regulation(&self) -> Option<Pair> {
        self.regulation
    }

    pub(super) const fn overtime(&self) -> Option<Pair> {
        self.overtime
    }

    /// The periods or sets that were played to their end.
    pub(super) fn periods(&self) -> &[Pair] {
        &self.periods
    }

    /// The set that was under way when the match stopped.
    pub(super) const fn open_set(&self) -> Option<Pair> {
        self.open_set
    }

    /// The games of a tennis match, with those of a set that was not finished.
    pub(super) fn games(&self) -> Option<Pair> {
        let open = self.open_set.unwrap_or_default();
        let is_told = self.counts_games && (self.open_set.is_some() || !self.periods.is_empty());
        Pair::sum(&self.periods)
            .and_then(|games| games.plus(open))
            .filter(|_| is_told)
    }

    fn check_winner(&self, shape: Shape) -> Result<(), Contradiction> {
        // In a cup over two matches, the winner of the second need not lead in it.
        let is_by_score =
            shape != Shape::Halves && self.end == End::Finished && self.extra != Extra::Shootout;
        let leader = self.total.filter(|_| is_by_score).and_then(Pair::leader);
        match (leader, self.winner) {
            (Some(leader), Some(winner)) if leader != winner => Err(Contradiction::Winner),
            _ => Ok(()),
        }
    }

    fn take_periods(&mut self, shape: Shape, told: &Told) -> Result<(), Contradiction> {
        let count = shape.periods().unwrap_or_default();
        if told.periods.len() > count {
            return Err(Contradiction::Extra);
        }
        if self.extra == Extra::None && told.overtime.is_some_and(|overtime| overtime.total() > 0) {
            self.extra = Extra::Overtime;
        }
        let is_finished = self.end == End::Finished;
        let by_periods = Pair::sum(&told.periods).ok_or(Contradiction::Sum)?;
        let is_whole = told.periods.len() == count;
        let by_status = self.total.filter(|_| self.extra == Extra::None);
        let by_periods = is_whole.then_some(by_periods);
        self.regulation = told
            .full_time
            .or(by_periods.or(by_status).filter(|_| is_finished));
        self.periods.clone_from(&told.periods);
        if !is_finished {
            // The last that is told may have been under way.
            self.periods.pop();
        }
        if is_finished
            && [by_periods, by_status]
                .into_iter()
                .flatten()
                .any(|sum| Some(sum) != self.regulation)
        {
            return Err(Contradiction::Sum);
        }
        if let (Some(total), Some(regulation)) = (self.total, self.regulation) {
            let after = total.minus(regulation).ok_or(Contradiction::Backwards)?;
            let is_told = self.extra == Extra::Overtime;
            if is_told && told.overtime.is_some_and(|overtime| overtime != after) {
                return Err(Contradiction::Sum);
            }
            self.overtime = is_told.then_some(after);
        }
        self.take_half_time(shape, told)
    }

    fn take_half_time(&mut self, shape: Shape, told: &Told) -> Result<(), Contradiction> {
        let Some(first) = told.half_time.filter(|_| shape == Shape::Halves) else {
            return Ok(());
        };
        if told.periods.first().is_some_and(|told| *told != first) {
            return Err(Contradiction::Sum);
        }
        if self.total.is_some_and(|total| total.minus(first).is_none()) {
            return Err(Contradiction::Backwards);
        }
        self.periods = vec![first];
        if let Some(regulation) = self.regulation {
            self.periods
                .push(regulation.minus(first).ok_or(Contradiction::Backwards)?);
        }
        Ok(())
    }

    /// Maps of esports; parts of other plain scores are not looked at.
    fn take_maps(&mut self, sport: Sport, maps: &[Pair]) -> Result<(), Contradiction> {
        let is_finished = self.end == End::Finished;
        if sport.key() != "esports" || maps.is_empty() || !is_finished {
            return Ok(());
        }
        let mut won = Pair::default();
        for map in maps {
            match map.leader().ok_or(Contradiction::Set)? {
                Side::Home => won.home += 1,
                Side::Away => won.away += 1,
            }
        }
        if self.total.is_some_and(|total| total != won) {
            return Err(Contradiction::Sum);
        }
        self.total = Some(won);
        self.periods = maps.to_vec();
        Ok(())
    }

    fn take_sets(&mut self, sport: Sport, sets: &[Pair]) -> Result<(), Contradiction> {
        let is_finished = self.end == End::Finished;
        let mut won = Pair::default();
        for (place, set) in sets.iter().enumerate() {
            let is_last = place + 1 == sets.len();
            match set_of(sport, *set) {
                Set::Won => self.periods.push(*set),
                Set::Unusual if is_last && is_finished && place > 0 && won.leader().is_none() => {
                    self.counts_games = false;
                    self.periods.push(*set);
                }
                _ if is_last && !is_finished => {
                    self.open_set = Some(*set);
                    break;
                }
                Set::Unusual | Set::Impossible => return Err(Contradiction::Set),
            }
            match set.leader() {
                Some(Side::Home) => won.home += 1,
                _ => won.away += 1,
            }
        }
        if self.total.is_some_and(|total| total != won && !sets.is_empty()) {
            return Err(Contradiction::Sum);
        }
        if self.total.is_none() && !sets.is_empty() {
            self.total = Some(won);
        }
        if !is_finished {
            return Ok(());
        }
        let Some(total) = self.total else {
            return Ok(());
        };
        // The winner of the last set is who won the match: nothing is played after that.
        let last = sets.last().and_then(|set| set.leader());
        let is_over = (2..=4).contains(&total.home.max(total.away)) && total.leader().is_some();
        if !is_over || last.is_some_and(|last| total.leader() != Some(last)) {
            return Err(Contradiction::Set);
        }
        Ok(())
    }
}

enum Set {
    Won,
    /// Won, but by rules under which bookmakers count differently.
    Unusual,
    Impossible,
}

fn set_of(sport: Sport, set: Pair) -> Set {
    let (more, fewer) = (set.home.max(set.away), set.home.min(set.away));
    let by_two = more >= fewer + 2;
    let least = match sport.key() {
        // Rules of tennis, 6 and Appendix VI: six games and two ahead, or seven after a tie-break; a last set may go
        // on, or be a match tie-break, which feeds write as its points or as 1-0.
        "tennis" => {
            return match (more, fewer) {
                (6, 0..=4) | (7, 5 | 6) => Set::Won,
                (1, 0) => Set::Unusual,
                (8.., _) if by_two => Set::Unusual,
                _ => Set::Impossible,
            };
        }
        "table_tennis" => 11,
        // The last set of a volleyball match goes to 15.
        _ => 15,
    };
    if more >= least && by_two {
        Set::Won
    } else {
        Set::Impossible
    }
}
