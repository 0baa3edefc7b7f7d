//! The routes of log-in, log-out and of people's own accounts, and how their answers look. Must never put a password or
//! a hash into one.

pub(crate) mod own;
pub(crate) mod players;
pub(crate) mod sessions;
pub(crate) mod staff;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde::Serialize;
use shared::http::{Private, repeated_header};
use shared::problem::Problem;
use utoipa::ToSchema;

use crate::app::{App, SharedApp};

use super::error::{AccountError, PasswordError};
use super::second_factor::http::{operator, platform};
use super::token::{Realm, Token};

/// The routes.
pub(super) fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/auth/{subdomain}/login", post(players::login))
        .route("/api/auth/{subdomain}/logout", post(players::logout))
        .route("/api/auth/{subdomain}/me", get(players::me_here))
        .route("/api/auth/{subdomain}/register", post(own::register))
        .route(
            "/api/auth/{subdomain}/change-password",
            post(own::change_password),
        )
        .route(
            "/api/auth/{subdomain}/profile",
            get(players::profile).put(own::change_profile),
        )
        .route("/api/auth/update-username", post(own::update_username))
        .route("/api/auth/me", get(players::me))
        .route("/api/admin-login", post(staff::login))
        .route("/api/admin-logout", post(staff::logout))
        .route("/api/admin-check", get(staff::check))
        .route(
            "/api/admin/{subdomain}/change-password",
            post(staff::change_password),
        )
        .route(
            "/api/superadmin/change-password",
            post(staff::change_platform_password),
        )
        .merge(second_factors())
        .merge(all_sessions())
        .route("/api/superadmin/login", post(staff::platform_login))
        .route("/api/superadmin/logout", post(staff::platform_logout))
}

fn all_sessions() -> Router<SharedApp> {
    Router::new()
        .route("/api/auth/{subdomain}/sessions", get(sessions::of_player))
        .route(
            "/api/auth/{subdomain}/sessions/{id}",
            delete(sessions::of_player_end),
        )
        .route(
            "/api/auth/{subdomain}/logout-everywhere",
            post(sessions::of_player_end_all),
        )
        .route("/api/admin/{subdomain}/sessions", get(sessions::of_staff))
        .route(
            "/api/admin/{subdomain}/sessions/{id}",
            delete(sessions::of_staff_end),
        )
        .route(
            "/api/admin/{subdomain}/logout-everywhere",
            post(sessions::of_staff_end_all),
        )
        .route("/api/superadmin/sessions", get(sessions::of_platform))
        .route("/api/superadmin/sessions/{id}", delete(sessions::of_platform_end))
        .route(
            "/api/superadmin/logout-everywhere",
            post(sessions::of_platform_end_all),
        )
}

fn second_factors() -> Router<SharedApp> {
    Router::new()
        .route("/api/admin/{subdomain}/totp", get(operator::status))
        .route("/api/admin/{subdomain}/totp/begin", post(operator::begin))
        .route("/api/admin/{subdomain}/totp/confirm", post(operator::confirm))
        .route("/api/admin/{subdomain}/totp/disable", post(operator::disable))
        .route(
            "/api/admin/{subdomain}/totp/recovery-codes",
            post(operator::recovery_codes),
        )
        .route("/api/superadmin/totp", get(platform::status))
        .route("/api/superadmin/totp/begin", post(platform::begin))
        .route("/api/superadmin/totp/confirm", post(platform::confirm))
        .route("/api/superadmin/totp/disable", post(platform::disable))
        .route(
            "/api/superadmin/totp/recovery-codes",
            post(platform::recovery_codes),
        )
}

/// An answer that also sets or clears a session's cookie.
#[derive(Debug)]
pub(crate) struct WithCookie<T> {
    cookie: HeaderValue,
    body: T,
}

impl<T: Serialize> IntoResponse for WithCookie<T> {
    fn into_response(self) -> Response {
        let mut response = Private(self.body).into_response();
        response.headers_mut().append(header::SET_COOKIE, self.cookie);
        response
    }
}

/// A log-in that worked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoggedIn {
    /// Always true.
    success: bool,
    /// For people.
    message: &'static str,
    /// For `Authorization: Bearer`, where there is no cookie.
    token: String,
}

impl LoggedIn {
    fn with(token: &Token) -> Self {
        Self {
            success: true,
            message: "Login successful",
            token: token.reveal().to_owned(),
        }
    }
}

/// A log-out, whether or not anybody was logged in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LoggedOut {
    /// Always true.
    success: bool,
    /// For people.
    message: &'static str,
}

impl LoggedOut {
    fn clearing(realm: Realm, app: &App) -> WithCookie<Self> {
        WithCookie {
            cookie: realm.cookie_without(&app.options.accounts),
            body: Self {
                success: true,
                message: "Logged out successfully",
            },
        }
    }
}

/// Seconds after which a password may find a place in the queue.
const BUSY_RETRY_AFTER_S: u32 = 1;

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::NotLoggedIn => Self::unauthenticated(),
            AccountError::WrongRole(realm) => {
                let detail = match realm {
                    Realm::Players => "This is for players",
                    Realm::OperatorStaff => "This is for an operator's staff",
                    Realm::PlatformStaff => "This is for the platform's staff",
                };
                Self::forbidden("wrong_role", detail)
            }
            AccountError::WrongCredentials(realm) => {
                let detail = match realm {
                    Realm::Players => "Invalid username or password",
                    Realm::OperatorStaff | Realm::PlatformStaff => "Invalid login credentials",
                };
                Self::new(StatusCode::UNAUTHORIZED, "invalid_credentials", detail)
            }
            AccountError::SecondFactorRequired => Self::new(
                StatusCode::UNAUTHORIZED,
                "second_factor_required",
                "A code of your authenticator app is needed",
            ),
            AccountError::WrongCode { .. } => Self::new(
                StatusCode::UNAUTHORIZED,
                "invalid_code",
                "The code is wrong or was used before",
            ),
            AccountError::AccountDisabled => {
                Self::forbidden("account_disabled", "Account has been disabled by administrator")
            }
            AccountError::OperatorDisabled => Self::forbidden(
                "operator_disabled",
                "This sportsbook is currently disabled. Please contact support.",
            ),
            AccountError::UnknownOperator => {
                Self::not_found("operator_not_found", "There is no such sportsbook")
            }
            AccountError::RoleNotAllowed(right) => Self::forbidden(
                "role_not_allowed",
                format!("Only {} may do this", right.holders()),
            ),
            AccountError::CrossSite => {
                Self::forbidden("cross_site", "Only a page of this site may do this with a cookie")
            }
            AccountError::TwoCredentials => repeated_header("Authorization"),
            AccountError::TooManyFailures { retry_after_s } => Self::too_many_requests(
                "too_many_failed_logins",
                "Too many log-ins failed. Please try again later.",
                retry_after_s,
            ),
            AccountError::TooManyAtOnce => Self::too_many_requests(
                "too_many_logins_at_once",
                "Too many log-ins are being checked. Please try again in a moment.",
                BUSY_RETRY_AFTER_S,
            ),
            AccountError::TooManyRegistrations { retry_after_s } => Self::too_many_requests(
                "too_many_registrations",
                "Too many accounts were made from this address. Please try again later.",
                retry_after_s,
            ),
            AccountError::Password(error) => error.into(),
            AccountError::Database(error) => error.into(),
        }
    }
}

impl From<PasswordError> for Problem {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::unavailable(
                "busy",
                "Too many people are logging in at this moment. Please try again.",
                BUSY_RETRY_AFTER_S,
            ),
            PasswordError::Hash(_) | PasswordError::CutOff(_) => Self::internal(error),
        }
    }
}
