//! Themes: nothing but checked colours, choices and addresses is ever saved.

use serde_json::{Map, Value, json};

use super::{CODE, MARKUP, installation_of, named, small_installation, state, two_operators, version};

const SAVE: &str = "/api/save-theme/aurora";

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

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "one table of fields and attacks reads best in one piece"
)]
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
    assert_eq!(staff.post(SAVE, &good).await.ok()["version"], 1);
    let before = state(&installation).await;
    let (theme, css) = ("/api/load-theme/aurora", "/api/theme-css/aurora");
    let shown = [
        reader.get(theme).await.ok().to_string(),
        reader.get(css).await.text(),
    ];

    let without_null: Vec<_> = CHECKED
        .into_iter()
        .filter(|field| !field.ends_with("Url"))
        .collect();
    let mut everything = [&CHECKED[..], &["customCss", "sportsbookName"]].concat();
    everything.sort_unstable();
    for attack in MARKUP {
        let refused = staff.post(SAVE, &all(&everything, &json!(attack))).await;
        assert_eq!(named(&refused), everything, "{attack:?}");
    }
    for attack in CODE {
        let refused = staff.post(SAVE, &all(&CHECKED, &json!(attack))).await;
        assert_eq!(named(&refused), CHECKED, "{attack:?}");
        staff
            .post(SAVE, &json!({"customCss": attack}))
            .await
            .names_field("customCss");
    }
    for wrong in [
        json!(1),
        json!(-0.5),
        json!(true),
        json!(["#fff"]),
        json!({"a": "#fff"}),
        json!([]),
    ] {
        let refused = staff.post(SAVE, &all(&everything, &wrong)).await;
        assert_eq!(named(&refused), everything, "{wrong}");
    }
    let refused = staff.post(SAVE, &all(&without_null, &Value::Null)).await;
    assert_eq!(named(&refused), without_null);
    for wrong in [json!(null), json!(""), json!("  "), json!("x".repeat(101))] {
        staff
            .post(SAVE, &json!({"sportsbookName": wrong}))
            .await
            .names_field("sportsbookName");
    }
    let long = format!("/{}", "x".repeat(500));
    staff
        .post(SAVE, &json!({"logoUrl": long}))
        .await
        .names_field("logoUrl");
    for css in ["body{color:red}", " ", "/* */", "a"] {
        staff
            .post(SAVE, &json!({"customCss": css}))
            .await
            .names_field("customCss");
    }
    for unknown in [
        "primaryColour",
        "primary_color",
        "PrimaryColor",
        "__proto__",
        "",
        "operator_id",
        "</style>",
    ] {
        let refused = staff.post(SAVE, &json!({unknown: "#ffffff"})).await;
        assert_eq!(named(&refused), [unknown]);
    }
    let many: Map<_, _> = (0..500)
        .map(|number| (format!("member{number}"), json!(1)))
        .collect();
    assert_eq!(
        named(&staff.post(SAVE, &many.into()).await).len(),
        100,
        "an answer has its limit too"
    );
    for body in ["[]", "5", "\"#fff\"", "null", "[{\"primaryColor\":\"#fff\"}]"] {
        staff.post_bytes(SAVE, body).await.names_field("body");
    }
    let half = json!({"primaryColor": "#00ff00", "sportsbookName": "Other", "textColor": "red"});
    assert_eq!(named(&staff.post(SAVE, &half).await), ["textColor"]);

    assert_eq!(
        state(&installation).await,
        before,
        "nothing was written, also no half of anything"
    );
    assert_eq!(
        [
            reader.get(theme).await.ok().to_string(),
            reader.get(css).await.text()
        ],
        shown
    );
    installation.finish().await;
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
        let saved = staff.post(SAVE, &json!({member: value})).await.ok();
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
        let saved = staff.post(SAVE, body).await.ok();
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
