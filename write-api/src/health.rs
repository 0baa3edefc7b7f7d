//! How the service is: liveness, readiness, details and metrics. Must never take a connection for liveness.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use shared::db::{DbError, PoolHealth};
use shared::http::Private;
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

/// The process lives.
#[derive(Serialize, ToSchema)]
pub struct Health {
    ok: bool,
    status: &'static str,
    #[serde(with = "time::serde::rfc3339")]
    timestamp: OffsetDateTime,
    version: &'static str,
}

/// The process lives; touches nothing.
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, body = Health)))]
pub async fn health(State(app): State<SharedApp>) -> Private<Health> {
    Private(Health {
        ok: true,
        status: "healthy",
        timestamp: app.clock.now(),
        version: env!("CARGO_PKG_VERSION"),
    })
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
    feed: crate::feed::FeedHealth,
    readers: crate::coherence::PushHealth,
}

/// Pool, feed and pushes in numbers; touches no database.
#[utoipa::path(get, path = "/health/detailed", tag = "health", responses((status = 200, body = Detailed)))]
pub async fn detailed(State(app): State<SharedApp>) -> Private<Detailed> {
    Private(Detailed {
        status: "healthy",
        instance: app.options.instance.clone(),
        version: env!("CARGO_PKG_VERSION"),
        timestamp: app.clock.now(),
        pool: app.db.health(),
        feed: app.feed.health(),
        readers: app.readers.health(),
    })
}

async fn metrics(State(app): State<SharedApp>) -> Response {
    app.metrics.scrape().into_response()
}
