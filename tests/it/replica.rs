//! A reader beside a hot standby that lags behind or is away: nobody sees anything older than without it.

use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Clock;
use shared::coherence::{Kind, Topic};
use tests::database::Database;
use tests::people::Operator;
use tests::{Builder, Client, Installation, Standby};

use crate::coherence::PULL_BOUND;

/// A page that has to be fetched is answered within this, whatever the standby does.
const FILL_LIMIT: Duration = Duration::from_secs(2);

/// An operator that the standby knows, and a reader that fetches from it.
async fn start(builder: Builder) -> (Installation, Standby, Operator) {
    let database = Database::create_with_log_shipping().await;
    let standby = Standby::of(&database).await;
    let builder = builder.reader_args(&["--read-database-url", standby.url()]);
    let installation = builder.start_on(database).await;
    let aurora = installation.operator("aurora").await;
    standby.catches_up_with(&installation.database).await;
    (installation, standby, aurora)
}

async fn save_color(installation: &Installation, operator: &Operator, color: &str) -> Value {
    let admin = installation.writer().logged_in(&operator.token);
    let body = json!({"primaryColor": color});
    admin.post("/api/save-theme/aurora", &body).await.ok()
}

async fn color(reader: &Client) -> String {
    let theme = reader.get("/api/load-theme/aurora").await;
    assert!(theme.status.is_success(), "{}", theme.text());
    theme.json()["primaryColor"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_fetch_goes_to_the_standby_while_that_has_what_is_wanted() {
    let (installation, standby, _) = start(Installation::builder().proxied()).await;
    let reader = installation.reader(0);
    let details = || async { reader.get("/health/detailed").await.ok() };
    let transactions = |details: &Value| details["transactions"].as_u64().unwrap();
    let before = transactions(&details().await);
    // Whoever asks the primary now gets no answer.
    installation.reader_links[0].freeze();
    for page in [
        "branding/aurora",
        "load-theme/aurora",
        "theme-css/aurora",
        "theme-templates",
    ] {
        let answer = reader.get(&format!("/api/{page}")).await;
        assert!(answer.status.is_success(), "{page}: {}", answer.text());
    }
    let details = details().await;
    assert_eq!(transactions(&details) - before, 4, "{details}");
    assert_eq!(
        (&details["max"], &details["primary"]["max"]),
        (&json!(4), &json!(2))
    );
    let metrics = reader.get("/metrics").await.text();
    for name in [
        "edgebook_db_active_connections",
        "edgebook_primary_db_active_connections",
    ] {
        assert!(metrics.contains(&format!("\n{name} ")), "{name}: {metrics}");
    }
    installation.finish().await;
    standby.stop().await;
}

#[tokio::test]
async fn what_the_standby_does_not_have_yet_comes_from_the_primary() {
    let (installation, standby, aurora) = start(Installation::builder()).await;
    let reader = installation.reader(0);
    assert_eq!(color(&reader).await, "#1e40af");
    standby.fall_behind().await;
    for wanted in ["#a1b2c3", "#c3b2a1"] {
        let answer = save_color(&installation, &aurora, wanted).await;
        assert_eq!(answer["readers"]["acknowledged"], json!(["reader-0"]), "{answer}");
        assert_eq!(color(&reader).await, wanted);
    }
    // What is held whole, and what was never in memory.
    let admin = installation.writer().logged_in(&aurora.token);
    let body = json!({"enabled": false});
    admin.post("/api/admin/aurora/toggle-casino", &body).await.ok();
    let switch = reader.get("/api/aurora/casino-enabled").await.ok();
    assert_eq!(switch["casino_enabled"], false);
    let bluefin = installation.operator("bluefin").await;
    let branding = reader.get("/api/branding/bluefin").await.ok();
    assert_eq!(branding["branding"]["operator"]["id"], json!(bluefin.id));
    // Once it has caught up, the primary is spared again.
    standby.go_on().await;
    standby.catches_up_with(&installation.database).await;
    assert_eq!(color(&reader).await, "#c3b2a1");
    installation.finish().await;
    standby.stop().await;
}

#[tokio::test]
async fn without_any_push_a_change_is_seen_after_one_pull_however_far_the_standby_lags() {
    let (installation, standby, aurora) = start(Installation::builder().without_webhooks()).await;
    let reader = installation.reader(0);
    assert_eq!(color(&reader).await, "#1e40af");
    standby.fall_behind().await;
    for wanted in ["#a1b2c3", "#c3b2a1"] {
        save_color(&installation, &aurora, wanted).await;
        let is_seen = || async { color(&reader).await == wanted };
        installation
            .within(PULL_BOUND, "the change is seen", is_seen)
            .await;
    }
    installation.finish().await;
    standby.stop().await;
}

#[tokio::test]
async fn with_the_standby_away_every_page_is_served_and_every_change_is_seen() {
    let (installation, mut standby, aurora) = start(Installation::builder()).await;
    let reader = installation.reader(0);
    assert_eq!(color(&reader).await, "#1e40af");
    standby.crash().await;
    for page in [
        "branding/aurora",
        "theme-css/aurora",
        "theme-templates",
        "sports/sports",
    ] {
        let asked = Clock::machine();
        let answer = reader.get(&format!("/api/{page}")).await;
        assert!(answer.status.is_success(), "{page}: {}", answer.text());
        assert!(asked.elapsed() < FILL_LIMIT, "{page} took {:?}", asked.elapsed());
    }
    save_color(&installation, &aurora, "#a1b2c3").await;
    let is_seen = || async { color(&reader).await == "#a1b2c3" };
    installation
        .within(FILL_LIMIT, "the change is seen", is_seen)
        .await;
    installation.finish().await;
}

#[tokio::test]
async fn with_the_primary_away_the_standby_is_asked_and_nothing_is_called_current() {
    let (installation, standby, aurora) = start(Installation::builder().proxied()).await;
    let reader = installation.reader(0);
    assert_eq!(color(&reader).await, "#1e40af");
    // Only this reader loses it: changes are still made, and replicated.
    let link = &installation.reader_links[0];
    link.cut();
    reader.get("/api/branding/aurora").await.ok();
    save_color(&installation, &aurora, "#a1b2c3").await;
    installation
        .within(
            Duration::from_secs(10),
            "the change is seen, and said to be unconfirmed",
            || async {
                let theme = reader.get("/api/load-theme/aurora").await;
                theme.json()["primaryColor"] == "#a1b2c3"
                    && theme.header("cache-status").contains("fwd=stale")
            },
        )
        .await;
    let details = reader.get("/health/detailed").await.ok();
    assert!(details["pull"]["from_replica"].as_u64().unwrap() > 0, "{details}");
    link.pass();
    installation
        .within(
            Duration::from_secs(10),
            "the primary confirms it again",
            || async {
                let theme = reader.get("/api/load-theme/aurora").await;
                theme.json()["primaryColor"] == "#a1b2c3" && theme.header("cache-status") == "edgebook; hit"
            },
        )
        .await;
    installation.finish().await;
    standby.stop().await;
}

/// A transaction that has its id already, and has changed the colour of `operator`, but is not committed.
async fn begin_color<'a>(
    installation: &'a Installation,
    operator: &Operator,
    color: &str,
) -> sqlx::Transaction<'a, sqlx::Postgres> {
    let mut transaction = installation.database.pool().begin().await.unwrap();
    sqlx::query("update themes set primary_color = $1 where operator_id = $2")
        .bind(color)
        .bind(operator.id.get())
        .execute(&mut *transaction)
        .await
        .unwrap();
    let topic = Topic::of(operator.id, Kind::Theme);
    write_api::coherence::bump(topic, &mut transaction).await.unwrap();
    transaction
}

/// Waits until the reader has asked the standby again.
async fn asks_the_standby(installation: &Installation) {
    let reader = installation.reader(0);
    let asked = || async {
        let details = reader.get("/health/detailed").await.ok();
        details["pull"]["from_replica"].as_u64().unwrap()
    };
    let before = asked().await;
    let again = || async { asked().await > before };
    installation
        .within(Duration::from_secs(10), "the standby is asked", again)
        .await;
}

#[tokio::test]
async fn a_watermark_of_one_server_skips_no_change_on_the_other() {
    let (installation, standby, aurora) = start(Installation::builder().proxied().without_webhooks()).await;
    let bluefin = installation.operator("bluefin").await;
    let writer = installation.writer().logged_in(&bluefin.token);
    let reader = installation.reader(0);
    let bluefin_color = || async { reader.get("/api/load-theme/bluefin").await.ok()["primaryColor"].clone() };
    let save_bluefin = async |color: &str| {
        let body = json!({"primaryColor": color});
        writer.post("/api/save-theme/bluefin", &body).await.ok();
    };
    save_color(&installation, &aurora, "#000001").await;
    let limit = Duration::from_secs(10);
    let link = &installation.reader_links[0];

    // The primary's watermark is the older transaction. It ends while only the standby can be asked.
    let older = begin_color(&installation, &aurora, "#111111").await;
    save_bluefin("#111112").await;
    installation
        .within(limit, "the primary tells the younger one", || async {
            bluefin_color().await == "#111112"
        })
        .await;
    link.cut();
    older.commit().await.unwrap();
    installation
        .within(limit, "the standby tells the older one", || async {
            color(&reader).await == "#111111"
        })
        .await;

    // The standby's watermark is the older transaction, or lower. It ends while the standby replays nothing.
    let older = begin_color(&installation, &aurora, "#222222").await;
    save_bluefin("#222223").await;
    installation
        .within(limit, "the standby tells the younger one", || async {
            bluefin_color().await == "#222223"
        })
        .await;
    standby.fall_behind().await;
    asks_the_standby(&installation).await;
    older.commit().await.unwrap();
    save_bluefin("#222224").await;
    asks_the_standby(&installation).await;
    link.pass();
    installation
        .within(limit, "the primary tells both", || async {
            color(&reader).await == "#222222" && bluefin_color().await == "#222224"
        })
        .await;
    installation.finish().await;
    standby.stop().await;
}
