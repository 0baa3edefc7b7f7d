//! Sessions, as token and as cookie: what each opens, and when it ends.

use std::time::Duration;

use serde_json::json;
use shared::clock::Clock;
use tests::{Answer, Client, Installation};

use super::{
    LOGINS, ME, PLAYER_LOGIN, STAFF_LOGIN, builder, count, execute, guess, log_in, platform_staff, refused,
    token,
};

const LOGOUT: &str = "/api/auth/aurora/logout";
const CASINO_SETTING: &str = "/api/admin/aurora/casino-setting";
const NOBODY: &str = "authentication_required";

async fn bet(client: &Client) -> Answer {
    let body = json!({"stake": 1});
    client.post("/api/casino/slots/bet", &body).await
}

async fn open_casino(client: &Client) -> Answer {
    let body = json!({"enabled": true});
    client.post("/api/admin/aurora/toggle-casino", &body).await
}

async fn log_out(client: &Client, path: &str) -> Answer {
    client.post(path, &json!({})).await
}

#[tokio::test]
async fn a_log_out_ends_that_session_at_once_at_every_reader() {
    let installation = builder().readers(2).start().await;
    let aurora = installation.operator("aurora").await;
    installation.operator("bluefin").await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let (here, there) = (installation.reader(0), installation.reader(1));
    let other = token(&log_in(&here, PLAYER_LOGIN, "alice").await);
    let (player, elsewhere) = (here.logged_in(&alice.token), there.logged_in(&alice.token));
    bet(&elsewhere).await.ok();
    for path in ["/api/auth/bluefin/logout", "/api/auth/nobody/logout"] {
        refused(&log_out(&player, path).await, 404, "operator_not_found");
    }
    elsewhere.get(ME).await.ok();
    let gone = log_out(&player, LOGOUT).await;
    assert_eq!(gone.ok()["success"], true);
    let cleared = "edgebook_player=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure";
    assert_eq!(gone.header("set-cookie"), cleared);
    let directly = installation.writer().logged_in(&alice.token);
    for client in [&elsewhere, &player, &directly] {
        refused(&client.get(ME).await, 401, NOBODY);
        refused(&bet(client).await, 401, NOBODY);
    }
    log_out(&player, LOGOUT).await.ok();
    log_out(&there, LOGOUT).await.ok();
    there.logged_in(&other).get(ME).await.ok();

    let (staff, elsewhere) = (here.logged_in(&aurora.token), there.logged_in(&aurora.token));
    elsewhere.get(CASINO_SETTING).await.ok();
    log_out(&staff, "/api/admin-logout").await.ok();
    refused(&elsewhere.get(CASINO_SETTING).await, 401, NOBODY);
    installation.finish().await;
}

/// A request that changes something needs more than a cookie, which a browser adds to the requests of any page.
#[tokio::test]
async fn a_cookie_changes_something_only_for_a_page_of_the_same_site() {
    let installation = builder().start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let cookies = format!(
        "edgebook_player={}; edgebook_operator={}",
        alice.token, aurora.token
    );
    let front_door = (installation.reader(0), installation.readers[0].address());
    let writer = (installation.writer(), installation.writer.address());
    let (mut bets, evil) = (0, "http://evil.example");
    for (service, host) in [front_door, writer] {
        let browser = service.with("cookie", &cookies);
        let (plain, secure, longer) = (
            format!("http://{host}"),
            format!("https://{host}"),
            format!("http://{host}.evil.example"),
        );
        let from = |origin: &str| browser.with("origin", origin);
        for (page, is_accepted) in [
            (browser.clone(), false),
            (from(&plain), true),
            (from(&secure), true),
            (from(evil), false),
            (from("null"), false),
            (from(&longer), false),
            (from("http://127.0.0.1:1"), false),
            (browser.with("referer", &plain), false),
            (browser.with("sec-fetch-site", "same-origin"), true),
            (from(&plain).with("sec-fetch-site", "same-origin"), true),
            (from(&plain).with("sec-fetch-site", "cross-site"), false),
            (from(&plain).with("sec-fetch-site", "same-site"), false),
            (from(&plain).with("sec-fetch-site", "none"), false),
        ] {
            if is_accepted {
                bet(&page).await.ok();
                open_casino(&page).await.ok();
                bets += 1;
            } else {
                refused(&bet(&page).await, 403, "cross_site");
                refused(&open_casino(&page).await, 403, "cross_site");
                refused(&log_out(&page, LOGOUT).await, 403, "cross_site");
                refused(&log_out(&page, "/api/admin-logout").await, 403, "cross_site");
            }
        }
        another_site_can_not_read_or_log_in(&service, &from(evil)).await;
        let program = service.logged_in(&alice.token);
        bet(&program).await.ok();
        bet(&program.with("origin", evil)).await.ok();
        bets += 2;
        refused(&from(&plain).logged_in("1.forged").get(ME).await, 401, NOBODY);
    }
    let disguised = installation
        .reader(0)
        .with("cookie", &cookies)
        .with("origin", evil);
    let disguised = disguised.with("x-forwarded-host", "evil.example");
    refused(&bet(&disguised).await, 403, "cross_site");
    assert_eq!(
        count(&installation, "rounds").await,
        bets,
        "what was refused left no round"
    );
    installation.finish().await;
}

async fn another_site_can_not_read_or_log_in(service: &Client, page: &Client) {
    let seen = page.get(ME).await;
    assert_eq!(seen.ok()["username"], "alice", "a cookie is enough to look");
    assert_eq!(
        seen.header("access-control-allow-origin"),
        "",
        "but no other page may read it"
    );
    for (path, _) in LOGINS {
        let forced = log_in(&service.with("origin", "http://evil.example"), path, "alice").await;
        refused(&forced, 403, "cross_site");
    }
}

#[tokio::test]
async fn a_session_ends_with_its_time_and_the_oldest_gives_way() {
    let clock = Clock::manual(Clock::machine().now());
    let installation = builder()
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
    let alice = installation.player(&aurora, "alice", 0).await;
    let reader = installation.reader(0);
    let first = reader.logged_in(&alice.token);
    clock.advance(Duration::from_secs(10));
    let second = log_in(&reader, PLAYER_LOGIN, "alice").await;
    assert!(second.header("set-cookie").contains("; Max-Age=60;"));
    first.get(ME).await.ok();
    let third = log_in(&reader, PLAYER_LOGIN, "alice").await;
    refused(&first.get(ME).await, 401, NOBODY);
    let staff = reader.logged_in(&aurora.token);
    let players = [
        reader.logged_in(&token(&second)),
        reader.logged_in(&token(&third)),
    ];
    clock.advance(Duration::from_secs(49));
    staff.get(CASINO_SETTING).await.ok();
    clock.advance(Duration::from_secs(1));
    refused(&staff.get(CASINO_SETTING).await, 401, NOBODY);
    clock.advance(Duration::from_secs(9));
    for player in &players {
        player.get(ME).await.ok();
    }
    clock.advance(Duration::from_secs(1));
    for player in &players {
        refused(&player.get(ME).await, 401, NOBODY);
    }
    let is_swept = || async { count(&installation, "sessions").await == 0 };
    let limit = Duration::from_secs(10);
    installation
        .within(limit, "expired sessions are deleted", is_swept)
        .await;
    installation.finish().await;
}

#[tokio::test]
async fn the_disabled_are_refused_and_let_in_again_later() {
    let installation = builder().start().await;
    let aurora = installation.operator("aurora").await;
    let bluefin = installation.operator("bluefin").await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let carol = installation.player(&bluefin, "carol", 10_000).await;
    let reader = installation.reader(0);
    let (player, staff) = (reader.logged_in(&alice.token), reader.logged_in(&aurora.token));

    execute(
        &installation,
        "update players set is_active = false where username = 'alice'",
    )
    .await;
    refused(&player.get(ME).await, 403, "account_disabled");
    refused(&bet(&player).await, 403, "account_disabled");
    refused(
        &log_in(&reader, PLAYER_LOGIN, "alice").await,
        403,
        "account_disabled",
    );
    let wrong = guess(&reader, PLAYER_LOGIN, "alice", "something else").await;
    refused(&wrong, 401, "invalid_credentials");
    refused(
        &player.get("/api/auth/bluefin/me").await,
        404,
        "operator_not_found",
    );
    execute(&installation, "update players set is_active = true").await;
    player.get(ME).await.ok();

    execute(
        &installation,
        "update staff set is_active = false where login = 'aurora_admin'",
    )
    .await;
    refused(&staff.get(CASINO_SETTING).await, 403, "account_disabled");
    refused(&open_casino(&staff).await, 403, "account_disabled");
    refused(
        &log_in(&reader, STAFF_LOGIN, "aurora_admin").await,
        403,
        "account_disabled",
    );
    assert_eq!(staff.get("/api/admin-check").await.ok()["logged_in"], false);
    player.get(ME).await.ok();
    execute(&installation, "update staff set is_active = true").await;
    staff.get(CASINO_SETTING).await.ok();

    disable_operator(&installation, &player, &staff).await;
    reader.logged_in(&carol.token).get(ME).await.ok();
    execute(&installation, "update operators set is_active = true").await;
    player.get(ME).await.ok();
    staff.get(CASINO_SETTING).await.ok();
    assert_eq!(count(&installation, "rounds").await, 0);
    installation.finish().await;
}

/// Disables the operator `aurora`, whose these are.
async fn disable_operator(installation: &Installation, player: &Client, staff: &Client) {
    let disable = "update operators set is_active = false where subdomain = 'aurora'";
    execute(installation, disable).await;
    refused(&player.get(ME).await, 403, "operator_disabled");
    refused(&bet(player).await, 403, "operator_disabled");
    refused(&staff.get(CASINO_SETTING).await, 403, "operator_disabled");
    refused(&open_casino(staff).await, 403, "operator_disabled");
    let visitor = installation.reader(0);
    for (path, name) in [(PLAYER_LOGIN, "alice"), (STAFF_LOGIN, "aurora_admin")] {
        refused(&log_in(&visitor, path, name).await, 403, "operator_disabled");
    }
    let elsewhere = staff.get("/api/admin/bluefin/casino-setting").await;
    refused(&elsewhere, 404, "operator_not_found");
}

#[tokio::test]
async fn a_session_opens_its_own_operator_and_its_own_kind_of_routes_only() {
    let installation = builder().start().await;
    let aurora = installation.operator("aurora").await;
    let bluefin = installation.operator("bluefin").await;
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
        refused(&answer, 404, "operator_not_found");
    }
    let other = reader.logged_in(&namesake.token);
    assert_eq!(
        other.get("/api/auth/bluefin/me").await.ok()["balance"],
        json!(200.0)
    );
    refused(&other.get("/api/auth/aurora/me").await, 404, "operator_not_found");

    let page = reader.with("sec-fetch-site", "same-origin");
    let (_, secret) = alice.token.split_once('.').unwrap();
    let moved = format!("{}.{secret}", bluefin.id);
    let mut strangers = vec![reader.clone(), reader.with("authorization", "Basic YWxpY2U6eA==")];
    for token in [moved.as_str(), secret, "", "1.forged"] {
        strangers.push(reader.logged_in(token));
        strangers.push(page.with("cookie", &format!("edgebook_player={token}")));
    }
    for stranger in &strangers {
        for path in [ME, "/api/auth/aurora/me", "/api/casino/wallet/balance"] {
            let answer = stranger.get(path).await;
            refused(&answer, 401, NOBODY);
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
        refused(&bet(stranger).await, 401, NOBODY);
    }
    for token in [alice.token.as_str(), &root, &namesake.token] {
        let cookie = format!("edgebook_operator={token}; edgebook_player={token}");
        for client in [reader.logged_in(token), page.with("cookie", &cookie)] {
            refused(&client.get(CASINO_SETTING).await, 403, "wrong_role");
            refused(&open_casino(&client).await, 403, "wrong_role");
        }
    }
    for token in [aurora.token.as_str(), &root] {
        let cookie = format!("edgebook_player={token}");
        for client in [reader.logged_in(token), page.with("cookie", &cookie)] {
            for path in [ME, "/api/auth/aurora/me", "/api/casino/wallet/balance"] {
                refused(&client.get(path).await, 403, "wrong_role");
            }
            refused(&bet(&client).await, 403, "wrong_role");
        }
    }
    player.get(ME).await.ok();
    installation.finish().await;
}
