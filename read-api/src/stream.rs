//! `/api/stream/{subdomain}`: tells a page that is open which of its data changed (Server-Sent Events). Must never keep
//! anything for a client that does not read: what it missed is worked out when it does.
//!
//! The id of an event is the list of versions that its receiver knows then. So a client that comes back, to whichever
//! reader, is told what changed meanwhile and nothing else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::Stream;
use serde::Serialize;
use shared::coherence::{Kind, Topic};
use shared::ids::{OperatorId, Version};
use shared::problem::{Problem, ProblemBody};
use shared::sports::Sport;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use crate::app::SharedReader;
use crate::directory::is_behind;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Tells nginx, and what behaves like it, to pass events on at once.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// Longest `Last-Event-ID` that is read, in bytes: more than all kinds with the longest versions.
const MAX_ID_BYTES: usize = 2048;
/// Seconds after which a client may try again when there are too many.
const RETRY_AFTER_S: u32 = 5;

/// The route.
pub fn router() -> Router<SharedReader> {
    Router::new().route("/api/stream/{subdomain}", get(stream))
}

/// An event as it is sent. Only describes it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "events are written as text")]
struct StreamEvent {
    /// `versions` or `change`.
    event: String,
    /// What to send as `Last-Event-ID` to go on from here.
    id: String,
    /// JSON as text: an object with `versions`, which has the kinds of data, each with its version.
    /// `Edgebook-Min-Version: <kind>=<version>` makes sure that the next answer has it.
    #[schema(example = "{\"versions\":{\"theme\":4}}")]
    data: String,
}

/// The data of an event.
#[derive(Serialize)]
pub struct Versions {
    /// The kinds of data, each with its version.
    versions: BTreeMap<Kind, Version>,
}

/// The changes of an operator's data and of the sports, as they become known. The first event, `versions`, has all
/// versions; each `change` after it has those that changed. With `Last-Event-ID`, only what changed since then.
#[utoipa::path(get, path = "/api/stream/{subdomain}", tag = "pages",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"),
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was received")),
    responses((status = 200, content_type = "text/event-stream", body = StreamEvent),
        (status = 404, body = ProblemBody), (status = 503, body = ProblemBody)))]
pub async fn stream(
    State(reader): State<SharedReader>,
    Path(subdomain): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let operator = crate::pages::operator(&reader, &subdomain).await?;
    let place = Arc::clone(&reader.streams).try_acquire_owned();
    let Ok(place) = place else {
        let detail = "Too many streams are open here. Try again later, or look again from time to time.";
        return Err(Problem::unavailable("too_many_streams", detail, RETRY_AFTER_S));
    };
    let follower = Follower {
        own: reader.versions.watch(operator.id),
        platform: reader.versions.watch(OperatorId::PLATFORM),
        told: headers.get(LAST_EVENT_ID).and_then(read_id),
        operator: operator.id,
        stop: reader.stop.clone(),
        _place: place,
        reader: Arc::clone(&reader),
    };
    let alive = Duration::from_millis(reader.options.cache.stream_alive_ms);
    let events = Sse::new(events(follower)).keep_alive(KeepAlive::new().interval(alive));
    let mut response = events.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    Ok(response)
}

/// One open stream.
struct Follower {
    reader: SharedReader,
    operator: OperatorId,
    own: watch::Receiver<()>,
    platform: watch::Receiver<()>,
    /// What the client knows; `None` before its first event.
    told: Option<BTreeMap<Kind, Version>>,
    stop: CancellationToken,
    _place: OwnedSemaphorePermit,
}

fn events(follower: Follower) -> impl Stream<Item = Result<Event, axum::Error>> {
    futures_util::stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((event, follower))
    })
}

impl Follower {
    /// Waits for something that the client does not know. `None` ends the stream: the service stops, or the operator
    /// is not served any more.
    async fn next(&mut self) -> Option<Result<Event, axum::Error>> {
        loop {
            self.own.mark_unchanged();
            self.platform.mark_unchanged();
            let now = self.now();
            let (name, news) = match &self.told {
                None => ("versions", now.clone()),
                Some(told) => ("change", news(told, &now)),
            };
            if !news.is_empty() || self.told.is_none() {
                let id = id_of(&now);
                self.told = Some(now);
                return Some(
                    Event::default()
                        .event(name)
                        .id(id)
                        .json_data(Versions { versions: news }),
                );
            }
            if !self.is_served().await {
                return None;
            }
            // Nobody tells when the directory has caught up.
            let is_behind = is_behind(&self.reader, self.operator);
            let pause = Duration::from_millis(self.reader.options.cache.refresh_backoff_ms);
            let changed = async {
                tokio::select! {
                    changed = self.own.changed() => changed,
                    changed = self.platform.changed() => changed,
                    () = tokio::time::sleep(pause), if is_behind => Ok(()),
                }
            };
            self.stop.run_until_cancelled(changed).await?.ok()?;
        }
    }

    async fn is_served(&self) -> bool {
        let Some(operator) = self.reader.directory.get(self.operator) else {
            return false;
        };
        let found = crate::pages::operator(&self.reader, &operator.subdomain).await;
        found.is_ok_and(|found| found.id == self.operator)
    }

    /// The versions of everything that an operator's page shows.
    fn now(&self) -> BTreeMap<Kind, Version> {
        let required = self.reader.versions.load();
        let own = [
            Kind::Operator,
            Kind::Branding,
            Kind::Theme,
            Kind::DisabledEvents,
            Kind::Leaderboard,
        ];
        let own = own.map(|kind| Topic::of(self.operator, kind));
        let topics = own.into_iter().chain(Sport::all().map(Topic::feed));
        topics
            .map(|topic| (topic.kind, required.of(topic)))
            .filter(|(_, version)| *version > Version::NONE)
            .collect()
    }
}

/// What is not as it was told.
fn news(told: &BTreeMap<Kind, Version>, now: &BTreeMap<Kind, Version>) -> BTreeMap<Kind, Version> {
    now.iter()
        .filter(|(kind, version)| told.get(kind) != Some(*version))
        .map(|(kind, version)| (*kind, *version))
        .collect()
}

fn id_of(versions: &BTreeMap<Kind, Version>) -> String {
    let each: Vec<String> = versions
        .iter()
        .map(|(kind, version)| format!("{kind}={version}"))
        .collect();
    each.join(",")
}

/// What a client says that it knows. An id that was not made here counts for nothing: then it is told everything.
fn read_id(id: &HeaderValue) -> Option<BTreeMap<Kind, Version>> {
    let id = id.to_str().ok().filter(|id| id.len() <= MAX_ID_BYTES)?;
    id.split(',')
        .map(|part| {
            let (kind, version) = part.split_once('=')?;
            Some((kind.parse().ok()?, Version::new(version.parse().ok()?)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(of: &[(Kind, i64)]) -> BTreeMap<Kind, Version> {
        of.iter()
            .map(|(kind, version)| (*kind, Version::new(*version)))
            .collect()
    }

    #[test]
    fn an_id_says_what_its_receiver_knows() {
        let known = versions(&[(Kind::Theme, 4), (Kind::Branding, 1)]);
        let id = HeaderValue::from_str(&id_of(&known)).unwrap();
        assert_eq!(read_id(&id), Some(known));
        for id in ["", "17", "theme", "theme=x", "colour=1", "theme=1,"] {
            assert_eq!(read_id(&HeaderValue::from_static(id)), None, "{id}");
        }
    }

    #[test]
    fn news_is_what_is_not_as_it_was_told() {
        let told = versions(&[(Kind::Theme, 4), (Kind::Branding, 9), (Kind::Leaderboard, 2)]);
        let now = versions(&[
            (Kind::Theme, 5),
            (Kind::Branding, 8),
            (Kind::Operator, 1),
            (Kind::Leaderboard, 2),
        ]);
        assert_eq!(
            news(&told, &now),
            versions(&[(Kind::Theme, 5), (Kind::Branding, 8), (Kind::Operator, 1)])
        );
    }
}
