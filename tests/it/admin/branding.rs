//! Branding and betting limits: merged deeply, checked member by member, and what bets are held to.

use serde_json::{Value, json};
use tests::{Client, Installation};

use super::{
    CODE, MARKUP, UPDATE_BRANDING, installation_of, named, small_installation, state, two_operators, version,
};

/// Every member that is free text.
const TEXTS: [&str; 4] = [
    "betting.currency_symbol",
    "branding.footer_text",
    "branding.support_phone",
    "branding.welcome_message",
];
/// Every other member, all of which no text of an attack fits.
const CHECKED: [&str; 33] = [
    "betting.commission_rate",
    "betting.default_currency",
    "betting.max_bet",
    "betting.max_payout",
    "betting.min_bet",
    "betting.odds_format",
    "branding.contact_email",
    "branding.favicon_url",
    "branding.logo_url",
    "branding.social_links.facebook",
    "branding.social_links.instagram",
    "branding.social_links.telegram",
    "branding.social_links.twitter",
    "features.cash_out",
    "features.live_betting",
    "features.live_streaming",
    "features.multi_bet",
    "features.promotions",
    "features.statistics",
    "layout.compact_mode",
    "layout.show_live_scores",
    "layout.show_promotions_banner",
    "layout.show_trending_events",
    "layout.sidebar_position",
    "theme.accent_color",
    "theme.background_color",
    "theme.card_background",
    "theme.error_color",
    "theme.primary_color",
    "theme.secondary_color",
    "theme.success_color",
    "theme.text_color",
    "theme.warning_color",
];

/// Puts `value` at each of the dotted `paths`.
fn all<'a>(paths: impl IntoIterator<Item = &'a str>, value: &Value) -> Value {
    let mut body = json!({});
    for path in paths {
        let mut place = &mut body;
        for name in path.split('.') {
            place = &mut place[name];
        }
        *place = value.clone();
    }
    body
}

async fn shown(reader: &Client) -> Value {
    reader.get("/api/branding/aurora").await.ok()["branding"].take()
}

async fn update(staff: &Client, body: Value) -> Value {
    staff.post(UPDATE_BRANDING, &body).await.ok()
}

#[tokio::test]
async fn an_update_is_merged_deeply_and_null_puts_a_member_back() {
    let installation = installation_of(2).start().await;
    let (aurora, bluefin) = two_operators(&installation).await;
    let staff = installation.writer().logged_in(&aurora.token);
    let readers = [installation.reader(0), installation.reader(1)];
    let default = shown(&readers[0]).await;
    let mut expected = default.clone();
    let changes = [
        ("/theme/primary_color", json!("#123456")),
        (
            "/branding/social_links/twitter",
            json!("https://x.example/aurora"),
        ),
        (
            "/branding/welcome_message",
            json!("Willkommen & bienvenue: \"l'été\" 100%"),
        ),
        ("/features/cash_out", json!(false)),
        ("/betting/commission_rate", json!(0.075)),
        ("/betting/odds_format", json!("american")),
        ("/betting/currency_symbol", json!("US$")),
        (
            "/branding/social_links/facebook",
            json!("https://f.example/aurora"),
        ),
        ("/layout/sidebar_position", json!("right")),
    ];
    for (number, (pointer, value)) in changes.iter().enumerate() {
        *expected.pointer_mut(pointer).unwrap() = value.clone();
        let path = pointer.trim_start_matches('/').replace('/', ".");
        let saved = update(&staff, all([path.as_str()], value)).await;
        assert_eq!(saved["version"], number + 1, "{path}");
        for reader in &readers {
            assert_eq!(shown(reader).await, expected, "{path}");
        }
    }
    let stored = super::text(
        &installation,
        "select branding::text from operator_settings where branding <> '{}'",
    )
    .await;
    assert!(
        !stored.contains("accent_color"),
        "only what differs is stored: {stored}"
    );
    let again =
        json!({"theme": {"primary_color": "#123456"}, "betting": {"default_currency": "USD", "min_bet": 1}});
    for same in [json!({}), json!({"theme": {}}), again] {
        let saved = update(&staff, same).await;
        assert_eq!(saved["version"], changes.len());
        assert_eq!(saved["readers"]["acknowledged"], json!([]));
    }
    let paths = changes
        .iter()
        .map(|(pointer, _)| pointer.trim_start_matches('/').replace('/', "."));
    let paths: Vec<_> = paths.collect();
    update(&staff, all(paths.iter().map(String::as_str), &Value::Null)).await;
    for reader in &readers {
        assert_eq!(shown(reader).await, default);
    }
    assert_eq!(version(&installation, &bluefin, "branding").await, 0);
    installation.finish().await;
}

/// Sends `body`: exactly these fields are named.
async fn refuses(staff: &Client, body: &Value, fields: &[&str]) {
    let answer = staff.post(UPDATE_BRANDING, body).await;
    assert_eq!(named(&answer), fields, "{body}");
}

#[tokio::test]
async fn no_branding_field_takes_css_script_or_another_type() {
    let installation = small_installation().start().await;
    let aurora = installation.operator("aurora").await;
    let staff = installation.reader(0).logged_in(&aurora.token);
    let good = json!({"branding": {"welcome_message": "Hello"}, "betting": {"max_bet": 500}});
    update(&staff, good).await;
    let before = state(&installation).await;
    bad_values(&staff).await;
    bad_members(&staff).await;
    let half =
        json!({"theme": {"primary_color": "#00ff00", "text_color": "red"}, "betting": {"max_bet": 600}});
    refuses(&staff, &half, &["theme.text_color"]).await;
    let after = state(&installation).await;
    assert_eq!(after, before, "nothing was written, also no half of anything");
    installation.finish().await;
}

async fn bad_values(staff: &Client) {
    let mut everything = [&TEXTS[..], &CHECKED].concat();
    everything.sort_unstable();
    for attack in MARKUP {
        refuses(staff, &all(everything.clone(), &json!(attack)), &everything).await;
    }
    for attack in CODE {
        refuses(staff, &all(CHECKED, &json!(attack)), &CHECKED).await;
    }
    for wrong in [json!([]), json!({}), json!(["x"]), json!(-1), json!(1e300)] {
        refuses(staff, &all(everything.clone(), &wrong), &everything).await;
    }
    for (path, wrong) in [
        ("branding.welcome_message", json!("x".repeat(201))),
        ("branding.footer_text", json!("x".repeat(301))),
        ("branding.support_phone", json!("1".repeat(41))),
        ("betting.currency_symbol", json!("")),
        ("betting.currency_symbol", json!("123456789")),
        ("branding.contact_email", json!("a@b")),
        ("branding.social_links.twitter", json!("http://x.example")),
        ("features.cash_out", json!("true")),
        ("features.cash_out", json!(1)),
        ("betting.commission_rate", json!(1.0001)),
        ("betting.commission_rate", json!(0.00001)),
        ("betting.commission_rate", json!("0.05")),
        ("betting.odds_format", json!("Decimal")),
    ] {
        refuses(staff, &all([path], &wrong), &[path]).await;
    }
}

async fn bad_members(staff: &Client) {
    let social_links = "branding.social_links";
    for group in ["theme", "branding", social_links, "features", "betting", "layout"] {
        for wrong in [json!(null), json!("default"), json!([]), json!(1)] {
            refuses(staff, &all([group], &wrong), &[group]).await;
        }
    }
    let (link, css) = ("branding.social_links.mastodon", "theme.custom_css");
    for unknown in ["theme.primaryColor", link, "operator", "custom_css", css] {
        refuses(staff, &all([unknown], &json!("#ffffff")), &[unknown]).await;
    }
    let dotted = json!({"theme.primary_color": "#ffffff"});
    refuses(staff, &dotted, &["theme.primary_color"]).await;
    for body in ["[]", "5", "\"x\"", "null"] {
        staff.post_bytes(UPDATE_BRANDING, body).await.names_field("body");
    }
}

#[tokio::test]
async fn limits_agree_with_each_other_and_bets_are_held_to_them() {
    let installation = small_installation().start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let staff = installation.reader(0).logged_in(&aurora.token);
    let player = installation.reader(0).logged_in(&alice.token);
    let before = state(&installation).await;
    for (sent, field) in [
        (r#"{"min_bet": 10000.01}"#, "betting.min_bet"),
        (r#"{"max_bet": 0.99}"#, "betting.max_bet"),
        (r#"{"max_bet": 100000.01}"#, "betting.max_bet"),
        (r#"{"max_payout": 9999.99}"#, "betting.max_payout"),
        (r#"{"min_bet": 5, "max_bet": 4.99}"#, "betting.max_bet"),
        (r#"{"min_bet": 0}"#, "betting.min_bet"),
        (r#"{"min_bet": 0.001}"#, "betting.min_bet"),
        (r#"{"min_bet": 1e1}"#, "betting.min_bet"),
        (r#"{"min_bet": "5"}"#, "betting.min_bet"),
        (r#"{"max_bet": 99999999999999999999}"#, "betting.max_bet"),
        (r#"{"max_payout": 1e99}"#, "betting.max_payout"),
        (r#"{"default_currency": "EUR"}"#, "betting.default_currency"),
        (r#"{"default_currency": "usd"}"#, "betting.default_currency"),
        (r#"{"default_currency": null}"#, "betting.default_currency"),
        (r#"{"currency": "EUR"}"#, "betting.currency"),
    ] {
        let refused = staff
            .post_bytes(UPDATE_BRANDING, format!("{{\"betting\":{sent}}}"))
            .await;
        assert_eq!(named(&refused), [field], "{sent}");
    }
    let nan = staff
        .post_bytes(UPDATE_BRANDING, r#"{"betting":{"max_bet":NaN}}"#)
        .await;
    nan.problem(400, "malformed_json");
    assert_eq!(state(&installation).await, before);

    bet(&player, "1").await.ok();
    let limits = r#"{"betting": {"min_bet": 2.00, "max_bet": 2.40, "max_payout": 2.4}}"#;
    staff.post_bytes(UPDATE_BRANDING, limits).await.ok();
    let page = installation.reader(0).get("/api/branding/aurora").await;
    for member in [r#""min_bet":2.00"#, r#""max_bet":2.40"#, r#""max_payout":2.40"#] {
        assert!(page.text().contains(member), "{member} in {}", page.text());
    }
    for stake in ["1.80", "2.60", "1"] {
        bet(&player, stake).await.names_field("stake");
    }
    for stake in ["2", "2.40"] {
        bet(&player, stake).await.ok();
    }
    staff
        .post_bytes(UPDATE_BRANDING, r#"{"betting": {"max_bet": 0.20}}"#)
        .await
        .names_field("betting.max_bet");
    let reset = json!({"betting": {"min_bet": null, "max_bet": null, "max_payout": null}});
    assert_eq!(update(&staff, reset).await["version"], 2);
    bet(&player, "1").await.ok();
    assert_eq!(
        shown(&installation.reader(0)).await["betting"]["max_payout"],
        json!(100_000.0)
    );
    books_of_yen(&installation).await;
    installation.finish().await;
}

async fn bet(player: &Client, stake: &str) -> tests::Answer {
    player
        .post_bytes("/api/casino/slots/bet", format!("{{\"stake\":{stake}}}"))
        .await
}

/// Amounts have the decimals of the operator's currency.
async fn books_of_yen(installation: &Installation) {
    let yen = shared::money::Currency::parse("JPY").unwrap();
    let bluefin = installation.operator_with("bluefin", yen).await;
    let staff = installation.reader(0).logged_in(&bluefin.token);
    let path = "/api/branding/bluefin/update";
    let refused = staff.post_bytes(path, r#"{"betting":{"min_bet":1.5}}"#).await;
    assert_eq!(named(&refused), ["betting.min_bet"]);
    staff
        .post_bytes(path, r#"{"betting":{"min_bet":150}}"#)
        .await
        .ok();
    let page = installation.reader(0).get("/api/branding/bluefin").await;
    assert!(page.text().contains(r#""min_bet":150,"#), "{}", page.text());
}
