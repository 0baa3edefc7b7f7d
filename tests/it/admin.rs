//! What an operator's staff change: who may, what is refused, and that every change is whole and counted once.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::people::Operator;
use tests::{Answer, Builder, Client, Installation};
use tokio::task::JoinSet;

use crate::coherence::PULL_BOUND;

mod branding;
mod casino;
mod catalogue;
pub(crate) mod events;
mod themes;

const EVENT: &str = "4711";
/// The id of the first player of an installation.
const PLAYER: &str = "1";
const SAVE_THEME: &str = "/api/save-theme/aurora";
const UPDATE_BRANDING: &str = "/api/branding/aurora/update";
const TOGGLE_CASINO: &str = "/api/admin/aurora/toggle-casino";
const TOGGLE_EVENT: &str = "/api/admin/aurora/betting-events/4711/toggle";

/// Every route of an operator's staff, with a body that is accepted and changes something; none for a GET.
const ROUTES: [(&str, Option<&str>); 20] = [
    (
        "/api/save-theme/{subdomain}",
        Some(r##"{"primaryColor":"#123456"}"##),
    ),
    (
        "/api/branding/{subdomain}/update",
        Some(r#"{"layout":{"compact_mode":true}}"#),
    ),
    ("/api/admin/{subdomain}/toggle-casino", Some("")),
    (
        "/api/admin/{subdomain}/betting-events/{event_key}/toggle",
        Some(""),
    ),
    (
        "/api/admin/{subdomain}/players/{id}/deposit",
        Some(r#"{"amount":1,"reference":"in"}"#),
    ),
    (
        "/api/admin/{subdomain}/players/{id}/withdraw",
        Some(r#"{"amount":1,"reference":"out"}"#),
    ),
    (
        "/api/admin/{subdomain}/change-password",
        Some(r#"{"current_password":"correct horse battery","new_password":"correct horse battery"}"#),
    ),
    ("/api/admin/{subdomain}/users", None),
    ("/api/admin/{subdomain}/users/{id}", None),
    ("/api/admin/{subdomain}/users/{id}/statement", None),
    ("/api/admin/{subdomain}/users/{id}/toggle", Some("")),
    ("/api/admin/{subdomain}/toggle-user", Some(r#"{"user_id":1}"#)),
    (
        "/api/admin/{subdomain}/users/{id}/adjust",
        Some(r#"{"amount":1,"reason":"a gift"}"#),
    ),
    ("/api/admin/{subdomain}/accounts", None),
    ("/api/admin/{subdomain}/audit-log", None),
    ("/api/admin/{subdomain}/casino-setting", None),
    ("/api/admin/{subdomain}/disabled-events", None),
    ("/api/admin/{subdomain}/referral-code", None),
    ("/api/admin/{subdomain}/wallets", None),
    ("/api/admin/{subdomain}/wallets/{wallet_type}", None),
];

/// Texts that would leave their place in a style sheet, a page or a script. No text at all may hold them.
const MARKUP: [&str; 12] = [
    "red;}</style><script>alert(1)</script>",
    "</style>",
    "#fff;}body{display:none",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    r"\3c script\3e alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "#fff\u{202e}",
    "a\u{0}b",
    "#fff\n}",
    "a\u{2028}b",
    "\u{feff}#fff",
];

/// Texts that mean something to a style sheet, a page or a script, although a name may hold them.
const CODE: [&str; 16] = [
    "url(javascript:alert(1))",
    "expression(alert(1))",
    "#fff;background:url(//evil.example/x)",
    "@import url(//evil.example/x.css)",
    "javascript:alert(1)",
    "data:image/svg+xml;base64,PHN2Zz4=",
    "var(--x)",
    "#fff/**/",
    "red",
    "'",
    "\"",
    "/logo.png\" onload=\"alert(1)",
    "/logo.png') , url('/x",
    "//evil.example/x.png",
    "https://good.example@evil.example/x.png",
    " #fff",
];

async fn text(installation: &Installation, statement: &'static str) -> String {
    sqlx::query_scalar(statement)
        .fetch_one(installation.database.pool())
        .await
        .unwrap()
}

/// All that staff can change, and its versions: after a refusal it must be as it was.
async fn state(installation: &Installation) -> String {
    let rows = "select jsonb_build_object(
            'versions', (select jsonb_agg(v order by operator_id, kind) from cache_versions v),
            'operators', (select jsonb_agg(o order by id) from operators o),
            'settings', (select jsonb_agg(s order by operator_id) from operator_settings s),
            'players', (select jsonb_agg(p order by operator_id, id) from players p),
            'wallets', (select jsonb_agg(w order by operator_id, player_id) from wallets w),
            'themes', (select jsonb_agg(t order by operator_id) from themes t),
            'disabled', (select jsonb_agg(d order by operator_id, sport, event_key) from disabled_events d),
            'audit', (select jsonb_agg(a order by id) from audit_entries a)
        )::text";
    text(installation, rows).await
}

async fn version(installation: &Installation, operator: &Operator, kind: &str) -> i64 {
    let version =
        sqlx::query_scalar("select version from cache_versions where operator_id = $1 and kind = $2");
    let version = version
        .bind(operator.id.get())
        .bind(kind)
        .fetch_optional(installation.database.pool());
    version.await.unwrap().unwrap_or(0)
}

/// The fields that a refusal names, in order.
#[track_caller]
fn named(answer: &Answer) -> Vec<String> {
    let body = answer.problem(422, "invalid_field");
    let errors = body["errors"].as_array().unwrap();
    let mut fields: Vec<_> = errors
        .iter()
        .map(|error| error["field"].as_str().unwrap().to_owned())
        .collect();
    fields.sort_unstable();
    fields
}

fn at(route: &str, subdomain: &str) -> String {
    route
        .replace("{subdomain}", subdomain)
        .replace("{event_key}", EVENT)
        .replace("{id}", PLAYER)
        .replace("{wallet_type}", "revenue")
}

/// The path is the key too, for the routes that need one.
async fn ask(client: &Client, path: &str, body: Option<&str>) -> Answer {
    match body {
        Some(body) => client.with("idempotency-key", path).post_bytes(path, body).await,
        None => client.get(path).await,
    }
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    answer.problem(status, code);
}

/// Like production, but patient: on a busy machine a page may take longer than 300 ms to be made anew.
fn installation_of(readers: usize) -> Builder {
    let patience = ["--hard-wait-ms", "5000", "--push-wait-ms", "5000"];
    Installation::builder().readers(readers).reader_args(&patience)
}

/// One reader that also looks for news more often, so that it learns sooner of a new operator.
fn small_installation() -> Builder {
    installation_of(1).reader_args(&["--pull-ms", "50"])
}

/// Two operators, `aurora` and `bluefin`.
async fn two_operators(installation: &Installation) -> (Operator, Operator) {
    tokio::join!(installation.operator("aurora"), installation.operator("bluefin"))
}

/// The list of routes is whole: these tests must not miss one that is added.
#[test]
fn every_route_of_an_operator_is_among_those_tested() {
    let described = write_api::openapi::description();
    let is_staffs = |path: &&String| path.contains("{subdomain}") && !path.starts_with("/api/auth/");
    let described: BTreeSet<_> = described
        .paths
        .paths
        .keys()
        .filter(is_staffs)
        .map(String::as_str)
        .collect();
    assert_eq!(described, ROUTES.iter().map(|(route, _)| *route).collect());
}

#[tokio::test]
async fn only_an_operators_own_staff_change_it() {
    let installation = small_installation().start().await;
    let (aurora, bluefin) = two_operators(&installation).await;
    let alice = installation.player(&aurora, "alice", 0).await;
    assert_eq!(alice.id.to_string(), PLAYER);
    events::offer(&installation, &[("soccer", EVENT, &["1"])]).await;
    let before = state(&installation).await;
    let reader = installation.reader(0);
    let (staff, others) = (reader.logged_in(&aurora.token), reader.logged_in(&bluefin.token));
    let page = reader.with("sec-fetch-site", "same-origin");
    let players = format!("edgebook_player={0}; edgebook_operator={0}", alice.token);
    let strangers = [
        reader.clone(),
        reader.logged_in("1.forged"),
        reader.logged_in(&alice.token),
        page.with("cookie", &players),
        page.with("cookie", &format!("edgebook_player={}", aurora.token)),
    ];
    let cookie = format!("edgebook_operator={}", aurora.token);
    let other_site = reader
        .with("cookie", &cookie)
        .with("origin", "http://evil.example");
    for (route, body) in ROUTES {
        let here = at(route, "aurora");
        for stranger in &strangers {
            refused(&ask(stranger, &here, body).await, 401, "authentication_required");
        }
        refused(&ask(&others, &here, body).await, 404, "operator_not_found");
        for elsewhere in [
            "bluefin",
            "nobody",
            "aurora%00",
            "-aurora",
            "aurora%2f..%2fbluefin",
            "%ff",
        ] {
            let there = at(route, elsewhere);
            refused(&ask(&staff, &there, body).await, 404, "operator_not_found");
            refused(&ask(&reader, &there, body).await, 401, "authentication_required");
        }
        if body.is_some() {
            refused(&ask(&other_site, &here, body).await, 403, "cross_site");
            refused(&staff.get(&here).await, 405, "method_not_allowed");
        }
    }
    assert_eq!(state(&installation).await, before);
    for (route, body) in ROUTES {
        let before = state(&installation).await;
        ask(&staff, &at(route, "AURORA"), body).await.ok();
        let is_changed = state(&installation).await != before;
        assert_eq!(
            is_changed,
            body.is_some(),
            "{route} changes something exactly when it is a POST"
        );
        ask(&page.with("cookie", &cookie), &at(route, "aurora"), body)
            .await
            .ok();
    }
    for (kind, at_first) in [
        ("theme", 0),
        ("branding", 0),
        ("disabled_events", 0),
        ("operator", 1),
    ] {
        assert_eq!(version(&installation, &bluefin, kind).await, at_first, "{kind}");
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_or_no_json_changes_nothing() {
    let installation = small_installation().start().await;
    let aurora = installation.operator("aurora").await;
    events::offer(&installation, &[("soccer", EVENT, &["1"])]).await;
    let before = state(&installation).await;
    let staff = installation.reader(0).logged_in(&aurora.token);
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    for (route, body) in ROUTES {
        let (path, Some(good)) = (at(route, "aurora"), body) else {
            continue;
        };
        for body in ["{", "{]", "}", "a=b", "[", "{'disabled':true}", "{\"", &open] {
            let answer = staff.post_bytes(&path, body).await;
            refused(&answer, 400, "malformed_json");
        }
        for body in ["[]", "[true]", "5", "\"x\"", "null", "true"] {
            staff.post_bytes(&path, body).await.names_field("body");
        }
        // Where a member is unknown or missing, that may be refused before the rest is read.
        let answer = staff.post_bytes(&path, "{}{}").await;
        assert!(
            [400, 422].contains(&answer.status.as_u16()),
            "{path}: {}",
            answer.text()
        );
        for text in [
            &b"\"\xff\""[..],
            b"\"\xed\xa0\x80\"",
            br#""\ud800""#,
            br#""\x41""#,
            b"NaN",
            open.as_bytes(),
        ] {
            let answer = staff
                .post_bytes(&path, [br#"{"primaryColor":"#, text, b"}"].concat())
                .await;
            assert!(
                [400, 422].contains(&answer.status.as_u16()),
                "{path}: {}",
                answer.text()
            );
        }
        let answer = staff
            .post_bytes(&path, format!("{{\"theme\":{open}{close}}}"))
            .await;
        assert!(
            [400, 422].contains(&answer.status.as_u16()),
            "{path}: {}",
            answer.text()
        );
        if !good.is_empty() {
            refused(&staff.post_bytes(&path, "").await, 400, "malformed_json");
        }
        for long in [
            vec![b' '; 10 * 1024 * 1024],
            format!("{{\"a\":\"{}\"}}", "f".repeat(262_144)).into(),
        ] {
            refused(&staff.post_bytes(&path, long).await, 413, "body_too_large");
        }
        let form = staff.with("content-type", "text/plain");
        let answer = form.post_bytes(&path, good).await;
        refused(&answer, 415, "unsupported_media_type");
    }
    assert_eq!(state(&installation).await, before);
    installation.finish().await;
}

/// What each of many changes at once was answered, in the order of the versions that they made.
async fn all_at_once(changes: impl IntoIterator<Item = (Client, &'static str, Value)>) -> Vec<Value> {
    let mut asked = JoinSet::new();
    for (client, path, body) in changes {
        asked.spawn(async move { client.post(path, &body).await });
    }
    let mut answers: Vec<_> = asked.join_all().await.iter().map(Answer::ok).collect();
    answers.sort_by_key(|answer| answer["version"].as_i64());
    answers
}

fn of_kind<'a>(answers: &'a [Value], kind: &str) -> Vec<&'a Value> {
    let is_meant = |answer: &&Value| answer["versions"][0]["kind"] == kind;
    answers.iter().filter(is_meant).collect()
}

fn versions(answers: &[&Value]) -> Vec<i64> {
    let version = |answer: &&Value| answer["version"].as_i64().unwrap();
    answers.iter().map(version).collect()
}

#[tokio::test]
async fn changes_at_once_lose_no_version_and_the_last_one_is_what_everybody_sees() {
    const EACH: i64 = 20;
    let installation = installation_of(2).start().await;
    let aurora = installation.operator("aurora").await;
    events::offer(&installation, &[("soccer", EVENT, &["1", "2"])]).await;
    let readers = [installation.reader(0), installation.reader(1)];
    let changes = (0..EACH).flat_map(|number| {
        let staff = readers[usize::from(number % 2 == 0)].logged_in(&aurora.token);
        let color = format!("#0000{number:02x}");
        [
            (SAVE_THEME, json!({"primaryColor": color})),
            (UPDATE_BRANDING, json!({"theme": {"primary_color": color}})),
            (TOGGLE_CASINO, json!({})),
            (TOGGLE_EVENT, json!({})),
        ]
        .map(|(path, body)| (staff.clone(), path, body))
    });
    let answers = all_at_once(changes).await;
    for (kind, first) in [
        ("theme", 1),
        ("branding", 1),
        ("disabled_events", 1),
        ("operator", 2),
    ] {
        let expected: Vec<_> = (first..first + EACH).collect();
        assert_eq!(versions(&of_kind(&answers, kind)), expected, "{kind}");
    }
    let (casino, event) = (
        of_kind(&answers, "operator"),
        of_kind(&answers, "disabled_events"),
    );
    for (number, (casino, event)) in casino.into_iter().zip(event).enumerate() {
        let is_first_of_two = number % 2 == 0;
        assert_eq!(
            casino["casino_enabled"], !is_first_of_two,
            "each goes over from what was"
        );
        assert_eq!(
            event["is_disabled"], is_first_of_two,
            "each goes over from what was"
        );
    }
    let missed = |answer: &Value, how: &str| answer["readers"][how] != json!([]);
    let all_acknowledged = !answers
        .iter()
        .any(|answer| missed(answer, "pending") || missed(answer, "unreachable"));
    let theme: String = text(&installation, "select primary_color from themes").await;
    let branding = "select branding #>> '{theme,primary_color}' from operator_settings";
    let branding: String = text(&installation, branding).await;
    for reader in &readers {
        if !all_acknowledged {
            installation
                .within(PULL_BOUND, "a pull brings the last changes", || async {
                    let page = reader.get("/api/branding/aurora").await.ok();
                    let casino = reader.get("/api/aurora/casino-enabled").await.ok();
                    let versions = reader.get("/api/load-theme/aurora").await;
                    versions.header("edgebook-version") == format!("theme={EACH}")
                        && page["branding"]["theme"]["primary_color"] == branding
                        && casino["casino_enabled"] == true
                        && events::offered(reader, "soccer", "aurora").await == "4711[1,2]"
                })
                .await;
        }
        let shown = reader.get("/api/load-theme/aurora").await;
        assert_eq!(shown.ok()["primaryColor"], theme);
        assert_eq!(shown.header("edgebook-version"), format!("theme={EACH}"));
        let shown = reader.get("/api/branding/aurora").await.ok();
        assert_eq!(shown["branding"]["theme"]["primary_color"], branding);
        let shown = reader.get("/api/aurora/casino-enabled").await.ok();
        assert_eq!(
            shown["casino_enabled"], true,
            "all acknowledged: {all_acknowledged}"
        );
        assert_eq!(events::offered(reader, "soccer", "aurora").await, "4711[1,2]");
    }
    installation.finish().await;
}

#[tokio::test]
async fn of_many_who_ask_for_the_same_at_once_one_changes_something() {
    let installation = small_installation().start().await;
    let aurora = installation.operator("aurora").await;
    events::offer(&installation, &[("soccer", EVENT, &["1"])]).await;
    let staff = installation.reader(0).logged_in(&aurora.token);
    let no_one = json!({"acknowledged": [], "pending": [], "unreachable": []});
    for (path, body, kind, version) in [
        (TOGGLE_CASINO, json!({"casino_enabled": false}), "operator", 2),
        (TOGGLE_EVENT, json!({"disabled": true}), "disabled_events", 1),
        (SAVE_THEME, json!({"textColor": "#123456"}), "theme", 1),
    ] {
        let same = (0..20).map(|_| (staff.clone(), path, body.clone()));
        let answers = all_at_once(same).await;
        assert_eq!(versions(&of_kind(&answers, kind)), [version; 20]);
        let told = answers.iter().filter(|answer| answer["readers"] != no_one);
        assert_eq!(told.count(), 1, "{kind}");
    }
    installation.finish().await;
}
