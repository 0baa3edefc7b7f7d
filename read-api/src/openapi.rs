//! The OpenAPI 3.1 description of this service, made from its handlers. Must never be edited by hand.

use axum::Json;
use axum::Router;
use axum::routing::get;
use shared::openapi::Problems;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Description;

use crate::app::SharedReader;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Edgebook",
        description = "The backend of a white-label sportsbook and casino. Errors are problem details (RFC 9457).",
        license(name = "MIT OR Apache-2.0"),
    ),
    modifiers(&Problems),
    paths(
        crate::health::health,
        crate::health::readyz,
        crate::health::detailed,
        crate::pages::branding::branding,
        crate::pages::theme::load_theme,
        crate::pages::theme::theme_css,
        crate::pages::templates::theme_templates,
        crate::pages::casino::casino_enabled,
        crate::pages::sports::sports,
        crate::pages::sports::events,
        crate::pages::bootstrap::bootstrap,
        crate::stream::stream,
        crate::pages::leaderboards::players,
        crate::pages::leaderboards::operators,
    )
)]
struct Routes;

/// The description.
pub fn description() -> Description {
    Routes::openapi()
}

/// The route that shows it.
pub fn router() -> Router<SharedReader> {
    Router::new().route("/api/openapi/read.json", get(|| async { Json(description()) }))
}
