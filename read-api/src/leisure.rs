//! Work that takes CPU time, done beside the threads that answer requests, a few at once. Must never let it take every
//! core: what is in memory is answered meanwhile.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinError;

/// Places for such work.
#[derive(Debug)]
pub struct Leisure(Arc<Semaphore>);

impl Leisure {
    /// With so many places.
    pub fn new(places: u16) -> Self {
        Self(Arc::new(Semaphore::new(places.into())))
    }

    /// Does the work on a thread of its own, when a place is free.
    ///
    /// # Errors
    /// When the work panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        // The semaphore is never closed. The place is given back when the work ends, also when nobody waits for it.
        let place = Arc::clone(&self.0).acquire_owned().await.ok();
        tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn no_more_is_done_at_once_than_there_are_places_and_a_panic_gives_its_place_back() {
        const PLACES: u16 = 2;
        let leisure = Arc::new(Leisure::new(PLACES));
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut works = tokio::task::JoinSet::new();
        for number in 0..50 {
            let (leisure, now, most) = (Arc::clone(&leisure), Arc::clone(&now), Arc::clone(&most));
            works.spawn(async move {
                let work = move || {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    now.fetch_sub(1, Ordering::SeqCst);
                    assert_ne!(number % 10, 0, "some work panics");
                };
                leisure.run(work).await.is_ok()
            });
        }
        let done = works
            .join_all()
            .await
            .into_iter()
            .filter(|is_done| *is_done)
            .count();
        assert_eq!(done, 45);
        assert!(most.load(Ordering::SeqCst) <= PLACES.into());
    }
}
