//! The routes of an operator's payment system. Must never move money for another operator than the path's.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use shared::http::JsonBody;
use shared::ids::{PathNumber, PlayerId};
use shared::money::{Amount, Currency, Minor, Money};
use shared::problem::{Problem, ProblemBody};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::error::CashierError;
use super::movement;
use super::rules::{Direction, Movement};
use crate::app::{App, SharedApp};
use crate::audit::Doer;
use crate::commands::{Answer, Key};
use crate::protection::told_to_operator;

/// Which player.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct PlayerPath {
    /// The player's id.
    id: String,
}

impl PlayerPath {
    /// The player that is meant; none where nobody can be.
    pub(crate) fn player(&self) -> Option<PlayerId> {
        PathNumber::parse(&self.id).map(|id| PlayerId::new(id.get()))
    }
}

/// What is to be moved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with amount and reference")]
pub struct AskedMovement {
    /// More than zero.
    #[schema(value_type = f64)]
    amount: Amount,
    /// The payment system's name for this payment: 1 to 128 visible ASCII characters. Counts once among all deposits
    /// and withdrawals of the operator.
    #[schema(value_type = String)]
    reference: Key,
    /// Must be the operator's, if it is sent.
    currency: Option<String>,
}

/// What was moved.
#[derive(Debug, Serialize, ToSchema)]
pub struct Moved<'a> {
    success: bool,
    /// As it was sent.
    reference: &'a str,
    player_id: PlayerId,
    #[schema(value_type = f64)]
    amount: Money,
    /// What the wallet holds after it.
    #[schema(value_type = f64)]
    balance: Money,
    currency: &'a str,
    /// The ledger's id of the movement.
    transaction_id: Uuid,
}

impl<'a> Moved<'a> {
    pub(super) fn new(movement: &'a Movement, amount: Minor, balance: Minor, currency: &'a Currency) -> Self {
        Self {
            success: true,
            reference: movement.reference.as_str(),
            player_id: movement.player,
            amount: currency.money(amount),
            balance: currency.money(balance),
            currency: currency.code(),
            transaction_id: movement.tx_id,
        }
    }
}

/// Pays in for a player, unless the player is disabled, excluded, takes time out or would exceed a limit of the
/// player's own. The same reference again with the same player and amount gets the first answer again: the reference is
/// the key, and an `Idempotency-Key` is not looked at.
#[utoipa::path(post, path = "/api/admin/{subdomain}/players/{id}/deposit", tag = "cashier",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), PlayerPath),
    request_body = AskedMovement,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 200, body = Moved),
        (status = 404, body = ProblemBody),
    ))]
pub async fn deposit(
    doer: Doer,
    State(app): State<SharedApp>,
    Path(path): Path<PlayerPath>,
    JsonBody(asked): JsonBody<AskedMovement>,
) -> Result<Answer, Problem> {
    make(&app, doer, &path, Direction::Deposit, asked).await
}

/// Pays out to a player what the balance covers, also where the player is disabled, excluded or takes time out. The staff
/// of a disabled operator are refused as everywhere. The same reference again with the same player and amount gets the
/// first answer again: the reference is the key, and an `Idempotency-Key` is not looked at.
#[utoipa::path(post, path = "/api/admin/{subdomain}/players/{id}/withdraw", tag = "cashier",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), PlayerPath),
    request_body = AskedMovement,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 200, body = Moved),
        (status = 404, body = ProblemBody),
    ))]
pub async fn withdraw(
    doer: Doer,
    State(app): State<SharedApp>,
    Path(path): Path<PlayerPath>,
    JsonBody(asked): JsonBody<AskedMovement>,
) -> Result<Answer, Problem> {
    make(&app, doer, &path, Direction::Withdrawal, asked).await
}

async fn make(
    app: &App,
    doer: Doer,
    path: &PlayerPath,
    direction: Direction,
    asked: AskedMovement,
) -> Result<Answer, Problem> {
    let player = path.player().ok_or(CashierError::UnknownPlayer)?;
    // Who asks was known with the head; the body may have taken a while.
    let doer = Doer {
        at: app.clock.now(),
        ..doer
    };
    let movement = Movement {
        direction,
        player,
        amount: asked.amount,
        currency: asked.currency,
        reference: asked.reference,
        tx_id: app.random.uuid(doer.at),
    };
    Ok(movement::make(doer, &app.money_db, movement).await?)
}

impl From<CashierError> for Problem {
    fn from(error: CashierError) -> Self {
        match error {
            CashierError::UnknownPlayer => Self::not_found("player_not_found", "There is no such player"),
            CashierError::OperatorDisabled => {
                Self::forbidden("operator_disabled", "The operator is disabled")
            }
            CashierError::AccountDisabled => {
                Self::forbidden("account_disabled", "The player's account is disabled")
            }
            CashierError::Protected(error) => told_to_operator(error),
            CashierError::WrongCurrency(currency) => {
                Self::invalid_field("currency", format!("must be {}", currency.code()))
            }
            CashierError::NotAnAmount(error) => Self::invalid_field("amount", error.to_string()),
            CashierError::TooMuch => Self::invalid_field("amount", "is too large"),
            CashierError::InsufficientFunds { available } => Self::refused_field(
                "insufficient_funds",
                "amount",
                format!("Insufficient funds. Available: {available}"),
            ),
            CashierError::ReferenceReused => Self::refused_field(
                "reference_reused",
                "reference",
                "This reference was used for another deposit or withdrawal. Use a new one.",
            ),
            CashierError::Ledger(error) => Self::internal(error),
            CashierError::Answer(error) => Self::internal(error),
            CashierError::Database(error) => error.into(),
        }
    }
}
