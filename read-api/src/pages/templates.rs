//! `/api/theme-templates`: the themes that an operator can start from. Must never hold an operator's own theme.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use shared::coherence::Kind;
use shared::ids::{OperatorId, Version};
use shared::problem::Problem;
use shared::theme::{
    ButtonStyle, CardStyle, Color, DisplayName, FontFamily, ImageUrl, LayoutStyle, NoCustomCss, ThemeTemplate,
};
use sqlx::postgres::PgConnection;

use crate::app::{FillError, Reader, SharedReader};
use crate::cache::Page;
use crate::cache::entry::{Body, CHANGEABLE, Entry};
use crate::databases::Source;

/// Every theme template, free ones first, then by name.
#[utoipa::path(get, path = "/api/theme-templates", tag = "pages",
    responses((status = 200, body = Vec<ThemeTemplate>), (status = 304)))]
pub async fn theme_templates(
    State(reader): State<SharedReader>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    super::serve(&reader, Page::Templates, &headers).await
}

/// Fetches and renders the page.
///
/// # Errors
/// What the database does.
pub async fn make(reader: &Reader, source: Source) -> Result<Entry, FillError> {
    let began = reader.clock.elapsed();
    let (version, templates) = reader
        .fetch(source, |db| {
            Box::pin(async move {
                // The version first: rows that are newer than it are fetched again, never the other way round.
                let version = version(db).await?;
                Ok((version, all(db).await?))
            })
        })
        .await?;
    let versions = vec![super::read_version(
        OperatorId::PLATFORM,
        Kind::Templates,
        version,
    )];
    super::render(reader, began, versions, &CHANGEABLE, move || {
        Body::json(&templates)
    })
    .await
}

async fn version(db: &mut PgConnection) -> Result<Version, sqlx::Error> {
    let version = sqlx::query_scalar!(
        "select version from cache_versions where operator_id = 0 and kind = 'templates'"
    );
    Ok(version
        .fetch_optional(db)
        .await?
        .map_or(Version::NONE, Version::new))
}

async fn all(db: &mut PgConnection) -> Result<Vec<ThemeTemplate>, sqlx::Error> {
    sqlx::query_as!(
        ThemeTemplate,
        r#"
        select
            id,
            template_name,
            display_name as "display_name: DisplayName",
            description,
            preview_image_url as "preview_image_url: ImageUrl",
            primary_color as "primary_color: Color",
            secondary_color as "secondary_color: Color",
            accent_color as "accent_color: Color",
            background_color as "background_color: Color",
            text_color as "text_color: Color",
            font_family as "font_family: FontFamily",
            layout_style as "layout_style: LayoutStyle",
            button_style as "button_style: ButtonStyle",
            card_style as "card_style: CardStyle",
            null::text as "custom_css: NoCustomCss",
            is_premium
        from theme_templates
        order by is_premium, display_name, id
        "#,
    )
    .fetch_all(db)
    .await
}
