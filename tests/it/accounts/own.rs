//! What players do with their own account, and what nobody else can do with it.

use std::time::Duration;

use serde_json::{Value, json};
use tests::people::PASSWORD;
use tests::{Answer, Client, Installation};
use tokio::task::JoinSet;

use super::{
    ME, PLATFORM_LOGIN, PLAYER_LOGIN, STAFF_LOGIN, builder, count, execute, guess, log_in, platform_staff,
    refused, token,
};

const REGISTER: &str = "/api/auth/aurora/register";
const CHANGE_PASSWORD: &str = "/api/auth/aurora/change-password";
const UPDATE_USERNAME: &str = "/api/auth/update-username";
const LOGOUT_EVERYWHERE: &str = "/api/auth/aurora/logout-everywhere";
const SESSIONS: &str = "/api/auth/aurora/sessions";
const NOBODY: &str = "authentication_required";
const NEW_PASSWORD: &str = "another password";

fn registration(name: &str) -> Value {
    json!({"username": name, "email": format!("{name}@Example.com"), "password": PASSWORD})
}

async fn bet(client: &Client) -> Answer {
    client.post("/api/casino/slots/bet", &json!({"stake": 1})).await
}

/// Everything that a registration writes.
async fn written(installation: &Installation) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in [
        "players",
        "wallets",
        "seed_pairs",
        "ledger_entries where player_id is not null",
        "sessions",
    ] {
        counts.push(count(installation, table).await);
    }
    counts
}

#[tokio::test]
async fn who_registers_is_logged_in_and_has_the_opening_balance() {
    let installation = builder().start().await;
    installation.operator("aurora").await;
    execute(
        &installation,
        "update operator_settings set default_balance = 12345",
    )
    .await;
    let reader = installation.reader(0);
    let registered = reader.post(REGISTER, &registration("Alice")).await;
    let body = registered.ok();
    assert_eq!(body["message"], "Registration successful");
    let user = &body["user"];
    assert_eq!(
        (
            &user["username"],
            &user["email"],
            &user["balance"],
            &user["sportsbook"]
        ),
        (
            &json!("Alice"),
            &json!("alice@example.com"),
            &json!(123.45),
            &json!("aurora Sports")
        )
    );
    assert!(registered.header("set-cookie").starts_with("edgebook_player="));
    let alice = reader.logged_in(&token(&registered));
    assert_eq!(alice.get(ME).await.ok()["balance"], 123.45);
    bet(&alice).await.ok();
    log_in(&reader, PLAYER_LOGIN, "alice").await.ok();
    let statement = alice.get("/api/casino/wallet/statement").await.text();
    assert!(statement.contains("grant"), "{statement}");
    installation.finish().await;
}

#[tokio::test]
async fn of_many_who_want_one_name_at_once_one_gets_it() {
    let installation = builder().start().await;
    installation.operator("aurora").await;
    let mut asked = JoinSet::new();
    for number in 0..20 {
        let reader = installation.reader(0);
        let mut body = registration("alice");
        if number % 2 == 0 {
            body["email"] = json!(format!("alice{number}@example.com"));
        } else {
            body["username"] = json!(format!("alice{number}"));
        }
        asked.spawn(async move { reader.post(REGISTER, &body).await });
    }
    let answers = asked.join_all().await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status.is_success());
    // One of the even ones got the name, one of the odd ones the address.
    assert_eq!(made.len(), 2);
    for answer in refused {
        let code = answer.json()["code"].as_str().unwrap().to_owned();
        assert!(
            ["username_taken", "email_taken"].contains(&code.as_str()),
            "{code}"
        );
        assert_eq!(answer.status, 422);
    }
    // The operator's staff has a session too.
    assert_eq!(written(&installation).await, [2, 2, 2, 2, 3]);
    installation.finish().await;
}

#[tokio::test]
async fn a_registration_that_is_refused_writes_nothing() {
    let installation = builder().start().await;
    let aurora = installation.operator("aurora").await;
    installation.operator("bluefin").await;
    installation.player(&aurora, "alice", 0).await;
    let writer = installation.writer();
    let before = written(&installation).await;
    let with = |field: &str, value: Value| {
        let mut body = registration("bob");
        body[field] = value;
        body
    };
    let cases = [
        ("username", json!("bo")),
        ("username", json!("bob@example.com")),
        ("username", json!("b\u{200b}ob")),
        ("username", json!("böb")),
        ("username", json!("<b>bob</b>")),
        ("username", json!("b".repeat(51))),
        ("username", json!(7)),
        ("username", json!(null)),
        ("email", json!("bob")),
        ("email", json!(format!("{}@x.y", "b".repeat(300)))),
        ("email", json!(["bob@example.com"])),
        ("password", json!("short")),
        ("password", json!("x".repeat(201))),
        ("password", json!({})),
    ];
    for (field, value) in cases {
        writer
            .post(REGISTER, &with(field, value))
            .await
            .names_field(field);
    }
    for field in ["username", "email", "password"] {
        let mut body = registration("bob");
        body.as_object_mut().unwrap().remove(field);
        writer.post(REGISTER, &body).await.names_field(field);
    }
    let all = writer
        .post(REGISTER, &json!({"username": "", "email": "", "password": ""}))
        .await;
    let problem = all.problem(422, "invalid_field");
    let named: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| &error["field"])
        .collect();
    assert_eq!(named, ["username", "email", "password"]);
    let taken = writer.post(REGISTER, &with("username", json!("ALICE"))).await;
    refused(&taken, 422, "username_taken");
    let taken = writer
        .post(REGISTER, &with("email", json!("ALICE@example.com")))
        .await;
    refused(&taken, 422, "email_taken");
    let huge = writer.post_bytes(REGISTER, vec![b' '; 1024 * 1024]).await;
    refused(&huge, 413, "body_too_large");
    for elsewhere in ["nobody", "-", "aurora%00"] {
        let path = format!("/api/auth/{elsewhere}/register");
        refused(
            &writer.post(&path, &registration("bob")).await,
            404,
            "operator_not_found",
        );
    }
    let other_site = writer.with("origin", "http://evil.example");
    refused(
        &other_site.post(REGISTER, &registration("bob")).await,
        403,
        "cross_site",
    );
    execute(
        &installation,
        "update operators set is_active = false where subdomain = 'bluefin'",
    )
    .await;
    let closed = writer
        .post("/api/auth/bluefin/register", &registration("bob"))
        .await;
    refused(&closed, 403, "operator_disabled");
    assert_eq!(written(&installation).await, before);
    installation.finish().await;
}

#[tokio::test]
async fn one_address_can_not_register_without_end() {
    let few = ["--registrations-per-address", "2"];
    let installation = builder().writer_args(&few).start().await;
    installation.operator("aurora").await;
    let writer = installation.writer();
    // What can't be a registration does not count.
    refused(&writer.post(REGISTER, &json!({})).await, 422, "invalid_field");
    writer.post(REGISTER, &registration("first")).await.ok();
    refused(
        &writer.post(REGISTER, &registration("first")).await,
        422,
        "username_taken",
    );
    let third = writer.post(REGISTER, &registration("third")).await;
    refused(&third, 429, "too_many_registrations");
    assert!(!third.header("retry-after").is_empty());
    assert_eq!(count(&installation, "players").await, 1);
    installation.finish().await;
}

#[tokio::test]
async fn another_password_ends_all_other_sessions() {
    let installation = builder().start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let bob = installation.player(&aurora, "bob", 10_000).await;
    let writer = installation.writer();
    let elsewhere = writer.logged_in(&token(&log_in(&writer, PLAYER_LOGIN, "alice").await));
    let player = writer.logged_in(&alice.token);
    bet(&elsewhere).await.ok();
    let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
    for (current, new, field) in [
        ("wrong password", NEW_PASSWORD, "current_password"),
        ("", NEW_PASSWORD, "current_password"),
        (PASSWORD, "short", "new_password"),
    ] {
        let answer = player.post(CHANGE_PASSWORD, &change(current, new)).await;
        assert_eq!(answer.status, 422);
        assert_eq!(answer.json()["errors"][0]["field"], field, "{current} {new}");
    }
    player
        .post(CHANGE_PASSWORD, &json!({"new_password": NEW_PASSWORD}))
        .await
        .names_field("current_password");
    bet(&elsewhere).await.ok();
    let done = player
        .post(CHANGE_PASSWORD, &change(PASSWORD, NEW_PASSWORD))
        .await
        .ok();
    assert_eq!(done["sessions_ended"], 1);
    refused(&elsewhere.get(ME).await, 401, NOBODY);
    refused(&bet(&elsewhere).await, 401, NOBODY);
    bet(&player).await.ok();
    bet(&writer.logged_in(&bob.token)).await.ok();
    refused(
        &log_in(&writer, PLAYER_LOGIN, "alice").await,
        401,
        "invalid_credentials",
    );
    guess(&writer, PLAYER_LOGIN, "alice", NEW_PASSWORD).await.ok();
    log_in(&writer, PLAYER_LOGIN, "bob").await.ok();
    installation.finish().await;
}

#[tokio::test]
async fn wrong_current_passwords_are_counted_whatever_the_name_and_of_two_changes_one_counts() {
    let few = ["--login-failures-per-account", "3"];
    let installation = builder().writer_args(&few).start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 0).await;
    let player = installation.writer().logged_in(&alice.token);
    let mut asked = JoinSet::new();
    for number in 0..2 {
        let player = player.clone();
        let new = format!("{NEW_PASSWORD} {number}");
        let body = json!({"current_password": PASSWORD, "new_password": new});
        asked.spawn(async move { player.post(CHANGE_PASSWORD, &body).await });
    }
    let answers = asked.join_all().await;
    let made = answers.iter().filter(|answer| answer.status.is_success()).count();
    assert_eq!(made, 1, "the password that was proved is the one that is changed");
    let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    let mut limited = false;
    for number in 0..4 {
        let name = json!({ "username": format!("alice{number}") });
        player.post(UPDATE_USERNAME, &name).await.ok();
        let answer = player.post(CHANGE_PASSWORD, &body).await;
        limited |= answer.status == 429;
        assert!(answer.status == 422 || answer.status == 429, "{}", answer.text());
    }
    assert!(limited);
    installation.finish().await;
}

#[tokio::test]
async fn staff_change_their_own_password_and_the_log_tells_of_it() {
    let installation = builder().start().await;
    let aurora = installation.operator("aurora").await;
    let writer = installation.writer();
    let root = platform_staff(&installation, "root").await;
    let staff_login = (STAFF_LOGIN, aurora.login.as_str());
    for (log_in_at, token_before, path) in [
        (
            staff_login,
            aurora.token.clone(),
            "/api/admin/aurora/change-password",
        ),
        (
            (PLATFORM_LOGIN, "root"),
            root.clone(),
            "/api/superadmin/change-password",
        ),
    ] {
        let own = writer.logged_in(&token_before);
        let elsewhere = writer.logged_in(&token(&log_in(&writer, log_in_at.0, log_in_at.1).await));
        let change = |current: &str, new: &str| json!({"current_password": current, "new_password": new});
        own.post(path, &change("wrong password", NEW_PASSWORD))
            .await
            .problem(422, "wrong_password");
        own.post(path, &change(PASSWORD, "short"))
            .await
            .names_field("new_password");
        writer
            .post(path, &change(PASSWORD, NEW_PASSWORD))
            .await
            .problem(401, NOBODY);
        let done = own.post(path, &change(PASSWORD, NEW_PASSWORD)).await.ok();
        assert_eq!(done["sessions_ended"], 1, "{path}");
        elsewhere
            .post(path, &change(NEW_PASSWORD, PASSWORD))
            .await
            .problem(401, NOBODY);
        let refused = log_in(&writer, log_in_at.0, log_in_at.1).await;
        refused.problem(401, "invalid_credentials");
        guess(&writer, log_in_at.0, log_in_at.1, NEW_PASSWORD).await.ok();
    }
    let log = writer
        .logged_in(&aurora.token)
        .get("/api/admin/aurora/audit-log?action=staff.password_changed")
        .await
        .ok();
    assert_eq!(log["entries"][0]["action"], "staff.password_changed");
    assert_eq!(log["entries"][0]["login"], "aurora_admin");
    let log = writer
        .logged_in(&root)
        .get("/api/superadmin/audit-log?action=staff.password_changed")
        .await
        .ok();
    assert_eq!(log["entries"][0]["action"], "staff.password_changed");
    installation.finish().await;
}

#[tokio::test]
async fn a_log_in_with_a_password_that_is_being_changed_is_refused() {
    let installation = builder().start().await;
    let aurora = installation.operator("aurora").await;
    installation.player(&aurora, "alice", 0).await;
    let before = count(&installation, "sessions").await;
    let mut changing = installation.database.pool().begin().await.unwrap();
    sqlx::query("update players set password_hash = 'another' where username = 'alice'")
        .execute(&mut *changing)
        .await
        .unwrap();
    let writer = installation.writer();
    let asked = tokio::spawn(async move { log_in(&writer, PLAYER_LOGIN, "alice").await });
    installation
        .within(
            Duration::from_secs(5),
            "the log-in waits for the change",
            async || {
                let waiting: i64 = sqlx::query_scalar(
                    "select count(*) from pg_stat_activity
                 where datname = current_database() and wait_event_type = 'Lock'",
                )
                .fetch_one(installation.database.pool())
                .await
                .unwrap();
                waiting == 1
            },
        )
        .await;
    changing.commit().await.unwrap();
    refused(&asked.await.unwrap(), 401, "invalid_credentials");
    assert_eq!(count(&installation, "sessions").await, before);
    installation.finish().await;
}

#[tokio::test]
async fn a_player_may_take_another_name_and_stays_the_same() {
    let installation = builder().start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    installation.player(&aurora, "bob", 0).await;
    let bluefin = installation.operator("bluefin").await;
    installation.player(&bluefin, "carol", 0).await;
    let writer = installation.writer();
    let player = writer.logged_in(&alice.token);
    for name in ["bob", "BOB"] {
        let answer = player.post(UPDATE_USERNAME, &json!({"username": name})).await;
        refused(&answer, 422, "username_taken");
    }
    for name in [json!("x"), json!("a b c"), json!(1), json!(null)] {
        let answer = player.post(UPDATE_USERNAME, &json!({"username": name})).await;
        answer.names_field("username");
    }
    // Its own name in other letters, and one that somebody has at another operator.
    for name in ["ALICE", "carol"] {
        let answer = player
            .post(UPDATE_USERNAME, &json!({"username": name}))
            .await
            .ok();
        assert_eq!(answer["username"], name);
        assert_eq!(player.get(ME).await.ok()["username"], name);
    }
    refused(
        &log_in(&writer, PLAYER_LOGIN, "alice").await,
        401,
        "invalid_credentials",
    );
    log_in(&writer, PLAYER_LOGIN, "carol").await.ok();
    assert_eq!(player.get(ME).await.ok()["id"], alice.id.get());
    installation.finish().await;
}

#[tokio::test]
async fn a_player_sees_its_own_sessions_and_can_end_them_all() {
    let installation = builder().start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let bob = installation.player(&aurora, "bob", 10_000).await;
    let writer = installation.writer();
    let other = token(&log_in(&writer, PLAYER_LOGIN, "alice").await);
    let (here, there) = (writer.logged_in(&alice.token), writer.logged_in(&other));
    for (client, current) in [(&here, 1), (&there, 0)] {
        let answer = client.get(SESSIONS).await;
        let sessions = answer.ok()["sessions"].as_array().unwrap().clone();
        let which: Vec<_> = sessions
            .iter()
            .map(|session| session["is_current"].as_bool().unwrap())
            .collect();
        assert_eq!(which.len(), 2);
        assert!(which[current], "{which:?}");
        assert_eq!(answer.header("cache-control"), "private, no-store");
        for secret in [&alice.token, &other] {
            assert!(!answer.text().contains(secret.split('.').next_back().unwrap()));
        }
    }
    let gone = here.post(LOGOUT_EVERYWHERE, &json!({})).await;
    gone.ok();
    assert!(gone.header("set-cookie").starts_with("edgebook_player=;"));
    for client in [&here, &there] {
        refused(&client.get(ME).await, 401, NOBODY);
        refused(&bet(client).await, 401, NOBODY);
    }
    bet(&writer.logged_in(&bob.token)).await.ok();
    installation.finish().await;
}

#[tokio::test]
async fn nobody_touches_an_account_without_its_session() {
    let installation = builder().start().await;
    let aurora = installation.operator("aurora").await;
    let bluefin = installation.operator("bluefin").await;
    let alice = installation.player(&aurora, "alice", 0).await;
    let carol = installation.player(&bluefin, "carol", 0).await;
    let writer = installation.writer();
    let good = [
        (
            CHANGE_PASSWORD,
            Some(json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD})),
        ),
        (LOGOUT_EVERYWHERE, Some(json!({}))),
        (SESSIONS, None),
        (UPDATE_USERNAME, Some(json!({"username": "mallory"}))),
    ];
    let ask = async |client: &Client, path: &str, body: &Option<Value>| match body {
        Some(body) => client.post(path, body).await,
        None => client.get(path).await,
    };
    for (path, body) in &good {
        for stranger in [&writer, &writer.logged_in("1.forged")] {
            refused(&ask(stranger, path, body).await, 401, NOBODY);
        }
        if path.contains("aurora") {
            let other = writer.logged_in(&carol.token);
            refused(&ask(&other, path, body).await, 404, "operator_not_found");
        }
        if body.is_some() {
            let page = writer
                .with("cookie", &format!("edgebook_player={}", alice.token))
                .with("origin", "http://evil.example");
            refused(&ask(&page, path, body).await, 403, "cross_site");
        }
    }
    log_in(&writer, PLAYER_LOGIN, "alice").await.ok();
    writer.logged_in(&alice.token).get(ME).await.ok();
    execute(
        &installation,
        "update players set is_active = false where username = 'alice'",
    )
    .await;
    for (path, body) in &good {
        let answer = ask(&writer.logged_in(&alice.token), path, body).await;
        refused(&answer, 403, "account_disabled");
    }
    installation.finish().await;
}
