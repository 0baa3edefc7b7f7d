//! The stylesheet of a theme, as text.
//! Must never print anything but the theme's checked values, nor load anything from elsewhere.

use shared::theme::{ButtonStyle, CardStyle, LayoutStyle, Theme};

/// What is the same in every stylesheet: the theme's colours where the pages want them. Text on a filled ground
/// has the colour of the page, because a fill that can be seen on the page can be read upon in that colour.
const RULES: &str = "\
body {
  background-color: var(--background-color);
  color: var(--text-color);
  font-family: var(--font-family);
}
.header, .sidebar, .content-area {
  background-color: var(--background-color);
  color: var(--text-color);
  border-color: var(--secondary-color);
}
.logo-icon, .refresh-btn, .view-btn.active {
  background-color: var(--primary-color);
  color: var(--background-color);
}
.sport-item.active {
  border-color: var(--primary-color);
  color: var(--primary-color);
}
.status-indicator.connected {
  background-color: var(--accent-color);
  color: var(--background-color);
}
";

/// The stylesheet of `theme`; the same text for the same theme.
pub fn theme_css(theme: &Theme) -> String {
    let root = format!(
        ":root {{
  --primary-color: {};
  --secondary-color: {};
  --accent-color: {};
  --background-color: {};
  --text-color: {};
  --font-family: {};
}}
",
        theme.primary_color,
        theme.secondary_color,
        theme.accent_color,
        theme.background_color,
        theme.text_color,
        theme.font_family,
    );
    let (spacing_px, radius_px) = layout_px(theme.layout_style);
    let layout = format!(
        ".layout-{} {{
  --spacing: {spacing_px}px;
  --border-radius: {radius_px}px;
  gap: {spacing_px}px;
  padding: {spacing_px}px;
  border-radius: {radius_px}px;
}}
",
        theme.layout_style,
    );
    let button_radius_px = button_radius_px(theme.button_style);
    let button = format!(
        ".btn-{} {{
  border-radius: {button_radius_px}px;
}}
",
        theme.button_style,
    );
    let (border, shadow) = card_edge(theme.card_style);
    let card = format!(
        ".card-{} {{
  border: {border};
  box-shadow: {shadow};
}}
",
        theme.card_style,
    );
    [&root, RULES, &layout, &button, &card].concat()
}

/// Spacing and corner radius.
const fn layout_px(style: LayoutStyle) -> (u8, u8) {
    match style {
        LayoutStyle::Modern => (16, 8),
        LayoutStyle::Classic => (12, 4),
        LayoutStyle::Compact => (8, 6),
        LayoutStyle::Wide => (20, 12),
        LayoutStyle::Minimal => (6, 2),
    }
}

const fn button_radius_px(style: ButtonStyle) -> u8 {
    match style {
        ButtonStyle::Rounded => 25,
        ButtonStyle::Sharp => 0,
        ButtonStyle::Minimal => 4,
    }
}

/// Border and shadow.
const fn card_edge(style: CardStyle) -> (&'static str, &'static str) {
    match style {
        CardStyle::Shadow => ("none", "0 4px 12px rgba(0, 0, 0, 0.15)"),
        CardStyle::Border => ("1px solid var(--secondary-color)", "none"),
        CardStyle::Minimal => ("none", "none"),
        CardStyle::Glow => ("none", "0 0 20px var(--primary-color)"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::theme::FontFamily;

    use super::*;

    fn themed(body: &Value) -> Theme {
        Theme::default().merged(body.as_object().unwrap()).unwrap()
    }

    /// Every combination of the closed choices, each with the longest and the shortest of the rest.
    fn all_themes() -> impl Iterator<Item = Theme> {
        let plain = Theme::default();
        let loud = themed(&json!({
            "primaryColor": "#ABCDEF",
            "secondaryColor": "#abc",
            "accentColor": "#000",
            "backgroundColor": "#FFF",
            "textColor": "#00ff00",
            "logoUrl": "https://cdn.example:8443/expression/@import/x.png?url=1#a",
            "bannerImageUrl": "/@import/expression,url/banner.png",
            "sportsbookName": "@import url('x'); expression(alert(1)) /* \" */",
        }));
        let mut themes = Vec::new();
        for base in [plain, loud] {
            for font_family in FontFamily::ALL {
                for layout_style in LayoutStyle::ALL {
                    for button_style in ButtonStyle::ALL {
                        for card_style in CardStyle::ALL {
                            themes.push(Theme {
                                font_family: *font_family,
                                layout_style: *layout_style,
                                button_style: *button_style,
                                card_style: *card_style,
                                ..base.clone()
                            });
                        }
                    }
                }
            }
        }
        themes.into_iter()
    }

    /// Whether `css` is rules of one level with declarations that each end in `;`, and nothing else.
    fn is_well_formed(css: &str) -> bool {
        let rules: Vec<&str> = css.split_terminator("}\n").collect();
        let is_declaration = |line: &str| {
            line.starts_with("  ") && line.contains(": ") && line.find(';') == Some(line.len() - 1)
        };
        let is_rule = |rule: &&str| {
            rule.split_once(" {\n").is_some_and(|(selector, body)| {
                let is_selector = |c: char| c.is_ascii_alphanumeric() || ":.-, ".contains(c);
                selector.chars().all(is_selector) && body.lines().all(is_declaration)
            })
        };
        css.ends_with("}\n") && rules.iter().all(is_rule)
    }

    #[test]
    fn no_theme_can_leave_its_place_or_load_anything() {
        let forbidden = ["<", "@", "url", "expression", "javascript", "\\", "/*", "'", "\""];
        for theme in all_themes() {
            let css = theme_css(&theme);
            for text in forbidden {
                assert!(!css.contains(text), "{text} in {css}");
            }
            assert!(is_well_formed(&css), "{css}");
            assert_eq!(css.matches('{').count(), css.matches('}').count());
            assert_eq!(css.matches('(').count(), css.matches(')').count());
            assert_eq!(css, theme_css(&theme.clone()));
        }
    }

    #[test]
    fn the_saved_values_are_in_the_root_rule() {
        let css = theme_css(&themed(&json!({
            "primaryColor": "#123456",
            "secondaryColor": "#abc",
            "accentColor": "#FFEE00",
            "backgroundColor": "#000000",
            "textColor": "#fff",
            "fontFamily": "Source Sans Pro, sans-serif",
        })));
        let root = ":root {
  --primary-color: #123456;
  --secondary-color: #abc;
  --accent-color: #FFEE00;
  --background-color: #000000;
  --text-color: #fff;
  --font-family: Source Sans Pro, sans-serif;
}
";
        assert!(css.starts_with(root), "{css}");
    }

    #[test]
    fn the_pages_parts_have_rules() {
        let css = theme_css(&Theme::default());
        for selector in [
            "body",
            ".header",
            ".sidebar",
            ".content-area",
            ".logo-icon",
            ".sport-item.active",
            ".status-indicator.connected",
            ".refresh-btn",
            ".view-btn.active",
        ] {
            let is_selected = |line: &str| {
                let selectors = line.strip_suffix(" {");
                selectors.is_some_and(|all| all.split(", ").any(|one| one == selector))
            };
            assert!(css.lines().any(is_selected), "{selector}");
        }
    }

    #[test]
    fn each_style_has_its_measures() {
        let has = |body: Value, rule: &str| {
            let css = theme_css(&themed(&body));
            assert!(css.contains(rule), "{rule} in {css}");
        };
        for (style, spacing, radius) in [
            ("modern", 16, 8),
            ("classic", 12, 4),
            ("compact", 8, 6),
            ("wide", 20, 12),
            ("minimal", 6, 2),
        ] {
            let rule =
                format!(".layout-{style} {{\n  --spacing: {spacing}px;\n  --border-radius: {radius}px;\n");
            has(json!({ "layoutStyle": style }), &rule);
        }
        for (style, radius) in [("rounded", 25), ("sharp", 0), ("minimal", 4)] {
            let rule = format!(".btn-{style} {{\n  border-radius: {radius}px;\n}}\n");
            has(json!({ "buttonStyle": style }), &rule);
        }
        for style in ["shadow", "border", "minimal", "glow"] {
            has(
                json!({ "cardStyle": style }),
                &format!(".card-{style} {{\n  border: "),
            );
        }
    }
}
