//! The statements that read a wallet and its entries. Must never read an entry that the wallet's row does not know.

use shared::ids::{OperatorId, PlayerId};
use shared::money::{Currency, Minor};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// A wallet as it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wallet {
    pub(super) balance: Minor,
    /// The version of its newest entry, which is also how many it has.
    pub(super) version: i64,
    pub(super) currency: Currency,
}

pub(super) async fn wallet(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
) -> Result<Wallet, sqlx::Error> {
    sqlx::query_as!(
        Wallet,
        r#"
        select wallets.balance as "balance: Minor", wallets.version, operators.currency as "currency: Currency"
        from wallets
        join operators on operators.id = wallets.operator_id
        where wallets.operator_id = $1 and wallets.player_id = $2
        "#,
        operator.get(),
        player.get(),
    )
    .fetch_one(db)
    .await
}

/// A movement as its player sees it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) version: i64,
    pub(super) created_at: OffsetDateTime,
    pub(super) reason: String,
    /// Negative when it left the wallet.
    pub(super) amount: Minor,
    pub(super) balance_after: Minor,
    pub(super) reference: String,
    pub(super) transaction_id: Uuid,
}

/// The `count` entries of a wallet up to version `newest`, newest first. Versions have no gap, so any page costs as much
/// as the first; and an entry, once it is there, never changes, so they fit the wallet that was read before them.
pub(super) async fn entries(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    newest: i64,
    count: i64,
) -> Result<Vec<Entry>, sqlx::Error> {
    sqlx::query_as!(
        Entry,
        r#"
        select
            wallet_version as "version!",
            created_at,
            reason,
            case when credit_account = $2 then amount else -amount end as "amount!: Minor",
            balance_after as "balance_after!: Minor",
            reference,
            tx_id as transaction_id
        from ledger_entries
        where operator_id = $1 and player_id = $2 and wallet_version between $3 and $4
        order by wallet_version desc
        "#,
        operator.get(),
        player.get(),
        newest - count + 1,
        newest,
    )
    .fetch_all(db)
    .await
}
