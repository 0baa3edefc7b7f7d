//! Who may bet on an event at this moment: bets enter together, and whoever changes what is offered closes the gate
//! until that is committed. So a bet sees every change that was committed before its own commit, and no bet is
//! committed behind a settlement that does not know of it. Must be taken before any row, and before the statement that
//! reads what is offered: a statement sees what was committed when it began, not when it got its lock.
//!
//! The locks are advisory ones of the transaction. Events share a few hundred of them, so that a change of the whole
//! feed does not fill the server's table of locks; they are always taken in one order.

use shared::sports::Sport;
use sqlx::PgConnection;

/// What tells these locks from others of two numbers.
const CLASS: i32 = 0x0062_6574;
/// Locks that events share.
const LOCKS: i32 = 512;
/// What tells the locks of what operators allow on events.
const LIABILITY_CLASS: i32 = 0x006c_6961;

/// Waits until nobody changes what is offered on these events, and keeps everybody from it until the transaction ends.
pub(crate) async fn enter(events: &[(Sport, String)], db: &mut PgConnection) -> Result<(), sqlx::Error> {
    let (sports, ids) = columns(events);
    sqlx::query!(
        "
        select pg_advisory_xact_lock_shared($3, lock)
        from (
            select distinct abs(hashtext(sport || ':' || id) % $4) as lock
            from unnest($1::text[], $2::text[]) as event (sport, id)
            order by lock
        ) as locks
        ",
        &sports,
        &ids,
        CLASS,
        LOCKS,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Waits until no bet on these events is under way, and lets none begin until the transaction ends.
pub(crate) async fn close(events: &[(Sport, String)], db: &mut PgConnection) -> Result<(), sqlx::Error> {
    let (sports, ids) = columns(events);
    sqlx::query!(
        "
        select pg_advisory_xact_lock($3, lock)
        from (
            select distinct abs(hashtext(sport || ':' || id) % $4) as lock
            from unnest($1::text[], $2::text[]) as event (sport, id)
            order by lock
        ) as locks
        ",
        &sports,
        &ids,
        CLASS,
        LOCKS,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Lets bets of one operator on these events follow each other, so that each sees what the ones before it may cost. To
/// be taken behind [`enter`].
pub(super) async fn queue_up(
    operator: shared::ids::OperatorId,
    db: &mut PgConnection,
    events: &[(Sport, String)],
) -> Result<(), sqlx::Error> {
    let (sports, ids) = columns(events);
    sqlx::query!(
        "
        select pg_advisory_xact_lock($3, lock)
        from (
            select distinct hashtext($4::bigint || ':' || sport || ':' || id) as lock
            from unnest($1::text[], $2::text[]) as event (sport, id)
            order by lock
        ) as locks
        ",
        &sports,
        &ids,
        LIABILITY_CLASS,
        operator.get(),
    )
    .execute(db)
    .await?;
    Ok(())
}

fn columns(events: &[(Sport, String)]) -> (Vec<String>, Vec<String>) {
    events
        .iter()
        .map(|(sport, id)| (sport.key().to_owned(), id.clone()))
        .unzip()
}
