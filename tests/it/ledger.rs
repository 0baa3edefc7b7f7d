//! The ledger on a real database: random movements against a model, and locks taken in any order.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use shared::clock::Clock;
use shared::ids::{OperatorId, PlayerId};
use shared::money::Minor;
use shared::random::Random;
use sqlx::{PgConnection, Row};
use tests::{Installation, people::Player};
use tokio::task::JoinSet;
use uuid::Uuid;
use write_api::ledger::{Account, LedgerError, Posting, Reason, lock_wallet, lock_wallets, post};

const PLAYERS: usize = 3;
const START: i64 = 1_000;
const CASES: usize = 40;
const KINDS: [Reason; 3] = [Reason::Grant, Reason::Deposit, Reason::Withdrawal];

/// One movement of one of the players; the sign says whether the wallet gets or gives.
#[derive(Clone, Copy, Debug)]
struct Movement {
    player: usize,
    amount: i64,
    reason: Reason,
}

/// Movements that are written in one transaction, or not.
#[derive(Clone, Debug)]
struct Batch {
    movements: Vec<Movement>,
    is_committed: bool,
}

fn movement() -> impl Strategy<Value = Movement> {
    (0..PLAYERS, 1..700_i64, prop::sample::select(KINDS.as_slice())).prop_map(|(player, amount, reason)| {
        Movement {
            player,
            amount: if reason == Reason::Withdrawal {
                -amount
            } else {
                amount
            },
            reason,
        }
    })
}

fn batches() -> impl Strategy<Value = Vec<Batch>> {
    let batch = (prop::collection::vec(movement(), 1..6), prop::bool::weighted(0.8));
    let batch = batch.prop_map(|(movements, is_committed)| Batch {
        movements,
        is_committed,
    });
    prop::collection::vec(batch, 1..8)
}

impl Movement {
    fn posting(self, player: PlayerId, tx_id: Uuid) -> Posting {
        let (wallet, house) = (Account::Wallet(player), Account::Cashier);
        let (debit, credit) = if self.amount < 0 {
            (wallet, house)
        } else {
            (house, wallet)
        };
        Posting {
            debit,
            credit,
            amount: Minor::new(self.amount.abs()),
            reason: self.reason,
            reference: tx_id.to_string(),
        }
    }
}

fn new_id() -> Uuid {
    Random::system().uuid(Clock::machine().now())
}

/// Writes what the cashier answers to payments, for those that were made without it.
async fn answer_payments(db: &mut PgConnection) {
    sqlx::query(
        "insert into commands (operator_id, actor, key, request_hash, status, answer, created_at)
         select operator_id, 'cashier', reference, sha256(''), 200,
             json_build_object('transaction_id', tx_id, 'player_id', player_id), now()
         from ledger_entries
         where reason in ('deposit', 'withdrawal')
         on conflict do nothing",
    )
    .execute(db)
    .await
    .unwrap();
}

/// Makes the movements in one transaction. Those that a wallet does not cover are left out, as the answers say.
async fn play(
    db: &mut PgConnection,
    operator: OperatorId,
    players: &[PlayerId],
    batch: &Batch,
) -> Result<Vec<bool>, LedgerError> {
    let keys: Vec<_> = players.iter().map(|player| (operator, *player)).collect();
    let mut wallets = lock_wallets(db, &keys).await?;
    let mut taken = Vec::new();
    for movement in &batch.movements {
        let player = players[movement.player];
        let wallet = wallets
            .iter_mut()
            .find(|wallet| wallet.player() == player)
            .unwrap();
        let tx_id = new_id();
        taken.push(wallet.post(tx_id, &[movement.posting(player, tx_id)]).is_ok());
    }
    post(db, wallets, Clock::machine().now()).await?;
    answer_payments(db).await;
    Ok(taken)
}

async fn balances(installation: &Installation, players: &[PlayerId]) -> Vec<i64> {
    let rows = sqlx::query("select player_id, balance from wallets");
    let rows = rows.fetch_all(installation.database.pool()).await.unwrap();
    let found: BTreeMap<i64, i64> = rows
        .iter()
        .map(|row| (row.get("player_id"), row.get("balance")))
        .collect();
    players.iter().map(|player| found[&player.get()]).collect()
}

/// Whatever is moved, committed or rolled back, every balance is what plain sums say, and the books are right.
#[tokio::test(flavor = "multi_thread")]
async fn random_movements_do_what_a_model_of_plain_sums_does() {
    let installation = Installation::builder().readers(0).start().await;
    let aurora = installation.operator("aurora").await;
    let mut players = Vec::new();
    for number in 0..PLAYERS {
        players.push(
            installation
                .player(&aurora, &format!("player{number}"), START)
                .await
                .id,
        );
    }
    let mut model = vec![START; PLAYERS];
    let (strategy, mut runner) = (batches(), TestRunner::default());
    for _ in 0..CASES {
        let case = strategy.new_tree(&mut runner).unwrap().current();
        for batch in &case {
            let mut transaction = installation.database.pool().begin().await.unwrap();
            let taken = play(&mut transaction, aurora.id, &players, batch).await.unwrap();
            let mut after = model.clone();
            for (movement, taken) in batch.movements.iter().zip(taken) {
                let balance = &mut after[movement.player];
                assert_eq!(taken, *balance + movement.amount >= 0, "{batch:?}");
                if taken {
                    *balance += movement.amount;
                }
            }
            if batch.is_committed {
                transaction.commit().await.unwrap();
                model = after;
            } else {
                transaction.rollback().await.unwrap();
            }
            assert_eq!(balances(&installation, &players).await, model, "{batch:?}");
        }
    }
    installation.finish().await;
}

/// Transactions that name the same wallets in opposite orders follow each other, and never wait for each other.
#[tokio::test(flavor = "multi_thread")]
async fn wallets_asked_for_in_opposite_orders_never_deadlock() {
    let installation = Installation::builder().readers(0).start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", START).await;
    let bob = installation.player(&aurora, "bob", START).await;
    let app = Arc::clone(installation.writer.app());
    let mut all = JoinSet::new();
    for number in 0..100 {
        let app = Arc::clone(&app);
        let mut players = [(aurora.id, alice.id), (aurora.id, bob.id)];
        if number % 2 == 1 {
            players.reverse();
        }
        all.spawn(async move {
            let moved = app.db.write(move |db| {
                Box::pin(async move {
                    let mut wallets = lock_wallets(db, &players).await?;
                    for wallet in &mut wallets {
                        let movement = Movement {
                            player: 0,
                            amount: 1,
                            reason: Reason::Grant,
                        };
                        let tx_id = new_id();
                        wallet.post(tx_id, &[movement.posting(wallet.player(), tx_id)])?;
                    }
                    post(db, wallets, Clock::machine().now()).await
                })
            });
            moved.await
        });
    }
    for moved in all.join_all().await {
        moved.unwrap();
    }
    let deadlocks: i64 =
        sqlx::query_scalar("select deadlocks from pg_stat_database where datname = current_database()")
            .fetch_one(installation.database.pool())
            .await
            .unwrap();
    assert_eq!(deadlocks, 0);
    assert_eq!(
        balances(&installation, &[alice.id, bob.id]).await,
        [START + 100; 2]
    );
    installation.finish().await;
}

/// A wallet that was decided by is only written if nobody wrote it since.
#[tokio::test]
async fn a_wallet_that_changed_since_it_was_read_is_not_written() {
    let installation = Installation::builder().readers(0).start().await;
    let aurora = installation.operator("aurora").await;
    let alice: Player = installation.player(&aurora, "alice", START).await;
    let pool = installation.database.pool();
    let read = || async {
        let mut transaction = pool.begin().await.unwrap();
        let wallet = lock_wallet(aurora.id, &mut transaction, alice.id).await.unwrap();
        transaction.rollback().await.unwrap();
        wallet
    };
    let write = async |mut wallet: write_api::ledger::LockedWallet| {
        let movement = Movement {
            player: 0,
            amount: -100,
            reason: Reason::Withdrawal,
        };
        let tx_id = new_id();
        wallet.post(tx_id, &[movement.posting(alice.id, tx_id)]).unwrap();
        let mut transaction = pool.begin().await.unwrap();
        let written = post(&mut transaction, vec![wallet], Clock::machine().now()).await;
        answer_payments(&mut transaction).await;
        transaction.commit().await.unwrap();
        written
    };
    let (first, second) = (read().await, read().await);
    write(first).await.unwrap();
    assert!(matches!(write(second).await, Err(LedgerError::WalletChanged)));
    assert_eq!(balances(&installation, &[alice.id]).await, [START - 100]);
    installation.finish().await;
}

/// What is written late, for an hour before the newest, is no mark: it would have totals of later hours.
#[tokio::test]
async fn a_movement_that_is_dated_back_marks_no_hour() {
    let installation = Installation::builder().readers(0).start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", START).await;
    let pool = installation.database.pool();
    let now = installation.clock.now();
    for (hours, amount) in [(5, -400), (4, 50), (6, -100), (5, 20)] {
        let movement = Movement {
            player: 0,
            amount,
            reason: if amount < 0 {
                Reason::Withdrawal
            } else {
                Reason::Deposit
            },
        };
        let mut transaction = pool.begin().await.unwrap();
        let mut wallet = lock_wallet(aurora.id, &mut transaction, alice.id).await.unwrap();
        let tx_id = new_id();
        wallet.post(tx_id, &[movement.posting(alice.id, tx_id)]).unwrap();
        let at = now + std::time::Duration::from_secs(hours * 3600);
        post(&mut transaction, vec![wallet], at).await.unwrap();
        answer_payments(&mut transaction).await;
        transaction.commit().await.unwrap();
    }
    let hour = write_api::ledger::hour_of(now);
    let marks: Vec<(i64, i64)> =
        sqlx::query_as("select hour - $1, deposited from wallet_marks where hour > $1 order by hour")
            .bind(hour)
            .fetch_all(pool)
            .await
            .unwrap();
    assert_eq!(marks, [(5, 0), (6, 50)]);
    installation.finish().await;
}
