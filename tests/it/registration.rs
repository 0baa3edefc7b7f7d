//! Sportsbooks that register themselves: what they get, what is refused, and their wallets.

use serde_json::{Value, json};
use tests::people::PASSWORD;
use tests::{Client, Installation};
use tokio::task::JoinSet;

mod bulk;

const REGISTER: &str = "/api/register-sportsbook";

fn builder() -> tests::Builder {
    Installation::builder().writer_args(&["--registrations-per-address", "1000"])
}

/// The code of the first operator, aurora.
async fn code(installation: &Installation) -> String {
    let aurora = installation.operator("aurora").await;
    let staff = installation.writer().logged_in(&aurora.token);
    let own = staff.get("/api/admin/aurora/referral-code").await.ok();
    own["referral_code"].as_str().unwrap().to_owned()
}

fn registration(name: &str, login: &str, code: &str) -> Value {
    json!({"sportsbook_name": name, "login": login, "password": PASSWORD, "referral_code": code})
}

async fn log_in(client: &Client, login: &str) -> Client {
    let body = json!({"login": login, "password": PASSWORD});
    let answer = client.post("/api/admin-login", &body).await.ok();
    client.logged_in(answer["token"].as_str().unwrap())
}

/// Everything that a registration writes.
async fn written(installation: &Installation) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in [
        "operators",
        "staff",
        "operator_wallets",
        "referral_codes",
        "referrals",
        "ledger_entries",
    ] {
        counts.push(installation.count(table).await);
    }
    counts
}

#[tokio::test]
async fn who_registers_has_an_address_a_code_and_four_wallets_and_is_served_at_once() {
    let installation = builder().start().await;
    let code = code(&installation).await;
    let writer = installation.writer();
    let mut asked = registration("  Nordlicht Wetten ", "nord_admin", &code.to_lowercase());
    asked["email"] = json!("Office@Nord.example");
    let answer = writer.post(REGISTER, &asked).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "private, no-store");
    let made = answer.json();
    assert_eq!(made["sportsbook_name"], "Nordlicht Wetten");
    assert_eq!(made["subdomain"], "nordlichtwetten");
    assert_eq!(made["admin_url"], "/nordlichtwetten/admin");
    assert_eq!(made["sportsbook_url"], "/nordlichtwetten");
    assert_eq!(made["wallets"]["bookmaker_capital"]["balance"], json!(10_000.0));
    assert_eq!(made["wallets"]["liquidity_pool"]["balance"], json!(40_000.0));
    assert_eq!(made["wallets"]["liquidity_pool"]["leverage_multiplier"], 5);
    let page = installation.reader(0).get("/api/branding/nordlichtwetten").await;
    assert_eq!(page.status, 200, "the push told the reader: {}", page.text());

    let staff = log_in(&writer, "nord_admin").await;
    let wallets = staff.get("/api/admin/nordlichtwetten/wallets").await.ok();
    let shown: Vec<(&str, &Value)> = wallets["wallets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|wallet| {
            (
                wallet["wallet_type"].as_str().unwrap(),
                &wallet["current_balance"],
            )
        })
        .collect();
    let expected = [
        ("bookmaker_capital", &json!(10_000.0)),
        ("liquidity_pool", &json!(40_000.0)),
        ("revenue", &json!(0.0)),
        ("bookmaker_earnings", &json!(0.0)),
    ];
    assert_eq!(shown, expected);
    let capital = staff
        .get("/api/admin/nordlichtwetten/wallets/bookmaker_capital")
        .await
        .ok();
    assert_eq!(capital["wallet"]["initial_balance"], json!(10_000.0));
    assert_eq!(capital["recent_transactions"][0]["transaction_type"], "funding");
    assert_eq!(capital["recent_transactions"][0]["amount"], json!(10_000.0));
    assert_eq!(
        capital["recent_transactions"][0]["balance_after"],
        json!(10_000.0)
    );
    let earnings = staff
        .get("/api/admin/nordlichtwetten/wallets/bookmaker_earnings")
        .await
        .ok();
    assert_eq!(earnings["recent_transactions"], json!([]));
    staff
        .get("/api/admin/nordlichtwetten/wallets/casino")
        .await
        .problem(404, "wallet_not_found");

    let own = made["referral_code"].as_str().unwrap();
    let next = registration("Nordlicht", "nord_two", own);
    assert_eq!(
        writer.post(REGISTER, &next).await.json()["subdomain"],
        "nordlicht"
    );
    let shown = staff.get("/api/admin/nordlichtwetten/referral-code").await.ok();
    assert_eq!(
        (&shown["referral_code"], &shown["referred"]),
        (&json!(own), &json!(1))
    );
    installation.finish().await;
}

#[tokio::test]
async fn books_in_another_currency_begin_with_whole_units_of_it() {
    let installation = builder().start().await;
    let code = code(&installation).await;
    let writer = installation.writer();
    let mut asked = registration("桜ブック", "sakura_admin", &code);
    asked["currency"] = json!("JPY");
    let made = writer.post(REGISTER, &asked).await.json();
    assert_eq!(
        made["wallets"]["bookmaker_capital"]["balance"],
        json!(10_000),
        "{made}"
    );
    let subdomain = made["subdomain"].as_str().unwrap();
    assert!(
        subdomain.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "{subdomain}"
    );
    let staff = log_in(&writer, "sakura_admin").await;
    let wallets = staff.get(&format!("/api/admin/{subdomain}/wallets")).await.ok();
    assert_eq!(wallets["currency"], "JPY");
    assert_eq!(wallets["wallets"][1]["current_balance"], json!(40_000));
    installation.finish().await;
}

#[tokio::test]
async fn of_many_that_register_alike_at_once_each_name_and_login_is_given_once() {
    let installation = builder().start().await;
    let code = code(&installation).await;
    let mut asked = JoinSet::new();
    for number in 0..12 {
        let writer = installation.writer();
        // Two that want the same name, four that want the same address.
        let name = format!("Night Owl{}", ["", "!", " .", "?"][number % 4]);
        let body = registration(&name, &format!("owl_{}", number % 8), &code);
        asked.spawn(async move { writer.post(REGISTER, &body).await });
    }
    let answers = asked.join_all().await;
    let made: Vec<Value> = answers
        .iter()
        .filter(|answer| answer.status == 201)
        .map(tests::Answer::json)
        .collect();
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        let code = refused.json()["code"].clone();
        assert!(
            code == "sportsbook_name_taken" || code == "login_taken",
            "{}",
            refused.text()
        );
    }
    assert_eq!(made.len(), 4, "one for each name");
    let mut addresses: Vec<&str> = made
        .iter()
        .map(|made| made["subdomain"].as_str().unwrap())
        .collect();
    addresses.sort_unstable();
    assert_eq!(addresses, ["nightowl", "nightowl1", "nightowl2", "nightowl3"]);
    installation.finish().await;
}

#[tokio::test]
async fn a_registration_that_is_refused_writes_nothing_and_names_what_is_wrong() {
    let installation = builder().start().await;
    let code = code(&installation).await;
    let writer = installation.writer();
    let before = written(&installation).await;
    let good = registration("Borealis", "boreal_admin", &code);
    let long = "x".repeat(101);
    for (field, value) in [
        ("sportsbook_name", json!("")),
        ("sportsbook_name", json!("ab")),
        ("sportsbook_name", json!(long)),
        ("sportsbook_name", json!("<b>Bold</b>")),
        ("sportsbook_name", json!("Bo\u{200b}realis")),
        ("sportsbook_name", json!(7)),
        ("sportsbook_name", json!(null)),
        ("login", json!("ab")),
        ("login", json!("with space")),
        ("login", json!("ünicode")),
        ("password", json!("short")),
        ("password", json!("x".repeat(201))),
        ("email", json!("nobody")),
        ("email", json!("a@b")),
        ("referral_code", json!("")),
        ("referral_code", json!("AB'; drop table operators")),
        ("currency", json!("usd")),
        ("currency", json!("XYZ")),
    ] {
        let mut asked = good.clone();
        asked[field] = value.clone();
        let answer = writer.post(REGISTER, &asked).await;
        assert_eq!(answer.status, 422, "{field} {value}: {}", answer.text());
        answer.names_field(field);
    }
    for field in ["sportsbook_name", "login", "password", "referral_code"] {
        let mut asked = good.clone();
        asked.as_object_mut().unwrap().remove(field);
        writer.post(REGISTER, &asked).await.names_field(field);
    }
    let all_wrong =
        json!({"sportsbook_name": "", "login": "", "password": "", "email": "x", "referral_code": ""});
    let named = writer.post(REGISTER, &all_wrong).await.json();
    assert_eq!(named["errors"].as_array().map(Vec::len), Some(5), "{named}");
    let unknown = registration("Borealis", "boreal_admin", "ZZZZZZZZ");
    writer
        .post(REGISTER, &unknown)
        .await
        .problem(422, "unknown_referral_code");
    writer
        .post_bytes(REGISTER, vec![b' '; 5 * 1024 * 1024])
        .await
        .problem(413, "body_too_large");
    for (name, login, code_of_error) in [
        ("AURORA sports", "boreal_admin", "sportsbook_name_taken"),
        ("Borealis", "Aurora_Admin", "login_taken"),
    ] {
        let asked = registration(name, login, &code);
        writer.post(REGISTER, &asked).await.problem(422, code_of_error);
    }
    assert_eq!(written(&installation).await, before);
    installation.finish().await;
}

#[tokio::test]
async fn no_address_is_one_that_means_something_else() {
    let installation = builder().start().await;
    let code = code(&installation).await;
    for (number, name) in ["API", "Admin", "Static", "W.W.W", "Casino"]
        .into_iter()
        .enumerate()
    {
        let asked = registration(name, &format!("reserved_{number}"), &code);
        let made = installation.writer().post(REGISTER, &asked).await.json();
        let expected = format!("{}1", name.to_lowercase().replace('.', ""));
        assert_eq!(made["subdomain"], expected, "{made}");
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_disabled_operator_recommends_nobody_and_one_address_registers_not_without_end() {
    let few = ["--registrations-per-address", "2"];
    let installation = Installation::builder().writer_args(&few).start().await;
    let code = code(&installation).await;
    let writer = installation.writer();
    let execute = async |statement: &'static str| {
        let done = sqlx::query(statement).execute(installation.database.pool()).await;
        done.unwrap();
    };
    execute("update operators set is_active = false").await;
    let asked = registration("Borealis", "boreal_admin", &code);
    writer
        .post(REGISTER, &asked)
        .await
        .problem(422, "unknown_referral_code");
    execute("update operators set is_active = true").await;
    assert_eq!(writer.post(REGISTER, &asked).await.status, 201);
    let asked = registration("Cassiopeia", "cassi_admin", &code);
    let refused = writer.post(REGISTER, &asked).await;
    refused.problem(429, "too_many_registrations");
    assert!(!refused.header("retry-after").is_empty());
    installation.finish().await;
}

#[tokio::test]
async fn wallets_and_codes_are_shown_to_their_own_staff_only() {
    let installation = builder().start().await;
    let aurora = installation.operator("aurora").await;
    let bluefin = installation.operator("bluefin").await;
    let alice = installation.player(&aurora, "alice", 0).await;
    let writer = installation.writer();
    for path in [
        "/api/admin/aurora/wallets",
        "/api/admin/aurora/wallets/revenue",
        "/api/admin/aurora/referral-code",
    ] {
        writer.get(path).await.problem(401, "authentication_required");
        let other = writer.logged_in(&bluefin.token).get(path).await;
        other.problem(404, "operator_not_found");
        let player = writer.logged_in(&alice.token).get(path).await;
        player.problem(403, "wrong_role");
        writer.logged_in(&aurora.token).get(path).await.ok();
    }
    installation.finish().await;
}
