//! A page in one request.

use serde_json::{Value, json};
use tests::Installation;

#[tokio::test]
async fn one_body_has_what_the_pages_show_one_by_one() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let reader = installation.reader(0);
    let of_part = async |path: &str| reader.get(path).await.ok();
    let shown = async || {
        let body = reader.get("/api/bootstrap/aurora").await.ok();
        assert_eq!(body["success"], true);
        body
    };
    let body = shown().await;
    assert_eq!(
        body["branding"],
        of_part("/api/branding/aurora").await["branding"]
    );
    assert_eq!(body["theme"], of_part("/api/load-theme/aurora").await);
    assert_eq!(body["casino_enabled"], true);
    assert_eq!(body["sports"], of_part("/api/sports/sports").await);
    let leaders = of_part("/api/public/user-leaderboard?operator=aurora").await;
    assert_eq!(body["leaderboard"], leaders);
    let admin = installation.writer().logged_in(&aurora.token);
    let told = |answer: Value| assert_eq!(answer["readers"]["acknowledged"], json!(["reader-0"]), "{answer}");
    let theme = json!({"primaryColor": "#a1b2c3"});
    told(admin.post("/api/save-theme/aurora", &theme).await.ok());
    assert_eq!(shown().await["theme"]["primaryColor"], "#a1b2c3");
    told(
        admin
            .post("/api/admin/aurora/toggle-casino", &json!({"enabled": false}))
            .await
            .ok(),
    );
    assert_eq!(shown().await["casino_enabled"], false);
    let answer = reader.get("/api/bootstrap/aurora").await;
    assert_eq!(answer.header("cache-status"), "edgebook; hit");
    let versions = answer.header("edgebook-version");
    assert!(
        versions.contains("theme=1") && versions.contains("operator=2"),
        "{versions}"
    );
    installation.finish().await;
}

#[tokio::test]
async fn an_unknown_operator_has_none() {
    let installation = Installation::start().await;
    let answer = installation.reader(0).get("/api/bootstrap/nobody").await;
    answer.problem(404, "operator_not_found");
    installation.finish().await;
}
