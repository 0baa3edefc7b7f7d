//! The statements that find rounds which have ended. Must never miss one that was committed, nor lock a row of a bet.

use shared::ids::{OperatorId, PlayerId};
use shared::money::{Currency, Minor};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::super::events::{Event, EventType};

/// A round that has ended.
#[derive(Debug)]
pub(in super::super) struct Settled {
    pub(in super::super) operator: OperatorId,
    pub(in super::super) id: Uuid,
    pub(in super::super) player: PlayerId,
    pub(in super::super) game: String,
    pub(in super::super) stake: Minor,
    pub(in super::super) payout: Minor,
    pub(in super::super) currency: Currency,
    pub(in super::super) created_at: OffsetDateTime,
    pub(in super::super) ended_at: Option<OffsetDateTime>,
}

/// Takes the only row of `webhook_mark`, unless another transaction has it. In a database that was restored from a dump
/// the mark may lie ahead of every transaction: then it begins at those of now.
pub(in super::super) async fn take_mark(db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let taken = sqlx::query_scalar!("select is_only from webhook_mark for update skip locked")
        .fetch_optional(&mut *db)
        .await?;
    sqlx::query!(
        "
        update webhook_mark
        set before_xid = pg_snapshot_xmin(pg_current_snapshot())
        where $1 and before_xid > pg_snapshot_xmax(pg_current_snapshot())
        ",
        taken.is_some(),
    )
    .execute(db)
    .await?;
    Ok(taken.is_some())
}

/// The operators that want to hear of rounds.
pub(in super::super) async fn subscribers(db: &mut PgConnection) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select distinct operator_id
        from webhook_endpoints
        where is_enabled and $1 = any (event_types)
        ",
        EventType::RoundSettled.as_str(),
    )
    .fetch_all(db)
    .await
}

/// Rounds of these operators that are settled and whose stakes were paid since the mark, in `batch` entries and the
/// rest of the last one's transaction; the mark moves behind them. Says whether there is more. Without operators the
/// mark moves to the oldest transaction that runs, and nothing is read.
///
/// All comes from the snapshot of one statement, which sees every entry below the oldest transaction that runs.
pub(in super::super) async fn settled_at_once(
    operators: &[i64],
    db: &mut PgConnection,
    batch: i64,
) -> Result<(Vec<Settled>, bool), sqlx::Error> {
    let bounds = sqlx::query!(
        r#"
        with mark as materialized (
            select
                before_xid,
                least(
                    pg_snapshot_xmin(pg_current_snapshot()),
                    case
                        when cardinality($1::bigint[]) > 0 then (
                            select (changed_xid::text::bigint + 1)::text::xid8
                            from ledger_entries
                            where changed_xid >= webhook_mark.before_xid
                            order by changed_xid
                            limit 1
                            offset $2::bigint - 1
                        )
                    end
                ) as next_xid
            from webhook_mark
        ),
        moved as (
            update webhook_mark
            set before_xid = next_xid
            from mark
        )
        select
            before_xid::text as "before_xid!",
            next_xid::text as "next_xid!",
            next_xid < pg_snapshot_xmin(pg_current_snapshot()) as "is_behind!"
        from mark
        "#,
        operators,
        batch,
    )
    .fetch_one(&mut *db)
    .await?;
    let rounds = between(operators, db, &bounds.before_xid, &bounds.next_xid).await?;
    Ok((rounds, bounds.is_behind))
}

/// A later snapshot than the one that the bounds come from: everything between them had ended by then.
async fn between(
    operators: &[i64],
    db: &mut PgConnection,
    before_xid: &str,
    next_xid: &str,
) -> Result<Vec<Settled>, sqlx::Error> {
    sqlx::query_as!(
        Settled,
        r#"
        select
            rounds.operator_id as "operator: OperatorId",
            rounds.id,
            rounds.player_id as "player: PlayerId",
            rounds.game,
            rounds.stake as "stake: Minor",
            rounds.payout as "payout: Minor",
            operators.currency as "currency: Currency",
            rounds.created_at,
            rounds.settled_at as ended_at
        from (
            select distinct operator_id, reference::uuid as round_id
            from ledger_entries
            where changed_xid >= $2::text::xid8
                and changed_xid < $3::text::xid8
                and operator_id = any ($1)
                and reason = 'stake'
                and credit_account = (select code from ledger_accounts where name = 'casino')
        ) as staked
        cross join lateral (
            select *
            from rounds
            where rounds.operator_id = staked.operator_id and rounds.id = staked.round_id
            limit 1
        ) as rounds
        join operators on operators.id = rounds.operator_id
        where rounds.status = 'settled'
        "#,
        operators,
        before_xid,
        next_xid,
    )
    .fetch_all(db)
    .await
}

/// Takes rounds of several steps that ended, of all operators, `batch` at most.
pub(in super::super) async fn settled_later(
    db: &mut PgConnection,
    batch: i64,
) -> Result<Vec<Settled>, sqlx::Error> {
    sqlx::query_as!(
        Settled,
        r#"
        with due as (
            select operator_id, round_id
            from webhook_due_rounds
            limit $1
            for update skip locked
        ),
        taken as (
            delete from webhook_due_rounds
            using due
            where webhook_due_rounds.operator_id = due.operator_id and webhook_due_rounds.round_id = due.round_id
            returning webhook_due_rounds.operator_id, webhook_due_rounds.round_id
        )
        select
            rounds.operator_id as "operator: OperatorId",
            rounds.id,
            rounds.player_id as "player: PlayerId",
            rounds.game,
            rounds.stake as "stake: Minor",
            rounds.payout as "payout: Minor",
            operators.currency as "currency: Currency",
            rounds.created_at,
            rounds.settled_at as ended_at
        from taken
        join rounds on rounds.operator_id = taken.operator_id and rounds.id = taken.round_id
        join operators on operators.id = rounds.operator_id
        "#,
        batch,
    )
    .fetch_all(db)
    .await
}

/// Writes events about rounds, one of each operator beside it, for the webhooks that subscribed; each round once.
pub(in super::super) async fn tell(
    operators: &[i64],
    db: &mut PgConnection,
    events: &[Event],
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let subjects: Vec<String> = events.iter().map(|event| event.subject().to_owned()).collect();
    let bodies: Vec<String> = events.iter().map(|event| event.body().to_owned()).collect();
    sqlx::query!(
        "
        insert into webhook_deliveries (
            operator_id, endpoint_id, event_type, subject, body, created_at, next_attempt_at
        )
        select endpoints.operator_id, endpoints.id, $4, event.subject, event.body, $5, $5
        from unnest($1::bigint[], $2::text[], $3::text[]) as event (operator_id, subject, body)
        join webhook_endpoints as endpoints on endpoints.operator_id = event.operator_id
        where endpoints.is_enabled and $4 = any (endpoints.event_types)
        on conflict (operator_id, endpoint_id, subject) where event_type = 'round.settled' do nothing
        ",
        operators,
        &subjects,
        &bodies,
        EventType::RoundSettled.as_str(),
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}
