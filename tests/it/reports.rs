//! Totals and reports: they are at every moment what the rounds themselves add up to.

use serde_json::json;
use shared::money::Minor;
use tests::people::Operator;
use tests::{Client, Installation};
use write_api::reports::{DayTotals, day_totals, fold_totals};

/// What the rounds of a day add up to, read from the rounds themselves.
async fn counted(installation: &Installation, operator: &Operator) -> DayTotals {
    let statement = "select count(*), coalesce(sum(stake), 0)::bigint, coalesce(sum(payout), 0)::bigint
        from rounds
        where operator_id = $1 and status = 'settled' and (settled_at at time zone 'UTC')::date = $2";
    let (settled, staked, paid): (i64, i64, i64) = sqlx::query_as(statement)
        .bind(operator.id.get())
        .bind(installation.clock.now().date())
        .fetch_one(installation.database.pool())
        .await
        .unwrap();
    DayTotals {
        settled,
        staked: Minor::new(staked),
        paid: Minor::new(paid),
    }
}

async fn today(installation: &Installation, operator: &Operator) -> DayTotals {
    let mut db = installation.database.pool().acquire().await.unwrap();
    day_totals(operator.id, &mut db, installation.clock.now().date())
        .await
        .unwrap()
}

async fn fold(installation: &Installation, batch: u32) -> u64 {
    let mut db = installation.database.pool().acquire().await.unwrap();
    fold_totals(&mut db, batch).await.unwrap()
}

/// A round of each kind: one that is settled at once, one that is left open, one that is lost without a payment.
async fn play(player: &Client) {
    let slots = player.post("/api/casino/slots/bet", &json!({"stake": 1})).await;
    slots.ok();
    let hand = json!({"action": "deal", "stake": 2});
    player.post("/api/casino/blackjack/play", &hand).await;
    let crash = player.post("/api/casino/crash/play", &json!({"stake": 3})).await;
    if crash.status.is_success() {
        let round = json!({"ref": crash.json()["ref"]});
        player.post("/api/casino/crash/cashout", &round).await;
    }
}

#[tokio::test]
async fn the_totals_of_a_day_are_those_of_its_rounds_at_every_moment() {
    let installation = Installation::builder()
        .writer_args(&["--totals-fold-s", "3600"])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    let bluefin = installation.operator("bluefin").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let carol = installation.player(&bluefin, "carol", 100_000).await;
    assert_eq!(
        today(&installation, &aurora).await,
        counted(&installation, &aurora).await
    );
    for turn in 0..12 {
        for player in [&alice, &carol] {
            play(&installation.writer().logged_in(&player.token)).await;
        }
        for operator in [&aurora, &bluefin] {
            let expected = counted(&installation, operator).await;
            assert!(expected.settled > turn, "{expected:?}");
            assert_eq!(today(&installation, operator).await, expected);
        }
        fold(&installation, 3).await;
    }
    while fold(&installation, 5).await > 0 {}
    assert_eq!(installation.count("daily_totals_due").await, 0);
    assert_eq!(
        today(&installation, &aurora).await,
        counted(&installation, &aurora).await
    );
    installation.finish().await;
}

#[tokio::test]
async fn whoever_adds_up_at_the_same_time_counts_nothing_twice() {
    let installation = Installation::builder()
        .writer_args(&["--totals-fold-s", "3600"])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.writer().logged_in(&alice.token);
    for _ in 0..4 {
        let bets = async {
            for _ in 0..8 {
                player
                    .post("/api/casino/slots/bet", &json!({"stake": 1}))
                    .await
                    .ok();
            }
        };
        let folds = async || {
            for _ in 0..4 {
                fold(&installation, 2).await;
            }
        };
        tokio::join!(bets, folds(), folds());
        assert_eq!(
            today(&installation, &aurora).await,
            counted(&installation, &aurora).await
        );
    }
    installation.finish().await;
}
