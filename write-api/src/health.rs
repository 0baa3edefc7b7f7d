//! How the service is: liveness, readiness, details and metrics. Must never take a connection for liveness.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;
use shared::db::{DbError, PoolHealth};
use shared::health::{Health, VERSION};
use shared::http::Private;
use shared::metrics::{Number, of_pool};
use shared::problem::Problem;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::app::SharedApp;

/// The routes.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route("/health", get(health))
        .route("/healthz", get(health))
        .route("/readyz", get(readyz))
        .route("/health/detailed", get(detailed))
        .route("/metrics", get(metrics))
}

/// The process lives; touches nothing.
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, body = Health)))]
pub async fn health(State(app): State<SharedApp>) -> Private<Health> {
    Private(Health::now(&app.clock))
}

/// 200 when the database answers, else a 503 problem.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = Health), (status = 503, body = shared::problem::ProblemBody)))]
pub async fn readyz(State(app): State<SharedApp>) -> Result<Private<Health>, Problem> {
    app.db
        .read(|db| {
            Box::pin(async move {
                sqlx::query!("select 1 as one").fetch_one(db).await?;
                Ok::<_, DbError>(())
            })
        })
        .await?;
    Ok(health(State(app)).await)
}

/// Details for the people who run the service.
#[derive(Serialize, ToSchema)]
pub struct Detailed {
    status: &'static str,
    instance: String,
    version: &'static str,
    #[serde(with = "time::serde::rfc3339")]
    timestamp: OffsetDateTime,
    #[serde(flatten)]
    pool: PoolHealth,
    casino: crate::casino::LanesHealth,
    feed: crate::feed::FeedHealth,
    readers: crate::coherence::PushHealth,
}

/// Pool, feed and pushes in numbers; touches no database.
#[utoipa::path(get, path = "/health/detailed", tag = "health", responses((status = 200, body = Detailed)))]
pub async fn detailed(State(app): State<SharedApp>) -> Private<Detailed> {
    Private(Detailed {
        status: "healthy",
        instance: app.options.instance.clone(),
        version: VERSION,
        timestamp: app.clock.now(),
        pool: app.db.health(),
        casino: app.lanes.health(),
        feed: app.feed.health(),
        readers: app.readers.health(),
    })
}

async fn metrics(State(app): State<SharedApp>) -> Response {
    use Number::{Counter, Gauge};
    let (pushes, lanes) = (app.readers.health(), app.lanes.health());
    let mut numbers = of_pool(&app.db.health()).to_vec();
    numbers.extend([
        (
            "casino_moves",
            "Moves of players that were made or refused",
            Counter(lanes.moves),
        ),
        (
            "casino_transactions",
            "Transactions that the moves of players took",
            Counter(lanes.transactions),
        ),
        (
            "casino_batches_failed",
            "Transactions of several moves that failed, so that their moves were tried one by one",
            Counter(lanes.batches_failed),
        ),
        (
            "casino_moves_waiting",
            "Moves of players that wait for a transaction",
            Gauge(lanes.moves_waiting as u64),
        ),
        (
            "pushes_sent",
            "Attempts to push to one reader",
            Counter(pushes.pushes_sent),
        ),
        (
            "pushes_acknowledged",
            "Attempts after which the reader served the new versions",
            Counter(pushes.pushes_acknowledged),
        ),
        (
            "pushes_failed",
            "Attempts after which it did not, or nobody knows",
            Counter(pushes.pushes_failed),
        ),
        (
            "pushes_left_to_pull",
            "Pushes to one reader that were given up",
            Counter(pushes.pushes_left_to_pull),
        ),
        (
            "pushes_in_retry",
            "Pushes to one reader that are being retried",
            Gauge(pushes.pushes_in_retry as u64),
        ),
    ]);
    app.metrics.scrape(numbers)
}
