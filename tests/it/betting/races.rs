//! Bets against whatever else may happen at the same time.

use tokio::task::JoinSet;

use super::*;

#[tokio::test]
async fn no_bet_is_taken_behind_the_switch_that_disables_its_event() {
    let scene = Scene::new().await;
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
    let off = json!({"disabled": true});
    scene
        .staff
        .post("/api/admin/aurora/betting-events/1/toggle", &off)
        .await
        .ok();
    let known: i64 = scene.installation.count("bets").await;
    let all = bets.join_all().await;
    assert!(all.iter().all(|status| [200, 403].contains(status)), "{all:?}");
    let taken = all.iter().filter(|status| **status == 200).count();
    assert_eq!(
        i64::try_from(taken).unwrap(),
        known,
        "none was committed behind the switch"
    );
    assert_eq!(scene.installation.count("bets").await, known);
    scene.finish().await;
}

#[tokio::test]
async fn settling_selling_and_voiding_at_once_pay_a_bet_once() {
    let scene = Scene::new().await;
    let mut bets = Vec::new();
    let mut quotes = Vec::new();
    for _ in 0..20 {
        let bet = scene.bet(&scene.player, "1", "Home").await;
        let path = format!("/api/betting/cash-out/{bet}");
        let quote = scene.player.post(&format!("{path}/quote"), &json!({})).await.ok();
        bets.push(bet);
        quotes.push((path, json!({"quote_id": quote["quote_id"]})));
    }
    let mut all = JoinSet::new();
    for (path, body) in quotes {
        for _ in 0..2 {
            let (player, path, body) = (scene.player.clone(), path.clone(), body.clone());
            all.spawn(async move { player.post(&path, &body).await.status.as_u16() });
        }
    }
    for said in [
        json!({"void": true}),
        json!({"undo": true}),
        json!({"void": true}),
    ] {
        let status = scene.try_settle("1", said).await.status.as_u16();
        assert!([200, 409].contains(&status));
    }
    let sold = all
        .join_all()
        .await
        .into_iter()
        .filter(|status| *status == 200)
        .count();
    scene.settled().await;
    let mut expected = 0;
    for bet in bets {
        match scene.stands(&scene.player, bet).await {
            (status, paid) if status == "void" => {
                assert!((paid - 10.0).abs() < f64::EPSILON);
                expected += 1_000;
            }
            (status, paid) => {
                assert_eq!((status.as_str(), paid), ("cashed_out", 9.5));
                expected += 950;
            }
        }
    }
    assert_eq!(scene.balance().await, 80_000 + expected);
    assert!(sold <= 20);
    scene.finish().await;
}
