//! Numbers for Prometheus (OpenMetrics text). Must never carry a label that a client can choose.

use std::fmt;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::clock::Clock;
use crate::db::PoolHealth;

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

/// Every name begins with this.
const PREFIX: &str = "edgebook";
/// Buckets of request times: 50 µs, doubled 17 times to 6.5 s.
const FIRST_BUCKET_S: f64 = 0.000_05;

impl Metrics {
    /// Counts of requests and their times.
    pub fn new(clock: Clock) -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let requests = Family::default();
        let seconds = Histogram::new(exponential_buckets(FIRST_BUCKET_S, 2.0, 18));
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register(
            "http_request_seconds",
            "Time to an answer's head",
            seconds.clone(),
        );
        Self(Arc::new(Inner {
            registry,
            requests,
            seconds,
            clock,
        }))
    }

    /// What counts the answers of a route with a status; for those who answer past [`measure`].
    pub fn requests(&self, route: &str, status: u16) -> Counter {
        let route = route.to_owned();
        self.0
            .requests
            .get_or_create_owned(&RequestLabels { route, status })
    }

    /// The answer to a scrape: what was counted, and `more` as it is now.
    pub fn scrape(&self, more: Vec<Named>) -> Response {
        let mut now = Registry::with_prefix(PREFIX);
        now.register_collector(Box::new(Numbers(more)));
        let mut text = String::new();
        let written = encode_registry(&mut text, &self.0.registry)
            .and_then(|()| encode_registry(&mut text, &now))
            .and_then(|()| encode_eof(&mut text));
        if written.is_err() {
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

/// A number that is read at the moment of a scrape.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// Goes up and down.
    Gauge(u64),
    /// Only goes up while the process lives.
    Counter(u64),
}

/// A number with its name and a short explanation.
pub type Named = (&'static str, &'static str, Number);

/// The numbers of a pool.
pub fn of_pool(pool: &PoolHealth) -> [Named; 9] {
    use Number::{Counter, Gauge};
    [
        (
            "db_active_connections",
            "Connections in use",
            Gauge(pool.active_connections.into()),
        ),
        (
            "db_idle_connections",
            "Connections that wait to be used",
            Gauge(pool.idle.into()),
        ),
        (
            "db_max_connections",
            "Most connections that the pool opens",
            Gauge(pool.max.into()),
        ),
        (
            "db_waiters",
            "Transactions that wait for a connection",
            Gauge(pool.waiters as u64),
        ),
        (
            "db_acquire_p50_microseconds",
            "Median time to get a connection",
            Gauge(pool.acquire_p50_us),
        ),
        (
            "db_acquire_p99_microseconds",
            "99th percentile of it",
            Gauge(pool.acquire_p99_us),
        ),
        (
            "db_transactions",
            "Transactions begun",
            Counter(pool.transactions),
        ),
        (
            "db_timeouts",
            "Waits and transactions that ran out of time",
            Counter(pool.timeouts),
        ),
        (
            "db_closed_by_hook",
            "Connections closed because they came back in a bad state",
            Counter(pool.closed_by_hook),
        ),
    ]
}

/// The numbers of a second pool, for the primary.
pub fn of_primary_pool(pool: &PoolHealth) -> [Named; 9] {
    const NAMES: [&str; 9] = [
        "primary_db_active_connections",
        "primary_db_idle_connections",
        "primary_db_max_connections",
        "primary_db_waiters",
        "primary_db_acquire_p50_microseconds",
        "primary_db_acquire_p99_microseconds",
        "primary_db_transactions",
        "primary_db_timeouts",
        "primary_db_closed_by_hook",
    ];
    let mut numbers = of_pool(pool);
    for (number, name) in numbers.iter_mut().zip(NAMES) {
        number.0 = name;
    }
    numbers
}

#[derive(Debug)]
struct Numbers(Vec<Named>);

impl Collector for Numbers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (name, help, number) in &self.0 {
            match number {
                Number::Gauge(value) => {
                    let metric = ConstGauge::new(i64::try_from(*value).unwrap_or(i64::MAX));
                    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
                }
                Number::Counter(value) => {
                    let metric = ConstCounter::new(*value);
                    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)?;
                }
            }
        }
        Ok(())
    }
}
