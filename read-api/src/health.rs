//! How the service is: liveness, readiness, details and metrics. Must never touch the database.

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::{Deserialize, Serialize};
use shared::coherence::Change;
use shared::db::PoolHealth;
use shared::health::{Health, VERSION};
use shared::http::Private;
use shared::ids::OperatorId;
use shared::metrics::{Number, of_pool, of_primary_pool};
use shared::problem::Problem;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use crate::app::SharedReader;
use crate::cache::CacheHealth;

/// The routes.
pub fn router() -> Router<SharedReader> {
    Router::new()
        .route("/health", get(health))
        .route("/healthz", get(health))
        .route("/readyz", get(readyz))
        .route("/health/detailed", get(detailed))
        .route("/metrics", get(metrics))
}

/// The process lives; touches nothing.
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, body = Health)))]
pub async fn health(State(reader): State<SharedReader>) -> Private<Health> {
    Private(Health::now(&reader.clock))
}

/// Seconds after which to ask again.
const RETRY_AFTER_S: u32 = 1;

/// 200 once the first pull has succeeded and what must be held whole is held; a 503 problem before.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = Health), (status = 503, body = shared::problem::ProblemBody)))]
pub async fn readyz(State(reader): State<SharedReader>) -> Result<Private<Health>, Problem> {
    if !reader.pull.is_ready() {
        return Err(Problem::unavailable(
            "not_ready",
            "The first pull has not succeeded yet",
            RETRY_AFTER_S,
        ));
    }
    Ok(health(State(reader)).await)
}

/// Details for the people who run the service.
#[derive(Serialize, ToSchema)]
pub struct Detailed {
    status: &'static str,
    instance: String,
    version: &'static str,
    #[serde(with = "time::serde::rfc3339")]
    timestamp: OffsetDateTime,
    is_ready: bool,
    #[serde(flatten)]
    pool: PoolHealth,
    /// The pool for the primary, when pages are fetched from another database; the numbers above are that one's then.
    primary: Option<PoolHealth>,
    cache: CacheHealth,
    pull: PullHealth,
    operators: usize,
    topics: usize,
    versions: Vec<Change>,
}

/// The pull in numbers.
#[derive(Serialize, ToSchema)]
pub struct PullHealth {
    /// Time since the last successful pull began, in milliseconds; null before the first.
    age_ms: Option<u64>,
    /// Successful pulls since the start.
    pulls: u64,
    /// Failed pulls since the start.
    failures: u64,
    /// Pulls since the start that the primary did not answer, and the read database did.
    from_replica: u64,
}

/// What `/health/detailed` is asked for.
#[derive(Deserialize, IntoParams)]
pub struct DetailedQuery {
    /// Also show the versions of this operator.
    operator: Option<String>,
}

/// Pool, caches, pull and versions in numbers. Shows the platform's versions, and those of `?operator=`.
#[utoipa::path(get, path = "/health/detailed", tag = "health", params(DetailedQuery),
    responses((status = 200, body = Detailed)))]
pub async fn detailed(
    State(reader): State<SharedReader>,
    Query(query): Query<DetailedQuery>,
) -> Private<Detailed> {
    let operator = query
        .operator
        .and_then(|subdomain| reader.directory.find(&subdomain));
    let is_shown = |change: &Change| {
        let owner = change.topic.operator_id;
        owner == OperatorId::PLATFORM || operator.as_ref().is_some_and(|operator| operator.id == owner)
    };
    let required = reader.versions.load();
    let mut versions: Vec<Change> = required.iter().filter(is_shown).collect();
    versions.sort_unstable_by_key(|change| change.topic);
    let [pulls, failures, from_replica] = reader.pull.counts();
    let age = reader.pull.age(reader.clock.elapsed());
    Private(Detailed {
        status: if reader.pull.is_ready() {
            "healthy"
        } else {
            "starting"
        },
        instance: reader.options.instance.clone(),
        version: VERSION,
        timestamp: reader.clock.now(),
        is_ready: reader.pull.is_ready(),
        pool: reader.databases.health(),
        primary: reader.databases.primary_health(),
        cache: reader.pages.health(),
        pull: PullHealth {
            age_ms: age.map(|age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
            pulls,
            failures,
            from_replica,
        },
        operators: reader.directory.len(),
        topics: required.len(),
        versions,
    })
}

async fn metrics(State(reader): State<SharedReader>) -> Response {
    use Number::{Counter, Gauge};
    let cache = reader.pages.health();
    let [pulls, failures, from_replica] = reader.pull.counts();
    let age = reader.pull.age(reader.clock.elapsed()).unwrap_or_default();
    let mut numbers = of_pool(&reader.databases.health()).to_vec();
    numbers.extend(reader.databases.primary_health().iter().flat_map(of_primary_pool));
    let [after_1s, after_5s, after_60s] = reader.audit.inconsistent();
    numbers.extend([
        (
            "audit_checks",
            "Pages compared with the database",
            Counter(reader.audit.checks()),
        ),
        (
            "audit_inconsistent_after_1s",
            "Of these, served without what had been committed 1 s before; zero is the only good value",
            Counter(after_1s),
        ),
        (
            "audit_inconsistent_after_5s",
            "The same for 5 s",
            Counter(after_5s),
        ),
        (
            "audit_inconsistent_after_60s",
            "The same for 60 s",
            Counter(after_60s),
        ),
        (
            "streams",
            "Streams of changes that are open",
            Gauge((reader.options.cache.stream_max - reader.streams.available_permits()) as u64),
        ),
        (
            "cache_hits",
            "Pages served from memory and current",
            Counter(cache.hits),
        ),
        (
            "cache_misses",
            "Pages fetched while the client waited",
            Counter(cache.misses),
        ),
        (
            "cache_stale_served",
            "Pages served from memory that may have been out of date",
            Counter(cache.stale_served),
        ),
        ("cache_entries", "Pages in memory", Gauge(cache.entries)),
        ("cache_bytes", "Bytes of the pages in memory", Gauge(cache.bytes)),
        ("pulls", "Successful pulls", Counter(pulls)),
        ("pull_failures", "Failed pulls", Counter(failures)),
        (
            "pulls_from_replica",
            "Pulls that the primary did not answer, and the read database did",
            Counter(from_replica),
        ),
        (
            "pull_age_milliseconds",
            "Time since the last successful pull began",
            Gauge(u64::try_from(age.as_millis()).unwrap_or(u64::MAX)),
        ),
        (
            "operators",
            "Operators in the directory",
            Gauge(reader.directory.len() as u64),
        ),
    ]);
    reader.metrics.scrape(numbers)
}
