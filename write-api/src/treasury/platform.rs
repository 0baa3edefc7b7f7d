//! The routes with which the platform's staff see the wallets of all operators. Must never move money.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use shared::db::DbError;
use shared::http::{Private, QueryParams};
use shared::ids::{OperatorId, PathNumber};
use shared::money::Money;
use shared::problem::{Problem, ProblemBody};
use utoipa::{IntoParams, ToSchema};

use super::http::{RECENT, ShownMovement, ShownWallet, held};
use super::rules::OperatorWallet;
use super::store::{self, BalancesRow};
use crate::accounts::PlatformStaff;
use crate::app::SharedApp;
use crate::paging::{PageQuery, Pagination};

/// A page of the operators with what their wallets hold.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AllWallets {
    /// Always true.
    success: bool,
    operators: Vec<OperatorBalances>,
    pagination: Pagination,
}

/// What the wallets of an operator hold, in its currency.
#[derive(Debug, Serialize, ToSchema)]
struct OperatorBalances {
    id: OperatorId,
    sportsbook_name: String,
    subdomain: String,
    currency: String,
    /// What the bookmaker stands for losses with.
    #[schema(value_type = f64)]
    bookmaker_capital: Money,
    /// What the pool stands for losses with.
    #[schema(value_type = f64)]
    liquidity_pool: Money,
    /// The community's part of the profit.
    #[schema(value_type = f64)]
    revenue: Money,
    /// The bookmaker's part of the profit.
    #[schema(value_type = f64)]
    bookmaker_earnings: Money,
}

impl From<BalancesRow> for OperatorBalances {
    fn from(row: BalancesRow) -> Self {
        let money = |minor| row.currency.money(minor);
        Self {
            id: row.operator,
            currency: row.currency.code().to_owned(),
            bookmaker_capital: money(row.capital),
            liquidity_pool: money(row.pool),
            revenue: money(row.revenue),
            bookmaker_earnings: money(row.earnings),
            sportsbook_name: row.name,
            subdomain: row.subdomain,
        }
    }
}

/// The wallets of all operators, also of those that are disabled.
#[utoipa::path(get, path = "/api/superadmin/operator-wallets", tag = "platform", params(PageQuery),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses(
        (status = 200, body = AllWallets),
        (status = 422, body = ProblemBody),
    ))]
pub(crate) async fn of_all(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
    QueryParams(page): QueryParams<PageQuery>,
) -> Result<Private<AllWallets>, Problem> {
    let page = page.read().map_err(Problem::invalid_fields)?;
    let read = app
        .db
        .read(move |db| Box::pin(async move { Ok::<_, DbError>(store::balances(db, page).await?) }));
    let (rows, total) = read.await?;
    Ok(Private(AllWallets {
        success: true,
        operators: rows.into_iter().map(OperatorBalances::from).collect(),
        pagination: page.of(total),
    }))
}

/// Which operator.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OwnerPath {
    /// The operator's number.
    operator_id: String,
}

/// The wallets of one operator with their newest movements.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperatorWalletsDetail {
    /// Always true.
    success: bool,
    id: OperatorId,
    sportsbook_name: String,
    subdomain: String,
    currency: String,
    wallets: Vec<WalletWithMovements>,
}

/// A wallet with its newest movements.
#[derive(Debug, Serialize, ToSchema)]
struct WalletWithMovements {
    wallet: ShownWallet,
    /// The last 10, the newest first.
    recent_transactions: Vec<ShownMovement>,
}

/// The wallets of one operator, with their newest movements.
#[utoipa::path(get, path = "/api/superadmin/operator-wallets/{operator_id}", tag = "platform", params(OwnerPath),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses(
        (status = 200, body = OperatorWalletsDetail),
        (status = 404, body = ProblemBody),
    ))]
pub(crate) async fn of_one(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
    Path(path): Path<OwnerPath>,
) -> Result<Private<OperatorWalletsDetail>, Problem> {
    let none = || Problem::not_found("operator_not_found", "There is no such operator");
    let operator = OperatorId::new(PathNumber::parse(&path.operator_id).ok_or_else(none)?.get());
    let read = app.db.read(move |db| {
        Box::pin(async move {
            let Some(owner) = store::owner(operator, db).await? else {
                return Ok(None);
            };
            let (currency, rows) = held(operator, db).await?;
            let mut wallets = Vec::with_capacity(rows.len());
            for row in &rows {
                let wallet = OperatorWallet::of_account(row.account);
                if let (Some(wallet), Some(shown)) = (wallet, ShownWallet::of(row, currency)) {
                    let movements = store::movements(operator, db, wallet, RECENT).await?.into_iter();
                    wallets.push(WalletWithMovements {
                        wallet: shown,
                        recent_transactions: movements.map(|row| ShownMovement::of(row, currency)).collect(),
                    });
                }
            }
            Ok::<_, DbError>(Some((owner, currency, wallets)))
        })
    });
    let (owner, currency, wallets) = read.await?.ok_or_else(none)?;
    Ok(Private(OperatorWalletsDetail {
        success: true,
        id: operator,
        sportsbook_name: owner.name,
        subdomain: owner.subdomain,
        currency: currency.code().to_owned(),
        wallets,
    }))
}
