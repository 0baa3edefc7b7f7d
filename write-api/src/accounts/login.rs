//! What every log-in and log-out does to the database, whoever it is for.
//! Must never reuse a session: each log-in makes a new one.

use std::time::Duration;

use serde_json::json;
use shared::db::DbError;
use shared::ids::{OperatorId, StaffId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::app::{App, SharedApp};
use crate::audit::{Action, Change, record};

use super::error::AccountError;
use super::extract::Visitor;
use super::failures::Guess;
use super::passwords::{HashedPassword, Verdict};
use super::rules::{LoginName, Password};
use super::second_factor::{Factor, Typed};
use super::store::{self, Person, own};
use super::token::{Realm, Token};

/// An account with a password.
pub(super) trait Account {
    /// Whose it is.
    fn person(&self) -> (OperatorId, Person);
    /// The stored hash.
    fn password_hash(&self) -> String;
}

/// A try to log in.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    app: SharedApp,
    visitor: Visitor,
    guess: Guess,
}

/// A password that was proved to be somebody's.
#[derive(Clone, Debug)]
pub(super) struct Proof {
    password: Password,
    hash: String,
    /// What is to take the place of `hash`.
    better: Option<HashedPassword>,
}

impl Attempt {
    /// Refuses at once, before anything is looked up, when the address is locked out.
    pub(super) fn begin(
        app: &SharedApp,
        visitor: Visitor,
        realm: Realm,
        tenant: &str,
        name: &LoginName,
    ) -> Result<Self, AccountError> {
        let guess = visitor.guess(realm, tenant, name);
        app.passwords.admit_address(&guess, &app.clock)?;
        Ok(Self {
            app: app.clone(),
            visitor,
            guess,
        })
    }

    /// The account, if the password is its own. An account that does not exist takes as long and says the same. Guesses
    /// count against the account, so that its user name and its e-mail address are no two chances; where there is none,
    /// against the name.
    pub(super) async fn verified<A: Account>(
        &self,
        password: Password,
        account: Option<A>,
    ) -> Result<(A, Proof), AccountError> {
        let app = &self.app;
        let stored = account.as_ref().map(Account::password_hash);
        let person = account.as_ref().map(Account::person);
        let guess = person.map_or_else(|| self.guess.clone(), |person| self.visitor.guess_of(person));
        app.passwords.admit(&guess, &app.clock)?;
        let verdict = app
            .passwords
            .check(&guess, password.clone(), stored.clone(), &app.clock)
            .await?;
        let (account, hash) = account.zip(stored).ok_or_else(|| self.refused())?;
        match verdict {
            Verdict::Right => {
                let better = app.passwords.better(&password, &hash, &app.random).await?;
                let proof = Proof {
                    password,
                    hash,
                    better,
                };
                Ok((account, proof))
            }
            Verdict::Wrong { locked_out } => {
                if let Some(length) = locked_out {
                    self.note_lock_out(account.person(), length);
                }
                Err(self.refused())
            }
        }
    }

    /// Makes a new session for who was verified, if `code` is theirs where staff have a second factor.
    pub(super) async fn open(
        &self,
        operator: OperatorId,
        person: Person,
        proof: Proof,
        code: Option<Typed>,
    ) -> Result<Token, AccountError> {
        let (session, token) = NewSession::draw(&self.app, operator);
        if self.try_open(&session, person, &proof, code.as_ref()).await? {
            return Ok(token);
        }
        let proof = self.proved_again(operator, person, proof).await?;
        if self.try_open(&session, person, &proof, code.as_ref()).await? {
            return Ok(token);
        }
        Err(self.refused())
    }

    /// Of two log-ins at once with an imported hash, one puts a better one in its place. The other one's password is
    /// the one of that, too.
    async fn proved_again(
        &self,
        operator: OperatorId,
        person: Person,
        proof: Proof,
    ) -> Result<Proof, AccountError> {
        let app = &self.app;
        if proof.better.is_none() {
            return Err(self.refused());
        }
        let read = app.db.read(move |db| {
            Box::pin(async move { Ok::<_, AccountError>(own::password_hash(operator, db, person).await?) })
        });
        let hash = read.await?.ok_or_else(|| self.refused())?;
        let (password, stored) = (proof.password.clone(), Some(hash.clone()));
        let guess = self.visitor.guess_of((operator, person));
        let verdict = app.passwords.check(&guess, password, stored, &app.clock);
        if !verdict.await?.is_right() {
            return Err(self.refused());
        }
        Ok(Proof {
            hash,
            better: None,
            ..proof
        })
    }

    async fn try_open(
        &self,
        session: &NewSession,
        person: Person,
        proof: &Proof,
        code: Option<&Typed>,
    ) -> Result<bool, AccountError> {
        let operator = session.operator;
        let (attempt, session, proof, code) = (self.clone(), session.clone(), proof.clone(), code.cloned());
        let opened = self.app.db.write(move |db| {
            let (attempt, session, proof, code) =
                (attempt.clone(), session.clone(), proof.clone(), code.clone());
            Box::pin(async move {
                let is_open = session
                    .open(db, person, &proof.hash, proof.better.as_ref())
                    .await?;
                if let (true, Person::Staff(staff)) = (is_open, person) {
                    attempt.admit_staff(db, &session, staff, code.as_ref()).await?;
                }
                Ok::<_, AccountError>(is_open)
            })
        });
        let opened = opened.await;
        if let Err(AccountError::WrongCode {
            locked_out: Some(length),
        }) = opened
        {
            self.note_lock_out((operator, person), length);
        }
        opened
    }

    /// Takes the code where one is asked for, and writes the log-in down.
    async fn admit_staff(
        &self,
        db: &mut PgConnection,
        session: &NewSession,
        staff: StaffId,
        code: Option<&Typed>,
    ) -> Result<(), AccountError> {
        let (operator, at) = (session.operator, session.created_at);
        let factor = Factor {
            operator,
            staff,
            at,
            passwords: &self.app.passwords,
            guess: &self.visitor.guess_of((operator, Person::Staff(staff))),
            clock: &self.app.clock,
        };
        factor.admit(db, code).await?;
        let doer = self.visitor.as_staff(operator, staff, at);
        Ok(record(operator, db, &doer, Action::LoggedIn, Change::default()).await?)
    }

    /// Writes down that somebody is locked out who tried to log in as staff: one entry for each lock-out, so that nobody
    /// can fill the log. The answer does not wait for it: it would tell that there is such a name.
    fn note_lock_out(&self, (operator, person): (OperatorId, Person), length: Duration) {
        let Person::Staff(staff) = person else {
            return;
        };
        let app = self.app.clone();
        let doer = self.visitor.as_staff(operator, staff, app.clock.now());
        self.app.tasks.spawn(async move {
            let noted = app.db.write(move |db| {
                let doer = doer.clone();
                Box::pin(async move {
                    let change = Change {
                        subject: Some(format!("staff {staff}")),
                        after: json!({ "locked_out_s": length.as_secs() }),
                        ..Change::default()
                    };
                    Ok::<_, DbError>(record(operator, db, &doer, Action::LockedOut, change).await?)
                })
            });
            if let Err(error) = noted.await {
                tracing::warn!(%error, %staff, "a lock-out could not be written to the audit log");
            }
        });
    }

    pub(super) const fn refused(&self) -> AccountError {
        AccountError::WrongCredentials(self.guess.realm)
    }
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
    /// opened must not outlive that. `better` takes the place of `password_hash`.
    pub(super) async fn open(
        &self,
        db: &mut PgConnection,
        person: Person,
        password_hash: &str,
        better: Option<&HashedPassword>,
    ) -> Result<bool, sqlx::Error> {
        let (operator, now) = (self.operator, self.created_at);
        let is_current = match person {
            Person::Player(id) => {
                store::note_player_login(operator, db, id, password_hash, better, now).await?
            }
            Person::Staff(id) => {
                store::note_staff_login(operator, db, id, password_hash, better, now).await?
            }
        };
        if is_current {
            store::delete_surplus_sessions(operator, db, person, self.others_kept).await?;
            store::insert_session(operator, db, &self.token_hash, person, now, self.expires_at).await?;
        }
        Ok(is_current)
    }
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
