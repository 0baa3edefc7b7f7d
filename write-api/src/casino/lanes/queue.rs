//! The moves that wait for a transaction, and what is under way. Must never take two moves of one wallet.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Answered, Key};
use crate::casino::moves::Move;

/// A move, and who waits for its answer.
pub(super) struct Waiting {
    pub(super) asked: Arc<Move>,
    pub(super) answer: oneshot::Sender<Answered>,
    /// Since when, by the clock's elapsed time.
    pub(super) since: Duration,
}

impl Waiting {
    pub(super) fn key(&self) -> Key {
        (self.asked.operator, self.asked.player)
    }

    /// Nobody may wait any more.
    pub(super) fn tell(self, answered: Answered) {
        let _ = self.answer.send(answered);
    }
}

#[derive(Default)]
pub(super) struct Queue {
    pub(super) waiting: VecDeque<Waiting>,
    /// The wallets with a move under way.
    pub(super) busy: HashSet<Key>,
    /// The lanes under way.
    pub(super) lanes: usize,
}

impl Queue {
    /// Takes out the moves that wait since before `then`. They stand in the order in which they came.
    pub(super) fn take_older(&mut self, then: Duration) -> Vec<Waiting> {
        let old = self.waiting.partition_point(|waiting| waiting.since < then);
        self.waiting.drain(..old).collect()
    }

    /// Takes the next moves, at most one of each wallet; later ones of the same wallet keep their places.
    pub(super) fn take(&mut self, most: usize) -> Vec<Waiting> {
        let mut taken = Vec::new();
        let mut kept = VecDeque::new();
        while taken.len() < most {
            let Some(next) = self.waiting.pop_front() else {
                break;
            };
            if self.busy.insert(next.key()) {
                taken.push(next);
            } else {
                kept.push_back(next);
            }
        }
        kept.append(&mut self.waiting);
        self.waiting = kept;
        taken
    }
}

#[cfg(test)]
mod tests {
    use shared::ids::{OperatorId, PlayerId};
    use time::OffsetDateTime;

    use super::*;
    use crate::casino::error::CasinoError;
    use crate::casino::moves::Play;
    use crate::casino::table::Table;

    #[derive(Debug)]
    struct Never;

    impl Play for Never {
        fn decide(&self, _table: &mut Table<'_>) -> Answered {
            Err(CasinoError::Busy)
        }
    }

    fn queue_of(players: &[i64]) -> Queue {
        let mut queue = Queue::default();
        for player in players {
            let asked = Move {
                operator: OperatorId::new(1),
                player: PlayerId::new(*player),
                token_hash: None,
                at: OffsetDateTime::UNIX_EPOCH,
                steady_at: OffsetDateTime::UNIX_EPOCH,
                command: None,
                play: Box::new(Never),
            };
            queue.waiting.push_back(Waiting {
                asked: Arc::new(asked),
                answer: oneshot::channel().0,
                since: Duration::from_millis(queue.waiting.len() as u64),
            });
        }
        queue
    }

    fn players<'a>(moves: impl IntoIterator<Item = &'a Waiting>) -> Vec<i64> {
        moves.into_iter().map(|waiting| waiting.key().1.get()).collect()
    }

    #[test]
    fn a_batch_takes_one_move_of_each_wallet_and_leaves_the_others_in_their_order() {
        let mut queue = queue_of(&[1, 1, 2, 3, 2, 1, 4]);
        assert_eq!(players(&queue.take(10)), [1, 2, 3, 4]);
        assert_eq!(players(&queue.waiting), [1, 2, 1]);
        assert_eq!(
            players(&queue.take(10)),
            [] as [i64; 0],
            "all their wallets are busy"
        );
        queue.busy.remove(&(OperatorId::new(1), PlayerId::new(1)));
        assert_eq!(players(&queue.take(10)), [1]);
        assert_eq!(players(&queue.waiting), [2, 1]);
    }

    #[test]
    fn moves_that_wait_too_long_are_taken_out_from_the_front() {
        let mut queue = queue_of(&[1, 2, 3, 4]);
        assert_eq!(players(&queue.take_older(Duration::from_millis(2))), [1, 2]);
        assert_eq!(players(&queue.waiting), [3, 4]);
        assert_eq!(players(&queue.take_older(Duration::ZERO)), [] as [i64; 0]);
    }

    #[test]
    fn a_batch_takes_no_more_than_its_limit() {
        let mut queue = queue_of(&[1, 1, 2, 3]);
        assert_eq!(players(&queue.take(2)), [1, 2]);
        assert_eq!(players(&queue.waiting), [1, 3]);
    }
}
