//! What a bet comes to once its legs are decided, and what another settlement changes. Must never settle a bet that may
//! still win more or less than it is paid.

use serde::{Deserialize, Serialize};
use shared::money::Minor;
use utoipa::ToSchema;

use super::payout::{Factor, Price, pays};
use crate::settlement::rules::Outcome;

/// How a bet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It may still win.
    Pending,
    /// It paid its stake or more.
    Won,
    /// It paid less than its stake, mostly nothing.
    Lost,
    /// None of its legs counted; the stake came back.
    Void,
    /// Its player sold it.
    CashedOut,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Won, Self::Lost, Self::Void, Self::CashedOut];

    /// The word in the store, in requests and in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Won => "won",
            Self::Lost => "lost",
            Self::Void => "void",
            Self::CashedOut => "cashed_out",
        }
    }

    /// The status of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// A status, and what was paid in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How the bet stands.
    pub status: Status,
    /// What it has paid, a returned stake too; nothing while it is pending.
    pub payout: Minor,
}

/// What decides about a bet besides the outcomes of its legs.
#[derive(Clone, Debug)]
pub struct Terms {
    /// How many legs its lines have.
    pub sizes: Vec<usize>,
    /// What each line costs.
    pub unit_stake: Minor,
    /// What it cost.
    pub stake: Minor,
    /// The most that it pays.
    pub max_payout: Minor,
}

impl Terms {
    /// What it pays if its legs multiply so: no more than the most.
    pub fn pays(&self, legs: &[Factor]) -> Minor {
        pays(self.unit_stake, &self.sizes, legs, 0).min(self.max_payout)
    }

    /// What a bet with these legs comes to. A leg without an outcome is still open. A bet that can win nothing any more
    /// is lost although legs are open; any other waits for all of them.
    pub fn verdict(&self, legs: &[(Price, Option<Outcome>)]) -> Verdict {
        let factors: Vec<Factor> = legs
            .iter()
            .map(|(price, outcome)| Factor::of(*price, outcome.unwrap_or(Outcome::Won)))
            .collect();
        // Whether anything can be won is asked at a stake that no fraction is too small for.
        let can_win = pays(Minor::new(i64::MAX), &self.sizes, &factors, 0) > Minor::ZERO;
        if can_win && legs.iter().any(|(_, outcome)| outcome.is_none()) {
            return Verdict {
                status: Status::Pending,
                payout: Minor::ZERO,
            };
        }
        if legs.iter().all(|(_, outcome)| *outcome == Some(Outcome::Void)) {
            return Verdict {
                status: Status::Void,
                payout: self.stake,
            };
        }
        let payout = self.pays(&factors);
        let status = if payout >= self.stake {
            Status::Won
        } else {
            Status::Lost
        };
        Verdict { status, payout }
    }
}

/// What a settlement changes of the totals of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Bets that settled and were not void.
    pub settled: i32,
    /// Those of them that paid more than they cost.
    pub won: i32,
    /// Bets that were void.
    pub voided: i32,
    /// The stakes of those that settled.
    pub staked: i64,
    /// What those paid.
    pub paid: i64,
}

impl Counted {
    /// What a bet that cost `stake` adds to the totals as it stands.
    fn of(stake: Minor, verdict: Verdict) -> Self {
        match verdict.status {
            Status::Pending => Self::default(),
            Status::Void => Self {
                voided: 1,
                ..Self::default()
            },
            Status::Won | Status::Lost | Status::CashedOut => Self {
                settled: 1,
                won: i32::from(verdict.payout > stake),
                voided: 0,
                staked: stake.get(),
                paid: verdict.payout.get(),
            },
        }
    }

    /// What changes when a bet that cost `stake` stood as `before` and stands as `after` now.
    pub fn between(stake: Minor, before: Verdict, after: Verdict) -> Self {
        let (before, after) = (Self::of(stake, before), Self::of(stake, after));
        Self {
            settled: after.settled - before.settled,
            won: after.won - before.won,
            voided: after.voided - before.voided,
            staked: after.staked - before.staked,
            paid: after.paid - before.paid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(sizes: &[usize], unit_stake: i64, lines: i64) -> Terms {
        Terms {
            sizes: sizes.to_vec(),
            unit_stake: Minor::new(unit_stake),
            stake: Minor::new(unit_stake * lines),
            max_payout: Minor::new(100_000),
        }
    }

    fn verdict(terms: &Terms, legs: &[(i64, Option<Outcome>)]) -> (Status, i64) {
        let legs: Vec<_> = legs
            .iter()
            .map(|(milli, outcome)| (Price::from_milli(*milli).unwrap(), *outcome))
            .collect();
        let found = terms.verdict(&legs);
        (found.status, found.payout.get())
    }

    #[test]
    fn a_bet_is_settled_once_nothing_can_change_it() {
        use Outcome::{HalfLost, HalfWon, Lost, Void, Won};
        use Status::{Lost as IsLost, Pending, Void as IsVoid, Won as IsWon};
        let single = terms(&[1], 100, 1);
        let combo = terms(&[2], 100, 1);
        let system = terms(&[2, 3], 100, 4);
        for (terms, legs, expected) in [
            (&single, vec![(2_500, None)], (Pending, 0)),
            (&single, vec![(2_500, Some(Won))], (IsWon, 250)),
            (&single, vec![(2_500, Some(Lost))], (IsLost, 0)),
            (&single, vec![(2_500, Some(Void))], (IsVoid, 100)),
            (&single, vec![(2_500, Some(HalfWon))], (IsWon, 175)),
            (&single, vec![(2_500, Some(HalfLost))], (IsLost, 50)),
            (&combo, vec![(2_000, Some(Won)), (3_000, None)], (Pending, 0)),
            (&combo, vec![(2_000, Some(Lost)), (3_000, None)], (IsLost, 0)),
            (
                &combo,
                vec![(2_000, Some(Void)), (3_000, Some(Won))],
                (IsWon, 300),
            ),
            (
                &combo,
                vec![(2_000, Some(Void)), (3_000, Some(Void))],
                (IsVoid, 100),
            ),
            (&combo, vec![(2_000, Some(Void)), (3_000, None)], (Pending, 0)),
            (
                &system,
                vec![(2_000, Some(Lost)), (3_000, None), (5_000, None)],
                (Pending, 0),
            ),
            (
                &system,
                vec![(2_000, Some(Lost)), (3_000, Some(Lost)), (5_000, None)],
                (IsLost, 0),
            ),
            (
                &system,
                vec![(2_000, Some(Lost)), (3_000, Some(Won)), (5_000, Some(Won))],
                (IsWon, 1_500),
            ),
            (&single, vec![(9_999_000, Some(Won))], (IsWon, 100_000)),
        ] {
            assert_eq!(verdict(terms, &legs), expected, "{legs:?}");
        }
    }

    #[test]
    fn a_void_bet_returns_its_stake_although_that_is_above_the_most_it_pays() {
        let poor = Terms {
            max_payout: Minor::new(50),
            ..terms(&[1], 100, 1)
        };
        assert_eq!(
            verdict(&poor, &[(2_000, Some(Outcome::Void))]),
            (Status::Void, 100)
        );
    }

    #[test]
    fn a_tiny_bet_that_may_win_is_not_lost_before_its_time() {
        let tiny = terms(&[2], 1, 1);
        assert_eq!(
            verdict(&tiny, &[(1_500, Some(Outcome::HalfLost)), (1_100, None)]),
            (Status::Pending, 0)
        );
        assert_eq!(
            verdict(
                &tiny,
                &[(1_500, Some(Outcome::HalfLost)), (1_100, Some(Outcome::Won))]
            ),
            (Status::Lost, 0)
        );
    }

    #[test]
    fn another_settlement_changes_the_totals_by_the_difference() {
        let stake = Minor::new(100);
        let stood = |status, payout| Verdict {
            status,
            payout: Minor::new(payout),
        };
        let (pending, void) = (stood(Status::Pending, 0), stood(Status::Void, 100));
        let (won, lost) = (stood(Status::Won, 250), stood(Status::Lost, 0));
        let between = |before, after| {
            let counted = Counted::between(stake, before, after);
            (
                counted.settled,
                counted.won,
                counted.voided,
                counted.staked,
                counted.paid,
            )
        };
        assert_eq!(between(pending, won), (1, 1, 0, 100, 250));
        assert_eq!(between(won, lost), (0, -1, 0, 0, -250));
        assert_eq!(between(lost, void), (-1, 0, 1, -100, 0));
        assert_eq!(between(void, pending), (0, 0, -1, 0, 0));
        assert_eq!(between(pending, stood(Status::CashedOut, 80)), (1, 0, 0, 100, 80));
    }
}
