//! An admin change at every reader: by the push, by the pull alone, and past fills that began before it.

use std::time::Duration;

use serde_json::json;
use shared::coherence::WebhookSecrets;
use shared::random::Random;
use tests::{Client, Installation, people::Operator};
use time::OffsetDateTime;

mod own_writes;
mod restored;

/// The bound on staleness when every push is lost: one pull and one fill.
pub(crate) const PULL_BOUND: Duration = Duration::from_millis(1500);

async fn save_color(installation: &Installation, operator: &Operator, color: &str) -> serde_json::Value {
    let admin = installation.writer().logged_in(&operator.token);
    let path = format!("/api/save-theme/{}", operator.subdomain);
    admin.post(&path, &json!({"primaryColor": color})).await.ok()
}

/// A new operator, where the reader pulls only when somebody asks for it.
async fn operator_pulled_for(installation: &Installation, subdomain: &str) -> Operator {
    let reader = installation.readers[0].reader();
    let pulls = async {
        while reader.directory.find(subdomain).is_none() {
            reader.pull.out_of_turn(Duration::from_secs(1)).await;
        }
    };
    tokio::join!(installation.operator(subdomain), pulls).0
}

async fn css(reader: &Client, operator: &Operator) -> String {
    let answer = reader
        .get(&format!("/api/theme-css/{}", operator.subdomain))
        .await;
    assert!(answer.status.is_success(), "{}", answer.text());
    answer.text()
}

#[tokio::test]
async fn a_theme_change_is_at_every_reader_when_the_admin_answer_arrives() {
    let installation = Installation::builder().readers(2).start().await;
    let aurora = installation.operator("aurora").await;
    let readers = [installation.reader(0), installation.reader(1)];
    for reader in &readers {
        assert!(
            css(reader, &aurora).await.contains("#1e40af"),
            "the default theme is shown at first"
        );
    }
    for color in ["#a1b2c3", "#c3b2a1", "#010203"] {
        let answer = save_color(&installation, &aurora, color).await;
        assert_eq!(
            answer["readers"]["acknowledged"],
            json!(["reader-0", "reader-1"]),
            "{answer}"
        );
        assert_eq!(answer["readers"]["pending"], json!([]));
        assert_eq!(answer["readers"]["unreachable"], json!([]));
        for reader in &readers {
            assert!(
                css(reader, &aurora).await.contains(color),
                "{color} is shown at once"
            );
            let theme = reader.get("/api/load-theme/aurora").await;
            assert_eq!(theme.json()["primaryColor"], color);
            assert_eq!(
                theme.header("edgebook-version"),
                format!("theme={}", answer["version"])
            );
        }
    }
    installation.finish().await;
}

#[tokio::test]
async fn without_any_push_a_change_is_seen_after_one_pull() {
    let installation = Installation::builder()
        .readers(2)
        .without_webhooks()
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    let readers = [installation.reader(0), installation.reader(1)];
    for reader in &readers {
        css(reader, &aurora).await;
    }
    let answer = save_color(&installation, &aurora, "#a1b2c3").await;
    assert_eq!(answer["readers"]["acknowledged"], json!([]));
    for reader in &readers {
        installation
            .within(PULL_BOUND, "the change is seen", || async {
                css(reader, &aurora).await.contains("#a1b2c3")
            })
            .await;
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_reader_that_is_away_is_listed_as_unreachable_and_holds_nothing_up() {
    let away = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = away.local_addr().unwrap();
    drop(away);
    let url = format!("http://{address}");
    let installation = Installation::builder()
        .without_webhooks()
        .writer_args(&["--reader-urls", &url])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    let answer = save_color(&installation, &aurora, "#a1b2c3").await;
    assert_eq!(answer["readers"]["acknowledged"], json!([]));
    assert_eq!(
        answer["readers"]["unreachable"].as_array().map(Vec::len),
        Some(1),
        "{answer}"
    );
    installation.finish().await;
}

#[tokio::test]
async fn a_fill_held_open_across_an_invalidation_does_not_bring_the_old_value_back() {
    let installation = Installation::builder().proxied().start().await;
    let aurora = installation.operator("aurora").await;
    save_color(&installation, &aurora, "#111111").await;
    let link = &installation.reader_links[0];
    link.hold_answers_with("#111111");
    let reader = installation.reader(0);
    let slow = tokio::spawn({
        let (reader, aurora) = (reader.clone(), aurora.clone());
        async move { css(&reader, &aurora).await }
    });
    link.something_is_held().await;
    save_color(&installation, &aurora, "#222222").await;
    link.pass();
    let first = slow.await.unwrap();
    assert!(
        first.contains("#222222"),
        "who waited gets the new value: {first}"
    );
    for _ in 0..20 {
        assert!(css(&reader, &aurora).await.contains("#222222"));
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_fill_whose_question_is_held_across_an_invalidation_gets_the_new_value() {
    use read_api::app::Job;
    use read_api::cache::Page;
    let installation = Installation::builder().proxied().start().await;
    let aurora = installation.operator("aurora").await;
    save_color(&installation, &aurora, "#111111").await;
    let link = &installation.reader_links[0];
    link.freeze();
    let reader = installation.reader(0);
    let slow = tokio::spawn({
        let (reader, aurora) = (reader.clone(), aurora.clone());
        async move { css(&reader, &aurora).await }
    });
    let fetching = installation.readers[0].reader();
    installation
        .within(PULL_BOUND, "the page is being fetched", || async {
            fetching.is_refreshing(Job::Page(Page::ThemeCss(aurora.id)))
        })
        .await;
    save_color(&installation, &aurora, "#222222").await;
    link.pass();
    assert!(slow.await.unwrap().contains("#222222"));
    assert!(css(&reader, &aurora).await.contains("#222222"));
    installation.finish().await;
}

#[tokio::test]
async fn a_fill_held_across_a_change_that_nobody_is_told_of_is_mended_by_the_pull() {
    let installation = Installation::builder().proxied().without_webhooks().start().await;
    let aurora = installation.operator("aurora").await;
    save_color(&installation, &aurora, "#111111").await;
    let link = &installation.reader_links[0];
    link.hold_answers_with("#111111");
    let reader = installation.reader(0);
    let slow = tokio::spawn({
        let (reader, aurora) = (reader.clone(), aurora.clone());
        async move { css(&reader, &aurora).await }
    });
    link.something_is_held().await;
    save_color(&installation, &aurora, "#222222").await;
    link.pass();
    let first = slow.await.unwrap();
    assert!(first.contains("#111111") || first.contains("#222222"), "{first}");
    installation
        .within(PULL_BOUND, "the pull brings it", || async {
            css(&reader, &aurora).await.contains("#222222")
        })
        .await;
    for _ in 0..20 {
        assert!(css(&reader, &aurora).await.contains("#222222"));
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_page_is_answered_while_its_data_change_all_the_time() {
    // Nothing stays in memory, a fetch takes longer than the time between two changes, and every change is pushed.
    let installation = Installation::builder()
        .proxied()
        .reader_args(&["--cache-bytes", "1"])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    installation.reader_links[0].delay(Duration::from_millis(25));
    let reader = installation.reader(0);
    let saves = async {
        for number in 0..40 {
            save_color(&installation, &aurora, &format!("#1111{number:02}")).await;
        }
    };
    let mut saves = Box::pin(saves);
    loop {
        tokio::select! {
            () = &mut saves => break,
            _ = css(&reader, &aurora) => {}
        }
    }
    drop(saves);
    installation.reader_links[0].pass();
    assert!(css(&reader, &aurora).await.contains("#111139"));
    installation.finish().await;
}

#[tokio::test]
async fn versions_that_commit_out_of_the_order_of_their_transactions_are_not_missed() {
    let installation = Installation::builder().without_webhooks().start().await;
    let (aurora, bluefin) = (
        installation.operator("aurora").await,
        installation.operator("bluefin").await,
    );
    let reader = installation.reader(0);
    css(&reader, &aurora).await;
    css(&reader, &bluefin).await;
    // The older transaction takes its id first and commits last, after pulls that saw the younger one's change.
    let mut older = installation.database.pool().begin().await.unwrap();
    sqlx::query("select pg_current_xact_id()")
        .execute(&mut *older)
        .await
        .unwrap();
    save_color(&installation, &bluefin, "#222222").await;
    installation
        .within(PULL_BOUND, "the younger change is seen", || async {
            css(&reader, &bluefin).await.contains("#222222")
        })
        .await;
    sqlx::query("insert into themes select operator_id + $1 - $2, '#333333', secondary_color, accent_color,
            background_color, text_color, font_family, layout_style, button_style, card_style, logo_type, logo_url,
            sportsbook_name, banner_image_url, updated_at from themes where operator_id = $2")
        .bind(aurora.id.get())
        .bind(bluefin.id.get())
        .execute(&mut *older)
        .await
        .unwrap();
    let topic = shared::coherence::Topic::of(aurora.id, shared::coherence::Kind::Theme);
    write_api::coherence::bump(topic, &mut older).await.unwrap();
    older.commit().await.unwrap();
    installation
        .within(PULL_BOUND, "the older change is seen", || async {
            css(&reader, &aurora).await.contains("#333333")
        })
        .await;
    installation.finish().await;
}

#[tokio::test]
async fn who_acknowledges_the_casino_switch_shows_it_in_every_page() {
    let installation = Installation::builder().proxied().start().await;
    let aurora = installation.operator("aurora").await;
    let reader = installation.reader(0);
    reader.get("/api/bootstrap/aurora").await.ok();
    installation.reader_links[0].delay(Duration::from_millis(150));
    let staff = installation.writer().logged_in(&aurora.token);
    for is_enabled in [false, true, false] {
        let body = json!({ "enabled": is_enabled });
        let answer = staff.post("/api/admin/aurora/toggle-casino", &body).await.ok();
        let shown = reader.get("/api/bootstrap/aurora").await.ok();
        if answer["readers"]["acknowledged"] == json!(["reader-0"]) {
            assert_eq!(shown["casino_enabled"], is_enabled);
        } else {
            assert_eq!(answer["readers"]["pending"], json!(["reader-0"]), "{answer}");
        }
    }
    installation.reader_links[0].pass();
    installation.finish().await;
}

#[tokio::test]
async fn the_casino_switch_is_a_hard_change() {
    let installation = Installation::builder().readers(2).start().await;
    let aurora = installation.operator("aurora").await;
    let admin = installation.writer().logged_in(&aurora.token);
    for enabled in [false, true, false] {
        let body = json!({"enabled": enabled});
        let answer = admin.post("/api/admin/aurora/toggle-casino", &body).await.ok();
        assert_eq!(answer["casino_enabled"], enabled);
        for number in [0, 1] {
            let answer = installation
                .reader(number)
                .get("/api/aurora/casino-enabled")
                .await;
            assert_eq!(answer.json(), json!({"success": true, "casino_enabled": enabled}));
            assert!(
                !answer.header("cache-status").contains("stale"),
                "{}",
                answer.header("cache-status")
            );
        }
    }
    installation.finish().await;
}

/// The body of a push of one version.
async fn one_change(installation: &Installation, operator: i64, kind: &str, version: i64) -> String {
    let epoch = installation.database.epoch().await;
    let change = json!({"operator_id": operator, "kind": kind, "version": version});
    json!({ "epoch": epoch, "changes": [change] }).to_string()
}

/// A push, signed at `at` with `secret`.
async fn push(installation: &Installation, secret: &str, at: OffsetDateTime, body: &str) -> tests::Answer {
    let secrets: WebhookSecrets = secret.parse().unwrap();
    let signed = secrets.sign("msg_1", at, body.as_bytes());
    installation
        .reader(0)
        .with("webhook-id", &signed.id)
        .with("webhook-timestamp", &signed.timestamp.to_string())
        .with("webhook-signature", &signed.signature)
        .post_bytes(shared::coherence::PUSH_PATH, body.to_owned())
        .await
}

#[tokio::test]
async fn a_push_that_is_forged_old_of_the_future_unsigned_or_huge_changes_nothing() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let reader = installation.reader(0);
    css(&reader, &aurora).await;
    let body = one_change(&installation, aurora.id.get(), "theme", 99).await;
    let (now, ours) = (installation.clock.now(), installation.webhook_secret.clone());
    let theirs = WebhookSecrets::generate(&Random::system());
    push(&installation, &theirs, now, &body)
        .await
        .problem(401, "bad_signature");
    for minutes in [-6, 6] {
        let then = now + time::Duration::minutes(minutes);
        push(&installation, &ours, then, &body)
            .await
            .problem(401, "bad_signature");
    }
    push(&installation, &ours, now, &" ".repeat(5 * 1024 * 1024))
        .await
        .problem(413, "body_too_large");
    let bare = installation
        .reader(0)
        .post_bytes(shared::coherence::PUSH_PATH, body.clone())
        .await;
    bare.problem(401, "bad_signature");
    push(
        &installation,
        &ours,
        now,
        "{\"epoch\":\"1\",\"changes\":[{\"kind\":\"chess\"}]}",
    )
    .await
    .names_field("changes[0].operator_id");
    push(&installation, &ours, now, "{\"changes\":[]}")
        .await
        .names_field("epoch");
    let epoch = installation.database.epoch().await;
    let elsewhere = body.replace(&epoch, &format!("{epoch}1"));
    push(&installation, &ours, now, &elsewhere)
        .await
        .problem(409, "wrong_database");
    let answer = reader.get("/api/theme-css/aurora").await;
    assert_eq!(
        answer.header("cache-status"),
        "edgebook; hit",
        "nothing became due"
    );
    installation.finish().await;
}

#[tokio::test]
async fn a_fill_that_keeps_its_page_after_the_invalidation_is_not_served() {
    use read_api::cache::Page;
    use read_api::cache::entry::{Body, CHANGEABLE, Entry};
    let installation = Installation::builder()
        .reader_args(&["--soft-ms", "0"])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    let version = save_color(&installation, &aurora, "#222222").await["version"].clone();
    assert_eq!(version, 1, "and the fill below read what was before");
    let topic = shared::coherence::Topic::of(aurora.id, shared::coherence::Kind::Theme);
    let before = shared::coherence::Change {
        topic,
        version: shared::ids::Version::NONE,
    };
    let reader = installation.readers[0].reader();
    let now = installation.clock.elapsed();
    let body = Body::css("a { color: #111111 }".to_owned());
    let late = Entry::new(
        body,
        vec![before],
        &CHANGEABLE,
        now,
        now + Duration::from_mins(10),
    );
    reader.pages.put(Page::ThemeCss(aurora.id), late);
    for _ in 0..3 {
        let shown = css(&installation.reader(0), &aurora).await;
        assert!(shown.contains("#222222"), "{shown}");
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_push_that_comes_twice_or_late_does_no_harm() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    for color in ["#111111", "#222222"] {
        save_color(&installation, &aurora, color).await;
    }
    let reader = installation.reader(0);
    assert!(css(&reader, &aurora).await.contains("#222222"));
    let (now, secret) = (installation.clock.now(), installation.webhook_secret.clone());
    for version in [1, 2, 2, 1] {
        let body = one_change(&installation, aurora.id.get(), "theme", version).await;
        let answer = push(&installation, &secret, now, &body).await.ok();
        assert_eq!(answer["instance"], "reader-0");
        assert_eq!(answer["versions"][0]["version"], 2, "{answer}");
        assert!(css(&reader, &aurora).await.contains("#222222"));
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_new_operator_whose_first_fetch_failed_is_found_all_the_same() {
    let installation = Installation::builder().proxied().start().await;
    let aurora = installation.operator("aurora").await;
    let (now, secret) = (installation.clock.now(), installation.webhook_secret.clone());
    let next = aurora.id.get() + 1;
    let news = one_change(&installation, next, "operator", 1).await;
    installation.reader_links[0].cut();
    let answer = push(&installation, &secret, now, &news).await.ok();
    assert_eq!(
        answer["versions"][0]["version"], 0,
        "it can't be fetched: {answer}"
    );
    installation.reader_links[0].pass();
    // The reader has heard of this version, and no request names an operator that it does not know.
    let bluefin = installation.operator("bluefin").await;
    assert_eq!(bluefin.id.get(), next);
    installation.reader(0).get("/api/branding/bluefin").await.ok();
    installation.finish().await;
}

#[tokio::test]
async fn a_page_that_nobody_asked_for_since_a_change_is_not_served_old() {
    let installation = Installation::builder()
        .reader_args(&["--soft-ms", "0"])
        .start()
        .await;
    installation.operator("aurora").await;
    let reader = installation.reader(0);
    let sports = async || reader.get("/api/sports/sports").await;
    sports().await.ok();
    let topic = shared::coherence::Topic::feed(shared::sports::Sport::find("tennis").unwrap());
    let mut transaction = installation.database.pool().begin().await.unwrap();
    write_api::coherence::bump_all(&[topic], &mut transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    let versions = &installation.readers[0].reader().versions;
    let is_known = async || versions.load().of(topic) > shared::ids::Version::NONE;
    installation
        .within(PULL_BOUND, "the reader knows of it", is_known)
        .await;
    let answer = sports().await;
    assert_eq!(answer.header("cache-status"), "edgebook; hit");
    assert!(answer.header("edgebook-version").contains("feed:tennis=1"));
    installation.finish().await;
}

#[tokio::test]
async fn a_reader_that_was_restarted_missed_nothing_and_is_told_again() {
    let mut installation = Installation::builder().readers(2).start().await;
    let aurora = installation.operator("aurora").await;
    css(&installation.reader(1), &aurora).await;
    let gone = installation.stop_reader(1).await;
    let answer = save_color(&installation, &aurora, "#111111").await;
    assert_eq!(answer["readers"]["acknowledged"], json!(["reader-0"]), "{answer}");
    assert_eq!(answer["readers"]["unreachable"].as_array().map(Vec::len), Some(1));
    installation.start_reader(gone).await;
    assert!(css(&installation.reader(1), &aurora).await.contains("#111111"));
    let answer = save_color(&installation, &aurora, "#222222").await;
    let both = json!(["reader-0", "reader-1"]);
    assert_eq!(answer["readers"]["acknowledged"], both, "{answer}");
    assert!(css(&installation.reader(1), &aurora).await.contains("#222222"));
    installation.finish().await;
}

#[tokio::test]
async fn the_secret_of_pushes_can_be_changed_one_service_after_the_other() {
    let mut installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let (old, new) = (
        installation.webhook_secret.clone(),
        WebhookSecrets::generate(&Random::system()),
    );
    // The writer signs with the old one all the time; what readers are given changes, as in a rotation.
    for (secrets, color, is_told) in [
        (format!("{old},{new}"), "#111111", true),
        (format!("{new},{old}"), "#222222", true),
        (new.clone(), "#333333", false),
    ] {
        let mut options = installation.stop_reader(0).await;
        options.webhook_secret = secrets.parse().unwrap();
        installation.start_reader(options).await;
        let reader = installation.reader(0);
        css(&reader, &aurora).await;
        let answer = save_color(&installation, &aurora, color).await;
        let told = if is_told { "acknowledged" } else { "unreachable" };
        assert_eq!(
            answer["readers"][told].as_array().map(Vec::len),
            Some(1),
            "{answer}"
        );
        installation
            .within(PULL_BOUND, "told or not, the change is seen", || async {
                css(&reader, &aurora).await.contains(color)
            })
            .await;
        let epoch = installation.database.epoch().await;
        let body = json!({ "epoch": epoch, "changes": [] }).to_string();
        push(&installation, &new, installation.clock.now(), &body)
            .await
            .ok();
    }
    installation.finish().await;
}
