//! The statement that reads whose money is moved. Must never read a balance: that comes with the locked wallet.

use shared::ids::{OperatorId, PlayerId};
use shared::money::Currency;
use sqlx::PgConnection;

use super::rules::Standing;

/// The state of a player and the operator; none where there is no such player.
pub(super) async fn standing(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
) -> Result<Option<Standing>, sqlx::Error> {
    sqlx::query_as!(
        Standing,
        r#"
        select
            operators.currency as "currency: Currency",
            operators.is_active as operator_is_active,
            players.is_active as player_is_active
        from players
        join operators on operators.id = players.operator_id
        where players.operator_id = $1 and players.id = $2
        "#,
        operator.get(),
        player.get(),
    )
    .fetch_optional(db)
    .await
}
