//! What every log-in and log-out does to the database, whoever it is for.
//! Must never reuse a session: each log-in makes a new one.

use std::time::Duration;

use shared::ids::OperatorId;

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

/// Makes a new session and ends the person's oldest ones beyond the limit.
pub(super) async fn open_session(
    app: &App,
    operator: OperatorId,
    person: Person,
) -> Result<Token, AccountError> {
    let limits = &app.options.accounts;
    let token = Token::new(operator, app.random.bytes());
    let (token_hash, now) = (token.hash(), app.clock.now());
    let expires_at = now + Duration::from_secs(limits.session_s.into());
    let others_kept = i64::from(limits.sessions_per_person) - 1;
    app.db
        .write(move |db| {
            Box::pin(async move {
                match person {
                    Person::Player(id) => store::note_player_login(operator, db, id, now).await?,
                    Person::Staff(id) => store::note_staff_login(operator, db, id, now).await?,
                }
                store::delete_surplus_sessions(operator, db, person, others_kept).await?;
                store::insert_session(operator, db, &token_hash, person, now, expires_at).await?;
                Ok::<_, AccountError>(())
            })
        })
        .await?;
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
