//! What an operator's staff change: who may, what is refused, and that every change is whole and counted once.

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
const SAVE_THEME: &str = "/api/save-theme/aurora";
const UPDATE_BRANDING: &str = "/api/branding/aurora/update";
const TOGGLE_CASINO: &str = "/api/admin/aurora/toggle-casino";
const TOGGLE_EVENT: &str = "/api/admin/aurora/betting-events/4711/toggle";

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
