//! What bets mean for the operator, and the limits on it.

use tokio::task::JoinSet;

use super::*;

#[tokio::test]
async fn no_limit_on_liability_is_overshot_by_two_hundred_bets_at_once() {
    let scene = Scene::new().await;
    // Each bet of 10.00 on Home costs 8.50 if it wins: eleven fit into 100.00.
    scene
        .sql("update operator_settings set max_market_liability = 10000")
        .await;
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
    assert_eq!(taken, 117, "0.85 each: 117 cost 99.45");
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
