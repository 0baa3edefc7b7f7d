//! Roulette over HTTP, and the faults of the replaced backend that must not come back.

use serde_json::{Value, json};
use tests::Installation;

use super::{balance_minor, count, minor, randomness};
use write_api::casino::roulette::rules::table::Place;
use write_api::casino::roulette::rules::{Bet, decide};

const SPIN: &str = "/api/casino/roulette/spin";
const WIN: &str = "/api/casino/roulette/win";

fn spin(bets: &Value) -> Value {
    json!({"params": {"bets": bets}, "currency": "USD"})
}

#[tokio::test]
async fn a_spin_pays_every_bet_that_won_at_once_and_says_the_same_when_it_is_asked_again() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    let bets = json!([
        {"type": "color", "value": "red", "stake": 1.00},
        {"type": "color", "value": "black", "amount": 1.00},
        {"type": "single", "value": "0", "stake": 0.50},
        {"type": "split", "value": [17, 20], "stake": 0.25},
        {"type": "dozen", "value": 2, "stake": 2},
    ]);
    let mut expected = 100_000;
    for _ in 0..20 {
        let round = player.post(SPIN, &spin(&bets)).await.ok();
        let result = &round["result"];
        let paid: i64 = result["bets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|bet| minor(&bet["payout"]))
            .sum();
        assert_eq!(minor(&round["stake"]), 475);
        assert_eq!(minor(&round["payout"]), paid, "{round}");
        expected += paid - 475;
        assert_eq!(minor(&round["balance"]), expected);
        let pocket: u8 = result["spin"]["pocket"].as_str().unwrap().parse().unwrap();
        assert!(pocket <= 36);
        for (bet, color) in [(0, "red"), (1, "black")] {
            let won = minor(&result["bets"][bet]["payout"]) == 200;
            assert_eq!(won, result["spin"]["color"] == color, "{round}");
        }
        let confirmed = player
            .post(WIN, &json!({"ref": round["ref"], "payout": round["payout"]}))
            .await
            .ok();
        for member in ["ref", "stake", "payout", "result", "balance"] {
            assert_eq!(confirmed[member], round[member], "{member}");
        }
    }
    assert_eq!(balance_minor(&installation, &alice).await, expected);
    installation.finish().await;
}

#[tokio::test]
async fn a_spin_is_what_the_published_rules_make_of_seeds_and_nonce() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let bet = |stake| Bet {
        place: Place::parse("single", &json!(17)).unwrap(),
        stake: shared::money::Minor::new(stake),
    };
    let wins = randomness(|words| decide(&[bet(100)], &mut words(0)).unwrap().payout.get() == 3_600);
    let alice = installation
        .player_with_seeds_of(&wins, &aurora, "alice", 1_000)
        .await;
    let player = installation.writer().logged_in(&alice.token);
    let bets = json!([{"type": "single", "value": 17, "stake": 1}]);
    let round = player.post(SPIN, &spin(&bets)).await.ok();
    assert_eq!(round["result"]["spin"], json!({"pocket": "17", "color": "black"}));
    assert_eq!(minor(&round["payout"]), 3_600);
    assert_eq!(minor(&round["balance"]), 1_000 - 100 + 3_600);
    installation.finish().await;
}

/// Legacy: `roulette/win` credited whatever the client sent, as often as it was sent.
#[tokio::test]
async fn legacy_win_credits_nothing_and_refuses_a_payout_that_differs() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 1_000).await;
    let player = installation.writer().logged_in(&alice.token);
    let bets = json!([{"type": "color", "value": "red", "stake": 1}]);
    let round = player.post(SPIN, &spin(&bets)).await.ok();
    let balance = balance_minor(&installation, &alice).await;
    for payout in [json!(36), json!(0.01), json!(-1), json!("1"), json!(999_999_999)] {
        let claim = json!({"ref": round["ref"], "payout": payout});
        player.post(WIN, &claim).await.problem(422, "wrong_payout");
    }
    for _ in 0..3 {
        player.post(WIN, &json!({"ref": round["ref"]})).await.ok();
    }
    assert_eq!(balance_minor(&installation, &alice).await, balance);
    player.post(WIN, &json!({})).await.names_field("ref");
    player
        .post(WIN, &json!({"ref": "roulette_1_1"}))
        .await
        .problem(404, "not_found");
    let slot = player
        .post("/api/casino/slots/bet", &json!({"stake": 1}))
        .await
        .ok();
    player
        .post(WIN, &json!({"ref": slot["ref"]}))
        .await
        .problem(404, "not_found");
    let bob = installation.player(&aurora, "bob", 1_000).await;
    let other = installation.writer().logged_in(&bob.token);
    other
        .post(WIN, &json!({"ref": round["ref"]}))
        .await
        .problem(404, "not_found");
    installation.finish().await;
}

/// Legacy: only the sum of the stakes was checked, so that single ones could be negative; green paid; and the payout
/// was thrown away.
/// Bets that are refused, with the code, and the field that the problem names.
fn impossible_bets() -> Vec<(Value, &'static str, &'static str)> {
    vec![
        (json!([]), "no_bets", "params.bets"),
        (
            json!([{"type": "color", "value": "red", "stake": 5}, {"type": "color", "value": "black", "stake": -3}]),
            "invalid_field",
            "params.bets[1].stake",
        ),
        (
            json!([{"type": "color", "value": "red", "stake": 0}]),
            "invalid_field",
            "params.bets[0].stake",
        ),
        (
            json!([{"type": "color", "value": "red", "stake": "5"}]),
            "invalid_field",
            "params.bets[0].stake",
        ),
        (
            json!([{"type": "color", "value": "red", "stake": 1.001}]),
            "invalid_field",
            "params.bets[0].stake",
        ),
        (
            json!([{"type": "color", "value": "red"}]),
            "invalid_field",
            "params.bets[0].stake",
        ),
        (
            json!([{"type": "color", "value": "red", "stake": 1, "amount": 1}]),
            "invalid_field",
            "params.bets[0].stake",
        ),
        (
            json!([{"type": "color", "value": "red", "stake": 9_223_372_036_854_775_807_i64}]),
            "invalid_field",
            "params.bets[0].stake",
        ),
        (
            json!([{"type": "color", "value": "green", "stake": 1}]),
            "impossible_bet",
            "params.bets[0].value",
        ),
        (
            json!([{"type": "single", "value": 37, "stake": 1}]),
            "impossible_bet",
            "params.bets[0].value",
        ),
        (
            json!([{"type": "single", "value": -1, "stake": 1}]),
            "impossible_bet",
            "params.bets[0].value",
        ),
        (
            json!([{"type": "split", "value": [1, 3], "stake": 1}]),
            "impossible_bet",
            "params.bets[0].value",
        ),
        (
            json!([{"type": "split", "value": [3, 4], "stake": 1}]),
            "impossible_bet",
            "params.bets[0].value",
        ),
        (
            json!([{"type": "street", "value": [2, 3, 4], "stake": 1}]),
            "impossible_bet",
            "params.bets[0].value",
        ),
        (
            json!([{"type": "corner", "value": [3, 4, 6, 7], "stake": 1}]),
            "impossible_bet",
            "params.bets[0].value",
        ),
        (
            json!([{"type": "corner", "value": [1, 1, 2, 2], "stake": 1}]),
            "impossible_bet",
            "params.bets[0].value",
        ),
        (
            json!([{"type": "zero", "value": 0, "stake": 1}]),
            "unknown_bet",
            "params.bets[0].type",
        ),
        (
            json!([{"type": 5, "value": 0, "stake": 1}]),
            "invalid_field",
            "params.bets[0].type",
        ),
    ]
}

#[tokio::test]
async fn legacy_negative_stakes_green_and_unknown_bets_are_refused_and_nothing_is_written() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let player = installation.writer().logged_in(&alice.token);
    let red = json!({"type": "color", "value": "red", "stake": 5});
    for (bets, code, field) in impossible_bets() {
        let answer = player.post(SPIN, &spin(&bets)).await;
        let problem = answer.problem(422, code);
        assert_eq!(problem["field"], field, "{bets}: {problem}");
    }
    player.post(SPIN, &json!({})).await.names_field("params");
    player
        .post(SPIN, &json!({"params": {}}))
        .await
        .names_field("params.bets");
    let many: Vec<_> = (0..10_000).map(|_| red.clone()).collect();
    let answer = player.post(SPIN, &spin(&json!(many))).await;
    assert!(matches!(answer.status.as_u16(), 413 | 422), "{}", answer.text());
    let many: Vec<_> = (0..201)
        .map(|_| json!({"type": "single", "value": 1, "stake": 0.01}))
        .collect();
    player
        .post(SPIN, &spin(&json!(many)))
        .await
        .problem(422, "too_many_bets");
    for member in ["pocket", "spin", "result", "payout", "multiplier"] {
        let mut body = spin(&json!([red]));
        body[member] = json!(17);
        let problem = player.post(SPIN, &body).await.problem(422, "server_decides");
        assert_eq!(problem["field"], member);
    }
    let mut paid = red.clone();
    paid["payout"] = json!(36);
    let problem = player.post(SPIN, &spin(&json!([red, paid]))).await;
    let problem = problem.problem(422, "server_decides");
    assert_eq!(problem["field"], "params.bets[1].payout");
    for (params, field) in [
        (json!([[red]]), "params"),
        (json!({"bets": [red, ["single", 5, 1, null]]}), "params.bets[1]"),
        (json!({"bets": red}), "params.bets"),
    ] {
        let body = json!({"params": params});
        player.post(SPIN, &body).await.names_field(field);
    }
    assert_eq!(count(&installation, "rounds").await, 0);
    assert_eq!(
        count(&installation, "ledger_entries where player_id is not null").await,
        1,
        "only the opening entry"
    );
    assert_eq!(balance_minor(&installation, &alice).await, 10_000);
    installation.finish().await;
}

#[tokio::test]
async fn the_stakes_of_a_spin_together_are_within_limits_and_balance() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 500).await;
    let player = installation.writer().logged_in(&alice.token);
    let bets = |stake: f64, number: usize| {
        let bet = json!({"type": "single", "value": 1, "stake": stake});
        spin(&json!(vec![bet; number]))
    };
    let problem = player
        .post(SPIN, &bets(0.33, 3))
        .await
        .problem(422, "invalid_field");
    assert_eq!(problem["field"], "stake", "less than 1.00 together");
    player
        .post(SPIN, &bets(1.67, 3))
        .await
        .problem(422, "insufficient_funds");
    player.post(SPIN, &bets(0.25, 4)).await.ok();
    player.post(SPIN, &bets(5_000.01, 2)).await.names_field("stake");
    installation.finish().await;
}
