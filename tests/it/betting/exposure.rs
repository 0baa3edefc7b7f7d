//! What bets mean for the operator, and the limits on it.

use tokio::task::JoinSet;

use super::*;

#[tokio::test]
async fn no_limit_on_liability_is_overshot_by_two_hundred_bets_at_once() {
    let scene = Scene::new().await;
    // Each bet of 1.00 on Home costs 0.85 if it wins.
    let limit = json!({"max_market_liability": 100, "max_event_liability": 1000});
    scene.staff.post("/api/admin/aurora/settings", &limit).await.ok();
    let mut bets = JoinSet::new();
    for _ in 0..200 {
        let player = scene.player.clone();
        bets.spawn(async move {
            player
                .post("/api/betting/place", &on("1", "Home", 1.0))
                .await
                .status
                .as_u16()
        });
    }
    let all = bets.join_all().await;
    let taken = all.iter().filter(|status| **status == 200).count();
    assert_eq!(taken, 117, "they cost 99.45, one more would be 100.30");
    assert!(all.iter().all(|status| [200, 409].contains(status)), "{all:?}");
    scene
        .player
        .post("/api/betting/place", &on("1", "Home", 1.0))
        .await
        .problem(409, "liability_reached");
    // What lowers the liability is welcome.
    scene
        .player
        .post("/api/betting/place", &on("1", "Away", 10.0))
        .await
        .ok();
    scene
        .player
        .post("/api/betting/place", &on("1", "Home", 5.0))
        .await
        .ok();
    scene.finish().await;
}

#[tokio::test]
async fn staff_see_what_their_markets_may_cost_and_the_platform_those_of_all() {
    let scene = Scene::new().await;
    scene
        .player
        .post("/api/betting/place", &on("1", "Home", 10.0))
        .await
        .ok();
    scene
        .player
        .post("/api/betting/place", &on("1", "Away", 2.0))
        .await
        .ok();
    let combo = json!({"selections": [leg("1", "Draw"), leg("2", "Home")], "stake": 1});
    scene.player.post("/api/betting/place-combo", &combo).await.ok();
    scene
        .staff
        .post(
            "/api/admin/aurora/betting-events/2/toggle",
            &json!({"disabled": true}),
        )
        .await
        .ok();
    let shown = scene.staff.get("/api/admin/aurora/betting-events").await.ok();
    let (first, second) = (&shown["events"][0], &shown["events"][1]);
    // Home: 18.50 − 12.00; Away: 8.40 − 12.00; Draw, with the combo: 6.29 − 12.00.
    assert_eq!(
        (&first["event_name"], &first["max_liability"]),
        (&json!("Ajax 1 vs Feyenoord"), &json!(6.5))
    );
    assert_eq!(
        (&first["total_bets"], &first["multiple_bets"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        (&first["max_possible_gain"], &first["status"]),
        (&json!(12.0), &json!("active"))
    );
    assert_eq!(
        (&second["max_liability"], &second["status"]),
        (&json!(6.29), &json!("disabled"))
    );
    let summary = &shown["summary"][0];
    assert_eq!(
        (&summary["total_liability"], &summary["total_events"]),
        (&json!(12.79), &json!(2))
    );
    let root = crate::accounts::platform_staff(&scene.installation, "root").await;
    let root = scene.installation.reader(0).logged_in(&root);
    let all = root
        .get("/api/superadmin/betting-events?search=AJAX%201")
        .await
        .ok();
    assert_eq!(
        (
            all["pagination"]["total"].clone(),
            &all["events"][0]["operator_name"]
        ),
        (json!(1), &json!("aurora Sports"))
    );
    for query in ["sport=chess", "search=%00", "page=0"] {
        root.get(&format!("/api/superadmin/betting-events?{query}"))
            .await
            .problem(422, "invalid_field");
    }
    scene.begin();
    scene.settle("1", json!({"winning_selection": "Away"})).await;
    scene.settled().await;
    let shown = scene.staff.get("/api/admin/aurora/betting-events").await.ok();
    assert_eq!(shown["events"], json!([]), "the combo is lost with its leg");
    scene.finish().await;
}

#[tokio::test]
async fn lines_of_which_several_can_win_are_added_up() {
    let scene = Scene::new().await;
    scene
        .sql(
            r#"update markets set selections = selections || '[{"id": "Over@1.5", "name": "Over", "line": "1.5",
                "line_kind": "total", "price_milli": 1200, "price_text": "1.2", "suspended": false}]' where id = '2'"#,
        )
        .await;
    let limit = json!({"max_market_liability": 10});
    scene.staff.post("/api/admin/aurora/settings", &limit).await.ok();
    let over = |line: &str, odds: f64, stake: f64| {
        json!({"sport": "soccer", "event_id": "1", "market_id": "2", "selection_id": format!("Over@{line}"),
            "odds": odds, "stake": stake})
    };
    // 9.00 on one line; with three goals both pay.
    scene
        .player
        .post("/api/betting/place", &over("2.5", 1.9, 10.0))
        .await
        .ok();
    scene
        .player
        .post("/api/betting/place", &over("1.5", 1.2, 10.0))
        .await
        .problem(409, "liability_reached");
    scene
        .player
        .post("/api/betting/place", &over("1.5", 1.2, 5.0))
        .await
        .ok();
    let shown = scene.staff.get("/api/admin/aurora/betting-events").await.ok();
    assert_eq!(shown["events"][0]["max_liability"], 10.0);
    scene.begin();
    let winner = json!({"match_id": "1", "market_id": "2", "winning_selection": "Over@1.5"});
    scene
        .staff
        .post("/api/admin/aurora/manual-settle", &winner)
        .await
        .problem(422, "several_winners");
    scene.finish().await;
}
