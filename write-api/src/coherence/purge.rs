//! The command that makes readers fetch anew what they hold, although nothing changed: after the data was changed by
//! hand, or when a page must not be shown any longer. Must never say that a reader knows before that reader said so.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use clap::{ArgGroup, Args};
use serde_json::json;
use shared::clock::Clock;
use shared::coherence::{Change, Kind, MAX_CHANGES, Older, WebhookSecrets};
use shared::db::DbError;
use shared::ids::{OperatorId, Subdomain};
use shared::random::Random;
use tokio_util::task::TaskTracker;

use super::delivery::Delivery;
use super::options::ReaderOptions;
use super::readers::{Readers, Said};
use super::store::{self, News};
use crate::accounts::cli::{Target, reason, subdomain};
use crate::accounts::{CreateError, find_operator};
use crate::audit::{self, Action, Doer};

/// Options of `write-api purge`.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("scope").required(true).args(["all", "operator"]),
    group = ArgGroup::new("manner").required(true).args(["soft", "hard"]),
)]
pub(crate) struct Purge {
    /// Purge everything: all operators, the sports and the theme templates.
    #[arg(long)]
    all: bool,
    /// Purge what readers hold of the operator of this subdomain.
    #[arg(long, value_name = "SUBDOMAIN", value_parser = subdomain)]
    operator: Option<Subdomain>,
    /// Readers show what they hold until they have fetched it anew.
    #[arg(long)]
    soft: bool,
    /// Readers show nothing older than the purge any more: requests wait for the fetch, and are refused if it fails.
    #[arg(long)]
    hard: bool,
    /// Secrets that sign pushes to readers, as for `write-api serve`.
    #[arg(long, env = "WEBHOOK_SECRET", hide_env_values = true)]
    webhook_secret: WebhookSecrets,
    #[command(flatten)]
    readers: ReaderOptions,
    #[command(flatten)]
    target: Target,
}

/// Why a purge did not reach everybody. Unless the database refused it, it is committed all the same, and readers learn
/// of it from their pull.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PurgeError {
    /// There is no such operator.
    #[error(transparent)]
    Operator(CreateError),
    /// The database can't be used; nothing was purged.
    #[error("{0}{cause}", cause = reason(.0))]
    Database(DbError),
    /// No HTTP client could be made.
    #[error("no HTTP client could be made: {0}")]
    Client(#[from] reqwest::Error),
    /// Some readers were not reached.
    #[error("{0} of the readers could not be reached: they learn of it from their next pull, if they live")]
    Unreachable(usize),
}

shared::transaction_error!(PurgeError);

impl From<CreateError> for PurgeError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Database(error) => Self::Database(error),
            refused => Self::Operator(refused),
        }
    }
}

/// Purges, tells every reader and prints what each said.
pub(crate) async fn purge(options: Purge, clock: &Clock, random: &Random) -> Result<(), PurgeError> {
    shared::tls::choose();
    let older = if options.hard { Older::Dropped } else { Older::Kept };
    let news = committed(&options, older, clock).await?;
    let raised = news.changes.len();
    println!("{raised} versions were raised");
    let told = tell(options, news, older, clock, random).await?;
    if told.is_empty() {
        println!("no readers are known here: each learns of it from its next pull");
    }
    print!("{}", shown(&told, raised));
    let lost = told.iter().filter(|said| said.delivery == Delivery::Unreachable);
    match lost.count() {
        0 => Ok(()),
        lost => Err(PurgeError::Unreachable(lost)),
    }
}

/// Raises every version concerned in one transaction.
async fn committed(options: &Purge, older: Older, clock: &Clock) -> Result<News, PurgeError> {
    let db = options.target.open(clock)?;
    let (subdomain, is_hard, now) = (options.operator.clone(), options.hard, clock.now());
    let news = db
        .write(move |db| {
            let subdomain = subdomain.clone();
            Box::pin(async move {
                let operator = match &subdomain {
                    Some(subdomain) => Some(find_operator(db, subdomain).await?),
                    None => None,
                };
                let topics = store::held_by_readers(operator, db).await?;
                let news = store::raise(&topics, older, db).await?;
                let whose = operator.unwrap_or(OperatorId::PLATFORM);
                let change = audit::Change {
                    after: json!({ "versions": news.changes.len(), "is_hard": is_hard }),
                    ..audit::Change::default()
                };
                audit::record(whose, db, &Doer::at_console(whose, now), Action::Purged, change).await?;
                Ok::<_, PurgeError>(news)
            })
        })
        .await;
    db.close().await;
    news
}

/// Tells every reader, and again those that don't serve everything yet. What each came to, by address.
async fn tell(
    options: Purge,
    mut news: News,
    older: Older,
    clock: &Clock,
    random: &Random,
) -> Result<Vec<Said>, PurgeError> {
    let mut limits = options.readers;
    let (attempts, pause) = (limits.reader_attempts.max(1), limits.reader_backoff_ms);
    // Repeated here and not in the background: the last answer is the one to be printed.
    limits.reader_attempts = 1;
    let tasks = TaskTracker::new();
    let readers = Readers::new(
        limits,
        options.webhook_secret,
        clock.clone(),
        random.clone(),
        tasks.clone(),
    )?;
    // What is held whole first: pages are made of it.
    news.changes.sort_by_key(|change| {
        (
            matches!(change.topic.kind, Kind::Branding | Kind::Theme),
            change.topic,
        )
    });
    let mut told = Vec::new();
    for attempt in 0..attempts {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        told = tell_once(&readers, &news, older).await;
        if told.iter().all(|said| said.delivery == Delivery::Acknowledged) {
            break;
        }
    }
    tasks.close();
    tasks.wait().await;
    Ok(told)
}

/// One attempt, in as many pushes as it takes. A reader is as well off as after the worst of them.
async fn tell_once(readers: &Readers, news: &News, older: Older) -> Vec<Said> {
    let mut all: BTreeMap<String, Said> = BTreeMap::new();
    for part in news.changes.chunks(MAX_CHANGES) {
        let part = News {
            epoch: news.epoch.clone(),
            changes: part.to_vec(),
        };
        for said in readers.tell(part, older).await {
            match all.get_mut(&said.address) {
                None => {
                    all.insert(said.address.clone(), said);
                }
                Some(known) => {
                    known.delivery = known.delivery.max(said.delivery);
                    known.instance = said.instance.or(known.instance.take());
                    known.versions.extend(said.versions);
                }
            }
        }
    }
    all.into_values().collect()
}

/// More versions than this are only counted.
const MAX_SHOWN: usize = 24;

/// A line for each reader: what came of it, who it is, and what it serves.
fn shown(told: &[Said], changes: usize) -> String {
    let mut text = String::new();
    for said in told {
        let state = match said.delivery {
            Delivery::Acknowledged => "acknowledged",
            Delivery::Pending => "pending",
            Delivery::Unreachable => "unreachable",
        };
        let name = said.instance.as_deref().unwrap_or("?");
        let versions = if said.versions.len() > MAX_SHOWN {
            format!(" {} of {changes} versions answered", said.versions.len())
        } else {
            said.versions.iter().fold(String::new(), |text, served| {
                let Change { topic, version } = served;
                format!("{text} {}/{}={version}", topic.operator_id, topic.kind)
            })
        };
        // Writing to a String can't fail.
        let _ = writeln!(text, "{state} {name} {}{versions}", said.address);
    }
    text
}

#[cfg(test)]
mod tests {
    use shared::coherence::Topic;
    use shared::ids::{OperatorId, Version};

    use super::*;

    #[test]
    fn each_reader_is_shown_with_what_it_serves() {
        let served = |count: i64| {
            let versions = (1..=count).map(|id| Change {
                topic: Topic::of(OperatorId::new(id), Kind::Theme),
                version: Version::new(7),
            });
            versions.collect()
        };
        let said = |instance: Option<&str>, delivery, versions| Said {
            address: "http://10.0.0.7:8080".to_owned(),
            instance: instance.map(ToOwned::to_owned),
            delivery,
            versions,
        };
        let told = [
            said(Some("read-ams"), Delivery::Acknowledged, served(2)),
            said(Some("read-iad"), Delivery::Pending, served(30)),
            said(None, Delivery::Unreachable, Vec::new()),
        ];
        let expected = "acknowledged read-ams http://10.0.0.7:8080 1/theme=7 2/theme=7\n\
                        pending read-iad http://10.0.0.7:8080 30 of 40 versions answered\n\
                        unreachable ? http://10.0.0.7:8080\n";
        assert_eq!(shown(&told, 40), expected);
    }
}
