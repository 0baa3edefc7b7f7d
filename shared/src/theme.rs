//! An operator's theme: the looks that its pages and its stylesheet are made of, and how a save changes them.
//! Must never hold a value that was not checked, nor accept custom CSS.

mod value;

use std::str::FromStr;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::field::FieldError;

pub use value::{
    ButtonStyle, CardStyle, Color, DisplayName, FontFamily, ImageUrl, LayoutStyle, LogoType, MAX_NAME_CHARS,
    MAX_URL_CHARS, NoCustomCss, ValueError,
};
pub(crate) use value::{check_email, check_link, check_plain_text};

/// The looks of one operator. Its JSON is the flat camel-case object that the legacy pages read and send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Theme {
    /// Main colour: buttons and the active item.
    pub primary_color: Color,
    /// Second colour: borders.
    pub secondary_color: Color,
    /// Colour of what calls for attention.
    pub accent_color: Color,
    /// Colour of the page.
    pub background_color: Color,
    /// Colour of text on the page.
    pub text_color: Color,
    /// Font of all text.
    pub font_family: FontFamily,
    /// Spacing and corners of the page.
    pub layout_style: LayoutStyle,
    /// Corners of buttons.
    pub button_style: ButtonStyle,
    /// Edges of cards.
    pub card_style: CardStyle,
    /// The sign beside the name.
    pub logo_type: LogoType,
    /// The picture that stands for the sign; empty for none.
    pub logo_url: ImageUrl,
    /// The name that players see.
    pub sportsbook_name: DisplayName,
    /// Always null: custom CSS is not accepted.
    #[schema(value_type = Option<String>)]
    pub custom_css: Option<NoCustomCss>,
    /// The picture above the events; null for none.
    #[serde(serialize_with = "url_or_null")]
    #[schema(value_type = Option<String>)]
    pub banner_image_url: ImageUrl,
}

impl Default for Theme {
    /// The looks of an operator that never saved a theme.
    fn default() -> Self {
        let color = |text: &str| Color(text.to_owned());
        Self {
            primary_color: color("#1e40af"),
            secondary_color: color("#3b82f6"),
            accent_color: color("#f59e0b"),
            background_color: color("#ffffff"),
            text_color: color("#1f2937"),
            font_family: FontFamily::Inter,
            layout_style: LayoutStyle::Modern,
            button_style: ButtonStyle::Rounded,
            card_style: CardStyle::Shadow,
            logo_type: LogoType::Default,
            logo_url: ImageUrl::default(),
            sportsbook_name: DisplayName("Your Sportsbook".to_owned()),
            custom_css: None,
            banner_image_url: ImageUrl::default(),
        }
    }
}

impl Theme {
    /// This theme with the members of `body` in place of its own. A member that is not sent stays as it is.
    /// Reports every bad member by its JSON name, and every member that no theme has.
    pub fn merged(&self, body: &Map<String, Value>) -> Result<Self, Vec<FieldError>> {
        let mut read = Reader::new(body);
        let theme = Self {
            primary_color: read.text("primaryColor", &self.primary_color),
            secondary_color: read.text("secondaryColor", &self.secondary_color),
            accent_color: read.text("accentColor", &self.accent_color),
            background_color: read.text("backgroundColor", &self.background_color),
            text_color: read.text("textColor", &self.text_color),
            font_family: read.text("fontFamily", &self.font_family),
            layout_style: read.text("layoutStyle", &self.layout_style),
            button_style: read.text("buttonStyle", &self.button_style),
            card_style: read.text("cardStyle", &self.card_style),
            logo_type: read.text("logoType", &self.logo_type),
            logo_url: read.url("logoUrl", &self.logo_url),
            sportsbook_name: read.text("sportsbookName", &self.sportsbook_name),
            custom_css: read.no_custom_css("customCss"),
            banner_image_url: read.url("bannerImageUrl", &self.banner_image_url),
        };
        read.finish(theme)
    }
}

fn url_or_null<S: Serializer>(url: &ImageUrl, serializer: S) -> Result<S::Ok, S::Error> {
    let text = Some(url.as_str()).filter(|text| !text.is_empty());
    text.serialize(serializer)
}

/// A ready-made theme that an operator can start from. Its JSON members are the columns of its table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ThemeTemplate {
    /// Its number.
    pub id: i64,
    /// Its name for programs.
    pub template_name: String,
    /// Its name for people.
    pub display_name: DisplayName,
    /// What it looks like, in words.
    pub description: String,
    /// A picture of it; empty for none.
    pub preview_image_url: ImageUrl,
    /// As in [`Theme`].
    pub primary_color: Color,
    /// As in [`Theme`].
    pub secondary_color: Color,
    /// As in [`Theme`].
    pub accent_color: Color,
    /// As in [`Theme`].
    pub background_color: Color,
    /// As in [`Theme`].
    pub text_color: Color,
    /// As in [`Theme`].
    pub font_family: FontFamily,
    /// As in [`Theme`].
    pub layout_style: LayoutStyle,
    /// As in [`Theme`].
    pub button_style: ButtonStyle,
    /// As in [`Theme`].
    pub card_style: CardStyle,
    /// Always null: custom CSS is not accepted.
    #[schema(value_type = Option<String>)]
    pub custom_css: Option<NoCustomCss>,
    /// Whether it is offered apart from the free ones.
    pub is_premium: bool,
}

/// Reads a save's body, and remembers which members were bad and which were asked for.
struct Reader<'a> {
    body: &'a Map<String, Value>,
    asked: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl<'a> Reader<'a> {
    fn new(body: &'a Map<String, Value>) -> Self {
        Self {
            body,
            asked: Vec::new(),
            errors: Vec::new(),
        }
    }

    fn member(&mut self, name: &'static str) -> Option<&'a Value> {
        self.asked.push(name);
        self.body.get(name)
    }

    fn accept<T: Clone>(&mut self, name: &str, read: Result<T, ValueError>, now: &T) -> T {
        read.unwrap_or_else(|error| {
            self.errors.push(FieldError::new(name, error));
            now.clone()
        })
    }

    /// The member, or what there is now when it was not sent or is bad.
    fn text<T>(&mut self, name: &'static str, now: &T) -> T
    where
        T: FromStr<Err = ValueError> + Clone,
    {
        let read = match self.member(name) {
            None => return now.clone(),
            Some(Value::String(text)) => text.parse(),
            Some(_) => Err(ValueError::NotText),
        };
        self.accept(name, read, now)
    }

    /// The same for a URL, of which `null` says that there is none.
    fn url(&mut self, name: &'static str, now: &ImageUrl) -> ImageUrl {
        match self.body.get(name) {
            Some(Value::Null) => {
                self.asked.push(name);
                ImageUrl::default()
            }
            _ => self.text(name, now),
        }
    }

    /// Nothing, in the two ways in which legacy pages say it.
    fn no_custom_css(&mut self, name: &'static str) -> Option<NoCustomCss> {
        let read = match self.member(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(_) => Err(ValueError::CustomCss),
        };
        self.accept(name, read, &None)
    }

    fn finish(mut self, theme: Theme) -> Result<Theme, Vec<FieldError>> {
        let unknown = self
            .body
            .keys()
            .filter(|name| !self.asked.contains(&name.as_str()));
        self.errors
            .extend(unknown.map(|name| FieldError::new(name, ValueError::Unknown)));
        if self.errors.is_empty() {
            Ok(theme)
        } else {
            Err(self.errors)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What would leave its place in CSS, HTML or a script, or load something from elsewhere.
    const MARKUP: [&str; 12] = [
        "</style><script>alert(1)</script>",
        "#fff;}body{display:none",
        "red;} @import url(//evil.example/x.css);",
        "#fff</style>",
        "<img src=x onerror=alert(1)>",
        r"\3c script\3e",
        "{{constructor.constructor('alert(1)')()}}",
        "${alert(1)}",
        "a\u{0}b",
        "a\nb",
        "abc\u{202e}cba",
        "a\u{2028}b",
    ];
    /// The same, but harmless as a name.
    const CODE: [&str; 11] = [
        "expression(alert(1))",
        "url(javascript:alert(1))",
        "javascript:alert(1)",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "@import 'x'",
        "#fff; --x: 1",
        "var(--x)",
        "//evil.example/x.png",
        "https://good.example@evil.example/x.png",
        "/logo.png\" onload=\"alert(1)",
        "/logo.png') , url('/x",
    ];
    const CHECKED: [&str; 12] = [
        "primaryColor",
        "secondaryColor",
        "accentColor",
        "backgroundColor",
        "textColor",
        "fontFamily",
        "layoutStyle",
        "buttonStyle",
        "cardStyle",
        "logoType",
        "logoUrl",
        "bannerImageUrl",
    ];

    fn merge(body: &Value) -> Result<Theme, Vec<FieldError>> {
        Theme::default().merged(body.as_object().unwrap())
    }

    fn bad_fields(body: &Value) -> Vec<String> {
        let errors = merge(body).unwrap_err();
        errors.into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn the_default_theme_is_the_legacy_one() {
        let expected = json!({
            "primaryColor": "#1e40af",
            "secondaryColor": "#3b82f6",
            "accentColor": "#f59e0b",
            "backgroundColor": "#ffffff",
            "textColor": "#1f2937",
            "fontFamily": "Inter, sans-serif",
            "layoutStyle": "modern",
            "buttonStyle": "rounded",
            "cardStyle": "shadow",
            "logoType": "default",
            "logoUrl": "",
            "sportsbookName": "Your Sportsbook",
            "customCss": null,
            "bannerImageUrl": null,
        });
        assert_eq!(serde_json::to_value(Theme::default()).unwrap(), expected);
    }

    #[test]
    fn a_theme_that_was_read_can_be_saved_again() {
        let theme = merge(&json!({
            "primaryColor": "#ABC",
            "fontFamily": "Source Sans Pro, sans-serif",
            "layoutStyle": "wide",
            "buttonStyle": "sharp",
            "cardStyle": "glow",
            "logoType": "lightning",
            "logoUrl": "https://cdn.example/logo@2x.png?v=3",
            "sportsbookName": "Bob's \"Bar & Bets\"",
            "bannerImageUrl": "/images/banner.webp",
        }));
        let theme = theme.unwrap();
        for stored in [theme, Theme::default()] {
            let sent = serde_json::to_value(&stored).unwrap();
            let other = merge(&json!({ "textColor": "#000", "logoUrl": "/a" })).unwrap();
            assert_eq!(other.merged(sent.as_object().unwrap()).unwrap(), stored);
        }
    }

    #[test]
    fn members_that_are_not_sent_stay_as_they_are() {
        let before = merge(&json!({ "primaryColor": "#123456", "logoType": "crown" })).unwrap();
        let body = json!({ "primaryColor": "#654321", "sportsbookName": "  Aurora  " });
        let after = before.merged(body.as_object().unwrap()).unwrap();
        assert_eq!(after.primary_color.as_str(), "#654321");
        assert_eq!(after.sportsbook_name.as_str(), "Aurora");
        assert_eq!(after.logo_type, LogoType::Crown);
        assert_eq!(before.merged(&Map::new()).unwrap(), before);
    }

    #[test]
    fn null_takes_an_image_away() {
        let before = merge(&json!({ "logoUrl": "/a.png", "bannerImageUrl": "/b.png" })).unwrap();
        let body = json!({ "logoUrl": null, "bannerImageUrl": null });
        let after = before.merged(body.as_object().unwrap()).unwrap();
        assert_eq!(after, Theme::default());
    }

    #[test]
    fn every_injection_is_refused_and_names_its_field() {
        for field in CHECKED {
            for text in MARKUP.iter().chain(&CODE) {
                assert_eq!(bad_fields(&json!({ field: text })), [field], "{text}");
            }
        }
        for text in MARKUP {
            let body = json!({ "sportsbookName": text });
            assert_eq!(bad_fields(&body), ["sportsbookName"], "{text}");
        }
    }

    #[test]
    fn custom_css_is_refused_unless_it_is_empty() {
        for css in [
            json!("body{color:red}"),
            json!(" "),
            json!(1),
            json!({}),
            json!([]),
            json!(false),
        ] {
            let body = json!({ "customCss": css });
            assert_eq!(bad_fields(&body), ["customCss"], "{css}");
        }
        for css in [json!(null), json!("")] {
            assert_eq!(merge(&json!({ "customCss": css })).unwrap(), Theme::default());
        }
    }

    #[test]
    fn json_of_another_type_is_refused() {
        let values = [json!(1), json!(true), json!(["#fff"]), json!({ "a": "#fff" })];
        for field in CHECKED.into_iter().chain(["sportsbookName"]) {
            for value in &values {
                let errors = merge(&json!({ field: value })).unwrap_err();
                assert_eq!(errors, [FieldError::new(field, "must be text")], "{value}");
            }
        }
        for field in CHECKED.into_iter().filter(|field| !field.ends_with("Url")) {
            assert_eq!(bad_fields(&json!({ field: null })), [field]);
        }
    }

    #[test]
    fn every_bad_member_is_reported_at_once() {
        let body = json!({
            "primaryColor": "red",
            "fontFamily": "Comic Sans, sans-serif",
            "logoUrl": "http://insecure.example/x.png",
            "sportsbookName": " ",
            "customCss": "*{}",
            "primaryColour": "#fff",
            "primary_color": "#fff",
            "accentColor": "#f00",
        });
        let named = [
            "primaryColor",
            "fontFamily",
            "logoUrl",
            "sportsbookName",
            "customCss",
            "primaryColour",
            "primary_color",
        ];
        assert_eq!(bad_fields(&body), named);
        let errors = merge(&json!({ "buttonStyle": "round" })).unwrap_err();
        let shown = errors.first().unwrap().to_string();
        assert_eq!(shown, "buttonStyle must be one of: rounded; sharp; minimal");
    }

    #[test]
    fn colors_have_three_or_six_digits() {
        for good in ["#fff", "#FFF", "#1a2B3c"] {
            assert_eq!(good.parse::<Color>().unwrap().as_str(), good);
        }
        let bad = [
            "",
            "#",
            "fff",
            "#ff",
            "#ffff",
            "#fffff",
            "#fffffff",
            "#ffffffff",
            "#ggg",
            " #fff",
            "#fff ",
            "##ff",
            "#ＦＦＦ",
            "#é1",
            "red",
            "rgb(1,2,3)",
        ];
        for bad in bad {
            assert_eq!(bad.parse::<Color>(), Err(ValueError::NotColor), "{bad}");
        }
    }

    #[test]
    fn image_urls_are_https_or_of_this_site() {
        let long = format!("/{}", "a".repeat(MAX_URL_CHARS));
        for good in [
            "",
            "/",
            "/images/logo.png",
            "/a?b=c&d=%20#e",
            "https://cdn.example",
            "https://cdn.example:8443/a/b~c/logo@2x.png?x=1,2",
            "https://xn--bcher-kva.example/logo.png",
            &long[..MAX_URL_CHARS],
        ] {
            assert_eq!(good.parse::<ImageUrl>().map(|url| url.0), Ok(good.to_owned()));
        }
        for bad in [
            "logo.png",
            "./logo.png",
            "//evil.example",
            "/a//b",
            "/\\evil.example",
            "http://a.example",
            "HTTPS://a.example",
            "https:/a.example",
            "https://",
            "https:///a",
            "https://a.example:",
            "https://a.example:99999/",
            "https://a.example:+80/",
            "https://user@a.example/",
            "https://user:pw@a.example/",
            "https://[::1]/",
            "https://-a.example/",
            "https://a..example/",
            "https://a.example\\@evil.example",
            "https://é.example/",
            "https://a.example/\t",
            "https://a.example/ ",
            "https://a.example/(x)",
            "https://a.example/'",
            "/a\"b",
            "/a;b",
            "/a%2",
            "/a%zz",
            "/a%",
            " /a",
            "/a\r\nSet-Cookie:x",
            "blob:https://a.example/x",
            "file:///etc/passwd",
        ] {
            assert_eq!(bad.parse::<ImageUrl>(), Err(ValueError::NotImageUrl), "{bad}");
        }
        assert_eq!(long.parse::<ImageUrl>(), Err(ValueError::TooLong(MAX_URL_CHARS)));
    }

    #[test]
    fn names_are_one_to_a_hundred_visible_characters() {
        for good in [
            "A",
            "Café Ωmega 88",
            "شرط",
            "O'Neil & Sons",
            "🎰 Slots",
            &"é".repeat(100),
        ] {
            assert_eq!(
                good.parse::<DisplayName>().map(|name| name.0),
                Ok(good.to_owned())
            );
        }
        for blank in ["", " ", "\u{a0}\t"] {
            assert_eq!(blank.parse::<DisplayName>(), Err(ValueError::Empty));
        }
        let long = "é".repeat(101);
        assert_eq!(long.parse::<DisplayName>(), Err(ValueError::TooLong(100)));
        for hidden in [
            '\u{7f}', '\u{85}', '\u{61c}', '\u{200b}', '\u{200f}', '\u{2066}', '\u{2069}', '\u{feff}',
        ] {
            let name = format!("Auro{hidden}ra");
            assert_eq!(
                name.parse::<DisplayName>(),
                Err(ValueError::UnsafeCharacter),
                "{hidden:?}"
            );
        }
    }

    #[test]
    fn every_choice_is_read_back_from_its_text() {
        for font in FontFamily::ALL {
            assert_eq!(font.as_str().parse(), Ok(*font));
            assert!(font.as_str().ends_with(", sans-serif"));
        }
        assert!("inter, sans-serif".parse::<FontFamily>().is_err());
        assert!("Modern".parse::<LayoutStyle>().is_err());
    }

    #[test]
    fn a_template_shows_its_columns() {
        let theme = Theme::default();
        let template = ThemeTemplate {
            id: 3,
            template_name: "daylight".to_owned(),
            display_name: "Daylight".parse().unwrap(),
            description: "Dark text on white".to_owned(),
            preview_image_url: ImageUrl::default(),
            primary_color: theme.primary_color,
            secondary_color: theme.secondary_color,
            accent_color: theme.accent_color,
            background_color: theme.background_color,
            text_color: theme.text_color,
            font_family: theme.font_family,
            layout_style: theme.layout_style,
            button_style: theme.button_style,
            card_style: theme.card_style,
            custom_css: None,
            is_premium: false,
        };
        let expected = json!({
            "id": 3,
            "template_name": "daylight",
            "display_name": "Daylight",
            "description": "Dark text on white",
            "preview_image_url": "",
            "primary_color": "#1e40af",
            "secondary_color": "#3b82f6",
            "accent_color": "#f59e0b",
            "background_color": "#ffffff",
            "text_color": "#1f2937",
            "font_family": "Inter, sans-serif",
            "layout_style": "modern",
            "button_style": "rounded",
            "card_style": "shadow",
            "custom_css": null,
            "is_premium": false,
        });
        assert_eq!(serde_json::to_value(template).unwrap(), expected);
    }
}
