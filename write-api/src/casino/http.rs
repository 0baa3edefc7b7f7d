//! What every route of the casino answers with. Must never show a server seed.

use serde::Serialize;
use serde_json::value::RawValue;
use shared::http::Private;
use shared::money::{Currency, Minor, Money};
use shared::problem::Problem;
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::CasinoError;
use super::fairness::Nonce;
use super::rules::Payout;

/// The casino is there.
#[derive(Serialize, ToSchema)]
pub struct CasinoHealth {
    ok: bool,
}

/// The casino is there; touches nothing.
#[utoipa::path(get, path = "/api/casino/health", tag = "casino", responses((status = 200, body = CasinoHealth)))]
pub async fn health() -> Private<CasinoHealth> {
    Private(CasinoHealth { ok: true })
}

/// A settled round as its player sees it.
#[derive(Serialize, ToSchema)]
pub struct RoundAnswer<'a> {
    success: bool,
    /// The round's id.
    #[serde(rename = "ref")]
    id: Uuid,
    #[schema(value_type = f64)]
    stake: Money,
    /// What the round paid, the stake not taken off.
    #[schema(value_type = f64)]
    payout: Money,
    /// What the wallet holds now.
    #[schema(value_type = f64)]
    balance: Money,
    currency: &'a str,
    /// Always `settled`: the round is decided and paid.
    status: &'static str,
    /// Whether the game won more than the operator's largest payout, which is what was paid then.
    payout_limited: bool,
    /// What the game showed.
    #[schema(value_type = Object)]
    result: &'a RawValue,
    fairness: FairnessAnswer<'a>,
}

/// What the round was drawn from, but for the server seed, which rotation reveals.
#[derive(Serialize, ToSchema)]
pub struct FairnessAnswer<'a> {
    /// SHA-256 of the server seed's hex text.
    commitment: &'a str,
    client_seed: &'a str,
    nonce: u64,
}

/// A settled round to be shown.
pub(super) struct SettledRound<'a> {
    pub(super) id: Uuid,
    pub(super) stake: Minor,
    pub(super) payout: Payout,
    pub(super) balance: Minor,
    pub(super) result: &'a RawValue,
    pub(super) commitment: &'a str,
    pub(super) client_seed: &'a str,
    pub(super) nonce: Nonce,
}

impl<'a> RoundAnswer<'a> {
    pub(super) fn new(round: &SettledRound<'a>, currency: &'a Currency) -> Self {
        Self {
            success: true,
            id: round.id,
            stake: currency.money(round.stake),
            payout: currency.money(round.payout.amount),
            balance: currency.money(round.balance),
            currency: currency.code(),
            status: "settled",
            payout_limited: round.payout.is_limited,
            result: round.result,
            fairness: FairnessAnswer {
                commitment: round.commitment,
                client_seed: round.client_seed,
                nonce: round.nonce.get(),
            },
        }
    }
}

impl From<CasinoError> for Problem {
    fn from(error: CasinoError) -> Self {
        match error {
            CasinoError::OperatorDisabled => Self::forbidden(
                "operator_disabled",
                "This sportsbook is currently disabled. Please contact support.",
            ),
            CasinoError::CasinoDisabled => Self::forbidden("casino_disabled", "The casino is disabled"),
            CasinoError::AccountDisabled => {
                Self::forbidden("account_disabled", "Account has been disabled by administrator")
            }
            CasinoError::WrongCurrency(currency) => {
                Self::invalid_field("currency", format!("must be {}", currency.code()))
            }
            CasinoError::StakeNotAnAmount(error) => Self::invalid_field("stake", error.to_string()),
            CasinoError::StakeTooSmall(least) => {
                Self::invalid_field("stake", format!("must be at least {least}"))
            }
            CasinoError::StakeTooLarge(most) => {
                Self::invalid_field("stake", format!("must be at most {most}"))
            }
            CasinoError::InsufficientFunds { available, currency } => Self::refused_field(
                "insufficient_funds",
                "stake",
                format!("Insufficient funds. Available: {}", in_words(available, currency)),
            ),
            CasinoError::Slots(error) => Self::invalid_field("stake", error.to_string()),
            CasinoError::KeyReused(error) => error.into(),
            CasinoError::UnknownRound => Self::not_found("not_found", "Game not found"),
            CasinoError::WrongPayout(payout) => Self::refused_field(
                "wrong_payout",
                "payout",
                format!("The payout of this round is {payout}"),
            ),
            CasinoError::Ledger(error) => Self::internal(error),
            CasinoError::Answer(error) => Self::internal(error),
            CasinoError::Database(error) => error.into(),
        }
    }
}

/// An amount for people, as legacy pages show it: `$12.30`, and `12.30 EUR` where the sign is not the dollar's.
fn in_words(amount: Money, currency: Currency) -> String {
    if currency == Currency::USD {
        format!("${amount}")
    } else {
        format!("{amount} {}", currency.code())
    }
}
