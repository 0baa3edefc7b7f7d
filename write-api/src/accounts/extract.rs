//! Extractors that tell a handler who asks. Each makes one short read and has given its connection back when it
//! returns. Must never take a name, a number or a role from the request: only a session proves them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderName, header};
use moka::sync::Cache;
use shared::http::RequestId;
use shared::ids::{OperatorId, PlayerId, StaffId, Subdomain};
use shared::problem::Problem;
use time::OffsetDateTime;

use crate::app::{App, SharedApp};
use crate::audit::Doer;

use super::error::AccountError;
use super::failures::Guess;
use super::limits::AccountLimits;
use super::rights::Role;
use super::rules::{LoginName, Sender, Session, Tenant};
use super::store::{self, Person};
use super::token::{Credential, Realm};

/// A logged-in, active player of an active operator. On a path with `{subdomain}` that operator is meant, else 404.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayerSession {
    /// The player's operator.
    pub operator: OperatorId,
    /// The player.
    pub player: PlayerId,
    /// What the session is found by.
    pub token_hash: [u8; 32],
}

/// Logged-in, active staff of an active operator. On a path with `{subdomain}` that operator is meant, else 404.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorStaff {
    /// The operator.
    pub operator: OperatorId,
    /// Who it is.
    pub staff: StaffId,
    /// What the session is found by.
    pub token_hash: [u8; 32],
}

/// Logged-in, active staff of the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlatformStaff {
    /// Who it is.
    pub staff: StaffId,
    /// Read together with the session, so that another role counts from the next request on.
    pub role: Role,
    /// What the session is found by.
    pub token_hash: [u8; 32],
}

impl FromRequestParts<SharedApp> for PlayerSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Problem> {
        let tenant = tenant(parts).await;
        let found = person(parts, app, Realm::Players, tenant).await?;
        Ok(Self {
            operator: found.operator,
            player: PlayerId::new(found.id),
            token_hash: found.token_hash,
        })
    }
}

/// Whose a token is, without a look at the database where that is known: it never changes. Whether the session still
/// lasts and the player may stake something is for the transaction to check, with the hash: a player who was disabled
/// in the middle of a round may finish it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayerToken {
    /// The player's operator.
    pub operator: OperatorId,
    /// The player.
    pub player: PlayerId,
    /// What the session is found by.
    pub token_hash: [u8; 32],
}

/// The players of tokens that were seen to be good once. Says nothing of whether they still are.
#[derive(Clone, Debug)]
pub struct KnownTokens(Cache<[u8; 32], PlayerId>);

impl KnownTokens {
    /// Knows no token yet.
    pub fn new(limits: &AccountLimits) -> Self {
        Self(Cache::new(limits.known_tokens))
    }
}

impl FromRequestParts<SharedApp> for PlayerToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Problem> {
        let credential = allowed_credential(parts, Realm::Players)?.ok_or(AccountError::NotLoggedIn)?;
        let token_hash = credential.token().hash();
        let of = |operator, player| Self {
            operator,
            player,
            token_hash,
        };
        if let Some(player) = app.known_tokens.0.get(&token_hash) {
            return Ok(of(credential.token().operator(), player));
        }
        let tenant = tenant(parts).await;
        let operator = credential.token().operator();
        let session = session(&credential, app, Realm::Players).await?;
        session.admit_to(&tenant)?;
        let player = PlayerId::new(session.person);
        app.known_tokens.0.insert(token_hash, player);
        Ok(of(operator, player))
    }
}

impl FromRequestParts<SharedApp> for OperatorStaff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Problem> {
        let tenant = tenant(parts).await;
        let found = person(parts, app, Realm::OperatorStaff, tenant).await?;
        Ok(Self {
            operator: found.operator,
            staff: StaffId::new(found.id),
            token_hash: found.token_hash,
        })
    }
}

impl FromRequestParts<SharedApp> for PlatformStaff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Problem> {
        let found = person(parts, app, Realm::PlatformStaff, Tenant::Any).await?;
        Ok(Self {
            staff: StaffId::new(found.id),
            role: found.role.ok_or(AccountError::NotLoggedIn)?,
            token_hash: found.token_hash,
        })
    }
}

/// Whose session a request carries.
struct Found {
    operator: OperatorId,
    id: i64,
    role: Option<Role>,
    token_hash: [u8; 32],
}

async fn person(parts: &Parts, app: &App, realm: Realm, tenant: Tenant) -> Result<Found, AccountError> {
    let credential = allowed_credential(parts, realm)?.ok_or(AccountError::NotLoggedIn)?;
    let session = session(&credential, app, realm).await?;
    session.admit(&tenant)?;
    Ok(Found {
        operator: credential.token().operator(),
        id: session.person,
        role: session.role,
        token_hash: credential.token().hash(),
    })
}

/// The session of a credential, if it lasts; whoever's it is may have been disabled. One that lasts but is that of
/// another kind of person is told so.
async fn session(credential: &Credential, app: &App, realm: Realm) -> Result<Session, AccountError> {
    let operator = credential.token().operator();
    let (token_hash, now) = (credential.token().hash(), app.clock.now());
    app.db
        .read(move |db| {
            Box::pin(async move {
                let session = match realm {
                    // Only the platform's staff have sessions of the platform, and no others.
                    _ if (operator == OperatorId::PLATFORM) != (realm == Realm::PlatformStaff) => None,
                    Realm::Players => store::player_session(operator, db, &token_hash, now).await?,
                    Realm::OperatorStaff => {
                        store::operator_staff_session(operator, db, &token_hash, now).await?
                    }
                    Realm::PlatformStaff => store::platform_staff_session(db, &token_hash, now).await?,
                };
                match session {
                    Some(session) => Ok(session),
                    None if store::is_session(operator, db, &token_hash, now).await? => {
                        Err(AccountError::WrongRole(realm))
                    }
                    None => Err(AccountError::NotLoggedIn),
                }
            })
        })
        .await
}

/// The credential of a request. A cookie that a page of another site may have caused to be sent changes nothing.
fn allowed_credential(parts: &Parts, realm: Realm) -> Result<Option<Credential>, AccountError> {
    if parts.headers.get_all(header::AUTHORIZATION).iter().count() > 1 {
        return Err(AccountError::TwoCredentials);
    }
    let credential = Credential::find(&parts.headers, realm);
    let is_by_cookie = matches!(credential, Some(Credential::Cookie(_)));
    if is_by_cookie && !parts.method.is_safe() && Sender::of(&parts.headers) != Sender::SameOrigin {
        return Err(AccountError::CrossSite);
    }
    Ok(credential)
}

async fn tenant(parts: &mut Parts) -> Tenant {
    let Ok(params) = RawPathParams::from_request_parts(parts, &()).await else {
        return Tenant::Impossible;
    };
    match params.iter().find(|(name, _)| *name == "subdomain") {
        None => Tenant::Any,
        Some((_, text)) => Subdomain::parse(text).map_or(Tenant::Impossible, Tenant::Named),
    }
}

/// What a log-out route is told to end: the credentials of each kind of person, whether or not they still hold.
#[derive(Clone, Debug)]
pub(crate) struct Leaving(Parts);

impl Leaving {
    /// The credential of `realm`, if there is one.
    pub(super) fn credential(&self, realm: Realm) -> Result<Option<Credential>, AccountError> {
        allowed_credential(&self.0, realm)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Leaving {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Ok(Self(parts.clone()))
    }
}

/// Where a log-in comes from. Refuses what a page of another site sends: it would log people in as somebody else.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    address: IpAddr,
    request_id: Option<Arc<str>>,
}

impl Visitor {
    /// Where it comes from.
    pub(crate) const fn address(&self) -> IpAddr {
        self.address
    }

    /// What a try to log in with `name` counts against.
    pub(super) fn guess(&self, realm: Realm, tenant: &str, name: &LoginName) -> Guess {
        Guess {
            realm,
            tenant: tenant.into(),
            name: name.clone(),
            address: self.address,
        }
    }

    /// What a guess of somebody's password or code counts against, by whatever name and wherever it is made.
    pub(super) fn guess_of(&self, (operator, person): (OperatorId, Person)) -> Guess {
        // Nobody's number is another one's of the realm in the whole installation.
        let (realm, name) = match person {
            Person::Player(player) => (Realm::Players, LoginName::of_person(player)),
            Person::Staff(staff) if operator == OperatorId::PLATFORM => {
                (Realm::PlatformStaff, LoginName::of_person(staff))
            }
            Person::Staff(staff) => (Realm::OperatorStaff, LoginName::of_person(staff)),
        };
        self.guess(realm, "", &name)
    }

    /// The visitor as somebody who has just logged in, or is said to have tried to.
    pub(crate) fn as_staff(&self, operator: OperatorId, staff: StaffId, at: OffsetDateTime) -> Doer {
        Doer {
            staff: Some((operator, staff)),
            address: Some(self.address),
            request_id: self.request_id.clone(),
            ..Doer::at_console(operator, at)
        }
    }
}

impl FromRequestParts<SharedApp> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Problem> {
        if Sender::of(&parts.headers) == Sender::OtherOrigin {
            return Err(AccountError::CrossSite.into());
        }
        let request_id = parts.extensions.get::<RequestId>();
        Ok(Self {
            address: address_of(parts, app),
            request_id: request_id.map(|RequestId(id)| Arc::clone(id)),
        })
    }
}

/// Where a request comes from: as the platform or the front door says, where they are trusted to, else the other end of
/// the connection.
pub(crate) fn address_of(parts: &Parts, app: &App) -> IpAddr {
    let limits = &app.options.accounts;
    let told = limits
        .client_address_header
        .as_ref()
        .and_then(|name| told_by(name, parts));
    let forwarded = || limits.trust_forwarded_for.then(|| forwarded_for(parts)).flatten();
    told.or_else(forwarded).unwrap_or_else(|| peer(parts))
}

fn told_by(name: &HeaderName, parts: &Parts) -> Option<IpAddr> {
    parts.headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn peer(parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.0.ip())
}

fn forwarded_for(parts: &Parts) -> Option<IpAddr> {
    let lines = parts.headers.get_all("x-forwarded-for");
    let line = lines.into_iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next()?.trim().parse().ok()
}
