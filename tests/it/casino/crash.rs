//! Crash over HTTP: the server's clock and the seed decide, whoever asks and whenever; and the faults of the replaced
//! backend that must not come back.

use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Clock;
use shared::random::Random;
use sqlx::Row;
use tests::{Client, Installation, people::Player};
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use write_api::casino::crash::rules::crash_point;
use write_api::casino::crash::rules::curve::reached_at_ms;
use write_api::casino::crash::rules::multiplier::Target;

use super::{balance_minor, count, minor, randomness};

const PLAY: &str = "/api/casino/crash/play";
const CASHOUT: &str = "/api/casino/crash/cashout";

/// Randomness whose first round crashes between two multipliers, in hundredths.
fn crashing(least: u16, most: u16) -> Random {
    randomness(|words| (least..=most).contains(&crash_point(&mut words(0)).hundredths()))
}

/// When the multiplier of so many hundredths is reached.
fn reached(hundredths: u16) -> Duration {
    Duration::from_millis(reached_at_ms(Target::new(hundredths).unwrap().multiplier()))
}

/// An installation whose time stands still, and a player with 10.00 whose first round crashes as given.
struct Scene {
    installation: Installation,
    clock: Clock,
    alice: Player,
}

impl Scene {
    async fn new(random: &Random, sweep_ms: &str) -> Self {
        // Rounds begin at a whole microsecond, as the database keeps them.
        let now = OffsetDateTime::from_unix_timestamp(Clock::machine().now().unix_timestamp()).unwrap();
        let clock = Clock::manual(now);
        let builder = Installation::builder().clock(clock.clone());
        let installation = builder
            .writer_args(&["--casino-sweep-ms", sweep_ms, "--casino-sweep-grace-ms", "0"])
            .start()
            .await;
        let aurora = installation.operator("aurora").await;
        let alice = installation
            .player_with_seeds_of(random, &aurora, "alice", 1_000)
            .await;
        Self {
            installation,
            clock,
            alice,
        }
    }

    fn player(&self) -> Client {
        self.installation.writer().logged_in(&self.alice.token)
    }

    async fn start(&self, auto_cashout: Option<f64>) -> Value {
        let bet = json!({"stake": 10, "currency": "USD", "params": {"auto_cashout": auto_cashout}});
        self.player().post(PLAY, &bet).await.ok()
    }

    async fn balance(&self) -> i64 {
        balance_minor(&self.installation, &self.alice).await
    }

    async fn is_settled(&self) -> bool {
        let row = sqlx::query("select bool_and(status = 'settled') as settled from rounds");
        row.fetch_one(self.installation.database.pool())
            .await
            .unwrap()
            .get("settled")
    }

    async fn wait_until_settled(&self) {
        let check = || self.is_settled();
        self.installation
            .within(Duration::from_secs(10), "the round is settled", check)
            .await;
    }
}

/// Nobody sweeps in this time.
const NEVER: &str = "3600000";
const AT_ONCE: &str = "20";

#[tokio::test]
async fn a_cash_out_pays_the_multiplier_of_the_servers_clock() {
    let scene = Scene::new(&crashing(500, 1_000), NEVER).await;
    let round = scene.start(None).await;
    assert_eq!(round["status"], "open");
    assert_eq!(minor(&round["payout"]), 0);
    // All that a page needs to draw the multiplier.
    assert_eq!(round["curve"]["growth_per_ms"], "0.00006");
    assert_eq!(minor(&round["curve"]["cap"]), 2_000);
    assert!(round["curve"]["formula"].is_string());
    assert!(round["server_time"].is_string());
    assert_eq!(round["server_time"], round["result"]["started_at"]);
    scene.clock.advance(reached(234));
    let ended = scene
        .player()
        .post(CASHOUT, &json!({"ref": round["ref"]}))
        .await
        .ok();
    assert_eq!(minor(&ended["payout"]), 2_340);
    assert_eq!(minor(&ended["cashout_multiplier"]), 234);
    assert_eq!(
        (&ended["curve"], &ended["server_time"]),
        (&json!(null), &json!(null))
    );
    assert!(
        (500..=1_000).contains(&minor(&ended["crash_multiplier"])),
        "{ended}"
    );
    assert_eq!(scene.balance().await, 2_340);
    scene.installation.finish().await;
}

/// An operator can't cut what a running round may win.
#[tokio::test]
async fn a_round_is_limited_by_the_largest_payout_of_when_it_began() {
    let scene = Scene::new(&crashing(500, 1_000), NEVER).await;
    let round = scene.start(None).await;
    sqlx::query("update operator_settings set max_stake = 1200, max_payout = 1200")
        .execute(scene.installation.database.pool())
        .await
        .unwrap();
    scene.clock.advance(reached(234));
    let ended = scene
        .player()
        .post(CASHOUT, &json!({"ref": round["ref"]}))
        .await
        .ok();
    assert_eq!(minor(&ended["payout"]), 2_340);
    assert_eq!(ended["payout_limited"], false);
    scene.installation.finish().await;
}

/// The clock of a round runs on whoever is disabled, and its stake is not given back.
#[tokio::test]
async fn a_running_round_is_cashed_out_also_by_a_player_who_was_disabled_meanwhile() {
    for switch in [
        "update operators set casino_enabled = false, is_active = false",
        "update players set is_active = false",
    ] {
        let scene = Scene::new(&crashing(500, 1_000), NEVER).await;
        let round = scene.start(None).await;
        sqlx::query(switch)
            .execute(scene.installation.database.pool())
            .await
            .unwrap();
        scene.clock.advance(reached(234));
        let wish = json!({"ref": round["ref"]});
        let ended = scene.player().post(CASHOUT, &wish).await.ok();
        assert_eq!(minor(&ended["payout"]), 2_340);
        let refused = scene.player().post(PLAY, &json!({"stake": 10})).await;
        assert_eq!(refused.status.as_u16(), 403, "{}", refused.text());
        sqlx::query("delete from sessions where player_id is not null")
            .execute(scene.installation.database.pool())
            .await
            .unwrap();
        let refused = scene.player().post(CASHOUT, &wish).await;
        refused.problem(401, "authentication_required");
        scene.installation.finish().await;
    }
}

/// Whatever touches a round that has ended settles it, also the wish for other seeds.
#[tokio::test]
async fn seeds_are_changed_as_soon_as_the_round_has_ended_by_seed_and_clock() {
    const ROTATE: &str = "/api/casino/fairness/rotate";
    for (random, auto_cashout, balance) in [
        (crashing(200, 300), None, 0),
        (crashing(200, 300), Some(1.5), 1_500),
    ] {
        let scene = Scene::new(&random, NEVER).await;
        let round = scene.start(auto_cashout).await;
        let player = scene.player();
        scene.clock.advance(reached(149));
        player.post(ROTATE, &json!({})).await.problem(409, "round_open");
        scene.clock.advance(reached(302));
        let rotated = player.post(ROTATE, &json!({})).await.ok();
        assert_eq!(rotated["revealed"]["commitment"], round["fairness"]["commitment"]);
        assert_eq!(rotated["revealed"]["rounds"], 1);
        assert!(scene.is_settled().await);
        assert_eq!(scene.balance().await, balance);
        scene.installation.finish().await;
    }
}

/// Legacy: the answer to the bet revealed the crash point.
#[tokio::test]
async fn legacy_a_running_round_never_tells_its_crash_point() {
    let scene = Scene::new(&crashing(313, 313), NEVER).await;
    let answer = scene.player().post(PLAY, &json!({"stake": 10})).await;
    let round = answer.ok();
    assert_eq!(round["result"]["multiplier"], Value::Null);
    assert_eq!(round["crash_multiplier"], Value::Null);
    assert!(!answer.text().contains("3.13"), "{round}");
    assert!(round["fairness"]["commitment"].as_str().unwrap().len() == 64);
    let early = scene.player().post(CASHOUT, &json!({"ref": round["ref"]})).await;
    early.problem(409, "too_early");
    assert!(!early.text().contains("3.13"), "{}", early.text());
    scene.installation.finish().await;
}

/// Legacy: the status was not checked, so that one round was cashed out again and again.
#[tokio::test(flavor = "multi_thread")]
async fn legacy_a_round_cashes_out_once_however_often_it_is_asked() {
    let scene = Scene::new(&crashing(500, 1_000), NEVER).await;
    let round = scene.start(None).await;
    scene.clock.advance(reached(200));
    let mut asked = JoinSet::new();
    for _ in 0..20 {
        let (player, body) = (scene.player(), json!({"ref": round["ref"]}));
        asked.spawn(async move { player.post(CASHOUT, &body).await });
    }
    let answers = asked.join_all().await;
    for answer in &answers {
        assert_eq!(minor(&answer.ok()["payout"]), 2_000);
        assert_eq!(answer.bytes, answers[0].bytes);
    }
    scene.clock.advance(Duration::from_hours(1));
    let later = scene
        .player()
        .post(CASHOUT, &json!({"ref": round["ref"]}))
        .await
        .ok();
    assert_eq!(minor(&later["cashout_multiplier"]), 200);
    assert_eq!(scene.balance().await, 2_000);
    scene.installation.finish().await;
}

/// Legacy: the client named the multiplier, NaN and negative ones too, and 1.00 always succeeded.
#[tokio::test]
async fn legacy_the_clients_multiplier_is_only_an_upper_bound() {
    let scene = Scene::new(&crashing(500, 1_000), NEVER).await;
    let round = scene.start(None).await;
    let reference = round["ref"].as_str().unwrap().to_owned();
    scene.clock.advance(reached(200));
    for multiplier in [
        "1", "1.00", "0", "-1", "20.01", "1.999", "\"2\"", "1e1", "true", "[2]",
    ] {
        let body = format!("{{\"ref\":\"{reference}\",\"multiplier\":{multiplier}}}");
        scene
            .player()
            .post_bytes(CASHOUT, body)
            .await
            .names_field("multiplier");
    }
    let body = format!("{{\"ref\":\"{reference}\",\"multiplier\":NaN}}");
    scene
        .player()
        .post_bytes(CASHOUT, body)
        .await
        .problem(400, "malformed_json");
    let ended = scene
        .player()
        .post(CASHOUT, &json!({"ref": reference, "multiplier": 20}))
        .await
        .ok();
    assert_eq!(
        minor(&ended["cashout_multiplier"]),
        200,
        "never more than the server's clock says"
    );
    scene.installation.finish().await;
}

#[tokio::test]
async fn a_lower_multiplier_of_the_client_is_what_is_paid() {
    let scene = Scene::new(&crashing(500, 1_000), NEVER).await;
    let round = scene.start(None).await;
    scene.clock.advance(reached(200));
    let ended = scene
        .player()
        .post(CASHOUT, &json!({"ref": round["ref"], "multiplier": 1.95}))
        .await
        .ok();
    assert_eq!(minor(&ended["cashout_multiplier"]), 195);
    assert_eq!(scene.balance().await, 1_950);
    scene.installation.finish().await;
}

#[tokio::test]
async fn after_the_crash_nothing_is_paid() {
    let scene = Scene::new(&crashing(150, 200), AT_ONCE).await;
    let round = scene.start(None).await;
    scene.clock.advance(reached(201));
    scene
        .player()
        .post(CASHOUT, &json!({"ref": round["ref"]}))
        .await
        .problem(409, "crashed");
    scene.wait_until_settled().await;
    scene
        .player()
        .post(CASHOUT, &json!({"ref": round["ref"]}))
        .await
        .problem(409, "crashed");
    assert_eq!(scene.balance().await, 0);
    scene.installation.finish().await;
}

/// What touches a round that has ended settles it, so that no later move can find it otherwise.
#[tokio::test]
async fn a_refused_cash_out_settles_the_crash_and_so_does_a_refused_start() {
    let scene = Scene::new(&crashing(150, 200), NEVER).await;
    let round = scene.start(None).await;
    scene.clock.advance(reached(201));
    let player = scene.player().with("idempotency-key", "late");
    let refused = player.post(CASHOUT, &json!({"ref": round["ref"]})).await;
    refused.problem(409, "crashed");
    assert!(scene.is_settled().await);
    assert_eq!(
        count(&scene.installation, "commands").await,
        0,
        "a refusal is not kept"
    );
    scene.installation.finish().await;

    let scene = Scene::new(&crashing(150, 200), NEVER).await;
    scene.start(None).await;
    scene.clock.advance(reached(201));
    scene
        .player()
        .post(PLAY, &json!({"stake": 1}))
        .await
        .problem(422, "insufficient_funds");
    assert!(scene.is_settled().await);
    scene.installation.finish().await;
}

/// A client that sends the head of its cash-out early, and the rest once it knows how the round went, has cashed out
/// when the rest arrived.
#[tokio::test]
async fn a_cash_out_counts_from_its_last_byte() {
    let scene = Scene::new(&crashing(300, 400), NEVER).await;
    let round = scene.start(None).await;
    scene.clock.advance(reached(250));
    let body = json!({"ref": round["ref"]}).to_string();
    let head = format!(
        "POST {CASHOUT} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        scene.alice.token,
        body.len()
    );
    let address = scene.installation.writer.address();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // Answered behind it on another connection, so the head has been read.
    scene.player().post(CASHOUT, &json!({})).await.names_field("ref");
    scene.clock.advance(reached(400));
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 409"), "{answer}");
    assert_eq!(scene.balance().await, 0);
    scene.installation.finish().await;
}

#[tokio::test]
async fn a_round_that_crashes_at_one_pays_nothing_at_any_instant() {
    let scene = Scene::new(&crashing(100, 100), NEVER).await;
    let round = scene.start(None).await;
    let ask = || async { scene.player().post(CASHOUT, &json!({"ref": round["ref"]})).await };
    ask().await.problem(409, "too_early");
    scene
        .clock
        .advance(reached(101).checked_sub(Duration::from_millis(1)).unwrap());
    ask().await.problem(409, "too_early");
    scene.clock.advance(Duration::from_millis(1));
    ask().await.problem(409, "crashed");
    assert_eq!(scene.balance().await, 0);
    scene.installation.finish().await;
}

/// Legacy: the automatic cash-out was stored but never executed.
#[tokio::test]
async fn legacy_an_automatic_cash_out_pays_its_target_without_the_player() {
    let scene = Scene::new(&crashing(300, 400), AT_ONCE).await;
    scene.start(Some(2.5)).await;
    scene
        .clock
        .advance(reached(250).checked_sub(Duration::from_millis(1)).unwrap());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!scene.is_settled().await);
    scene.clock.advance(Duration::from_millis(1));
    scene.wait_until_settled().await;
    assert_eq!(scene.balance().await, 2_500);
    scene.installation.finish().await;
}

#[tokio::test]
async fn a_cash_out_after_the_automatic_one_gets_what_that_paid() {
    let scene = Scene::new(&crashing(300, 400), NEVER).await;
    let round = scene.start(Some(2.0)).await;
    scene.clock.advance(reached(290));
    let ended = scene
        .player()
        .post(CASHOUT, &json!({"ref": round["ref"]}))
        .await
        .ok();
    assert_eq!(minor(&ended["cashout_multiplier"]), 200);
    scene.clock.advance(Duration::from_hours(1));
    let later = scene
        .player()
        .post(CASHOUT, &json!({"ref": round["ref"]}))
        .await
        .ok();
    assert_eq!(later["payout"], ended["payout"]);
    assert_eq!(scene.balance().await, 2_000);
    scene.installation.finish().await;
}

#[tokio::test]
async fn an_automatic_cash_out_at_the_crash_point_itself_is_won() {
    let scene = Scene::new(&crashing(222, 222), AT_ONCE).await;
    scene.start(Some(2.22)).await;
    scene.clock.advance(Duration::from_mins(1));
    scene.wait_until_settled().await;
    assert_eq!(scene.balance().await, 2_220);
    scene.installation.finish().await;
}

#[tokio::test]
async fn an_automatic_cash_out_above_the_crash_point_is_lost() {
    let scene = Scene::new(&crashing(222, 222), AT_ONCE).await;
    scene.start(Some(2.23)).await;
    scene.clock.advance(Duration::from_mins(1));
    scene.wait_until_settled().await;
    assert_eq!(scene.balance().await, 0);
    scene.installation.finish().await;
}

#[tokio::test]
async fn a_round_that_reaches_the_cap_is_cashed_out_there() {
    let scene = Scene::new(&crashing(2_000, 2_000), AT_ONCE).await;
    scene.start(None).await;
    scene.clock.advance(reached(2_000));
    scene.wait_until_settled().await;
    assert_eq!(scene.balance().await, 20_000);
    scene.installation.finish().await;
}

/// A cash-out, the sweep of the automatic cash-out and another instance, all at the instant of the target: whoever takes
/// the row first, the round is paid once and the same.
#[tokio::test(flavor = "multi_thread")]
async fn cash_outs_and_sweeps_of_two_instances_at_once_pay_once() {
    let scene = Scene::new(&crashing(300, 400), AT_ONCE).await;
    let round = scene.start(Some(2.0)).await;
    let mut options = scene.installation.writer.app().options.clone();
    options.listen = "127.0.0.1:0".parse().unwrap();
    let another = write_api::app::start(options, scene.clock.clone(), Random::system())
        .await
        .unwrap();
    let elsewhere = Client::new(format!("http://{}", another.address())).logged_in(&scene.alice.token);
    scene.clock.advance(reached(200));
    let mut asked = JoinSet::new();
    for number in 0..20 {
        let player = if number % 2 == 0 {
            scene.player()
        } else {
            elsewhere.clone()
        };
        let body = json!({"ref": round["ref"]});
        asked.spawn(async move { player.post(CASHOUT, &body).await });
    }
    for answer in asked.join_all().await {
        assert_eq!(minor(&answer.ok()["payout"]), 2_000);
    }
    assert_eq!(scene.balance().await, 2_000);
    another.stop().await;
    scene.installation.finish().await;
}

#[tokio::test]
async fn the_next_round_ends_one_that_nobody_swept_and_is_refused_while_it_runs() {
    let scene = Scene::new(&crashing(300, 400), NEVER).await;
    scene.start(Some(2.0)).await;
    let again = json!({"stake": 1});
    scene.player().post(PLAY, &again).await.problem(409, "round_open");
    scene.clock.advance(reached(200));
    let second = scene.player().post(PLAY, &again).await.ok();
    assert_eq!(
        minor(&second["balance"]),
        2_000 - 100,
        "the first was paid before the second began"
    );
    assert_eq!(second["crash_multiplier"], Value::Null);
    scene.player().post(PLAY, &again).await.problem(409, "round_open");
    assert_eq!(count(&scene.installation, "rounds").await, 2);
    scene.clock.advance(Duration::from_mins(1));
    scene.installation.finish().await;
}

#[tokio::test]
async fn bad_rounds_and_references_are_refused_and_nothing_is_written() {
    let scene = Scene::new(&crashing(300, 400), NEVER).await;
    let player = scene.player();
    for auto in [
        "1",
        "1.00",
        "0.5",
        "-2",
        "20.01",
        "2.005",
        "\"2\"",
        "1e1",
        "99999999999999999999",
    ] {
        let body = format!("{{\"stake\":1,\"params\":{{\"auto_cashout\":{auto}}}}}");
        player
            .post_bytes(PLAY, body)
            .await
            .names_field("params.auto_cashout");
    }
    for stake in ["0", "-1", "1.001", "\"1\"", "NULL", "9223372036854775808"] {
        let answer = player.post_bytes(PLAY, format!("{{\"stake\":{stake}}}")).await;
        assert!(matches!(answer.status.as_u16(), 400 | 422), "{}", answer.text());
    }
    player
        .post(PLAY, &json!({"stake": 1, "params": [2.0]}))
        .await
        .names_field("params");
    for member in ["multiplier", "crash_multiplier", "payout", "result"] {
        let problem = player
            .post(PLAY, &json!({"stake": 1, member: 5}))
            .await
            .problem(422, "server_decides");
        assert_eq!(problem["field"], member);
    }
    player.post(CASHOUT, &json!({})).await.names_field("ref");
    player
        .post(CASHOUT, &json!({"ref": "crash_1_1"}))
        .await
        .problem(404, "not_found");
    player
        .post(CASHOUT, &json!({"ref": "00000000-0000-0000-0000-000000000000"}))
        .await
        .problem(404, "not_found");
    assert_eq!(count(&scene.installation, "rounds").await, 0);
    let slot = player
        .post("/api/casino/slots/bet", &json!({"stake": 1}))
        .await
        .ok();
    player
        .post(CASHOUT, &json!({"ref": slot["ref"]}))
        .await
        .problem(404, "not_found");
    scene.installation.finish().await;
}

#[tokio::test]
async fn another_players_round_is_not_there() {
    let scene = Scene::new(&crashing(500, 1_000), NEVER).await;
    let round = scene.start(None).await;
    let bluefin = scene.installation.operator("bluefin").await;
    let carol = scene.installation.player(&bluefin, "carol", 1_000).await;
    scene.clock.advance(reached(200));
    let stranger = scene.installation.writer().logged_in(&carol.token);
    stranger
        .post(CASHOUT, &json!({"ref": round["ref"]}))
        .await
        .problem(404, "not_found");
    assert_eq!(scene.balance().await, 0);
    scene.installation.finish().await;
}
