//! The routes that sell bets. Must never sell one for less or more than was quoted.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use shared::http::{Private, read_json};
use shared::money::{Currency, Minor, Money};
use shared::problem::{Problem, ProblemBody};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::own::BetPath;
use crate::accounts::PlayerToken;
use crate::app::{App, SharedApp};
use crate::betting::cash_out::{self, Accepted, Sale};
use crate::betting::error::BetError;
use crate::commands::{Answer, Repeatable};

/// What a bet can be sold for.
#[derive(Debug, Serialize, ToSchema)]
pub struct CashOutQuote {
    success: bool,
    bet_id: i64,
    /// To be sent to accept it.
    quote_id: Uuid,
    #[schema(value_type = f64)]
    cash_out_value: Money,
    currency: String,
    /// It can be accepted once, until then.
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
}

/// The quote that is accepted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(expecting = "an object with quote_id")]
pub struct AcceptedQuote {
    /// From the quote.
    quote_id: Uuid,
}

/// A bet that was sold.
#[derive(Debug, Serialize, ToSchema)]
pub struct CashedOut<'a> {
    success: bool,
    message: &'static str,
    bet_id: i64,
    #[schema(value_type = f64)]
    cash_out_value: Money,
    /// What the wallet holds now.
    #[schema(value_type = f64)]
    new_balance: Money,
    currency: &'a str,
}

impl<'a> CashedOut<'a> {
    pub(in super::super) fn new(bet: i64, amount: Minor, balance: Minor, currency: &'a Currency) -> Self {
        Self {
            success: true,
            message: "Bet cashed out successfully",
            bet_id: bet,
            cash_out_value: currency.money(amount),
            new_balance: currency.money(balance),
            currency: currency.code(),
        }
    }
}

fn sale(app: &App, player: PlayerToken, path: &BetPath) -> Result<Sale, BetError> {
    Ok(Sale {
        operator: player.operator,
        player: player.player,
        token_hash: player.token_hash,
        bet: path.bet()?,
        at: app.clock.now(),
        margin_bp: app.options.betting.cash_out_margin_bp,
    })
}

/// Tells what a pending bet can be sold for at this moment: what it would pay, with each open selection at its price of
/// now in place of the price that it was taken at, less a margin.
#[utoipa::path(post, path = "/api/betting/cash-out/{bet_id}/quote", tag = "betting", params(BetPath),
    security(("bearer" = []), ("player_cookie" = [])),
    responses((status = 200, body = CashOutQuote), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
pub async fn quote(
    State(app): State<SharedApp>,
    player: PlayerToken,
    Path(path): Path<BetPath>,
) -> Result<Private<CashOutQuote>, Problem> {
    let sale = sale(&app, player, &path)?;
    let (id, expires_at) = (app.random.uuid(sale.at), sale.at + app.options.betting.quote());
    let quoted = cash_out::quote(&app.money_db, sale, id, expires_at).await?;
    Ok(Private(CashOutQuote {
        success: true,
        bet_id: quoted.quote.bet,
        quote_id: quoted.id,
        cash_out_value: quoted.currency.money(quoted.quote.amount),
        currency: quoted.currency.code().to_owned(),
        expires_at: quoted.quote.expires_at,
    }))
}

/// Sells a bet for what was quoted, unless it is worth less by now. With an `Idempotency-Key` a repeat gets the first
/// answer again.
#[utoipa::path(post, path = "/api/betting/cash-out/{bet_id}", tag = "betting", request_body = AcceptedQuote,
    params(BetPath,
        ("Idempotency-Key" = Option<String>, Header, description = "Names this sale, so that it can be repeated")),
    security(("bearer" = []), ("player_cookie" = [])),
    responses((status = 200, body = CashedOut), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
pub async fn accept(
    State(app): State<SharedApp>,
    player: PlayerToken,
    Path(path): Path<BetPath>,
    request: Repeatable,
) -> Result<Answer, Problem> {
    let body: AcceptedQuote = read_json(&request.body)?;
    let sale = sale(&app, player, &path)?;
    let accepted = Accepted {
        quote: body.quote_id,
        tx_id: app.random.uuid(sale.at),
        command: request.command,
        sale,
    };
    Ok(cash_out::accept(&app.money_db, accepted).await?)
}
