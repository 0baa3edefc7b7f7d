//! The rows of versions.
//! Must never touch the rows of one transaction in another order than that of their topics.

use std::collections::BTreeSet;

use shared::coherence::{Change, Epoch, Kind, Older, Topic, UnknownKind};
use shared::ids::{OperatorId, Version};
use sqlx::PgConnection;

/// Versions that a transaction gave out: what readers are told of once it is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Where it is committed.
    pub epoch: Epoch,
    /// The versions, in the order of their topics.
    pub changes: Vec<Change>,
}

impl News {
    /// The version of the first topic.
    pub fn version(&self) -> Version {
        self.changes
            .first()
            .map_or(Version::NONE, |change| change.version)
    }
}

/// Gives `topic` its next version. For the transaction that changes the topic's data: the row stays locked until
/// it commits, so versions are in the order of commits. Several topics go through [`bump_all`].
pub async fn bump(topic: Topic, db: &mut PgConnection) -> Result<News, sqlx::Error> {
    bump_all(&[topic], db).await
}

/// Gives each of `topics` its next version in one statement, always in the same order, so that two transactions can't
/// wait for each other. A topic that is named twice is bumped once.
pub async fn bump_all(topics: &[Topic], db: &mut PgConnection) -> Result<News, sqlx::Error> {
    raise(&topics.iter().copied().collect(), Older::Kept, db).await
}

/// Everything that readers hold of `operator`, or of all operators and the platform: what has a version, and the pages
/// that everybody has without ever having changed them.
pub(super) async fn held_by_readers(
    operator: Option<OperatorId>,
    db: &mut PgConnection,
) -> Result<BTreeSet<Topic>, sqlx::Error> {
    let versioned = sqlx::query!(
        r#"
        select operator_id as "operator_id: OperatorId", kind
        from cache_versions
        where $1::bigint is null or operator_id = $1
        "#,
        operator.map(OperatorId::get),
    )
    .fetch_all(&mut *db)
    .await?;
    let operators = sqlx::query_scalar!(
        r#"select id as "id: OperatorId" from operators where $1::bigint is null or id = $1"#,
        operator.map(OperatorId::get),
    )
    .fetch_all(db)
    .await?;
    // A kind that this version does not know belongs to a newer one.
    let known = versioned.into_iter().filter_map(|row| {
        let kind = row.kind.parse().ok()?;
        Some(Topic::of(row.operator_id, kind))
    });
    let pages = operators
        .into_iter()
        .flat_map(|id| [Kind::Operator, Kind::Branding, Kind::Theme].map(|kind| Topic::of(id, kind)));
    let of_platform = operator
        .is_none()
        .then_some(Topic::of(OperatorId::PLATFORM, Kind::Templates));
    Ok(known.chain(pages).chain(of_platform).collect())
}

/// Gives each of `topics` its next version, whether or not its data changed; with [`Older::Dropped`], readers never
/// serve again what is older.
pub(super) async fn raise(
    topics: &BTreeSet<Topic>,
    older: Older,
    db: &mut PgConnection,
) -> Result<News, sqlx::Error> {
    let operators: Vec<i64> = topics.iter().map(|topic| topic.operator_id.get()).collect();
    let kinds: Vec<String> = topics.iter().map(|topic| topic.kind.to_string()).collect();
    let rows = sqlx::query!(
        r#"
        insert into cache_versions (operator_id, kind, version, hard_version, changed_xid)
        select topic.operator_id, topic.kind, 1, case when $3 then 1 else 0 end, pg_current_xact_id()
        from unnest($1::bigint[], $2::text[]) with ordinality as topic (operator_id, kind, place)
        order by topic.place
        on conflict (operator_id, kind) do update
        set version = cache_versions.version + 1,
            hard_version = case when $3 then cache_versions.version + 1 else cache_versions.hard_version end,
            changed_xid = excluded.changed_xid,
            changed_at = excluded.changed_at
        returning operator_id as "operator_id: OperatorId", kind, version as "version: Version"
        "#,
        &operators,
        &kinds,
        older == Older::Dropped,
    )
    .fetch_all(&mut *db)
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
    Ok(News {
        changes: changes.collect::<Result<_, sqlx::Error>>()?,
        epoch: epoch(db).await?,
    })
}

async fn epoch(db: &mut PgConnection) -> Result<Epoch, sqlx::Error> {
    sqlx::query_scalar!(r#"select data_epoch() as "epoch!""#)
        .fetch_one(db)
        .await
        .map(Epoch::from)
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
