//! The database away, frozen or slow: pages go on from memory and say so, money is refused in time, and everything
//! recovers by itself.

use std::time::Duration;

use serde_json::json;
use shared::clock::Clock;
use tests::Installation;

/// A bet is answered within this, whatever the database does.
const BET_LIMIT: Duration = Duration::from_secs(3);
/// A page from memory is answered within this on the slowest machine.
const PAGE_LIMIT: Duration = Duration::from_millis(500);
/// How long the database stands still: longer than every limit and every pool's patience.
const FROZEN: Duration = Duration::from_secs(20);
const PAGES: [&str; 5] = [
    "/api/branding/aurora",
    "/api/load-theme/aurora",
    "/api/theme-css/aurora",
    "/api/aurora/casino-enabled",
    "/api/sports/sports",
];

async fn recovers(installation: &Installation, token: &str) {
    let reader = installation.reader(0);
    let player = reader.logged_in(token);
    let limit = Duration::from_secs(10);
    installation
        .within(limit, "pages are current again", || async {
            reader.get("/api/branding/aurora").await.header("cache-status") == "edgebook; hit"
        })
        .await;
    installation
        .within(limit, "bets are taken again", || async {
            player
                .post("/api/casino/slots/bet", &json!({"stake": 1}))
                .await
                .status
                .is_success()
        })
        .await;
}

#[tokio::test]
async fn with_the_database_frozen_pages_go_on_and_bets_are_refused_in_time() {
    let installation = Installation::builder().proxied().start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let reader = installation.reader(0);
    for page in PAGES {
        assert!(reader.get(page).await.status.is_success(), "{page}");
    }
    let links = || installation.reader_links.iter().chain(&installation.writer_link);
    links().for_each(tests::Proxy::freeze);
    let frozen = Clock::machine();
    let player = reader.logged_in(&alice.token);
    let (mut stale, mut refused) = (0, 0);
    while frozen.elapsed() < FROZEN {
        for page in PAGES {
            let asked = Clock::machine();
            let answer = reader.get(page).await;
            assert!(answer.status.is_success(), "{page}: {}", answer.text());
            assert!(asked.elapsed() < PAGE_LIMIT, "{page} took {:?}", asked.elapsed());
            stale += u32::from(answer.header("cache-status").contains("fwd=stale"));
        }
        let asked = Clock::machine();
        let answer = player.post("/api/casino/slots/bet", &json!({"stake": 1})).await;
        assert!(asked.elapsed() < BET_LIMIT, "a bet took {:?}", asked.elapsed());
        assert_eq!(answer.status.as_u16(), 503, "{}", answer.text());
        assert_ne!(answer.header("retry-after"), "");
        refused += 1;
    }
    assert!(stale > 0, "what was served past its time said so");
    assert!(refused > 0);
    links().for_each(tests::Proxy::pass);
    recovers(&installation, &alice.token).await;
    installation.finish().await;
}

#[tokio::test]
async fn with_the_database_cut_off_pages_go_on_and_everything_recovers() {
    let installation = Installation::builder().proxied().start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let reader = installation.reader(0);
    for page in PAGES {
        assert!(reader.get(page).await.status.is_success(), "{page}");
    }
    let links = || installation.reader_links.iter().chain(&installation.writer_link);
    links().for_each(tests::Proxy::cut);
    for page in PAGES {
        assert!(reader.get(page).await.status.is_success(), "{page}");
    }
    let unknown = reader.get("/api/theme-templates").await;
    unknown.problem(503, "page_unavailable");
    let asked = Clock::machine();
    let answer = reader
        .logged_in(&alice.token)
        .post("/api/casino/slots/bet", &json!({"stake": 1}))
        .await;
    assert!(asked.elapsed() < BET_LIMIT);
    assert_eq!(answer.status.as_u16(), 503, "{}", answer.text());
    links().for_each(tests::Proxy::pass);
    recovers(&installation, &alice.token).await;
    let templates = || async { reader.get("/api/theme-templates").await.status.is_success() };
    installation
        .within(
            Duration::from_secs(2),
            "what could not be fetched is fetched",
            templates,
        )
        .await;
    installation.finish().await;
}

#[tokio::test]
async fn a_reader_without_a_database_is_alive_but_not_ready_and_invents_nothing() {
    let installation = Installation::start().await;
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_edgebook-under-test"));
    let mut child = command
        .args(["read-api", "--listen", "127.0.0.1:0"])
        .env("DATABASE_URL", "postgres://nobody:nothing@127.0.0.1:1/none")
        .env("WEBHOOK_SECRET", &installation.webhook_secret)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(
        &mut std::io::BufReader::new(child.stdout.take().unwrap()),
        &mut line,
    )
    .unwrap();
    let reader = installation
        .reader(0)
        .at(line.trim().trim_start_matches("listening on "));
    reader.get("/health").await.ok();
    reader.get("/readyz").await.problem(503, "not_ready");
    for page in [
        "/api/branding/aurora",
        "/api/theme-templates",
        "/api/sports/sports",
        "/api/sports/events/soccer",
        "/api/sports/events/soccer?operator=aurora",
    ] {
        reader.get(page).await.problem(503, "page_unavailable");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    installation.finish().await;
}

#[tokio::test]
async fn a_slow_database_delays_no_page_that_is_in_memory() {
    let installation = Installation::builder().proxied().start().await;
    let aurora = installation.operator("aurora").await;
    let reader = installation.reader(0);
    for page in PAGES {
        assert!(reader.get(page).await.status.is_success(), "{page}");
    }
    installation.reader_links[0].delay(Duration::from_millis(400));
    let admin = installation.writer().logged_in(&aurora.token);
    admin
        .post("/api/save-theme/aurora", &json!({"primaryColor": "#123456"}))
        .await
        .ok();
    let asked = Clock::machine();
    let answer = reader.get("/api/theme-css/aurora").await;
    assert!(
        asked.elapsed() < Duration::from_millis(300),
        "took {:?}",
        asked.elapsed()
    );
    assert!(answer.status.is_success());
    installation.reader_links[0].pass();
    installation
        .within(Duration::from_secs(5), "the new colour is shown", || async {
            reader
                .get("/api/theme-css/aurora")
                .await
                .text()
                .contains("#123456")
        })
        .await;
    installation.finish().await;
}
