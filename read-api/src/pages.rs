//! What pages load: which data each is made of, and the way from a request to an answer from memory.
//! Must never hold a connection while rendering.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use shared::coherence::{Change, Kind, Topic};
use shared::ids::OperatorId;
use shared::problem::Problem;

use crate::app::{FillError, Job, Reader, SharedReader};
use crate::cache::entry::{Body, Entry, Freshness, Policy};
use crate::cache::{Outcome, Page, answer::answer, jittered};
use crate::coherence::versions::Required;
use crate::databases::Source;
use crate::directory::{Operator, is_behind};

pub mod bootstrap;
pub mod branding;
pub mod casino;
pub mod leaderboards;
pub mod sports;
pub mod templates;
pub mod theme;
pub mod theme_css;
mod wanted;

pub(crate) use wanted::Wanted;

/// Where each page is.
pub mod route {
    use super::leaderboards::Board;
    use crate::cache::Page;

    pub(super) const BRANDING: &str = "/api/branding/{subdomain}";
    pub(super) const THEME: &str = "/api/load-theme/{subdomain}";
    pub(super) const THEME_CSS: &str = "/api/theme-css/{subdomain}";
    pub(super) const TEMPLATES: &str = "/api/theme-templates";
    pub(super) const CASINO_ENABLED: &str = "/api/{subdomain}/casino-enabled";
    pub(super) const SPORTS: &str = "/api/sports/sports";
    pub(super) const EVENTS: &str = "/api/sports/events/{sport}";
    pub(super) const BOOTSTRAP: &str = "/api/bootstrap/{subdomain}";
    pub(super) const PLAYERS: &str = "/api/public/user-leaderboard";
    pub(super) const OPERATORS: &str = "/api/public/partner-leaderboard";

    /// The route of a page.
    pub const fn of(page: Page) -> &'static str {
        match page {
            Page::Branding(_) => BRANDING,
            Page::Theme(_) => THEME,
            Page::ThemeCss(_) => THEME_CSS,
            Page::CasinoEnabled(_) => CASINO_ENABLED,
            Page::Templates => TEMPLATES,
            Page::Sports => SPORTS,
            Page::Events(..) => EVENTS,
            Page::Bootstrap(_) => BOOTSTRAP,
            Page::Leaders(Board::Operators, _) => OPERATORS,
            Page::Leaders(..) => PLAYERS,
        }
    }
}

/// The routes.
pub fn router() -> Router<SharedReader> {
    Router::new()
        .route(route::BRANDING, get(branding::branding))
        .route(route::THEME, get(theme::load_theme))
        .route(route::THEME_CSS, get(theme::theme_css))
        .route(route::TEMPLATES, get(templates::theme_templates))
        .route(route::CASINO_ENABLED, get(casino::casino_enabled))
        .route(route::SPORTS, get(sports::sports))
        .route(route::EVENTS, get(sports::events))
        .route(route::BOOTSTRAP, get(bootstrap::bootstrap))
        .route(route::PLAYERS, get(leaderboards::players))
        .route(route::OPERATORS, get(leaderboards::operators))
}

/// A page is fetched again at most so often when news arrives while it is being fetched.
const MAX_ROUNDS: u32 = 3;

/// A page that a request asks for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Which.
    pub page: Page,
    /// What had to be known to tell which; once any of it is newer, the same request may ask for another page, or for
    /// none.
    pub given: Vec<Change>,
}

impl Asked {
    /// A page of `operator`, which the request names.
    pub fn of(operator: &Operator, page: impl FnOnce(OperatorId) -> Page) -> Self {
        Self {
            page: page(operator.id),
            given: vec![operator.change()],
        }
    }
}

impl From<Page> for Asked {
    /// A page that the request names itself.
    fn from(page: Page) -> Self {
        Self {
            page,
            given: Vec::new(),
        }
    }
}

/// The time since a page was last known to be current, if it still is.
pub fn hit_age(reader: &Reader, entry: &Entry, required: &Required) -> Option<Duration> {
    let now = reader.clock.elapsed();
    let is_hit = entry.is_of(required) && !entry.is_due(now) && is_confirmed(reader, now);
    is_hit.then(|| age(reader, entry, Outcome::Hit, now))
}

/// Whether a pull has told of late what changed.
fn is_confirmed(reader: &Reader, now: Duration) -> bool {
    let stale_after = Duration::from_millis(reader.options.cache.stale_after_ms);
    reader.pull.age(now).is_some_and(|age| age <= stale_after)
}

/// Answers with a page: from memory when it is there, else fetched while the client waits.
///
/// # Errors
/// 503 before the first pull, and when it is not in memory and can't be fetched in time; 400 for a bad
/// `Edgebook-Min-Version`.
pub async fn serve(
    reader: &SharedReader,
    asked: impl Into<Asked>,
    request: &HeaderMap,
) -> Result<Response, Problem> {
    let asked = asked.into();
    let (entry, outcome) = find(reader, asked.page, &Wanted::read(request)?).await?;
    let mut response = send(reader, request, &entry, outcome);
    response.extensions_mut().insert(asked);
    Ok(response)
}

/// The newest bytes of a page that can be had in time, and how they were.
///
/// # Errors
/// 503 before the first pull, and when it is not in memory and can't be fetched in time.
pub(crate) async fn find(
    reader: &SharedReader,
    page: Page,
    wanted: &Wanted,
) -> Result<(Arc<Entry>, Outcome), Problem> {
    let limits = &reader.options.cache;
    let until = |ms: u64| reader.clock.elapsed() + Duration::from_millis(ms);
    // Nothing can be called current, or absent, before it is known what there is.
    if !reader.pull.is_ready() {
        return Err(unavailable());
    }
    let may_be_shown = |entry: &Arc<Entry>| freshness(reader, entry) != Freshness::Dropped;
    let (mut entry, outcome) = match reader.pages.get(page).filter(may_be_shown) {
        None => {
            let made = settle(reader, page, until(limits.fill_wait_ms)).await;
            (made.ok_or_else(unavailable)?, Outcome::Miss)
        }
        Some(held) => match urgency(reader, page, &held) {
            Freshness::Current => (held, Outcome::Hit),
            Freshness::Soft => {
                let _ = reader.refresh(Job::Page(page));
                (held, Outcome::Stale)
            }
            Freshness::Late | Freshness::Hard | Freshness::Dropped => {
                let made = settle(reader, page, until(limits.hard_wait_ms)).await;
                let entry = made.unwrap_or(held);
                let is_outdated = is_outdated(reader, &entry);
                (entry, if is_outdated { Outcome::Stale } else { Outcome::Hit })
            }
        },
    };
    if !wanted.is_met_by(&entry) {
        entry = newer(reader, page, wanted, entry, until(limits.hard_wait_ms)).await;
    }
    if !may_be_shown(&entry) {
        return Err(unavailable());
    }
    let is_sure = wanted.is_met_by(&entry)
        && is_confirmed(reader, reader.clock.elapsed())
        && (outcome != Outcome::Miss || !is_outdated(reader, &entry));
    Ok((entry, if is_sure { outcome } else { Outcome::Stale }))
}

/// How fresh a page is, except that nobody waits for one that is late when it is being fetched already, or when the
/// database is away.
fn urgency(reader: &Reader, page: Page, held: &Entry) -> Freshness {
    let is_away = || !is_confirmed(reader, reader.clock.elapsed());
    match freshness(reader, held) {
        Freshness::Late if reader.is_refreshing(Job::Page(page)) || is_away() => Freshness::Soft,
        freshness => freshness,
    }
}

/// Asks out of turn what changed, until the page is as new as wanted or `deadline`. The newest there is then.
async fn newer(
    reader: &SharedReader,
    page: Page,
    wanted: &Wanted,
    mut entry: Arc<Entry>,
    deadline: Duration,
) -> Arc<Entry> {
    while !wanted.is_met_by(&entry) {
        let left = deadline.saturating_sub(reader.clock.elapsed());
        if !reader.pull.out_of_turn(left).await {
            break;
        }
        if is_outdated(reader, &entry) {
            entry = settle(reader, page, deadline).await.unwrap_or(entry);
        }
    }
    entry
}

/// The page as it is now, waiting for it until `deadline` unless what is in memory is current.
async fn up_to_date(reader: &SharedReader, page: Page, deadline: Duration) -> Option<Arc<Entry>> {
    match reader.pages.get(page) {
        Some(held) if !is_outdated(reader, &held) => Some(held),
        _ => settle(reader, page, deadline).await,
    }
}

/// Whether something newer is known than the page shows, or it is time to look.
pub(crate) fn is_outdated(reader: &Reader, entry: &Entry) -> bool {
    freshness(reader, entry) != Freshness::Current
}

fn freshness(reader: &Reader, entry: &Entry) -> Freshness {
    entry.freshness(&reader.versions.load(), reader.clock.elapsed())
}

/// Waits until the page is current, or `deadline`, or it can't be fetched. The newest there is then.
async fn settle(reader: &SharedReader, page: Page, deadline: Duration) -> Option<Arc<Entry>> {
    let mut newest = None;
    for _ in 0..MAX_ROUNDS {
        let Some(flight) = reader.refresh(Job::Page(page)) else {
            break;
        };
        let left = deadline.saturating_sub(reader.clock.elapsed());
        newest = flight.ended(left).await.or(newest);
        if newest.as_ref().is_some_and(|entry| !is_outdated(reader, entry))
            || reader.clock.elapsed() >= deadline
        {
            break;
        }
    }
    newest.or_else(|| reader.pages.get(page))
}

fn send(reader: &Reader, request: &HeaderMap, entry: &Entry, outcome: Outcome) -> Response {
    reader.pages.count(outcome);
    let age = age(reader, entry, outcome, reader.clock.elapsed());
    answer(request, entry, outcome, age)
}

/// The time since the bytes were last known to be current.
fn age(reader: &Reader, entry: &Entry, outcome: Outcome, now: Duration) -> Duration {
    let since_filled = now.saturating_sub(entry.filled_at());
    match outcome {
        // A current page was confirmed by the last pull.
        Outcome::Hit => since_filled.min(reader.pull.age(now).unwrap_or(since_filled)),
        Outcome::Stale | Outcome::Miss => since_filled,
    }
}

/// Seconds after which a client may try again.
const RETRY_AFTER_S: u32 = 1;

fn unavailable() -> Problem {
    Problem::unavailable(
        "page_unavailable",
        "This page is not in memory, and the database can't be reached to make it.",
        RETRY_AFTER_S,
    )
}

/// The active operator of a subdomain. Waits a little when its row is known to have changed.
///
/// # Errors
/// 404 when there is none; 503 before the first pull.
pub async fn operator(reader: &SharedReader, subdomain: &str) -> Result<Arc<Operator>, Problem> {
    let mut found = reader.directory.find(subdomain);
    if found
        .as_ref()
        .is_some_and(|operator| is_behind(reader, operator.id))
    {
        if let Some(flight) = reader.refresh(Job::Directory) {
            flight
                .ended(Duration::from_millis(reader.options.cache.hard_wait_ms))
                .await;
        }
        found = reader.directory.find(subdomain);
    }
    if found.is_none() && !reader.pull.is_ready() {
        return Err(unavailable());
    }
    found
        .filter(|operator| operator.is_active)
        .ok_or_else(|| Problem::not_found("operator_not_found", "Operator not found or inactive"))
}

/// Fetches or makes a page and keeps it, unless it is older than was known to be committed when that began. What became
/// known meanwhile does not matter: it is newer than what there is, and while the data changes all the time, nothing
/// else can be had.
///
/// # Errors
/// What the database does, or that it answered with older data.
pub async fn fill(reader: &SharedReader, source: Source, page: Page) -> Result<Arc<Entry>, FillError> {
    let known = reader.versions.snapshot();
    let entry = make(reader, source, page).await?;
    let is_old = !entry.is_of(&known);
    if is_old && !page.is_derived() {
        return Err(FillError::TooOld);
    }
    // Pages derived from data held whole are as old as that data, which guards itself.
    let kept = reader.pages.put(page, entry);
    if is_old { Err(FillError::TooOld) } else { Ok(kept) }
}

/// Fetches and renders a page, or renders it from what is in memory.
///
/// # Errors
/// What the database does.
pub(crate) async fn make(reader: &SharedReader, source: Source, page: Page) -> Result<Entry, FillError> {
    match page {
        Page::Branding(operator) => branding::make(reader, source, operator).await,
        Page::Theme(operator) => theme::make(reader, source, operator).await,
        Page::ThemeCss(operator) => theme::make_css(reader, source, operator).await,
        Page::CasinoEnabled(operator) => casino::make(reader, operator).await,
        Page::Templates => templates::make(reader, source).await,
        Page::Sports => sports::make_sports(reader).await,
        Page::Events(sport, operator) => sports::make_events(reader, sport, operator).await,
        Page::Bootstrap(operator) => bootstrap::make(reader, operator).await,
        Page::Leaders(board, at) => leaderboards::make(reader, source, board, at).await,
    }
}

/// Renders on a thread that may take its time, and dates the result.
///
/// # Errors
/// When rendering fails.
pub async fn render(
    reader: &Reader,
    began: Duration,
    versions: Vec<Change>,
    policy: &'static Policy,
    body: impl FnOnce() -> Result<Body, serde_json::Error> + Send + 'static,
) -> Result<Entry, FillError> {
    let body = reader
        .at_leisure(body)
        .await?
        .map_err(|error| FillError::Render(error.to_string()))?;
    let ttl = Duration::from_millis(reader.options.cache.cache_ttl_ms);
    let fresh_until = began + jittered(ttl, reader.jitter());
    Ok(Entry::new(body, versions, policy, began, fresh_until))
}

/// A topic of an operator with the version that was read with its data.
pub const fn read_version(operator: OperatorId, kind: Kind, version: shared::ids::Version) -> Change {
    Change {
        topic: Topic::of(operator, kind),
        version,
    }
}
