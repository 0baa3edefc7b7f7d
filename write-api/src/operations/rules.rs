//! What long operations there are, and how far one is. Must never touch the database.

use serde::{Deserialize, Serialize};
use shared::ids::{OperatorId, PlayerId};
use time::{Date, OffsetDateTime};
use utoipa::ToSchema;
use uuid::Uuid;

/// A contest as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NewContestAsked {
    pub(crate) name: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) ends_at: OffsetDateTime,
    /// Whether every player's balance is set to the default of the operator.
    pub(crate) reset_balances: bool,
}

/// What is to be done, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Work {
    /// Set the balances of an operator's players.
    ResetUsers,
    /// Keep the standings of the contest that runs, begin another one, and set all balances if that is wanted.
    ContestStart(NewContestAsked),
    /// Keep the standings of the contest that ran when this was asked for.
    ContestEnd,
    /// Work out the revenue of every operator up to this day.
    RevenueCalculate {
        #[serde(with = "shared::moment::day")]
        through: Date,
    },
    /// Work it out and post it, as the schedule does.
    RevenueDaily {
        #[serde(with = "shared::moment::day")]
        through: Date,
    },
    /// Post what was worked out up to this day.
    RevenuePost {
        #[serde(with = "shared::moment::day")]
        through: Date,
    },
}

impl Work {
    /// The names of all there are.
    pub(super) const KINDS: [&'static str; 6] = [
        "reset_users",
        "contest_start",
        "contest_end",
        "revenue_calculate",
        "revenue_daily",
        "revenue_post",
    ];

    /// Its name.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::ResetUsers => "reset_users",
            Self::ContestStart(_) => "contest_start",
            Self::ContestEnd => "contest_end",
            Self::RevenueCalculate { .. } => "revenue_calculate",
            Self::RevenueDaily { .. } => "revenue_daily",
            Self::RevenuePost { .. } => "revenue_post",
        }
    }
}

/// What is done of an operation: everything up to this player of this operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) operator: OperatorId,
    pub(crate) player: PlayerId,
}

/// How an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum Status {
    /// No step is done.
    Pending,
    /// Some are.
    Running,
    /// All are.
    Done,
    /// All are, but for operators that failed, which are tried again by the next operation of its kind.
    CompletedWithFailures,
    /// It was given up; what its steps did stays.
    Failed,
}

impl Status {
    /// All there are.
    pub(super) const ALL: [Self; 5] = [
        Self::Pending,
        Self::Running,
        Self::Done,
        Self::CompletedWithFailures,
        Self::Failed,
    ];

    /// Its name.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Done => "done",
            Self::CompletedWithFailures => "completed_with_failures",
            Self::Failed => "failed",
        }
    }

    /// The one of this name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// A long operation.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: Uuid,
    pub(crate) work: Work,
    pub(crate) status: Status,
    pub(crate) cursor: Cursor,
    /// The contest that it began or that it ends.
    pub(crate) contest_id: Option<i64>,
    pub(crate) total: Option<i64>,
    pub(crate) looked_at: i64,
    pub(crate) changed: i64,
    /// Operators that could not be done.
    pub(crate) failed: i64,
    pub(crate) failure: Option<String>,
    pub(crate) started_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
    pub(crate) ended_at: Option<OffsetDateTime>,
}

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) cursor: Cursor,
    pub(crate) contest_id: Option<i64>,
    pub(crate) total: Option<i64>,
    /// In this step.
    pub(crate) looked_at: i64,
    /// In this step.
    pub(crate) changed: i64,
    /// In this step.
    pub(crate) failed: i64,
    pub(crate) is_last: bool,
}

impl Step {
    /// One that leaves the operation where it was.
    pub(crate) const fn standing(operation: &Operation) -> Self {
        Self {
            cursor: operation.cursor,
            contest_id: operation.contest_id,
            total: operation.total,
            looked_at: 0,
            changed: 0,
            failed: 0,
            is_last: false,
        }
    }
}
