//! The task that reads results and orders what they decide. Must never order what a settlement says already, nor take a
//! result for an event with other sides, or for one that should not have started yet.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use shared::db::DbError;
use shared::ids::OperatorId;
use shared::sports::Sport;
use tokio::task::{JoinError, spawn_blocking};
use tokio_util::sync::CancellationToken;

use super::order::{Order, Said, Source as Says, order};
use super::results::{EventResult, Results, ResultsError, read};
use super::rules::{Outcome, Question, decide};
use super::store::{self, AskedSelection};
use crate::app::SharedApp;
use crate::feed::ResultsPlace;
use crate::feed::source::{Got, Mark, Source, SourceError};

/// Events whose markets are looked for at once.
const EVENTS_AT_ONCE: usize = 200;

/// Where results come from.
#[derive(Clone, Debug, clap::Args)]
pub struct ResultsOptions {
    /// Results in GoalServe's format: a folder of files such as `soccer_results.json`, or an http(s) URL. Where the URL
    /// holds `{sport}`, that is replaced with the sport's key; else `/soccer_results.json` and so on is added to its
    /// path. Empty for none: then markets are settled by hand.
    #[arg(long, env = "RESULTS", default_value = "", hide_env_values = true)]
    pub results: ResultsPlace,
    /// Pause between two readings of the results, in seconds.
    #[arg(long, env = "RESULTS_INTERVAL_S", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    pub results_interval_s: u32,
}

/// Why the results of a sport were not used.
#[derive(Debug, thiserror::Error)]
enum ScoresError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Results(#[from] ResultsError),
    #[error("the work broke off: {0}")]
    Broken(#[from] JoinError),
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Reads results every now and then until `stop`, if there are any.
pub fn spawn_scores(app: &SharedApp, stop: CancellationToken) {
    let options = &app.options;
    let source = match Source::of_results(&options.results.results, &options.feed) {
        Ok(Some(source)) => source,
        Ok(None) => return,
        Err(error) => {
            tracing::error!(%error, "no HTTP client could be made: results are not read");
            return;
        }
    };
    let reader = Reader {
        app: Arc::clone(app),
        source,
        known: HashMap::new(),
    };
    app.tasks.spawn(stop.run_until_cancelled_owned(reader.run()));
}

/// What was read last of a sport.
struct Known {
    mark: Option<Mark>,
    hash: [u8; 32],
}

struct Reader {
    app: SharedApp,
    source: Source,
    known: HashMap<Sport, Known>,
}

impl Reader {
    async fn run(mut self) {
        let pause = Duration::from_secs(self.app.options.results.results_interval_s.into());
        let sports: Vec<Sport> = self.app.options.feed.feed_sports.iter().collect();
        loop {
            for sport in &sports {
                match self.read(*sport).await {
                    Ok(()) | Err(ScoresError::Source(SourceError::Missing)) => {}
                    Err(error) => {
                        tracing::warn!(%sport, %error, "results can't be used; they are read again");
                    }
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn read(&mut self, sport: Sport) -> Result<(), ScoresError> {
        let known = self.known.get(&sport);
        let mark = known.and_then(|known| known.mark.clone());
        let now = self.app.clock.now();
        let Got::Content { bytes, mark } = self.source.get(sport, mark, now.into()).await? else {
            return Ok(());
        };
        let hash: [u8; 32] = Sha256::digest(&bytes).into();
        if known.is_none_or(|known| known.hash != hash) {
            let limits = self.app.options.feed.limits();
            let results = spawn_blocking(move || read(&bytes, sport, &limits)).await??;
            if !self.apply(results).await? {
                return Ok(());
            }
        }
        self.known.insert(sport, Known { mark, hash });
        Ok(())
    }

    /// Orders what the results decide of the markets that anybody bet on. Whether that was all: a result that comes before
    /// its event should have started is asked about again.
    async fn apply(&self, results: Results) -> Result<bool, ScoresError> {
        let sport = results.sport;
        let mut is_all = true;
        for events in results.events.chunks(EVENTS_AT_ONCE) {
            let now = self.app.clock.now();
            let ids: Arc<[String]> = events.iter().map(|event| event.id.clone()).collect();
            let find = self.app.db.read(move |db| {
                let ids = Arc::clone(&ids);
                Box::pin(async move {
                    let asked = store::asked_selections(db, sport, &ids, now).await?;
                    Ok::<_, DbError>((asked, store::said_by_results(db, sport, &ids).await?))
                })
            });
            let (mut asked, said) = find.await?;
            let found = asked.len();
            asked.retain(|one| !one.is_early);
            is_all &= asked.len() == found;
            let by_event: HashMap<&str, &EventResult> =
                events.iter().map(|event| (event.id.as_str(), event)).collect();
            for ((event, market), of) in decided(sport, &asked, &by_event) {
                if said.get(&(event.clone(), market.clone())) != Some(&of) {
                    self.order(sport, event, market, of).await?;
                }
            }
        }
        Ok(is_all)
    }

    async fn order(
        &self,
        sport: Sport,
        event: String,
        market: String,
        of: BTreeMap<String, Outcome>,
    ) -> Result<(), DbError> {
        let said = Order {
            operator: OperatorId::PLATFORM,
            sport,
            event,
            market,
            said: Said::Outcomes { of, others: None },
            source: Says::Results,
            reason: None,
            made_by: "results".to_owned(),
            at: self.app.clock.now(),
        };
        let write = self.app.db.write(move |db| {
            let said = said.clone();
            Box::pin(async move { Ok::<_, DbError>(order(db, &said).await?) })
        });
        write.await.map(|_| ())
    }
}

/// What the results decide, by event and market.
fn decided(
    sport: Sport,
    asked: &[AskedSelection],
    results: &HashMap<&str, &EventResult>,
) -> BTreeMap<(String, String), BTreeMap<String, Outcome>> {
    let mut all: BTreeMap<_, BTreeMap<String, Outcome>> = BTreeMap::new();
    for one in asked {
        let is_same = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
        let result = results.get(one.event_id.as_str());
        let result =
            result.filter(|result| is_same(&result.home, &one.home) && is_same(&result.away, &one.away));
        let Some(result) = result else { continue };
        let offered: Vec<&str> = one.offered.iter().map(String::as_str).collect();
        let question = Question {
            sport,
            home: &one.home,
            away: &one.away,
            market: &one.market_name,
            selection: &one.selection_name,
            line: one.line.as_deref(),
            line_kind: one.line_kind(),
            offered: &offered,
        };
        if let Some(outcome) = decide(&question, &result.score) {
            let market = (one.event_id.clone(), one.market_id.clone());
            all.entry(market)
                .or_default()
                .insert(one.selection_id.clone(), outcome);
        }
    }
    all
}
