//! Long operations whose writers die in the middle.

use serde_json::json;
use shared::fail_point;
use tests::Installation;
use time::OffsetDateTime;

use super::LIMIT;
use super::crashes::{verify_books, writer_with};

use crate::accounts::platform_staff;

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
    let _heir = writer_with(&installation, &quick).await;
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
    installation.finish().await;
}
