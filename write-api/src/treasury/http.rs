//! The routes with which staff see their operator's wallets. Must never show those of another operator.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use shared::db::DbError;
use shared::http::Private;
use shared::ids::OperatorId;
use shared::money::{Currency, Money};
use shared::problem::{Problem, ProblemBody};
use sqlx::PgConnection;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::rules::OperatorWallet;
use super::store::{self, MovementRow, WalletRow};
use crate::accounts::OperatorStaff;
use crate::app::SharedApp;
use crate::ledger;

/// Movements that are shown with a wallet.
pub(super) const RECENT: i64 = 10;

/// The wallets of an operator that was made just now, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownWallets {
    bookmaker_capital: NewWallet,
    liquidity_pool: NewWallet,
    revenue: NewWallet,
    bookmaker_earnings: NewWallet,
}

/// A wallet that was opened just now.
#[derive(Debug, Serialize, ToSchema)]
struct NewWallet {
    #[schema(value_type = f64)]
    balance: Money,
    leverage_multiplier: i16,
    /// For people.
    description: &'static str,
}

impl ShownWallets {
    /// As every new operator has them.
    pub(crate) fn of_new_operator(currency: Currency) -> Self {
        let shown = |wallet: OperatorWallet| NewWallet {
            balance: currency.money(wallet.initial_balance(currency)),
            leverage_multiplier: wallet.leverage(),
            description: wallet.description(),
        };
        Self {
            bookmaker_capital: shown(OperatorWallet::BookmakerCapital),
            liquidity_pool: shown(OperatorWallet::LiquidityPool),
            revenue: shown(OperatorWallet::Revenue),
            bookmaker_earnings: shown(OperatorWallet::BookmakerEarnings),
        }
    }
}

/// The wallets of an operator.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperatorWallets {
    /// Always true.
    success: bool,
    currency: String,
    wallets: Vec<ShownWallet>,
}

/// A wallet of an operator.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ShownWallet {
    /// `bookmaker_capital`, `liquidity_pool`, `revenue` or `bookmaker_earnings`.
    wallet_type: &'static str,
    /// For people.
    description: &'static str,
    #[schema(value_type = f64)]
    current_balance: Money,
    /// What it was opened with.
    #[schema(value_type = f64)]
    initial_balance: Money,
    /// How many times its money it stands for.
    leverage_multiplier: i16,
    is_active: bool,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl ShownWallet {
    /// None for an account that this version does not know as a wallet.
    pub(super) fn of(row: &WalletRow, currency: Currency) -> Option<Self> {
        let wallet = OperatorWallet::of_account(row.account)?;
        Some(Self {
            wallet_type: wallet.as_str(),
            description: wallet.description(),
            current_balance: currency.money(row.balance),
            initial_balance: currency.money(row.initial_balance),
            leverage_multiplier: row.leverage,
            is_active: row.is_active,
            created_at: row.opened_at,
        })
    }
}

/// The operator's four wallets.
#[utoipa::path(get, path = "/api/admin/{subdomain}/wallets", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = OperatorWallets), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody)))]
pub(crate) async fn wallets(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
) -> Result<Private<OperatorWallets>, Problem> {
    let operator = staff.operator;
    let read = app
        .db
        .read(move |db| Box::pin(async move { Ok::<_, DbError>(held(operator, db).await?) }));
    let (currency, rows) = read.await?;
    let shown = rows.iter().filter_map(|row| ShownWallet::of(row, currency));
    Ok(Private(OperatorWallets {
        success: true,
        currency: currency.code().to_owned(),
        wallets: shown.collect(),
    }))
}

pub(super) async fn held(
    operator: OperatorId,
    db: &mut PgConnection,
) -> Result<(Currency, Vec<WalletRow>), sqlx::Error> {
    let currency = ledger::currency(operator, db).await?;
    Ok((currency, store::wallets(operator, db).await?))
}

/// Which wallet.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct WalletPath {
    /// `bookmaker_capital`, `liquidity_pool`, `revenue` or `bookmaker_earnings`.
    wallet_type: String,
}

/// A wallet with its newest movements.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WalletDetail {
    /// Always true.
    success: bool,
    currency: String,
    wallet: ShownWallet,
    /// The last 10, the newest first.
    recent_transactions: Vec<ShownMovement>,
}

/// A movement of a wallet's money.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ShownMovement {
    /// Why: `funding`, or `revenue` for a part of a day's profit or loss.
    transaction_type: String,
    /// More than zero where the wallet got it.
    #[schema(value_type = f64)]
    amount: Money,
    #[schema(value_type = f64)]
    balance_after: Money,
    /// What it belongs to: the wallet for a funding, the day for revenue.
    reference_id: String,
    /// The ledger's id of the movement.
    transaction_id: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

impl ShownMovement {
    pub(super) fn of(row: MovementRow, currency: Currency) -> Self {
        Self {
            transaction_type: row.reason,
            amount: currency.money(row.amount),
            balance_after: currency.money(row.balance_after),
            reference_id: row.reference,
            transaction_id: row.tx_id,
            created_at: row.created_at,
        }
    }
}

/// One of the operator's wallets, with its newest movements.
#[utoipa::path(get, path = "/api/admin/{subdomain}/wallets/{wallet_type}", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), WalletPath),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = WalletDetail), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody)))]
pub(crate) async fn wallet(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
    Path(path): Path<WalletPath>,
) -> Result<Private<WalletDetail>, Problem> {
    let none = || Problem::not_found("wallet_not_found", "There is no such wallet");
    let operator = staff.operator;
    let wanted = OperatorWallet::find(&path.wallet_type).ok_or_else(none)?;
    let read = app.db.read(move |db| {
        Box::pin(async move {
            let (currency, rows) = held(operator, db).await?;
            let movements = store::movements(operator, db, wanted, RECENT).await?;
            Ok::<_, DbError>((currency, rows, movements))
        })
    });
    let (currency, rows, movements) = read.await?;
    let row = rows.iter().find(|row| row.account == wanted.account().code());
    let wallet = row
        .and_then(|row| ShownWallet::of(row, currency))
        .ok_or_else(none)?;
    let recent = movements.into_iter();
    Ok(Private(WalletDetail {
        success: true,
        currency: currency.code().to_owned(),
        wallet,
        recent_transactions: recent.map(|row| ShownMovement::of(row, currency)).collect(),
    }))
}
