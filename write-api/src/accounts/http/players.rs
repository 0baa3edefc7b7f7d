//! Log-in, log-out and profile of players. Must never answer for a player of another operator than the path's.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use shared::http::{JsonBody, Private};
use shared::ids::{OperatorId, PlayerId, Subdomain};
use shared::money::Money;
use shared::problem::{Problem, ProblemBody};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::openapi::{Asking, Sending};

use super::super::error::AccountError;
use super::super::extract::{Leaving, PlayerSession, Visitor};
use super::super::login::{self, Account, Attempt};
use super::super::rules::{LoginName, Password};
use super::super::store::{self, OperatorRow, Person, PlayerRow};
use super::super::token::Realm;
use super::{LoggedIn, LoggedOut, WithCookie};

/// A player's log-in.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PlayerLogin {
    /// User name or e-mail address, in any case.
    #[schema(value_type = String)]
    username: LoginName,
    /// 1 to 200 bytes.
    #[schema(value_type = String)]
    password: Password,
}

/// A player who is logged in now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlayerLoggedIn {
    #[serde(flatten)]
    pub(super) logged_in: LoggedIn,
    pub(super) user: User,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct User {
    pub(super) id: PlayerId,
    pub(super) username: String,
    pub(super) email: String,
    /// In the operator's currency.
    #[schema(value_type = f64)]
    pub(super) balance: Money,
    /// The operator's name.
    pub(super) sportsbook: String,
}

/// The player of a session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Profile {
    id: PlayerId,
    username: String,
    email: String,
    /// In the operator's currency.
    #[schema(value_type = f64)]
    balance: Money,
    is_active: bool,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    last_login: Option<OffsetDateTime>,
    sportsbook_operator_id: OperatorId,
    /// Always false: a session always knows its operator.
    operator_required: bool,
}

impl Account for PlayerRow {
    fn person(&self) -> (OperatorId, Person) {
        (self.operator, Person::Player(self.id))
    }

    fn password_hash(&self) -> String {
        self.password_hash.clone()
    }
}

/// Logs a player in and makes a new session.
#[utoipa::path(post, path = "/api/auth/{subdomain}/login", tag = "accounts", request_body = PlayerLogin,
    params(("subdomain" = String, Path)),
    responses(
        (status = 200, body = PlayerLoggedIn),
        (status = 404, body = ProblemBody),
        (status = 429, body = ProblemBody), Sending))]
pub(crate) async fn login(
    State(app): State<SharedApp>,
    Path(subdomain): Path<String>,
    visitor: Visitor,
    JsonBody(body): JsonBody<PlayerLogin>,
) -> Result<WithCookie<PlayerLoggedIn>, Problem> {
    let subdomain = Subdomain::parse(&subdomain).ok_or(AccountError::UnknownOperator)?;
    let attempt = Attempt::begin(&app, visitor, Realm::Players, subdomain.as_str(), &body.username)?;
    let (operator, player) = find(&app, subdomain, body.username).await?;
    if !operator.is_active {
        return Err(AccountError::OperatorDisabled.into());
    }
    let (player, proof) = attempt.verified(body.password, player).await?;
    if !player.is_active {
        return Err(AccountError::AccountDisabled.into());
    }
    let token = attempt
        .open(operator.id, Person::Player(player.id), proof, None)
        .await?;
    let user = User {
        id: player.id,
        username: player.username,
        email: player.email,
        balance: operator.currency.money(player.balance),
        sportsbook: operator.name,
    };
    Ok(WithCookie {
        cookie: Realm::Players.cookie_with(&token, &app.options.accounts),
        body: PlayerLoggedIn {
            logged_in: LoggedIn::with(&token),
            user,
        },
    })
}

async fn find(
    app: &SharedApp,
    subdomain: Subdomain,
    name: LoginName,
) -> Result<(OperatorRow, Option<PlayerRow>), AccountError> {
    app.db
        .read(move |db| {
            let (subdomain, name) = (subdomain.clone(), name.clone());
            Box::pin(async move {
                let operator = store::operator(db, &subdomain).await?;
                let operator = operator.ok_or(AccountError::UnknownOperator)?;
                let player = store::player_by_login(operator.id, db, &name).await?;
                Ok((operator, player))
            })
        })
        .await
}

/// Ends the player's session; also answers 200 when there is none.
#[utoipa::path(post, path = "/api/auth/{subdomain}/logout", tag = "accounts",
    params(("subdomain" = String, Path)),
    responses(
        (status = 200, body = LoggedOut),
        (status = 404, body = ProblemBody), Asking))]
pub(crate) async fn logout(
    State(app): State<SharedApp>,
    Path(subdomain): Path<String>,
    leaving: Leaving,
) -> Result<WithCookie<LoggedOut>, Problem> {
    let subdomain = Subdomain::parse(&subdomain).ok_or(AccountError::UnknownOperator)?;
    let credential = leaving.credential(Realm::Players)?;
    let operator = app
        .db
        .read(move |db| {
            let subdomain = subdomain.clone();
            Box::pin(async move {
                let operator = store::operator(db, &subdomain).await?;
                operator.ok_or(AccountError::UnknownOperator)
            })
        })
        .await?;
    if let Some(credential) = credential {
        if credential.token().operator() != operator.id {
            return Err(AccountError::UnknownOperator.into());
        }
        login::close_session(&app, credential.token()).await?;
    }
    Ok(LoggedOut::clearing(Realm::Players, &app))
}

/// The logged-in player, with the balance of this moment.
#[utoipa::path(get, path = "/api/auth/me", tag = "accounts",
    security(("bearer" = []), ("player_cookie" = [])),
    responses((status = 200, body = Profile)))]
pub(crate) async fn me(
    State(app): State<SharedApp>,
    session: PlayerSession,
) -> Result<Private<Profile>, Problem> {
    let PlayerSession { operator, player, .. } = session;
    let row = app
        .db
        .read(move |db| {
            Box::pin(async move {
                let row = store::profile(operator, db, player).await?;
                row.ok_or(AccountError::NotLoggedIn)
            })
        })
        .await?;
    Ok(Private(Profile {
        id: player,
        username: row.username,
        email: row.email,
        balance: row.currency.money(row.balance),
        is_active: row.is_active,
        created_at: row.created_at,
        last_login: row.last_login_at,
        sportsbook_operator_id: operator,
        operator_required: false,
    }))
}

/// The same for the path's operator, beside the route that changes it.
#[utoipa::path(get, path = "/api/auth/{subdomain}/profile", tag = "accounts",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    security(("bearer" = []), ("player_cookie" = [])),
    responses((status = 200, body = Profile),
        (status = 404, body = ProblemBody)))]
pub(crate) async fn profile(
    state: State<SharedApp>,
    session: PlayerSession,
) -> Result<Private<Profile>, Problem> {
    me(state, session).await
}

/// The same, for the path's operator only.
#[utoipa::path(get, path = "/api/auth/{subdomain}/me", tag = "accounts",
    params(("subdomain" = String, Path)),
    security(("bearer" = []), ("player_cookie" = [])),
    responses(
        (status = 200, body = Profile),
        (status = 404, body = ProblemBody),
    ))]
pub(crate) async fn me_here(
    state: State<SharedApp>,
    session: PlayerSession,
) -> Result<Private<Profile>, Problem> {
    me(state, session).await
}
