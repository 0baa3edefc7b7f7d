//! Who is let in: log-in by name and password, and every way in which it is refused.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use shared::clock::Clock;
use shared::ids::OperatorId;
use shared::random::Random;
use tests::people::PASSWORD;
use tests::{Answer, Builder, Client, Installation};
use write_api::accounts::{AccountLimits, NewStaff, Password, Passwords, Role, StaffLogin, create_staff};

mod imported;
mod own;
mod profile;
mod proof;
mod second_factor;
mod sessions;

const PLAYER_LOGIN: &str = "/api/auth/aurora/login";
const STAFF_LOGIN: &str = "/api/admin-login";
const PLATFORM_LOGIN: &str = "/api/superadmin/login";
const ME: &str = "/api/auth/me";

/// The three log-ins, and what each calls the name.
const LOGINS: [(&str, &str); 3] = [
    (PLAYER_LOGIN, "username"),
    (STAFF_LOGIN, "login"),
    (PLATFORM_LOGIN, "username"),
];

/// Like production, but its readers look for news more often: they learn of a new operator sooner.
fn builder() -> Builder {
    Installation::builder().reader_args(&["--pull-ms", "50"])
}

async fn guess(client: &Client, path: &str, name: &str, password: &str) -> Answer {
    let body = json!({"username": name, "login": name, "password": password});
    client.post(path, &body).await
}

async fn log_in(client: &Client, path: &str, name: &str) -> Answer {
    guess(client, path, name, PASSWORD).await
}

fn token(logged_in: &Answer) -> String {
    logged_in.ok()["token"].as_str().unwrap().to_owned()
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    answer.problem(status, code);
}

async fn count(installation: &Installation, table: &str) -> i64 {
    let statement = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
    let count = sqlx::query_scalar(statement);
    count.fetch_one(installation.database.pool()).await.unwrap()
}

async fn execute(installation: &Installation, statement: &'static str) {
    let pool = installation.database.pool();
    sqlx::query(statement).execute(pool).await.unwrap();
}

/// Staff of the platform, logged in: the token.
pub(crate) async fn platform_staff(installation: &Installation, login: &str) -> String {
    platform_staff_as(Role::Owner, installation, login).await
}

/// The same with a role.
pub(crate) async fn platform_staff_as(role: Role, installation: &Installation, login: &str) -> String {
    let password = Password::for_new_account(PASSWORD).unwrap();
    let passwords = Passwords::new(&AccountLimits::default());
    let staff = NewStaff {
        login: StaffLogin::parse(login).unwrap(),
        password: passwords.hash(&password, &Random::system()).await.unwrap(),
        email: None,
        role,
    };
    let mut db = installation.database.pool().acquire().await.unwrap();
    let now = installation.clock.now();
    let created = create_staff(OperatorId::PLATFORM, &mut db, &staff, now).await;
    created.unwrap();
    token(&log_in(&installation.writer(), PLATFORM_LOGIN, login).await)
}

#[tokio::test]
async fn a_player_logs_in_by_name_or_address_in_any_case() {
    let installation = builder().start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "Alice", 12_345).await;
    let reader = installation.reader(0);
    let user = json!({
        "id": alice.id, "username": "Alice", "email": "alice@example.com", "balance": 123.45,
        "sportsbook": "aurora Sports",
    });
    let mut tokens = vec![alice.token.clone()];
    for name in ["Alice", "aLICE", " alice\n", "ALICE@Example.Com"] {
        let answer = log_in(&reader, PLAYER_LOGIN, name).await;
        assert_eq!(answer.ok()["user"], user, "{name}");
        assert_eq!(answer.header("cache-control"), "private, no-store");
        assert!(!answer.text().contains("argon2") && !answer.text().contains(PASSWORD));
        let token = token(&answer);
        let set = format!("edgebook_player={token}; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(answer.header("set-cookie"), set);
        let cookie = format!("theme=dark; edgebook_player={token}");
        for client in [reader.logged_in(&token), reader.with("cookie", &cookie)] {
            for path in [ME, "/api/auth/aurora/me", "/api/auth/AURORA/me"] {
                let me = client.get(path).await.ok();
                assert_eq!(me["username"], "Alice");
                assert_eq!(me["balance"], json!(123.45));
                assert_eq!(me["sportsbook_operator_id"], json!(aurora.id));
                assert!(me["last_login"].is_string(), "{me}");
            }
        }
        tokens.push(token);
    }
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 5, "each log-in has a token of its own");
    for token in &tokens {
        let stored =
            sqlx::query_scalar::<_, i64>("select count(*) from sessions where token_hash = sha256($1)");
        let stored = stored
            .bind(token.as_bytes())
            .fetch_one(installation.database.pool())
            .await;
        assert_eq!(stored.unwrap(), 1, "only its hash is stored");
    }
    installation.finish().await;
}

#[tokio::test]
async fn each_kind_of_person_logs_in_at_its_own_place_only() {
    let installation = builder().start().await;
    let aurora = installation.operator("aurora").await;
    installation.player(&aurora, "alice", 0).await;
    let root = platform_staff(&installation, "root").await;
    let reader = installation.reader(0);
    for (path, name) in [
        (PLAYER_LOGIN, "aurora_admin"),
        (PLAYER_LOGIN, "root"),
        (STAFF_LOGIN, "alice"),
        (STAFF_LOGIN, "root"),
        (PLATFORM_LOGIN, "alice"),
        (PLATFORM_LOGIN, "aurora_admin"),
    ] {
        refused(&log_in(&reader, path, name).await, 401, "invalid_credentials");
    }
    for nowhere in ["nobody", "-aurora", "a%20b", "aurora%00"] {
        let path = format!("/api/auth/{nowhere}/login");
        refused(&log_in(&reader, &path, "alice").await, 404, "operator_not_found");
    }
    let body = json!({"login": "AURORA_admin", "password": PASSWORD, "subdomain": " Aurora "});
    let staff = reader.post(STAFF_LOGIN, &body).await;
    let who = json!({
        "id": aurora.id, "login": "aurora_admin", "sportsbook_name": "aurora Sports", "subdomain": "aurora",
    });
    assert_eq!(staff.ok()["operator"], who);
    let cookie = format!("edgebook_operator={}; ", token(&staff));
    assert!(staff.header("set-cookie").starts_with(&cookie));
    let checked = reader.logged_in(&token(&staff)).get("/api/admin-check").await;
    assert_eq!(
        checked.ok(),
        json!({"success": true, "logged_in": true, "operator": who})
    );
    for other in [reader.clone(), reader.logged_in(&root), reader.logged_in("1.x")] {
        let checked = other.get("/api/admin-check").await;
        assert_eq!(checked.ok(), json!({"success": true, "logged_in": false}));
    }
    let platform = log_in(&reader, PLATFORM_LOGIN, "ROOT").await;
    let cookie = format!("edgebook_platform={}; Path=/; ", token(&platform));
    assert!(platform.header("set-cookie").starts_with(&cookie));
    assert!(platform.header("set-cookie").contains("; HttpOnly; SameSite=Lax"));
    let before = count(&installation, "sessions").await;
    let platform = reader.logged_in(&token(&platform));
    let gone = platform.post("/api/superadmin/logout", &json!({})).await;
    gone.ok();
    assert!(
        gone.header("set-cookie")
            .starts_with("edgebook_platform=; Path=/; Max-Age=0; ")
    );
    assert_eq!(count(&installation, "sessions").await, before - 1);
    execute(
        &installation,
        "update staff set is_active = false where operator_id = 0",
    )
    .await;
    refused(
        &log_in(&reader, PLATFORM_LOGIN, "root").await,
        401,
        "invalid_credentials",
    );
    installation.finish().await;
}

/// What a client can tell answers apart by, the time aside.
fn visible(answer: &Answer) -> (u16, BTreeMap<String, String>, String) {
    let headers = answer.headers.iter().filter(|(name, _)| *name != "date");
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    (answer.status.as_u16(), headers.collect(), answer.text())
}

#[tokio::test]
async fn an_unknown_name_and_a_wrong_password_get_the_same_answer() {
    let installation = builder().start().await;
    let aurora = installation.operator("aurora").await;
    installation.player(&aurora, "alice", 0).await;
    platform_staff(&installation, "root").await;
    let before = count(&installation, "sessions").await;
    let reader = installation.reader(0).with("x-request-id", "the-same");
    for ((path, _), name) in LOGINS.into_iter().zip(["alice", "aurora_admin", "root"]) {
        let wrong = guess(&reader, path, name, "correct horse batterz").await;
        refused(&wrong, 401, "invalid_credentials");
        assert_eq!(wrong.header("set-cookie"), "");
        for unknown in ["nobody", "' or ''='", "%", "alice'--", "{}", "ALİCE"] {
            let answer = log_in(&reader, path, unknown).await;
            assert_eq!(visible(&answer), visible(&wrong), "{path} {unknown}");
        }
    }
    let elsewhere = json!({"login": "aurora_admin", "password": PASSWORD, "subdomain": "bluefin"});
    let answer = reader.post(STAFF_LOGIN, &elsewhere).await;
    refused(&answer, 401, "invalid_credentials");
    assert_eq!(count(&installation, "sessions").await, before);
    installation.finish().await;
}

#[tokio::test]
async fn too_many_failed_log_ins_are_refused_for_ever_longer_and_of_unknown_names_too() {
    let clock = Clock::manual(Clock::machine().now());
    let installation = builder()
        .clock(clock.clone())
        .writer_args(&[
            "--login-failures-per-account",
            "3",
            "--login-failures-per-address",
            "8",
        ])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    installation.player(&aurora, "alice", 0).await;
    installation.player(&aurora, "bob", 0).await;
    let reader = installation.reader(0);
    for name in ["alice", "nobody"] {
        for _ in 0..3 {
            let wrong = guess(&reader, PLAYER_LOGIN, name, "something else").await;
            refused(&wrong, 401, "invalid_credentials");
            clock.advance(Duration::from_secs(1));
        }
    }
    for name in ["alice", "Alice ", "nobody"] {
        let answer = log_in(&reader, PLAYER_LOGIN, name).await;
        refused(&answer, 429, "too_many_failed_logins");
        let retry_after_s: u64 = answer.header("retry-after").parse().unwrap();
        assert!((50..=60).contains(&retry_after_s), "{retry_after_s}");
        assert_eq!(answer.header("set-cookie"), "");
    }
    log_in(&reader, PLAYER_LOGIN, "bob").await.ok();
    for (path, name) in [(STAFF_LOGIN, "alice"), (PLAYER_LOGIN, "carol")] {
        let wrong = guess(&reader, path, name, "something else").await;
        refused(&wrong, 401, "invalid_credentials");
    }
    let disguised = reader.with("x-forwarded-for", "203.0.113.9");
    for client in [reader.clone(), installation.writer(), disguised] {
        let answer = log_in(&client, PLAYER_LOGIN, "bob").await;
        refused(&answer, 429, "too_many_failed_logins");
    }
    for minutes in [1, 2, 4] {
        clock.advance(Duration::from_mins(minutes) + Duration::from_secs(1));
        for name in ["alice", "nobody"] {
            let wrong = guess(&reader, PLAYER_LOGIN, name, "something else").await;
            refused(&wrong, 401, "invalid_credentials");
            let answer = log_in(&reader, PLAYER_LOGIN, name).await;
            refused(&answer, 429, "too_many_failed_logins");
            let retry_after_s: u64 = answer.header("retry-after").parse().unwrap();
            assert!(retry_after_s.abs_diff(minutes * 120) <= 1, "{retry_after_s}");
        }
    }
    clock.advance(Duration::from_mins(8));
    log_in(&reader, PLAYER_LOGIN, "alice").await.ok();
    installation.finish().await;
}

/// Bad requests are no failed log-ins: with a limit of one, a good one works after all of them.
#[tokio::test]
async fn every_bad_log_in_is_refused_by_name() {
    let limits = [
        "--login-failures-per-account",
        "1",
        "--login-failures-per-address",
        "1",
    ];
    let installation = builder().writer_args(&limits).start().await;
    let aurora = installation.operator("aurora").await;
    installation.player(&aurora, "alice", 0).await;
    let before = count(&installation, "sessions").await;
    let reader = installation.reader(0);
    for (path, name) in LOGINS {
        bad_members(&reader, path, name).await;
        bad_bodies(&reader, path, name).await;
        refused(&reader.get(path).await, 405, "method_not_allowed");
    }
    let elsewhere = json!({"login": "aurora_admin", "password": PASSWORD, "subdomain": 5});
    reader
        .post(STAFF_LOGIN, &elsewhere)
        .await
        .names_field("subdomain");
    assert_eq!(count(&installation, "sessions").await, before);
    log_in(&reader, PLAYER_LOGIN, "alice").await.ok();
    log_in(&reader, STAFF_LOGIN, "aurora_admin").await.ok();
    installation.finish().await;
}

async fn bad_members(reader: &Client, path: &str, name: &str) {
    let mut deep = json!([]);
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let wrong_types = [
        json!(null),
        json!(5),
        json!(true),
        json!(["alice"]),
        json!({"a": 1}),
        deep,
    ];
    let (empty, blank, long) = (json!(""), json!("  "), json!("x".repeat(255)));
    let names = [
        empty.clone(),
        blank,
        long,
        json!("alice\u{0}"),
        json!("al\nice"),
        json!("al\u{85}ice"),
    ];
    for bad in wrong_types.iter().chain(&names) {
        let answer = reader.post(path, &json!({name: bad, "password": PASSWORD})).await;
        answer.names_field(name);
    }
    let passwords = [empty, json!("x".repeat(201)), json!("é".repeat(101))];
    for bad in wrong_types.iter().chain(&passwords) {
        let answer = reader.post(path, &json!({name: "alice", "password": bad})).await;
        answer.names_field("password");
    }
    reader.post(path, &json!({})).await.names_field(name);
    let answer = reader.post(path, &json!({"password": PASSWORD})).await;
    answer.names_field(name);
    let answer = reader.post(path, &json!({name: "alice"})).await;
    answer.names_field("password");
}

async fn bad_bodies(reader: &Client, path: &str, name: &str) {
    let good = json!({name: "alice", "password": PASSWORD}).to_string();
    let twice = good.replacen('{', "{\"password\":\"x\",", 1);
    reader.post_bytes(path, twice).await.names_field("password");
    let array = json!(["alice", PASSWORD]).to_string();
    for body in ["[]", "5", "\"alice\"", "null", "true", &array] {
        reader.post_bytes(path, body).await.names_field("body");
    }
    let (unclosed, doubled) = ("[".repeat(100_000), format!("{good}{good}"));
    for body in [
        "",
        "{",
        "{]",
        "username=alice",
        "{\"username\":NaN}",
        &unclosed,
        &doubled,
    ] {
        let answer = reader.post_bytes(path, body).await;
        refused(&answer, 400, "malformed_json");
    }
    for text in [
        &b"\xff"[..],
        b"\xed\xa0\x80",
        b"\\ud800",
        b"\\x41",
        b"\x00",
        b"a\nb",
    ] {
        let body = [
            format!("{{\"{name}\":\"").as_bytes(),
            text,
            b"\",\"password\":\"x\"}",
        ]
        .concat();
        let answer = reader.post_bytes(path, body).await;
        refused(&answer, 400, "malformed_json");
    }
    let form = reader.with("content-type", "application/x-www-form-urlencoded");
    let answer = form.post_bytes(path, good).await;
    refused(&answer, 415, "unsupported_media_type");
    let answer = reader.post_bytes(path, vec![b' '; 10 * 1024 * 1024]).await;
    refused(&answer, 413, "body_too_large");
}
