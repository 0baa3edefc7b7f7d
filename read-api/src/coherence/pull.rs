//! Asks the database every second what changed: the bound on staleness that holds although every push is lost.
//! Must never skip a change, whatever the order in which transactions commit.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shared::coherence::{Change, Epoch, Kind, Topic};
use shared::ids::{OperatorId, Version};
use shared::sports::Sport;
use sqlx::postgres::PgConnection;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::app::{FillError, Job, Reader, SharedReader};
use crate::cache::Page;
use crate::cache::entry::Entry;
use crate::cache::flights::Flight;
use crate::cache::jittered;
use crate::coherence::versions::Required;
use crate::databases::Source;
use crate::directory::is_behind;

/// How the pull is doing.
#[derive(Debug, Default)]
pub struct PullStatus {
    is_ready: AtomicBool,
    last_ok_ms: AtomicU64,
    pulls: AtomicU64,
    failures: AtomicU64,
    wish: Notify,
    /// The number of the last pull that began.
    begun: AtomicU64,
    /// The number of the last pull that ended, well or badly.
    ended: watch::Sender<u64>,
    from_replica: AtomicU64,
    /// Of the primary, as of the last pull.
    epoch: Mutex<Option<Epoch>>,
}

impl PullStatus {
    /// Has a pull begin soon and waits until it has ended, at most `limit`. Says whether it did.
    pub async fn out_of_turn(&self, limit: Duration) -> bool {
        // One that is under way may have looked already.
        let next = self.begun.load(Ordering::Acquire) + 1;
        let mut ended = self.ended.subscribe();
        self.wish.notify_one();
        let ended = tokio::time::timeout(limit, ended.wait_for(|ended| *ended >= next)).await;
        matches!(ended, Ok(Ok(_)))
    }

    /// Whether a first pull has succeeded, and what must be held whole is held.
    pub fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Acquire)
    }

    /// Time since the last successful pull began; `None` before the first.
    pub fn age(&self, now: Duration) -> Option<Duration> {
        let last = Duration::from_millis(self.last_ok_ms.load(Ordering::Acquire));
        (!last.is_zero()).then(|| now.saturating_sub(last))
    }

    /// Successful pulls, failed ones, and those that only the read database answered, since the start.
    pub fn counts(&self) -> [u64; 3] {
        [&self.pulls, &self.failures, &self.from_replica].map(|count| count.load(Ordering::Relaxed))
    }

    /// Which history of the data is followed; `None` before the primary has answered.
    pub fn epoch(&self) -> Option<Epoch> {
        self.epoch.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// As before the first pull.
    pub(crate) fn forget(&self) {
        self.is_ready.store(false, Ordering::Release);
        self.last_ok_ms.store(0, Ordering::Release);
        self.follow(None);
    }

    fn follow(&self, epoch: Option<Epoch>) {
        *self.epoch.lock().unwrap_or_else(PoisonError::into_inner) = epoch;
    }

    fn succeeded(&self, began: Duration) {
        let began_ms = u64::try_from(began.as_millis()).unwrap_or(u64::MAX).max(1);
        self.last_ok_ms.store(began_ms, Ordering::Release);
        self.pulls.fetch_add(1, Ordering::Relaxed);
    }
}

/// Pulls until `stop` is cancelled.
pub async fn run(reader: SharedReader, stop: CancellationToken) {
    let every = Duration::from_millis(reader.options.cache.pull_ms);
    let least = Duration::from_millis(reader.options.cache.pull_gap_ms);
    let mut mark = Mark::default();
    let (mut gap, mut was_asked) = (least, false);
    loop {
        let number = reader.pull.begun.fetch_add(1, Ordering::AcqRel) + 1;
        let is_news = pull(&reader, &mut mark).await.unwrap_or_else(|error| {
            reader.pull.failures.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(%error, "the pull failed");
            false
        });
        gap = next_gap(gap, least, every, was_asked && !is_news);
        reader.pull.ended.send_replace(number);
        let out_of_turn = async {
            tokio::time::sleep(gap).await;
            reader.pull.wish.notified().await;
        };
        was_asked = tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(jittered(every, reader.jitter())) => false,
            () = out_of_turn => true,
        };
    }
}

/// The least time before a pull out of turn. It doubles each time that one was in vain: anybody may ask for a version
/// that nobody wrote, and must not keep the database busy with it.
fn next_gap(gap: Duration, least: Duration, most: Duration, was_in_vain: bool) -> Duration {
    if was_in_vain {
        (gap * 2).min(most).max(least)
    } else {
        least
    }
}

/// Older than every transaction id.
const FIRST: &str = "0";

/// Up to where the changes are known.
#[derive(Debug)]
struct Mark {
    watermark: String,
    /// Whose watermark that is; `None` before the primary has answered.
    epoch: Option<Epoch>,
    /// How far the primary had written.
    lsn: i64,
}

impl Default for Mark {
    fn default() -> Self {
        Self {
            watermark: FIRST.to_owned(),
            epoch: None,
            lsn: 0,
        }
    }
}

impl Mark {
    /// Whether the primary's answer is of another history than the one before: its name says so, or it has written less,
    /// or a version is lower than was `known` when it was asked.
    fn is_left_by(&self, news: &News, known: &Required) -> bool {
        self.epoch.as_ref() != Some(&news.epoch)
            || news.lsn.is_some_and(|lsn| lsn < self.lsn)
            || news
                .changes
                .iter()
                .any(|change| change.version < known.of(change.topic))
    }
}

/// One pull; tells whether it brought anything new.
async fn pull(reader: &SharedReader, mark: &mut Mark) -> Result<bool, FillError> {
    let began = reader.clock.elapsed();
    let known = reader.versions.snapshot();
    let (mut news, mut source) = ask(reader, &mark.watermark).await?;
    if source == Source::Primary && mark.is_left_by(&news, &known) {
        // A watermark of another history may be above changes of this one.
        let is_of_another = mark.watermark != FIRST;
        if mark.epoch.is_some() {
            tracing::warn!(epoch = ?news.epoch, "the database was restored or replaced: everything is fetched anew");
            reader.forget().await;
        }
        *mark = Mark {
            epoch: Some(news.epoch.clone()),
            ..Mark::default()
        };
        if is_of_another {
            (news, source) = ask(reader, FIRST).await?;
        }
    }
    let era = reader.versions.load().era();
    reader.versions.drop_older_than(era, &news.purged);
    let raised = reader.versions.raise(era, &news.changes, reader.clock.elapsed());
    if reader.pull.is_ready() {
        fetch_touched(reader, &raised);
        catch_up(reader);
    } else {
        fill_whole(reader).await?;
        reader.pull.is_ready.store(true, Ordering::Release);
        tracing::info!(operators = reader.directory.len(), "ready");
    }
    mark.watermark = news.watermark;
    mark.lsn = news.lsn.unwrap_or(mark.lsn);
    reader.pull.follow(mark.epoch.clone());
    match source {
        Source::Primary => reader.pull.succeeded(began),
        // It may lag by any time: what it says is taken over, but confirms nothing.
        Source::Nearby => {
            reader.pull.from_replica.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(!raised.is_empty())
}

/// Not through [`Reader::fetch`]: the pull must not queue behind the pages' fetches.
async fn ask(reader: &Reader, watermark: &str) -> Result<(News, Source), FillError> {
    let asked = watermark.to_owned();
    reader
        .databases
        .newest(move |db| {
            let asked = asked.clone();
            Box::pin(async move { Ok::<_, FillError>(changes_since(db, &asked).await?) })
        })
        .await
}

/// The answer to one pull.
struct News {
    /// Which history it is of.
    epoch: Epoch,
    /// How far the server has written; none of a standby.
    lsn: Option<i64>,
    /// From where to ask the next time.
    watermark: String,
    /// The versions.
    changes: Vec<Change>,
    /// The versions of the last hard purges.
    purged: Vec<Change>,
}

/// Fetches what is held whole, before anything is served.
async fn fill_whole(reader: &SharedReader) -> Result<(), FillError> {
    reader.fill(Job::Directory).await?;
    reader.fill(Job::Disabled).await?;
    let limit = Duration::from_millis(reader.options.cache.fill_wait_ms);
    let sports: Vec<Flight<Arc<Entry>>> = Sport::all()
        .filter(|sport| reader.versions.load().of(Topic::feed(*sport)) > Version::NONE)
        .filter_map(|sport| reader.refresh(Job::Sport(sport)))
        .collect();
    for flight in sports {
        flight.ended(limit).await;
    }
    Ok(())
}

/// Begins to fetch what these changes touch, or joins the fetches that do already. Returns the fetches.
pub(super) fn fetch_touched(reader: &Arc<Reader>, changes: &[Change]) -> Vec<Flight<Arc<Entry>>> {
    let mut jobs: Vec<Job> = changes
        .iter()
        .flat_map(|change| touched(reader, change.topic))
        .collect();
    let mut seen = HashSet::new();
    jobs.retain(|job| seen.insert(*job));
    jobs.sort_by_key(|job| matches!(job, Job::Page(_)));
    // After a purge of everything that is all of memory: the rest is fetched when it is asked for.
    jobs.truncate(reader.options.cache.prefetch_max);
    jobs.into_iter().filter_map(|job| reader.refresh(job)).collect()
}

/// Begins again to fetch what is held whole and known to be old. News is told once; a fetch that failed, or that began
/// before it, must not lose it: nobody ever asks for an operator whose name is not known here yet.
fn catch_up(reader: &Arc<Reader>) {
    let jobs = [Job::Directory, Job::Disabled]
        .into_iter()
        .chain(Sport::all().map(Job::Sport));
    for job in jobs.filter(|job| reader.is_behind(*job)) {
        let _ = reader.refresh(job);
    }
}

/// What has to be fetched after a change: all that is held whole, and of the pages those in memory.
fn touched(reader: &Reader, topic: Topic) -> Vec<Job> {
    let id = topic.operator_id;
    let pages: &[Page] = match topic.kind {
        // One after the other: a page that is put together with an old directory would be too old.
        Kind::Operator if is_behind(reader, id) => return vec![Job::Directory],
        Kind::DisabledEvents => return vec![Job::Disabled],
        Kind::Feed(sport) => return vec![Job::Sport(sport)],
        Kind::Operator | Kind::Branding => &[Page::Branding(id), Page::Bootstrap(id)],
        Kind::Theme => &[Page::Theme(id), Page::ThemeCss(id), Page::Bootstrap(id)],
        Kind::Templates => &[Page::Templates],
        // Fetched when somebody asks.
        Kind::Leaderboard => &[],
    };
    let in_memory = |page: &&Page| reader.pages.get(**page).is_some();
    pages
        .iter()
        .filter(in_memory)
        .map(|page| Job::Page(*page))
        .collect()
}

/// Every version changed by a transaction that is not older than `watermark`, and the watermark of the next question:
/// the oldest transaction that was still running when this was read.
///
/// The question may go to the primary and the next one to its standby, or the other way round. A standby has the ids of
/// its primary; its oldest running transaction is the oldest that it has not replayed to the end. So, wherever `w` was
/// read, every transaction below `w` had ended there and its versions were among the answers up to then; a server that
/// is asked from `w` on tells all others that it knows. Its own watermark may be lower, when it lags behind: then more
/// is told twice. It is taken over as it is, so that it never is above what that server knows.
///
/// What was restored from a dump has ids of another server, which may not have been given out here yet. Such rows are
/// among the first answer only: what changes a row gives it an id of this server.
async fn changes_since(db: &mut PgConnection, watermark: &str) -> Result<News, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select
            always.epoch as "epoch!",
            always.lsn,
            pg_snapshot_xmin(pg_current_snapshot())::text as "xmin!",
            v.operator_id as "operator_id?: OperatorId",
            v.kind as "kind?",
            v.version as "version?: Version",
            v.hard_version as "hard_version?: Version"
        from (
            select
                data_epoch() as epoch,
                case when not pg_is_in_recovery() then pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint end as lsn
        ) as always
        left join cache_versions v
            on v.changed_xid >= $1::text::xid8
            and (v.changed_xid < pg_snapshot_xmax(pg_current_snapshot()) or $1 = $2)
        "#,
        watermark,
        FIRST,
    )
    .fetch_all(db)
    .await?;
    let first = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    let mut news = News {
        epoch: first.epoch.clone().into(),
        lsn: first.lsn,
        watermark: first.xmin.clone(),
        changes: Vec::with_capacity(rows.len()),
        purged: Vec::new(),
    };
    for row in rows {
        // A kind that this version does not know belongs to a newer one; it shows nothing of it.
        let kind = row.kind.and_then(|kind| kind.parse().ok());
        let (Some(operator), Some(kind), Some(version)) = (row.operator_id, kind, row.version) else {
            continue;
        };
        let topic = Topic::of(operator, kind);
        news.changes.push(Change { topic, version });
        let hard = row.hard_version.filter(|version| *version > Version::NONE);
        news.purged.extend(hard.map(|version| Change { topic, version }));
    }
    Ok(news)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_in_vain_waits_longer_each_time_until_somebody_does_not() {
        let ms = Duration::from_millis;
        let mut gap = ms(20);
        let mut gaps = Vec::new();
        for was_in_vain in [true, true, true, false, true] {
            gap = next_gap(gap, ms(20), ms(100), was_in_vain);
            gaps.push(gap);
        }
        assert_eq!(gaps, [40, 80, 100, 20, 40].map(ms));
    }
}
