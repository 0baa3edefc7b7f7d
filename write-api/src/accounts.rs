//! People: log-in, log-out, sessions, and the extractors that tell a handler who asks.
//! Must never keep a password or a token in the clear, nor say which of a name and a password was wrong.

use axum::Router;

use crate::app::SharedApp;

pub(crate) mod cli;
mod create;
mod error;
mod extract;
mod failures;
pub(crate) mod http;
mod limits;
mod login;
mod own_password;
mod passwords;
mod proof;
mod rights;
mod rules;
pub(crate) mod second_factor;
mod shares;
mod store;
mod sweeper;
mod token;

pub use create::{
    Created, Founding, NewOperator, NewPlayer, NewStaff, Opening, create_operator, create_player,
    create_staff, find_operator,
};
pub use error::{AccountError, CreateError, PasswordError};
pub use extract::{KnownTokens, OperatorStaff, PlatformStaff, PlayerSession, PlayerToken};
pub(crate) use extract::{Visitor, address_of};
pub use limits::AccountLimits;
pub(crate) use own_password::new_password;
pub use passwords::{HashedPassword, Passwords};
pub(crate) use proof::{Proof, ProofError};
pub use rights::{Right, Role};
pub use rules::{Email, Password, PlayerName, StaffLogin, TextError};
pub(crate) use store::own::delete_sessions;
pub(crate) use store::{Person, profile};
pub use sweeper::spawn_sweeper;
pub use token::{Realm, SESSION_COOKIES};

/// The routes.
pub fn router() -> Router<SharedApp> {
    http::router()
}
