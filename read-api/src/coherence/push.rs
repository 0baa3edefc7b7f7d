//! The writer's push: believed only when signed, answered with the versions that are served from then on.
//! Must never be needed for correctness: it only makes the pull's news arrive sooner.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use shared::coherence::{Change, Epoch, Kind, MAX_CHANGES, Older, PUSH_PATH, Push, PushAnswer, Topic};
use shared::http::{Private, RawJson, read_json};
use shared::ids::Version;
use shared::problem::Problem;

use super::pull::fetch_touched;
use crate::app::{Reader, SharedReader};
use crate::cache::Page;
use crate::cache::entry::Entry;
use crate::cache::flights::Flight;

/// The route.
pub fn router() -> Router<SharedReader> {
    Router::new().route(PUSH_PATH, post(push))
}

async fn push(
    State(reader): State<SharedReader>,
    headers: HeaderMap,
    RawJson(body): RawJson,
) -> Result<Private<PushAnswer>, Problem> {
    reader
        .options
        .webhook_secret
        .verify(&headers, reader.clock.now(), &body)
        .map_err(|error| Problem::new(StatusCode::UNAUTHORIZED, "bad_signature", error.to_string()))?;
    let push: Push = read_json(&body)?;
    if push.changes.len() > MAX_CHANGES {
        let detail = format!("must not hold more than {MAX_CHANGES} changes");
        return Err(Problem::invalid_field("changes", detail));
    }
    let deadline = reader.clock.elapsed() + Duration::from_millis(reader.options.cache.push_wait_ms);
    let Some(era) = era_of(&reader, &push.epoch, deadline).await else {
        let detail = "These changes were committed in another database than the one that is followed here";
        return Err(Problem::new(StatusCode::CONFLICT, "wrong_database", detail));
    };
    if push.older == Older::Dropped {
        reader.versions.drop_older_than(era, &push.changes);
    }
    let raised = reader.versions.raise(era, &push.changes, reader.clock.elapsed());
    fetch_touched(&reader, &raised);
    // Twice: a fetch that was about to end when the news came may have missed it; the next one does not. And once more
    // for pages that are made of what is held whole.
    for _ in 0..3 {
        for flight in fetches_of(&reader, &push.changes) {
            flight
                .ended(deadline.saturating_sub(reader.clock.elapsed()))
                .await;
        }
    }
    let versions = push
        .changes
        .iter()
        .map(|change| served(&reader, change.topic))
        .collect();
    Ok(Private(PushAnswer {
        instance: reader.options.instance.clone(),
        versions,
    }))
}

/// The era of the database in which the changes were committed, if that is the one that is followed here. If it does not
/// look like that, the next pull may tell of a database that was restored, or of a standby that became the primary.
async fn era_of(reader: &Reader, epoch: &Epoch, deadline: Duration) -> Option<u64> {
    let followed = || {
        // The era first: when the database becomes another one right now, the changes are none of the next era.
        let era = reader.versions.load().era();
        (reader.pull.epoch().as_ref() == Some(epoch)).then_some(era)
    };
    if let Some(era) = followed() {
        return Some(era);
    }
    let left = deadline.saturating_sub(reader.clock.elapsed());
    reader.pull.out_of_turn(left).await;
    followed()
}

/// The fetches of what is pushed and not served yet. The pull may have brought the same news a moment before: then its
/// fetch is joined.
fn fetches_of(reader: &SharedReader, changes: &[Change]) -> Vec<Flight<Arc<Entry>>> {
    let is_behind = |change: &&Change| served(reader, change.topic).version < change.version;
    let behind: Vec<Change> = changes.iter().filter(is_behind).copied().collect();
    fetch_touched(reader, &behind)
}

/// The version of a topic that is served from now on: of the data held whole, or of the oldest page in memory; what is
/// not in memory, or dropped, will be fetched anew, so nothing older than required can come of it.
fn served(reader: &Reader, topic: Topic) -> Change {
    let id = topic.operator_id;
    let known = reader.versions.load();
    let required = known.of(topic);
    let oldest_of = |pages: &[Page]| {
        let held = pages.iter().filter_map(|page| reader.pages.get(*page));
        let is_served = |entry: &Arc<Entry>| !entry.versions().iter().any(|change| known.drops(*change));
        let held = held.filter(is_served);
        let versions = held.flat_map(|entry| {
            let of_topic = |change: &&Change| change.topic == topic;
            entry
                .versions()
                .iter()
                .filter(of_topic)
                .map(|change| change.version)
                .collect::<Vec<_>>()
        });
        versions.fold(required, Version::min)
    };
    let version = match topic.kind {
        Kind::Operator => {
            let pages = oldest_of(&[Page::Branding(id), Page::Bootstrap(id)]);
            pages.min(reader.directory.version(id))
        }
        Kind::DisabledEvents => reader.catalogue.disabled(id).version,
        Kind::Feed(sport) => reader.catalogue.sport(sport).version,
        Kind::Branding => oldest_of(&[Page::Branding(id), Page::Bootstrap(id)]),
        Kind::Theme => oldest_of(&[Page::Theme(id), Page::ThemeCss(id), Page::Bootstrap(id)]),
        Kind::Templates => oldest_of(&[Page::Templates]),
        Kind::Leaderboard => required,
    };
    Change { topic, version }
}
