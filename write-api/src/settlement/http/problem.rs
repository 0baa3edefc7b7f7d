//! What staff are told whose settlement is refused.

use shared::problem::Problem;

use crate::settlement::SettlementError;

impl From<SettlementError> for Problem {
    fn from(error: SettlementError) -> Self {
        match error {
            SettlementError::Invalid(errors) => Self::invalid_fields(errors),
            SettlementError::NoMarket => Self::not_found("market_not_found", "There is no such market"),
            SettlementError::Ambiguous(sports) => Self::refused_field(
                "ambiguous_event",
                "sport",
                format!("The event may be one of {sports}: name the sport"),
            ),
            SettlementError::NoSelections(ids) => Self::refused_field(
                "selection_not_found",
                "outcomes",
                format!("The market has no such selections: {ids}"),
            ),
            SettlementError::SeveralWinners => Self::refused_field(
                "several_winners",
                "winning_selection",
                "The market may have several winners: say in outcomes what each selection came to",
            ),
            SettlementError::NotSettled => Self::conflict(
                "market_not_settled",
                "The market is not settled, so there is nothing to undo",
            ),
            SettlementError::NotStarted => Self::conflict(
                "event_not_started",
                "The event has not started; before that a market can only be void",
            ),
            SettlementError::Ledger(error) => Self::internal(error),
            SettlementError::Database(error) => error.into(),
        }
    }
}
