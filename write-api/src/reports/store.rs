//! The statements of reports. All read totals and wallets, never rounds, but for those that are open.

mod figures;
pub(crate) mod players;
mod standing;

use shared::ids::OperatorId;

pub(crate) use figures::{Figures, OperatorFigures, by_operator, figures};
pub(crate) use standing::{
    AtStake, Lately, Operators, Players, at_stake, lately, operator_counts, player_counts,
};

/// Whose numbers: one operator's, or with none those of all.
pub(crate) type Whose = Option<OperatorId>;

/// The numbers of the operators that are asked about: a range, so that one statement, with one plan, does for one and
/// for all.
fn operators_of(whose: Whose) -> (i64, i64) {
    whose.map_or((1, i64::MAX), |operator| (operator.get(), operator.get()))
}
