//! What people see and change of their own: a player's e-mail address, and everybody's sessions.

use serde_json::Value;

use super::*;

const PROFILE: &str = "/api/auth/aurora/profile";
const NOBODY: &str = "authentication_required";

fn change(email: &str, password: &str) -> Value {
    json!({"email": email, "current_password": password})
}

#[tokio::test]
async fn a_player_changes_the_address_and_logs_in_with_the_new_one_only() {
    let installation = builder().start().await;
    let aurora = installation.operator("aurora").await;
    let bluefin = installation.operator("bluefin").await;
    let alice = installation.player(&aurora, "alice", 12_345).await;
    installation.player(&bluefin, "bob", 0).await;
    let reader = installation.reader(0);
    let player = reader.logged_in(&alice.token);
    let shown = player.get(PROFILE).await;
    assert_eq!(shown.header("cache-control"), "private, no-store");
    assert_eq!(shown.ok(), player.get(ME).await.ok());
    assert_eq!(shown.ok()["email"], "alice@example.com");
    let saved = player
        .put(PROFILE, &change(" New.Alice@Example.com", PASSWORD))
        .await
        .ok();
    assert_eq!(saved["email"], "new.alice@example.com");
    assert_eq!(player.get(PROFILE).await.ok()["email"], "new.alice@example.com");
    log_in(&reader, PLAYER_LOGIN, "NEW.alice@example.com").await.ok();
    let old = log_in(&reader, PLAYER_LOGIN, "alice@example.com").await;
    refused(&old, 401, "invalid_credentials");
    // The same again, and an address of a player elsewhere.
    player
        .put(PROFILE, &change("new.alice@example.com", PASSWORD))
        .await
        .ok();
    player
        .put(PROFILE, &change("bob@example.com", PASSWORD))
        .await
        .ok();
    installation.finish().await;
}

#[tokio::test]
async fn an_address_that_will_not_do_or_a_wrong_password_changes_nothing() {
    let limit = ["--login-failures-per-account", "3"];
    let installation = builder().writer_args(&limit).start().await;
    let aurora = installation.operator("aurora").await;
    let bluefin = installation.operator("bluefin").await;
    let alice = installation.player(&aurora, "alice", 0).await;
    installation.player(&aurora, "bob", 0).await;
    let writer = installation.writer();
    let player = writer.logged_in(&alice.token);
    for (body, field) in [
        (change("alice", PASSWORD), "email"),
        (change("", PASSWORD), "email"),
        (
            change(&format!("{}@example.com", "x".repeat(250)), PASSWORD),
            "email",
        ),
        (json!({"email": 7, "current_password": PASSWORD}), "email"),
        (json!({"current_password": PASSWORD}), "email"),
        (json!({"email": "a@b.example"}), "current_password"),
        (
            json!({"email": "a@b.example", "current_password": PASSWORD, "balance": 1}),
            "balance",
        ),
    ] {
        player.put(PROFILE, &body).await.names_field(field);
    }
    player
        .put(PROFILE, &change("BOB@example.com", PASSWORD))
        .await
        .problem(422, "email_taken");
    player
        .put_bytes(PROFILE, vec![b' '; 5 * 1024 * 1024])
        .await
        .problem(413, "body_too_large");
    let body = change("a@b.example", PASSWORD);
    refused(&writer.put(PROFILE, &body).await, 401, NOBODY);
    let elsewhere = player.put("/api/auth/bluefin/profile", &body).await;
    refused(&elsewhere, 404, "operator_not_found");
    for stranger in [&aurora.token, &bluefin.token] {
        let answer = writer.logged_in(stranger).put(PROFILE, &body).await;
        refused(&answer, 403, "wrong_role");
    }
    for _ in 0..3 {
        let wrong = player
            .put(PROFILE, &change("a@b.example", "something else"))
            .await;
        wrong.names_field("current_password");
    }
    refused(&player.put(PROFILE, &body).await, 429, "too_many_failed_logins");
    assert_eq!(player.get(PROFILE).await.ok()["email"], "alice@example.com");
    installation.finish().await;
}

#[tokio::test]
async fn of_two_who_want_one_address_at_once_one_gets_it() {
    let installation = builder().start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 0).await;
    let bob = installation.player(&aurora, "bob", 0).await;
    let client = |token: &str| installation.writer().logged_in(token);
    let (alice, bob) = (client(&alice.token), client(&bob.token));
    let body = change("same@example.com", PASSWORD);
    let (first, second) = tokio::join!(alice.put(PROFILE, &body), bob.put(PROFILE, &body));
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422], "{} {}", first.text(), second.text());
    installation.finish().await;
}

#[tokio::test]
async fn everybody_sees_their_own_sessions_and_ends_one_or_all_of_them() {
    let installation = builder().start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 0).await;
    let root = platform_staff(&installation, "root").await;
    let reader = installation.reader(0);
    for (base, login, name, first, probe) in [
        ("/api/auth/aurora", PLAYER_LOGIN, "alice", &alice.token, ME),
        (
            "/api/admin/aurora",
            STAFF_LOGIN,
            "aurora_admin",
            &aurora.token,
            "/api/admin/aurora/staff",
        ),
        (
            "/api/superadmin",
            PLATFORM_LOGIN,
            "root",
            &root,
            "/api/superadmin/staff",
        ),
    ] {
        let (list, end_all) = (format!("{base}/sessions"), format!("{base}/logout-everywhere"));
        let second = token(&log_in(&reader, login, name).await);
        let (here, there) = (reader.logged_in(first), reader.logged_in(&second));
        let listed = here.get(&list).await;
        let sessions = listed.ok()["sessions"].as_array().unwrap().clone();
        assert_eq!(sessions.len(), 2);
        for token in [first, &second] {
            let hash: String = sqlx::query_scalar("select encode(sha256($1), 'hex')")
                .bind(token.as_bytes())
                .fetch_one(installation.database.pool())
                .await
                .unwrap();
            let secret = token.split('.').next_back().unwrap();
            assert!(!listed.text().contains(secret) && !listed.text().contains(&hash[..16]));
        }
        let other = sessions
            .iter()
            .find(|session| session["is_current"] == false)
            .unwrap();
        let path = format!("{list}/{}", other["id"].as_str().unwrap());
        refused(&reader.delete(&path).await, 401, NOBODY);
        there.get(probe).await.ok();
        here.delete(&path).await.ok();
        refused(&there.get(probe).await, 401, NOBODY);
        here.get(probe).await.ok();
        for id in [other["id"].as_str().unwrap(), "x", "%00", "0", first.as_str()] {
            let gone = here.delete(&format!("{list}/{id}")).await;
            refused(&gone, 404, "session_not_found");
        }
        let third = reader.logged_in(&token(&log_in(&reader, login, name).await));
        let gone = here.post(&end_all, &json!({})).await;
        gone.ok();
        assert!(gone.header("set-cookie").contains("Max-Age=0"));
        for client in [&here, &third] {
            refused(&client.get(probe).await, 401, NOBODY);
            refused(&client.get(&list).await, 401, NOBODY);
        }
    }
    let noted = "select count(*) from audit_entries where action = 'staff.sessions_ended'";
    let noted: i64 = sqlx::query_scalar(noted)
        .fetch_one(installation.database.pool())
        .await
        .unwrap();
    assert_eq!(noted, 4, "one and all of each kind of staff");
    installation.finish().await;
}

#[tokio::test]
async fn nobody_ends_a_session_of_somebody_else() {
    let installation = builder().start().await;
    let aurora = installation.operator("aurora").await;
    let bluefin = installation.operator("bluefin").await;
    let alice = installation.player(&aurora, "alice", 0).await;
    let bob = installation.player(&aurora, "bob", 0).await;
    let writer = installation.writer();
    let client = |token: &str| writer.logged_in(token);
    let id = async |client: &Client, path: &str| {
        let listed = client.get(path).await.ok();
        listed["sessions"][0]["id"].as_str().unwrap().to_owned()
    };
    let (players, staff) = ("/api/auth/aurora/sessions", "/api/admin/aurora/sessions");
    let of_alice = id(&client(&alice.token), players).await;
    let of_aurora = id(&client(&aurora.token), staff).await;
    for (token, path, code) in [
        (&bob.token, format!("{players}/{of_alice}"), "session_not_found"),
        (
            &alice.token,
            format!("{players}/{of_aurora}"),
            "session_not_found",
        ),
        (&aurora.token, format!("{staff}/{of_alice}"), "session_not_found"),
        (
            &bluefin.token,
            format!("{staff}/{of_aurora}"),
            "operator_not_found",
        ),
        (
            &bluefin.token,
            format!("/api/admin/bluefin/sessions/{of_aurora}"),
            "session_not_found",
        ),
    ] {
        refused(&client(token).delete(&path).await, 404, code);
    }
    client(&alice.token).get(players).await.ok();
    client(&aurora.token).get(staff).await.ok();
    installation.finish().await;
}
