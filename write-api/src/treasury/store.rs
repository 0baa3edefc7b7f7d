//! The statements of operators' wallets. Must never change money but through the ledger.

use shared::ids::OperatorId;
use shared::money::{Currency, Minor};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::rules::OperatorWallet;
use crate::ledger::{self, Account, HouseReason, HouseTransfer};
use crate::paging::Page;

/// Opens the wallets of a new operator, with what they have at first.
pub(crate) async fn open(
    operator: OperatorId,
    db: &mut PgConnection,
    currency: Currency,
    tx_id: Uuid,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let wallets = OperatorWallet::ALL;
    sqlx::query!(
        r#"
        insert into operator_wallets (operator_id, account, initial_balance, leverage, opened_at)
        select $1, account, initial_balance, leverage, $5
        from unnest($2::bigint[], $3::bigint[], $4::smallint[]) as wallet (account, initial_balance, leverage)
        "#,
        operator.get(),
        &wallets.map(|wallet| wallet.account().code()),
        &wallets.map(|wallet| wallet.initial_balance(currency).get()),
        &wallets.map(OperatorWallet::leverage),
        at,
    )
    .execute(&mut *db)
    .await?;
    for wallet in wallets {
        let amount = wallet.initial_balance(currency);
        if amount > Minor::ZERO {
            let funding = HouseTransfer {
                debit: Account::Owners,
                credit: wallet.account(),
                amount,
                reason: HouseReason::Funding,
                reference: wallet.as_str(),
            };
            ledger::transfer(operator, db, tx_id, &funding, at).await?;
        }
    }
    Ok(())
}

/// A wallet as it is.
#[derive(Clone, Debug)]
pub(super) struct WalletRow {
    pub(super) account: i64,
    pub(super) balance: Minor,
    pub(super) initial_balance: Minor,
    pub(super) leverage: i16,
    pub(super) is_active: bool,
    pub(super) opened_at: OffsetDateTime,
}

/// The operator's wallets.
pub(super) async fn wallets(
    operator: OperatorId,
    db: &mut PgConnection,
) -> Result<Vec<WalletRow>, sqlx::Error> {
    sqlx::query_as!(
        WalletRow,
        r#"
        select
            wallets.account,
            coalesce(moved.balance, 0)::bigint as "balance!: Minor",
            wallets.initial_balance as "initial_balance: Minor",
            wallets.leverage,
            wallets.is_active,
            wallets.opened_at
        from operator_wallets as wallets
        left join (
            select side.account, sum(side.amount) as balance
            from ledger_entries as entries
            cross join lateral (
                values (entries.credit_account, entries.amount), (entries.debit_account, -entries.amount)
            ) as side (account, amount)
            where operator_id = $1 and player_id is null
            group by side.account
        ) as moved on moved.account = wallets.account
        where wallets.operator_id = $1
        order by wallets.account desc
        "#,
        operator.get(),
    )
    .fetch_all(db)
    .await
}

/// A movement of a wallet's money.
#[derive(Clone, Debug)]
pub(super) struct MovementRow {
    pub(super) reason: String,
    pub(super) reference: String,
    pub(super) tx_id: Uuid,
    pub(super) amount: Minor,
    pub(super) balance_after: Minor,
    pub(super) created_at: OffsetDateTime,
}

/// The newest movements of one of the operator's wallets, the newest first.
pub(super) async fn movements(
    operator: OperatorId,
    db: &mut PgConnection,
    wallet: OperatorWallet,
    most: i64,
) -> Result<Vec<MovementRow>, sqlx::Error> {
    sqlx::query_as!(
        MovementRow,
        r#"
        select
            reason,
            reference,
            tx_id,
            signed.amount as "amount!: Minor",
            (sum(signed.amount) over (order by id))::bigint as "balance_after!: Minor",
            created_at
        from ledger_entries
        cross join lateral (
            select case when credit_account = $2 then amount else -amount end as amount
        ) as signed
        where operator_id = $1 and player_id is null and $2 in (credit_account, debit_account)
        order by id desc
        limit $3
        "#,
        operator.get(),
        wallet.account().code(),
        most,
    )
    .fetch_all(db)
    .await
}

/// What the wallets of an operator hold.
#[derive(Clone, Debug)]
pub(super) struct BalancesRow {
    pub(super) operator: OperatorId,
    pub(super) name: String,
    pub(super) subdomain: String,
    pub(super) currency: Currency,
    pub(super) capital: Minor,
    pub(super) pool: Minor,
    pub(super) revenue: Minor,
    pub(super) earnings: Minor,
}

/// A page of all operators with what their wallets hold, by their numbers, and how many operators there are.
pub(super) async fn balances(
    db: &mut PgConnection,
    page: Page,
) -> Result<(Vec<BalancesRow>, i64), sqlx::Error> {
    let rows = sqlx::query_as!(
        BalancesRow,
        r#"
        select
            listed.id as "operator: OperatorId",
            listed.name,
            listed.subdomain,
            listed.currency as "currency: Currency",
            coalesce(held.capital, 0)::bigint as "capital!: Minor",
            coalesce(held.pool, 0)::bigint as "pool!: Minor",
            coalesce(held.revenue, 0)::bigint as "revenue!: Minor",
            coalesce(held.earnings, 0)::bigint as "earnings!: Minor"
        from (select * from operators order by id limit $1 offset $2) as listed
        cross join lateral (
            select
                sum(side.amount) filter (where side.account = $3) as capital,
                sum(side.amount) filter (where side.account = $4) as pool,
                sum(side.amount) filter (where side.account = $5) as revenue,
                sum(side.amount) filter (where side.account = $6) as earnings
            from ledger_entries as entries
            cross join lateral (
                values (entries.credit_account, entries.amount), (entries.debit_account, -entries.amount)
            ) as side (account, amount)
            where entries.operator_id = listed.id and entries.player_id is null
        ) as held
        order by listed.id
        "#,
        page.size(),
        page.offset(),
        OperatorWallet::BookmakerCapital.account().code(),
        OperatorWallet::LiquidityPool.account().code(),
        OperatorWallet::Revenue.account().code(),
        OperatorWallet::BookmakerEarnings.account().code(),
    )
    .fetch_all(&mut *db)
    .await?;
    let total = sqlx::query_scalar!(r#"select count(*) as "total!" from operators"#)
        .fetch_one(db)
        .await?;
    Ok((rows, total))
}

/// Whose wallets they are.
#[derive(Clone, Debug)]
pub(super) struct OwnerRow {
    pub(super) name: String,
    pub(super) subdomain: String,
}

/// The operator, if there is such a one.
pub(super) async fn owner(
    operator: OperatorId,
    db: &mut PgConnection,
) -> Result<Option<OwnerRow>, sqlx::Error> {
    sqlx::query_as!(
        OwnerRow,
        "select name, subdomain from operators where id = $1",
        operator.get()
    )
    .fetch_optional(db)
    .await
}
