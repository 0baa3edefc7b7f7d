//! What is no bet. Each is refused with the field's name, and nothing is written.

use super::*;

#[tokio::test]
async fn what_is_no_bet_is_refused_and_nothing_is_written() {
    let scene = Scene::new().await;
    let place = "/api/betting/place";
    for (field, value, named) in [
        ("odds", json!("1.85"), "odds"),
        ("odds", json!(1), "odds"),
        ("odds", json!(1.8501), "odds"),
        ("odds", json!(-2), "odds"),
        ("odds", json!(100_001), "odds"),
        ("odds", json!(null), "odds"),
        ("stake", json!("10"), "stake"),
        ("stake", json!(0), "stake"),
        ("stake", json!(-1), "stake"),
        ("stake", json!(1.005), "stake"),
        ("stake", json!(true), "stake"),
        ("event_id", json!(""), "event_id"),
        ("event_id", json!("x".repeat(201)), "event_id"),
        ("event_id", json!(7), "event_id"),
        ("sport", json!("chess"), "sport"),
        ("market_id", json!(null), "market_id"),
        ("selection_id", json!(null), "selection_id"),
        ("line", json!([1]), "line"),
        ("price_policy", json!("best"), "price_policy"),
        ("currency", json!("EUR"), "currency"),
    ] {
        let mut body = on("1", "Home", 10.0);
        body[field] = value.clone();
        let refused = scene
            .player
            .post(place, &body)
            .await
            .problem(422, "invalid_field");
        assert_eq!(refused["errors"][0]["field"], named, "{field} {value}: {refused}");
    }
    for (field, value, code) in [
        ("event_id", "99", "event_not_found"),
        ("sport", "tennis", "event_not_found"),
        ("market_id", "99", "market_not_found"),
        ("selection_id", "99", "selection_not_found"),
    ] {
        let mut body = on("1", "Home", 10.0);
        body[field] = json!(value);
        scene.player.post(place, &body).await.problem(422, code);
    }
    for body in ["", "[]", "null", "{", r#"{"stake":10}"#, r#"{"stake":NaN}"#] {
        let refused = scene.player.post_bytes(place, body).await;
        assert!(
            [400, 415, 422].contains(&refused.status.as_u16()),
            "{body}: {}",
            refused.text()
        );
    }
    let huge = format!(r#"{{"event_id":"{}"}}"#, "x".repeat(3_000_000));
    scene
        .player
        .post_bytes(place, huge)
        .await
        .problem(413, "body_too_large");
    scene
        .installation
        .reader(0)
        .post(place, &on("1", "Home", 1.0))
        .await
        .problem(401, "authentication_required");
    scene
        .staff
        .post(place, &on("1", "Home", 1.0))
        .await
        .problem(403, "wrong_role");
    assert_eq!(
        (scene.balance().await, scene.installation.count("bets").await),
        (100_000, 0)
    );
    scene.finish().await;
}

#[tokio::test]
async fn slips_with_wrong_legs_or_sizes_are_refused() {
    let scene = Scene::new().await;
    let combo = async |legs: &[Value]| {
        let body = json!({"selections": legs, "stake": 10});
        scene.player.post("/api/betting/place-combo", &body).await
    };
    let one = leg("1", "Home");
    combo(&[]).await.problem(422, "too_few_selections");
    combo(std::slice::from_ref(&one))
        .await
        .problem(422, "too_few_selections");
    combo(&vec![one.clone(); 21])
        .await
        .problem(422, "too_many_selections");
    let related = combo(&[one.clone(), leg("2", "Home"), leg("1", "Draw")]).await;
    assert_eq!(
        related.problem(422, "related_selections")["field"],
        "selections[2].event_id"
    );
    let mut bad = leg("2", "Home");
    bad["odds"] = json!("x");
    let named = combo(&[one.clone(), bad]).await.problem(422, "invalid_field");
    assert_eq!(named["field"], "selections[1].odds");
    let mut moved = leg("2", "Home");
    moved["odds"] = json!(2.5);
    let changed = combo(&[one.clone(), moved]).await.problem(409, "price_changed");
    assert_eq!(changed["selections"][0]["index"], 1);
    let both = json!({"selections": [one, leg("2", "Home")], "stake": 1, "total_stake": 1});
    scene
        .player
        .post("/api/betting/place-combo", &both)
        .await
        .problem(422, "invalid_field");

    let system = async |more: Value| {
        let mut body = json!({"selections": [leg("1", "Home"), leg("2", "Home"), leg("3", "Home")]});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        scene.player.post("/api/betting/place-system", &body).await
    };
    for sizes in [
        json!([]),
        json!([0]),
        json!([4]),
        json!([3]),
        json!([2, 2]),
        json!(["2"]),
        json!(2),
    ] {
        system(json!({"sizes": sizes, "stake": 3}))
            .await
            .problem(422, "invalid_field");
    }
    system(json!({"sizes": [2], "stake": 10}))
        .await
        .problem(422, "invalid_field");
    system(json!({"sizes": [2], "stake": 9, "unit_stake": 3}))
        .await
        .problem(422, "invalid_field");
    system(json!({"sizes": [2]})).await.problem(422, "invalid_field");
    assert_eq!(
        (scene.balance().await, scene.installation.count("bets").await),
        (100_000, 0)
    );
    scene.finish().await;
}

#[tokio::test]
async fn bets_of_others_are_not_there() {
    let scene = Scene::new().await;
    let bet = scene.bet(&scene.player, "1", "Home").await;
    let bob = scene.installation.player(&scene.aurora, "bob", 1_000).await;
    let bob = scene.installation.reader(0).logged_in(&bob.token);
    for path in [
        format!("/api/betting/bet/{bet}"),
        "/api/betting/bet/+1".into(),
        "/api/betting/bet/x".into(),
    ] {
        bob.get(&path).await.problem(404, "bet_not_found");
    }
    let quote = format!("/api/betting/cash-out/{bet}/quote");
    bob.post(&quote, &json!({})).await.problem(404, "bet_not_found");
    assert_eq!(bob.get("/api/betting/bets").await.ok()["bets"], json!([]));
    bob.get("/api/betting/bets?status=odd")
        .await
        .problem(422, "invalid_field");
    scene.finish().await;
}

#[tokio::test]
async fn settlements_that_say_nothing_sure_are_refused() {
    let scene = Scene::new().await;
    scene.bet(&scene.player, "1", "Home").await;
    let refused = async |more: Value, status: u16, code: &str| {
        scene.try_settle("1", more.clone()).await.problem(status, code);
    };
    refused(json!({"winning_selection": "Home"}), 409, "event_not_started").await;
    scene.begin();
    for more in [
        json!({}),
        json!({"void": true, "undo": true}),
        json!({"outcomes": {"Home": "won"}, "winning_selection": "Home"}),
        json!({"outcomes": {"Home": "winner"}}),
        json!({"outcomes": {"Home": "dead_heat:2/1"}}),
        json!({"outcomes": {}}),
        json!({"outcomes": {"Home": "won"}, "others": "pending"}),
        json!({"winning_selection": "Home", "others": "lost"}),
        json!({"winning_selection": "Home", "more": 1}),
        json!({"winning_selection": "Home", "reason": "x".repeat(501)}),
        json!({"winning_selection": "Home", "sport": "chess"}),
    ] {
        refused(more, 422, "invalid_field").await;
    }
    refused(json!({"winning_selection": "PSV"}), 422, "selection_not_found").await;
    refused(json!({"outcomes": {"PSV": "won"}}), 422, "selection_not_found").await;
    refused(json!({"undo": true}), 409, "market_not_settled").await;
    scene
        .try_settle("99", json!({"void": true}))
        .await
        .problem(404, "market_not_found");
    scene
        .player
        .post("/api/admin/aurora/manual-settle", &json!({}))
        .await
        .problem(403, "wrong_role");
    assert_eq!(scene.installation.count("market_settlements").await, 0);
    scene.finish().await;
}
