//! Long operations whose writers die in the middle.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;
use shared::fail_point;
use tests::Installation;
use time::OffsetDateTime;

use super::LIMIT;
use super::crashes::{verify_books, writer_with};

use crate::accounts::platform_staff;
use crate::revenue::play_at;

const PLAYERS: u32 = 120;

#[tokio::test]
async fn a_contest_whose_writers_died_twice_resets_each_balance_once_and_keeps_the_standings() {
    // The writer of the test itself does no step.
    let installation = Installation::builder()
        .writer_args(&["--operation-ms", "3600000"])
        .start()
        .await;
    let token = platform_staff(&installation, "root").await;
    let root = installation.writer().logged_in(&token);
    for subdomain in ["aurora", "bluefin"] {
        let operator = installation.operator(subdomain).await;
        installation.crowd(&operator, "player", PLAYERS / 2, 12_345).await;
    }
    sqlx::query("insert into contests (name, starts_at, ends_at) values ('first', $1, $2)")
        .bind(OffsetDateTime::UNIX_EPOCH)
        .bind(installation.clock.now())
        .execute(installation.database.pool())
        .await
        .unwrap();
    let body = json!({"name": "second", "ends_at": "2099-01-31T20:00:00Z", "reset_balances": true});
    let begun = root
        .with("idempotency-key", "k1")
        .post("/api/superadmin/contests", &body)
        .await;
    assert_eq!(begun.status, 202, "{}", begun.text());
    let path = format!(
        "/api/superadmin/operations/{}",
        begun.json()["operation_id"].as_str().unwrap()
    );

    let quick = [
        ("OPERATION_MS", "10"),
        ("RESET_BATCH", "20"),
        ("REVENUE_SCHEDULED", "false"),
    ];
    let mut moved_at_death = Vec::new();
    for _ in 0..2 {
        let trap = [(fail_point::VARIABLE, "operation_step@3")];
        let mut dying = writer_with(&installation, &[quick.as_slice(), &trap].concat())
            .await
            .0;
        assert_eq!(dying.ended().await, None, "{}", dying.err());
        assert!(dying.err().contains("operation_step"), "{}", dying.err());
        moved_at_death.push(root.get(&path).await.ok()["changed"].as_i64().unwrap());
    }
    assert!(moved_at_death[0] < moved_at_death[1], "{moved_at_death:?}");
    assert!(moved_at_death[1] < i64::from(PLAYERS), "{moved_at_death:?}");
    let mut heir = writer_with(&installation, &quick).await.0;
    let has_ended = || async { root.get(&path).await.ok()["ended_at"].is_string() };
    installation.within(LIMIT, "the operation ends", has_ended).await;
    let operation = root.get(&path).await.ok();
    assert_eq!(operation["status"], "done", "{operation}");
    assert_eq!(operation["changed"], PLAYERS, "{operation}");
    let (entries, wallets): (i64, i64) = sqlx::query_as(
        "select count(*), count(distinct (operator_id, player_id)) from ledger_entries where reason = 'reset'",
    )
    .fetch_one(installation.database.pool())
    .await
    .unwrap();
    assert_eq!((entries, wallets), (i64::from(PLAYERS), i64::from(PLAYERS)));
    assert_eq!(installation.count("contests").await, 2);
    assert_eq!(installation.count("contest_operators").await, 2);
    let verified = verify_books(&installation.database).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
    // It goes on looking for work, in transactions of its own.
    heir.signal(Signal::SIGTERM);
    assert_eq!(heir.ended().await, Some(0), "{}", heir.err());
    installation.finish().await;
}

#[tokio::test]
async fn daily_revenue_whose_writers_died_twice_is_posted_once_for_each_operator() {
    let installation = Installation::builder()
        .writer_args(&["--operation-ms", "3600000"])
        .start()
        .await;
    let token = platform_staff(&installation, "root").await;
    let root = installation.writer().logged_in(&token);
    let settled_at = installation.clock.now() - Duration::from_hours(48);
    for subdomain in ["aurora", "bluefin", "cascade"] {
        let operator = installation.operator(subdomain).await;
        let player = installation.player(&operator, "alice", 1_000_000).await;
        play_at(&installation, &player, 150_000, 50_000, settled_at).await;
    }
    let quick = [("OPERATION_MS", "10"), ("REVENUE_SCHEDULED", "false")];
    for verb in ["calculate", "post"] {
        let path = format!("/api/superadmin/revenue/{verb}");
        let begun = root
            .post(&path, &json!({"date": settled_at.date().to_string()}))
            .await;
        assert_eq!(begun.status, 202, "{}", begun.text());
        for _ in 0..2 {
            let trap = [(fail_point::VARIABLE, "operation_step@2")];
            let mut dying = writer_with(&installation, &[quick.as_slice(), &trap].concat())
                .await
                .0;
            assert_eq!(dying.ended().await, None, "{}", dying.err());
        }
        let mut heir = writer_with(&installation, &quick).await.0;
        let operation = format!(
            "/api/superadmin/operations/{}",
            begun.json()["operation_id"].as_str().unwrap()
        );
        let is_done = || async { root.get(&operation).await.ok()["status"] == "done" };
        installation.within(LIMIT, "the operation is done", is_done).await;
        let ended = root.get(&operation).await.ok();
        assert_eq!((&ended["looked_at"], &ended["failed"]), (&json!(3), &json!(0)));
        // It goes on looking for work, in transactions of its own.
        heir.signal(Signal::SIGTERM);
        assert_eq!(heir.ended().await, Some(0), "{}", heir.err());
    }
    let (posted, moved): (i64, i64) = sqlx::query_as(
        "select
            (select count(*) from daily_revenue where posted_at is not null),
            (select sum(amount)::bigint from ledger_entries where reason = 'revenue')",
    )
    .fetch_one(installation.database.pool())
    .await
    .unwrap();
    assert_eq!((posted, moved), (3, 300_000));
    let verified = verify_books(&installation.database).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
    installation.finish().await;
}
