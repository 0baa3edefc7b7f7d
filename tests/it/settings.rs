//! Settings about money: who may set what, and that the very next bet and the very next player go by them.

use std::time::Duration;

use serde_json::{Value, json};
use shared::money::Currency;
use tests::people::PASSWORD;
use tests::{Client, Installation};

use super::accounts::platform_staff;

const OWN: &str = "/api/admin/aurora/settings";
const BET: &str = "/api/casino/slots/bet";

async fn save(client: &Client, path: &str, body: Value) -> Value {
    client.post(path, &body).await.ok()["settings"].clone()
}

#[tokio::test]
async fn the_next_bet_the_next_player_and_the_next_page_go_by_what_was_saved() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let staff = installation.reader(0).logged_in(&aurora.token);
    let player = installation.writer().logged_in(&alice.token);
    let shown = staff.get(OWN).await.ok()["settings"].clone();
    let expected = json!({
        "currency": "USD", "settings_version": 1, "default_user_balance": 1000.0, "min_bet": 1.0,
        "max_bet": 10_000.0, "max_payout": 100_000.0, "highest_max_bet": null, "highest_max_payout": null,
        "highest_default_user_balance": null, "max_market_liability": null, "max_event_liability": null,
    });
    assert_eq!(shown, expected);
    player.post(BET, &json!({"stake": 1})).await.ok();
    let answer = staff
        .post(OWN, &json!({"min_bet": 2, "default_user_balance": 12.34}))
        .await
        .ok();
    assert_eq!(answer["settings"]["settings_version"], 2);
    assert_eq!(answer["readers"]["acknowledged"], json!(["reader-0"]), "{answer}");
    player.post(BET, &json!({"stake": 1})).await.names_field("stake");
    player.post(BET, &json!({"stake": 2})).await.ok();
    let branding = installation.reader(0).get("/api/branding/aurora").await.ok();
    assert_eq!(branding["branding"]["betting"]["min_bet"], 2.0);
    let body = json!({"username": "bob", "email": "bob@example.com", "password": PASSWORD});
    let bob = installation
        .writer()
        .post("/api/auth/aurora/register", &body)
        .await
        .ok();
    assert_eq!(bob["user"]["balance"], 12.34);

    let same = staff.post(OWN, &json!({"min_bet": 2.0})).await.ok();
    assert_eq!(same["version"], answer["version"], "nothing changed");
    assert_eq!(same["settings"]["settings_version"], 2);
    let log = staff
        .get("/api/admin/aurora/audit-log?action=settings.saved")
        .await
        .ok();
    assert_eq!(log["pagination"]["total"], 1);
    assert_eq!(
        log["entries"][0]["before"],
        json!({"min_bet": 1.0, "default_user_balance": 1000.0})
    );
    assert_eq!(
        log["entries"][0]["after"],
        json!({"min_bet": 2.0, "default_user_balance": 12.34})
    );
    installation.finish().await;
}

#[tokio::test]
async fn a_save_that_is_based_on_old_settings_is_refused() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let staff = installation.writer().logged_in(&aurora.token);
    save(&staff, OWN, json!({"settings_version": 1, "min_bet": 2})).await;
    let late = json!({"settings_version": 1, "max_bet": 50});
    staff.post(OWN, &late).await.problem(409, "settings_changed");
    // The branding's limits are the same ones.
    let branding = json!({"betting": {"min_bet": 3}});
    staff.post("/api/branding/aurora/update", &branding).await.ok();
    let shown = staff.get(OWN).await.ok()["settings"].clone();
    assert_eq!(
        (&shown["settings_version"], &shown["min_bet"]),
        (&json!(3), &json!(3.0))
    );
    let two = [
        json!({"settings_version": 3, "max_bet": 50}),
        json!({"settings_version": 3, "max_bet": 60}),
    ];
    let [first, second] = two.map(|body| {
        let staff = staff.clone();
        tokio::spawn(async move { staff.post(OWN, &body).await.status.as_u16() })
    });
    let mut statuses = [first.await.unwrap(), second.await.unwrap()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "one of two at once counts");
    installation.finish().await;
}

#[tokio::test]
async fn staff_are_held_to_the_platforms_bounds_by_every_route() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let staff = installation.reader(0).logged_in(&aurora.token);
    let root = installation
        .reader(0)
        .logged_in(&platform_staff(&installation, "root").await);
    let path = format!("/api/superadmin/operators/{}/settings", aurora.id);
    let bounds = json!({"highest_max_bet": 500, "max_bet": 400, "highest_default_user_balance": 2000});
    let saved = save(&root, &path, bounds).await;
    assert_eq!(
        (&saved["max_bet"], &saved["highest_max_bet"]),
        (&json!(400.0), &json!(500.0))
    );
    assert_eq!(staff.get(OWN).await.ok()["settings"], saved);
    staff
        .post(OWN, &json!({"max_bet": 500.01}))
        .await
        .names_field("max_bet");
    let balance = json!({"default_user_balance": 2000.01});
    staff
        .post(OWN, &balance)
        .await
        .names_field("default_user_balance");
    let branding = json!({"betting": {"max_bet": 500.01}});
    staff
        .post("/api/branding/aurora/update", &branding)
        .await
        .names_field("betting.max_bet");
    save(&staff, OWN, json!({"max_bet": 500})).await;
    root.post(&path, &json!({"highest_max_bet": 499}))
        .await
        .names_field("highest_max_bet");
    let bound = staff.post(OWN, &json!({"highest_max_bet": 9999})).await;
    assert_eq!(bound.status, 422, "{}", bound.text());
    let free = save(&root, &path, json!({"highest_max_bet": null})).await;
    assert!(free["highest_max_bet"].is_null());
    save(&staff, OWN, json!({"max_bet": 501})).await;
    let log = staff
        .get("/api/admin/aurora/audit-log?action=settings.saved")
        .await
        .ok();
    assert_eq!(log["entries"][1]["by_platform"], true);
    assert_eq!(log["entries"][1]["before"], json!({"highest_max_bet": 500.0}));
    installation.finish().await;
}

#[tokio::test]
async fn bad_settings_are_named_and_strangers_see_none() {
    let installation = Installation::start().await;
    let aurora = installation
        .operator_with("aurora", Currency::parse("JPY").unwrap())
        .await;
    let bluefin = installation.operator("bluefin").await;
    let writer = installation.writer();
    let (staff, other) = (writer.logged_in(&aurora.token), writer.logged_in(&bluefin.token));
    let root = writer.logged_in(&platform_staff(&installation, "root").await);
    let path = format!("/api/superadmin/operators/{}/settings", aurora.id);
    for (body, field) in [
        (json!({"min_bet": 1.5}), "min_bet"),
        (json!({"min_bet": "1"}), "min_bet"),
        (json!({"max_bet": 0}), "max_bet"),
        (json!({"max_payout": -1}), "max_payout"),
        (json!({"default_user_balance": -1}), "default_user_balance"),
        (json!({"max_payout": 100_000_000_000_001_i64}), "max_payout"),
        (json!({"min_bet": 20_000}), "min_bet"),
        (json!({"settings_version": "x"}), "settings_version"),
    ] {
        staff.post(OWN, &body).await.names_field(field);
        root.post(&path, &body).await.names_field(field);
    }
    assert_eq!(staff.post(OWN, &json!({"currency": "USD"})).await.status, 422);
    staff.post_bytes(OWN, "[1]").await.names_field("body");
    staff
        .post_bytes(OWN, vec![b' '; 5 << 20])
        .await
        .problem(413, "body_too_large");
    for path in [OWN, &path] {
        writer.get(path).await.problem(401, "authentication_required");
        writer
            .post(path, &json!({"min_bet": 2}))
            .await
            .problem(401, "authentication_required");
    }
    other.get(OWN).await.problem(404, "operator_not_found");
    other
        .post(OWN, &json!({"min_bet": 2}))
        .await
        .problem(404, "operator_not_found");
    staff.get(&path).await.problem(403, "wrong_role");
    for id in ["0", "x", "999"] {
        let none = format!("/api/superadmin/operators/{id}/settings");
        root.get(&none).await.problem(404, "operator_not_found");
        root.post(&none, &json!({"min_bet": 2}))
            .await
            .problem(404, "operator_not_found");
    }
    assert_eq!(staff.get(OWN).await.ok()["settings"]["settings_version"], 1);
    installation.finish().await;
}

#[tokio::test]
async fn staff_who_are_disabled_while_their_change_waits_change_nothing() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let staff = installation.reader(0).logged_in(&aurora.token);
    let mut holder = installation.database.pool().begin().await.unwrap();
    sqlx::query("select from operators for update")
        .execute(&mut *holder)
        .await
        .unwrap();
    let change = {
        let staff = staff.clone();
        tokio::spawn(async move { staff.post(OWN, &json!({"min_bet": 2})).await })
    };
    let waits = || async {
        let waiting = "select exists (select from pg_stat_activity where wait_event_type = 'Lock')";
        sqlx::query_scalar::<_, bool>(waiting)
            .fetch_one(installation.database.pool())
            .await
            .unwrap()
    };
    installation
        .within(Duration::from_secs(10), "the change waits", waits)
        .await;
    sqlx::query("update staff set is_active = false")
        .execute(&mut *holder)
        .await
        .unwrap();
    holder.commit().await.unwrap();
    change.await.unwrap().problem(403, "no_longer_allowed");
    let saved: i64 = sqlx::query_scalar("select count(*) from audit_entries where action = 'settings.saved'")
        .fetch_one(installation.database.pool())
        .await
        .unwrap();
    assert_eq!(saved, 0);
    let unchanged: i64 = sqlx::query_scalar("select min_stake from operator_settings")
        .fetch_one(installation.database.pool())
        .await
        .unwrap();
    assert_eq!(unchanged, 100);
    installation.finish().await;
}
