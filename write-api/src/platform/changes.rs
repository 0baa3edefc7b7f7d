//! The changes, each to be run inside one transaction. All of them lock the operator's row first, as its own staff's
//! changes do. Must never await anything but the database.

use serde_json::json;
use shared::coherence::{Kind, Topic};
use shared::db::DbError;
use sqlx::PgConnection;

use super::store;
use crate::accounts::{HashedPassword, Person, ProofError, delete_sessions, second_factor};
use crate::audit::{Action, Change, Doer, record};
use crate::coherence::{Saved, bump, current};
use crate::operators;
use crate::staff;

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlatformError {
    /// There is no such operator.
    #[error("there is no such operator")]
    NoOperator,
    /// The operator has no such staff.
    #[error("the operator has no such staff")]
    NoStaff,
    /// The doer did not prove who it is.
    #[error(transparent)]
    Unproved(ProofError),
    /// The database failed.
    #[error(transparent)]
    Database(DbError),
}

shared::transaction_error!(PlatformError);

impl From<ProofError> for PlatformError {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Database(error) => Self::Database(error),
            unproved => Self::Unproved(unproved),
        }
    }
}

/// Lets the operator be served or not, as `asked`, or the other way round when nothing is asked, and tells how it is
/// now. The sessions of its players and staff end with it, and stay ended.
pub(super) async fn switch(
    doer: &Doer,
    db: &mut PgConnection,
    asked: Option<bool>,
) -> Result<(Saved, bool), PlatformError> {
    let operator = doer.operator;
    let topic = Topic::of(operator, Kind::Operator);
    operators::lock(operator, db)
        .await?
        .ok_or(PlatformError::NoOperator)?;
    let was_active = store::is_active(operator, db).await?;
    let is_active = asked.unwrap_or(!was_active);
    if is_active == was_active {
        return Ok((Saved::AsItWas(current(topic, db).await?), is_active));
    }
    store::put_active(operator, db, is_active).await?;
    if is_active {
        // They were refused while it was disabled, except to finish rounds that were paid for.
        store::delete_sessions(operator, db).await?;
    }
    let change = Change {
        subject: None,
        before: json!({ "is_active": was_active }),
        after: json!({ "is_active": is_active }),
    };
    record(operator, db, doer, Action::OperatorSwitched, change).await?;
    Ok((Saved::Changed(bump(topic, db).await?), is_active))
}

/// Gives staff of the operator another password and ends their sessions: the staff of this log-in name, or else the
/// first that the operator had. Tells whose password it is, and how many sessions ended.
pub(super) async fn reset_password(
    doer: &Doer,
    db: &mut PgConnection,
    login: Option<&str>,
    password: &HashedPassword,
) -> Result<(String, u64), PlatformError> {
    let operator = doer.operator;
    operators::lock(operator, db)
        .await?
        .ok_or(PlatformError::NoOperator)?;
    let found = store::staff(operator, db, login).await?;
    let (id, login) = found.ok_or(PlatformError::NoStaff)?;
    staff::put_password(operator, db, id, password).await?;
    let ended = delete_sessions(operator, db, Person::Staff(id), None).await?;
    let change = Change {
        subject: Some(format!("staff {id}")),
        ..Change::default()
    };
    record(operator, db, doer, Action::PasswordReset, change).await?;
    Ok((login, ended))
}

/// Takes the second factor of the operator's staff of this log-in name away; tells the name as it is written.
pub(super) async fn reset_second_factor(
    doer: &Doer,
    db: &mut PgConnection,
    login: &str,
) -> Result<String, PlatformError> {
    let operator = doer.operator;
    operators::lock(operator, db)
        .await?
        .ok_or(PlatformError::NoOperator)?;
    let found = store::staff(operator, db, Some(login)).await?;
    let (id, login) = found.ok_or(PlatformError::NoStaff)?;
    second_factor::reset(doer, db, id).await?;
    Ok(login)
}
