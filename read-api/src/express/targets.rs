//! Which page a target (path and query) stands for, as the routes said when they last answered it. Must never be used
//! after something is known that may make them say otherwise.

use std::sync::Arc;

use moka::sync::Cache;
use prometheus_client::metrics::counter::Counter;
use shared::metrics::Metrics;

use crate::cache::Page;
use crate::coherence::versions::Required;
use crate::pages::{Asked, route};

/// Targets longer than this are not remembered, in bytes.
const MAX_TARGET_BYTES: usize = 256;

/// What is known of a target.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) page: Page,
    given: Box<[shared::coherence::Change]>,
    /// Counts its answers with a body.
    pub(super) ok: Counter,
    /// Counts its answers that nothing changed.
    pub(super) unchanged: Counter,
}

impl Target {
    /// What the routes said, to be counted in `metrics`.
    pub(super) fn new(asked: Asked, metrics: &Metrics) -> Self {
        let route = route::of(asked.page);
        Self {
            page: asked.page,
            given: asked.given.into(),
            ok: metrics.requests(route, 200),
            unchanged: metrics.requests(route, 304),
        }
    }
}

/// The targets known, bounded by their number. Only those that stand for a page are.
#[derive(Debug)]
pub(super) struct Targets(Cache<Box<str>, Arc<Target>>);

impl Targets {
    /// None yet, and never more than `most`.
    pub(super) fn new(most: u64) -> Self {
        Self(Cache::new(most))
    }

    /// What is known of a target and nothing newer speaks against.
    pub(super) fn find(&self, target: &str, required: &Required) -> Option<Arc<Target>> {
        let known = self.0.get(target)?;
        let holds = known
            .given
            .iter()
            .all(|given| required.of(given.topic) <= given.version);
        holds.then_some(known)
    }

    /// Remembers a target.
    pub(super) fn learn(&self, target: &str, known: Target) {
        if target.len() <= MAX_TARGET_BYTES {
            self.0.insert(target.into(), Arc::new(known));
        }
    }
}
