//! Settling by a feed of results.

use super::*;
use crate::folder::Folder;

/// The results of events: `(id, home, goals of home and away, status)`.
fn results(events: &[(&str, &str, [u8; 2], &str)]) -> String {
    let matches: Vec<Value> = events
        .iter()
        .map(|(id, home, goals, status)| {
            json!({
                "id": id, "status": status, "date": "01.01.2030", "time": "12:00",
                "localteam": {"name": home, "goals": goals[0].to_string()},
                "visitorteam": {"name": "Feyenoord", "goals": goals[1].to_string()},
            })
        })
        .collect();
    json!({"scores": {"sport": "soccer", "categories": [{"name": "Eredivisie", "matches": matches}]}})
        .to_string()
}

#[tokio::test]
async fn results_settle_what_they_decide_and_a_corrected_one_settles_it_anew() {
    let folder = Folder::new();
    let args = ["--results", folder.text(), "--results-interval-s", "1"];
    let scene = Scene::with(&args).await;
    let write = |events: &[(&str, &str, [u8; 2], &str)]| {
        std::fs::write(folder.path().join("soccer_results.json"), results(events)).unwrap();
    };
    let home = scene.bet(&scene.player, "1", "Home").await;
    let of_others = scene.bet(&scene.player, "2", "Home").await;
    let by_hand = scene.bet(&scene.player, "3", "Home").await;
    let over = json!({
        "sport": "soccer", "event_id": "1", "market_id": "2", "selection_id": "Over@2.5", "odds": 1.9, "stake": 10,
    });
    let over = scene.player.post("/api/betting/place", &over).await.ok()["bet_id"]
        .as_i64()
        .unwrap();
    write(&[("1", "Ajax 1", [2, 0], "FT")]);
    scene.begin();
    scene.settle("3", json!({"winning_selection": "Home"})).await;
    scene.settled().await;
    let stands = |bet: i64, status: &'static str| {
        let scene = &scene;
        async move {
            let is_so = || async { scene.stands(&scene.player, bet).await.0 == status };
            scene.installation.within(SOON, status, is_so).await;
        }
    };
    // Another event by the same number has other sides: nobody can tell whose result it is.
    write(&[
        ("1", "Ajax 1", [2, 0], "FT"),
        ("2", "PSV", [1, 0], "FT"),
        ("3", "Ajax 3", [0, 1], "FT"),
    ]);
    stands(home, "won").await;
    stands(over, "lost").await;
    write(&[("1", "Ajax 1", [2, 3], "FT"), ("3", "Ajax 3", [0, 2], "FT")]);
    stands(home, "lost").await;
    stands(over, "won").await;
    scene.settled().await;
    assert_eq!(scene.stands(&scene.player, of_others).await.0, "pending");
    assert_eq!(
        scene.stands(&scene.player, by_hand).await.0,
        "won",
        "people's word stands"
    );
    let list = scene
        .staff
        .get("/api/admin/aurora/settlements?event_id=1")
        .await
        .ok();
    let sources: Vec<_> = list["settlements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|made| &made["source"])
        .collect();
    assert_eq!(sources, ["results"; 4], "each market once for each result");
    scene.finish().await;
}
