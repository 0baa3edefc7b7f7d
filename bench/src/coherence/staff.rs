//! Staff of one operator who change one thing after another, each watched at every reader. Must never begin a change
//! before the last one was seen everywhere.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use reqwest::Client;
use serde::Deserialize;
use shared::clock::Clock;
use shared::coherence::Change;
use sqlx::PgConnection;
use tokio::sync::watch;
use tokio::time::sleep;

use super::commits::committed_at;
use super::history::Commit;
use super::log::Log;
use super::subjects::Subject;
use super::watcher::{News, Watcher};
use crate::dice::Dice;

/// The staff of one operator, with everything that they need.
#[derive(Debug)]
pub(super) struct Staff {
    pub(super) subjects: Vec<Subject>,
    pub(super) writer: String,
    pub(super) client: Client,
    pub(super) db: PgConnection,
    pub(super) watchers: Vec<Watcher>,
    pub(super) log: Arc<Log>,
    pub(super) clock: Clock,
    pub(super) dice: Dice,
}

/// How they work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Changes to make.
    pub(super) changes: u32,
    /// Longest pause before a change; the real one is anything up to it, so that changes fall into the pulls' pauses
    /// anywhere.
    pub(super) longest_pause_ms: u64,
    /// Pause of a watcher between two looks.
    pub(super) look_pause: Duration,
}

/// The part of an answer to a change that is looked at.
#[derive(Deserialize)]
struct Announced {
    versions: Vec<Change>,
}

impl Staff {
    /// Makes all changes, and returns what was worked with.
    pub(super) async fn work(mut self, pace: Pace) -> Self {
        for (number, subject) in (0..pace.changes).zip(self.subjects.clone().iter().cycle()) {
            let pause = self.dice.below(pace.longest_pause_ms + 1);
            sleep(Duration::from_millis(pause)).await;
            let (tell, news) = watch::channel(News::Awaited);
            let mut watchers = std::mem::take(&mut self.watchers);
            let looks = watchers
                .iter_mut()
                .map(|watcher| watcher.look_until_seen(subject, news.clone(), pace.look_pause));
            let change = async {
                let news = match self.change(subject).await {
                    Ok(commit) => {
                        self.log.committed(commit);
                        News::Committed(commit.version)
                    }
                    Err(why) => {
                        self.log
                            .refused(format!("change {number} of {:?}: {why}", subject.topic()));
                        News::Refused
                    }
                };
                tell.send_replace(news);
            };
            join(change, join_all(looks)).await;
            self.watchers = watchers;
        }
        self
    }

    /// Makes one change, and finds out when it was committed.
    async fn change(&mut self, subject: &Subject) -> Result<Commit, String> {
        let (path, body) = subject.change(&self.dice);
        let asked = self.client.post(format!("{}{path}", self.writer));
        let asked = asked.bearer_auth(&subject.operator.staff_token).json(&body);
        let answer = asked.send().await.map_err(|error| error.to_string())?;
        let status = answer.status();
        if !status.is_success() {
            let text = answer.text().await.unwrap_or_default();
            return Err(format!("answered with {status}: {text}"));
        }
        let answer: Announced = answer.json().await.map_err(|error| error.to_string())?;
        let change = answer.versions.first();
        let change = change.ok_or_else(|| "the answer names no version".to_owned())?;
        let at = committed_at(&mut self.db, *change, &self.clock).await?;
        Ok(Commit {
            topic: change.topic,
            version: change.version,
            at,
        })
    }
}
