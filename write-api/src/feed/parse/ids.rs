//! Ids that are unique among siblings, whatever the feed repeats.
//! Must never depend on anything but the siblings before.

use std::collections::{HashMap, HashSet};

/// The ids that are taken.
#[derive(Debug, Default)]
pub(super) struct Ids {
    taken: HashSet<String>,
    repeats: HashMap<String, u64>,
}

/// An id that was given out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) id: String,
    /// Whether it had to differ from the wish.
    pub(super) is_repeated: bool,
}

impl Ids {
    /// `wish` for the first who asks, `<wish>~2` for the second, and so on.
    pub(super) fn give(&mut self, wish: String) -> Given {
        if self.taken.insert(wish.clone()) {
            return Given {
                id: wish,
                is_repeated: false,
            };
        }
        let count = self.repeats.entry(wish.clone()).or_insert(1);
        loop {
            *count += 1;
            let id = format!("{wish}~{count}");
            if self.taken.insert(id.clone()) {
                return Given {
                    id,
                    is_repeated: true,
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_given_once() {
        let mut ids = Ids::default();
        let wishes = ["Over", "Under", "Over", "Over~2", "Over~3", "Over"];
        let given = wishes.map(|wish| ids.give(wish.to_owned()).id);
        assert_eq!(given, ["Over", "Under", "Over~2", "Over~2~2", "Over~3", "Over~4"]);
    }
}
