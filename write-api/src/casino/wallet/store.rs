//! The statement that reads a balance.

use shared::ids::{OperatorId, PlayerId};
use shared::money::{Currency, Minor};
use sqlx::PgConnection;

use super::super::store::currency;

pub(super) async fn balance(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
) -> Result<(Minor, Currency), sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select wallets.balance as "balance: Minor", operators.currency
        from wallets
        join operators on operators.id = wallets.operator_id
        where wallets.operator_id = $1 and wallets.player_id = $2
        "#,
        operator.get(),
        player.get(),
    )
    .fetch_one(db)
    .await?;
    Ok((row.balance, currency(&row.currency)?))
}
