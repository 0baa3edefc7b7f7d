//! The casino over HTTP: exact money, one effect for each key, and every refusal by name. Slots here, and a module for
//! each other game and for what players read.

mod baccarat;
mod blackjack;
mod crash;
mod fairness;
mod history;
mod lanes;
mod roulette;
mod statement;
mod user_info;
mod verification;

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};
use shared::money::Minor;
use shared::random::Random;
use sqlx::Row;
use tests::{Client, Installation, people::Player};
use tokio::task::JoinSet;
use write_api::casino::fairness::{ClientSeed, Nonce, ServerSeed, Words};
use write_api::casino::slots;

const BET: &str = "/api/casino/slots/bet";
const RESULT: &str = "/api/casino/slots/result";
const BALANCE: &str = "/api/casino/wallet/balance";

async fn count(installation: &Installation, table: &str) -> i64 {
    let statement = format!("select count(*) from {table}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
        .fetch_one(installation.database.pool())
        .await
        .unwrap()
}

/// Balance in minor units as the database has it.
async fn balance_minor(installation: &Installation, player: &Player) -> i64 {
    sqlx::query_scalar("select balance from wallets where operator_id = $1 and player_id = $2")
        .bind(player.operator.get())
        .bind(player.id.get())
        .fetch_one(installation.database.pool())
        .await
        .unwrap()
}

/// The exact minor units of a JSON amount with two decimals.
pub(crate) fn minor(amount: &Value) -> i64 {
    let text = amount.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{part:0<2}").parse().unwrap()
}

#[tokio::test]
async fn balance_ledger_and_round_agree_after_rounds_played_through_a_reader() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    let mut expected = 100_000;
    let mut nonces = Vec::new();
    for _ in 0..20 {
        let round = player.post(BET, &json!({"stake": 2.00})).await.ok();
        expected += minor(&round["payout"]) - 200;
        assert_eq!(minor(&round["stake"]), 200);
        assert_eq!(minor(&round["balance"]), expected, "{round}");
        assert_eq!(round["result"]["reels"].as_array().map(Vec::len), Some(5));
        nonces.push(round["fairness"]["nonce"].as_i64().unwrap());
        let again = player.post(RESULT, &json!({"ref": round["ref"]})).await.ok();
        for member in ["ref", "stake", "payout", "result", "fairness"] {
            assert_eq!(again[member], round[member], "{member}");
        }
    }
    assert_eq!(
        nonces,
        (0..20).collect::<Vec<_>>(),
        "the nonce counts bets from 0"
    );
    assert_eq!(balance_minor(&installation, &alice).await, expected);
    assert_eq!(minor(&player.get(BALANCE).await.ok()["balance"]), expected);
    let sums = sqlx::query(
        "select coalesce(sum(amount) filter (where credit_account > 0), 0)::bigint
              - coalesce(sum(amount) filter (where debit_account > 0), 0)::bigint as balance,
                count(*) filter (where reason = 'stake') as stakes
         from ledger_entries",
    )
    .fetch_one(installation.database.pool())
    .await
    .unwrap();
    assert_eq!(sums.get::<i64, _>("balance"), expected);
    assert_eq!(sums.get::<i64, _>("stakes"), 20);
    assert_eq!(count(&installation, "rounds").await, 20);
    installation.finish().await;
}

#[tokio::test]
async fn the_same_key_twice_gives_one_round_and_the_same_bytes() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation
        .reader(0)
        .logged_in(&alice.token)
        .with("idempotency-key", "round-1");
    let first = player.post(BET, &json!({"stake": 1})).await;
    let again = player.post(BET, &json!({"stake": 1})).await;
    first.ok();
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(again.header("idempotency-replayed"), "true");
    player
        .post(BET, &json!({"stake": 2}))
        .await
        .problem(422, "idempotency_key_reused");
    assert_eq!(count(&installation, "rounds").await, 1);
    let bob = installation.player(&aurora, "bob", 100_000).await;
    let bobs = installation
        .reader(0)
        .logged_in(&bob.token)
        .with("idempotency-key", "round-1");
    let other = bobs.post(BET, &json!({"stake": 1})).await.ok();
    assert_ne!(other["ref"], first.json()["ref"], "a key belongs to one player");
    installation.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_repeats_of_one_key_at_once_give_one_round() {
    let installation = Installation::builder().readers(2).start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let mut asked = JoinSet::new();
    for number in 0..100 {
        let player = installation
            .reader(number % 2)
            .logged_in(&alice.token)
            .with("idempotency-key", "once");
        asked.spawn(async move { player.post(BET, &json!({"stake": 1})).await });
    }
    let answers = asked.join_all().await;
    let bodies: HashSet<Vec<u8>> = answers
        .into_iter()
        .map(|answer| {
            answer.ok();
            answer.bytes
        })
        .collect();
    assert_eq!(bodies.len(), 1);
    assert_eq!(count(&installation, "rounds").await, 1);
    assert_eq!(count(&installation, "commands").await, 1);
    installation.finish().await;
}

/// The first randomness whose player's rounds, drawn from the words of each nonce, are as `wanted`.
fn randomness(wanted: impl Fn(&dyn Fn(u64) -> Words) -> bool) -> Random {
    let is_wanted = |seed: &u64| {
        let random = Random::seeded(*seed);
        let server = ServerSeed::from_bytes(random.bytes());
        let client = ClientSeed::from_bytes(random.bytes());
        wanted(&|nonce| Words::new(&server, &client, Nonce::new(nonce)))
    };
    Random::seeded((0..100_000).find(is_wanted).unwrap())
}

/// The seeds of a player who loses his first seven rounds at a stake of 1.00.
fn unlucky() -> Random {
    randomness(|words| {
        (0..7).all(|nonce| {
            let spin = slots::rules::decide(Minor::new(100), &mut words(nonce));
            spin.unwrap().payout == Minor::ZERO
        })
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_bets_at_once_on_a_balance_for_seven_give_exactly_seven() {
    let installation = Installation::builder().readers(2).start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation
        .player_with_seeds_of(&unlucky(), &aurora, "alice", 7 * 100)
        .await;
    let mut asked = JoinSet::new();
    for number in 0..200 {
        let player = installation.reader(number % 2).logged_in(&alice.token);
        asked.spawn(async move { player.post(BET, &json!({"stake": 1})).await });
    }
    let answers = asked.join_all().await;
    let (accepted, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status.is_success());
    assert_eq!(accepted.len(), 7);
    for answer in refused {
        answer.problem(422, "insufficient_funds");
        answer.names_field("stake");
    }
    assert_eq!(balance_minor(&installation, &alice).await, 0);
    assert_eq!(count(&installation, "rounds").await, 7);
    installation.finish().await;
}

#[tokio::test]
async fn every_bad_stake_is_refused_by_name_and_nothing_is_written() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 5_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    for stake in [
        "0",
        "-1",
        "-0.01",
        "1.001",
        "1e99",
        "1E2",
        "\"1.00\"",
        "\"NaN\"",
        "true",
        "null",
        "[1]",
        "{}",
        "0.01",
        "0.99",
        "1.01",
        "60",
        "10000.20",
        "99999999999999999999999999",
        "0.00",
    ] {
        let answer = player.post_bytes(BET, format!("{{\"stake\":{stake}}}")).await;
        answer.names_field("stake");
    }
    for stake in ["NaN", "Infinity", "1."] {
        let body = player
            .post_bytes(BET, format!("{{\"stake\":{stake}}}"))
            .await
            .problem(400, "malformed_json");
        assert_eq!(body["field"], "stake", "{stake}: {body}");
    }
    for body in ["{", "", "stake=1", "{\"stake\":0x10}"] {
        player.post_bytes(BET, body).await.problem(400, "malformed_json");
    }
    player.post_bytes(BET, "{}").await.names_field("stake");
    player
        .post_bytes(BET, "{\"stake\":1,\"currency\":\"EUR\"}")
        .await
        .names_field("currency");
    player
        .post_bytes(BET, "{\"stake\":1,\"currency\":7}")
        .await
        .names_field("currency");
    let long = "k".repeat(129);
    for key in [long.as_str(), ""] {
        let answer = player
            .with("idempotency-key", key)
            .post(BET, &json!({"stake": 1}))
            .await;
        answer.names_field("Idempotency-Key");
    }
    player
        .post_bytes(BET, vec![b'['; 10 * 1024 * 1024])
        .await
        .problem(413, "body_too_large");
    assert_eq!(count(&installation, "rounds").await, 0);
    assert_eq!(
        count(&installation, "ledger_entries where player_id is not null").await,
        1,
        "only the opening entry"
    );
    assert_eq!(balance_minor(&installation, &alice).await, 5_000);
    installation.finish().await;
}

#[tokio::test]
async fn headers_that_say_two_things_and_bodies_that_are_packed_are_refused() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 5_000).await;
    let bob = installation.player(&aurora, "bob", 5_000).await;
    let player = installation.writer().logged_in(&alice.token);
    let bet = json!({"stake": 1});
    for (name, one, another) in [
        ("Authorization", None, format!("Bearer {}", bob.token)),
        ("Idempotency-Key", Some("first"), "second".to_owned()),
    ] {
        let lower: &'static str = if one.is_some() {
            "idempotency-key"
        } else {
            "authorization"
        };
        let client = one.map_or(player.clone(), |one| player.with(lower, one));
        let answer = client.with_another(lower, &another).post(BET, &bet).await;
        let problem = answer.problem(400, "repeated_header");
        assert_eq!(problem["field"], name);
    }
    for encoding in ["gzip", "br", "identity, gzip", ""] {
        let packed = player.with("content-encoding", encoding);
        packed
            .post(BET, &bet)
            .await
            .problem(415, "unsupported_content_encoding");
    }
    assert_eq!(count(&installation, "rounds").await, 0);
    player
        .with("content-encoding", "identity")
        .post(BET, &bet)
        .await
        .ok();
    installation.finish().await;
}

#[tokio::test]
async fn nobody_bets_for_another() {
    let installation = Installation::start().await;
    let (aurora, bluefin) = (
        installation.operator("aurora").await,
        installation.operator("bluefin").await,
    );
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let carol = installation.player(&bluefin, "carol", 100_000).await;
    let reader = installation.reader(0);
    for client in [reader.clone(), reader.logged_in("1.forged")] {
        client
            .post(BET, &json!({"stake": 1}))
            .await
            .problem(401, "authentication_required");
        client.get(BALANCE).await.problem(401, "authentication_required");
    }
    let round = reader
        .logged_in(&alice.token)
        .post(BET, &json!({"stake": 1}))
        .await
        .ok();
    let others = reader.logged_in(&carol.token);
    others
        .post(RESULT, &json!({"ref": round["ref"]}))
        .await
        .problem(404, "not_found");
    for bad in [
        json!({"ref": "slots_1_1"}),
        json!({"ref": "00000000-0000-0000-0000-000000000000"}),
    ] {
        others.post(RESULT, &bad).await.problem(404, "not_found");
    }
    others.post(RESULT, &json!({"ref": 5})).await.names_field("ref");
    let claimed = json!({"ref": round["ref"], "payout": 999_999});
    reader
        .logged_in(&alice.token)
        .post(RESULT, &claimed)
        .await
        .names_field("payout");
    installation.finish().await;
}

#[tokio::test]
async fn what_is_switched_off_takes_no_bet() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    let set = |statement: &'static str| sqlx::query(statement).execute(installation.database.pool());
    set("update operators set casino_enabled = false").await.unwrap();
    player
        .post(BET, &json!({"stake": 1}))
        .await
        .problem(403, "casino_disabled");
    set("update operators set casino_enabled = true").await.unwrap();
    player.post(BET, &json!({"stake": 1})).await.ok();
    set("update players set is_active = false").await.unwrap();
    player
        .post(BET, &json!({"stake": 1}))
        .await
        .problem(403, "account_disabled");
    set("update players set is_active = true").await.unwrap();
    set("update operators set is_active = false").await.unwrap();
    player
        .post(BET, &json!({"stake": 1}))
        .await
        .problem(403, "operator_disabled");
    assert_eq!(count(&installation, "rounds").await, 1);
    installation.finish().await;
}

/// A bet that waits for the wallet while the casino is switched off is refused: it looks again once it has the lock.
#[tokio::test]
async fn a_bet_that_waited_for_the_wallet_sees_what_was_committed_meanwhile() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    let mut holder = installation.database.pool().begin().await.unwrap();
    sqlx::query("select 1 from wallets for update")
        .execute(&mut *holder)
        .await
        .unwrap();
    let bet = tokio::spawn(async move { player.post(BET, &json!({"stake": 1})).await });
    installation
        .within(
            std::time::Duration::from_secs(5),
            "the bet waits for the lock",
            || async {
                let waiting = "select count(*) from pg_stat_activity
                where wait_event_type = 'Lock' and datname = current_database()";
                sqlx::query_scalar::<_, i64>(waiting)
                    .fetch_one(installation.database.pool())
                    .await
                    .unwrap()
                    > 0
            },
        )
        .await;
    sqlx::query("update operators set casino_enabled = false")
        .execute(installation.database.pool())
        .await
        .unwrap();
    holder.commit().await.unwrap();
    bet.await.unwrap().problem(403, "casino_disabled");
    installation.finish().await;
}

/// Clients that hang up at random moments leave each bet whole or absent, and the same key tells which.
#[tokio::test(flavor = "multi_thread")]
async fn clients_that_hang_up_leave_whole_bets_and_clean_connections() {
    let installation = Installation::builder()
        .writer_args(&["--db-max-connections", "2"])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 1_000_000).await;
    let client: Arc<Client> = Arc::new(installation.writer().logged_in(&alice.token));
    let mut dropped = JoinSet::new();
    for number in 0..60_u64 {
        let client = Arc::clone(&client);
        dropped.spawn(async move {
            let player = client.with("idempotency-key", &format!("dropped-{number}"));
            let patience = std::time::Duration::from_micros(300 * number);
            let body = json!({"stake": 1});
            let _ = tokio::time::timeout(patience, player.post(BET, &body)).await;
        });
    }
    dropped.join_all().await;
    let mut rounds = HashSet::new();
    for number in 0..60 {
        let player = client.with("idempotency-key", &format!("dropped-{number}"));
        let round = player.post(BET, &json!({"stake": 1})).await.ok();
        rounds.insert(round["ref"].to_string());
    }
    assert_eq!(rounds.len(), 60, "one round for each key");
    assert_eq!(count(&installation, "rounds").await, 60);
    let health = installation.writer().get("/health/detailed").await.ok();
    assert_eq!(
        health["closed_by_hook"], 0,
        "no connection came back inside a transaction"
    );
    installation.finish().await;
}
