//! The statements of resets. Must never write a wallet.

use shared::ids::{OperatorId, PlayerId};
use shared::money::Minor;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::operations::Cursor;

/// Fixes what an operation resets: the players that the operator has now, to the balance that new ones get now.
/// How many players that are.
pub(crate) async fn begin(
    operator: OperatorId,
    db: &mut PgConnection,
    operation: Uuid,
) -> Result<i64, sqlx::Error> {
    fix(Some(operator), db, operation).await
}

/// The same for the players of every operator.
pub(crate) async fn begin_for_all(db: &mut PgConnection, operation: Uuid) -> Result<i64, sqlx::Error> {
    fix(None, db, operation).await
}

async fn fix(
    operator: Option<OperatorId>,
    db: &mut PgConnection,
    operation: Uuid,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        with newest as (
            select operator_id, max(player_id) as player_id, count(*) as players
            from wallets
            where $2::bigint is null or operator_id = $2
            group by operator_id
        ),
        fixed as (
            insert into balance_resets (operation_id, operator_id, target, through_player)
            select $1, operator_id, settings.default_balance, newest.player_id
            from newest
            join operator_settings as settings using (operator_id)
        )
        select coalesce(sum(players), 0)::bigint as "players!"
        from newest
        "#,
        operation,
        operator.map(OperatorId::get),
    )
    .fetch_one(db)
    .await
}

/// A player whose balance is to be set.
pub(super) struct Next {
    pub(super) operator: OperatorId,
    pub(super) player: PlayerId,
    pub(super) target: Minor,
}

/// The next players behind the cursor, in the order of operators and players.
pub(super) async fn next(
    operation: Uuid,
    db: &mut PgConnection,
    cursor: Cursor,
    batch: u32,
) -> Result<Vec<Next>, sqlx::Error> {
    sqlx::query_as!(
        Next,
        r#"
        select
            wallets.operator_id as "operator: OperatorId",
            wallets.player_id as "player: PlayerId",
            resets.target as "target: Minor"
        from balance_resets as resets
        join wallets
            on wallets.operator_id = resets.operator_id and wallets.player_id <= resets.through_player
        where resets.operation_id = $1 and (wallets.operator_id, wallets.player_id) > ($2, $3)
        order by wallets.operator_id, wallets.player_id
        limit $4
        "#,
        operation,
        cursor.operator.get(),
        cursor.player.get(),
        i64::from(batch),
    )
    .fetch_all(db)
    .await
}
