//! Lanes with a fault in a move: everybody else goes on.

use clap::Parser;
use time::OffsetDateTime;

use super::*;
use crate::casino::moves::{Play, Wanted};
use crate::casino::table::Table;

#[derive(Debug)]
struct Plays;

impl Play for Plays {
    fn decide(&self, _table: &mut Table<'_>) -> Answered {
        Ok(Answer::ok("{}".to_owned()))
    }
}

#[derive(Debug)]
struct Panics;

impl Play for Panics {
    fn wants(&self) -> Wanted {
        panic!("a fault in a game")
    }

    fn decide(&self, _table: &mut Table<'_>) -> Answered {
        Err(CasinoError::RoundOver)
    }
}

/// Books that look at what every move wants, in transactions of this patience; the others find every wallet held.
struct Looking(Patience);

impl Books for Looking {
    fn commit(&self, items: Arc<[Item]>, patience: Patience) -> BoxFuture<'static, Batch> {
        let is_held = patience != self.0;
        Box::pin(async move {
            let look = |item: &Item| {
                (!is_held).then(|| {
                    item.asked.play.wants();
                    Told::only(Ok(Answer::ok("{}".to_owned())))
                })
            };
            Ok(items.iter().map(look).collect())
        })
    }
}

/// Books that forget to say what became of a move.
struct Forgetful;

impl Books for Forgetful {
    fn commit(&self, _items: Arc<[Item]>, _patience: Patience) -> BoxFuture<'static, Batch> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    options: CasinoOptions,
}

fn lanes(books: impl Books + 'static) -> Lanes {
    let options = Command::parse_from(["lanes", "--casino-lanes", "2"]).options;
    Lanes::to(Box::new(books), TaskTracker::new(), Clock::machine(), options)
}

async fn play(lanes: &Lanes, player: i64, play: impl Play + 'static) -> Answered {
    let asked = Move {
        operator: OperatorId::new(1),
        player: PlayerId::new(player),
        token_hash: None,
        at: OffsetDateTime::UNIX_EPOCH,
        steady_at: OffsetDateTime::UNIX_EPOCH,
        command: None,
        play: Box::new(play),
    };
    lanes.play(asked).await
}

/// Waits for what is spawned, and checks that nothing is held any more.
async fn assert_all_given_back(lanes: &Lanes) {
    lanes.0.tasks.close();
    lanes.0.tasks.wait().await;
    let queue = lanes.0.queue();
    assert_eq!((queue.lanes, queue.busy.len(), queue.waiting.len()), (0, 0, 0));
}

fn is_unknown(answered: &Answered) -> bool {
    matches!(answered, Err(CasinoError::Database(DbError::OutcomeUnknown)))
}

#[tokio::test]
async fn a_move_that_panics_leaves_its_outcome_unknown_and_neither_lane_nor_wallet_behind() {
    for patience in [Patience::Skips, Patience::Waits] {
        let lanes = lanes(Looking(patience));
        for _ in 0..5 {
            let answered = play(&lanes, 1, Panics).await;
            assert!(is_unknown(&answered), "{patience:?}: {answered:?}");
        }
        for player in [1, 2] {
            let answered = play(&lanes, player, Plays).await;
            assert!(answered.is_ok(), "{patience:?}: {answered:?}");
        }
        assert_all_given_back(&lanes).await;
    }
}

#[tokio::test]
async fn moves_that_wait_behind_a_panic_are_made() {
    let lanes = lanes(Looking(Patience::Skips));
    let (fault, others) = tokio::join!(
        async { tokio::join!(play(&lanes, 1, Panics), play(&lanes, 2, Panics)) },
        async { tokio::join!(play(&lanes, 1, Plays), play(&lanes, 2, Plays)) },
    );
    assert!(is_unknown(&fault.0) && is_unknown(&fault.1), "{fault:?}");
    assert!(others.0.is_ok() && others.1.is_ok(), "{others:?}");
    assert_all_given_back(&lanes).await;
}

#[tokio::test]
async fn a_move_that_nobody_answers_is_never_said_to_have_changed_nothing() {
    let lanes = lanes(Forgetful);
    let answered = play(&lanes, 1, Plays).await;
    assert!(is_unknown(&answered), "{answered:?}");
    assert_all_given_back(&lanes).await;
}
