//! How many places in the queue for passwords one name and one address have at once. Must never let one of them keep
//! everybody else waiting, whether its passwords are right or wrong.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// The places that are taken, by whom. There are never more than the queue has.
#[derive(Debug)]
pub(super) struct Shares<K> {
    taken: Mutex<HashMap<K, u16>>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(super) struct Share<K: Eq + Hash> {
    shares: Arc<Shares<K>>,
    key: K,
}

impl<K> Default for Shares<K> {
    fn default() -> Self {
        Self {
            taken: Mutex::default(),
        }
    }
}

impl<K: Clone + Eq + Hash> Shares<K> {
    /// A place for `key`, unless it has `most` already.
    pub(super) fn take(self: &Arc<Self>, key: K, most: u16) -> Option<Share<K>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(key.clone()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Share {
            shares: Arc::clone(self),
            key,
        })
    }
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut taken = self.shares.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_own_places_and_gives_them_back() {
        let shares = Arc::new(Shares::default());
        let first = shares.take("alice", 2).unwrap();
        let second = shares.take("alice", 2).unwrap();
        assert!(shares.take("alice", 2).is_none());
        let other = shares.take("bob", 2).unwrap();
        drop(first);
        let third = shares.take("alice", 2).unwrap();
        drop((second, third, other));
        assert!(shares.taken.lock().unwrap().is_empty());
    }
}
