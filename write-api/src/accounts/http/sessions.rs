//! Where people are logged in, and how they end that: one session, or all of them. Must never show what a session can be
//! used by.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::http::Private;
use shared::ids::OperatorId;
use shared::problem::{Problem, ProblemBody};
use sqlx::PgConnection;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::super::error::AccountError;
use super::super::extract::{OperatorStaff, PlatformStaff, PlayerSession};
use super::super::store::Person;
use super::super::store::own::{self, OwnSession};
use super::super::token::Realm;
use super::{LoggedOut, WithCookie};
use crate::app::{App, SharedApp};
use crate::audit::{Action, Change, Doer, PlatformDoer, record};

/// The sessions of a person, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnSessions {
    /// Always true.
    success: bool,
    sessions: Vec<ShownSession>,
}

/// A log-in that still lasts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownSession {
    /// Names the session, and opens nothing: 32 hexadecimal digits.
    id: String,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    expires_at: OffsetDateTime,
    /// Whether it is the one that asks.
    is_current: bool,
}

impl From<OwnSession> for ShownSession {
    fn from(session: OwnSession) -> Self {
        Self {
            id: session.id,
            created_at: session.created_at,
            expires_at: session.expires_at,
            is_current: session.is_current,
        }
    }
}

/// Which session.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct SessionPath {
    /// As the list of sessions has it.
    id: String,
}

/// A session was ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionEnded {
    /// Always true.
    success: bool,
    /// For people.
    message: &'static str,
}

/// Somebody who is logged in, whoever it is.
#[derive(Clone, Copy)]
struct Holder {
    operator: OperatorId,
    person: Person,
    token_hash: [u8; 32],
    realm: Realm,
}

impl From<PlayerSession> for Holder {
    fn from(session: PlayerSession) -> Self {
        Self {
            operator: session.operator,
            person: Person::Player(session.player),
            token_hash: session.token_hash,
            realm: Realm::Players,
        }
    }
}

impl From<OperatorStaff> for Holder {
    fn from(session: OperatorStaff) -> Self {
        Self {
            operator: session.operator,
            person: Person::Staff(session.staff),
            token_hash: session.token_hash,
            realm: Realm::OperatorStaff,
        }
    }
}

impl From<PlatformStaff> for Holder {
    fn from(session: PlatformStaff) -> Self {
        Self {
            operator: OperatorId::PLATFORM,
            person: Person::Staff(session.staff),
            token_hash: session.token_hash,
            realm: Realm::PlatformStaff,
        }
    }
}

impl Holder {
    async fn list(self, app: &App) -> Result<Private<OwnSessions>, Problem> {
        let now = app.clock.now();
        let read = app.db.read(move |db| {
            Box::pin(async move {
                let sessions = own::sessions(self.operator, db, self.person, &self.token_hash, now).await?;
                Ok::<_, AccountError>(sessions)
            })
        });
        Ok(Private(OwnSessions {
            success: true,
            sessions: read.await?.into_iter().map(ShownSession::from).collect(),
        }))
    }

    /// Of what `doer` ends, who is staff, the audit log tells.
    async fn end(
        self,
        app: &App,
        path: SessionPath,
        doer: Option<Doer>,
    ) -> Result<Private<SessionEnded>, Problem> {
        // The database can't be asked for it.
        if path.id.contains('\0') {
            return Err(no_session());
        }
        let ended = app.db.write(move |db| {
            let (id, doer) = (path.id.clone(), doer.clone());
            Box::pin(async move {
                let ended = own::delete_session(self.operator, db, self.person, &id).await?;
                if let Some(doer) = doer.filter(|_| ended) {
                    note_ended(&doer, db, 1).await?;
                }
                Ok::<_, AccountError>(ended)
            })
        });
        if !ended.await? {
            return Err(no_session());
        }
        Ok(Private(SessionEnded {
            success: true,
            message: "Session ended",
        }))
    }

    async fn end_all(self, app: &App, doer: Option<Doer>) -> Result<WithCookie<LoggedOut>, Problem> {
        let ended = app.db.write(move |db| {
            let doer = doer.clone();
            Box::pin(async move {
                let ended = own::delete_sessions(self.operator, db, self.person, None).await?;
                if let Some(doer) = doer {
                    note_ended(&doer, db, ended).await?;
                }
                Ok::<_, AccountError>(())
            })
        });
        ended.await?;
        Ok(LoggedOut::clearing(self.realm, app))
    }
}

async fn note_ended(doer: &Doer, db: &mut PgConnection, ended: u64) -> Result<(), sqlx::Error> {
    let change = Change {
        after: json!({ "sessions_ended": ended }),
        ..Change::default()
    };
    record(doer.operator, db, doer, Action::SessionsEnded, change).await
}

fn no_session() -> Problem {
    Problem::not_found("session_not_found", "There is no such session")
}

/// Where the player is logged in.
#[utoipa::path(get, path = "/api/auth/{subdomain}/sessions", tag = "accounts",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    security(("bearer" = []), ("player_cookie" = [])),
    responses((status = 200, body = OwnSessions),
        (status = 404, body = ProblemBody)))]
pub(crate) async fn of_player(
    State(app): State<SharedApp>,
    session: PlayerSession,
) -> Result<Private<OwnSessions>, Problem> {
    Holder::from(session).list(&app).await
}

/// Ends one session of the player, which may be the one that asks.
#[utoipa::path(delete, path = "/api/auth/{subdomain}/sessions/{id}", tag = "accounts",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), SessionPath),
    security(("bearer" = []), ("player_cookie" = [])),
    responses((status = 200, body = SessionEnded),
        (status = 404, body = ProblemBody)))]
pub(crate) async fn of_player_end(
    State(app): State<SharedApp>,
    session: PlayerSession,
    Path(path): Path<SessionPath>,
) -> Result<Private<SessionEnded>, Problem> {
    Holder::from(session).end(&app, path, None).await
}

/// Ends all sessions of the player, this one too.
#[utoipa::path(post, path = "/api/auth/{subdomain}/logout-everywhere", tag = "accounts",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    security(("bearer" = []), ("player_cookie" = [])),
    responses((status = 200, body = LoggedOut),
        (status = 404, body = ProblemBody)))]
pub(crate) async fn of_player_end_all(
    State(app): State<SharedApp>,
    session: PlayerSession,
) -> Result<WithCookie<LoggedOut>, Problem> {
    Holder::from(session).end_all(&app, None).await
}

/// Where staff of the operator is logged in.
#[utoipa::path(get, path = "/api/admin/{subdomain}/sessions", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = OwnSessions),
        (status = 404, body = ProblemBody)))]
pub(crate) async fn of_staff(
    State(app): State<SharedApp>,
    session: OperatorStaff,
) -> Result<Private<OwnSessions>, Problem> {
    Holder::from(session).list(&app).await
}

/// Ends one session of staff of the operator, which may be the one that asks.
#[utoipa::path(delete, path = "/api/admin/{subdomain}/sessions/{id}", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), SessionPath),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = SessionEnded),
        (status = 404, body = ProblemBody)))]
pub(crate) async fn of_staff_end(
    State(app): State<SharedApp>,
    session: OperatorStaff,
    doer: Doer,
    Path(path): Path<SessionPath>,
) -> Result<Private<SessionEnded>, Problem> {
    Holder::from(session).end(&app, path, Some(doer)).await
}

/// Ends all sessions of staff of the operator, this one too.
#[utoipa::path(post, path = "/api/admin/{subdomain}/logout-everywhere", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = LoggedOut),
        (status = 404, body = ProblemBody)))]
pub(crate) async fn of_staff_end_all(
    State(app): State<SharedApp>,
    session: OperatorStaff,
    doer: Doer,
) -> Result<WithCookie<LoggedOut>, Problem> {
    Holder::from(session).end_all(&app, Some(doer)).await
}

/// Where staff of the platform is logged in.
#[utoipa::path(get, path = "/api/superadmin/sessions", tag = "platform",
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = OwnSessions)))]
pub(crate) async fn of_platform(
    State(app): State<SharedApp>,
    session: PlatformStaff,
) -> Result<Private<OwnSessions>, Problem> {
    Holder::from(session).list(&app).await
}

/// Ends one session of staff of the platform, which may be the one that asks.
#[utoipa::path(delete, path = "/api/superadmin/sessions/{id}", tag = "platform",
    params(SessionPath),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = SessionEnded),
        (status = 404, body = ProblemBody)))]
pub(crate) async fn of_platform_end(
    State(app): State<SharedApp>,
    session: PlatformStaff,
    doer: PlatformDoer,
    Path(path): Path<SessionPath>,
) -> Result<Private<SessionEnded>, Problem> {
    Holder::from(session)
        .end(&app, path, Some(doer.at(OperatorId::PLATFORM)))
        .await
}

/// Ends all sessions of staff of the platform, this one too.
#[utoipa::path(post, path = "/api/superadmin/logout-everywhere", tag = "platform",
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = LoggedOut)))]
pub(crate) async fn of_platform_end_all(
    State(app): State<SharedApp>,
    session: PlatformStaff,
    doer: PlatformDoer,
) -> Result<WithCookie<LoggedOut>, Problem> {
    Holder::from(session)
        .end_all(&app, Some(doer.at(OperatorId::PLATFORM)))
        .await
}
