//! The check of the audit log: recomputes every hash from the entries. Must never write.

use std::collections::BTreeMap;

use futures_util::TryStreamExt;
use shared::db::DbError;
use shared::ids::{OperatorId, StaffId};
use sqlx::{Connection, PgConnection};

use super::rules::{Entry, Hash};

/// The end of an operator's chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whose chain.
    pub operator: OperatorId,
    /// Entries in it.
    pub entries: i64,
    /// The newest hash, in hex: who notes it can tell later whether anything before it was changed.
    pub head: String,
}

/// Why the log could not be found right.
#[derive(Debug, thiserror::Error)]
pub enum AuditFault {
    /// A link does not follow from its entry and the one before, or there is none at a position.
    #[error("the audit log of operator {operator} is wrong at position {position}")]
    Broken {
        /// Whose chain.
        operator: OperatorId,
        /// Where.
        position: i64,
    },
    /// The chain is longer or shorter than was noted when it was made.
    #[error("the audit log of operator {operator} does not end where it was left")]
    WrongEnd {
        /// Whose chain.
        operator: OperatorId,
    },
    /// Entries are neither in a chain nor due.
    #[error("{0} entries of the audit log are in no chain, and nothing would put them there")]
    Forgotten(i64),
    /// The database failed before all was checked.
    #[error("the audit log could not be checked: {0}")]
    Database(DbError),
}

shared::transaction_error!(AuditFault);

/// Recomputes the chain of every operator as it is at one moment. Answers where each ends.
///
/// # Errors
/// The first fault, or the failure of the database.
pub async fn verify_audit(db: &mut PgConnection) -> Result<Vec<Verified>, AuditFault> {
    let mut snapshot = db
        .begin_with("begin isolation level repeatable read read only")
        .await?;
    let verified = chains(&mut snapshot).await?;
    heads(&mut snapshot, &verified).await?;
    let forgotten = forgotten(&mut snapshot).await?;
    snapshot.rollback().await?;
    if forgotten > 0 {
        return Err(AuditFault::Forgotten(forgotten));
    }
    Ok(verified
        .into_iter()
        .map(|(operator, entries, head)| Verified {
            operator,
            entries,
            head: hex::encode(head),
        })
        .collect())
}

async fn chains(db: &mut PgConnection) -> Result<Vec<(OperatorId, i64, Hash)>, AuditFault> {
    let mut ends: Vec<(OperatorId, i64, Hash)> = Vec::new();
    let mut links = sqlx::query!(
        r#"
        select
            chain.operator_id as "operator: OperatorId", chain.position, chain.hash, entries.id, entries.at,
            entries.staff_operator_id as "staff_operator: OperatorId", entries.staff_id as "staff: StaffId",
            entries.login, entries.address, entries.request_id, entries.action, entries.subject,
            entries.before::text, entries.after::text
        from audit_chain as chain
        join audit_entries as entries on entries.operator_id = chain.operator_id and entries.id = chain.entry_id
        order by chain.operator_id, chain.position
        "#
    )
    .fetch(db);
    while let Some(link) = links.try_next().await? {
        let operator = link.operator;
        if ends.last().is_none_or(|(last, ..)| *last != operator) {
            ends.push((operator, 0, [0; 32]));
        }
        let entry = Entry {
            operator,
            id: link.id,
            at: link.at,
            staff_operator: link.staff_operator,
            staff: link.staff,
            login: link.login,
            address: link.address,
            request_id: link.request_id,
            action: link.action,
            subject: link.subject,
            before: link.before,
            after: link.after,
        };
        if let Some((_, position, hash)) = ends.last_mut() {
            *position += 1;
            *hash = entry.hash(hash, *position);
            if link.position != *position || link.hash != *hash {
                return Err(AuditFault::Broken {
                    operator,
                    position: *position,
                });
            }
        }
    }
    Ok(ends)
}

/// Every chain ends where it was left, so that its newest links were not taken off.
async fn heads(db: &mut PgConnection, ends: &[(OperatorId, i64, Hash)]) -> Result<(), AuditFault> {
    let heads = sqlx::query!(
        r#"
        select operator_id as "operator: OperatorId", position, hash
        from audit_heads
        where position > 0
        "#
    )
    .fetch_all(db)
    .await?;
    let as_left: BTreeMap<_, _> = heads
        .iter()
        .map(|head| (head.operator, (head.position, &*head.hash)))
        .collect();
    let as_found: BTreeMap<_, _> = ends
        .iter()
        .map(|(operator, position, hash)| (*operator, (*position, &hash[..])))
        .collect();
    let wrong = as_left
        .keys()
        .chain(as_found.keys())
        .filter(|operator| as_left.get(operator) != as_found.get(operator))
        .min();
    wrong.map_or(Ok(()), |operator| {
        Err(AuditFault::WrongEnd { operator: *operator })
    })
}

async fn forgotten(db: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from audit_entries as entries
        left join audit_chain as chain on chain.operator_id = entries.operator_id and chain.entry_id = entries.id
        left join audit_due as due on due.operator_id = entries.operator_id and due.entry_id = entries.id
        where chain.entry_id is null and due.entry_id is null
        "#
    )
    .fetch_one(db)
    .await
}
