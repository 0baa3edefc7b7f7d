//! `/api/load-theme/{subdomain}` and `/api/theme-css/{subdomain}`: an operator's looks, as JSON and as a style sheet.
//! Must never render a value that was not validated when it was saved.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use shared::coherence::{Change, Kind};
use shared::ids::{OperatorId, Version};
use shared::problem::{Problem, ProblemBody};
use shared::theme::{
    ButtonStyle, CardStyle, Color, DisplayName, FontFamily, ImageUrl, LayoutStyle, LogoType, NoCustomCss,
    Theme,
};
use sqlx::postgres::PgConnection;

use super::theme_css::theme_css as style_sheet;
use crate::app::{FillError, Reader, SharedReader};
use crate::cache::Page;
use crate::cache::entry::{Body, CHANGEABLE, Entry};
use crate::databases::Source;
use crate::pages::Asked;

/// An operator's theme; the defaults when it never saved one.
#[utoipa::path(get, path = "/api/load-theme/{subdomain}", tag = "pages",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    responses((status = 200, body = Theme), (status = 304), (status = 404, body = ProblemBody)))]
pub async fn load_theme(
    State(reader): State<SharedReader>,
    Path(subdomain): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let operator = super::operator(&reader, &subdomain).await?;
    super::serve(&reader, Asked::of(&operator, Page::Theme), &headers).await
}

/// The style sheet of an operator's theme.
#[utoipa::path(get, path = "/api/theme-css/{subdomain}", tag = "pages",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    responses((status = 200, content_type = "text/css", body = String), (status = 304),
        (status = 404, body = ProblemBody)))]
pub async fn theme_css(
    State(reader): State<SharedReader>,
    Path(subdomain): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let operator = super::operator(&reader, &subdomain).await?;
    super::serve(&reader, Asked::of(&operator, Page::ThemeCss), &headers).await
}

/// Fetches and renders the theme as JSON.
///
/// # Errors
/// What the database does.
pub async fn make(reader: &Reader, source: Source, operator: OperatorId) -> Result<Entry, FillError> {
    let (began, change, theme) = fetch(reader, source, operator).await?;
    super::render(reader, began, vec![change], &CHANGEABLE, move || {
        Body::json(&theme)
    })
    .await
}

/// Fetches and renders the theme as a style sheet.
///
/// # Errors
/// What the database does.
pub async fn make_css(reader: &Reader, source: Source, operator: OperatorId) -> Result<Entry, FillError> {
    let (began, change, theme) = fetch(reader, source, operator).await?;
    let body = move || Ok(Body::css(style_sheet(&theme)));
    super::render(reader, began, vec![change], &CHANGEABLE, body).await
}

async fn fetch(
    reader: &Reader,
    source: Source,
    operator: OperatorId,
) -> Result<(Duration, Change, Theme), FillError> {
    let began = reader.clock.elapsed();
    let (version, theme) = reader
        .fetch(source, move |db| {
            Box::pin(async move {
                // The version first: a row that is newer than it is fetched again, never the other way round.
                let version = find_version(operator, db).await?;
                Ok((version, find(operator, db).await?))
            })
        })
        .await?;
    let change = super::read_version(operator, Kind::Theme, version);
    Ok((began, change, theme.unwrap_or_default()))
}

async fn find_version(operator: OperatorId, db: &mut PgConnection) -> Result<Version, sqlx::Error> {
    let version = sqlx::query_scalar!(
        "select version from cache_versions where operator_id = $1 and kind = 'theme'",
        operator.get(),
    );
    Ok(version
        .fetch_optional(db)
        .await?
        .map_or(Version::NONE, Version::new))
}

async fn find(operator: OperatorId, db: &mut PgConnection) -> Result<Option<Theme>, sqlx::Error> {
    sqlx::query_as!(
        Theme,
        r#"
        select
            primary_color as "primary_color: Color",
            secondary_color as "secondary_color: Color",
            accent_color as "accent_color: Color",
            background_color as "background_color: Color",
            text_color as "text_color: Color",
            font_family as "font_family: FontFamily",
            layout_style as "layout_style: LayoutStyle",
            button_style as "button_style: ButtonStyle",
            card_style as "card_style: CardStyle",
            logo_type as "logo_type: LogoType",
            logo_url as "logo_url: ImageUrl",
            sportsbook_name as "sportsbook_name: DisplayName",
            null::text as "custom_css: NoCustomCss",
            banner_image_url as "banner_image_url: ImageUrl"
        from themes
        where operator_id = $1
        "#,
        operator.get(),
    )
    .fetch_optional(db)
    .await
}
