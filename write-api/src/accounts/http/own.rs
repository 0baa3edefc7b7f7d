//! What players do with their own account: register, change name, e-mail address and password. Must never change anything
//! for who does not prove who it is.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use shared::field::FieldError;
use shared::http::{JsonBody, Private};
use shared::ids::Subdomain;
use shared::money::Minor;
use shared::problem::{Problem, ProblemBody};
use utoipa::ToSchema;

use crate::app::{App, SharedApp};
use crate::openapi::Sending;

use super::super::create::{NewPlayer, Opening, create_player, taken};
use super::super::error::{AccountError, CreateError};
use super::super::extract::{PlayerSession, Visitor};
use super::super::login::NewSession;
use super::super::own_password::{
    CURRENT_PASSWORD, Own, PasswordChange, PasswordChanged, new_password, proved, wrong_password,
};
use super::super::rules::{Email, Password, PlayerName, TextError};
use super::super::store::{self, OperatorRow, Person, own};
use super::super::token::Realm;
use super::players::{PlayerLoggedIn, User};
use super::{LoggedIn, WithCookie};

/// A player to be.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PlayerRegistration {
    /// 3 to 50 letters, digits, dots, dashes or underscores of ASCII. Unique among the operator's players, in any case.
    username: String,
    /// Unique among the operator's players, in any case.
    email: String,
    /// 8 characters or more, at most 200 bytes.
    password: String,
}

/// What a registration says of a player, checked.
struct Wanted {
    username: PlayerName,
    email: Email,
    password: Password,
}

impl PlayerRegistration {
    /// Every member that holds what it may not is named.
    fn checked(&self) -> Result<Wanted, Vec<FieldError>> {
        let username = PlayerName::parse(&self.username);
        let email = Email::parse(&self.email);
        let password = Password::for_new_account(&self.password);
        match (username, email, password) {
            (Ok(username), Ok(email), Ok(password)) => Ok(Wanted {
                username,
                email,
                password,
            }),
            (username, email, password) => {
                let errors = [
                    ("username", username.err()),
                    ("email", email.err()),
                    ("password", password.err()),
                ];
                let named = |(field, error): (&str, Option<TextError>)| Some(FieldError::new(field, error?));
                Err(errors.into_iter().filter_map(named).collect())
            }
        }
    }
}

/// Makes a new player with the operator's opening balance, and logs the player in.
#[utoipa::path(post, path = "/api/auth/{subdomain}/register", tag = "accounts", request_body = PlayerRegistration,
    params(("subdomain" = String, Path)),
    responses(
        (status = 200, body = PlayerLoggedIn),
        (status = 404, body = ProblemBody),
        (status = 429, body = ProblemBody), Sending))]
pub(crate) async fn register(
    State(app): State<SharedApp>,
    Path(subdomain): Path<String>,
    visitor: Visitor,
    JsonBody(body): JsonBody<PlayerRegistration>,
) -> Result<WithCookie<PlayerLoggedIn>, Problem> {
    let subdomain = Subdomain::parse(&subdomain).ok_or(AccountError::UnknownOperator)?;
    let wanted = body.checked().map_err(Problem::invalid_fields)?;
    app.passwords.count_registration(visitor.address(), &app.clock)?;
    let (operator, balance) = open_to_players(&app, subdomain).await?;
    let new = NewPlayer {
        password: app
            .passwords
            .hash(&wanted.password, &app.random)
            .await
            .map_err(AccountError::from)?,
        username: wanted.username,
        email: wanted.email,
    };
    let opening = Opening::draw(balance, &app.random, app.clock.now());
    let (username, email) = (new.username.as_str().to_owned(), new.email.as_str().to_owned());
    let id = operator.id;
    let (session, token) = NewSession::draw(&app, id);
    let created = app.db.write(move |db| {
        let (new, opening, session) = (new.clone(), opening.clone(), session.clone());
        Box::pin(async move {
            if !own::is_active(id, db).await? {
                return Err(CreateError::OperatorDisabled);
            }
            let player = create_player(id, db, &new, &opening).await?;
            session
                .open(db, Person::Player(player), new.password.as_str(), None)
                .await?;
            Ok(player)
        })
    });
    let player = created.await?;
    Ok(WithCookie {
        cookie: Realm::Players.cookie_with(&token, &app.options.accounts),
        body: PlayerLoggedIn {
            logged_in: LoggedIn {
                message: "Registration successful",
                ..LoggedIn::with(&token)
            },
            user: User {
                id: player,
                username,
                email,
                balance: operator.currency.money(balance),
                sportsbook: operator.name,
            },
        },
    })
}

/// The operator, and what its players start with.
async fn open_to_players(app: &App, subdomain: Subdomain) -> Result<(OperatorRow, Minor), AccountError> {
    let read = app.db.read(move |db| {
        let subdomain = subdomain.clone();
        Box::pin(async move {
            let operator = store::operator(db, &subdomain).await?;
            let operator = operator.ok_or(AccountError::UnknownOperator)?;
            if !operator.is_active {
                return Err(AccountError::OperatorDisabled);
            }
            let balance = own::default_balance(operator.id, db).await?;
            Ok((operator, balance))
        })
    });
    read.await
}

/// Changes the password and ends all other sessions of the player. After too many wrong ones for `current_password`,
/// none is tried for a while.
#[utoipa::path(post, path = "/api/auth/{subdomain}/change-password", tag = "accounts",
    request_body = PasswordChange, params(("subdomain" = String, Path)),
    security(("bearer" = []), ("player_cookie" = [])),
    responses(
        (status = 200, body = PasswordChanged),
        (status = 404, body = ProblemBody),
        (status = 429, body = ProblemBody),
    ))]
pub(crate) async fn change_password(
    State(app): State<SharedApp>,
    session: PlayerSession,
    visitor: Visitor,
    JsonBody(body): JsonBody<PasswordChange>,
) -> Result<Private<PasswordChanged>, Problem> {
    let own = Own {
        operator: session.operator,
        person: Person::Player(session.player),
        token_hash: session.token_hash,
        staff: None,
    };
    let new = new_password(&body.new_password)?;
    let whose = (own.operator, own.person);
    let guess = visitor.guess_of(whose);
    let old_hash = proved(&app, &guess, whose, body.current_password, CURRENT_PASSWORD).await?;
    own.change_password(&app, old_hash, new).await.map(Private)
}

/// Another user name.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NameChange {
    /// 3 to 50 letters, digits, dots, dashes or underscores of ASCII. Unique among the operator's players, in any case.
    username: String,
}

/// The name that the player has now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Renamed {
    /// Always true.
    success: bool,
    /// For people.
    message: &'static str,
    username: String,
}

/// Changes the player's user name. Everything that the player did stays the player's.
#[utoipa::path(post, path = "/api/auth/update-username", tag = "accounts", request_body = NameChange,
    security(("bearer" = []), ("player_cookie" = [])),
    responses((status = 200, body = Renamed)))]
pub(crate) async fn update_username(
    State(app): State<SharedApp>,
    session: PlayerSession,
    JsonBody(body): JsonBody<NameChange>,
) -> Result<Private<Renamed>, Problem> {
    let PlayerSession { operator, player, .. } = session;
    let name = PlayerName::parse(&body.username)
        .map_err(|error| Problem::invalid_field("username", error.to_string()))?;
    let change = app.db.write(move |db| {
        let name = name.clone();
        Box::pin(async move {
            own::put_username(operator, db, player, &name)
                .await
                .map_err(taken)
        })
    });
    change.await?;
    Ok(Private(Renamed {
        success: true,
        message: "Username updated successfully",
        username: body.username,
    }))
}

/// Another e-mail address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with email and current_password")]
pub(crate) struct ProfileChange {
    /// Unique among the operator's players, in any case.
    email: String,
    /// The player's password.
    #[schema(value_type = String)]
    current_password: Password,
}

/// The e-mail address that the player has now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProfileSaved {
    /// Always true.
    success: bool,
    /// For people.
    message: &'static str,
    /// In lower case.
    email: String,
}

/// Changes the player's e-mail address, with which the player can log in, too. After too many wrong ones for
/// `current_password`, none is tried for a while.
#[utoipa::path(put, path = "/api/auth/{subdomain}/profile", tag = "accounts", request_body = ProfileChange,
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    security(("bearer" = []), ("player_cookie" = [])),
    responses((status = 200, body = ProfileSaved),
        (status = 404, body = ProblemBody),
        (status = 429, body = ProblemBody)))]
pub(crate) async fn change_profile(
    State(app): State<SharedApp>,
    session: PlayerSession,
    visitor: Visitor,
    JsonBody(body): JsonBody<ProfileChange>,
) -> Result<Private<ProfileSaved>, Problem> {
    let PlayerSession { operator, player, .. } = session;
    let email =
        Email::parse(&body.email).map_err(|error| Problem::invalid_field("email", error.to_string()))?;
    let whose = (operator, Person::Player(player));
    let guess = visitor.guess_of(whose);
    let hash = proved(&app, &guess, whose, body.current_password, CURRENT_PASSWORD).await?;
    let new = email.clone();
    let change = app.db.write(move |db| {
        let (email, hash) = (new.clone(), hash.clone());
        Box::pin(async move {
            own::put_email(operator, db, player, &hash, &email)
                .await
                .map_err(taken)
        })
    });
    if !change.await? {
        // Somebody changed the password meanwhile.
        return Err(wrong_password(CURRENT_PASSWORD));
    }
    Ok(Private(ProfileSaved {
        success: true,
        message: "Profile saved",
        email: email.as_str().to_owned(),
    }))
}

impl From<CreateError> for Problem {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::UsernameTaken => {
                Self::refused_field("username_taken", "username", "Username is already taken")
            }
            CreateError::EmailTaken => {
                Self::refused_field("email_taken", "email", "Email is already registered")
            }
            CreateError::NameTaken => Self::refused_field(
                "sportsbook_name_taken",
                "sportsbook_name",
                "There is a sportsbook with this name already",
            ),
            CreateError::LoginTaken => {
                Self::refused_field("login_taken", "login", "This log-in name is already taken")
            }
            CreateError::OperatorDisabled => AccountError::OperatorDisabled.into(),
            CreateError::UnknownOperator => AccountError::UnknownOperator.into(),
            CreateError::Database(error) => error.into(),
            CreateError::SubdomainTaken | CreateError::ReferralCodeTaken | CreateError::Ledger(_) => {
                Self::internal(error)
            }
        }
    }
}
