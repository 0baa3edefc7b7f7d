//! The statements of the audit log. Must never change or take back an entry.

use serde_json::Value;
use shared::db::Dismissed;
use shared::ids::{OperatorId, StaffId};
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;

use super::rules::{Action, Change, Doer, Entry, Hash, Needs};
use crate::accounts::Role;
use crate::paging::Page;

/// Writes down what was done, in the transaction in which it is done. Staff who were disabled meanwhile, or whose role
/// does not come with the right any more, are refused here: a session is only looked at when a request begins.
///
/// # Errors
/// When the database fails; [`Dismissed`] when whoever does it may not any more.
pub async fn record(
    operator: OperatorId,
    db: &mut PgConnection,
    doer: &Doer,
    action: Action,
    change: Change,
) -> Result<(), sqlx::Error> {
    still(doer, db).await?;
    let present = |value: Value| (!value.is_null()).then_some(Json(value));
    sqlx::query!(
        r#"
        with entry as (
            insert into audit_entries (
                operator_id, at, staff_operator_id, staff_id, login, address, request_id, action, subject, before, after
            )
            values (
                $1, $2, $3, $4,
                coalesce((select login from staff where operator_id = $3 and id = $4), $11),
                $5, $6, $7, $8, $9, $10
            )
            returning id
        )
        insert into audit_due (operator_id, entry_id)
        select $1, id
        from entry
        "#,
        operator.get(),
        doer.at,
        doer.staff.map(|(operator, _)| operator.get()),
        doer.staff.map(|(_, staff)| staff.get()),
        doer.address.map(|address| address.to_string()),
        doer.request_id.as_deref(),
        action.as_str(),
        change.subject,
        present(change.before) as _,
        present(change.after) as _,
        doer.unnamed,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether staff may still do what they do. Their row is held until the end of the transaction, so that disabling them
/// comes before this change or after it.
async fn still(doer: &Doer, db: &mut PgConnection) -> Result<(), sqlx::Error> {
    let (Some((operator, staff)), true) = (doer.staff, doer.needs != Needs::Nothing) else {
        return Ok(());
    };
    let row = sqlx::query!(
        r#"
        select
            is_active
                and coalesce((select operators.is_active from operators where id = operator_id), true) as "is_active!",
            role as "role: Role"
        from staff
        where operator_id = $1 and id = $2
        for share of staff
        "#,
        operator.get(),
        staff.get(),
    )
    .fetch_optional(db)
    .await?;
    let may = row.is_some_and(|row| {
        let has_right = match doer.needs {
            Needs::Role(right) => row.role.may(right),
            Needs::Active | Needs::Nothing => true,
        };
        row.is_active && has_right
    });
    if may { Ok(()) } else { Err(Dismissed.into()) }
}

/// Which entries are asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    pub(super) action: Option<String>,
    pub(super) staff: Option<i64>,
    pub(super) subject: Option<String>,
    pub(super) from: Option<OffsetDateTime>,
    pub(super) to: Option<OffsetDateTime>,
}

/// An entry with its hash, if it is in the chain already.
#[derive(Debug)]
pub(super) struct Logged {
    pub(super) entry: Entry,
    pub(super) hash: Option<Vec<u8>>,
}

/// A page of the operator's entries, the newest first, and how many there are.
pub(super) async fn page(
    operator: OperatorId,
    db: &mut PgConnection,
    filter: &Filter,
    page: Page,
) -> Result<(Vec<Logged>, i64), sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select
            entries.id, entries.at, entries.staff_operator_id as "staff_operator: OperatorId",
            entries.staff_id as "staff: StaffId", entries.login, entries.address, entries.request_id, entries.action,
            entries.subject, entries.before::text, entries.after::text, chain.hash as "hash?"
        from audit_entries as entries
        left join audit_chain as chain on chain.operator_id = entries.operator_id and chain.entry_id = entries.id
        where entries.operator_id = $1
            and ($2::text is null or entries.action = $2)
            and ($3::bigint is null or entries.staff_id = $3)
            and ($4::text is null or entries.subject = $4)
            and ($5::timestamptz is null or entries.at >= $5)
            and ($6::timestamptz is null or entries.at < $6)
        order by entries.id desc
        limit $7
        offset $8
        "#,
        operator.get(),
        filter.action,
        filter.staff,
        filter.subject,
        filter.from,
        filter.to,
        page.size(),
        page.offset(),
    )
    .fetch_all(&mut *db)
    .await?;
    let total = sqlx::query_scalar!(
        r#"
        select count(*) as "total!"
        from audit_entries
        where operator_id = $1
            and ($2::text is null or action = $2)
            and ($3::bigint is null or staff_id = $3)
            and ($4::text is null or subject = $4)
            and ($5::timestamptz is null or at >= $5)
            and ($6::timestamptz is null or at < $6)
        "#,
        operator.get(),
        filter.action,
        filter.staff,
        filter.subject,
        filter.from,
        filter.to,
    )
    .fetch_one(db)
    .await?;
    let logged = rows.into_iter().map(|row| Logged {
        entry: Entry {
            operator,
            id: row.id,
            at: row.at,
            staff_operator: row.staff_operator,
            staff: row.staff,
            login: row.login,
            address: row.address,
            request_id: row.request_id,
            action: row.action,
            subject: row.subject,
            before: row.before,
            after: row.after,
        },
        hash: row.hash,
    });
    Ok((logged.collect(), total))
}

/// Takes entries that are in no chain from the queue, so many of any operators at most.
pub(super) async fn take_due(db: &mut PgConnection, batch: u32) -> Result<Vec<(i64, i64)>, sqlx::Error> {
    let rows = sqlx::query!(
        "
        delete from audit_due
        using (
            select operator_id, entry_id
            from audit_due
            order by operator_id, entry_id
            limit $1
            for update skip locked
        ) as taken
        where audit_due.operator_id = taken.operator_id and audit_due.entry_id = taken.entry_id
        returning audit_due.operator_id, audit_due.entry_id
        ",
        i64::from(batch),
    )
    .fetch_all(db)
    .await?;
    let mut due: Vec<_> = rows
        .into_iter()
        .map(|row| (row.operator_id, row.entry_id))
        .collect();
    due.sort_unstable();
    Ok(due)
}

/// The entries of these operators with these ids, in the same order.
pub(super) async fn entries(
    operators: &[i64],
    db: &mut PgConnection,
    ids: &[i64],
) -> Result<Vec<Entry>, sqlx::Error> {
    sqlx::query_as!(
        Entry,
        r#"
        select
            entries.operator_id as "operator: OperatorId", entries.id, entries.at,
            entries.staff_operator_id as "staff_operator: OperatorId", entries.staff_id as "staff: StaffId",
            entries.login, entries.address, entries.request_id, entries.action, entries.subject,
            entries.before::text, entries.after::text
        from unnest($1::bigint[], $2::bigint[]) with ordinality as due (operator_id, id, position)
        join audit_entries as entries using (operator_id, id)
        order by due.position
        "#,
        operators,
        ids,
    )
    .fetch_all(db)
    .await
}

/// The end of the operator's chain, which stays as it is until the transaction ends.
pub(super) async fn lock_head(
    operator: OperatorId,
    db: &mut PgConnection,
) -> Result<(i64, Hash), sqlx::Error> {
    sqlx::query!(
        "insert into audit_heads (operator_id) values ($1) on conflict do nothing",
        operator.get(),
    )
    .execute(&mut *db)
    .await?;
    let head = sqlx::query!(
        "select position, hash from audit_heads where operator_id = $1 for update",
        operator.get(),
    )
    .fetch_one(db)
    .await?;
    Ok((head.position, to_hash(&head.hash)?))
}

/// A hash as it is stored.
pub(super) fn to_hash(bytes: &[u8]) -> Result<Hash, sqlx::Error> {
    Hash::try_from(bytes).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// Makes the operator's chain longer, and its last link the head. `links` are entries and their hashes, the first at
/// the position behind `position`.
pub(super) async fn extend(
    operator: OperatorId,
    db: &mut PgConnection,
    position: i64,
    links: &[(i64, Hash)],
) -> Result<(), sqlx::Error> {
    let (ids, hashes): (Vec<i64>, Vec<Vec<u8>>) = links.iter().map(|(id, hash)| (*id, hash.to_vec())).unzip();
    sqlx::query!(
        "
        with link as (
            select $2 + number as position, entry_id, hash
            from unnest($3::bigint[], $4::bytea[]) with ordinality as link (entry_id, hash, number)
        ),
        linked as (
            insert into audit_chain (operator_id, position, entry_id, hash)
            select $1, position, entry_id, hash
            from link
        )
        update audit_heads
        set position = link.position, hash = link.hash
        from link
        where audit_heads.operator_id = $1 and link.position = (select max(position) from link)
        ",
        operator.get(),
        position,
        &ids,
        &hashes,
    )
    .execute(db)
    .await?;
    Ok(())
}
