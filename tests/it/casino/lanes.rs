//! Group commit, seen from outside: what comes together shares a transaction, and nobody pays for another.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use tests::{Client, Installation, people::Player};
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt;

use super::{BET, balance_minor, count};

const LIMIT: Duration = Duration::from_secs(10);

async fn lanes(installation: &Installation) -> Value {
    installation.writer().get("/health/detailed").await.ok()["casino"].clone()
}

async fn wait_for_lanes(installation: &Installation, what: &str, check: impl Fn(&Value) -> bool) {
    let is_so = || async { check(&lanes(installation).await) };
    installation.within(LIMIT, what, is_so).await;
}

fn bet(installation: &Installation, player: &Player, stake: f64) -> JoinHandle<tests::Answer> {
    let client = installation.writer().logged_in(&player.token);
    tokio::spawn(async move { client.post(BET, &json!({"stake": stake})).await })
}

/// One lane, in which the first bet is held up until [`Stage::go_on`], and players for the bets behind it.
struct Stage {
    installation: Installation,
    players: Vec<Player>,
    holder: Option<sqlx::Transaction<'static, sqlx::Postgres>>,
}

impl Stage {
    async fn new(players: usize) -> Self {
        let args = ["--casino-lanes", "1", "--casino-wallet-queue", "3"];
        let builder = Installation::builder().writer_args(&args);
        let installation = builder.start().await;
        let aurora = installation.operator("aurora").await;
        let mut everybody = Vec::new();
        for number in 0..players {
            let name = format!("player{number}");
            let player = installation.player(&aurora, &name, 10_000).await;
            // Their next bets are decided by what is remembered of this one.
            bet(&installation, &player, 1.0).await.unwrap().ok();
            everybody.push(player);
        }
        Self {
            installation,
            players: everybody,
            holder: None,
        }
    }

    /// Nothing can be written to rounds until [`Stage::go_on`].
    async fn hold(&mut self) {
        let mut holder = self.installation.database.pool().begin().await.unwrap();
        sqlx::query("lock table rounds in share mode")
            .execute(&mut *holder)
            .await
            .unwrap();
        self.holder = Some(holder);
    }

    async fn go_on(&mut self) {
        self.holder.take().unwrap().commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bets_that_come_while_one_is_under_way_share_the_next_transaction() {
    let mut stage = Stage::new(20).await;
    let before = lanes(&stage.installation).await;
    stage.hold().await;
    let first = bet(&stage.installation, &stage.players[0], 1.0);
    wait_for_lanes(&stage.installation, "the first is under way", |lanes| {
        lanes["moves_under_way"] == 1
    })
    .await;
    let others: Vec<_> = stage.players[1..]
        .iter()
        .map(|player| bet(&stage.installation, player, 1.0))
        .collect();
    wait_for_lanes(&stage.installation, "the others wait", |lanes| {
        lanes["moves_waiting"] == 19
    })
    .await;
    stage.go_on().await;
    first.await.unwrap().ok();
    for other in others {
        other.await.unwrap().ok();
    }
    let after = lanes(&stage.installation).await;
    let grown = |count: &str| after[count].as_u64().unwrap() - before[count].as_u64().unwrap();
    assert_eq!((grown("moves"), grown("transactions")), (20, 2));
    let shared = "select count(*) from (
        select 1 from ledger_entries where reason = 'stake' group by changed_xid having count(*) = 19) as shared";
    let shared: i64 = sqlx::query_scalar(shared)
        .fetch_one(stage.installation.database.pool())
        .await
        .unwrap();
    assert_eq!(shared, 1);
    stage.installation.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_in_a_batch_touches_nobody_else() {
    let mut stage = Stage::new(6).await;
    stage.hold().await;
    let first = bet(&stage.installation, &stage.players[0], 1.0);
    wait_for_lanes(&stage.installation, "the first is under way", |lanes| {
        lanes["moves_under_way"] == 1
    })
    .await;
    let others: Vec<_> = stage.players[1..]
        .iter()
        .enumerate()
        .map(|(number, player)| {
            bet(
                &stage.installation,
                player,
                if number == 2 { 9_000.0 } else { 1.0 },
            )
        })
        .collect();
    wait_for_lanes(&stage.installation, "the others wait", |lanes| {
        lanes["moves_waiting"] == 5
    })
    .await;
    stage.go_on().await;
    first.await.unwrap().ok();
    for (number, other) in others.into_iter().enumerate() {
        let answer = other.await.unwrap();
        if number == 2 {
            answer.problem(422, "insufficient_funds");
        } else {
            answer.ok();
        }
    }
    assert_eq!(count(&stage.installation, "rounds").await, 6 + 5);
    stage.installation.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_fails_for_one_is_retried_one_by_one() {
    let mut stage = Stage::new(6).await;
    let unlucky = stage.players[3].id;
    let statement =
        format!("alter table rounds add constraint nobody check (player_id <> {unlucky}) not valid");
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .execute(stage.installation.database.pool())
        .await
        .unwrap();
    stage.hold().await;
    let first = bet(&stage.installation, &stage.players[0], 1.0);
    wait_for_lanes(&stage.installation, "the first is under way", |lanes| {
        lanes["moves_under_way"] == 1
    })
    .await;
    let others: Vec<_> = stage.players[1..]
        .iter()
        .map(|player| bet(&stage.installation, player, 1.0))
        .collect();
    wait_for_lanes(&stage.installation, "the others wait", |lanes| {
        lanes["moves_waiting"] == 5
    })
    .await;
    stage.go_on().await;
    first.await.unwrap().ok();
    for (number, other) in others.into_iter().enumerate() {
        let answer = other.await.unwrap();
        if number == 2 {
            answer.problem(500, "internal");
        } else {
            answer.ok();
        }
    }
    assert_eq!(lanes(&stage.installation).await["batches_failed"], 1);
    assert_eq!(count(&stage.installation, "rounds").await, 6 + 5);
    stage.installation.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_player_can_not_fill_the_queue_for_all() {
    let mut stage = Stage::new(2).await;
    stage.hold().await;
    let bets: Vec<_> = (0..4)
        .map(|_| bet(&stage.installation, &stage.players[0], 1.0))
        .collect();
    wait_for_lanes(&stage.installation, "three wait", |lanes| {
        lanes["moves_waiting"] == 3
    })
    .await;
    let surplus = bet(&stage.installation, &stage.players[0], 1.0).await.unwrap();
    surplus.problem(429, "too_many_at_once");
    let other = bet(&stage.installation, &stage.players[1], 1.0);
    wait_for_lanes(&stage.installation, "the other waits too", |lanes| {
        lanes["moves_waiting"] == 4
    })
    .await;
    stage.go_on().await;
    for bet in bets {
        bet.await.unwrap().ok();
    }
    other.await.unwrap().ok();
    stage.installation.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_somebody_holds_keeps_only_its_own_player_waiting() {
    let stage = Stage::new(2).await;
    let mut holder = stage.installation.database.pool().begin().await.unwrap();
    sqlx::query("select from wallets where player_id = $1 for update")
        .bind(stage.players[0].id.get())
        .execute(&mut *holder)
        .await
        .unwrap();
    let held = bet(&stage.installation, &stage.players[0], 1.0);
    wait_for_lanes(&stage.installation, "it is under way", |lanes| {
        lanes["moves_under_way"] == 1
    })
    .await;
    for _ in 0..5 {
        bet(&stage.installation, &stage.players[1], 1.0)
            .await
            .unwrap()
            .ok();
    }
    assert!(!held.is_finished());
    holder.commit().await.unwrap();
    held.await.unwrap().ok();
    stage.installation.finish().await;
}

#[tokio::test]
async fn a_session_that_ended_opens_nothing_although_its_token_is_remembered() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let player = installation.writer().logged_in(&alice.token);
    player.post(BET, &json!({"stake": 1})).await.ok();
    player.post(BET, &json!({"stake": 1})).await.ok();
    player.post("/api/auth/aurora/logout", &json!({})).await.ok();
    player
        .post(BET, &json!({"stake": 1}))
        .await
        .problem(401, "authentication_required");
    assert_eq!(count(&installation, "rounds").await, 2);
    installation.finish().await;
}

/// What is remembered is checked again by the statement that writes: a change of limits, balance or standing that
/// another made holds for the very next bet.
#[tokio::test]
async fn what_is_remembered_never_outlives_a_change() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let player = installation.writer().logged_in(&alice.token);
    let set = |statement: &'static str| sqlx::query(statement).execute(installation.database.pool());
    let stake = json!({"stake": 1});
    let bet = || player.post(BET, &stake);
    bet().await.ok();
    set("update operator_settings set min_stake = 200").await.unwrap();
    bet().await.names_field("stake");
    set("update operator_settings set min_stake = 100").await.unwrap();
    bet().await.ok();
    set("update operator_settings set max_payout = 1000000")
        .await
        .unwrap();
    bet().await.ok();
    set("update operators set casino_enabled = false").await.unwrap();
    bet().await.problem(403, "casino_disabled");
    set("update operators set casino_enabled = true").await.unwrap();
    set("update players set is_active = false").await.unwrap();
    bet().await.problem(403, "account_disabled");
    set("update players set is_active = true").await.unwrap();
    bet().await.ok();
    assert_eq!(count(&installation, "rounds").await, 4);
    installation.finish().await;
}

/// Two instances remember the same player, and each is told of the other's bets only by the database.
#[tokio::test(flavor = "multi_thread")]
async fn two_instances_never_decide_two_bets_by_one_balance() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let mut players = Vec::new();
    for name in ["alice", "bob", "carol"] {
        players.push(installation.player(&aurora, name, 3_000).await);
    }
    let mut options = installation.writer.app().options.clone();
    options.listen = "127.0.0.1:0".parse().unwrap();
    let another = write_api::app::start(
        options,
        installation.clock.clone(),
        shared::random::Random::system(),
    );
    let another = another.await.unwrap();
    let mut bets = JoinSet::new();
    for number in 0..240 {
        let client = if number % 2 == 0 {
            installation.writer()
        } else {
            Client::new(format!("http://{}", another.address()))
        };
        let client = client.logged_in(&players[number % 3].token);
        bets.spawn(async move { client.post(BET, &json!({"stake": 1})).await });
    }
    for answer in bets.join_all().await {
        if !answer.status.is_success() {
            answer.problem(422, "insufficient_funds");
        }
    }
    for player in &players {
        assert!(balance_minor(&installation, player).await >= 0);
    }
    another.stop().await;
    installation.finish().await;
}

/// Polls `work` at most so often, then drops it. Whether it came to its end.
async fn within_polls<T>(work: impl Future<Output = T>, most: usize) -> bool {
    let mut work = pin!(work);
    let mut polled = 0;
    poll_fn(|context| {
        if polled == most {
            return Poll::Ready(false);
        }
        polled += 1;
        work.as_mut().poll(context).map(|_| true)
    })
    .await
}

/// The future of a request is dropped at every await it has; each bet is whole or absent, the only connection is clean,
/// and asking again with the same key tells which.
#[tokio::test]
async fn a_bet_whose_request_is_cancelled_at_any_await_is_whole_or_absent() {
    let installation = Installation::builder()
        .writer_args(&["--db-max-connections", "1"])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 1_000_000).await;
    let body = "{\"stake\":1}";
    let request = |key: &str| {
        Request::post(BET)
            .header("host", "edgebook.example")
            .header("authorization", format!("Bearer {}", alice.token))
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(Body::from(body))
            .unwrap()
    };
    let router = write_api::app::router(Arc::clone(installation.writer.app()));
    let mut polls = 0;
    loop {
        let work = router.clone().oneshot(request(&format!("cancelled-{polls}")));
        if within_polls(work, polls).await {
            break;
        }
        polls += 1;
        assert!(polls < 1_000, "the bet never ends");
    }
    assert!(polls >= 2, "a bet waits at least once");
    for number in 0..polls {
        let client = installation.writer().logged_in(&alice.token);
        let client = client.with("idempotency-key", &format!("cancelled-{number}"));
        client.post_bytes(BET, body).await.ok();
    }
    let rounds = i64::try_from(polls).unwrap() + 1;
    assert_eq!(count(&installation, "rounds").await, rounds);
    assert_eq!(count(&installation, "commands").await, rounds);
    let health = installation.writer().get("/health/detailed").await.ok();
    assert_eq!(
        health["closed_by_hook"], 0,
        "no connection came back inside a transaction"
    );
    installation.finish().await;
}
