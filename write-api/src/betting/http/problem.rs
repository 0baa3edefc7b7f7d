//! What a player is told whose bet is not taken. Must never tell of another player's or operator's.

use serde_json::{Value, json};
use shared::money::{Currency, Money};
use shared::problem::Problem;

use super::odds::Odds;
use crate::betting::error::{BetError, LegError};
use crate::betting::rules::slip::SlipError;

impl From<BetError> for Problem {
    fn from(error: BetError) -> Self {
        match error {
            BetError::Invalid(errors) => Self::invalid_fields(errors),
            BetError::OperatorDisabled => Self::forbidden(
                "operator_disabled",
                "This sportsbook is currently disabled. Please contact support.",
            ),
            BetError::AccountDisabled => {
                Self::forbidden("account_disabled", "Account has been disabled by administrator")
            }
            BetError::NotLoggedIn => Self::unauthenticated(),
            BetError::Slip(error) => slip(error),
            BetError::Legs(legs) => refused(&legs),
            BetError::WrongCurrency(currency) => {
                Self::invalid_field("currency", format!("must be {}", currency.code()))
            }
            BetError::StakeNotAnAmount(error) => Self::invalid_field("stake", error.to_string()),
            BetError::StakeTooSmall(least) => {
                Self::invalid_field("stake", format!("must be at least {least}"))
            }
            BetError::StakeTooLarge(most) => Self::invalid_field("stake", format!("must be at most {most}")),
            BetError::StakeNotDivisible(lines) => Self::invalid_field(
                "stake",
                format!(
                    "must be the same for each of the {lines} lines, to the smallest unit of the currency"
                ),
            ),
            BetError::InsufficientFunds(available) => Self::refused_field(
                "insufficient_funds",
                "stake",
                format!("Insufficient balance. Available: {available}"),
            ),
            BetError::LiabilityReached { at } => Self::conflict(
                "liability_reached",
                "The sportsbook takes no more on this selection at the moment. A smaller stake may be taken.",
            )
            .about(&format!("selections[{at}]"), "takes no more at this stake"),
            BetError::Protected(error) => error.into(),
            BetError::KeyReused(error) => error.into(),
            BetError::UnknownBet => Self::not_found("bet_not_found", "Bet not found"),
            BetError::NotPending => Self::conflict("bet_settled", "Bet not found or already settled"),
            BetError::UnknownQuote => {
                Self::refused_field("unknown_quote", "quote_id", "There is no such quote for this bet")
            }
            BetError::QuoteExpired => Self::conflict(
                "quote_expired",
                "The quote has expired, was used, or the bet has changed since. Ask for another.",
            ),
            BetError::WorthLess(now, currency) => worth_less(currency.money(now), currency),
            BetError::Worthless => Self::conflict("worth_nothing", "The bet is worth nothing at the moment"),
            BetError::Ledger(error) => Self::internal(error),
            BetError::Answer(error) => Self::internal(error),
            BetError::Database(error) => error.into(),
        }
    }
}

fn worth_less(now: Money, currency: Currency) -> Problem {
    let detail = format!(
        "The bet is worth {now} {} now. Ask for another quote.",
        currency.code()
    );
    Problem::conflict("cash_out_changed", detail).with("cash_out_value", json!(now))
}

fn slip(error: SlipError) -> Problem {
    let words = error.to_string();
    match error {
        SlipError::TooFewLegs(least) => Problem::refused_field(
            "too_few_selections",
            "selections",
            format!("At least {least} selections are required for this bet"),
        ),
        SlipError::TooManyLegs(most) => Problem::refused_field(
            "too_many_selections",
            "selections",
            format!("Maximum {most} selections allowed for this bet"),
        ),
        SlipError::RelatedLegs { at } => Problem::refused_field(
            "related_selections",
            &format!("selections[{at}].event_id"),
            "Only one selection of each event may be combined",
        ),
        SlipError::WrongSizes => Problem::invalid_field("sizes", words),
    }
}

/// What the first of the refused legs is refused for, with what is wrong with each.
fn refused(legs: &[(usize, LegError)]) -> Problem {
    let Some((at, first)) = legs.first() else {
        return Problem::conflict("selection_refused", "A selection can't be bet on");
    };
    let field = |member: &str| format!("selections[{at}].{member}");
    let problem = match first {
        LegError::NoEvent => Problem::refused_field("event_not_found", &field("event_id"), words(first)),
        LegError::NoMarket => Problem::refused_field("market_not_found", &field("market_id"), words(first)),
        LegError::NoSelection => {
            Problem::refused_field("selection_not_found", &field("selection_id"), words(first))
        }
        LegError::Ambiguous(_) => {
            Problem::refused_field("ambiguous_selection", &field("selection_id"), words(first))
        }
        LegError::Disabled => Problem::forbidden("selection_disabled", words(first)),
        LegError::OtherLine(_)
        | LegError::NotOpen
        | LegError::Suspended
        | LegError::Settled
        | LegError::PriceChanged(_) => Problem::conflict(code(first), words(first)),
    };
    let all: Vec<Value> = legs.iter().map(|(at, error)| shown(*at, error)).collect();
    problem.with("selections", json!(all))
}

fn shown(at: usize, error: &LegError) -> Value {
    let mut shown = json!({ "index": at, "code": code(error), "message": words(error) });
    match error {
        LegError::PriceChanged(price) => shown["current_odds"] = json!(Odds::from(*price)),
        LegError::OtherLine(line) => shown["current_line"] = json!(line),
        _ => {}
    }
    shown
}

const fn code(error: &LegError) -> &'static str {
    match error {
        LegError::NoEvent => "event_not_found",
        LegError::NoMarket => "market_not_found",
        LegError::NoSelection => "selection_not_found",
        LegError::Ambiguous(_) => "ambiguous_selection",
        LegError::OtherLine(_) => "line_changed",
        LegError::NotOpen => "event_not_open",
        LegError::Suspended => "selection_suspended",
        LegError::Disabled => "selection_disabled",
        LegError::Settled => "market_settled",
        LegError::PriceChanged(_) => "price_changed",
    }
}

fn words(error: &LegError) -> String {
    match error {
        LegError::NoEvent => "Event not found".to_owned(),
        LegError::NoMarket => "Market not found".to_owned(),
        LegError::NoSelection => "Selection not found".to_owned(),
        LegError::Ambiguous(places) => format!("Several selections fit: {places}. Name one by its ids."),
        LegError::OtherLine(Some(line)) => format!("The line is {line} now"),
        LegError::OtherLine(None) => "The selection has no line".to_owned(),
        LegError::NotOpen => "The event has started or is over; no bets are taken on it".to_owned(),
        LegError::Suspended => "Bets on this selection are suspended at the moment".to_owned(),
        LegError::Disabled => "This betting option has been disabled by administrator".to_owned(),
        LegError::Settled => "This market is settled; no bets are taken on it".to_owned(),
        LegError::PriceChanged(price) => {
            format!("The odds have changed to {}", Odds::from(*price))
        }
    }
}
