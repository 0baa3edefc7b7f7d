//! What a lane and a move under way hold, given back however their work ends, also by a panic. Must never let a fault in
//! one move keep a lane, or a wallet, from the others.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;

use super::queue::{Queue, Waiting};
use super::{Answered, Inner, Key};
use crate::casino::batch::Told;
use crate::casino::moves::Move;

/// One of the lanes under way.
pub(super) struct Lane {
    inner: Arc<Inner>,
    state: LaneState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LaneState {
    UnderWay,
    GivenBack,
}

impl Lane {
    pub(super) fn open(inner: Arc<Inner>, queue: &mut Queue) -> Self {
        queue.lanes += 1;
        Self {
            inner,
            state: LaneState::UnderWay,
        }
    }

    pub(super) const fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// To be called while it is certain that nothing is left to take: whoever comes afterwards opens another lane.
    pub(super) fn give_back(&mut self, queue: &mut Queue) {
        if self.state == LaneState::UnderWay {
            self.state = LaneState::GivenBack;
            queue.lanes -= 1;
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if self.state == LaneState::UnderWay {
            // It was cut off in the middle of its work, which another has to go on with.
            let inner = Arc::clone(&self.inner);
            let mut queue = inner.queue();
            self.give_back(&mut queue);
            inner.reopen(&mut queue);
        }
    }
}

/// A move under way, whose wallet is kept for it. Where it is dropped unfinished, its caller hears that the outcome is
/// not known.
pub(super) struct UnderWay {
    inner: Arc<Inner>,
    asked: Arc<Move>,
    answer: Option<oneshot::Sender<Answered>>,
}

impl UnderWay {
    /// Takes over a move whose wallet the queue counts as busy.
    pub(super) fn new(inner: Arc<Inner>, waiting: Waiting) -> Self {
        Self {
            inner,
            asked: waiting.asked,
            answer: Some(waiting.answer),
        }
    }

    pub(super) const fn asked(&self) -> &Arc<Move> {
        &self.asked
    }

    pub(super) fn key(&self) -> Key {
        (self.asked.operator, self.asked.player)
    }

    /// Remembers the player, frees the wallet for the next move, and answers. Nobody may wait for the answer any more;
    /// the effect is whole all the same.
    pub(super) fn finish(mut self, told: Told) {
        self.inner.counts.moves.fetch_add(1, Ordering::Relaxed);
        if let Some(seat) = told.seat {
            self.inner.seats.insert(self.key(), seat);
        }
        let answer = self.answer.take();
        drop(self);
        if let Some(answer) = answer {
            let _ = answer.send(told.answer);
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut queue = self.inner.queue();
        queue.busy.remove(&self.key());
        self.inner.reopen(&mut queue);
    }
}

impl Inner {
    /// Opens a lane for what waits, if any.
    fn reopen(self: &Arc<Self>, queue: &mut Queue) {
        if !queue.waiting.is_empty() {
            self.open_lane(queue);
        }
    }
}
