//! Webhooks of operators, with a subscriber over HTTP: what is told, to whom, how often, and what never is.

use std::collections::HashSet;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::random::Random;
use tests::people::{Operator, PASSWORD};
use tests::{Answer, Client, Installation};

mod subscriber;

use subscriber::{Answers, SOON, Subscriber};

const HOOKS: &str = "/api/admin/aurora/webhooks";
/// How long an attempt is somebody's: the timeout and what is added.
const LEASE: Duration = Duration::from_secs(31);

/// Options with which a subscriber on this machine is reached quickly.
const LOCAL: [&str; 4] = [
    "--webhook-allow-http",
    "--webhook-allow-private",
    "--webhook-poll-ms",
    "20",
];

struct Scene {
    installation: Installation,
    clock: Clock,
    aurora: Operator,
    staff: Client,
    subscriber: Subscriber,
}

impl Scene {
    async fn new(more: &[&str]) -> Self {
        let clock = Clock::manual(Clock::machine().now());
        let installation = Installation::builder()
            .clock(clock.clone())
            .writer_args(&LOCAL)
            .writer_args(more)
            .start()
            .await;
        let aurora = installation.operator("aurora").await;
        Self {
            staff: installation.reader(0).logged_in(&aurora.token),
            subscriber: Subscriber::start().await,
            installation,
            clock,
            aurora,
        }
    }

    /// A webhook for the subscriber: its path, and its secret.
    async fn hook(&self, types: &[&str]) -> (String, String) {
        self.hook_at(&self.subscriber, types).await
    }

    async fn hook_at(&self, subscriber: &Subscriber, types: &[&str]) -> (String, String) {
        let body = json!({"url": subscriber.url, "event_types": types});
        let made = self.staff.post(HOOKS, &body).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let made = made.json();
        let path = format!("{HOOKS}/{}", made["webhook"]["id"]);
        (path, made["secret"].as_str().unwrap().to_owned())
    }

    async fn test(&self, hook: &str) {
        let sent = self.staff.post(&format!("{hook}/test"), &json!({})).await;
        assert_eq!(sent.status, 202, "{}", sent.text());
    }

    async fn receives(&self, subscriber: &Subscriber, count: usize) {
        let what = format!("{count} deliveries came");
        self.installation
            .within(SOON, &what, || async { subscriber.count() >= count })
            .await;
        assert_eq!(subscriber.count(), count);
    }

    /// Waits until so many deliveries were tried and what came of them is noted: only then may the clock go on, as the
    /// pause before the next attempt counts from the note.
    async fn notes(&self, count: usize) {
        self.receives(&self.subscriber, count).await;
        let pool = self.installation.database.pool();
        let is_noted = || async {
            let under_way = "select exists (select from webhook_deliveries where leased_until is not null)";
            !sqlx::query_scalar::<_, bool>(under_way)
                .fetch_one(pool)
                .await
                .unwrap()
        };
        self.installation
            .within(SOON, "the outcomes are noted", is_noted)
            .await;
    }

    /// Waits until the newest delivery is like this, and returns it.
    async fn newest(&self, hook: &str, status: &str, attempts: u32) -> Value {
        let path = format!("{hook}/deliveries");
        let newest = || async { self.staff.get(&path).await.ok()["deliveries"][0].clone() };
        self.installation
            .within(SOON, "the outcome is noted", || async {
                let newest = newest().await;
                newest["status"] == status
                    && newest["attempts"] == attempts
                    && (!newest["last_status"].is_null() || !newest["last_error"].is_null())
            })
            .await;
        newest().await
    }

    /// Another writer on the same database, with other options.
    async fn another_writer(
        &self,
        change: impl FnOnce(&mut write_api::config::WriteOptions),
    ) -> write_api::app::Service {
        let mut options = self.installation.writer.app().options.clone();
        options.listen.set_port(0);
        change(&mut options);
        write_api::app::start(options, self.clock.clone(), Random::system())
            .await
            .unwrap()
    }

    async fn finish(self) {
        self.installation.finish().await;
    }
}

async fn delete(client: &Client, path: &str) -> Answer {
    client.try_send(Method::DELETE, path, None).await.unwrap()
}

/// Everything that staff do and that is told, some of it twice.
async fn act(staff: &Client, alice: &Value) {
    for (path, body) in [
        (
            format!("players/{alice}/deposit"),
            json!({"amount": 12.34, "reference": "d"}),
        ),
        (
            format!("players/{alice}/deposit"),
            json!({"amount": 12.34, "reference": "d"}),
        ),
        (
            format!("players/{alice}/withdraw"),
            json!({"amount": 0.01, "reference": "w"}),
        ),
        ("toggle-casino".to_owned(), json!({"enabled": false})),
        ("toggle-casino".to_owned(), json!({"enabled": false})),
        (format!("users/{alice}/toggle"), json!({"is_active": false})),
        ("settings".to_owned(), json!({"min_bet": 0.5})),
    ] {
        staff.post(&format!("/api/admin/aurora/{path}"), &body).await.ok();
    }
    let theme = json!({"primaryColor": "#123456"});
    staff.post("/api/save-theme/aurora", &theme).await.ok();
    let branding = json!({"theme": {"primary_color": "#123456"}});
    staff.post("/api/branding/aurora/update", &branding).await.ok();
}

#[tokio::test]
async fn everything_that_happens_is_told_once_signed_and_to_its_own_operator_only() {
    let scene = Scene::new(&["--casino-sweep-ms", "20", "--casino-sweep-grace-ms", "0"]).await;
    let (staff, installation) = (&scene.staff, &scene.installation);
    let bluefin = installation.operator("bluefin").await;
    let types = staff.get(&format!("{HOOKS}/event-types")).await.ok();
    let types: Vec<&str> = types["event_types"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["type"].as_str().unwrap())
        .collect();
    let (hook, secret) = scene.hook(&types).await;
    let body = json!({"username": "alice", "email": "alice@example.com", "password": PASSWORD});
    let made = installation
        .writer()
        .post("/api/auth/aurora/register", &body)
        .await
        .ok();
    let player = installation.writer().logged_in(made["token"].as_str().unwrap());
    let alice = &made["user"]["id"];
    let slots = player
        .post("/api/casino/slots/bet", &json!({"stake": 1}))
        .await
        .ok();
    // A lost round of several steps ends without an entry of the ledger.
    let crash = json!({"stake": 10, "currency": "USD", "params": {"auto_cashout": null}});
    player.post("/api/casino/crash/play", &crash).await.ok();
    scene.clock.advance(Duration::from_mins(10));
    act(staff, alice).await;
    installation.player(&bluefin, "bob", 100).await;
    scene.receives(&scene.subscriber, 10).await;

    let received = scene.subscriber.received();
    let mut events: Vec<_> = received.iter().map(subscriber::Received::event).collect();
    events.sort_unstable();
    let expected = [
        "branding.updated",
        "branding.updated",
        "casino.toggled",
        "deposit.made",
        "player.created",
        "player.disabled",
        "round.settled",
        "round.settled",
        "theme.updated",
        "withdrawal.made",
    ];
    assert_eq!(events, expected);
    let ids: HashSet<_> = received.iter().map(|one| one.id.clone()).collect();
    assert_eq!(ids.len(), 10);
    for one in &received {
        assert_eq!(one.signatures(), [one.signed_by(&secret)]);
    }
    let of = |event: &str| received.iter().find(|one| one.event() == event).unwrap().body["data"].clone();
    assert_eq!(
        of("player.created"),
        json!({"player_id": alice, "username": "alice"})
    );
    assert_eq!(of("deposit.made")["amount"], 12.34);
    assert_eq!(of("casino.toggled"), json!({"casino_enabled": false}));
    let rounds: Vec<_> = received
        .iter()
        .filter(|one| one.event() == "round.settled")
        .collect();
    let data = |game: &str| {
        let found = rounds
            .iter()
            .find(|one| one.body["data"]["game"] == game)
            .unwrap();
        found.body["data"].clone()
    };
    assert_eq!(data("slots")["round_id"], slots["ref"]);
    let crash: i64 = sqlx::query_scalar("select payout / 100 from rounds where game = 'crash'")
        .fetch_one(installation.database.pool())
        .await
        .unwrap();
    assert_eq!(data("slots")["stake"], 1.0);
    // One in twenty reaches the cap, where it is cashed out for its player.
    assert_eq!(data("crash")["payout"].to_string(), format!("{crash}.0"));
    let log = staff
        .get(&format!(
            "{hook}/deliveries?status=delivered&event_type=deposit.made"
        ))
        .await
        .ok();
    assert_eq!(log["pagination"]["total"], 1, "{log}");
    scene.finish().await;
}

#[tokio::test]
async fn a_failed_delivery_is_tried_again_under_the_same_id_and_given_up_in_the_end() {
    let scene = Scene::new(&["--webhook-retry-s", "60,600"]).await;
    let (hook, _) = scene.hook(&["theme.updated"]).await;
    scene.subscriber.answer(Answers::Status(500));
    scene.test(&hook).await;
    let failed = scene.newest(&hook, "pending", 1).await;
    assert_eq!(
        (&failed["last_status"], &failed["last_error"]),
        (&json!(500), &json!(null))
    );
    assert!(!failed.to_string().contains("internal secret"), "{failed}");
    scene.clock.advance(Duration::from_secs(59));
    scene.test(&hook).await;
    scene.notes(2).await;
    scene.clock.advance(Duration::from_secs(8));
    scene.notes(3).await;
    let received = scene.subscriber.received();
    assert_eq!(received[0].id, received[2].id, "it is the same message");
    assert_ne!(received[0].id, received[1].id);
    assert_eq!(received[0].body, received[2].body);
    scene.clock.advance(Duration::from_secs(1000));
    scene.notes(5).await;
    scene.clock.advance(Duration::from_secs(1000));
    scene.newest(&hook, "failed", 3).await;
    scene.receives(&scene.subscriber, 6).await;
    let shown = scene.staff.get(&hook).await.ok();
    assert!(shown["webhook"]["failing_since"].is_string(), "{shown}");

    scene.subscriber.answer(Answers::Status(204));
    let early = json!({"since": "2099-01-01T00:00:00Z"});
    let none = scene.staff.post(&format!("{hook}/replay-failed"), &early).await;
    assert_eq!((none.status.as_u16(), &none.json()["replayed"]), (202, &json!(0)));
    let since = json!({"since": "2020-01-01T00:00:00Z"});
    let all = scene.staff.post(&format!("{hook}/replay-failed"), &since).await;
    assert_eq!(all.json()["replayed"], 2);
    scene.receives(&scene.subscriber, 8).await;
    let delivered = scene.newest(&hook, "delivered", 1).await;
    let replay = format!("{hook}/deliveries/{}/replay", delivered["id"]);
    assert_eq!(scene.staff.post(&replay, &json!({})).await.status, 202);
    scene.receives(&scene.subscriber, 9).await;
    assert_eq!(json!(scene.subscriber.received()[8].id), delivered["webhook_id"]);
    let shown = scene.staff.get(&hook).await.ok();
    assert!(shown["webhook"]["failing_since"].is_null(), "{shown}");
    scene.finish().await;
}

#[tokio::test]
async fn a_subscriber_that_is_gone_or_fails_for_too_long_is_disabled_and_can_be_enabled_again() {
    let scene = Scene::new(&["--webhook-give-up-h", "1"]).await;
    let (hook, _) = scene.hook(&["theme.updated"]).await;
    for (answers, wait, reason) in [
        (410, 0, "it answered 410 Gone"),
        (302, 3700, "nothing could be delivered for too long"),
    ] {
        scene.subscriber.answer(Answers::Status(answers));
        scene.test(&hook).await;
        let before = scene.subscriber.count();
        scene.receives(&scene.subscriber, before.max(1)).await;
        scene
            .newest(&hook, if wait == 0 { "failed" } else { "pending" }, 1)
            .await;
        scene.clock.advance(Duration::from_secs(wait));
        let is_disabled = || async { scene.staff.get(&hook).await.ok()["webhook"]["is_enabled"] == false };
        scene
            .installation
            .within(SOON, "it is disabled", is_disabled)
            .await;
        let shown = scene.staff.get(HOOKS).await.ok();
        assert_eq!(shown["webhooks"][0]["disabled_reason"], reason, "{shown}");
        let test = scene.staff.post(&format!("{hook}/test"), &json!({})).await;
        test.problem(409, "webhook_disabled");
        let again = json!({"url": scene.subscriber.url, "event_types": ["theme.updated"]});
        let enabled = scene.staff.put(&hook, &again).await.ok();
        assert_eq!(enabled["webhook"]["is_enabled"], true);
        assert!(enabled["webhook"]["disabled_reason"].is_null());
    }
    let log = scene
        .staff
        .get("/api/admin/aurora/audit-log?action=webhook.disabled")
        .await
        .ok();
    assert_eq!(log["pagination"]["total"], 2);
    assert_eq!(
        (&log["entries"][0]["login"], &log["entries"][0]["staff_id"]),
        (&json!("system"), &json!(null))
    );
    scene.finish().await;
}

#[tokio::test]
async fn both_secrets_sign_for_a_day_after_a_rotation_and_none_is_shown_again() {
    let scene = Scene::new(&[]).await;
    let (hook, old) = scene.hook(&["theme.updated"]).await;
    let rotated = scene
        .staff
        .post(&format!("{hook}/rotate-secret"), &json!({}))
        .await
        .ok();
    let new = rotated["secret"].as_str().unwrap();
    assert_ne!(new, old);
    // Whoever asks twice must not take from the receiver the only secret that it has.
    scene
        .staff
        .post(&format!("{hook}/rotate-secret"), &json!({}))
        .await
        .problem(409, "secret_rotated_already");
    scene.test(&hook).await;
    scene.receives(&scene.subscriber, 1).await;
    let first = &scene.subscriber.received()[0];
    assert_eq!(first.signatures(), [first.signed_by(new), first.signed_by(&old)]);
    scene
        .clock
        .advance(Duration::from_hours(24) + Duration::from_secs(1));
    let body = json!({"login": scene.aurora.login, "password": PASSWORD});
    let token = scene
        .installation
        .writer()
        .post("/api/admin-login", &body)
        .await
        .ok();
    let staff = scene.staff.logged_in(token["token"].as_str().unwrap());
    assert_eq!(staff.post(&format!("{hook}/test"), &json!({})).await.status, 202);
    scene.receives(&scene.subscriber, 2).await;
    let second = &scene.subscriber.received()[1];
    assert_eq!(second.signatures(), [second.signed_by(new)]);
    for path in [HOOKS, &hook, "/api/admin/aurora/audit-log"] {
        let text = staff.get(path).await.text();
        assert!(!text.contains("whsec_"), "{text}");
    }
    scene.finish().await;
}

#[tokio::test]
async fn what_a_dead_writer_had_begun_is_delivered_by_another_one() {
    let mut scene = Scene::new(&[]).await;
    let (hook, _) = scene.hook(&["theme.updated"]).await;
    scene.subscriber.answer(Answers::Never);
    scene.test(&hook).await;
    scene.receives(&scene.subscriber, 1).await;
    let other = scene.another_writer(|_| {}).await;
    std::mem::replace(&mut scene.installation.writer, other)
        .stop()
        .await;
    scene.subscriber.answer(Answers::Status(200));
    scene.clock.advance(LEASE);
    scene.receives(&scene.subscriber, 2).await;
    let received = scene.subscriber.received();
    assert_eq!(received[0].id, received[1].id);
    scene.finish().await;
}

#[tokio::test]
async fn two_writers_deliver_each_event_once() {
    let scene = Scene::new(&[]).await;
    let other = scene.another_writer(|_| {}).await;
    let alice = scene.installation.player(&scene.aurora, "alice", 0).await;
    scene.hook(&["deposit.made", "round.settled"]).await;
    let player = scene.installation.writer().logged_in(&alice.token);
    for number in 0..15 {
        let body = json!({"amount": 2, "reference": format!("r{number}")});
        let path = format!("/api/admin/aurora/players/{}/deposit", alice.id);
        scene.staff.post(&path, &body).await.ok();
        player
            .post("/api/casino/slots/bet", &json!({"stake": 1}))
            .await
            .ok();
    }
    scene.receives(&scene.subscriber, 30).await;
    let pending = "select count(*) from webhook_deliveries where status <> 'delivered'";
    let is_noted = || async {
        let count: i64 = sqlx::query_scalar(pending)
            .fetch_one(scene.installation.database.pool())
            .await
            .unwrap();
        count == 0
    };
    scene.installation.within(SOON, "all is noted", is_noted).await;
    assert_eq!(scene.subscriber.count(), 30);
    other.stop().await;
    scene.finish().await;
}

#[tokio::test]
async fn a_slow_subscriber_delays_no_other() {
    let scene = Scene::new(&[]).await;
    let slow = Subscriber::start().await;
    slow.answer(Answers::Never);
    scene.hook_at(&slow, &["casino.toggled"]).await;
    scene.hook(&["casino.toggled"]).await;
    for is_enabled in [false, true, false, true, false, true, false, true] {
        let body = json!({"enabled": is_enabled});
        scene
            .staff
            .post("/api/admin/aurora/toggle-casino", &body)
            .await
            .ok();
    }
    scene.receives(&scene.subscriber, 8).await;
    assert!(slow.count() <= 4, "no more are under way to one than allowed");
    scene.finish().await;
}

#[tokio::test]
async fn nothing_is_sent_to_an_address_that_is_not_public() {
    let mut scene = Scene::new(&[]).await;
    let (hook, _) = scene.hook(&["theme.updated"]).await;
    let strict = scene
        .another_writer(|options| options.webhooks.webhook_allow_private = false)
        .await;
    std::mem::replace(&mut scene.installation.writer, strict)
        .stop()
        .await;
    scene.staff = scene.installation.writer().logged_in(&scene.aurora.token);
    scene.test(&hook).await;
    let refused = scene.newest(&hook, "pending", 1).await;
    assert_eq!(refused["last_error"], "its URL is not allowed");
    assert_eq!(scene.subscriber.count(), 0);
    for url in [
        scene.subscriber.url.as_str(),
        "http://10.1.2.3/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/latest",
        "https://localhost/",
        "https://user:x@example.com/",
        "gopher://example.com/",
        "x",
        "",
    ] {
        let body = json!({"url": url, "event_types": ["theme.updated"]});
        scene.staff.post(HOOKS, &body).await.names_field("url");
        scene.staff.put(&hook, &body).await.names_field("url");
    }
    scene.finish().await;
}

#[tokio::test]
async fn what_is_no_webhook_is_refused() {
    let scene = Scene::new(&["--webhook-endpoints-max", "2"]).await;
    let (hook, _) = scene.hook(&["theme.updated"]).await;
    let good = json!({"url": "https://example.com/", "event_types": ["theme.updated"]});
    let with = |member: &str, value: Value| {
        let mut body = good.clone();
        body[member] = value;
        body
    };
    for (body, field) in [
        (json!({"event_types": ["theme.updated"]}), "url"),
        (json!({"url": "https://example.com/"}), "event_types"),
        (with("url", json!(5)), "url"),
        (with("event_types", json!([])), "event_types"),
        (with("event_types", json!(["bet.placed"])), "event_types[0]"),
        (with("event_types", json!(["webhook.test"])), "event_types[0]"),
        (with("description", json!("x".repeat(201))), "description"),
        (with("description", json!("a\u{0}b")), "description"),
        (with("is_enabled", json!("yes")), "is_enabled"),
    ] {
        scene.staff.post(HOOKS, &body).await.names_field(field);
        scene.staff.put(&hook, &body).await.names_field(field);
    }
    assert_eq!(
        scene.staff.post(HOOKS, &with("secret", json!("x"))).await.status,
        422
    );
    for query in ["status=gone", "event_type=x", "page=0"] {
        let field = query.split('=').next().unwrap();
        scene
            .staff
            .get(&format!("{hook}/deliveries?{query}"))
            .await
            .names_field(field);
    }
    let since = json!({"since": "yesterday"});
    scene
        .staff
        .post(&format!("{hook}/replay-failed"), &since)
        .await
        .names_field("since");
    scene
        .staff
        .post_bytes(HOOKS, vec![b' '; 5 << 20])
        .await
        .problem(413, "body_too_large");
    scene.staff.post(HOOKS, &good).await;
    scene
        .staff
        .post(HOOKS, &good)
        .await
        .problem(409, "too_many_webhooks");
    assert_eq!(scene.installation.count("webhook_endpoints").await, 2);
    scene.finish().await;
}

#[tokio::test]
async fn strangers_find_no_webhook_and_a_deleted_one_is_gone() {
    let scene = Scene::new(&[]).await;
    let bluefin = scene.installation.operator("bluefin").await;
    let (hook, _) = scene.hook(&["theme.updated"]).await;
    let good = json!({"url": "https://example.com/", "event_types": ["theme.updated"]});
    let writer = scene.installation.writer();
    let other = writer.logged_in(&bluefin.token);
    let number = hook.rsplit('/').next().unwrap();
    for tail in ["", "/deliveries"] {
        writer
            .get(&format!("{hook}{tail}"))
            .await
            .problem(401, "authentication_required");
        other
            .get(&format!("{hook}{tail}"))
            .await
            .problem(404, "operator_not_found");
        let own = format!("/api/admin/bluefin/webhooks/{number}{tail}");
        other.get(&own).await.problem(404, "webhook_not_found");
    }
    for tail in ["/test", "/rotate-secret", "/deliveries/1/replay"] {
        writer
            .post(&format!("{hook}{tail}"), &json!({}))
            .await
            .problem(401, "authentication_required");
        let own = format!("/api/admin/bluefin/webhooks/{number}{tail}");
        other
            .post(&own, &json!({}))
            .await
            .problem(404, "webhook_not_found");
    }
    other
        .put(&format!("/api/admin/bluefin/webhooks/{number}"), &good)
        .await
        .problem(404, "webhook_not_found");
    delete(&other, &format!("/api/admin/bluefin/webhooks/{number}"))
        .await
        .problem(404, "webhook_not_found");
    for id in ["0", "-1", "x", "99999999999999999999"] {
        scene
            .staff
            .get(&format!("{HOOKS}/{id}"))
            .await
            .problem(404, "webhook_not_found");
        let replay = format!("{hook}/deliveries/{id}/replay");
        scene
            .staff
            .post(&replay, &json!({}))
            .await
            .problem(404, "delivery_not_found");
    }
    delete(&scene.staff, &hook).await.ok();
    delete(&scene.staff, &hook)
        .await
        .problem(404, "webhook_not_found");
    let log = scene
        .staff
        .get("/api/admin/aurora/audit-log?action=webhook.deleted")
        .await
        .ok();
    assert_eq!(log["entries"][0]["before"]["url"], scene.subscriber.url);
    scene.finish().await;
}

#[tokio::test]
async fn the_log_forgets_what_is_old() {
    let scene = Scene::new(&["--webhook-log-days", "2"]).await;
    let (hook, _) = scene.hook(&["theme.updated"]).await;
    scene.test(&hook).await;
    scene.newest(&hook, "delivered", 1).await;
    let log = scene
        .staff
        .get("/api/admin/aurora/audit-log?action=webhook.tested")
        .await
        .ok();
    assert_eq!(log["pagination"]["total"], 1, "{log}");
    scene.clock.advance(Duration::from_hours(49));
    let is_empty = || async { scene.installation.count("webhook_deliveries").await == 0 };
    scene
        .installation
        .within(SOON, "the log is empty", is_empty)
        .await;
    scene.finish().await;
}

#[tokio::test]
async fn a_disabled_operators_deliveries_pause_and_go_on_when_it_is_enabled() {
    let scene = Scene::new(&[]).await;
    let (hook, _) = scene.hook(&["theme.updated"]).await;
    scene.subscriber.answer(Answers::Status(500));
    scene.test(&hook).await;
    scene.notes(1).await;
    scene.subscriber.answer(Answers::Status(204));
    let pool = scene.installation.database.pool();
    let switch = async |is_active: bool| {
        sqlx::query("update operators set is_active = $1 where subdomain = 'aurora'")
            .bind(is_active)
            .execute(pool)
            .await
            .unwrap();
    };
    switch(false).await;
    scene.clock.advance(Duration::from_mins(1));
    // What is due is taken of all operators at once: with this one's, that of aurora would have come.
    let bluefin = scene.installation.operator("bluefin").await;
    let other = scene.installation.writer().logged_in(&bluefin.token);
    let subscriber = Subscriber::start().await;
    let body = json!({"url": subscriber.url, "event_types": ["theme.updated"]});
    let made = other.post("/api/admin/bluefin/webhooks", &body).await.json();
    let test = format!("/api/admin/bluefin/webhooks/{}/test", made["webhook"]["id"]);
    assert_eq!(other.post(&test, &json!({})).await.status, 202);
    scene.receives(&subscriber, 1).await;
    assert_eq!(scene.subscriber.count(), 1);
    switch(true).await;
    scene.receives(&scene.subscriber, 2).await;
    scene.finish().await;
}
