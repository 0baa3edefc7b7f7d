//! Who is let in: log-in and log-out, sessions as token and as cookie, and everybody who is refused.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Clock;
use shared::ids::OperatorId;
use shared::random::Random;
use tests::people::PASSWORD;
use tests::{Answer, Client, Installation};
use write_api::accounts::{AccountLimits, NewStaff, Password, Passwords, StaffLogin, create_staff};

const PLAYER_LOGIN: &str = "/api/auth/aurora/login";
const STAFF_LOGIN: &str = "/api/admin-login";
const PLATFORM_LOGIN: &str = "/api/superadmin/login";
const LOGOUT: &str = "/api/auth/aurora/logout";
const ME: &str = "/api/auth/me";
const BET: &str = "/api/casino/slots/bet";
const CASINO_SETTING: &str = "/api/admin/aurora/casino-setting";
const TOGGLE_CASINO: &str = "/api/admin/aurora/toggle-casino";

/// The three log-ins, and what each calls the name.
const LOGINS: [(&str, &str); 3] = [
    (PLAYER_LOGIN, "username"),
    (STAFF_LOGIN, "login"),
    (PLATFORM_LOGIN, "username"),
];

fn credentials(name: &str, password: &str) -> Value {
    json!({"username": name, "login": name, "password": password})
}

async fn log_in(client: &Client, path: &str, name: &str) -> Answer {
    client.post(path, &credentials(name, PASSWORD)).await
}

fn token(answer: &Answer) -> String {
    answer.ok()["token"].as_str().unwrap().to_owned()
}

async fn execute(installation: &Installation, statement: &'static str) {
    sqlx::query(statement)
        .execute(installation.database.pool())
        .await
        .unwrap();
}

async fn sessions(installation: &Installation) -> i64 {
    let count = sqlx::query_scalar("select count(*) from sessions");
    count.fetch_one(installation.database.pool()).await.unwrap()
}

/// Staff of the platform, logged in: the token.
async fn platform_staff(installation: &Installation, login: &str) -> String {
    let password = Password::for_new_account(PASSWORD).unwrap();
    let passwords = Passwords::new(&AccountLimits::default());
    let staff = NewStaff {
        login: StaffLogin::parse(login).unwrap(),
        password: passwords.hash(&password, &Random::system()).await.unwrap(),
    };
    let mut db = installation.database.pool().acquire().await.unwrap();
    create_staff(OperatorId::PLATFORM, &mut db, &staff, installation.clock.now())
        .await
        .unwrap();
    drop(db);
    token(&log_in(&installation.writer(), PLATFORM_LOGIN, login).await)
}

/// What a client can tell answers apart by.
fn visible(answer: &Answer) -> (u16, BTreeMap<String, String>, Value) {
    let mut body = answer.json();
    body["request_id"].take();
    let headers = answer.headers.iter().map(|(name, value)| {
        let value = if ["x-request-id", "date"].contains(&name.as_str()) {
            String::new()
        } else {
            value.to_str().unwrap().to_owned()
        };
        (name.to_string(), value)
    });
    (answer.status.as_u16(), headers.collect(), body)
}

#[tokio::test]
async fn a_player_logs_in_by_name_or_address_in_any_case() {
    let installation = Installation::start().await;
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
    let named: i64 =
        sqlx::query_scalar("select count(*) from sessions where position($1::bytea in token_hash) > 0")
            .bind(tokens[0].as_bytes())
            .fetch_one(installation.database.pool())
            .await
            .unwrap();
    assert_eq!(named, 0, "no token is stored in the clear");
    installation.finish().await;
}

#[tokio::test]
async fn an_unknown_name_and_a_wrong_password_get_the_same_answer() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    installation.player(&aurora, "alice", 0).await;
    platform_staff(&installation, "root").await;
    let before = sessions(&installation).await;
    let reader = installation.reader(0);
    for ((path, _), name) in LOGINS.into_iter().zip(["alice", "aurora_admin", "root"]) {
        let wrong = reader
            .post(path, &credentials(name, "correct horse batterz"))
            .await;
        wrong.problem(401, "invalid_credentials");
        assert_eq!(wrong.header("set-cookie"), "");
        for unknown in ["nobody", "' or ''='", "%", "alice'--", "{}", "ALİCE"] {
            let answer = log_in(&reader, path, unknown).await;
            assert_eq!(visible(&answer), visible(&wrong), "{path} {unknown}");
        }
    }
    let mut elsewhere = credentials("aurora_admin", PASSWORD);
    elsewhere["subdomain"] = json!("bluefin");
    reader
        .post(STAFF_LOGIN, &elsewhere)
        .await
        .problem(401, "invalid_credentials");
    assert_eq!(sessions(&installation).await, before);
    installation.finish().await;
}

#[tokio::test]
async fn each_kind_of_person_logs_in_at_its_own_place_only() {
    let installation = Installation::start().await;
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
        let answer = log_in(&reader, path, name).await;
        answer.problem(401, "invalid_credentials");
    }
    let mut body = credentials("AURORA_admin", PASSWORD);
    body["subdomain"] = json!(" Aurora ");
    let staff = reader.post(STAFF_LOGIN, &body).await;
    let who = json!({
        "id": aurora.id, "login": "aurora_admin", "sportsbook_name": "aurora Sports", "subdomain": "aurora",
    });
    assert_eq!(staff.ok()["operator"], who);
    assert!(
        staff
            .header("set-cookie")
            .starts_with(&format!("edgebook_operator={}; ", token(&staff)))
    );
    let checked = reader
        .logged_in(&token(&staff))
        .get("/api/admin-check")
        .await
        .ok();
    assert_eq!(
        checked,
        json!({"success": true, "logged_in": true, "operator": who})
    );
    for other in [
        reader.clone(),
        reader.logged_in(&root),
        reader.logged_in("1.forged"),
    ] {
        let checked = other.get("/api/admin-check").await.ok();
        assert_eq!(checked, json!({"success": true, "logged_in": false}));
    }
    let platform = log_in(&reader, PLATFORM_LOGIN, "ROOT").await;
    let cookie = platform.header("set-cookie");
    assert!(
        cookie.starts_with(&format!("edgebook_platform={}; ", token(&platform))),
        "{cookie}"
    );
    assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
    let before = sessions(&installation).await;
    let gone = reader
        .logged_in(&token(&platform))
        .post("/api/superadmin/logout", &json!({}))
        .await;
    gone.ok();
    assert!(
        gone.header("set-cookie")
            .starts_with("edgebook_platform=; Path=/; Max-Age=0; ")
    );
    assert_eq!(sessions(&installation).await, before - 1);
    execute(
        &installation,
        "update staff set is_active = false where operator_id = 0",
    )
    .await;
    log_in(&reader, PLATFORM_LOGIN, "root")
        .await
        .problem(401, "invalid_credentials");
    installation.finish().await;
}

#[tokio::test]
async fn a_log_out_ends_that_session_at_once_at_every_reader() {
    let installation = Installation::builder().readers(2).start().await;
    let aurora = installation.operator("aurora").await;
    installation.operator("bluefin").await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let (here, there) = (installation.reader(0), installation.reader(1));
    let other = token(&log_in(&here, PLAYER_LOGIN, "alice").await);
    let (here, there) = (here.logged_in(&alice.token), there.logged_in(&alice.token));
    there.post(BET, &json!({"stake": 1})).await.ok();
    here.post("/api/auth/bluefin/logout", &json!({}))
        .await
        .problem(404, "operator_not_found");
    here.post("/api/auth/nobody/logout", &json!({}))
        .await
        .problem(404, "operator_not_found");
    there.get(ME).await.ok();
    let gone = here.post(LOGOUT, &json!({})).await;
    assert_eq!(gone.ok()["success"], true);
    let cleared = "edgebook_player=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure";
    assert_eq!(gone.header("set-cookie"), cleared);
    for client in [&there, &here, &installation.writer().logged_in(&alice.token)] {
        client.get(ME).await.problem(401, "authentication_required");
        client
            .post(BET, &json!({"stake": 1}))
            .await
            .problem(401, "authentication_required");
    }
    here.post(LOGOUT, &json!({})).await.ok();
    installation.reader(1).post(LOGOUT, &json!({})).await.ok();
    installation.reader(1).logged_in(&other).get(ME).await.ok();
    let staff = installation.reader(0).logged_in(&aurora.token);
    staff.get(CASINO_SETTING).await.ok();
    staff.post("/api/admin-logout", &json!({})).await.ok();
    let staff = installation.reader(1).logged_in(&aurora.token);
    staff
        .get(CASINO_SETTING)
        .await
        .problem(401, "authentication_required");
    installation.finish().await;
}

/// A request that changes something needs more than a cookie, which a browser adds to the requests of any page.
#[tokio::test]
async fn a_cookie_changes_something_only_for_a_page_of_the_same_site() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let cookies = format!(
        "edgebook_player={}; edgebook_operator={}",
        alice.token, aurora.token
    );
    let front_door = (installation.reader(0), installation.readers[0].address());
    let writer = (installation.writer(), installation.writer.address());
    let mut bets = 0;
    for (service, host) in [front_door, writer] {
        let browser = service.with("cookie", &cookies);
        let (plain, secure) = (format!("http://{host}"), format!("https://{host}"));
        let (longer, evil) = (format!("http://{host}.evil.example"), "http://evil.example");
        let other_port = "http://127.0.0.1:1";
        for (headers, is_accepted) in [
            (vec![], false),
            (vec![("origin", plain.as_str())], true),
            (vec![("origin", secure.as_str())], true),
            (vec![("origin", evil)], false),
            (vec![("origin", "null")], false),
            (vec![("origin", longer.as_str())], false),
            (vec![("origin", other_port)], false),
            (vec![("referer", plain.as_str())], false),
            (vec![("sec-fetch-site", "same-origin")], true),
            (
                vec![("origin", plain.as_str()), ("sec-fetch-site", "same-origin")],
                true,
            ),
            (
                vec![("origin", plain.as_str()), ("sec-fetch-site", "cross-site")],
                false,
            ),
            (
                vec![("origin", plain.as_str()), ("sec-fetch-site", "same-site")],
                false,
            ),
            (
                vec![("origin", plain.as_str()), ("sec-fetch-site", "none")],
                false,
            ),
        ] {
            let page = headers
                .iter()
                .fold(browser.clone(), |page, (name, value)| page.with(name, value));
            let player = page.post(BET, &json!({"stake": 1})).await;
            let staff = page.post(TOGGLE_CASINO, &json!({"enabled": true})).await;
            if is_accepted {
                player.ok();
                staff.ok();
                bets += 1;
            } else {
                player.problem(403, "cross_site");
                staff.problem(403, "cross_site");
                page.post(LOGOUT, &json!({})).await.problem(403, "cross_site");
                page.post("/api/admin-logout", &json!({}))
                    .await
                    .problem(403, "cross_site");
            }
        }
        let elsewhere = browser.with("origin", evil);
        let seen = elsewhere.get(ME).await;
        assert_eq!(seen.ok()["username"], "alice", "a cookie is enough to look");
        assert_eq!(
            seen.header("access-control-allow-origin"),
            "",
            "but no other page may read it"
        );
        for (path, _) in LOGINS {
            let forced = log_in(&service.with("origin", evil), path, "alice").await;
            forced.problem(403, "cross_site");
        }
        let program = service.logged_in(&alice.token);
        for client in [program.clone(), program.with("origin", evil)] {
            client.post(BET, &json!({"stake": 1})).await.ok();
            bets += 1;
        }
        let broken = browser.with("origin", &plain).logged_in("1.forged");
        broken.get(ME).await.problem(401, "authentication_required");
    }
    let reader = installation.reader(0).with("cookie", &cookies);
    let disguised = reader
        .with("origin", "http://evil.example")
        .with("x-forwarded-host", "evil.example");
    disguised
        .post(BET, &json!({"stake": 1}))
        .await
        .problem(403, "cross_site");
    let rounds: i64 = sqlx::query_scalar("select count(*) from rounds")
        .fetch_one(installation.database.pool())
        .await
        .unwrap();
    assert_eq!(rounds, bets, "what was refused left no round");
    installation.finish().await;
}

#[tokio::test]
async fn a_session_ends_with_its_time_and_the_oldest_gives_way() {
    let clock = Clock::manual(Clock::machine().now());
    let installation = Installation::builder()
        .clock(clock.clone())
        .writer_args(&[
            "--session-s",
            "60",
            "--sessions-per-person",
            "2",
            "--session-sweep-s",
            "1",
        ])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    let first = installation.player(&aurora, "alice", 0).await.token;
    let reader = installation.reader(0);
    clock.advance(Duration::from_secs(10));
    let second = log_in(&reader, PLAYER_LOGIN, "alice").await;
    assert!(
        second.header("set-cookie").contains("; Max-Age=60;"),
        "{}",
        second.header("set-cookie")
    );
    reader.logged_in(&first).get(ME).await.ok();
    let third = log_in(&reader, PLAYER_LOGIN, "alice").await;
    reader
        .logged_in(&first)
        .get(ME)
        .await
        .problem(401, "authentication_required");
    let staff = reader.logged_in(&aurora.token);
    let players = [
        reader.logged_in(&token(&second)),
        reader.logged_in(&token(&third)),
    ];
    clock.advance(Duration::from_secs(49));
    staff.get(CASINO_SETTING).await.ok();
    clock.advance(Duration::from_secs(1));
    staff
        .get(CASINO_SETTING)
        .await
        .problem(401, "authentication_required");
    clock.advance(Duration::from_secs(9));
    for player in &players {
        player.get(ME).await.ok();
    }
    clock.advance(Duration::from_secs(1));
    for player in &players {
        player.get(ME).await.problem(401, "authentication_required");
    }
    installation
        .within(Duration::from_secs(5), "expired sessions are deleted", || async {
            sessions(&installation).await == 0
        })
        .await;
    installation.finish().await;
}

#[tokio::test]
async fn the_disabled_are_refused_and_let_in_again_later() {
    let installation = Installation::start().await;
    let (aurora, bluefin) = (
        installation.operator("aurora").await,
        installation.operator("bluefin").await,
    );
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let carol = installation.player(&bluefin, "carol", 10_000).await;
    let reader = installation.reader(0);
    let (player, staff) = (reader.logged_in(&alice.token), reader.logged_in(&aurora.token));

    execute(
        &installation,
        "update players set is_active = false where username = 'alice'",
    )
    .await;
    player.get(ME).await.problem(403, "account_disabled");
    player
        .post(BET, &json!({"stake": 1}))
        .await
        .problem(403, "account_disabled");
    log_in(&reader, PLAYER_LOGIN, "alice")
        .await
        .problem(403, "account_disabled");
    let guess = reader
        .post(PLAYER_LOGIN, &credentials("alice", "something else"))
        .await;
    guess.problem(401, "invalid_credentials");
    player
        .get("/api/auth/bluefin/me")
        .await
        .problem(404, "operator_not_found");
    execute(&installation, "update players set is_active = true").await;
    player.get(ME).await.ok();

    execute(
        &installation,
        "update staff set is_active = false where login = 'aurora_admin'",
    )
    .await;
    staff.get(CASINO_SETTING).await.problem(403, "account_disabled");
    staff
        .post(TOGGLE_CASINO, &json!({}))
        .await
        .problem(403, "account_disabled");
    log_in(&reader, STAFF_LOGIN, "aurora_admin")
        .await
        .problem(403, "account_disabled");
    let checked = staff.get("/api/admin-check").await.ok();
    assert_eq!(checked["logged_in"], false);
    player.get(ME).await.ok();
    execute(&installation, "update staff set is_active = true").await;
    staff.get(CASINO_SETTING).await.ok();

    execute(
        &installation,
        "update operators set is_active = false where subdomain = 'aurora'",
    )
    .await;
    player.get(ME).await.problem(403, "operator_disabled");
    player
        .post(BET, &json!({"stake": 1}))
        .await
        .problem(403, "operator_disabled");
    staff.get(CASINO_SETTING).await.problem(403, "operator_disabled");
    staff
        .post(TOGGLE_CASINO, &json!({}))
        .await
        .problem(403, "operator_disabled");
    log_in(&reader, PLAYER_LOGIN, "alice")
        .await
        .problem(403, "operator_disabled");
    log_in(&reader, STAFF_LOGIN, "aurora_admin")
        .await
        .problem(403, "operator_disabled");
    staff
        .get("/api/admin/bluefin/casino-setting")
        .await
        .problem(404, "operator_not_found");
    reader.logged_in(&carol.token).get(ME).await.ok();
    execute(&installation, "update operators set is_active = true").await;
    player.get(ME).await.ok();
    let setting = staff.get(CASINO_SETTING).await.ok();
    assert_eq!(setting["casino_enabled"], true, "nothing was switched meanwhile");
    player.post(LOGOUT, &json!({})).await.ok();
    installation.finish().await;
}

#[tokio::test]
async fn a_session_opens_its_own_operator_and_its_own_kind_of_routes_only() {
    let installation = Installation::start().await;
    let (aurora, bluefin) = (
        installation.operator("aurora").await,
        installation.operator("bluefin").await,
    );
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let namesake = installation.player(&bluefin, "alice", 20_000).await;
    let root = platform_staff(&installation, "root").await;
    let reader = installation.reader(0);
    let player = reader.logged_in(&alice.token);
    for elsewhere in [
        "bluefin",
        "nobody",
        "-aurora",
        "a%20b",
        "aurora%00",
        "%F0%9F%8E%B0",
        "%ff",
    ] {
        let answer = player.get(&format!("/api/auth/{elsewhere}/me")).await;
        answer.problem(404, "operator_not_found");
    }
    for elsewhere in ["nobody", "-aurora", "a%20b", "aurora%00"] {
        let answer = log_in(&reader, &format!("/api/auth/{elsewhere}/login"), "alice").await;
        answer.problem(404, "operator_not_found");
    }
    let other = reader.logged_in(&namesake.token);
    assert_eq!(
        other.get("/api/auth/bluefin/me").await.ok()["balance"],
        json!(200.0)
    );
    other
        .get("/api/auth/aurora/me")
        .await
        .problem(404, "operator_not_found");

    let (_, secret) = alice.token.split_once('.').unwrap();
    let moved = format!("{}.{secret}", bluefin.id);
    let not_players = [aurora.token.as_str(), &root, &moved, secret, "", "1.forged"];
    let mut strangers = vec![reader.clone()];
    strangers.extend(not_players.iter().map(|token| reader.logged_in(token)));
    strangers.extend(not_players.iter().map(|token| {
        let page = reader.with("sec-fetch-site", "same-origin");
        page.with("cookie", &format!("edgebook_player={token}"))
    }));
    strangers.push(reader.with("authorization", "Basic YWxpY2U6eA=="));
    for stranger in &strangers {
        for path in [ME, "/api/auth/aurora/me", "/api/casino/wallet/balance"] {
            let refused = stranger.get(path).await;
            refused.problem(401, "authentication_required");
            assert_eq!(refused.header("www-authenticate"), "Bearer");
        }
        stranger
            .post(BET, &json!({"stake": 1}))
            .await
            .problem(401, "authentication_required");
    }
    let page = reader.with("sec-fetch-site", "same-origin");
    for token in [alice.token.as_str(), &root, &namesake.token] {
        let cookie = format!("edgebook_operator={token}; edgebook_player={token}");
        for client in [reader.logged_in(token), page.with("cookie", &cookie)] {
            client
                .get(CASINO_SETTING)
                .await
                .problem(401, "authentication_required");
            client
                .post(TOGGLE_CASINO, &json!({}))
                .await
                .problem(401, "authentication_required");
        }
    }
    player.get(ME).await.ok();
    installation.finish().await;
}

#[tokio::test]
async fn too_many_failed_log_ins_are_refused_until_the_window_ends() {
    let clock = Clock::manual(Clock::machine().now());
    let installation = Installation::builder()
        .clock(clock.clone())
        .writer_args(&[
            "--login-failures-per-account",
            "3",
            "--login-failures-per-address",
            "8",
        ])
        .writer_args(&["--login-failure-window-s", "60"])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    installation.player(&aurora, "alice", 0).await;
    installation.player(&aurora, "bob", 0).await;
    let reader = installation.reader(0);
    let wrong = |name: &'static str| {
        let reader = reader.clone();
        async move {
            reader
                .post(PLAYER_LOGIN, &credentials(name, "something else"))
                .await
        }
    };
    for name in ["alice", "nobody"] {
        for _ in 0..3 {
            wrong(name).await.problem(401, "invalid_credentials");
            clock.advance(Duration::from_secs(1));
        }
    }
    for name in ["alice", "Alice ", "nobody"] {
        let refused = log_in(&reader, PLAYER_LOGIN, name).await;
        refused.problem(429, "too_many_failed_logins");
        let retry_after_s: u64 = refused.header("retry-after").parse().unwrap();
        assert!((50..=60).contains(&retry_after_s), "{retry_after_s}");
        assert_eq!(refused.header("set-cookie"), "");
    }
    log_in(&reader, PLAYER_LOGIN, "bob").await.ok();
    let staff = reader
        .post(STAFF_LOGIN, &credentials("alice", "something else"))
        .await;
    staff.problem(401, "invalid_credentials");
    wrong("carol").await.problem(401, "invalid_credentials");
    let others = [
        reader.clone(),
        installation.writer(),
        reader.with("x-forwarded-for", "203.0.113.9"),
    ];
    for client in others {
        let refused = log_in(&client, PLAYER_LOGIN, "bob").await;
        refused.problem(429, "too_many_failed_logins");
    }
    clock.advance(Duration::from_secs(61));
    log_in(&reader, PLAYER_LOGIN, "alice").await.ok();
    wrong("alice").await.problem(401, "invalid_credentials");
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
    let installation = Installation::builder().writer_args(&limits).start().await;
    let aurora = installation.operator("aurora").await;
    installation.player(&aurora, "alice", 0).await;
    let before = sessions(&installation).await;
    let reader = installation.reader(0);
    let wrong_types = [
        json!(null),
        json!(5),
        json!(true),
        json!(["alice"]),
        json!({"a": 1}),
    ];
    for (path, name) in LOGINS {
        let (long, control) = (json!("x".repeat(255)), json!("alice\u{0}"));
        let names = [
            json!(""),
            json!("  "),
            long,
            control,
            json!("al\nice"),
            json!("al\u{85}ice"),
        ];
        for bad in wrong_types.iter().chain(&names) {
            reader
                .post(path, &json!({name: bad, "password": PASSWORD}))
                .await
                .names_field(name);
        }
        let passwords = [json!(""), json!("x".repeat(201)), json!("é".repeat(101))];
        for bad in wrong_types.iter().chain(&passwords) {
            reader
                .post(path, &json!({name: "alice", "password": bad}))
                .await
                .names_field("password");
        }
        reader.post(path, &json!({})).await.names_field(name);
        reader
            .post(path, &json!({"password": PASSWORD}))
            .await
            .names_field(name);
        reader
            .post(path, &json!({name: "alice"}))
            .await
            .names_field("password");
        for body in ["[]", "5", "\"alice\"", "null", "true"] {
            reader.post_bytes(path, body).await.names_field("body");
        }
        let nested = "[".repeat(100_000);
        let deep = format!("{{\"{name}\":{nested}");
        let good = credentials("alice", PASSWORD).to_string();
        for body in [
            "",
            "{",
            "{]",
            "username=alice",
            "{\"username\":NaN}",
            &deep,
            &format!("{good}x"),
        ] {
            reader.post_bytes(path, body).await.problem(400, "malformed_json");
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
            reader.post_bytes(path, body).await.problem(400, "malformed_json");
        }
        let form = reader.with("content-type", "application/x-www-form-urlencoded");
        form.post_bytes(path, good)
            .await
            .problem(415, "unsupported_media_type");
        let large = vec![b' '; 10 * 1024 * 1024];
        reader
            .post_bytes(path, large)
            .await
            .problem(413, "body_too_large");
        reader.get(path).await.problem(405, "method_not_allowed");
    }
    let elsewhere = json!({"login": "aurora_admin", "password": PASSWORD, "subdomain": 5});
    reader
        .post(STAFF_LOGIN, &elsewhere)
        .await
        .names_field("subdomain");
    assert_eq!(sessions(&installation).await, before);
    log_in(&reader, PLAYER_LOGIN, "alice").await.ok();
    log_in(&reader, STAFF_LOGIN, "aurora_admin").await.ok();
    installation.finish().await;
}
