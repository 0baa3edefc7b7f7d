//! What a regulator does: takes a player's history, and nothing else, and recomputes every round of it over HTTP.

use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Clock;
use shared::random::Random;
use tests::{Client, Installation};

use super::{BET, minor};

const HISTORY: &str = "/api/casino/history";
const ROTATE: &str = "/api/casino/fairness/rotate";
const BLACKJACK: &str = "/api/casino/blackjack/play";

/// Choices of the player in this test.
struct Dice(Random);

impl Dice {
    fn pick<'a, T>(&self, from: &'a [T]) -> &'a T {
        let [number] = self.0.bytes();
        &from[usize::from(number) % from.len()]
    }
}

/// Plays one round of a game to its end, whatever that is.
async fn play(game: &str, player: &Client, clock: &Clock, dice: &Dice) {
    match game {
        "slots" => {
            let stake = dice.pick(&[1.0, 2.4, 5.2]);
            player.post(BET, &json!({"stake": stake})).await.ok();
        }
        "roulette" => {
            let bets = [
                json!({"type": "single", "value": dice.pick(&[0, 17, 36]), "stake": 1}),
                json!({"type": "split", "value": [14, 17], "stake": 0.5}),
                json!({"type": "color", "value": dice.pick(&["red", "black"]), "stake": 2.25}),
            ];
            let spin = json!({"params": {"bets": bets}});
            player.post("/api/casino/roulette/spin", &spin).await.ok();
        }
        "baccarat" => {
            let side = dice.pick(&["player", "banker", "tie"]);
            let bet = json!({"stake": 1.4, "params": {"bet_on": side}});
            player.post("/api/casino/baccarat/play", &bet).await.ok();
        }
        "blackjack" => play_hand(player, clock, dice).await,
        _ => {
            let auto_cashout = dice.pick(&[None, Some(1.5)]);
            let bet = json!({"stake": 3, "params": {"auto_cashout": auto_cashout}});
            let round = player.post("/api/casino/crash/play", &bet).await.ok();
            clock.advance(Duration::from_millis(*dice.pick(&[1_000, 5_000, 20_000])));
            let wish = json!({"ref": round["ref"]});
            let answer = player.post("/api/casino/crash/cashout", &wish).await;
            assert!(matches!(answer.status.as_u16(), 200 | 409), "{}", answer.text());
        }
    }
}

/// Takes decisions at random, or leaves.
async fn play_hand(player: &Client, clock: &Clock, dice: &Dice) {
    let deal = json!({"action": "deal", "stake": 1.01});
    let mut round = player.post(BLACKJACK, &deal).await.ok();
    let mut number = 0;
    while round["status"] == "open" {
        if *dice.pick(&[false, false, false, true]) {
            // What touches the round next finds it abandoned.
            clock.advance(Duration::from_mins(15));
            return;
        }
        number += 1;
        let action = dice.pick(round["result"]["actions"].as_array().unwrap());
        let params = json!({"ref": round["ref"], "action_number": number});
        let act = json!({"action": action, "params": params});
        round = player.post(BLACKJACK, &act).await.ok();
    }
}

/// Every round of the player who asks, page by page.
async fn history(player: &Client) -> Vec<Value> {
    let mut rounds = Vec::new();
    let mut path = format!("{HISTORY}?limit=20");
    loop {
        let page = player.get(&path).await.ok();
        rounds.extend(page["history"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else {
            return rounds;
        };
        path = format!("{HISTORY}?limit=20&before={next}");
    }
}

/// The question that recomputes a round, from the round alone.
fn question(round: &Value) -> String {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut query = vec![
        ("server_seed", text(&round["server_seed"])),
        ("client_seed", text(&round["client_seed"])),
        ("nonce", text(&round["nonce"])),
        ("game", text(&round["game_key"])),
        ("currency", text(&round["currency"])),
        ("stake", text(&round["first_stake"])),
    ];
    for member in ["bet_on", "bets"] {
        let told = &round["result_json"][member];
        if !told.is_null() {
            query.push((member, text(told)));
        }
    }
    if let Some(decisions) = round["decisions"].as_array() {
        let words: Vec<_> = decisions.iter().map(text).collect();
        query.push(("decisions", words.join(",")));
    }
    let cashout = &round["result_json"]["cashout_multiplier"];
    if !cashout.is_null() {
        query.push(("cashout", text(cashout)));
    }
    let url = url::Url::parse_with_params("http://x/api/casino/fairness/verify", query).unwrap();
    format!("{}?{}", url.path(), url.query().unwrap())
}

#[tokio::test]
async fn every_round_of_every_game_is_recomputed_from_the_history_alone() {
    let clock = Clock::manual(Clock::machine().now());
    let installation = Installation::builder().clock(clock.clone()).start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 1_000_000).await;
    let player = installation.writer().logged_in(&alice.token);
    let dice = Dice(Random::seeded(20_261_125));
    let games = ["slots", "roulette", "baccarat", "blackjack", "crash"];
    let mut abandoned = 0;
    for _ in 0..12 {
        for game in games {
            play(game, &player, &clock, &dice).await;
        }
        // Whatever is still open by then was abandoned.
        clock.advance(Duration::from_mins(15));
        player.post(ROTATE, &json!({})).await.ok();
    }
    let doubled = |round: &Value| round["stake"] != round["first_stake"];
    let mut rounds = history(&player).await;
    let mut further = 0;
    // Most hands of a dozen can be doubled or split somewhere, but not every dozen has one that is.
    while further < 100 && !rounds.iter().any(doubled) {
        play("blackjack", &player, &clock, &dice).await;
        clock.advance(Duration::from_mins(15));
        player.post(ROTATE, &json!({})).await.ok();
        rounds = history(&player).await;
        further += 1;
    }
    assert_eq!(rounds.len(), 12 * games.len() + further);
    let anybody = installation.writer();
    for round in &rounds {
        let verified = anybody.get(&question(round)).await.ok();
        assert_eq!(verified["commitment"], round["commitment"], "{round}");
        assert_eq!(verified["math_version"], round["math_version"], "{round}");
        assert_eq!(round["payout_limited"], false);
        if round["game_key"] == "crash" {
            let drawn = &verified["outcome"]["multiplier"];
            assert_eq!(*drawn, round["result_json"]["multiplier"], "{round}");
            let is_lost = round["result_json"]["cashout_multiplier"].is_null();
            assert_eq!(is_lost, minor(&round["payout"]) == 0, "{round}");
        } else {
            assert_eq!(verified["outcome"], round["result_json"], "{round}");
        }
        if !verified["payout"].is_null() {
            assert_eq!(verified["payout"], round["payout"], "{round}");
        }
        abandoned += u32::from(round["abandoned"] == true);
    }
    assert!(abandoned > 0, "some hands were left");
    assert!(rounds.iter().any(doubled), "some hands cost more");
    installation.finish().await;
}

#[tokio::test]
async fn what_is_not_revealed_is_not_told() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.writer().logged_in(&alice.token);
    player.post(BET, &json!({"stake": 1})).await.ok();
    assert_eq!(history(&player).await[0]["server_seed"], json!(null));
    let revealed = player.post(ROTATE, &json!({})).await.ok();
    player.post(BET, &json!({"stake": 1})).await.ok();
    let rounds = history(&player).await;
    assert_eq!(rounds[0]["server_seed"], json!(null));
    assert_eq!(rounds[1]["server_seed"], revealed["revealed"]["server_seed"]);
    installation.finish().await;
}
