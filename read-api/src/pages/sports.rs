//! `/api/sports/…`: the events on offer, held whole in memory, less what an operator does not offer.
//! Must never be what a bet is checked against.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use shared::coherence::{Change, Kind, Topic};
use shared::http::QueryParams;
use shared::ids::{OperatorId, Version};
use shared::problem::{Problem, ProblemBody};
use shared::sports::Sport;
use utoipa::IntoParams;

use crate::app::{FillError, Job, Reader, SharedReader};
use crate::cache::Page;
use crate::cache::entry::{Body, Entry, FEED};
use crate::coherence::versions::Required;
use crate::databases::Source;
use crate::directory::Operator;
use crate::pages::Asked;

mod event;
mod legacy_odds;
mod render;
mod store;

use event::Event;
use render::{Disabled, EventView, SportView};

/// The events of one sport.
#[derive(Debug, Default)]
pub struct SportEvents {
    /// The feed's version.
    pub version: Version,
    events: Vec<Event>,
}

/// What one operator does not offer.
#[derive(Debug, Default)]
pub struct OperatorDisabled {
    /// The version of the list.
    pub version: Version,
    disabled: Disabled,
}

/// Every sport's events and every operator's disabled events; read without waiting.
#[derive(Debug, Default)]
pub struct Catalogue {
    sports: ArcSwap<HashMap<Sport, Arc<SportEvents>>>,
    disabled: ArcSwap<HashMap<OperatorId, Arc<OperatorDisabled>>>,
    writing: Mutex<()>,
}

impl Catalogue {
    /// The events of a sport; none when it has no feed.
    pub fn sport(&self, sport: Sport) -> Arc<SportEvents> {
        self.sports.load().get(&sport).cloned().unwrap_or_default()
    }

    /// What an operator does not offer.
    pub fn disabled(&self, operator: OperatorId) -> Arc<OperatorDisabled> {
        self.disabled.load().get(&operator).cloned().unwrap_or_default()
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.sports.store(Arc::default());
        self.disabled.store(Arc::default());
    }

    fn publish_sport(&self, sport: Sport, events: SportEvents) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.sport(sport).version <= events.version {
            let mut sports = HashMap::clone(&self.sports.load());
            sports.insert(sport, Arc::new(events));
            self.sports.store(Arc::new(sports));
        }
    }

    fn publish_disabled(&self, lists: Vec<(OperatorId, OperatorDisabled)>) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = HashMap::clone(&self.disabled.load());
        for (operator, list) in lists {
            if self.disabled(operator).version <= list.version {
                all.insert(operator, Arc::new(list));
            }
        }
        self.disabled.store(Arc::new(all));
    }
}

/// The sports that have events on offer, by key.
#[utoipa::path(get, path = "/api/sports/sports", tag = "pages",
    responses((status = 200, body = HashMap<String, SportView>), (status = 304)))]
pub async fn sports(State(reader): State<SharedReader>, headers: HeaderMap) -> Result<Response, Problem> {
    super::serve(&reader, Page::Sports, &headers).await
}

/// What a list of events is asked for.
#[derive(Deserialize, IntoParams)]
pub struct EventsQuery {
    /// Leave out what this operator (by subdomain) does not offer.
    operator: Option<String>,
}

/// The events of a sport that have not started, with all their markets.
#[utoipa::path(get, path = "/api/sports/events/{sport}", tag = "pages",
    params(("sport" = String, Path, description = "The sport's key, such as `soccer`"), EventsQuery),
    responses((status = 200, body = Vec<EventView<'static>>), (status = 304), (status = 404, body = ProblemBody)))]
pub async fn events(
    State(reader): State<SharedReader>,
    Path(sport): Path<String>,
    QueryParams(query): QueryParams<EventsQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sport = Sport::find(&sport)
        .ok_or_else(|| Problem::not_found("sport_not_found", "There is no sport with this key"))?;
    let asked = match query.operator {
        Some(subdomain) => offered_by(&reader, &*super::operator(&reader, &subdomain).await?, sport),
        None => Page::Events(sport, None).into(),
    };
    super::serve(&reader, asked, &headers).await
}

/// Who never disabled anything shares the page of all.
fn offered_by(reader: &Reader, operator: &Operator, sport: Sport) -> Asked {
    let topic = disabled_topic(operator.id);
    let version = reader.versions.load().of(topic);
    let own_list = (version > Version::NONE).then_some(operator.id);
    Asked {
        page: Page::Events(sport, own_list),
        given: vec![operator.change(), Change { topic, version }],
    }
}

/// Fetches the events of a sport.
///
/// # Errors
/// What the database does, or that it answered with older data.
pub async fn fill_sport(reader: &Reader, source: Source, sport: Sport) -> Result<(), FillError> {
    let known = reader.versions.snapshot();
    let (version, rows) = reader
        .fetch(source, move |db| {
            Box::pin(async move {
                // The version first: rows newer than it are fetched again, never the other way round.
                let version = store::feed_version(sport, db).await?;
                let events = store::events(sport, db).await?;
                Ok((version, (events, store::markets(sport, db).await?)))
            })
        })
        .await?;
    if version < known.of(Topic::feed(sport)) {
        return Err(FillError::TooOld);
    }
    // Reading thousands of markets takes CPU time.
    let events = reader.at_leisure(move || store::assemble(rows.0, rows.1)).await?;
    reader
        .catalogue
        .publish_sport(sport, SportEvents { version, events });
    Ok(())
}

/// Fetches the disabled events of the operators whose lists are known to be newer than the ones held.
///
/// # Errors
/// What the database does, or that it answered with older data.
pub async fn fill_disabled(reader: &Reader, source: Source) -> Result<(), FillError> {
    let wanted = behind(reader);
    if wanted.is_empty() {
        return Ok(());
    }
    let known = reader.versions.snapshot();
    let lists = reader
        .fetch(source, move |db| {
            let wanted = wanted.clone();
            Box::pin(async move {
                let mut lists: HashMap<OperatorId, OperatorDisabled> = HashMap::new();
                for (operator, version) in store::disabled_versions(&wanted, db).await? {
                    lists.entry(operator).or_default().version = version;
                }
                for row in store::disabled(&wanted, db).await? {
                    if let (Some(sport), Some(list)) =
                        (Sport::find(&row.sport), lists.get_mut(&row.operator_id))
                    {
                        list.disabled
                            .add(sport, row.event_id, row.market_id, row.selection_id);
                    }
                }
                Ok(lists)
            })
        })
        .await?;
    let new_enough = lists
        .into_iter()
        .filter(|(operator, list)| list.version >= known.of(disabled_topic(*operator)));
    reader.catalogue.publish_disabled(new_enough.collect());
    if behind_of(reader, &known).next().is_none() {
        Ok(())
    } else {
        Err(FillError::TooOld)
    }
}

const fn disabled_topic(operator: OperatorId) -> Topic {
    Topic::of(operator, Kind::DisabledEvents)
}

/// The operators whose lists are known to be newer than the ones held.
pub fn behind(reader: &Reader) -> Vec<i64> {
    behind_of(reader, &reader.versions.load()).collect()
}

fn behind_of(reader: &Reader, known: &Required) -> impl Iterator<Item = i64> {
    known
        .iter()
        .filter(|change| change.topic.kind == Kind::DisabledEvents)
        .filter(|change| reader.catalogue.disabled(change.topic.operator_id).version < change.version)
        .map(|change| change.topic.operator_id.get())
}

/// Renders the list of sports from the events held.
///
/// # Errors
/// When it can't be rendered.
pub async fn make_sports(reader: &SharedReader) -> Result<Entry, FillError> {
    let began = reader.clock.elapsed();
    let mut versions = Vec::new();
    let mut held = Vec::new();
    for sport in Sport::all() {
        let events = up_to_date(reader, sport).await?;
        versions.push(feed_change(sport, events.version));
        held.push((sport, events));
    }
    super::render(reader, began, versions, &FEED, move || {
        let listed: std::collections::BTreeMap<&str, SportView> = held
            .iter()
            .map(|(sport, held)| (sport.key(), SportView::new(*sport, &held.events)))
            .filter(|(_, view)| view.count > 0)
            .collect();
        Body::json(&listed)
    })
    .await
}

/// Renders a sport's events from those held, less what the operator does not offer.
///
/// # Errors
/// When they can't be rendered.
pub async fn make_events(
    reader: &SharedReader,
    sport: Sport,
    operator: Option<OperatorId>,
) -> Result<Entry, FillError> {
    let began = reader.clock.elapsed();
    let events = up_to_date(reader, sport).await?;
    let mut versions = vec![feed_change(sport, events.version)];
    let mut disabled = Arc::default();
    if let Some(operator) = operator {
        disabled = up_to_date_disabled(reader, operator).await;
        versions.push(Change {
            topic: disabled_topic(operator),
            version: disabled.version,
        });
    }
    super::render(reader, began, versions, &FEED, move || {
        let events = disabled.disabled.without_selections(sport, &events.events);
        Body::json(&render::events(sport, &events, &disabled.disabled))
    })
    .await
}

const fn feed_change(sport: Sport, version: Version) -> Change {
    Change {
        topic: Topic::feed(sport),
        version,
    }
}

/// The events of a sport, fetched anew first when they are known to be old. When that fails, those held: it is better
/// to show old prices, marked as such, than none, because a bet checks the price itself. A sport that has events but was
/// never fetched is not shown as one without.
async fn up_to_date(reader: &SharedReader, sport: Sport) -> Result<Arc<SportEvents>, FillError> {
    let required = reader.versions.load().of(Topic::feed(sport));
    if reader.catalogue.sport(sport).version < required {
        wait_for(reader, Job::Sport(sport)).await;
    }
    let held = reader.catalogue.sport(sport);
    if held.version == Version::NONE && required > Version::NONE {
        return Err(FillError::TooOld);
    }
    Ok(held)
}

async fn up_to_date_disabled(reader: &SharedReader, operator: OperatorId) -> Arc<OperatorDisabled> {
    if reader.catalogue.disabled(operator).version < reader.versions.load().of(disabled_topic(operator)) {
        wait_for(reader, Job::Disabled).await;
    }
    reader.catalogue.disabled(operator)
}

async fn wait_for(reader: &SharedReader, job: Job) {
    if let Some(flight) = reader.refresh(job) {
        flight
            .ended(Duration::from_millis(reader.options.cache.fill_wait_ms))
            .await;
    }
}
