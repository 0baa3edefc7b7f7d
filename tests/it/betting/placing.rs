//! Placing bets.

use shared::coherence::Topic;
use shared::sports::Sport;

use super::*;

#[tokio::test]
async fn a_single_is_taken_at_the_servers_price_and_costs_its_stake() {
    let scene = Scene::new().await;
    let placed = scene
        .player
        .post("/api/betting/place", &on("1", "Home", 10.0))
        .await;
    assert_eq!(placed.header("cache-control"), "private, no-store");
    let placed = placed.ok();
    assert_eq!(placed["message"], "Bet placed successfully");
    assert_eq!(
        (&placed["stake"], &placed["potential_return"]),
        (&json!(10.0), &json!(18.5))
    );
    assert_eq!(
        (&placed["new_balance"], &placed["total_odds"]),
        (&json!(990.0), &json!(1.85))
    );
    let selection = &placed["selections"][0];
    assert_eq!(selection["match_name"], "Ajax 1 vs Feyenoord");
    assert_eq!(
        (&selection["market"], &selection["odds"]),
        (&json!("match_result"), &json!(1.85))
    );
    let list = scene.player.get("/api/betting/bets").await.ok();
    assert_eq!(list["pagination"]["total"], 1);
    let bet = &list["bets"][0];
    assert_eq!(
        (&bet["id"], &bet["status"]),
        (&placed["bet_id"], &json!("pending"))
    );
    assert_eq!(
        (&bet["selection"], &bet["combo_selections"]),
        (&json!("Home"), &json!(null))
    );
    assert_eq!(bet["match_name"], "Ajax 1 vs Feyenoord");
    scene.finish().await;
}

#[tokio::test]
async fn a_price_that_moved_is_taken_as_the_policy_says_and_told_otherwise() {
    let scene = Scene::new().await;
    let place = async |policy: Option<&str>, odds: f64| {
        let mut body = on("1", "Home", 1.0);
        body["odds"] = json!(odds);
        if let Some(policy) = policy {
            body["price_policy"] = json!(policy);
        }
        scene.player.post("/api/betting/place", &body).await
    };
    for (policy, seen, is_taken) in [
        (None, 1.85, true),
        (None, 1.84, true),
        (None, 1.86, false),
        (Some("better"), 1.86, false),
        (Some("none"), 1.85, true),
        (Some("none"), 1.84, false),
        (Some("none"), 1.86, false),
        (Some("any"), 1.2, true),
        (Some("any"), 50.0, true),
    ] {
        let before = scene.balance().await;
        let placed = place(policy, seen).await;
        if is_taken {
            assert_eq!(placed.ok()["selections"][0]["odds"], 1.85, "{policy:?} {seen}");
        } else {
            let problem = placed.problem(409, "price_changed");
            assert_eq!(
                problem["selections"][0]["current_odds"], 1.85,
                "{policy:?} {seen}"
            );
            assert_eq!(problem["detail"], "The odds have changed to 1.850");
            assert_eq!(scene.balance().await, before);
        }
    }
    scene.finish().await;
}

#[tokio::test]
async fn the_body_of_legacy_pages_is_understood_by_label_and_price() {
    let scene = Scene::new().await;
    let place = async |selection: &str, odds: f64| {
        let body = json!({
            "match_id": "1", "match_name": "Ajax 1 vs Feyenoord", "match_time": "18:30", "event_time": null,
            "selection": selection, "odds": odds, "stake": 10, "sport_name": "soccer", "bet_timing": "pregame",
            "market_id": "unknown",
        });
        scene.player.post("/api/betting/place", &body).await
    };
    for (label, odds, market, selection) in [
        ("Ajax 1", 1.85, "1", "Home"),
        ("Draw", 3.4, "1", "Draw"),
        ("Feyenoord", 4.2, "1", "Away"),
        ("Over", 1.9, "2", "Over@2.5"),
        ("Under", 1.91, "2", "Under@2.5"),
    ] {
        // Pages round to two decimals: 1.905 is 1.91 there.
        let answer = place(label, odds).await;
        let placed = answer.ok();
        let shown = &placed["selections"][0];
        assert_eq!(
            (&shown["market_id"], &shown["selection_id"]),
            (&json!(market), &json!(selection)),
            "{label}"
        );
    }
    place("PSV", 1.85).await.problem(422, "selection_not_found");
    let ambiguous = place("Over", 1.5).await.problem(422, "ambiguous_selection");
    assert!(
        ambiguous["detail"].as_str().unwrap().contains("Over@3.5"),
        "{ambiguous}"
    );
    scene.finish().await;
}

#[tokio::test]
async fn combos_and_systems_have_exact_odds_and_lines() {
    let scene = Scene::new().await;
    let legs = [leg("1", "Home"), leg("2", "Draw"), leg("3", "Away")];
    let combo = json!({"selections": legs, "total_stake": 10, "bet_type": "combo", "total_odds": 99});
    let placed = scene.player.post("/api/betting/place-combo", &combo).await.ok();
    // 1.85 · 3.4 · 4.2 = 26.418
    assert_eq!(
        (&placed["total_odds"], &placed["potential_return"]),
        (&json!(26.418), &json!(264.18))
    );
    assert_eq!(
        (&placed["selections_count"], &placed["lines"]),
        (&json!(3), &json!(1))
    );
    let system = json!({"selections": legs, "sizes": [2, 3], "unit_stake": 1});
    let placed = scene.player.post("/api/betting/place-system", &system).await.ok();
    // 6.29 + 7.77 + 14.28 + 26.418
    assert_eq!((&placed["lines"], &placed["stake"]), (&json!(4), &json!(4.0)));
    assert_eq!(placed["potential_return"], 54.75);
    let list = scene.player.get("/api/betting/bets").await.ok();
    let combo = list["bets"][1]["combo_selections"].as_str().unwrap();
    let legs: Value = serde_json::from_str(combo).unwrap();
    assert_eq!(
        legs[1],
        json!({"match_name": "Ajax 2 vs Feyenoord", "selection": "Draw", "odds": 3.4})
    );
    assert_eq!(list["bets"][1]["match_name"], "Combo Bet (3 selections)");
    scene.finish().await;
}

#[tokio::test]
async fn a_key_has_one_bet_and_one_answer() {
    let scene = Scene::new().await;
    let body = on("1", "Home", 10.0);
    let keyed = scene.player.with("idempotency-key", "k");
    let first = keyed.post("/api/betting/place", &body).await;
    let again = keyed.post("/api/betting/place", &body).await;
    assert_eq!(first.text(), again.text());
    assert_eq!(again.header("idempotency-replayed"), "true");
    let other = keyed.post("/api/betting/place", &on("1", "Draw", 10.0)).await;
    other.problem(422, "idempotency_key_reused");
    assert_eq!(scene.balance().await, 99_000);
    scene.finish().await;
}

#[tokio::test]
async fn what_is_not_open_is_refused_with_the_reason() {
    let scene = Scene::new().await;
    let bluefin = scene.installation.operator("bluefin").await;
    let carol = scene.installation.player(&bluefin, "carol", 10_000).await;
    let carol = scene.installation.reader(0).logged_in(&carol.token);
    let refused = async |body: &Value, status: u16, code: &str| {
        scene
            .player
            .post("/api/betting/place", body)
            .await
            .problem(status, code);
    };
    scene
        .staff
        .post(
            "/api/admin/aurora/betting-events/2/toggle",
            &json!({"disabled": true}),
        )
        .await
        .ok();
    scene
        .staff
        .post(
            "/api/admin/aurora/betting-events/3_1/toggle",
            &json!({"disabled": true}),
        )
        .await
        .ok();
    refused(&on("2", "Home", 1.0), 403, "selection_disabled").await;
    refused(&on("3", "Home", 1.0), 403, "selection_disabled").await;
    carol.post("/api/betting/place", &on("2", "Home", 1.0)).await.ok();
    let over = |event: &str, selection: &str, odds: f64| {
        json!({"sport": "soccer", "event_id": event, "market_id": "2", "selection_id": selection, "odds": odds,
            "stake": 1})
    };
    scene
        .player
        .post("/api/betting/place", &over("3", "Over@2.5", 1.9))
        .await
        .ok();
    refused(&over("3", "Over@3.5", 1.9), 409, "selection_suspended").await;
    let mut other_line = over("3", "Over@2.5", 1.9);
    other_line["line"] = json!(3.5);
    refused(&other_line, 409, "line_changed").await;
    scene
        .sql("update markets set is_suspended = true where event_id = '4' and id = '1'")
        .await;
    refused(&on("4", "Home", 1.0), 409, "selection_suspended").await;
    scene
        .sql("update events set status = 'in_play' where id = '4'")
        .await;
    refused(&on("4", "Home", 1.0), 409, "event_not_open").await;
    scene.begin();
    refused(&on("1", "Home", 1.0), 409, "event_not_open").await;
    scene.finish().await;
}

#[tokio::test]
async fn limits_of_operator_and_player_hold() {
    let scene = Scene::new().await;
    let stake = async |stake: Value| {
        let mut body = on("1", "Home", 1.0);
        body["stake"] = stake;
        scene.player.post("/api/betting/place", &body).await
    };
    stake(json!(0.99)).await.problem(422, "invalid_field");
    stake(json!(10_000.01)).await.problem(422, "invalid_field");
    stake(json!(1_000.01)).await.problem(422, "insufficient_funds");
    scene
        .sql("update operator_settings set max_payout = 1000, max_stake = 1000")
        .await;
    let placed = stake(json!(10)).await.ok();
    assert_eq!(
        placed["potential_return"], 10.0,
        "no more than the largest payout"
    );
    scene
        .player
        .put("/api/player/limits", &json!({"stake": {"24h": 15}}))
        .await
        .ok();
    stake(json!(5)).await.ok();
    stake(json!(1)).await.problem(403, "player_limit_reached");
    let stats = scene.player.get("/api/betting/stats").await.ok();
    assert_eq!(stats["stats"]["pending_stakes"], 15.0);
    scene.sql("update players set is_active = false").await;
    stake(json!(1)).await.problem(403, "account_disabled");
    scene.finish().await;
}

#[tokio::test]
async fn one_selection_that_is_disabled_is_shown_as_suspended_and_not_bet_on_at_that_operator() {
    let scene = Scene::new().await;
    let bluefin = scene.installation.operator("bluefin").await;
    let carol = scene.installation.player(&bluefin, "carol", 10_000).await;
    let carol = scene.installation.reader(0).logged_in(&carol.token);
    // The test wrote the catalogue itself; this makes readers fetch it.
    let mut db = scene.installation.database.pool().begin().await.unwrap();
    write_api::coherence::bump_all(&[Topic::feed(Sport::find("soccer").unwrap())], &mut db)
        .await
        .unwrap();
    db.commit().await.unwrap();
    let toggle = async |key: &str, body: Value| {
        scene
            .staff
            .post(&format!("/api/admin/aurora/betting-events/{key}/toggle"), &body)
            .await
    };
    let draw = json!({"selection_id": "Draw", "disabled": true});
    let switched = toggle("1_1", draw.clone()).await.ok();
    assert_eq!(
        (&switched["selection_id"], &switched["is_disabled"]),
        (&json!("Draw"), &json!(true))
    );
    toggle("1", draw.clone()).await.problem(422, "invalid_field");
    toggle("1_1", json!({"selection_id": "PSV"}))
        .await
        .problem(422, "selection_not_found");
    toggle("1_1", json!({"selection_id": ""}))
        .await
        .problem(422, "invalid_field");
    scene
        .player
        .post("/api/betting/place", &on("1", "Draw", 1.0))
        .await
        .problem(403, "selection_disabled");
    scene
        .player
        .post("/api/betting/place", &on("1", "Home", 1.0))
        .await
        .ok();
    carol.post("/api/betting/place", &on("1", "Draw", 1.0)).await.ok();
    let shown = async |operator: &str| {
        let list = scene
            .player
            .get(&format!("/api/sports/events/soccer?operator={operator}"))
            .await;
        let list = list.json();
        let event = list
            .as_array()
            .and_then(|events| events.iter().find(|event| event["id"] == "1").cloned());
        let event = event.unwrap_or_default();
        (
            event["odds"]["match_result"].clone(),
            event["markets"][0]["selections"][1]["suspended"].clone(),
        )
    };
    let hidden = (json!(["1.85", "0", "4.20"]), json!(true));
    let is_hidden = || async { shown("aurora").await == hidden };
    scene
        .installation
        .within(SOON, "the draw is shown as suspended", is_hidden)
        .await;
    assert_eq!(
        shown("bluefin").await,
        (json!(["1.85", "3.40", "4.20"]), json!(false))
    );
    let list = scene.staff.get("/api/admin/aurora/disabled-events").await.ok();
    assert_eq!(list["disabled_events"][0]["event_key"], "1_1_Draw");
    toggle("1_1_Draw", json!({"disabled": false})).await.ok();
    scene
        .player
        .post("/api/betting/place", &on("1", "Draw", 1.0))
        .await
        .ok();
    scene.finish().await;
}
