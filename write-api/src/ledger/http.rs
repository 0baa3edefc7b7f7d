//! The route with which staff see what their house has. Must never show the books of another operator.

use axum::extract::State;
use serde::Serialize;
use shared::db::DbError;
use shared::http::Private;
use shared::money::{Currency, Money};
use shared::problem::{Problem, ProblemBody};
use utoipa::ToSchema;

use super::rollup::{self, HouseAccount};
use crate::accounts::OperatorStaff;
use crate::app::SharedApp;

/// The accounts of an operator's house.
#[derive(Debug, Serialize, ToSchema)]
pub struct HouseBooks {
    success: bool,
    currency: String,
    accounts: Vec<ShownAccount>,
}

/// An account of the house.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownAccount {
    /// `cashier`, `casino`, `sportsbook`, `promotions`, `adjustments`, `resets`, `platform`, or one of the operator's own.
    account: String,
    /// What it is for.
    description: String,
    /// Everything it ever got.
    #[schema(value_type = f64)]
    credited: Money,
    /// Everything it ever gave.
    #[schema(value_type = f64)]
    debited: Money,
    /// What it got less what it gave: of the casino, what the house won and has not passed on as daily revenue. Negative
    /// when it gave more. With the wallets of all players, the balances of all accounts add up to zero.
    #[schema(value_type = f64)]
    balance: Money,
    /// In how many entries of the ledger.
    entries: i64,
}

impl ShownAccount {
    fn of(account: HouseAccount, currency: Currency) -> Self {
        Self {
            credited: currency.money(account.credited),
            debited: currency.money(account.debited),
            balance: currency.money(account.balance()),
            account: account.name,
            description: account.description,
            entries: account.entries,
        }
    }
}

/// What the accounts of the house got and gave so far, all bets included that were answered before.
#[utoipa::path(get, path = "/api/admin/{subdomain}/accounts", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = HouseBooks), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody)))]
pub async fn accounts(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
) -> Result<Private<HouseBooks>, Problem> {
    let operator = staff.operator;
    let (currency, accounts) = app
        .db
        .read(move |db| {
            Box::pin(async move {
                let currency = rollup::currency(operator, db).await?;
                Ok::<_, DbError>((currency, rollup::house_accounts(operator, db).await?))
            })
        })
        .await?;
    Ok(Private(HouseBooks {
        success: true,
        currency: currency.code().to_owned(),
        accounts: accounts
            .into_iter()
            .map(|account| ShownAccount::of(account, currency))
            .collect(),
    }))
}
