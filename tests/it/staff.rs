//! The staff of an operator and of the platform: their roles, and what colleagues do to each other.

use serde_json::{Value, json};
use tests::people::{PASSWORD, proved};
use tests::{Client, Installation};
use write_api::accounts::Role;

use crate::accounts::{platform_staff, platform_staff_as};

const PLATFORM: &str = "/api/superadmin/staff";
const AURORA: &str = "/api/admin/aurora/staff";
const NEW_PASSWORD: &str = "another password";

fn new(login: &str) -> Value {
    proved(json!({"login": login, "password": NEW_PASSWORD, "email": "Ann@Example.com"}))
}

fn new_with(login: &str, role: &str) -> Value {
    proved(json!({"login": login, "password": NEW_PASSWORD, "role": role}))
}

async fn owner(installation: &Installation, login: &str) -> Client {
    let token = platform_staff(installation, login).await;
    installation.writer().logged_in(&token)
}

async fn log_in(installation: &Installation, path: &str, login: &str, password: &str) -> tests::Answer {
    let body = if path == "/api/admin-login" {
        json!({"login": login, "password": password})
    } else {
        json!({"username": login, "password": password})
    };
    installation.writer().post(path, &body).await
}

fn number(saved: &Value) -> i64 {
    saved["staff"]["id"].as_i64().unwrap()
}

async fn last_entry(client: &Client, log: &str) -> Value {
    client.get(log).await.ok()["entries"][0].clone()
}

#[tokio::test]
async fn each_role_does_what_it_is_for_and_another_role_counts_at_once() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let root = owner(&installation, "root").await;
    let toggle = format!("/api/superadmin/operators/{}/toggle", aurora.id);
    let reset = format!("/api/superadmin/operators/{}/reset-password", aurora.id);
    let password = proved(json!({"new_password": NEW_PASSWORD}));
    for (role, login, may_switch) in [(Role::Support, "sue", true), (Role::Finance, "fay", false)] {
        let token = platform_staff_as(role, &installation, login).await;
        let person = installation.writer().logged_in(&token);
        for path in ["/api/superadmin/operators", "/api/superadmin/audit-log", PLATFORM] {
            person.get(path).await.ok();
        }
        let switched = person.post(&toggle, &json!({"is_active": true})).await;
        if may_switch {
            switched.ok();
        } else {
            let refused = switched.problem(403, "role_not_allowed");
            assert_eq!(refused["detail"], "Only an owner or support may do this");
        }
        let refused = person.post(&reset, &password).await;
        assert_eq!(
            refused.problem(403, "role_not_allowed")["detail"],
            "Only an owner may do this"
        );
        person
            .post(PLATFORM, &new_with("eve", "owner"))
            .await
            .problem(403, "role_not_allowed");
        let id = root.get(PLATFORM).await.ok()["staff"]
            .as_array()
            .unwrap()
            .iter()
            .find(|staff| staff["login"] == login)
            .unwrap()["id"]
            .clone();
        for verb in ["role", "toggle", "reset-password"] {
            let body = json!({"role": "owner", "is_active": false});
            let body = match verb {
                "role" => proved(json!({"role": body["role"]})),
                "toggle" => proved(json!({"is_active": body["is_active"]})),
                _ => password.clone(),
            };
            person
                .post(&format!("{PLATFORM}/{id}/{verb}"), &body)
                .await
                .problem(403, "role_not_allowed");
        }
        let promoted = root
            .post(
                &format!("{PLATFORM}/{id}/role"),
                &proved(json!({"role": "owner"})),
            )
            .await
            .ok();
        assert_eq!(promoted["staff"]["role"], "owner");
        person.post(&reset, &password).await.ok();
        root.post(
            &format!("{PLATFORM}/{id}/role"),
            &proved(json!({"role": "finance"})),
        )
        .await
        .ok();
        person
            .post(&reset, &password)
            .await
            .problem(403, "role_not_allowed");
    }
    let entry = last_entry(&root, "/api/superadmin/audit-log?action=staff.role_changed").await;
    assert_eq!(entry["before"], json!({"role": "owner"}));
    assert_eq!(entry["after"], json!({"role": "finance"}));
    installation.finish().await;
}

#[tokio::test]
async fn owners_add_staff_who_log_in_and_are_disabled_with_their_sessions() {
    let installation = Installation::start().await;
    let root = owner(&installation, "root").await;
    let added = root.post(PLATFORM, &new_with("Fay", "finance")).await;
    assert!(!added.text().contains("argon2") && !added.text().contains(NEW_PASSWORD));
    let added = added.ok();
    assert_eq!(
        (
            &added["staff"]["login"],
            &added["staff"]["role"],
            &added["staff"]["is_active"]
        ),
        (&json!("Fay"), &json!("finance"), &json!(true))
    );
    let entry = last_entry(&root, "/api/superadmin/audit-log").await;
    assert_eq!(entry["action"], "staff.added");
    assert_eq!(entry["subject"], format!("staff {}", number(&added)));
    assert_eq!(entry["after"], json!({"login": "Fay", "role": "finance"}));
    let login = "/api/superadmin/login";
    let token = log_in(&installation, login, "fay", NEW_PASSWORD).await.ok()["token"].clone();
    let fay = installation.writer().logged_in(token.as_str().unwrap());
    let list = fay.get(PLATFORM).await.ok();
    assert_eq!(
        list["pagination"],
        json!({"page": 1, "per_page": 20, "total": 2, "pages": 1})
    );
    assert_eq!(
        (&list["staff"][0]["is_you"], &list["staff"][1]["is_you"]),
        (&json!(false), &json!(true))
    );
    let toggle = format!("{PLATFORM}/{}/toggle", number(&added));
    let disabled = root.post(&toggle, &proved(json!({}))).await.ok();
    assert_eq!(disabled["staff"]["is_active"], false);
    fay.get(PLATFORM).await.problem(401, "authentication_required");
    log_in(&installation, login, "fay", NEW_PASSWORD)
        .await
        .problem(401, "invalid_credentials");
    let entries = installation.count("audit_entries").await;
    root.post(&toggle, &proved(json!({"is_active": false})))
        .await
        .ok();
    assert_eq!(
        installation.count("audit_entries").await,
        entries,
        "nothing changed"
    );
    root.post(&toggle, &proved(json!({"is_active": true}))).await.ok();
    let reset = format!("{PLATFORM}/{}/reset-password", number(&added));
    let done = root
        .post(&reset, &proved(json!({"new_password": PASSWORD})))
        .await
        .ok();
    assert_eq!(
        (&done["login"], &done["sessions_ended"]),
        (&json!("Fay"), &json!(0))
    );
    log_in(&installation, login, "fay", NEW_PASSWORD)
        .await
        .problem(401, "invalid_credentials");
    log_in(&installation, login, "fay", PASSWORD).await.ok();
    installation.finish().await;
}

#[tokio::test]
async fn the_last_owner_stays_one_and_nobody_disables_themselves() {
    let installation = Installation::start().await;
    let root = owner(&installation, "root").await;
    let own = root.get(PLATFORM).await.ok()["staff"][0]["id"].clone();
    let role = format!("{PLATFORM}/{own}/role");
    for other in ["support", "finance"] {
        root.post(&role, &proved(json!({"role": other})))
            .await
            .problem(409, "last_owner");
    }
    for (verb, body) in [
        ("toggle", proved(json!({"is_active": false}))),
        ("reset-password", proved(json!({"new_password": NEW_PASSWORD}))),
    ] {
        root.post(&format!("{PLATFORM}/{own}/{verb}"), &body)
            .await
            .problem(409, "own_account");
    }
    // A disabled owner is none.
    let ann = root.post(PLATFORM, &new_with("ann", "owner")).await.ok();
    root.post(&format!("{PLATFORM}/{}/toggle", number(&ann)), &proved(json!({})))
        .await
        .ok();
    root.post(&role, &proved(json!({"role": "support"})))
        .await
        .problem(409, "last_owner");
    installation.finish().await;
}

#[tokio::test]
async fn of_two_owners_who_turn_on_each_other_at_once_one_stays() {
    let installation = Installation::start().await;
    let (ann, bob) = (
        owner(&installation, "ann").await,
        owner(&installation, "bob").await,
    );
    for (verb, body) in [
        ("role", proved(json!({"role": "support"}))),
        ("toggle", proved(json!({"is_active": false}))),
    ] {
        let list = ann.get(PLATFORM).await.ok();
        let id = |number: usize| list["staff"][number]["id"].clone();
        let (of_ann, of_bob) = (
            format!("{PLATFORM}/{}/{verb}", id(0)),
            format!("{PLATFORM}/{}/{verb}", id(1)),
        );
        let (first, second) = tokio::join!(ann.post(&of_bob, &body), bob.post(&of_ann, &body));
        let done = [&first, &second]
            .into_iter()
            .filter(|answer| answer.status == 200);
        assert_eq!(done.count(), 1, "{} {}", first.text(), second.text());
        let left = "select count(*) from staff where is_active and role = 'owner'";
        let left: i64 = sqlx::query_scalar(left)
            .fetch_one(installation.database.pool())
            .await
            .unwrap();
        assert_eq!(left, 1);
        sqlx::query("update staff set role = 'owner', is_active = true")
            .execute(installation.database.pool())
            .await
            .unwrap();
    }
    installation.finish().await;
}

#[tokio::test]
async fn an_operators_staff_look_after_each_other_and_nobody_elses() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let bluefin = installation.operator("bluefin").await;
    let staff = installation.writer().logged_in(&aurora.token);
    let added = staff.post(AURORA, &new("ann")).await.ok();
    assert_eq!(added["staff"]["email"], "ann@example.com");
    let ann = number(&added);
    let list = staff.get(&format!("{AURORA}?per_page=1&page=2")).await.ok();
    assert_eq!(list["staff"][0]["login"], "ann");
    assert_eq!(list["pagination"]["total"], 2);
    let token = log_in(&installation, "/api/admin-login", "ann", NEW_PASSWORD)
        .await
        .ok()["token"]
        .clone();
    let colleague = installation.writer().logged_in(token.as_str().unwrap());
    let reset = staff
        .post(
            &format!("{AURORA}/{ann}/reset-password"),
            &proved(json!({"new_password": PASSWORD})),
        )
        .await
        .ok();
    assert_eq!(reset["sessions_ended"], 1);
    colleague
        .get(AURORA)
        .await
        .problem(401, "authentication_required");
    let token = log_in(&installation, "/api/admin-login", "ann", PASSWORD)
        .await
        .ok()["token"]
        .clone();
    let colleague = installation.writer().logged_in(token.as_str().unwrap());
    let first = format!("{AURORA}/{}/toggle", aurora.staff);
    colleague
        .post(&first, &json!({"is_active": false, "current_password": PASSWORD}))
        .await
        .ok();
    staff.get(AURORA).await.problem(401, "authentication_required");
    colleague
        .post(&format!("{AURORA}/{ann}/toggle"), &proved(json!({})))
        .await
        .problem(409, "own_account");
    let stranger = installation.writer().logged_in(&bluefin.token);
    for (path, code) in [
        (AURORA, "operator_not_found"),
        ("/api/admin/nobody/staff", "operator_not_found"),
    ] {
        stranger.get(path).await.problem(404, code);
        stranger.post(path, &new("eve")).await.problem(404, code);
    }
    let root = platform_staff(&installation, "root").await;
    for (verb, body) in [
        ("toggle", proved(json!({}))),
        ("reset-password", proved(json!({"new_password": NEW_PASSWORD}))),
    ] {
        stranger
            .post(&format!("{AURORA}/{ann}/{verb}"), &body)
            .await
            .problem(404, "operator_not_found");
        for id in [ann.to_string(), "0".to_owned(), "x".to_owned(), "-1".to_owned()] {
            stranger
                .post(&format!("/api/admin/bluefin/staff/{id}/{verb}"), &body)
                .await
                .problem(404, "staff_not_found");
            installation
                .writer()
                .logged_in(&root)
                .post(&format!("{PLATFORM}/{id}/{verb}"), &body)
                .await
                .problem(404, "staff_not_found");
        }
        installation
            .writer()
            .post(&format!("{AURORA}/{ann}/{verb}"), &body)
            .await
            .problem(401, "authentication_required");
    }
    colleague.get(AURORA).await.ok();
    installation.finish().await;
}

#[tokio::test]
async fn what_will_not_do_is_named_and_nothing_is_written() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let staff = installation.writer().logged_in(&aurora.token);
    let root = owner(&installation, "root").await;
    let before = installation.count("staff").await;
    let all = staff
        .post(
            AURORA,
            &proved(json!({"login": "a", "password": "short", "email": "x"})),
        )
        .await
        .names_field("login");
    let named: Vec<_> = all["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| &error["field"])
        .collect();
    assert_eq!(named, ["login", "password", "email"]);
    for (body, field) in [
        (proved(json!({"password": NEW_PASSWORD})), "login"),
        (
            json!({"login": "ann", "password": NEW_PASSWORD}),
            "current_password",
        ),
        (proved(json!({"login": 7, "password": NEW_PASSWORD})), "login"),
        (
            proved(json!({"login": "ann", "password": NEW_PASSWORD, "role": "owner"})),
            "role",
        ),
        (new("AURORA_admin"), "login"),
        (new("root"), "login"),
    ] {
        staff.post(AURORA, &body).await.names_field(field);
    }
    for (body, field) in [
        (new_with("ann", "king"), "role"),
        (proved(json!({"login": "ann", "password": NEW_PASSWORD})), "role"),
        (new_with("aurora_admin", "owner"), "login"),
    ] {
        root.post(PLATFORM, &body).await.names_field(field);
    }
    let own = format!("{AURORA}/{}", aurora.staff);
    staff
        .post(&format!("{own}/toggle"), &json!({"is_active": "no"}))
        .await
        .names_field("is_active");
    staff
        .post(&format!("{own}/toggle"), &json!({"active": true}))
        .await
        .names_field("active");
    staff
        .post(&format!("{own}/toggle"), &proved(json!({"is_active": null})))
        .await
        .names_field("is_active");
    staff
        .post(
            &format!("{own}/reset-password"),
            &proved(json!({"new_password": "short"})),
        )
        .await
        .names_field("new_password");
    staff.get(&format!("{AURORA}?page=0")).await.names_field("page");
    staff
        .post_bytes(AURORA, vec![b' '; 5 * 1024 * 1024])
        .await
        .problem(413, "body_too_large");
    // Two who want one name at once.
    let body = new("twin");
    let (first, second) = tokio::join!(staff.post(AURORA, &body), staff.post(AURORA, &body));
    let done = [&first, &second]
        .into_iter()
        .filter(|answer| answer.status == 200);
    assert_eq!(done.count(), 1, "{} {}", first.text(), second.text());
    assert_eq!(installation.count("staff").await, before + 1);
    installation.finish().await;
}
