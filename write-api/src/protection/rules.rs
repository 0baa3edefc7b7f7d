//! What a player's own limits, time-outs and self-exclusion allow: pure decisions. Must never hold back a win.

use serde::{Deserialize, Serialize};
use shared::money::Minor;
use time::{Duration, OffsetDateTime};

use crate::ledger::Totals;

/// How long a less strict limit waits before it holds: nobody raises a limit in the heat of a game.
pub const COOLING_OFF: Duration = Duration::hours(24);

/// The first whole second that is not before `at`: how exactly ends of waits and pauses are kept, so that none comes
/// too soon.
pub fn to_whole_second(at: OffsetDateTime) -> OffsetDateTime {
    let whole = at.truncate_to_second();
    if whole == at { at } else { whole + Duration::SECOND }
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// The sum of stakes.
    Stake,
    /// Stakes less payouts, the stake at hand taken as lost.
    Loss,
    /// The sum of deposits.
    Deposit,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Stake, Self::Loss, Self::Deposit];

    /// The word in requests and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stake => "stake",
            Self::Loss => "loss",
            Self::Deposit => "deposit",
        }
    }
}

/// How far back a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// 24 hours.
    Day,
    /// 7 days.
    Week,
    /// 30 days.
    Month,
}

impl Window {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// The word in requests and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    /// Its length in whole hours.
    pub const fn hours(self) -> i64 {
        match self {
            Self::Day => 24,
            Self::Week => 7 * 24,
            Self::Month => 30 * 24,
        }
    }

    /// The first hour, counted from 1970, that a window ending in `hour` counts. A window that begins within an hour
    /// counts the whole of it: up to one hour too much, never a minute too little.
    pub const fn first_hour(self, hour: i64) -> i64 {
        hour - self.hours()
    }
}

/// A limit that a player set, in minor units, and the less strict one that follows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// The most; without one there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<Next>,
}

/// What a limit becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Next {
    amount: Option<i64>,
    #[serde(with = "time::serde::timestamp")]
    from: OffsetDateTime,
}

impl Limit {
    /// The most, at the time `at`.
    pub fn at(&self, at: OffsetDateTime) -> Option<Minor> {
        match self.next {
            Some(next) if next.from <= at => next.amount,
            _ => self.amount,
        }
        .map(Minor::new)
    }

    /// What the limit will become after `at`, and when.
    pub fn pending_at(&self, at: OffsetDateTime) -> Option<(Option<Minor>, OffsetDateTime)> {
        let next = self.next.filter(|next| next.from > at)?;
        Some((next.amount.map(Minor::new), next.from))
    }

    /// Sets the limit: a stricter one holds at once, any other after [`COOLING_OFF`]; the same one takes back what was
    /// pending.
    #[must_use]
    pub fn set(&self, wanted: Option<Minor>, at: OffsetDateTime) -> Self {
        let now = self.at(at);
        let stricter = match (wanted, now) {
            (Some(wanted), Some(now)) => wanted <= now,
            (Some(_), None) => true,
            (None, now) => now.is_none(),
        };
        if stricter {
            return Self {
                amount: wanted.map(Minor::get),
                next: None,
            };
        }
        // Asking for the same again does not begin the wait anew.
        let from = match self.pending_at(at) {
            Some((pending, from)) if pending == wanted => from,
            _ => to_whole_second(at + COOLING_OFF),
        };
        Self {
            amount: now.map(Minor::get),
            next: Some(Next {
                amount: wanted.map(Minor::get),
                from,
            }),
        }
    }
}

/// The limits of a player, one for each measure and window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    stake: Windows,
    loss: Windows,
    deposit: Windows,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Windows {
    day: Limit,
    week: Limit,
    month: Limit,
}

impl Limits {
    /// One of the limits.
    pub const fn get(&self, measure: Measure, window: Window) -> &Limit {
        let windows = match measure {
            Measure::Stake => &self.stake,
            Measure::Loss => &self.loss,
            Measure::Deposit => &self.deposit,
        };
        match window {
            Window::Day => &windows.day,
            Window::Week => &windows.week,
            Window::Month => &windows.month,
        }
    }

    /// One of the limits, to be set.
    pub const fn get_mut(&mut self, measure: Measure, window: Window) -> &mut Limit {
        let windows = match measure {
            Measure::Stake => &mut self.stake,
            Measure::Loss => &mut self.loss,
            Measure::Deposit => &mut self.deposit,
        };
        match window {
            Window::Day => &mut windows.day,
            Window::Week => &mut windows.week,
            Window::Month => &mut windows.month,
        }
    }
}

/// A player's totals as they were when each window began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Baselines {
    /// The hour in which the windows end.
    pub hour: i64,
    /// The totals, in the order of [`Window::ALL`].
    pub totals: [Totals; 3],
}

impl Baselines {
    /// What was counted in a window, if the totals are now `totals`. A loss is negative where more was won.
    pub fn used(&self, measure: Measure, window: Window, totals: Totals) -> Minor {
        let before = self.totals[window as usize];
        let grown = |now: Minor, before: Minor| now.get() - before.get();
        Minor::new(match measure {
            Measure::Stake => grown(totals.staked, before.staked),
            Measure::Deposit => grown(totals.deposited, before.deposited),
            Measure::Loss => grown(totals.staked, before.staked) - grown(totals.paid, before.paid),
        })
    }
}

/// Everything that a player set to be protected by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Protection {
    /// How often it was changed; 0 when nothing was ever set.
    pub revision: i64,
    /// Limits on stakes, losses and deposits.
    pub limits: Limits,
    /// Until when the player takes time out.
    pub time_out_until: Option<OffsetDateTime>,
    /// Until when the player is excluded.
    pub excluded_until: Option<OffsetDateTime>,
}

/// Why a player's own protection refuses a stake or a deposit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtectionError {
    /// The player takes time out.
    #[error("the player takes time out until {0}")]
    TimeOut(OffsetDateTime),
    /// The player is excluded.
    #[error("the player is excluded until {0}")]
    Excluded(OffsetDateTime),
    /// A limit would be exceeded.
    #[error("a limit of the player would be exceeded")]
    LimitReached {
        /// What the limit counts.
        measure: Measure,
        /// How far back.
        window: Window,
        /// How much is left of it.
        left: Minor,
    },
}

/// A time-out or an exclusion that was asked for before lasts longer than the one that is asked for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the one before lasts until {0}")]
pub struct AlreadyLonger(pub OffsetDateTime);

impl Protection {
    /// The player takes time out until `until`.
    ///
    /// # Errors
    /// When that would shorten the time-out there is.
    pub fn with_time_out(self, until: OffsetDateTime) -> Result<Self, AlreadyLonger> {
        Ok(Self {
            time_out_until: Some(prolonged(self.time_out_until, until)?),
            ..self
        })
    }

    /// The player is excluded until `until`.
    ///
    /// # Errors
    /// When that would shorten the exclusion there is.
    pub fn with_exclusion(self, until: OffsetDateTime) -> Result<Self, AlreadyLonger> {
        Ok(Self {
            excluded_until: Some(prolonged(self.excluded_until, until)?),
            ..self
        })
    }

    /// What is left of a limit at the time `at`; none where there is no limit.
    pub fn left(
        &self,
        measure: Measure,
        window: Window,
        totals: Totals,
        baselines: &Baselines,
        at: OffsetDateTime,
    ) -> Option<Minor> {
        let limit = self.limits.get(measure, window).at(at)?;
        let used = baselines.used(measure, window, totals);
        Some(Minor::new(limit.get().saturating_sub(used.get())).max(Minor::ZERO))
    }

    /// Whether the player may stake or pay in anything at the time `at`.
    pub fn admit(&self, at: OffsetDateTime) -> Result<(), ProtectionError> {
        if let Some(until) = self.excluded_until.filter(|until| *until > at) {
            return Err(ProtectionError::Excluded(until));
        }
        if let Some(until) = self.time_out_until.filter(|until| *until > at) {
            return Err(ProtectionError::TimeOut(until));
        }
        Ok(())
    }

    /// Whether `stake` is within the limits on stakes and losses.
    pub fn admit_stake(
        &self,
        stake: Minor,
        totals: Totals,
        baselines: &Baselines,
        at: OffsetDateTime,
    ) -> Result<(), ProtectionError> {
        self.admit(at)?;
        self.within(Measure::Stake, stake, totals, baselines, at)?;
        self.within(Measure::Loss, stake, totals, baselines, at)
    }

    /// Whether `deposit` is within the limits on deposits.
    pub fn admit_deposit(
        &self,
        deposit: Minor,
        totals: Totals,
        baselines: &Baselines,
        at: OffsetDateTime,
    ) -> Result<(), ProtectionError> {
        self.admit(at)?;
        self.within(Measure::Deposit, deposit, totals, baselines, at)
    }

    fn within(
        &self,
        measure: Measure,
        amount: Minor,
        totals: Totals,
        baselines: &Baselines,
        at: OffsetDateTime,
    ) -> Result<(), ProtectionError> {
        for window in Window::ALL {
            match self.left(measure, window, totals, baselines, at) {
                Some(left) if amount > left => {
                    return Err(ProtectionError::LimitReached {
                        measure,
                        window,
                        left,
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn prolonged(before: Option<OffsetDateTime>, until: OffsetDateTime) -> Result<OffsetDateTime, AlreadyLonger> {
    match before {
        Some(before) if before > until => Err(AlreadyLonger(before)),
        _ => Ok(until),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn minor(amount: i64) -> Minor {
        Minor::new(amount)
    }

    fn totals(staked: i64, paid: i64, deposited: i64) -> Totals {
        Totals {
            staked: minor(staked),
            paid: minor(paid),
            deposited: minor(deposited),
        }
    }

    #[test]
    fn a_first_or_stricter_limit_holds_at_once() {
        let limit = Limit::default().set(Some(minor(500)), START);
        assert_eq!(
            (limit.at(START), limit.pending_at(START)),
            (Some(minor(500)), None)
        );
        let stricter = limit.set(Some(minor(200)), START);
        assert_eq!(
            (stricter.at(START), stricter.pending_at(START)),
            (Some(minor(200)), None)
        );
    }

    #[test]
    fn a_higher_limit_or_none_holds_after_a_day_and_not_a_second_sooner() {
        for wanted in [Some(minor(900)), None] {
            let limit = Limit::default().set(Some(minor(500)), START).set(wanted, START);
            let from = START + COOLING_OFF;
            assert_eq!(limit.pending_at(START), Some((wanted, from)));
            assert_eq!(limit.at(from - Duration::SECOND), Some(minor(500)));
            assert_eq!((limit.at(from), limit.pending_at(from)), (wanted, None));
        }
    }

    #[test]
    fn a_wait_that_begins_within_a_second_ends_with_one_and_never_too_soon() {
        let begun = START + Duration::nanoseconds(1);
        let limit = Limit::default().set(Some(minor(500)), begun).set(None, begun);
        let end = START + COOLING_OFF + Duration::SECOND;
        assert_eq!(limit.pending_at(begun), Some((None, end)));
        assert_eq!(to_whole_second(end), end);
    }

    #[test]
    fn asking_again_does_not_prolong_the_wait_and_the_old_limit_takes_the_new_one_back() {
        let later = START + Duration::hours(3);
        let limit = Limit::default()
            .set(Some(minor(500)), START)
            .set(Some(minor(900)), START);
        assert_eq!(limit.set(Some(minor(900)), later), limit);
        let other = limit.set(Some(minor(800)), later);
        assert_eq!(
            other.pending_at(later),
            Some((Some(minor(800)), later + COOLING_OFF))
        );
        let kept = limit.set(Some(minor(500)), later);
        assert_eq!((kept.at(later), kept.pending_at(later)), (Some(minor(500)), None));
    }

    #[test]
    fn a_pending_limit_that_came_to_hold_is_what_the_next_change_starts_from() {
        let limit = Limit::default()
            .set(Some(minor(500)), START)
            .set(Some(minor(900)), START);
        let then = START + COOLING_OFF;
        let limit = limit.set(Some(minor(1_000)), then);
        assert_eq!(limit.at(then), Some(minor(900)));
    }

    #[test]
    fn stakes_and_losses_are_counted_from_the_baseline_of_each_window() {
        let baselines = Baselines {
            hour: 0,
            totals: [totals(900, 0, 0), totals(500, 450, 0), totals(0, 0, 0)],
        };
        let now = totals(1_000, 600, 0);
        let used = |measure, window| baselines.used(measure, window, now).get();
        assert_eq!(used(Measure::Stake, Window::Day), 100);
        assert_eq!(used(Measure::Loss, Window::Day), -500);
        assert_eq!(used(Measure::Loss, Window::Week), 350);
        assert_eq!(used(Measure::Stake, Window::Month), 1_000);
    }

    #[test]
    fn a_stake_may_reach_a_limit_but_not_exceed_it() {
        let mut protection = Protection::default();
        let limit = protection.limits.get_mut(Measure::Stake, Window::Week);
        *limit = limit.set(Some(minor(1_000)), START);
        let baselines = Baselines {
            hour: 0,
            totals: [totals(0, 0, 0); 3],
        };
        let admit = |stake| protection.admit_stake(minor(stake), totals(400, 10_000, 0), &baselines, START);
        assert_eq!(admit(600), Ok(()));
        assert_eq!(
            admit(601),
            Err(ProtectionError::LimitReached {
                measure: Measure::Stake,
                window: Window::Week,
                left: minor(600),
            })
        );
    }

    #[test]
    fn a_loss_limit_takes_the_stake_at_hand_as_lost_and_gives_wins_back() {
        let mut protection = Protection::default();
        let limit = protection.limits.get_mut(Measure::Loss, Window::Day);
        *limit = limit.set(Some(minor(100)), START);
        let baselines = Baselines {
            hour: 0,
            totals: [totals(0, 0, 0); 3],
        };
        let admit = |staked, paid, stake| {
            let totals = totals(staked, paid, 0);
            protection
                .admit_stake(minor(stake), totals, &baselines, START)
                .is_ok()
        };
        assert!(admit(0, 0, 100));
        assert!(!admit(0, 0, 101));
        assert!(!admit(100, 0, 1));
        assert!(admit(100, 50, 50));
        assert!(admit(100, 500, 500));
    }

    #[test]
    fn time_out_and_exclusion_are_prolonged_but_never_shortened() {
        let [soon, late] = [1, 2].map(|hours| START + Duration::hours(hours));
        let protection = Protection::default();
        let short = protection.with_time_out(soon).unwrap();
        assert_eq!(short.with_time_out(soon), Ok(short));
        let long = short.with_time_out(late).unwrap();
        assert_eq!(long.time_out_until, Some(late));
        assert_eq!(long.with_time_out(soon), Err(AlreadyLonger(late)));
        let excluded = long.with_exclusion(soon).unwrap();
        assert_eq!(
            (excluded.excluded_until, excluded.time_out_until),
            (Some(soon), Some(late))
        );
        let longer = excluded.with_exclusion(late).unwrap();
        assert_eq!(longer.with_exclusion(soon), Err(AlreadyLonger(late)));
    }

    #[test]
    fn nothing_is_left_of_a_limit_that_is_exceeded_and_a_win_leaves_more_than_the_limit() {
        let mut protection = Protection::default();
        for measure in [Measure::Stake, Measure::Loss] {
            let limit = protection.limits.get_mut(measure, Window::Day);
            *limit = limit.set(Some(minor(100)), START);
        }
        let baselines = Baselines {
            hour: 0,
            totals: [totals(0, 0, 0); 3],
        };
        let left = |measure, window| protection.left(measure, window, totals(300, 700, 0), &baselines, START);
        assert_eq!(left(Measure::Stake, Window::Day), Some(minor(0)));
        assert_eq!(left(Measure::Loss, Window::Day), Some(minor(500)));
        assert_eq!(left(Measure::Stake, Window::Week), None);
    }

    #[test]
    fn time_out_and_exclusion_hold_until_their_end() {
        let until = START + Duration::HOUR;
        let time_out = Protection {
            time_out_until: Some(until),
            ..Protection::default()
        };
        assert_eq!(time_out.admit(START), Err(ProtectionError::TimeOut(until)));
        assert_eq!(time_out.admit(until), Ok(()));
        let excluded = Protection {
            excluded_until: Some(until),
            ..time_out
        };
        assert_eq!(excluded.admit(START), Err(ProtectionError::Excluded(until)));
        assert_eq!(excluded.admit(until), Ok(()));
    }

    #[test]
    fn a_window_counts_whole_hours_and_never_too_few() {
        for window in Window::ALL {
            assert_eq!(window.first_hour(1_000), 1_000 - window.hours());
        }
    }

    #[test]
    fn limits_are_stored_as_they_are_read() {
        let mut limits = Limits::default();
        let limit = limits.get_mut(Measure::Deposit, Window::Month);
        *limit = limit.set(Some(minor(5)), START).set(None, START);
        let json = serde_json::to_string(&limits).unwrap();
        assert_eq!(serde_json::from_str::<Limits>(&json).unwrap(), limits);
        assert_eq!(serde_json::from_str::<Limits>("{}").unwrap(), Limits::default());
    }
}
