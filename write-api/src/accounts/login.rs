//! What every log-in and log-out does to the database, whoever it is for.
//! Must never reuse a session: each log-in makes a new one.

use std::time::Duration;

use shared::ids::OperatorId;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::app::App;

use super::error::AccountError;
use super::failures::Guess;
use super::rules::Password;
use super::store::{self, Person};
use super::token::Token;

/// An account with a password.
pub(super) trait Account {
    /// The stored hash.
    fn password_hash(&self) -> String;
}

/// The account, if the password is its own. An account that does not exist takes as long and says the same.
pub(super) async fn verified<A: Account>(
    app: &App,
    guess: &Guess,
    password: Password,
    account: Option<A>,
) -> Result<A, AccountError> {
    let stored = account.as_ref().map(Account::password_hash);
    let is_right = app.passwords.check(guess, password, stored, &app.clock).await?;
    account
        .filter(|_| is_right)
        .ok_or(AccountError::WrongCredentials(guess.realm))
}

/// A session to be. Drawn before the transaction, so that running it again changes nothing.
#[derive(Clone, Debug)]
pub(super) struct NewSession {
    operator: OperatorId,
    token_hash: [u8; 32],
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    others_kept: i64,
}

impl NewSession {
    /// A session at the operator, and its token.
    pub(super) fn draw(app: &App, operator: OperatorId) -> (Self, Token) {
        let limits = &app.options.accounts;
        let token = Token::new(operator, app.random.bytes());
        let created_at = app.clock.now();
        let session = Self {
            operator,
            token_hash: token.hash(),
            created_at,
            expires_at: created_at + Duration::from_secs(limits.session_s.into()),
            others_kept: i64::from(limits.sessions_per_person) - 1,
        };
        (session, token)
    }

    /// Opens it and ends the person's oldest ones beyond the limit, unless the person was disabled or has another
    /// password than that of `password_hash`; says whether it did. Either ends all sessions, and one that is just being
    /// opened must not outlive that.
    pub(super) async fn open(
        &self,
        db: &mut PgConnection,
        person: Person,
        password_hash: &str,
    ) -> Result<bool, sqlx::Error> {
        let (operator, now) = (self.operator, self.created_at);
        let is_current = match person {
            Person::Player(id) => store::note_player_login(operator, db, id, password_hash, now).await?,
            Person::Staff(id) => store::note_staff_login(operator, db, id, password_hash, now).await?,
        };
        if is_current {
            store::delete_surplus_sessions(operator, db, person, self.others_kept).await?;
            store::insert_session(operator, db, &self.token_hash, person, now, self.expires_at).await?;
        }
        Ok(is_current)
    }
}

/// Makes a new session for who was verified by `password_hash`.
pub(super) async fn open_session(
    app: &App,
    guess: &Guess,
    operator: OperatorId,
    person: Person,
    password_hash: &str,
) -> Result<Token, AccountError> {
    let password_hash = password_hash.to_owned();
    let (session, token) = NewSession::draw(app, operator);
    let realm = guess.realm;
    let opened = app.db.write(move |db| {
        let (session, password_hash) = (session.clone(), password_hash.clone());
        Box::pin(async move {
            if session.open(db, person, &password_hash).await? {
                Ok(())
            } else {
                Err(AccountError::WrongCredentials(realm))
            }
        })
    });
    opened.await?;
    Ok(token)
}

/// Ends the session of `token`, if there is one.
pub(super) async fn close_session(app: &App, token: &Token) -> Result<(), AccountError> {
    let (operator, token_hash) = (token.operator(), token.hash());
    app.db
        .write(move |db| {
            Box::pin(async move {
                store::delete_session(operator, db, &token_hash).await?;
                Ok::<_, AccountError>(())
            })
        })
        .await
}
