//! Numbers for Prometheus (OpenMetrics text). Must never carry a label that a client can choose.

use std::fmt;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::clock::Clock;
use crate::db::Db;

/// What a service counts. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Histogram,
    clock: Clock,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Metrics")
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: String,
    status: u16,
}

/// Buckets of request times: 50 µs, doubled 17 times to 6.5 s.
const FIRST_BUCKET_S: f64 = 0.000_05;

impl Metrics {
    /// Counts of requests, of the pool, and whatever `more` registers.
    pub fn new(clock: Clock, db: Db, more: impl FnOnce(&mut Registry)) -> Self {
        let mut registry = Registry::with_prefix("edgebook");
        let requests = Family::default();
        let seconds = Histogram::new(exponential_buckets(FIRST_BUCKET_S, 2.0, 18));
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register(
            "http_request_seconds",
            "Time to an answer's head",
            seconds.clone(),
        );
        registry.register_collector(Box::new(PoolNumbers(db)));
        more(&mut registry);
        Self(Arc::new(Inner {
            registry,
            requests,
            seconds,
            clock,
        }))
    }

    /// The answer to a scrape.
    pub fn scrape(&self) -> Response {
        let mut text = String::new();
        if prometheus_client::encoding::text::encode(&mut text, &self.0.registry).is_err() {
            return axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], text).into_response()
    }
}

/// A layer that counts requests by route and status and takes their time.
pub async fn measure(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let metrics = metrics.0;
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let begun = metrics.clock.elapsed();
    let response = next.run(request).await;
    let took = metrics.clock.elapsed().saturating_sub(begun);
    metrics.seconds.observe(took.as_secs_f64());
    let status = response.status().as_u16();
    metrics
        .requests
        .get_or_create(&RequestLabels { route, status })
        .inc();
    response
}

#[derive(Debug)]
struct PoolNumbers(Db);

impl Collector for PoolNumbers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let pool = self.0.health();
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        for (name, help, value) in [
            (
                "db_active_connections",
                "Connections in use",
                u64::from(pool.active_connections),
            ),
            (
                "db_idle_connections",
                "Connections that wait to be used",
                u64::from(pool.idle),
            ),
            (
                "db_max_connections",
                "Most connections that the pool opens",
                u64::from(pool.max),
            ),
            (
                "db_waiters",
                "Transactions that wait for a connection",
                pool.waiters as u64,
            ),
            (
                "db_acquire_p50_microseconds",
                "Median time to get a connection",
                pool.acquire_p50_us,
            ),
            (
                "db_acquire_p99_microseconds",
                "99th percentile of it",
                pool.acquire_p99_us,
            ),
        ] {
            gauge(&mut encoder, name, help, whole(value))?;
        }
        for (name, help, value) in [
            ("db_transactions", "Transactions begun", pool.transactions),
            (
                "db_timeouts",
                "Waits and transactions that ran out of time",
                pool.timeouts,
            ),
            (
                "db_closed_by_hook",
                "Connections closed because they came back in a bad state",
                pool.closed_by_hook,
            ),
        ] {
            counter(&mut encoder, name, help, value)?;
        }
        Ok(())
    }
}

/// Writes a gauge that is read at the moment of a scrape.
///
/// # Errors
/// When the text can't be written.
pub fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: i64) -> fmt::Result {
    let metric = ConstGauge::new(value);
    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
}

/// Writes a counter that is read at the moment of a scrape.
///
/// # Errors
/// When the text can't be written.
pub fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let metric = ConstCounter::new(value);
    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
}
