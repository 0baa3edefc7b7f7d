//! The OpenAPI 3.1 description of this service, made from its handlers. Must never be edited by hand.

use axum::Json;
use axum::Router;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Description;

use crate::app::SharedApp;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Edgebook",
        description = "The backend of a white-label sportsbook and casino. Errors are problem details (RFC 9457).",
        license(name = "MIT OR Apache-2.0"),
    ),
    paths(
        crate::accounts::http::players::login,
        crate::accounts::http::players::logout,
        crate::accounts::http::players::me,
        crate::accounts::http::players::me_here,
        crate::accounts::http::staff::login,
        crate::accounts::http::staff::logout,
        crate::accounts::http::staff::check,
        crate::accounts::http::staff::platform_login,
        crate::accounts::http::staff::platform_logout,
        crate::casino::http::health,
        crate::casino::history::http::list,
        crate::casino::seeds::http::fairness,
        crate::casino::seeds::http::rotate,
        crate::casino::seeds::http::verify,
        crate::casino::user::info,
        crate::casino::wallet::http::balance,
        crate::casino::wallet::http::statement,
        crate::casino::slots::http::bet,
        crate::casino::slots::http::result,
        crate::casino::roulette::http::spin,
        crate::casino::roulette::http::win,
        crate::casino::baccarat::http::play_coup,
        crate::casino::blackjack::http::play_hand,
        crate::casino::crash::http::start,
        crate::casino::crash::http::cashout,
        crate::protection::http::limits,
        crate::protection::http::set_limits,
        crate::protection::http::take_time_out,
        crate::protection::http::exclude_oneself,
        crate::cashier::http::deposit,
        crate::cashier::http::withdraw,
        crate::ledger::http::accounts,
        crate::operators::http::update_branding,
        crate::operators::http::save_theme,
        crate::operators::http::toggle_casino,
        crate::operators::http::casino_setting,
        crate::events::http::toggle,
        crate::events::http::list,
        crate::feed::http::odds_status,
    )
)]
struct Routes;

/// The description.
pub fn description() -> Description {
    Routes::openapi()
}

/// The route that shows it.
pub fn router() -> Router<SharedApp> {
    Router::new().route("/api/openapi/write.json", get(async || Json(description())))
}
