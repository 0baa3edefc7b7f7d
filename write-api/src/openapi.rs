//! The OpenAPI 3.1 description of this service, made from its handlers. Must never be edited by hand.

mod refusals;

use axum::Json;
use axum::Router;
use axum::routing::get;
use shared::openapi::Problems;
use utoipa::openapi::OpenApi as Description;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::{Config, SwaggerUi, Url};

use crate::accounts::SESSION_COOKIES;
use crate::app::SharedApp;

use refusals::Refusals;
pub(crate) use refusals::{Asking, Moving, Sending};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Edgebook",
        description = "The backend of a white-label sportsbook and casino. Errors are problem details (RFC 9457).",
        license(name = "MIT OR Apache-2.0"),
    ),
    modifiers(&Sessions, &Refusals, &Problems),
    paths(
        crate::betting::http::place::single,
        crate::betting::http::place::combo,
        crate::betting::http::place::system,
        crate::betting::http::own::list,
        crate::betting::http::own::one,
        crate::betting::http::own::stats,
        crate::betting::http::exposure::of_operator,
        crate::betting::http::exposure::of_all,
        crate::betting::http::cash_out::quote,
        crate::betting::http::cash_out::accept,
        crate::settlement::http::pending::of_operator,
        crate::settlement::http::pending::of_all,
        crate::settlement::http::manual::by_operator,
        crate::settlement::http::manual::by_platform,
        crate::settlement::http::history::of_operator,
        crate::settlement::http::history::of_all,
        crate::accounts::http::players::login,
        crate::accounts::http::players::logout,
        crate::accounts::http::players::me,
        crate::accounts::http::players::me_here,
        crate::accounts::http::own::register,
        crate::platform::http::operators,
        crate::platform::http::toggle,
        crate::platform::http::reset_password,
        crate::registration::http::register,
        crate::registration::http::referral_code,
        crate::registration::bulk::template,
        crate::registration::bulk::register,
        crate::settings::http::own,
        crate::settings::http::save_own,
        crate::settings::http::of_operator,
        crate::settings::http::save_of_operator,
        crate::webhooks::http::list,
        crate::webhooks::http::create,
        crate::webhooks::http::event_types,
        crate::webhooks::http::show,
        crate::webhooks::http::update,
        crate::webhooks::http::delete,
        crate::webhooks::http::test,
        crate::webhooks::http::rotate_secret,
        crate::webhooks::log::deliveries,
        crate::webhooks::log::replay,
        crate::webhooks::log::replay_failed,
        crate::treasury::http::wallets,
        crate::treasury::http::wallet,
        crate::staff::http::platform::list,
        crate::staff::http::platform::add,
        crate::staff::http::platform::put_role,
        crate::staff::http::platform::toggle,
        crate::staff::http::platform::reset_password,
        crate::staff::http::platform::reset_second_factor,
        crate::staff::http::platform::me,
        crate::staff::http::operator::reset_second_factor,
        crate::accounts::second_factor::http::operator::status,
        crate::accounts::second_factor::http::operator::begin,
        crate::accounts::second_factor::http::operator::confirm,
        crate::accounts::second_factor::http::operator::disable,
        crate::accounts::second_factor::http::operator::recovery_codes,
        crate::accounts::second_factor::http::platform::status,
        crate::accounts::second_factor::http::platform::begin,
        crate::accounts::second_factor::http::platform::confirm,
        crate::accounts::second_factor::http::platform::disable,
        crate::accounts::second_factor::http::platform::recovery_codes,
        crate::platform::http::reset_second_factor,
        crate::staff::http::operator::list,
        crate::staff::http::operator::add,
        crate::staff::http::operator::toggle,
        crate::staff::http::operator::reset_password,
        crate::accounts::http::own::change_password,
        crate::accounts::http::own::update_username,
        crate::accounts::http::own::change_profile,
        crate::accounts::http::players::profile,
        crate::accounts::http::sessions::of_player,
        crate::accounts::http::sessions::of_player_end,
        crate::accounts::http::sessions::of_player_end_all,
        crate::accounts::http::sessions::of_staff,
        crate::accounts::http::sessions::of_staff_end,
        crate::accounts::http::sessions::of_staff_end_all,
        crate::accounts::http::sessions::of_platform,
        crate::accounts::http::sessions::of_platform_end,
        crate::accounts::http::sessions::of_platform_end_all,
        crate::accounts::http::staff::login,
        crate::accounts::http::staff::logout,
        crate::accounts::http::staff::check,
        crate::accounts::http::staff::change_password,
        crate::accounts::http::staff::change_platform_password,
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
        crate::players::http::list,
        crate::players::http::show,
        crate::players::http::statement,
        crate::players::http::toggle,
        crate::players::http::toggle_named,
        crate::players::http::adjust,
        crate::ledger::http::accounts,
        crate::reports::http::stats,
        crate::reports::http::overview,
        crate::reports::http::report,
        crate::reports::http::export,
        crate::reports::http::platform::stats,
        crate::reports::http::platform::overview,
        crate::reports::http::platform::report,
        crate::reports::http::platform::export,
        crate::reports::http::platform::revenue_by_operator,
        crate::reports::http::platform::global_users,
        crate::operations::list::own,
        crate::operations::list::platform,
        crate::operations::http::show,
        crate::operations::http::show_platform,
        crate::operations::http::resume,
        crate::operations::http::resume_platform,
        crate::resets::http::reset_users,
        crate::leaderboards::http::list,
        crate::leaderboards::http::current,
        crate::leaderboards::http::start_contest,
        crate::leaderboards::http::end_contest,
        crate::leaderboards::http::change_end_date,
        crate::leaderboards::http::standings,
        crate::revenue::http::calculate,
        crate::revenue::http::post,
        crate::revenue::status::show,
        crate::revenue::http::list,
        crate::revenue::http::list_own,
        crate::treasury::platform::of_all,
        crate::treasury::platform::of_one,
        crate::operators::http::update_branding,
        crate::operators::http::save_theme,
        crate::operators::http::toggle_casino,
        crate::operators::http::casino_setting,
        crate::events::http::toggle,
        crate::events::http::list,
        crate::events::catalogue::list,
        crate::audit::http::operator_log,
        crate::audit::http::platform_log,
        crate::feed::http::odds_status,
    )
)]
struct Routes;

/// The two ways in which a request proves whose it is: the token of a log-in, or the cookie that holds it.
struct Sessions;

impl Modify for Sessions {
    fn modify(&self, description: &mut Description) {
        let components = description.components.get_or_insert_default();
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        bearer.description = Some("The token of a log-in's answer.".to_owned());
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        for (scheme, cookie) in SESSION_COOKIES {
            let cookie = ApiKeyValue::with_description(
                cookie,
                "Set by the log-in. What changes something must come from a page of this site.",
            );
            components.add_security_scheme(scheme, SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        }
    }
}

/// The description.
pub fn description() -> Description {
    Routes::openapi()
}

/// Where the description is, and that of read-api, which is there at the front door.
const WRITE: &str = "/api/openapi/write.json";
const READ: &str = "/api/openapi/read.json";

/// The routes that show it: as JSON, and as pages to browse.
pub fn router() -> Router<SharedApp> {
    let both = [
        Url::with_primary("write-api", WRITE, true),
        Url::new("read-api", READ),
    ];
    let pages = SwaggerUi::new("/api/docs").config(Config::new(both).try_it_out_enabled(true));
    Router::new()
        .route(WRITE, get(async || Json(description())))
        .merge(pages)
}
