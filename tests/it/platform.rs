//! What the platform's staff see of operators and do with them, and that nobody else can.

use serde_json::{Value, json};
use tests::people::{PASSWORD, proved};
use tests::{Client, Installation};

use super::accounts::platform_staff;
use super::casino::minor;

const OPERATORS: &str = "/api/superadmin/operators";
const NEW_PASSWORD: &str = "another password";

async fn platform(installation: &Installation) -> Client {
    let token = platform_staff(installation, "root").await;
    installation.reader(0).logged_in(&token)
}

fn names(page: &Value) -> Vec<&str> {
    let operators = page["operators"].as_array().unwrap().iter();
    operators
        .map(|operator| operator["subdomain"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn operators_are_listed_found_and_counted() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    for subdomain in ["bluefin", "corona"] {
        installation.operator(subdomain).await;
    }
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    for _ in 0..5 {
        player
            .post("/api/casino/slots/bet", &json!({"stake": 1}))
            .await
            .ok();
    }
    let root = platform(&installation).await;
    let all = root.get(OPERATORS).await;
    assert_eq!(all.header("cache-control"), "private, no-store");
    let all = all.ok();
    assert_eq!(names(&all), ["corona", "bluefin", "aurora"]);
    assert_eq!(
        all["pagination"],
        json!({"page": 1, "per_page": 20, "total": 3, "pages": 1})
    );
    let shown = &all["operators"][2];
    assert_eq!(shown["sportsbook_name"], "aurora Sports");
    assert_eq!(shown["login"], "aurora_admin");
    assert_eq!(shown["currency"], "USD");
    assert_eq!(shown["is_active"], true);
    let books = installation.reader(0).logged_in(&aurora.token);
    let books = books.get("/api/admin/aurora/accounts").await.ok();
    assert_eq!(
        shown["casino_revenue"], books["accounts"][1]["balance"],
        "the same number as on the operator's own page"
    );
    assert_eq!(
        minor(&shown["casino_revenue"]),
        100_000 - installation.balance_minor(&alice).await
    );
    installation
        .within(
            std::time::Duration::from_secs(20),
            "players and rounds are counted",
            || async {
                let shown = root.get(OPERATORS).await.ok()["operators"][2].clone();
                shown["user_count"] == 1 && shown["bet_count"] == 5
            },
        )
        .await;
    for (query, found) in [
        ("search=BLUE", vec!["bluefin"]),
        ("search=corona_adm", vec!["corona"]),
        ("search=%20Sports%20", vec!["corona", "bluefin", "aurora"]),
        ("search=%25", vec![]),
        ("search=_", vec!["corona", "bluefin", "aurora"]),
        ("search=%27%20or%201%3D1--", vec![]),
        ("search=", vec!["corona", "bluefin", "aurora"]),
        ("status=disabled", vec![]),
        ("status=active&per_page=2&page=2", vec!["aurora"]),
        ("page=3", vec![]),
    ] {
        let page = root.get(&format!("{OPERATORS}?{query}")).await.ok();
        assert_eq!(names(&page), found, "{query}");
    }
    let long = "x".repeat(101);
    for (query, field) in [
        ("status=gone", "status"),
        ("page=0", "page"),
        ("per_page=101", "per_page"),
        ("per_page=x", "per_page"),
        ("search=%00", "search"),
        (&format!("search={long}"), "search"),
    ] {
        root.get(&format!("{OPERATORS}?{query}")).await.names_field(field);
    }
    installation.finish().await;
}

#[tokio::test]
async fn an_operator_that_is_disabled_is_gone_at_once_everywhere_and_comes_back() {
    let installation = Installation::builder().readers(2).start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let root = platform(&installation).await;
    let toggle = format!("{OPERATORS}/{}/toggle", aurora.id);
    let staff = installation.writer().logged_in(&aurora.token);
    let player = installation.writer().logged_in(&alice.token);
    for reader in [installation.reader(0), installation.reader(1)] {
        reader.get("/api/branding/aurora").await.ok();
    }
    let answer = root.post(&toggle, &json!({"is_active": false})).await.ok();
    assert_eq!(
        (&answer["is_active"], &answer["new_status"]),
        (&json!(false), &json!("disabled"))
    );
    assert_eq!(
        answer["readers"]["acknowledged"],
        json!(["reader-0", "reader-1"]),
        "{answer}"
    );
    for reader in [installation.reader(0), installation.reader(1)] {
        reader
            .get("/api/branding/aurora")
            .await
            .problem(404, "operator_not_found");
    }
    staff
        .get("/api/admin/aurora/casino-setting")
        .await
        .problem(403, "operator_disabled");
    let bet = json!({"stake": 1});
    player
        .post("/api/casino/slots/bet", &bet)
        .await
        .problem(403, "operator_disabled");
    let version = answer["version"].clone();
    let again = root.post(&toggle, &json!({"is_active": false})).await.ok();
    assert_eq!(again["version"], version, "nothing changed");
    let back = root.post(&toggle, &json!({})).await.ok();
    assert_eq!(back["is_active"], true);
    for reader in [installation.reader(0), installation.reader(1)] {
        reader.get("/api/branding/aurora").await.ok();
    }
    staff
        .get("/api/admin/aurora/casino-setting")
        .await
        .problem(401, "authentication_required");
    player
        .post("/api/casino/slots/bet", &bet)
        .await
        .problem(401, "authentication_required");
    let writer = installation.writer();
    let again = json!({"login": aurora.login, "password": PASSWORD});
    let token = |answer: tests::Answer| answer.ok()["token"].as_str().unwrap().to_owned();
    let staff = writer.logged_in(&token(writer.post("/api/admin-login", &again).await));
    let again = json!({"username": "alice", "password": PASSWORD});
    let player = writer.logged_in(&token(writer.post("/api/auth/aurora/login", &again).await));
    player.post("/api/casino/slots/bet", &bet).await.ok();
    let log = staff
        .get("/api/admin/aurora/audit-log?action=operator.switched")
        .await
        .ok();
    assert_eq!(log["entries"].as_array().map(Vec::len), Some(2), "{log}");
    assert_eq!(log["entries"][1]["after"], json!({"is_active": false}));
    assert_eq!(log["entries"][0]["by_platform"], true);
    assert_eq!(log["entries"][0]["login"], "root");
    installation.finish().await;
}

#[tokio::test]
async fn a_reset_password_ends_sessions_and_is_the_only_one() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let bluefin = installation.operator("bluefin").await;
    let root = platform(&installation).await;
    let reset = format!("{OPERATORS}/{}/reset-password", aurora.id);
    for (body, field) in [
        (json!({}), "new_password"),
        (proved(json!({"new_password": "short"})), "new_password"),
        (json!({"new_password": NEW_PASSWORD}), "current_password"),
        (proved(json!({"new_password": 7})), "new_password"),
    ] {
        root.post(&reset, &body).await.names_field(field);
    }
    for login in [&bluefin.login, "nobody", "a\0b"] {
        let body = proved(json!({"new_password": NEW_PASSWORD, "login": login}));
        root.post(&reset, &body).await.problem(404, "staff_not_found");
    }
    let staff = installation.writer().logged_in(&aurora.token);
    staff.get("/api/admin/aurora/casino-setting").await.ok();
    let body = proved(json!({"new_password": NEW_PASSWORD, "login": "AURORA_admin"}));
    let done = root.post(&reset, &body).await.ok();
    assert_eq!(
        (&done["login"], &done["sessions_ended"]),
        (&json!("aurora_admin"), &json!(1))
    );
    staff
        .get("/api/admin/aurora/casino-setting")
        .await
        .problem(401, "authentication_required");
    let log_in = |password: &str| json!({"login": "aurora_admin", "password": password});
    let writer = installation.writer();
    writer
        .post("/api/admin-login", &log_in(PASSWORD))
        .await
        .problem(401, "invalid_credentials");
    let token = writer.post("/api/admin-login", &log_in(NEW_PASSWORD)).await.ok()["token"].clone();
    let staff = writer.logged_in(token.as_str().unwrap());
    let log = staff
        .get("/api/admin/aurora/audit-log?action=staff.password_reset")
        .await;
    assert_eq!(log.json()["entries"][0]["action"], "staff.password_reset");
    assert!(!log.text().contains(NEW_PASSWORD) && !log.text().contains("argon2"));
    writer
        .logged_in(&bluefin.token)
        .get("/api/admin/bluefin/casino-setting")
        .await
        .ok();
    installation.finish().await;
}

#[tokio::test]
async fn nobody_but_the_platforms_staff_sees_or_changes_operators() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let root = platform(&installation).await;
    let writer = installation.writer();
    let paths = [
        format!("{OPERATORS}/{}/toggle", aurora.id),
        format!("{OPERATORS}/{}/reset-password", aurora.id),
    ];
    let body = proved(json!({"new_password": NEW_PASSWORD}));
    for stranger in [writer.clone(), writer.logged_in("0.forged")] {
        stranger
            .get(OPERATORS)
            .await
            .problem(401, "authentication_required");
        for path in &paths {
            stranger
                .post(path, &body)
                .await
                .problem(401, "authentication_required");
        }
    }
    let padded = [
        format!("+{}", aurora.id),
        format!("0{}", aurora.id),
        format!("%20{}", aurora.id),
    ];
    let padded = padded.iter().map(String::as_str);
    for id in ["0", "-1", "999999", "x", "99999999999999999999"]
        .into_iter()
        .chain(padded)
    {
        for (verb, body) in [("toggle", json!({})), ("reset-password", body.clone())] {
            root.post(&format!("{OPERATORS}/{id}/{verb}"), &body)
                .await
                .problem(404, "operator_not_found");
        }
    }
    for bad in [json!("no"), json!(null)] {
        root.post(&paths[0], &json!({"is_active": bad}))
            .await
            .names_field("is_active");
    }
    root.post(&paths[0], &json!({"active": false}))
        .await
        .names_field("active");
    root.post_bytes(&paths[0], vec![b' '; 5 * 1024 * 1024])
        .await
        .problem(413, "body_too_large");
    installation.reader(0).get("/api/branding/aurora").await.ok();
    installation.finish().await;
}
