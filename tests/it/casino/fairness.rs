//! Fairness over HTTP: seed pairs are shown, changed and proven; no bet is ever decided by a pair that is known.

use std::collections::HashSet;
use std::fmt::Write;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::{Answer, Client, Installation, people::Player};
use tokio::task::JoinSet;

use super::{BET, count};

const FAIRNESS: &str = "/api/casino/fairness";
const ROTATE: &str = "/api/casino/fairness/rotate";
const VERIFY: &str = "/api/casino/fairness/verify";

async fn bet(player: &Client) -> Value {
    player.post(BET, &json!({"stake": 1})).await.ok()
}

async fn rotate(player: &Client) -> Value {
    player.post(ROTATE, &json!({})).await.ok()
}

fn sha256(text: &Value) -> String {
    let digest = Sha256::digest(text.as_str().unwrap());
    let mut hex = String::new();
    for byte in digest {
        write!(hex, "{byte:02x}").unwrap();
    }
    hex
}

/// The server seed that decides the player's next round.
async fn secret(installation: &Installation, player: &Player) -> String {
    sqlx::query_scalar(
        "select server_seed from seed_pairs where operator_id = $1 and player_id = $2 and revealed_at is null",
    )
    .bind(player.operator.get())
    .bind(player.id.get())
    .fetch_one(installation.database.pool())
    .await
    .unwrap()
}

/// The address that recomputes a round of a revealed pair.
fn proof(revealed: &Value, nonce: &Value, game: &str, more: &str) -> String {
    let text = |member: &str| revealed[member].as_str().unwrap().to_owned();
    let (server_seed, client_seed) = (text("server_seed"), text("client_seed"));
    format!("{VERIFY}?server_seed={server_seed}&client_seed={client_seed}&nonce={nonce}&game={game}{more}")
}

/// Deals until a hand is left open; answers it.
async fn open_hand(player: &Client) -> Value {
    loop {
        let dealt = player
            .post(
                "/api/casino/blackjack/play",
                &json!({"action": "deal", "stake": 1}),
            )
            .await
            .ok();
        if dealt["status"] == "open" {
            return dealt;
        }
    }
}

/// Stands on an open hand.
async fn stand(player: &Client, dealt: &Value) -> Value {
    let params = json!({"ref": dealt["ref"], "action_number": 1});
    player
        .post(
            "/api/casino/blackjack/play",
            &json!({"action": "stand", "params": params}),
        )
        .await
        .ok()
}

#[tokio::test]
async fn the_commitment_is_known_before_a_round_and_the_server_seed_after_rotation() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    let answer = player.get(FAIRNESS).await;
    assert_eq!(answer.header("cache-control"), "private, no-store");
    let before = answer.ok();
    assert_eq!(
        (&before["success"], &before["next_nonce"], &before["previous"]),
        (&json!(true), &json!(0), &json!([]))
    );
    let seed = secret(&installation, &alice).await;
    assert!(!answer.text().contains(&seed));
    for nonce in 0..3 {
        let fairness = &bet(&player).await["fairness"];
        assert_eq!(fairness["commitment"], before["commitment"]);
        assert_eq!(fairness["client_seed"], before["client_seed"]);
        assert_eq!(fairness["nonce"], nonce);
    }
    let rotated = player
        .post(ROTATE, &json!({"client_seed": "lucky: 7~"}))
        .await
        .ok();
    let revealed = &rotated["revealed"];
    assert_eq!(revealed["server_seed"], json!(seed));
    assert_eq!(revealed["commitment"], before["commitment"]);
    assert_eq!(sha256(&revealed["server_seed"]), before["commitment"]);
    assert_eq!(revealed["client_seed"], before["client_seed"]);
    assert_eq!(revealed["rounds"], 3);
    assert_eq!(rotated["client_seed"], "lucky: 7~");
    assert_eq!(rotated["next_nonce"], 0);
    let now = player.get(FAIRNESS).await;
    let after = now.ok();
    for member in ["success", "commitment", "client_seed", "next_nonce"] {
        assert_eq!(after[member], rotated[member], "{member}");
    }
    assert_eq!(after["previous"], json!([revealed]));
    assert!(!now.text().contains(&secret(&installation, &alice).await));
    installation.finish().await;
}

/// write-api remembers what a player's next bet needs; the pair is part of it.
#[tokio::test]
async fn the_bet_after_a_rotation_is_decided_by_the_new_pair_from_nonce_0() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    for _ in 0..3 {
        for nonce in 0..2 {
            assert_eq!(bet(&player).await["fairness"]["nonce"], nonce);
        }
        let rotated = rotate(&player).await;
        let next = player.get(FAIRNESS).await.ok();
        assert_eq!(next["commitment"], rotated["commitment"]);
        let round = bet(&player).await;
        assert_eq!(round["fairness"]["nonce"], 0);
        assert_eq!(round["fairness"]["commitment"], rotated["commitment"]);
        assert_eq!(round["fairness"]["client_seed"], rotated["client_seed"]);
        let again = rotate(&player).await;
        assert_eq!(
            (&again["revealed"]["commitment"], &again["revealed"]["rounds"]),
            (&rotated["commitment"], &json!(1))
        );
    }
    installation.finish().await;
}

#[tokio::test]
async fn every_round_played_can_be_recomputed_by_anybody_once_its_pair_is_revealed() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    let anybody = installation.reader(0);
    let slots = player.post(BET, &json!({"stake": 2.40})).await.ok();
    let red = json!({"params": {"bets": [{"type": "color", "value": "red", "stake": 1}]}});
    let roulette = player.post("/api/casino/roulette/spin", &red).await.ok();
    let banker = json!({"stake": 1, "params": {"bet_on": "banker"}});
    let baccarat = player.post("/api/casino/baccarat/play", &banker).await.ok();
    let dealt = open_hand(&player).await;
    let blackjack = stand(&player, &dealt).await;
    let seeds = rotate(&player).await["revealed"].clone();
    for (round, game, more, member) in [
        (&slots, "slots", "&stake=2.40", None),
        (&roulette, "roulette", "", Some("spin")),
        (&baccarat, "baccarat", "&bet_on=banker", None),
        (&blackjack, "blackjack", "&decisions=stand", None),
    ] {
        let path = proof(&seeds, &round["fairness"]["nonce"], game, more);
        let verified = anybody.get(&path).await.ok();
        let (shown, recomputed) = (&round["result"], &verified["outcome"]);
        match member {
            None => assert_eq!(recomputed, shown, "{game}"),
            Some(member) => assert_eq!(recomputed[member], shown[member], "{game}"),
        }
        for (member, value) in [
            ("game", json!(game)),
            ("commitment", round["fairness"]["commitment"].clone()),
            ("server_seed", seeds["server_seed"].clone()),
            ("client_seed", seeds["client_seed"].clone()),
            ("nonce", round["fairness"]["nonce"].clone()),
            ("math_version", json!(if game == "blackjack" { 2 } else { 1 })),
        ] {
            assert_eq!(verified[member], value, "{member} of {game}");
        }
        if game != "roulette" {
            assert_eq!(verified["payout"], round["payout"], "{game}");
        }
        assert_eq!(verified["words"].as_array().map(Vec::len), Some(16));
    }
    installation.finish().await;
}

#[tokio::test]
async fn the_next_server_seed_is_promised_before_the_client_seed_is_chosen() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    let mut promised = player.get(FAIRNESS).await.ok()["next_commitment"].clone();
    for number in 0..3 {
        let body = json!({ "client_seed": format!("mine {number}") });
        let rotated = player.post(ROTATE, &body).await.ok();
        assert_eq!(rotated["commitment"], promised);
        assert_ne!(rotated["next_commitment"], promised);
        promised = rotated["next_commitment"].clone();
        let shown = player.get(FAIRNESS).await.ok();
        assert_eq!(shown["next_commitment"], promised);
        bet(&player).await;
    }
    let kept: String = sqlx::query_scalar("select server_seed from next_seeds where player_id = $1")
        .bind(alice.id.get())
        .fetch_one(installation.database.pool())
        .await
        .unwrap();
    let shown = player.get(FAIRNESS).await;
    assert!(!shown.text().contains(&kept));
    sqlx::query("delete from next_seeds")
        .execute(installation.database.pool())
        .await
        .unwrap();
    assert_eq!(player.get(FAIRNESS).await.ok()["next_commitment"], Value::Null);
    rotate(&player).await;
    assert_ne!(player.get(FAIRNESS).await.ok()["next_commitment"], Value::Null);
    installation.finish().await;
}

#[tokio::test]
async fn the_seed_of_an_open_round_is_not_revealed() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    let open = open_hand(&player).await;
    let before = player.get(FAIRNESS).await.ok();
    let refused = player.post(ROTATE, &json!({})).await;
    let problem = refused.problem(409, "round_open");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains(open["ref"].as_str().unwrap()), "{detail}");
    assert!(!refused.text().contains(&secret(&installation, &alice).await));
    assert_eq!(player.get(FAIRNESS).await.ok(), before, "nothing was changed");
    assert_eq!(count(&installation, "seed_pairs").await, 1);
    let key = player.with("idempotency-key", "after-the-round");
    key.post(ROTATE, &json!({})).await.problem(409, "round_open");
    stand(&player, &open).await;
    let rotated = key.post(ROTATE, &json!({})).await.ok();
    assert_eq!(rotated["revealed"]["commitment"], before["commitment"]);
    installation.finish().await;
}

#[tokio::test]
async fn every_revealed_pair_is_shown_on_one_of_the_pages_newest_first() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    let mut revealed = Vec::new();
    for rounds in 0..12 {
        if rounds % 2 == 1 {
            bet(&player).await;
        }
        revealed.insert(0, rotate(&player).await["revealed"].clone());
    }
    assert_eq!(player.get(FAIRNESS).await.ok()["previous"], json!(revealed));
    for (page, shown) in [
        (1, &revealed[..5]),
        (2, &revealed[5..10]),
        (3, &revealed[10..]),
        (4, &[]),
    ] {
        let answer = player
            .get(&format!("{FAIRNESS}?page={page}&per_page=5"))
            .await
            .ok();
        assert_eq!(answer["previous"], json!(shown), "page {page}");
        let place = json!({"page": page, "per_page": 5, "total": 12, "pages": 3});
        assert_eq!(answer["pagination"], place);
    }
    for (query, field) in [
        ("page=0", "page"),
        ("per_page=101", "per_page"),
        ("per_page=x", "per_page"),
    ] {
        player
            .get(&format!("{FAIRNESS}?{query}"))
            .await
            .names_field(field);
    }
    let counts: Vec<_> = revealed
        .iter()
        .map(|pair| pair["rounds"].as_i64().unwrap())
        .collect();
    assert_eq!(counts, [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0]);
    installation.finish().await;
}

#[tokio::test]
async fn a_repeated_rotation_gets_the_same_bytes_and_reveals_nothing_more() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    let key = player.with("idempotency-key", "rotation-1");
    let first = key.post(ROTATE, &json!({"client_seed": "mine"})).await;
    let again = key.post(ROTATE, &json!({"client_seed": "mine"})).await;
    first.ok();
    assert_eq!(first.header("idempotency-replayed"), "");
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(count(&installation, "seed_pairs").await, 2);
    for body in [json!({"client_seed": "other"}), json!({})] {
        key.post(ROTATE, &body)
            .await
            .problem(422, "idempotency_key_reused");
    }
    key.post(BET, &json!({"stake": 1}))
        .await
        .problem(422, "idempotency_key_reused");
    player
        .with("idempotency-key", "bet-1")
        .post(BET, &json!({"stake": 1}))
        .await
        .ok();
    player
        .with("idempotency-key", "bet-1")
        .post(ROTATE, &json!({}))
        .await
        .problem(422, "idempotency_key_reused");
    rotate(&player).await;
    let later = key.post(ROTATE, &json!({"client_seed": "mine"})).await;
    assert_eq!(later.bytes, first.bytes, "for ever");
    installation.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rotations_at_once_follow_each_other_and_one_key_rotates_once() {
    let installation = Installation::builder().readers(2).start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let mut asked = JoinSet::new();
    for number in 0..40 {
        let mut player = installation.reader(number % 2).logged_in(&alice.token);
        if number < 20 {
            player = player.with("idempotency-key", "once");
        }
        asked.spawn(async move { (number < 20, player.post(ROTATE, &json!({})).await) });
    }
    let answers = asked.join_all().await;
    let bodies = |has_key: bool| -> HashSet<Vec<u8>> {
        let answers = answers.iter().filter(|(keyed, _)| *keyed == has_key);
        answers.map(|(_, answer)| answer.bytes.clone()).collect()
    };
    for (_, answer) in &answers {
        answer.ok();
    }
    assert_eq!((bodies(true).len(), bodies(false).len()), (1, 20));
    let revealed: HashSet<String> = answers
        .iter()
        .map(|(_, answer)| answer.json()["revealed"]["commitment"].to_string())
        .collect();
    assert_eq!(revealed.len(), 21, "each rotation revealed another pair");
    assert_eq!(count(&installation, "seed_pairs").await, 22);
    assert_eq!(
        count(&installation, "seed_pairs where revealed_at is null").await,
        1
    );
    installation.finish().await;
}

/// That the nonces of every pair have no gap is what the check of the books finds at the end.
#[tokio::test(flavor = "multi_thread")]
async fn bets_that_race_rotations_are_each_decided_by_the_pair_they_name() {
    let installation = Installation::builder().readers(2).start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 1_000_000).await;
    let mut asked = JoinSet::new();
    for number in 0..120 {
        let player = installation.reader(number % 2).logged_in(&alice.token);
        asked.spawn(async move {
            if number % 6 == 0 {
                player.post(ROTATE, &json!({})).await
            } else {
                player.post(BET, &json!({"stake": 1})).await
            }
        });
    }
    let answers: Vec<Value> = asked.join_all().await.iter().map(Answer::ok).collect();
    let player = installation.reader(0).logged_in(&alice.token);
    let last = rotate(&player).await;
    let pairs: Vec<_> = answers
        .iter()
        .chain([&last])
        .map(|answer| &answer["revealed"])
        .collect();
    let pairs: Vec<_> = pairs.into_iter().filter(|pair| pair.is_object()).collect();
    assert_eq!(pairs.len(), 21);
    let mut rounds = 0;
    for round in answers.iter().filter(|answer| answer["ref"].is_string()) {
        let fairness = &round["fairness"];
        let pair = pairs
            .iter()
            .find(|pair| pair["commitment"] == fairness["commitment"])
            .unwrap();
        assert_eq!(pair["client_seed"], fairness["client_seed"]);
        assert!(fairness["nonce"].as_i64() < pair["rounds"].as_i64());
        let verified = player
            .get(&proof(pair, &fairness["nonce"], "slots", ""))
            .await
            .ok();
        assert_eq!(verified["outcome"], round["result"]);
        rounds += 1;
    }
    let decided: i64 = pairs.iter().map(|pair| pair["rounds"].as_i64().unwrap()).sum();
    assert_eq!((rounds, decided), (100, 100));
    installation.finish().await;
}

#[tokio::test]
async fn the_client_seed_is_the_players_own_text_or_is_made() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    let longest = "~".repeat(64);
    for own in [" ", "x", "a \"b\" \\c", &longest] {
        let rotated = player.post(ROTATE, &json!({"client_seed": own})).await.ok();
        assert_eq!(rotated["client_seed"], own);
        assert_eq!(player.get(FAIRNESS).await.ok()["client_seed"], own);
    }
    let mut made = HashSet::new();
    for body in ["", "{}", "{\"client_seed\":null}"] {
        let rotated = player.post_bytes(ROTATE, body).await.ok();
        let text = rotated["client_seed"].as_str().unwrap().to_owned();
        assert_eq!(text.len(), 32, "{text}");
        made.insert(text);
    }
    assert_eq!(made.len(), 3);
    let pairs = count(&installation, "seed_pairs").await;
    let (long, smuggled) = ("x".repeat(65), "a\u{0}b");
    for wrong in [
        json!(""),
        json!(long),
        json!("café"),
        json!("a\tb"),
        json!(smuggled),
        json!(7),
        json!(["x"]),
    ] {
        let answer = player.post(ROTATE, &json!({"client_seed": wrong})).await;
        answer.names_field("client_seed");
    }
    player
        .post(ROTATE, &json!({"clientSeed": "x"}))
        .await
        .names_field("clientSeed");
    for wrong in ["[]", "null", "\"x\""] {
        player.post_bytes(ROTATE, wrong).await.names_field("body");
    }
    player
        .post_bytes(ROTATE, "{")
        .await
        .problem(400, "malformed_json");
    assert_eq!(
        count(&installation, "seed_pairs").await,
        pairs,
        "nothing was written"
    );
    installation.finish().await;
}

#[tokio::test]
async fn seed_pairs_are_the_players_own() {
    let installation = Installation::start().await;
    let (aurora, bluefin) = (
        installation.operator("aurora").await,
        installation.operator("bluefin").await,
    );
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let bob = installation.player(&aurora, "bob", 100_000).await;
    let carol = installation.player(&bluefin, "carol", 100_000).await;
    let reader = installation.reader(0);
    let rotated = rotate(&reader.logged_in(&alice.token)).await;
    for other in [&bob, &carol] {
        let shown = reader.logged_in(&other.token).get(FAIRNESS).await.ok();
        assert_ne!(shown["commitment"], rotated["commitment"]);
        assert_eq!(shown["previous"], json!([]));
    }
    for stranger in [
        reader.clone(),
        reader.logged_in("1.forged"),
        reader.with("x-user-id", &alice.id.to_string()),
    ] {
        stranger
            .get(FAIRNESS)
            .await
            .problem(401, "authentication_required");
        stranger
            .post(ROTATE, &json!({}))
            .await
            .problem(401, "authentication_required");
    }
    assert_eq!(count(&installation, "seed_pairs").await, 4);
    installation.finish().await;
}

#[tokio::test]
async fn a_proof_needs_no_log_in_and_names_every_bad_parameter() {
    let installation = Installation::start().await;
    let reader = installation.reader(0);
    let seed = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    let good = [
        ("server_seed", seed),
        ("client_seed", "lucky%3A%207"),
        ("nonce", "1"),
        ("game", "slots"),
    ];
    let ask = async |replaced: &str, value: Option<&str>| {
        let known = good.iter().filter(|(name, _)| *name != replaced);
        let mut query: Vec<_> = known.map(|(name, value)| format!("{name}={value}")).collect();
        query.extend(value.map(|value| format!("{replaced}={value}")));
        reader.get(&format!("{VERIFY}?{}", query.join("&"))).await
    };
    let verified = ask("", None).await.ok();
    assert_eq!(verified["success"], true);
    assert_eq!(
        verified["commitment"],
        "6c86c6aac5fb24bcf5d9939cb7d7d5645ce39418f449e03b262dd4fa14b4b92b"
    );
    assert_eq!(verified["client_seed"], "lucky: 7");
    assert_eq!(verified["words"][0], 3_937_824_507_u32);
    assert_eq!(verified["outcome"]["wins"][0]["line"], "line_11");
    for (name, values) in [
        ("server_seed", ["", "00", "g", &seed[1..]]),
        ("client_seed", ["", "%00", "caf%C3%A9", &"x".repeat(65)]),
        ("nonce", ["", "-1", "1.5", "18446744073709551616"]),
        ("game", ["", "poker", "Slots", "%00"]),
        ("stake", ["0", "-1", "1e2", "0.30"]),
        ("decisions", ["hit", "fold", "%2C", "hit,hit"]),
    ] {
        for value in values {
            ask(name, Some(value)).await.names_field(name);
        }
    }
    for (name, _) in good {
        let problem = ask(name, None).await.names_field(name);
        assert_eq!(problem["detail"], format!("{name} is required"));
    }
    installation.finish().await;
}
