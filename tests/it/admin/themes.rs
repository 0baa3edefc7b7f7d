//! Themes: nothing but checked colours, choices and addresses is ever saved.

use serde_json::{Map, Value, json};
use tests::Client;

use super::{
    CODE, MARKUP, SAVE_THEME, installation_of, named, small_installation, state, two_operators, version,
};

/// Every member of a theme that is made of anything but free text.
const CHECKED: [&str; 12] = [
    "accentColor",
    "backgroundColor",
    "bannerImageUrl",
    "buttonStyle",
    "cardStyle",
    "fontFamily",
    "layoutStyle",
    "logoType",
    "logoUrl",
    "primaryColor",
    "secondaryColor",
    "textColor",
];

fn all(fields: &[&str], value: &Value) -> Value {
    let members: Map<_, _> = fields
        .iter()
        .map(|field| ((*field).to_owned(), value.clone()))
        .collect();
    members.into()
}

/// Saves `body`: exactly these fields are named.
async fn refuses(staff: &Client, body: &Value, fields: &[&str]) {
    let answer = staff.post(SAVE_THEME, body).await;
    assert_eq!(named(&answer), fields, "{body}");
}

#[tokio::test]
async fn no_theme_field_takes_css_script_or_another_type() {
    let installation = small_installation().start().await;
    let aurora = installation.operator("aurora").await;
    let reader = installation.reader(0);
    let staff = reader.logged_in(&aurora.token);
    let good = json!({
        "primaryColor": "#ABC", "secondaryColor": "#123456", "fontFamily": "Lato, sans-serif", "layoutStyle": "wide",
        "buttonStyle": "sharp", "cardStyle": "glow", "logoType": "crown", "logoUrl": "/images/logo.png",
        "bannerImageUrl": "https://cdn.example/banner.webp?v=2", "sportsbookName": "Bob's \"Bar & Bets\"",
        "customCss": "",
    });
    assert_eq!(staff.post(SAVE_THEME, &good).await.ok()["version"], 1);
    let before = state(&installation).await;
    let shown = pages(&reader).await;
    bad_values(&staff).await;
    bad_members(&staff).await;
    let half = json!({"primaryColor": "#00ff00", "sportsbookName": "Other", "textColor": "red"});
    refuses(&staff, &half, &["textColor"]).await;
    let after = state(&installation).await;
    assert_eq!(after, before, "nothing was written, also no half of anything");
    assert_eq!(pages(&reader).await, shown);
    installation.finish().await;
}

async fn pages(reader: &Client) -> [String; 2] {
    let theme = reader.get("/api/load-theme/aurora").await;
    let css = reader.get("/api/theme-css/aurora").await;
    [theme.text(), css.text()]
}

async fn bad_values(staff: &Client) {
    let mut everything = [&CHECKED[..], &["customCss", "sportsbookName"]].concat();
    everything.sort_unstable();
    for attack in MARKUP {
        refuses(staff, &all(&everything, &json!(attack)), &everything).await;
    }
    for attack in CODE {
        refuses(staff, &all(&CHECKED, &json!(attack)), &CHECKED).await;
        refuses(staff, &json!({"customCss": attack}), &["customCss"]).await;
    }
    let (number, negative, object) = (json!(1), json!(-0.5), json!({"a": "#fff"}));
    for wrong in [number, negative, json!(true), json!(["#fff"]), object, json!([])] {
        refuses(staff, &all(&everything, &wrong), &everything).await;
    }
    let takes_null = |field: &&str| field.ends_with("Url");
    let no_null: Vec<_> = CHECKED.into_iter().filter(|field| !takes_null(field)).collect();
    refuses(staff, &all(&no_null, &Value::Null), &no_null).await;
    for wrong in [json!(null), json!(""), json!("  "), json!("x".repeat(101))] {
        refuses(staff, &json!({"sportsbookName": wrong}), &["sportsbookName"]).await;
    }
    let long = format!("/{}", "x".repeat(500));
    refuses(staff, &json!({"logoUrl": long}), &["logoUrl"]).await;
    for css in ["body{color:red}", " ", "/* */", "a"] {
        refuses(staff, &json!({"customCss": css}), &["customCss"]).await;
    }
}

async fn bad_members(staff: &Client) {
    for unknown in [
        "primaryColour",
        "primary_color",
        "PrimaryColor",
        "__proto__",
        "",
        "id",
        "</style>",
    ] {
        refuses(staff, &json!({unknown: "#ffffff"}), &[unknown]).await;
    }
    let many = (0..500).map(|number| (format!("member{number}"), json!(1)));
    let answer = staff.post(SAVE_THEME, &Value::Object(many.collect())).await;
    assert_eq!(named(&answer).len(), 100, "an answer has its limit too");
    for body in ["[]", "5", "\"#fff\"", "null", "[{\"primaryColor\":\"#fff\"}]"] {
        staff.post_bytes(SAVE_THEME, body).await.names_field("body");
    }
}

#[tokio::test]
async fn a_saved_theme_is_shown_member_by_member_and_saving_it_again_changes_nothing() {
    let installation = installation_of(2).start().await;
    let (aurora, bluefin) = two_operators(&installation).await;
    let staff = installation.writer().logged_in(&aurora.token);
    let default = installation.reader(0).get("/api/load-theme/aurora").await.ok();
    let mut expected = default.clone();
    for (number, (member, value)) in [
        ("primaryColor", json!("#ABCDEF")),
        ("sportsbookName", json!("Aurora ♥ Sports")),
        ("logoUrl", json!("/logo.png")),
        ("bannerImageUrl", json!("/banner.png")),
        ("bannerImageUrl", json!(null)),
        ("fontFamily", json!("Poppins, sans-serif")),
    ]
    .into_iter()
    .enumerate()
    {
        expected[member] = value.clone();
        let saved = staff.post(SAVE_THEME, &json!({member: value})).await.ok();
        assert_eq!(saved["version"], number + 1);
        assert_eq!(saved["readers"]["acknowledged"], json!(["reader-0", "reader-1"]));
        for reader in [0, 1] {
            let shown = installation
                .reader(reader)
                .get("/api/load-theme/aurora")
                .await
                .ok();
            assert_eq!(shown, expected, "{member}");
        }
    }
    let before = state(&installation).await;
    for body in [&expected, &json!({}), &json!({"primaryColor": "#ABCDEF"})] {
        let saved = staff.post(SAVE_THEME, body).await.ok();
        assert_eq!(saved["version"], 6, "{body}");
        assert_eq!(
            saved["readers"],
            json!({"acknowledged": [], "pending": [], "unreachable": []})
        );
    }
    assert_eq!(state(&installation).await, before);
    assert_eq!(version(&installation, &bluefin, "theme").await, 0);
    let other = installation.reader(0).get("/api/load-theme/bluefin").await.ok();
    assert_eq!(other, default, "another operator's theme is untouched");
    installation.finish().await;
}
