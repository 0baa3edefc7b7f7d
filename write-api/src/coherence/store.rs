//! The rows of versions.
//! Must never touch the rows of one transaction in another order than that of their topics.

use shared::coherence::{Change, Kind, Topic, UnknownKind};
use shared::ids::{OperatorId, Version};
use sqlx::PgConnection;

/// Gives `topic` its next version. For the transaction that changes the topic's data: the row stays locked until
/// it commits, so versions are in the order of commits. Several topics go through [`bump_all`].
pub async fn bump(topic: Topic, db: &mut PgConnection) -> Result<Change, sqlx::Error> {
    let version = sqlx::query_scalar!(
        r#"
        insert into cache_versions (operator_id, kind, version, changed_xid)
        values ($1, $2, 1, pg_current_xact_id())
        on conflict (operator_id, kind) do update
        set version = cache_versions.version + 1,
            changed_xid = excluded.changed_xid,
            changed_at = excluded.changed_at
        returning version as "version: Version"
        "#,
        topic.operator_id.get(),
        topic.kind.to_string(),
    )
    .fetch_one(db)
    .await?;
    Ok(Change { topic, version })
}

/// Gives each of `topics` its next version in one statement, always in the same order, so that two transactions can't
/// wait for each other. A topic that is named twice is bumped once.
pub async fn bump_all(topics: &[Topic], db: &mut PgConnection) -> Result<Vec<Change>, sqlx::Error> {
    let mut topics = topics.to_vec();
    topics.sort_unstable();
    topics.dedup();
    let (operators, kinds): (Vec<i64>, Vec<String>) = topics
        .iter()
        .map(|topic| (topic.operator_id.get(), topic.kind.to_string()))
        .unzip();
    let rows = sqlx::query!(
        r#"
        insert into cache_versions (operator_id, kind, version, changed_xid)
        select operator_id, kind, 1, pg_current_xact_id()
        from unnest($1::bigint[], $2::text[]) with ordinality as topic (operator_id, kind, position)
        order by position
        on conflict (operator_id, kind) do update
        set version = cache_versions.version + 1,
            changed_xid = excluded.changed_xid,
            changed_at = excluded.changed_at
        returning operator_id as "operator_id: OperatorId", kind, version as "version: Version"
        "#,
        &operators,
        &kinds,
    )
    .fetch_all(db)
    .await?;
    let changes = rows.into_iter().map(|row| {
        let kind: Kind = row
            .kind
            .parse()
            .map_err(|error: UnknownKind| sqlx::Error::Decode(error.into()))?;
        Ok(Change {
            topic: Topic::of(row.operator_id, kind),
            version: row.version,
        })
    });
    changes.collect()
}

/// The version of `topic` as this transaction sees it.
pub async fn current(topic: Topic, db: &mut PgConnection) -> Result<Change, sqlx::Error> {
    let version = sqlx::query_scalar!(
        r#"
        select version as "version: Version"
        from cache_versions
        where operator_id = $1 and kind = $2
        "#,
        topic.operator_id.get(),
        topic.kind.to_string(),
    )
    .fetch_optional(db)
    .await?;
    Ok(Change {
        topic,
        version: version.unwrap_or(Version::NONE),
    })
}
