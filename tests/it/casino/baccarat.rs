//! Baccarat over HTTP, and the faults of the replaced backend that must not come back.

use serde_json::json;
use shared::money::Minor;
use tests::Installation;
use write_api::casino::baccarat::rules::{Side, decide};

use super::{balance_minor, count, minor, randomness};

const PLAY: &str = "/api/casino/baccarat/play";

#[tokio::test]
async fn a_coup_pays_what_the_side_pays_and_shows_both_hands() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    let mut expected = 100_000;
    for side in ["player", "banker", "tie"].into_iter().cycle().take(30) {
        let bet = json!({"stake": 2.00, "currency": "USD", "params": {"bet_on": side}});
        let round = player.post(PLAY, &bet).await.ok();
        let result = &round["result"];
        assert_eq!(result["bet_on"], side, "all that the payout follows from is kept");
        let (of_player, of_banker) = (&result["player_total"], &result["banker_total"]);
        let winner = match of_player.as_u64().unwrap().cmp(&of_banker.as_u64().unwrap()) {
            std::cmp::Ordering::Less => "banker",
            std::cmp::Ordering::Equal => "tie",
            std::cmp::Ordering::Greater => "player",
        };
        assert_eq!(result["winner"], winner, "{round}");
        let paid = match (side, winner) {
            ("player", "player") => 400,
            ("banker", "banker") => 390,
            ("tie", "tie") => 1_800,
            ("player" | "banker", "tie") => 200,
            _ => 0,
        };
        assert_eq!(minor(&round["payout"]), paid, "{round}");
        for hand in ["player", "banker"] {
            let cards = result[hand].as_array().unwrap().len();
            assert!((2..=3).contains(&cards), "{round}");
        }
        expected += paid - 200;
    }
    assert_eq!(balance_minor(&installation, &alice).await, expected);
    installation.finish().await;
}

/// Legacy: a tie lost the stakes on player and banker.
#[tokio::test]
async fn legacy_a_tie_returns_the_stakes_of_player_and_banker() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let ties = randomness(|words| {
        (0..2).all(|nonce| {
            let coup = decide(Side::Tie, Minor::new(100), &mut words(nonce)).unwrap();
            coup.winner == Side::Tie
        })
    });
    let alice = installation
        .player_with_seeds_of(&ties, &aurora, "alice", 1_000)
        .await;
    let player = installation.writer().logged_in(&alice.token);
    for side in ["player", "banker"] {
        let round = player
            .post(PLAY, &json!({"stake": 5, "params": {"bet_on": side}}))
            .await
            .ok();
        assert_eq!(round["result"]["winner"], "tie");
        assert_eq!(minor(&round["payout"]), 500);
        assert_eq!(minor(&round["balance"]), 1_000);
    }
    installation.finish().await;
}

/// Legacy: an unknown side was accepted and lost.
#[tokio::test]
async fn legacy_unknown_sides_and_what_the_server_decides_are_refused_and_nothing_is_written() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let player = installation.writer().logged_in(&alice.token);
    for side in [json!("dragon"), json!(""), json!("Player")] {
        let bet = json!({"stake": 1, "params": {"bet_on": side}});
        player.post(PLAY, &bet).await.problem(422, "unknown_bet");
    }
    player
        .post(PLAY, &json!({"stake": 1, "params": {"bet_on": 1}}))
        .await
        .names_field("params.bet_on");
    player
        .post(PLAY, &json!({"stake": 1, "params": {}}))
        .await
        .names_field("params.bet_on");
    player
        .post(PLAY, &json!({"stake": 1}))
        .await
        .names_field("params");
    player
        .post(PLAY, &json!({"stake": 1, "params": ["player"]}))
        .await
        .names_field("params");
    player
        .post(PLAY, &json!({"params": {"bet_on": "tie"}}))
        .await
        .names_field("stake");
    for stake in [
        "1.01",
        "-1",
        "0",
        "\"1\"",
        "1e3",
        "9223372036854775808",
        "10000000000000000",
    ] {
        let body = format!("{{\"stake\":{stake},\"params\":{{\"bet_on\":\"banker\"}}}}");
        player.post_bytes(PLAY, body).await.names_field("stake");
    }
    for member in [
        "player",
        "banker",
        "deck",
        "winner",
        "result",
        "payout",
        "multiplier",
    ] {
        let mut body = json!({"stake": 1, "params": {"bet_on": "tie"}});
        body[member] = json!(["A♠"]);
        let problem = player.post(PLAY, &body).await.problem(422, "server_decides");
        assert_eq!(problem["field"], member);
    }
    assert_eq!(count(&installation, "rounds").await, 0);
    assert_eq!(balance_minor(&installation, &alice).await, 10_000);
    installation.finish().await;
}
