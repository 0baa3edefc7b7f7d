//! Selling bets.

use super::*;

async fn quote(scene: &Scene, bet: i64) -> Answer {
    scene
        .player
        .post(&format!("/api/betting/cash-out/{bet}/quote"), &json!({}))
        .await
}

async fn accept(scene: &Scene, bet: i64, quote: &Value) -> Answer {
    let body = json!({"quote_id": quote["quote_id"]});
    scene
        .player
        .post(&format!("/api/betting/cash-out/{bet}"), &body)
        .await
}

#[tokio::test]
async fn a_bet_is_sold_once_for_what_was_quoted() {
    let scene = Scene::new().await;
    let bet = scene.bet(&scene.player, "1", "Home").await;
    let quoted = quote(&scene, bet).await.ok();
    assert_eq!(
        quoted["cash_out_value"], 9.5,
        "the stake less 5 percent while the price is the same"
    );
    scene
        .sql(
            "update markets set selections = jsonb_set(selections, '{0,price_milli}', '1480') where id = '1'",
        )
        .await;
    let better = quote(&scene, bet).await.ok();
    assert_eq!(
        better["cash_out_value"], 11.87,
        "10 · 1.85 / 1.48 · 0.95 = 11.875"
    );
    let sold = accept(&scene, bet, &better).await.ok();
    assert_eq!(
        (&sold["cash_out_value"], &sold["new_balance"]),
        (&json!(11.87), &json!(1_001.87))
    );
    accept(&scene, bet, &better).await.problem(409, "bet_settled");
    quote(&scene, bet).await.problem(409, "bet_settled");
    assert_eq!(
        scene.stands(&scene.player, bet).await,
        ("cashed_out".into(), 11.87)
    );
    scene.begin();
    scene.settle("1", json!({"winning_selection": "Home"})).await;
    scene.settled().await;
    assert_eq!(
        scene.stands(&scene.player, bet).await,
        ("cashed_out".into(), 11.87),
        "it stays sold"
    );
    scene.finish().await;
}

#[tokio::test]
async fn a_quote_expires_and_is_refused_when_the_bet_is_worth_less() {
    let scene = Scene::new().await;
    let bet = scene.bet(&scene.player, "1", "Home").await;
    let other = scene.bet(&scene.player, "2", "Home").await;
    let quoted = quote(&scene, bet).await.ok();
    accept(&scene, other, &quoted).await.problem(422, "unknown_quote");
    scene.sql(
        "update markets set selections = jsonb_set(selections, '{0,price_milli}', '3700') where event_id = '1'",
    )
    .await;
    let refused = accept(&scene, bet, &quoted)
        .await
        .problem(409, "cash_out_changed");
    assert_eq!(refused["cash_out_value"], 4.75);
    let quoted = quote(&scene, bet).await.ok();
    scene.clock.advance(Duration::from_secs(10));
    accept(&scene, bet, &quoted).await.problem(409, "quote_expired");
    scene
        .sql("update markets set is_suspended = true where event_id = '1'")
        .await;
    quote(&scene, bet).await.problem(409, "selection_suspended");
    let nonsense = json!({"quote_id": "x"});
    let path = format!("/api/betting/cash-out/{bet}");
    scene
        .player
        .post(&path, &nonsense)
        .await
        .problem(422, "invalid_field");
    assert_eq!(scene.stands(&scene.player, bet).await.0, "pending");
    scene.finish().await;
}

#[tokio::test]
async fn a_sale_that_is_sent_again_with_its_key_gets_the_first_answer() {
    let scene = Scene::new().await;
    let bet = scene.bet(&scene.player, "1", "Home").await;
    let quoted = quote(&scene, bet).await.ok();
    let keyed = scene.player.with("idempotency-key", "sale");
    let (path, body) = (
        format!("/api/betting/cash-out/{bet}"),
        json!({"quote_id": quoted["quote_id"]}),
    );
    let first = keyed.post(&path, &body).await;
    first.ok();
    let again = keyed.post(&path, &body).await;
    assert_eq!(
        (first.text(), again.header("idempotency-replayed")),
        (again.text(), "true")
    );
    assert_eq!(scene.balance().await, 99_950);
    scene.finish().await;
}
