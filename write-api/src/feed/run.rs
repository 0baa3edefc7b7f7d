//! Reads the whole feed again and again. Must never let one sport stop the others, or hold up shutdown.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use shared::db::DbError;
use shared::ids::Version;
use shared::sports::Sport;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::app::SharedApp;

use super::refresh::{Known, Refresh, RefreshError, Refreshed};
use super::source::{Source, SourceError};
use super::store;

/// Keeps the events in step with the feed until `stop`, if there is a feed.
pub fn spawn(app: SharedApp, stop: CancellationToken) {
    let source = match Source::new(&app.options.feed) {
        Ok(Some(source)) => source,
        Ok(None) => return,
        Err(error) => {
            tracing::error!(%error, "no HTTP client could be made: the feed is off");
            return;
        }
    };
    app.feed.begin(source.shown());
    let tasks = app.tasks.clone();
    let runner = Runner {
        app,
        source: Arc::new(source),
        known: HashMap::new(),
    };
    // What is under way is dropped at the stop; a transaction that has begun ends in a task of its own.
    tasks.spawn(stop.run_until_cancelled_owned(runner.run()));
}

struct Runner {
    app: SharedApp,
    source: Arc<Source>,
    known: HashMap<Sport, Known>,
}

impl Runner {
    async fn run(mut self) {
        let pause = Duration::from_secs(self.app.options.feed.feed_interval_s.into());
        let mut ticks = tokio::time::interval(pause);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let result = self.read_all().await;
            let code = result.as_ref().err().map(RefreshError::code);
            let is_news = self.app.feed.read(self.app.clock.now(), code);
            match result {
                Err(error) if is_news => {
                    tracing::warn!(%error, "the feed can't be read: what is known stays listed");
                }
                Ok(()) if is_news => tracing::info!("the feed can be read again"),
                _ => {}
            }
        }
    }

    async fn read_all(&mut self) -> Result<(), RefreshError> {
        self.source.check().await?;
        let versions = self.versions().await?;
        let sports: Vec<Sport> = self.app.options.feed.feed_sports.iter().collect();
        let work: Vec<Refresh> = sports
            .into_iter()
            .map(|sport| self.work_on(sport, &versions))
            .collect();
        let at_once = self.app.options.feed.feed_sports_at_once.into();
        let mut results = stream::iter(work).map(run).buffer_unordered(at_once);
        while let Some((sport, result)) = results.next().await {
            let had_events = versions.contains_key(&sport) || self.known.contains_key(&sport);
            match result {
                Ok(refreshed) => self.succeeded(sport, refreshed),
                Err(RefreshError::Source(SourceError::Missing)) if !had_events => {
                    self.app.feed.has_none(sport);
                }
                Err(error) => self.failed(sport, &error),
            }
        }
        Ok(())
    }

    async fn versions(&self) -> Result<BTreeMap<Sport, Version>, DbError> {
        let read = self
            .app
            .db
            .read(|db| Box::pin(async move { Ok::<_, DbError>(store::versions(db).await?) }));
        read.await
    }

    fn work_on(&self, sport: Sport, versions: &BTreeMap<Sport, Version>) -> Refresh {
        Refresh {
            app: Arc::clone(&self.app),
            source: Arc::clone(&self.source),
            sport,
            known: self.known.get(&sport).cloned(),
            version: versions.get(&sport).copied().unwrap_or_default(),
        }
    }

    fn succeeded(&mut self, sport: Sport, Refreshed { known, found }: Refreshed) {
        if let Some(known) = known {
            self.known.insert(sport, known);
        }
        if let Some(found) = &found {
            let (rows, version, ms) = (found.rows_written, found.version.get(), found.duration_ms);
            if rows > 0 {
                tracing::info!(%sport, rows, version, ms, "the events changed");
            }
        }
        let (source, now) = (self.source.shown_of(sport), self.app.clock.now());
        if self.app.feed.succeeded(sport, source, now, found) {
            tracing::info!(%sport, "the feed is in use again");
        }
    }

    fn failed(&self, sport: Sport, error: &RefreshError) {
        let (source, now) = (self.source.shown_of(sport), self.app.clock.now());
        let code = error.code();
        if !self.app.feed.failed(sport, source, now, code) {
            return;
        }
        if matches!(error, RefreshError::WrittenElsewhere) {
            tracing::debug!(%sport, "another instance writes the events");
        } else {
            tracing::warn!(%sport, code, %error, "the feed can't be used: what is known stays listed");
        }
    }
}

/// Runs in a task, so that a panic costs nothing but this sport's turn.
async fn run(work: Refresh) -> (Sport, Result<Refreshed, RefreshError>) {
    let sport = work.sport;
    let task = AbortOnDropHandle::new(tokio::spawn(work.run()));
    (sport, task.await.unwrap_or_else(|error| Err(error.into())))
}
