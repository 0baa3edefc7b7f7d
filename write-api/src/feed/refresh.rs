//! Brings the events of one sport in step with its feed: get, read, compare, write, tell the readers.
//! Must never hold a connection but for one batch, nor leave a committed batch untold.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use shared::coherence::Topic;
use shared::db::DbError;
use shared::ids::Version;
use shared::sports::Sport;
use sqlx::PgConnection;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::task::{JoinError, spawn_blocking};

use crate::app::SharedApp;
use crate::betting::gate;
use crate::coherence::{News, bump};

use super::changes::{Batch, BatchLimits, Batches, Changes, ContentHash, Hashed, changes, is_usable};
use super::parse::{FeedError, FeedLimits, parse_within};
use super::source::{Got, Mark, Source, SourceError};
use super::status::{Found, milliseconds};
use super::store;

/// Why a sport's events are not in step with its feed.
#[derive(Debug, thiserror::Error)]
pub(super) enum RefreshError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Feed(#[from] FeedError),
    #[error("the feed is about {0}")]
    OtherSport(Sport),
    #[error("none of the feed's matches can be read")]
    NothingUsable,
    #[error("another instance writes this sport's events")]
    WrittenElsewhere,
    #[error("the events can't be rendered: {0}")]
    Render(#[from] serde_json::Error),
    #[error("the work broke off: {0}")]
    Broken(#[from] JoinError),
    #[error(transparent)]
    Database(DbError),
}

shared::transaction_error!(RefreshError);

impl RefreshError {
    /// The stable name in logs and answers.
    pub(super) const fn code(&self) -> &'static str {
        match self {
            Self::Source(error) => error.code(),
            Self::Feed(error) => error.code(),
            Self::OtherSport(_) => "other_sport",
            Self::NothingUsable => "nothing_usable",
            Self::WrittenElsewhere => "written_elsewhere",
            Self::Render(_) | Self::Broken(_) => "broken",
            Self::Database(_) => "database",
        }
    }
}

/// A feed that the store is known to hold.
#[derive(Clone, Debug)]
pub(super) struct Known {
    mark: Option<Mark>,
    file_hash: ContentHash,
    /// The sport's version then. Where it is another now, somebody else wrote.
    version: Version,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Refreshed {
    /// What the store is known to hold now; none when nothing new was learnt.
    pub(super) known: Option<Known>,
    /// What was found in new content.
    pub(super) found: Option<Found>,
}

/// The work on one sport.
pub(super) struct Refresh {
    pub(super) app: SharedApp,
    pub(super) source: Arc<Source>,
    pub(super) sport: Sport,
    pub(super) known: Option<Known>,
    /// The version of the sport's events, from before its feed is read.
    pub(super) version: Version,
}

impl Refresh {
    pub(super) async fn run(self) -> Result<Refreshed, RefreshError> {
        let clock = &self.app.clock;
        let (now, begun) = (clock.now(), clock.elapsed());
        let known = self.known.as_ref().filter(|known| known.version == self.version);
        let mark = known.and_then(|known| known.mark.clone());
        let known_hash = known.map(|known| known.file_hash);
        let Got::Content { bytes, mark } = self.source.get(self.sport, mark, now.into()).await? else {
            return Ok(Refreshed {
                known: None,
                found: None,
            });
        };
        let (sport, limits) = (self.sport, self.app.options.feed.limits());
        let read = spawn_blocking(move || read(bytes, known_hash, sport, now.year(), &limits)).await??;
        let (file_hash, content) = read;
        let mut known = Known {
            mark,
            file_hash,
            version: self.version,
        };
        let Some(Content { mut found, events }) = content else {
            return Ok(Refreshed {
                known: Some(known),
                found: None,
            });
        };
        let mut written = Written::default();
        let outcome = self.bring_in_step(events, &mut written).await;
        if let Some(newest) = written.newest {
            known.version = newest.version();
            self.app.readers.push(newest).await;
        }
        outcome?;
        found.rows_written = written.rows;
        found.version = known.version;
        found.duration_ms = milliseconds(clock.elapsed().saturating_sub(begun));
        Ok(Refreshed {
            known: Some(known),
            found: Some(found),
        })
    }

    async fn bring_in_step(&self, events: Vec<Hashed>, written: &mut Written) -> Result<(), RefreshError> {
        let sport = self.sport;
        let ids: Arc<[String]> = events.iter().map(|hashed| hashed.event.id.clone()).collect();
        let stored = self.app.db.read(move |db| {
            let ids = Arc::clone(&ids);
            Box::pin(async move { Ok::<_, DbError>(store::stored(sport, &ids, db).await?) })
        });
        let Changes { to_write, to_delist } = changes(events, stored.await?);
        self.write(to_write, written).await?;
        self.delist(to_delist, written).await
    }

    async fn write(&self, events: Vec<Hashed>, written: &mut Written) -> Result<(), RefreshError> {
        let limits = self.batch_limits();
        // One batch is rendered while the one before is written.
        let (rendered, mut batches) = mpsc::channel(1);
        let rendering = spawn_blocking(move || {
            for batch in Batches::new(events.into_iter(), limits) {
                // Fails when writing ended early.
                if rendered.blocking_send(batch).is_err() {
                    return;
                }
            }
        });
        while let Some(batch) = batches.recv().await {
            let portion = Portion::Events(Arc::new(batch?));
            written.add(self.commit(portion).await?);
        }
        // Without this, a panic would look like the end of the events.
        Ok(rendering.await?)
    }

    async fn delist(&self, ids: Vec<String>, written: &mut Written) -> Result<(), RefreshError> {
        for ids in ids.chunks(self.batch_limits().rows) {
            written.add(self.commit(Portion::Gone(ids.into())).await?);
        }
        Ok(())
    }

    /// Writes a portion in a transaction of its own, and bumps the sport's version in it if that changed anything.
    async fn commit(&self, portion: Portion) -> Result<Option<(u64, News)>, RefreshError> {
        let (sport, now) = (self.sport, self.app.clock.now());
        let write = self.app.db.write(move |db| {
            let portion = portion.clone();
            Box::pin(async move { portion.write(sport, now, db).await })
        });
        write.await
    }

    fn batch_limits(&self) -> BatchLimits {
        let options = &self.app.options.feed;
        BatchLimits {
            rows: usize::try_from(options.feed_batch_rows).unwrap_or(usize::MAX),
            bytes: options.feed_batch_bytes,
        }
    }
}

/// What one transaction writes.
#[derive(Clone)]
enum Portion {
    /// Events with all their markets.
    Events(Arc<Batch>),
    /// Ids of events that the feed names no more.
    Gone(Arc<[String]>),
}

impl Portion {
    /// The rows that were written and the bump for them; none where all was written before.
    async fn write(
        self,
        sport: Sport,
        now: OffsetDateTime,
        db: &mut PgConnection,
    ) -> Result<Option<(u64, News)>, RefreshError> {
        if !store::try_lock(sport, db).await? {
            return Err(RefreshError::WrittenElsewhere);
        }
        let ids: &[String] = match &self {
            Self::Events(batch) => &batch.ids,
            Self::Gone(ids) => ids,
        };
        let events: Vec<_> = ids.iter().map(|id| (sport, id.clone())).collect();
        gate::close(&events, db).await?;
        let rows = match self {
            Self::Events(batch) => {
                store::write_events(sport, &batch, now, db).await?
                    + store::write_markets(sport, &batch, db).await?
            }
            Self::Gone(ids) => store::delist(sport, &ids, now, db).await?,
        };
        if rows == 0 {
            return Ok(None);
        }
        Ok(Some((rows, bump(Topic::feed(sport), db).await?)))
    }
}

/// What the transactions so far have committed.
#[derive(Default)]
struct Written {
    rows: u64,
    newest: Option<News>,
}

impl Written {
    fn add(&mut self, committed: Option<(u64, News)>) {
        if let Some((rows, change)) = committed {
            self.rows += rows;
            self.newest = Some(change);
        }
    }
}

/// What a feed says, for a start without what writing it comes to.
struct Content {
    found: Found,
    events: Vec<Hashed>,
}

/// The hash of the bytes, and what they say unless that is known. CPU only.
fn read(
    bytes: Vec<u8>,
    known_hash: Option<ContentHash>,
    sport: Sport,
    year: i32,
    limits: &FeedLimits,
) -> Result<(ContentHash, Option<Content>), RefreshError> {
    let file_hash: ContentHash = Sha256::digest(&bytes).into();
    if known_hash == Some(file_hash) {
        return Ok((file_hash, None));
    }
    let feed = parse_within(&bytes, Some(sport.key()), year, limits)?;
    drop(bytes);
    if feed.sport != sport {
        return Err(RefreshError::OtherSport(feed.sport));
    }
    if !is_usable(&feed) {
        return Err(RefreshError::NothingUsable);
    }
    let found = Found {
        feed_time: feed.feed_time,
        fetched_at: feed.fetched_at,
        counts: feed.counts,
        ..Found::default()
    };
    let hashed = |event: super::parse::Event| Hashed {
        hash: event.content_hash(),
        event,
    };
    let events = feed.events.into_iter().map(hashed).collect();
    Ok((file_hash, Some(Content { found, events })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_soccer(
        json: &str,
        known_hash: Option<ContentHash>,
    ) -> Result<(ContentHash, Option<Content>), &'static str> {
        let soccer = Sport::find("soccer").unwrap();
        read(json.into(), known_hash, soccer, 2030, &FeedLimits::default()).map_err(|error| error.code())
    }

    fn refusal(json: &str) -> &'static str {
        read_soccer(json, None).err().unwrap()
    }

    const EMPTY: &str = r#"{"scores":{"categories":[]}}"#;

    #[test]
    fn known_bytes_are_not_read_again() {
        let (hash, content) = read_soccer(EMPTY, None).unwrap();
        assert!(content.unwrap().events.is_empty());
        let (again, content) = read_soccer(EMPTY, Some(hash)).unwrap();
        assert!(content.is_none());
        assert_eq!(again, hash);
        let (other, content) = read_soccer(&format!(" {EMPTY}"), Some(hash)).unwrap();
        assert!(content.is_some());
        assert_ne!(other, hash);
    }

    #[test]
    fn what_is_no_feed_of_this_sport_is_refused() {
        for (json, code) in [
            ("", "not_json"),
            ("<html>502</html>", "not_json"),
            (r#"{"scores":{"categories":[]}"#, "not_json"),
            (r#"{"error":"no such key"}"#, "no_scores"),
            (
                r#"{"metadata":{"sport":"tennis"},"scores":{"categories":[]}}"#,
                "other_sport",
            ),
            (
                r#"{"scores":{"categories":[{"matches":[{"id":"1"}]}]}}"#,
                "nothing_usable",
            ),
            (r#"{"scores":{"categories":["maintenance"]}}"#, "nothing_usable"),
        ] {
            assert_eq!(refusal(json), code, "{json}");
        }
    }
}
