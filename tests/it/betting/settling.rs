//! Settling markets by hand: what is paid, anew, and taken back.

use super::*;

#[tokio::test]
async fn a_market_is_settled_for_all_its_bets_and_nothing_is_taken_on_it_any_more() {
    let scene = Scene::new().await;
    let won = scene.bet(&scene.player, "1", "Home").await;
    let lost = scene.bet(&scene.player, "1", "Draw").await;
    let other = scene.bet(&scene.player, "2", "Home").await;
    scene.begin();
    let pending = scene.staff.get("/api/admin/aurora/pending-markets").await.ok();
    assert_eq!(pending["pagination"]["total"], 2);
    let market = &pending["data"][0];
    assert_eq!(
        (&market["bet_count"], &market["total_stake"]),
        (&json!(2), &json!(20.0))
    );
    assert_eq!(market["bets"][0]["username"], "alice");
    let ordered = scene
        .settle("1", json!({"winning_selection": "Home", "reason": "2:0"}))
        .await;
    assert_eq!(ordered["settlement_type"], "normal");
    scene.settled().await;
    assert_eq!(scene.stands(&scene.player, won).await, ("won".into(), 18.5));
    assert_eq!(scene.stands(&scene.player, lost).await, ("lost".into(), 0.0));
    assert_eq!(scene.stands(&scene.player, other).await, ("pending".into(), 0.0));
    assert_eq!(scene.balance().await, 100_000 - 3_000 + 1_850);
    let made = scene
        .staff
        .get("/api/admin/aurora/settlements?event_id=1")
        .await
        .ok();
    let made = &made["settlements"][0];
    assert_eq!(
        (&made["bets"], &made["changed"], &made["source"]),
        (&json!(2), &json!(2), &json!("manual"))
    );
    let log = scene
        .staff
        .get("/api/admin/aurora/audit-log?action=market.settled")
        .await
        .ok();
    assert_eq!(log["entries"][0]["after"]["reason"], "2:0");
    let stats = scene.player.get("/api/betting/stats").await.ok();
    assert_eq!(
        (&stats["stats"]["win_rate"], &stats["stats"]["profit_loss"]),
        (&json!(50.0), &json!(-1.5))
    );
    scene.finish().await;
}

#[tokio::test]
async fn a_settlement_anew_posts_the_difference_and_an_undo_takes_it_back() {
    let scene = Scene::new().await;
    let home = scene.bet(&scene.player, "1", "Home").await;
    let draw = scene.bet(&scene.player, "1", "Draw").await;
    scene.begin();
    for (said, of_home, of_draw, balance) in [
        (
            json!({"winning_selection": "Home"}),
            ("won", 18.5),
            ("lost", 0.0),
            98_000 + 1_850,
        ),
        (
            json!({"winning_selection": "Draw"}),
            ("lost", 0.0),
            ("won", 34.0),
            98_000 + 3_400,
        ),
        (json!({"void": true}), ("void", 10.0), ("void", 10.0), 100_000),
        (
            json!({"outcomes": {"Home": "dead_heat:1/2", "Draw": "dead_heat:1/2"}, "others": "lost"}),
            ("lost", 9.25),
            ("won", 17.0),
            98_000 + 925 + 1_700,
        ),
        (json!({"undo": true}), ("pending", 0.0), ("pending", 0.0), 98_000),
        (
            json!({"outcomes": {"Home": "half_won", "Draw": "half_lost"}}),
            ("won", 14.25),
            ("lost", 5.0),
            98_000 + 1_425 + 500,
        ),
        (
            json!({"winning_selection": "none"}),
            ("lost", 0.0),
            ("lost", 0.0),
            98_000,
        ),
    ] {
        scene.settle("1", said.clone()).await;
        scene.settled().await;
        let stand = async |bet| scene.stands(&scene.player, bet).await;
        assert_eq!(stand(home).await, (of_home.0.to_owned(), of_home.1), "{said}");
        assert_eq!(stand(draw).await, (of_draw.0.to_owned(), of_draw.1), "{said}");
        assert_eq!(scene.balance().await, balance, "{said}");
    }
    scene.finish().await;
}

#[tokio::test]
async fn what_is_not_named_stays_pending_and_listed() {
    let scene = Scene::new().await;
    let home = scene.bet(&scene.player, "1", "Home").await;
    let away = scene.bet(&scene.player, "1", "Away").await;
    scene.begin();
    scene.settle("1", json!({"outcomes": {"Home": "lost"}})).await;
    scene.settled().await;
    assert_eq!(scene.stands(&scene.player, home).await.0, "lost");
    assert_eq!(scene.stands(&scene.player, away).await.0, "pending");
    let pending = scene.staff.get("/api/admin/aurora/pending-markets").await.ok();
    assert_eq!(pending["data"][0]["outcomes"], json!(["Away"]));
    scene.finish().await;
}

#[tokio::test]
async fn a_combo_waits_for_its_legs_unless_one_is_lost() {
    let scene = Scene::new().await;
    let combo = async || {
        let body = json!({"selections": [leg("1", "Home"), leg("2", "Draw")], "stake": 10});
        scene.player.post("/api/betting/place-combo", &body).await.ok()["bet_id"]
            .as_i64()
            .unwrap()
    };
    let bet = combo().await;
    scene.begin();
    let stand = async || scene.stands(&scene.player, bet).await;
    scene.settle("1", json!({"winning_selection": "Home"})).await;
    scene.settled().await;
    assert_eq!(stand().await, ("pending".into(), 0.0));
    scene.settle("2", json!({"winning_selection": "Draw"})).await;
    scene.settled().await;
    assert_eq!(stand().await, ("won".into(), 62.9));
    scene.settle("2", json!({"void": true})).await;
    scene.settled().await;
    assert_eq!(
        stand().await,
        ("won".into(), 18.5),
        "a void leg never voids the combo"
    );
    scene.settle("2", json!({"undo": true})).await;
    scene.settle("1", json!({"winning_selection": "Away"})).await;
    scene.settled().await;
    assert_eq!(
        stand().await,
        ("lost".into(), 0.0),
        "although the other leg is open"
    );
    assert_eq!(scene.balance().await, 99_000);
    scene.finish().await;
}

#[tokio::test]
async fn what_was_spent_is_owed_and_paid_back_from_later_payouts() {
    let scene = Scene::new().await;
    let first = scene.bet(&scene.player, "1", "Home").await;
    let second = scene.bet(&scene.player, "2", "Home").await;
    scene.begin();
    scene.settle("1", json!({"winning_selection": "Home"})).await;
    scene.settled().await;
    let withdraw = json!({"amount": scene.balance().await / 100 - 10, "reference": "all"});
    let path = format!("/api/admin/aurora/players/{}/withdraw", scene.alice.id);
    scene.staff.post(&path, &withdraw).await.ok();
    let left = scene.balance().await;
    assert!((1_000..1_100).contains(&left), "{left}");
    scene.settle("1", json!({"winning_selection": "Away"})).await;
    scene.settled().await;
    assert_eq!(scene.stands(&scene.player, first).await, ("lost".into(), 0.0));
    assert_eq!(scene.balance().await, 0, "never below zero");
    let owed: i64 = sqlx::query_scalar("select amount from receivables")
        .fetch_one(scene.installation.database.pool())
        .await
        .unwrap();
    assert_eq!(owed, 1_850 - left);
    scene.settle("2", json!({"winning_selection": "Home"})).await;
    scene.settled().await;
    assert_eq!(scene.stands(&scene.player, second).await, ("won".into(), 18.5));
    assert_eq!(scene.balance().await, 1_850 - owed);
    scene.settle("2", json!({"winning_selection": "Away"})).await;
    scene.settle("2", json!({"winning_selection": "Home"})).await;
    scene.settled().await;
    assert_eq!(scene.balance().await, 1_850 - owed);
    scene.finish().await;
}

#[tokio::test]
async fn an_operator_settles_its_own_bets_and_the_platform_those_of_all() {
    let scene = Scene::new().await;
    let bluefin = scene.installation.operator("bluefin").await;
    let carol = scene.installation.player(&bluefin, "carol", 10_000).await;
    let carol = scene.installation.reader(0).logged_in(&carol.token);
    let of_alice = scene.bet(&scene.player, "1", "Home").await;
    let of_carol = scene.bet(&carol, "1", "Home").await;
    scene.begin();
    scene.settle("1", json!({"winning_selection": "Home"})).await;
    scene.settled().await;
    assert_eq!(scene.stands(&scene.player, of_alice).await.0, "won");
    assert_eq!(scene.stands(&carol, of_carol).await.0, "pending");
    let root = crate::accounts::platform_staff(&scene.installation, "root").await;
    let root = scene.installation.reader(0).logged_in(&root);
    let all = root.get("/api/superadmin/pending-markets").await.ok();
    assert_eq!(all["data"][0]["operator_name"], "bluefin Sports");
    let body = json!({"match_id": "1", "market_id": "1", "winning_selection": "Away"});
    root.post("/api/superadmin/manual-settle", &body).await.ok();
    scene.settled().await;
    assert_eq!(scene.stands(&scene.player, of_alice).await.0, "lost");
    assert_eq!(scene.stands(&carol, of_carol).await.0, "lost");
    let staff = scene.installation.reader(0).logged_in(&bluefin.token);
    staff
        .post("/api/admin/aurora/manual-settle", &body)
        .await
        .problem(404, "operator_not_found");
    scene.finish().await;
}

#[tokio::test]
async fn what_never_got_a_result_is_void_after_the_time_that_is_set() {
    let scene = Scene::with(&["--void-after-h", "48"]).await;
    let bet = scene.bet(&scene.player, "1", "Home").await;
    scene.begin();
    scene.clock.advance(Duration::from_hours(46));
    scene.settled().await;
    assert_eq!(scene.stands(&scene.player, bet).await.0, "pending");
    scene.clock.advance(Duration::from_hours(2));
    let is_void = || async { scene.stands(&scene.player, bet).await == ("void".into(), 10.0) };
    scene.installation.within(SOON, "it is void", is_void).await;
    assert_eq!(scene.balance().await, 100_000);
    scene.finish().await;
}

#[tokio::test]
async fn users_add_up_to_the_dashboard_the_report_and_the_platforms_list_whatever_bets_come_to() {
    let scene = Scene::new().await;
    for selection in ["Home", "Draw", "Away"] {
        scene.bet(&scene.player, "1", selection).await;
        scene.bet(&scene.player, "2", selection).await;
        scene.bet(&scene.player, "3", selection).await;
    }
    let root = crate::accounts::platform_staff(&scene.installation, "root").await;
    let root = scene.installation.reader(0).logged_in(&root);
    scene.begin();
    let check = async |bets: i64, staked: f64, paid: f64, pending: i64| {
        scene.settled().await;
        let stats = scene.staff.get("/api/admin/aurora/stats").await.ok();
        let users = scene.staff.get("/api/admin/aurora/users").await.ok();
        let user = &users["users"][0];
        let shown = [&user["total_games"], &user["total_staked"], &user["total_payout"]];
        assert_eq!(shown, [&json!(bets), &json!(staked), &json!(paid)], "{user}");
        assert_eq!(stats["pending_bets"], pending, "{stats}");
        let operators = root.get("/api/superadmin/operators").await.ok();
        let operator = &operators["operators"][0];
        assert_eq!(
            operator["sportsbook_revenue"],
            json!(((staked - paid) * 100.0).round() / 100.0),
            "{operator}"
        );
        let report = scene
            .staff
            .get("/api/admin/aurora/reports/sport-performance?from=2025-01-01&to=2034-01-01")
            .await;
        let report = report.json();
        let first = &report["rows"][0];
        if bets > 0 {
            assert_eq!(
                (&first["sport_name"], &first["total_bets"]),
                (&json!("soccer"), &json!(bets)),
                "{report}"
            );
        }
    };
    check(0, 0.0, 0.0, 9).await;
    scene.settle("1", json!({"winning_selection": "Home"})).await;
    check(3, 30.0, 18.5, 6).await;
    scene.settle("2", json!({"void": true})).await;
    check(3, 30.0, 18.5, 3).await;
    scene.settle("1", json!({"winning_selection": "Away"})).await;
    check(3, 30.0, 42.0, 3).await;
    scene.settle("1", json!({"undo": true})).await;
    check(0, 0.0, 0.0, 6).await;
    scene.finish().await;
}

#[tokio::test]
async fn an_event_that_was_put_off_is_not_void_by_its_old_start() {
    let scene = Scene::with(&["--void-after-h", "48"]).await;
    let put_off = scene.bet(&scene.player, "1", "Home").await;
    let forgotten = scene.bet(&scene.player, "4", "Home").await;
    let combo = json!({"selections": [leg("2", "Home"), leg("3", "Home")], "stake": 10});
    scene.player.post("/api/betting/place-combo", &combo).await.ok();
    scene
        .sql("update events set starts_at = starts_at + interval '100 days' where id = '1'")
        .await;
    scene.begin();
    scene.settle("2", json!({"winning_selection": "Away"})).await;
    scene.settled().await;
    let waiting: i64 = sqlx::query_scalar("select count(*) from bet_legs where is_waiting")
        .fetch_one(scene.installation.database.pool())
        .await
        .unwrap();
    assert_eq!(waiting, 2, "the other leg of a bet that is lost waits no more");
    scene.clock.advance(Duration::from_hours(60));
    let is_void = || async { scene.stands(&scene.player, forgotten).await.0 == "void" };
    scene.installation.within(SOON, "it is void", is_void).await;
    assert_eq!(scene.stands(&scene.player, put_off).await.0, "pending");
    scene.bet(&scene.player, "1", "Draw").await;
    scene.finish().await;
}

#[tokio::test]
async fn settlements_of_a_market_keep_their_order_when_one_is_held_up() {
    let scene = Scene::new().await;
    let bet = scene.bet(&scene.player, "1", "Home").await;
    scene.begin();
    // As if its last batch had failed and were put off.
    let held_up = "insert into market_settlements (operator_id, sport, event_id, market_id, outcomes, others, source, made_by,
            made_at, due_at)
        select id, 'soccer', '1', '1', '{\"Home\": \"won\"}', 'lost', 'manual', 'staff', now(), now() + interval '9 days'
        from operators";
    scene.sql(held_up).await;
    scene.settle("1", json!({"winning_selection": "Away"})).await;
    let body = json!({"match_id": "2", "market_id": "1", "void": true});
    let other = scene
        .staff
        .post("/api/admin/aurora/manual-settle", &body)
        .await
        .ok();
    let path = "/api/admin/aurora/settlements?event_id=2";
    let is_done = || async { scene.staff.get(path).await.ok()["settlements"][0]["done_at"].is_string() };
    scene
        .installation
        .within(SOON, "another market is settled", is_done)
        .await;
    assert_eq!(other["settlement_type"], "cancelled");
    assert_eq!(scene.stands(&scene.player, bet).await.0, "pending");
    scene.sql("update market_settlements set due_at = made_at").await;
    scene.settled().await;
    assert_eq!(
        scene.stands(&scene.player, bet).await,
        ("lost".into(), 0.0),
        "the last word counts"
    );
    scene.finish().await;
}
