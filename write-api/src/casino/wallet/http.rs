//! The routes of a player's own balance and of what it came from, and the statement as it is shown.

use axum::extract::State;
use serde::Serialize;
use shared::http::{Private, QueryParams};
use shared::ids::{OperatorId, PlayerId};
use shared::money::{Currency, Money};
use shared::problem::{Problem, ProblemBody};
use sqlx::PgConnection;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::error::CasinoError;
use super::store::{self, Entry};
use crate::accounts::PlayerSession;
use crate::app::SharedApp;
use crate::paging::{Page, PageQuery, Pagination};

/// What a player has.
#[derive(Serialize, ToSchema)]
pub struct BalanceAnswer {
    #[schema(value_type = f64)]
    balance: Money,
    currency: String,
}

/// The balance of the player who asks, and its currency.
#[utoipa::path(get, path = "/api/casino/wallet/balance", tag = "casino",
    security(("bearer" = []), ("player_cookie" = [])),
    responses(
        (status = 200, body = BalanceAnswer),
    ))]
pub async fn balance(
    State(app): State<SharedApp>,
    PlayerSession { operator, player, .. }: PlayerSession,
) -> Result<Private<BalanceAnswer>, Problem> {
    let wallet = app
        .db
        .read(move |db| {
            Box::pin(async move { Ok::<_, CasinoError>(store::wallet(operator, db, player).await?) })
        })
        .await?;
    Ok(Private(BalanceAnswer {
        balance: wallet.currency.money(wallet.balance),
        currency: wallet.currency.code().to_owned(),
    }))
}

/// A page of everything that ever moved a player's balance, newest first.
#[derive(Serialize, ToSchema)]
pub struct Statement {
    success: bool,
    currency: String,
    /// What the wallet holds: the `balance_after` of the newest entry, which is the first of page 1.
    #[schema(value_type = f64)]
    balance: Money,
    entries: Vec<StatementEntry>,
    pagination: Pagination,
}

impl Statement {
    /// The page of the player's wallet, all of it of one moment.
    pub(crate) async fn read(
        operator: OperatorId,
        db: &mut PgConnection,
        player: PlayerId,
        page: Page,
    ) -> Result<Self, sqlx::Error> {
        let wallet = store::wallet(operator, db, player).await?;
        let newest = wallet.version - page.offset();
        let entries = store::entries(operator, db, player, newest, page.size()).await?;
        let currency = wallet.currency;
        Ok(Self {
            success: true,
            currency: currency.code().to_owned(),
            balance: currency.money(wallet.balance),
            entries: entries
                .into_iter()
                .map(|entry| StatementEntry::of(entry, currency))
                .collect(),
            pagination: page.of(wallet.version),
        })
    }
}

/// One movement of a player's balance.
#[derive(Serialize, ToSchema)]
pub struct StatementEntry {
    /// The number of the entry in the wallet: 1, 2, 3 … without a gap.
    version: i64,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// `stake`, `payout`, `grant`, `deposit`, `withdrawal` or `adjustment`.
    reason: String,
    /// What was added to the balance; negative when it was taken off.
    #[schema(value_type = f64)]
    amount: Money,
    #[schema(value_type = f64)]
    balance_after: Money,
    /// What it belongs to: of a stake or a payout, the id of the round.
    reference: String,
    /// The same in all entries that were made together.
    transaction_id: Uuid,
}

impl StatementEntry {
    fn of(entry: Entry, currency: Currency) -> Self {
        Self {
            version: entry.version,
            created_at: entry.created_at,
            reason: entry.reason,
            amount: currency.money(entry.amount),
            balance_after: currency.money(entry.balance_after),
            reference: entry.reference,
            transaction_id: entry.transaction_id,
        }
    }
}

/// What moved the balance of the player who asks, newest first.
///
/// A page is right in itself while bets go on: balance, total and entries are those of one moment. Entries never
/// change, but new ones move the others down: the next page may begin with entries that were on the page before, and
/// never leaves one out.
#[utoipa::path(get, path = "/api/casino/wallet/statement", tag = "casino", params(PageQuery),
    security(("bearer" = []), ("player_cookie" = [])),
    responses(
        (status = 200, body = Statement),
        (status = 422, body = ProblemBody),
    ))]
pub async fn statement(
    State(app): State<SharedApp>,
    PlayerSession { operator, player, .. }: PlayerSession,
    QueryParams(query): QueryParams<PageQuery>,
) -> Result<Private<Statement>, Problem> {
    let page = query.read().map_err(Problem::invalid_fields)?;
    let statement = app.db.read(move |db| {
        Box::pin(async move { Ok::<_, CasinoError>(Statement::read(operator, db, player, page).await?) })
    });
    Ok(Private(statement.await?))
}
