//! What staff prove for changes of accounts, and that every wrong proof counts as a log-in that failed.

use serde_json::Value;
use tests::people::proved;

use super::second_factor::{House, OPERATOR, PLATFORM};
use super::*;

const NEW_PASSWORD: &str = "another password";

/// Each change that takes a proof, and its body without one. Whom it concerns may not exist: the proof comes first.
fn changes(house: &House) -> Vec<(Client, String, Value)> {
    let of_operator = format!("/api/superadmin/operators/{}", house.aurora.id);
    let new = json!({"login": "eve", "password": NEW_PASSWORD});
    let new_owner = json!({"login": "eve", "password": NEW_PASSWORD, "role": "owner"});
    let password = json!({"new_password": NEW_PASSWORD});
    let mut all = vec![
        (house.staff.clone(), "/api/admin/aurora/staff".to_owned(), new),
        (house.root.clone(), "/api/superadmin/staff".to_owned(), new_owner),
        (
            house.root.clone(),
            "/api/superadmin/staff/1/role".to_owned(),
            json!({"role": "owner"}),
        ),
        (
            house.root.clone(),
            format!("{of_operator}/reset-password"),
            password.clone(),
        ),
        (
            house.root.clone(),
            format!("{of_operator}/reset-totp"),
            json!({"login": house.aurora.login}),
        ),
    ];
    for (client, base) in [
        (&house.staff, "/api/admin/aurora"),
        (&house.root, "/api/superadmin"),
    ] {
        all.push((
            client.clone(),
            format!("{base}/change-password"),
            password.clone(),
        ));
        for (verb, body) in [
            ("toggle", json!({"is_active": false})),
            ("reset-password", password.clone()),
            ("reset-totp", json!({})),
        ] {
            all.push((client.clone(), format!("{base}/staff/1/{verb}"), body));
        }
    }
    all
}

fn with(mut body: Value, member: &str, value: &str) -> Value {
    body[member] = json!(value);
    body
}

#[tokio::test]
async fn a_session_alone_changes_no_account() {
    let house = House::open_with(&["--login-failures-per-account", "100"]).await;
    let before = count(&house.installation, "audit_entries").await;
    for (client, path, body) in changes(&house) {
        client.post(&path, &body).await.names_field("current_password");
        let wrong = with(body, "current_password", "not the password");
        let refused = client.post(&path, &wrong).await;
        assert_eq!(
            refused.problem(422, "wrong_password")["errors"][0]["field"],
            "current_password",
            "{path}"
        );
        let mistyped = json!({"current_password": 7});
        assert_eq!(client.post(&path, &mistyped).await.status, 422, "{path}");
    }
    assert_eq!(count(&house.installation, "audit_entries").await, before);
    log_in(&house.installation.writer(), STAFF_LOGIN, "aurora_admin")
        .await
        .ok();
    house.installation.finish().await;
}

#[tokio::test]
async fn who_has_a_second_factor_proves_it_too_and_no_code_twice() {
    let house = House::open_with(&["--login-failures-per-account", "100"]).await;
    let (of_staff, recovery) = house.turn_on(OPERATOR, &house.staff).await;
    house.turn_on(PLATFORM, &house.root).await;
    house.next_step();
    let before = count(&house.installation, "audit_entries").await;
    for (client, path, body) in changes(&house) {
        let answer = client.post(&path, &proved(body.clone())).await;
        // Whom it concerns is looked for first, and the code is asked for at the end.
        assert!(
            [403, 404, 409].contains(&answer.status.as_u16()),
            "{path}: {}",
            answer.text()
        );
        if answer.status == 403 {
            answer.problem(403, "proof_required");
            let wrong = with(proved(body), "code", "000000");
            client.post(&path, &wrong).await.names_field("code");
        }
    }
    assert_eq!(count(&house.installation, "audit_entries").await, before);
    let path = "/api/admin/aurora/staff";
    let new = |login: &str| proved(json!({"login": login, "password": NEW_PASSWORD}));
    let code = house.code(&of_staff, 0);
    // A change that is refused uses no code up.
    let taken = with(new("root"), "code", &code);
    house.staff.post(path, &taken).await.names_field("login");
    house
        .staff
        .post(path, &with(new("ann"), "code", &code))
        .await
        .ok();
    house
        .staff
        .post(path, &with(new("bob"), "code", &code))
        .await
        .problem(422, "invalid_code");
    house
        .staff
        .post(path, &with(new("bob"), "code", &recovery[0]))
        .await
        .ok();
    house.next_step();
    let own = proved(json!({"new_password": NEW_PASSWORD, "code": house.code(&of_staff, 0)}));
    house
        .staff
        .post("/api/admin/aurora/change-password", &own)
        .await
        .ok();
    house.installation.finish().await;
}

#[tokio::test]
async fn wrong_proofs_and_failed_log_ins_count_together() {
    let house = House::open_with(&["--login-failures-per-account", "4"]).await;
    let writer = house.installation.writer();
    let path = "/api/admin/aurora/staff";
    let wrong = json!({"login": "eve", "password": NEW_PASSWORD, "current_password": "not the password"});
    for _ in 0..2 {
        house
            .staff
            .post(path, &wrong)
            .await
            .problem(422, "wrong_password");
        guess(&writer, STAFF_LOGIN, "aurora_admin", "not the password")
            .await
            .problem(401, "invalid_credentials");
    }
    log_in(&writer, STAFF_LOGIN, "aurora_admin")
        .await
        .problem(429, "too_many_failed_logins");
    house
        .staff
        .post(path, &proved(wrong))
        .await
        .problem(429, "too_many_failed_logins");
    log_in(&writer, PLATFORM_LOGIN, "root").await.ok();
    house.installation.finish().await;
}

#[tokio::test]
async fn a_user_name_and_its_email_address_are_no_two_chances() {
    let installation = builder()
        .writer_args(&["--login-failures-per-account", "4"])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 0).await;
    let own = installation.writer().logged_in(&alice.token);
    let email = own.get("/api/auth/aurora/profile").await.ok()["email"].clone();
    let email = email.as_str().unwrap();
    let writer = installation.writer();
    for name in ["alice", email, "ALICE", email] {
        guess(&writer, PLAYER_LOGIN, name, "not the password")
            .await
            .problem(401, "invalid_credentials");
    }
    for name in ["alice", email] {
        log_in(&writer, PLAYER_LOGIN, name)
            .await
            .problem(429, "too_many_failed_logins");
    }
    installation.finish().await;
}
