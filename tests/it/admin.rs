//! What an operator's staff change: who may, what is refused, and that every change is whole and counted once.

use serde_json::{Value, json};
use tests::{Answer, Client, Installation, people::Operator};
use tokio::task::JoinSet;

mod branding;
mod events;
mod themes;

const EVENT: &str = "4711";
const TOGGLE_CASINO: &str = "/api/admin/aurora/toggle-casino";

/// Every route of an operator's staff, with a body that is accepted and changes something; none for a GET.
const ROUTES: [(&str, Option<&str>); 6] = [
    ("/api/save-theme/{}", Some(r##"{"primaryColor":"#123456"}"##)),
    (
        "/api/branding/{}/update",
        Some(r#"{"layout":{"compact_mode":true}}"#),
    ),
    ("/api/admin/{}/toggle-casino", Some("")),
    ("/api/admin/{}/betting-events/4711/toggle", Some("")),
    ("/api/admin/{}/casino-setting", None),
    ("/api/admin/{}/disabled-events", None),
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
            'themes', (select jsonb_agg(t order by operator_id) from themes t),
            'disabled', (select jsonb_agg(d order by operator_id, sport, event_key) from disabled_events d)
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

async fn ask(client: &Client, path: &str, body: Option<&str>) -> Answer {
    match body {
        Some(body) => client.post_bytes(path, body).await,
        None => client.get(path).await,
    }
}

/// Like production, but patient: on a slow machine a page may take longer than 300 ms to be made anew.
fn installation_of(readers: usize) -> tests::Builder {
    Installation::builder().readers(readers).reader_args(&[
        "--hard-wait-ms",
        "5000",
        "--push-wait-ms",
        "5000",
    ])
}

#[tokio::test]
async fn only_an_operators_own_staff_change_it() {
    let installation = installation_of(1).start().await;
    let (aurora, bluefin) = (
        installation.operator("aurora").await,
        installation.operator("bluefin").await,
    );
    let alice = installation.player(&aurora, "alice", 0).await;
    events::offer(&installation, "soccer", EVENT, &["1"]).await;
    let before = state(&installation).await;
    let reader = installation.reader(0);
    let page = reader.with("sec-fetch-site", "same-origin");
    let cookie = format!("edgebook_player={0}; edgebook_operator={0}", alice.token);
    let staff = reader.logged_in(&aurora.token);
    for (path, body) in ROUTES {
        let here = path.replace("{}", "aurora");
        for stranger in [
            reader.clone(),
            reader.logged_in("1.forged"),
            reader.logged_in(&alice.token),
            page.with("cookie", &cookie),
            page.with("cookie", &format!("edgebook_player={}", aurora.token)),
        ] {
            ask(&stranger, &here, body)
                .await
                .problem(401, "authentication_required");
        }
        let other_staff = reader.logged_in(&bluefin.token);
        ask(&other_staff, &here, body)
            .await
            .problem(404, "operator_not_found");
        for elsewhere in [
            "bluefin",
            "nobody",
            "aurora%00",
            "-aurora",
            "aurora%2f..%2fbluefin",
            "%ff",
        ] {
            let there = path.replace("{}", elsewhere);
            ask(&staff, &there, body).await.problem(404, "operator_not_found");
            ask(&reader, &there, body)
                .await
                .problem(401, "authentication_required");
        }
        let forged_page = reader.with("cookie", &format!("edgebook_operator={}", aurora.token));
        let forged_page = forged_page.with("origin", "http://evil.example");
        if body.is_some() {
            ask(&forged_page, &here, body).await.problem(403, "cross_site");
            staff.get(&here).await.problem(405, "method_not_allowed");
        }
    }
    assert_eq!(state(&installation).await, before);
    let own_page = page.with("cookie", &format!("edgebook_operator={}", aurora.token));
    for (path, body) in ROUTES {
        let before = state(&installation).await;
        ask(&staff, &path.replace("{}", "AURORA"), body).await.ok();
        let is_changed = state(&installation).await != before;
        assert_eq!(
            is_changed,
            body.is_some(),
            "{path} changes something exactly when it is a POST"
        );
        ask(&own_page, &path.replace("{}", "aurora"), body).await.ok();
    }
    for kind in ["theme", "branding", "disabled_events"] {
        assert_eq!(version(&installation, &bluefin, kind).await, 0, "{kind}");
    }
    assert_eq!(
        version(&installation, &bluefin, "operator").await,
        1,
        "it was created"
    );
    installation.finish().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_or_no_json_changes_nothing() {
    let installation = installation_of(1).start().await;
    let aurora = installation.operator("aurora").await;
    events::offer(&installation, "soccer", EVENT, &["1"]).await;
    let before = state(&installation).await;
    let staff = installation.reader(0).logged_in(&aurora.token);
    for (path, good) in ROUTES {
        let (path, Some(good)) = (path.replace("{}", "aurora"), good) else {
            continue;
        };
        for body in [
            "{",
            "{]",
            "}",
            "a=b",
            "{\"disabled\":NaN}",
            "{'disabled':true}",
            "{\"disabled\":true",
            "{}{}",
        ] {
            staff.post_bytes(&path, body).await.problem(400, "malformed_json");
        }
        for text in [&b"\xff"[..], b"\xed\xa0\x80", b"\\ud800", b"\\x41"] {
            let body = [b"{\"primaryColor\":\"", text, b"\"}"].concat();
            staff.post_bytes(&path, body).await.problem(400, "malformed_json");
        }
        let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
        for nested in [
            format!("{{\"theme\":{open}"),
            format!("{{\"theme\":{open}{close}}}"),
        ] {
            let refused = staff.post_bytes(&path, nested).await;
            assert!(
                [400, 422].contains(&refused.status.as_u16()),
                "{path}: {}",
                refused.text()
            );
        }
        for body in ["5", "\"x\"", "null", "[5]"] {
            let refused = staff.post_bytes(&path, body).await;
            assert_eq!(refused.status.as_u16(), 422, "{path} {body}: {}", refused.text());
        }
        if !good.is_empty() {
            staff.post_bytes(&path, "").await.problem(400, "malformed_json");
        }
        staff
            .post_bytes(&path, vec![b' '; 10 * 1024 * 1024])
            .await
            .problem(413, "body_too_large");
        let long = format!("{{\"primaryColor\":\"{}\"}}", "f".repeat(300_000));
        staff.post_bytes(&path, long).await.problem(413, "body_too_large");
        let form = staff.with("content-type", "text/plain");
        form.post_bytes(&path, good)
            .await
            .problem(415, "unsupported_media_type");
    }
    assert_eq!(state(&installation).await, before);
    installation.finish().await;
}

#[tokio::test]
async fn the_casino_switch_goes_over_or_as_asked_and_is_seen_everywhere() {
    let installation = installation_of(2).start().await;
    let (aurora, bluefin) = (
        installation.operator("aurora").await,
        installation.operator("bluefin").await,
    );
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let player = installation.reader(1).logged_in(&alice.token);
    let staff = installation.reader(0).logged_in(&aurora.token);
    let mut expected = 1;
    for (body, is_enabled, is_change) in [
        ("", false, true),
        ("", true, true),
        ("{}", false, true),
        (r#"{"casino_enabled":null}"#, true, true),
        (r#"{"casino_enabled":true}"#, true, false),
        (r#"{"casino_enabled":false}"#, false, true),
        (r#"{"enabled":false}"#, false, false),
        (r#"{"enabled":true}"#, true, true),
        (" {\"enabled\": false} ", false, true),
    ] {
        expected += i64::from(is_change);
        let answer = staff.post_bytes(TOGGLE_CASINO, body).await.ok();
        let told = if is_change {
            json!(["reader-0", "reader-1"])
        } else {
            json!([])
        };
        let readers = json!({"acknowledged": told, "pending": [], "unreachable": []});
        let versions = json!([{"operator_id": aurora.id, "kind": "operator", "version": expected}]);
        let message = if is_enabled {
            "Casino enabled"
        } else {
            "Casino disabled"
        };
        let full = json!({
            "success": true, "message": message, "casino_enabled": is_enabled, "version": expected,
            "versions": versions, "readers": readers,
        });
        assert_eq!(answer, full, "{body}");
        let setting = staff.get("/api/admin/aurora/casino-setting").await.ok();
        assert_eq!(setting, json!({"success": true, "casino_enabled": is_enabled}));
        for number in [0, 1] {
            let shown = installation
                .reader(number)
                .get("/api/aurora/casino-enabled")
                .await
                .ok();
            assert_eq!(shown["casino_enabled"], is_enabled, "{body}");
            let other = installation
                .reader(number)
                .get("/api/bluefin/casino-enabled")
                .await
                .ok();
            assert_eq!(other["casino_enabled"], true);
        }
        let bet = player.post("/api/casino/slots/bet", &json!({"stake": 1})).await;
        if is_enabled {
            bet.ok();
        } else {
            bet.problem(403, "casino_disabled");
        }
    }
    let before = state(&installation).await;
    for wrong in [json!("no"), json!(0), json!([false]), json!({}), json!("false")] {
        for name in ["casino_enabled", "enabled"] {
            staff
                .post(TOGGLE_CASINO, &json!({name: wrong}))
                .await
                .names_field(name);
        }
    }
    for unknown in ["casino_enable", "CASINO_ENABLED", "", "disabled"] {
        let named = staff.post(TOGGLE_CASINO, &json!({unknown: true})).await;
        named.problem(422, "invalid_field");
        named.names_field(unknown);
    }
    assert_eq!(state(&installation).await, before);
    assert_eq!(version(&installation, &bluefin, "operator").await, 1);
    installation.finish().await;
}

/// What each of many changes at once was answered, in the order of the versions that they made.
async fn all_at_once(changes: impl IntoIterator<Item = (Client, String, Value)>) -> Vec<Value> {
    let mut asked = JoinSet::new();
    for (client, path, body) in changes {
        asked.spawn(async move { client.post(&path, &body).await });
    }
    let mut answers: Vec<Value> = asked.join_all().await.iter().map(Answer::ok).collect();
    answers.sort_by_key(|answer| answer["version"].as_i64());
    answers
}

fn versions_of(answers: &[Value], kind: &str) -> Vec<i64> {
    let of_kind = answers
        .iter()
        .filter(|answer| answer["versions"][0]["kind"] == kind);
    of_kind
        .map(|answer| answer["version"].as_i64().unwrap())
        .collect()
}

#[tokio::test]
async fn changes_at_once_lose_no_version_and_the_last_one_is_what_everybody_sees() {
    const EACH: i64 = 20;
    let installation = installation_of(2).start().await;
    let aurora = installation.operator("aurora").await;
    events::offer(&installation, "soccer", EVENT, &["1", "2"]).await;
    let staff = |number: i64| {
        let reader = usize::try_from(number % 2).unwrap();
        installation.reader(reader).logged_in(&aurora.token)
    };
    let changes = (0..EACH).flat_map(|number| {
        let color = format!("#0000{number:02x}");
        [
            ("/api/save-theme/aurora", json!({"primaryColor": color})),
            (
                "/api/branding/aurora/update",
                json!({"theme": {"primary_color": color}}),
            ),
            (TOGGLE_CASINO, json!({})),
            ("/api/admin/aurora/betting-events/4711/toggle", json!({})),
        ]
        .map(|(path, body)| (staff(number), path.to_owned(), body))
    });
    let answers = all_at_once(changes).await;
    for kind in ["theme", "branding", "disabled_events"] {
        assert_eq!(
            versions_of(&answers, kind),
            (1..=EACH).collect::<Vec<_>>(),
            "{kind}"
        );
    }
    let operator: Vec<_> = (2..=EACH + 1).collect();
    assert_eq!(
        versions_of(&answers, "operator"),
        operator,
        "its first version is its creation"
    );
    for answer in &answers {
        let is_even = answer["version"].as_i64().unwrap() % 2 == 0;
        if answer["versions"][0]["kind"] == "operator" {
            assert_eq!(
                answer["casino_enabled"], !is_even,
                "each went over from what was before"
            );
        } else if answer["versions"][0]["kind"] == "disabled_events" {
            assert_eq!(
                answer["is_disabled"], !is_even,
                "each went over from what was before"
            );
        }
    }
    let kept: String = text(&installation, "select primary_color from themes").await;
    for number in [0, 1] {
        let reader = installation.reader(number);
        let theme = reader.get("/api/load-theme/aurora").await;
        assert_eq!(theme.ok()["primaryColor"], kept);
        assert_eq!(theme.header("edgebook-version"), format!("theme={EACH}"));
        assert_eq!(
            reader.get("/api/aurora/casino-enabled").await.ok()["casino_enabled"],
            true
        );
        assert_eq!(events::offered(&reader, "soccer", "aurora").await, "4711[1,2]");
    }
    let explicit = (0..EACH).map(|number| {
        let body = json!({"casino_enabled": false});
        (staff(number), TOGGLE_CASINO.to_owned(), body)
    });
    let answers = all_at_once(explicit).await;
    let same = vec![EACH + 2; 20];
    assert_eq!(
        versions_of(&answers, "operator"),
        same,
        "asked for explicitly, one of them changed something"
    );
    let deadlocks: i64 =
        sqlx::query_scalar("select deadlocks from pg_stat_database where datname = current_database()")
            .fetch_one(installation.database.pool())
            .await
            .unwrap();
    assert_eq!(deadlocks, 0);
    installation.finish().await;
}
