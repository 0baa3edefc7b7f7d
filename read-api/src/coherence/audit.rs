//! Compares what is served with what the database has, all the time and at random: the proof that no invalidation is
//! lost. Must never be needed: zero is the only good count.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use shared::coherence::Change;
use shared::ids::{OperatorId, Version};
use sqlx::postgres::PgConnection;
use tokio_util::sync::CancellationToken;

use crate::app::{FillError, SharedReader};
use crate::cache::entry::Entry;
use crate::cache::jittered;
use crate::cache::{Outcome, Page};
use crate::databases::Source;
use crate::pages::{Wanted, find};

/// When what is served is compared with what the database had, in seconds after that.
const AFTER_S: [u64; 3] = [1, 5, 60];

/// What was found.
#[derive(Debug, Default)]
pub struct Audit {
    checks: AtomicU64,
    inconsistent: [AtomicU64; AFTER_S.len()],
}

impl Audit {
    /// Pages compared since the start.
    pub fn checks(&self) -> u64 {
        self.checks.load(Ordering::Relaxed)
    }

    /// Of these, those that were served without what had been committed 1, 5 and 60 seconds before; after 1 second only
    /// those that were not said to be stale.
    pub fn inconsistent(&self) -> [u64; 3] {
        self.inconsistent
            .each_ref()
            .map(|count| count.load(Ordering::Relaxed))
    }
}

/// Compares one page after another until `stop` is cancelled.
pub async fn run(reader: SharedReader, stop: CancellationToken) {
    let every = Duration::from_millis(reader.options.cache.audit_ms);
    if every.is_zero() {
        return;
    }
    let mut left: Vec<Page> = Vec::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(jittered(every, reader.jitter())) => {}
        }
        if left.is_empty() {
            left = reader.pages.all();
        }
        if let Some(page) = left.pop() {
            let follow = follow(Arc::clone(&reader), page);
            let stop = stop.clone();
            tokio::spawn(async move { stop.run_until_cancelled(follow).await });
        }
    }
}

/// Sees what the database has of a page, and then what is served of it.
async fn follow(reader: SharedReader, page: Page) {
    let Some(held) = reader.pages.get(page) else {
        return;
    };
    let era = reader.versions.load().era();
    let Ok(truth) = look(&reader, page, &held).await else {
        // The pull says so too.
        return;
    };
    let mut waited = 0;
    for (after_s, inconsistent) in AFTER_S.iter().zip(&reader.audit.inconsistent) {
        tokio::time::sleep(Duration::from_secs(after_s - waited)).await;
        waited = *after_s;
        let Ok((served, outcome)) = find(&reader, page, &Wanted::default()).await else {
            return;
        };
        if reader.versions.load().era() != era {
            return;
        }
        // The first look comes before the bound: what is said to be stale may be.
        let is_admitted = outcome == Outcome::Stale && *after_s == AFTER_S[0];
        if !truth.is_in(&served) && !is_admitted {
            inconsistent.fetch_add(1, Ordering::Relaxed);
            tracing::error!(
                ?page,
                after_s,
                "a page is served without what was committed before"
            );
        }
    }
    reader.audit.checks.fetch_add(1, Ordering::Relaxed);
}

/// What the database has of a page.
struct Truth {
    versions: Vec<Change>,
    /// The page made anew, unless it is made from what is in memory.
    entry: Option<Entry>,
}

impl Truth {
    /// Whether the page has all this, or something newer.
    fn is_in(&self, served: &Entry) -> bool {
        let is_shown = |change: &Change| {
            let mut shown = served.versions().iter();
            shown.all(|shown| shown.topic != change.topic || shown.version >= change.version)
        };
        let is_same =
            |entry: &Entry| entry.versions() != served.versions() || entry.identity() == served.identity();
        self.versions.iter().all(is_shown) && self.entry.as_ref().is_none_or(is_same)
    }
}

async fn look(reader: &SharedReader, page: Page, held: &Entry) -> Result<Truth, FillError> {
    let topics: Vec<(OperatorId, String)> = held
        .versions()
        .iter()
        .map(|change| (change.topic.operator_id, change.topic.kind.to_string()))
        .collect();
    let versions = reader
        .fetch(Source::Primary, move |db| {
            let topics = topics.clone();
            Box::pin(async move { Ok(versions_of(&topics, db).await?) })
        })
        .await?;
    let entry = if page.is_derived() {
        None
    } else {
        Some(crate::pages::make(reader, Source::Primary, page).await?)
    };
    Ok(Truth { versions, entry })
}

/// The committed versions of topics, by operator and kind.
async fn versions_of(
    topics: &[(OperatorId, String)],
    db: &mut PgConnection,
) -> Result<Vec<Change>, sqlx::Error> {
    let operators: Vec<i64> = topics.iter().map(|(operator, _)| operator.get()).collect();
    let kinds: Vec<String> = topics.iter().map(|(_, kind)| kind.clone()).collect();
    let rows = sqlx::query!(
        r#"
        select v.operator_id as "operator_id: OperatorId", v.kind, v.version as "version: Version"
        from unnest($1::bigint[], $2::text[]) as asked (operator_id, kind)
        join cache_versions v on v.operator_id = asked.operator_id and v.kind = asked.kind
        "#,
        &operators,
        &kinds,
    )
    .fetch_all(db)
    .await?;
    let changes = rows.into_iter().filter_map(|row| {
        let kind = row.kind.parse().ok()?;
        Some(Change {
            topic: shared::coherence::Topic::of(row.operator_id, kind),
            version: row.version,
        })
    });
    Ok(changes.collect())
}
