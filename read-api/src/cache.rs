//! Rendered pages in memory. Owns what a cached answer looks like, when it is fresh, and that one page is never
//! fetched twice at once. Must never know how a page is made.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use serde::Serialize;
use shared::ids::OperatorId;
use shared::sports::Sport;
use utoipa::ToSchema;

pub mod answer;
pub mod entry;
pub mod flights;

use entry::Entry;

use crate::pages::leaderboards::{At, Board};

/// Everything that is rendered once and served many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Page {
    /// `/api/branding/{subdomain}`
    Branding(OperatorId),
    /// `/api/load-theme/{subdomain}`
    Theme(OperatorId),
    /// `/api/theme-css/{subdomain}`
    ThemeCss(OperatorId),
    /// `/api/{subdomain}/casino-enabled`
    CasinoEnabled(OperatorId),
    /// `/api/theme-templates`
    Templates,
    /// `/api/sports/sports`
    Sports,
    /// `/api/sports/events/{sport}`, less what an operator does not offer
    Events(Sport, Option<OperatorId>),
    /// `/api/bootstrap/{subdomain}`
    Bootstrap(OperatorId),
    /// `/api/public/user-leaderboard` and `/api/public/partner-leaderboard`
    Leaders(Board, At),
}

impl Page {
    /// Whether it is made from what is in memory. Such a page is as old as that, which guards itself.
    pub const fn is_derived(self) -> bool {
        matches!(
            self,
            Self::CasinoEnabled(_) | Self::Sports | Self::Events(..) | Self::Bootstrap(_) | Self::Leaders(..)
        )
    }
}

/// The pages in memory, bounded by bytes.
#[derive(Debug)]
pub struct Pages {
    entries: Cache<Page, Arc<Entry>>,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    hits: AtomicU64,
    misses: AtomicU64,
    stale_served: AtomicU64,
}

/// The page cache as `/health/detailed` shows it.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct CacheHealth {
    /// Pages served from memory and known to be current, since the start.
    pub hits: u64,
    /// Pages that had to be fetched while the client waited.
    pub misses: u64,
    /// Pages served from memory that may have been out of date, and said so.
    pub stale_served: u64,
    /// Pages in memory.
    pub entries: u64,
    /// Bytes of the pages in memory, in all encodings.
    pub bytes: u64,
}

/// How an answer came about, for `Cache-Status` and the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// From memory, current.
    Hit,
    /// From memory, perhaps out of date.
    Stale,
    /// Fetched while the client waited.
    Miss,
}

impl Pages {
    /// An empty cache of at most `bytes`.
    pub fn new(bytes: u64) -> Self {
        let entries = Cache::builder()
            .max_capacity(bytes)
            .weigher(|_, entry: &Arc<Entry>| u32::try_from(entry.size()).unwrap_or(u32::MAX))
            .build();
        Self {
            entries,
            counts: Counts::default(),
        }
    }

    /// The page as it was last rendered, current or not.
    pub fn get(&self, page: Page) -> Option<Arc<Entry>> {
        self.entries.get(&page)
    }

    /// Forgets every page.
    pub fn clear(&self) {
        self.entries.invalidate_all();
    }

    /// The pages in memory.
    pub fn all(&self) -> Vec<Page> {
        self.entries.iter().map(|(page, _)| *page).collect()
    }

    /// Keeps a rendered page, unless a newer one is there; returns the one to serve. While the cache is full, it may
    /// be gone the next moment.
    pub fn put(&self, page: Page, entry: Entry) -> Arc<Entry> {
        if !entry.is_kept() {
            return Arc::new(entry);
        }
        let kept = self.entries.entry(page).and_upsert_with(|there| match there {
            Some(there) if there.value().is_newer_than(&entry) => Arc::clone(there.value()),
            _ => Arc::new(entry),
        });
        kept.into_value()
    }

    /// Counts an answer.
    pub fn count(&self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Hit => &self.counts.hits,
            Outcome::Stale => &self.counts.stale_served,
            Outcome::Miss => &self.counts.misses,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// What the cache looks like now.
    pub fn health(&self) -> CacheHealth {
        // Else what was put last may not be counted yet.
        self.entries.run_pending_tasks();
        CacheHealth {
            hits: self.counts.hits.load(Ordering::Relaxed),
            misses: self.counts.misses.load(Ordering::Relaxed),
            stale_served: self.counts.stale_served.load(Ordering::Relaxed),
            entries: self.entries.entry_count(),
            bytes: self.entries.weighted_size(),
        }
    }
}

/// `ttl` less up to a tenth, so that pages fetched together are not all due together.
pub fn jittered(ttl: Duration, random: u16) -> Duration {
    ttl.saturating_sub((ttl / 10).mul_f64(f64::from(random) / f64::from(u16::MAX)))
}
