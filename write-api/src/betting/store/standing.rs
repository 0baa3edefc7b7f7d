//! What decides about a bet besides its selections. Must never read a balance: that comes with the locked wallet.

use shared::ids::{OperatorId, PlayerId};
use shared::money::{Currency, Minor};
use sqlx::PgConnection;
use time::OffsetDateTime;

/// The operator, its limits, the player and the session, with the number for a new bet.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Standing {
    pub(in super::super) operator_is_active: bool,
    pub(in super::super) player_is_active: bool,
    pub(in super::super) is_logged_in: bool,
    pub(in super::super) currency: Currency,
    pub(in super::super) min_stake: Minor,
    pub(in super::super) max_stake: Minor,
    pub(in super::super) max_payout: Minor,
    pub(in super::super) max_market_liability: Option<Minor>,
    pub(in super::super) max_event_liability: Option<Minor>,
    /// For a new bet; numbers have gaps.
    pub(in super::super) bet: i64,
}

/// How things stand for the player at the time `at`. To be called once the wallet is locked.
pub(in super::super) async fn standing(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    token_hash: &[u8; 32],
    at: OffsetDateTime,
) -> Result<Standing, sqlx::Error> {
    sqlx::query_as!(
        Standing,
        r#"
        select
            operators.is_active as "operator_is_active!",
            players.is_active as "player_is_active!",
            exists (
                select
                from sessions
                where operator_id = $1 and token_hash = $3 and player_id = $2 and expires_at > $4
            ) as "is_logged_in!",
            operators.currency as "currency!: Currency",
            settings.min_stake as "min_stake!: Minor",
            settings.max_stake as "max_stake!: Minor",
            settings.max_payout as "max_payout!: Minor",
            settings.max_market_liability as "max_market_liability: Minor",
            settings.max_event_liability as "max_event_liability: Minor",
            nextval('bet_ids') as "bet!"
        from operators
        join operator_settings as settings on settings.operator_id = operators.id
        join players on players.operator_id = operators.id and players.id = $2
        where operators.id = $1
        "#,
        operator.get(),
        player.get(),
        token_hash,
        at,
    )
    .fetch_one(db)
    .await
}
