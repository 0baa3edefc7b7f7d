//! What is to be said of a market, and writing it down. Must never be written outside the closed gate.

use std::collections::BTreeMap;

use shared::ids::OperatorId;
use shared::sports::Sport;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::store;
use crate::betting::gate;
use crate::settlement::rules::Outcome;

/// Where a settlement comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The feed of results.
    Results,
    /// Staff.
    Manual,
    /// A file of staff.
    Csv,
    /// The rule for events that never got a result.
    Rule,
}

impl Source {
    /// The word in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Results => "results",
            Self::Manual => "manual",
            Self::Csv => "csv",
            Self::Rule => "rule",
        }
    }

    /// Whether people said so: no machine contradicts them.
    pub fn is_by_hand(name: &str) -> bool {
        [Self::Manual, Self::Csv]
            .iter()
            .any(|source| source.as_str() == name)
    }
}

/// What is said of a market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// What its selections came to; those that are not named came to `others`, or stay undecided without it.
    Outcomes {
        /// By selection id.
        of: BTreeMap<String, Outcome>,
        /// All that are not named.
        others: Option<Outcome>,
    },
    /// What was said before is taken back.
    Undone,
}

/// A settlement of one market.
#[derive(Clone, Debug)]
pub struct Order {
    /// Whose bets: those of all with [`OperatorId::PLATFORM`].
    pub operator: OperatorId,
    /// The event's sport.
    pub sport: Sport,
    /// The event.
    pub event: String,
    /// The market.
    pub market: String,
    /// What it came to.
    pub said: Said,
    /// Who says so.
    pub source: Source,
    /// Why, in the words of whoever says it.
    pub reason: Option<String>,
    /// Their name in lists.
    pub made_by: String,
    /// When.
    pub at: OffsetDateTime,
}

/// Writes a settlement down; its bets are settled in the background. From the commit on no bet on the market is taken.
/// Returns its number, which is larger than that of any settlement of the market before.
///
/// # Errors
/// When the database fails.
pub async fn order(db: &mut PgConnection, order: &Order) -> Result<i64, sqlx::Error> {
    gate::close(&[(order.sport, order.event.clone())], db).await?;
    store::insert(order.operator, db, order).await
}
