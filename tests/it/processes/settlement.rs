//! The settlement of a market whose writers die in the middle.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::json;
use shared::fail_point;
use tests::Installation;

use super::LIMIT;
use super::crashes::{verify_books, writer_with};
use crate::betting::{insert_event, on};

const PLAYERS: usize = 6;
const BETS_EACH: usize = 10;

#[tokio::test]
async fn a_market_whose_writers_died_in_the_middle_is_settled_once() {
    // The writer of the test itself settles nothing.
    let installation = Installation::builder()
        .writer_args(&["--settle-poll-ms", "3600000"])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    let mut db = installation.database.pool().acquire().await.unwrap();
    insert_event(&mut db, "1", installation.clock.now() + Duration::from_hours(1)).await;
    drop(db);
    let writer = installation.writer();
    for number in 0..PLAYERS {
        let player = installation
            .player(&aurora, &format!("player{number}"), 10_000)
            .await;
        let player = writer.logged_in(&player.token);
        for _ in 0..BETS_EACH {
            player
                .post("/api/betting/place", &on("1", "Home", 1.0))
                .await
                .ok();
        }
    }
    sqlx::query("update events set starts_at = now()")
        .execute(installation.database.pool())
        .await
        .unwrap();
    let staff = writer.logged_in(&aurora.token);
    let body = json!({"match_id": "1", "market_id": "1", "winning_selection": "Home"});
    staff.post("/api/admin/aurora/manual-settle", &body).await.ok();

    let quick = [("SETTLE_POLL_MS", "10"), ("SETTLE_BATCH", "10")];
    let settled = async || installation.count("bet_settlements").await;
    let mut settled_at_death = Vec::new();
    for _ in 0..2 {
        let trap = [(fail_point::VARIABLE, "mid_settlement@3")];
        let mut dying = writer_with(&installation, &[quick.as_slice(), &trap].concat())
            .await
            .0;
        assert_eq!(dying.ended().await, None, "{}", dying.err());
        settled_at_death.push(settled().await);
    }
    assert_eq!(settled_at_death, [20, 40], "what was not committed is not there");
    let mut heir = writer_with(&installation, &quick).await.0;
    let all = i64::try_from(PLAYERS * BETS_EACH).unwrap();
    installation
        .within(LIMIT, "all bets are settled", || async { settled().await == all })
        .await;
    let (paid, wallets): (i64, i64) = sqlx::query_as(
        "select sum(amount)::bigint, count(distinct player_id) from ledger_entries where reason = 'payout'",
    )
    .fetch_one(installation.database.pool())
    .await
    .unwrap();
    assert_eq!((paid, wallets), (all * 185, i64::try_from(PLAYERS).unwrap()));
    let verified = verify_books(&installation.database).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
    // It goes on looking for work, in transactions of its own.
    heir.signal(Signal::SIGTERM);
    assert_eq!(heir.ended().await, Some(0), "{}", heir.err());
    installation.finish().await;
}
