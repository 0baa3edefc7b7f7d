//! The changes, each to be run inside one transaction. Whom they concern is the doer's operator, or the platform. Must
//! never leave somebody a session who was disabled or has another password.

use serde_json::json;
use shared::ids::StaffId;
use sqlx::PgConnection;

use super::error::StaffError;
use super::store::{self, Standing};
use crate::accounts::{HashedPassword, NewStaff, Person, Role, create_staff, delete_sessions, second_factor};
use crate::audit::{Action, Change, Doer, record};

/// Makes somebody staff; tells the number.
pub(crate) async fn add(doer: &Doer, db: &mut PgConnection, new: &NewStaff) -> Result<StaffId, StaffError> {
    let id = create_staff(doer.operator, db, new, doer.at).await?;
    let change = Change {
        subject: Some(subject(id)),
        after: json!({ "login": new.login.as_str(), "role": new.role }),
        ..Change::default()
    };
    record(doer.operator, db, doer, Action::StaffAdded, change).await?;
    Ok(id)
}

/// Disables somebody, which ends all sessions, or enables them again: as `asked`, or the other way than it is.
pub(super) async fn switch(
    doer: &Doer,
    db: &mut PgConnection,
    staff: StaffId,
    asked: Option<bool>,
) -> Result<(), StaffError> {
    let operator = doer.operator;
    refuse_oneself(doer, staff)?;
    let (standing, is_last) = locked(doer, db, staff).await?;
    let is_active = asked.unwrap_or(!standing.is_active);
    if is_active == standing.is_active {
        return Ok(());
    }
    if is_last {
        return Err(StaffError::LastOwner);
    }
    store::put_active(operator, db, staff, is_active).await?;
    if !is_active {
        delete_sessions(operator, db, Person::Staff(staff), None).await?;
    }
    let change = Change {
        subject: Some(subject(staff)),
        before: json!({ "is_active": standing.is_active }),
        after: json!({ "is_active": is_active }),
    };
    record(operator, db, doer, Action::StaffSwitched, change).await?;
    Ok(())
}

/// Gives somebody another role.
pub(super) async fn put_role(
    doer: &Doer,
    db: &mut PgConnection,
    staff: StaffId,
    role: Role,
) -> Result<(), StaffError> {
    let operator = doer.operator;
    let (standing, is_last) = locked(doer, db, staff).await?;
    if role == standing.role {
        return Ok(());
    }
    if is_last {
        return Err(StaffError::LastOwner);
    }
    store::put_role(operator, db, staff, role).await?;
    let change = Change {
        subject: Some(subject(staff)),
        before: json!({ "role": standing.role }),
        after: json!({ "role": role }),
    };
    record(operator, db, doer, Action::RoleChanged, change).await?;
    Ok(())
}

/// Gives somebody else another password and ends their sessions; tells the log-in name, and how many ended.
pub(super) async fn reset_password(
    doer: &Doer,
    db: &mut PgConnection,
    staff: StaffId,
    password: &HashedPassword,
) -> Result<(String, u64), StaffError> {
    let operator = doer.operator;
    refuse_oneself(doer, staff)?;
    let standing = store::lock(operator, db, staff).await?;
    let standing = standing.ok_or(StaffError::NoStaff)?;
    store::put_password(operator, db, staff, password).await?;
    let ended = delete_sessions(operator, db, Person::Staff(staff), None).await?;
    let change = Change {
        subject: Some(subject(staff)),
        ..Change::default()
    };
    record(operator, db, doer, Action::PasswordReset, change).await?;
    Ok((standing.login, ended))
}

/// Takes somebody else's second factor away, which is lost. There need not be one.
pub(crate) async fn reset_second_factor(
    doer: &Doer,
    db: &mut PgConnection,
    staff: StaffId,
) -> Result<(), StaffError> {
    refuse_oneself(doer, staff)?;
    let standing = store::lock(doer.operator, db, staff).await?;
    standing.ok_or(StaffError::NoStaff)?;
    second_factor::reset(doer, db, staff).await?;
    Ok(())
}

/// How somebody is, and whether nobody else who is active may do everything. Locks both.
async fn locked(doer: &Doer, db: &mut PgConnection, staff: StaffId) -> Result<(Standing, bool), StaffError> {
    let owners = store::lock_owners(doer.operator, db).await?;
    let standing = store::lock(doer.operator, db, staff).await?;
    Ok((standing.ok_or(StaffError::NoStaff)?, owners == [staff]))
}

fn refuse_oneself(doer: &Doer, staff: StaffId) -> Result<(), StaffError> {
    if doer.staff == Some((doer.operator, staff)) {
        return Err(StaffError::OwnAccount);
    }
    Ok(())
}

fn subject(staff: StaffId) -> String {
    format!("staff {staff}")
}
