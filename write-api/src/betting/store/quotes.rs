//! Quotes for cash-outs. Must never let one be used twice.

use shared::ids::{OperatorId, PlayerId};
use shared::money::Minor;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// What a bet can be sold for, for a short while.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Quote {
    pub(in super::super) bet: i64,
    pub(in super::super) amount: Minor,
    /// How often the bet had been settled then.
    pub(in super::super) settlements: i32,
    pub(in super::super) expires_at: OffsetDateTime,
    pub(in super::super) used_at: Option<OffsetDateTime>,
}

/// Keeps a quote.
pub(in super::super) async fn insert_quote(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    id: Uuid,
    quote: &Quote,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        insert into cash_out_quotes (operator_id, id, bet_id, player_id, amount, bet_settlements, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7)
        ",
        operator.get(),
        id,
        quote.bet,
        player.get(),
        quote.amount.get(),
        quote.settlements,
        quote.expires_at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The player's quote of this id. Its wallet must be locked: quotes are used under that lock.
pub(in super::super) async fn find_quote(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    id: Uuid,
) -> Result<Option<Quote>, sqlx::Error> {
    sqlx::query_as!(
        Quote,
        r#"
        select bet_id as bet, amount as "amount: Minor", bet_settlements as settlements, expires_at, used_at
        from cash_out_quotes
        where operator_id = $1 and player_id = $2 and id = $3
        "#,
        operator.get(),
        player.get(),
        id,
    )
    .fetch_optional(db)
    .await
}

/// Marks a quote as used.
pub(in super::super) async fn use_quote(
    operator: OperatorId,
    db: &mut PgConnection,
    id: Uuid,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update cash_out_quotes set used_at = $3 where operator_id = $1 and id = $2",
        operator.get(),
        id,
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets at most `most` quotes that expired before `before`; how many there were.
pub(crate) async fn prune_quotes(
    db: &mut PgConnection,
    before: OffsetDateTime,
    most: i64,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "
        delete from cash_out_quotes
        where (operator_id, id) in (
            select operator_id, id
            from cash_out_quotes
            where expires_at < $1
            order by expires_at
            limit $2
            for update skip locked
        )
        ",
        before,
        most,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
