//! The statements about staff. Must never read a password's hash.

use shared::ids::{OperatorId, StaffId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::accounts::{HashedPassword, Role, StaffLogin};
use crate::paging::Page;

/// One of the staff.
#[derive(Clone, Debug)]
pub(super) struct StaffRow {
    pub(super) id: StaffId,
    pub(super) login: String,
    pub(super) email: Option<String>,
    pub(super) role: Role,
    pub(super) is_active: bool,
    pub(super) has_second_factor: bool,
    pub(super) created_at: OffsetDateTime,
    pub(super) last_login_at: Option<OffsetDateTime>,
}

/// A page of the operator's staff, the first first; or, with `only`, just that one.
pub(super) async fn page(
    operator: OperatorId,
    db: &mut PgConnection,
    only: Option<StaffId>,
    page: Page,
) -> Result<Vec<StaffRow>, sqlx::Error> {
    sqlx::query_as!(
        StaffRow,
        r#"
        select id as "id: StaffId", login, email, role as "role: Role", is_active,
            exists (
                select
                from second_factors
                where operator_id = staff.operator_id and staff_id = staff.id and confirmed_at is not null
            ) as "has_second_factor!",
            created_at, last_login_at
        from staff
        where operator_id = $1 and ($2::bigint is null or id = $2)
        order by id
        limit $3
        offset $4
        "#,
        operator.get(),
        only.map(StaffId::get),
        page.size(),
        page.offset(),
    )
    .fetch_all(db)
    .await
}

/// Whose staff somebody is, and the number. Log-in names are unique in the whole installation, in any case.
pub(crate) async fn find(
    db: &mut PgConnection,
    login: &StaffLogin,
) -> Result<Option<(OperatorId, StaffId)>, sqlx::Error> {
    let found = sqlx::query!(
        r#"
        select operator_id as "operator: OperatorId", id as "id: StaffId"
        from staff
        where lower(login) = lower($1)
        "#,
        login.as_str(),
    )
    .fetch_optional(db)
    .await?;
    Ok(found.map(|row| (row.operator, row.id)))
}

/// How many staff the operator has.
pub(super) async fn count(operator: OperatorId, db: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from staff where operator_id = $1"#,
        operator.get()
    )
    .fetch_one(db)
    .await
}

/// The operator's active owners. Locks them until the transaction ends, always in the same order, so that of two who
/// would disable each other only one does.
pub(super) async fn lock_owners(
    operator: OperatorId,
    db: &mut PgConnection,
) -> Result<Vec<StaffId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select id as "id: StaffId"
        from staff
        where operator_id = $1 and is_active and role = 'owner'
        order by id
        for update
        "#,
        operator.get(),
    )
    .fetch_all(db)
    .await
}

/// How somebody is, locked until the transaction ends.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) login: String,
    pub(super) role: Role,
    pub(super) is_active: bool,
}

pub(super) async fn lock(
    operator: OperatorId,
    db: &mut PgConnection,
    staff: StaffId,
) -> Result<Option<Standing>, sqlx::Error> {
    sqlx::query_as!(
        Standing,
        r#"
        select login, role as "role: Role", is_active
        from staff
        where operator_id = $1 and id = $2
        for update
        "#,
        operator.get(),
        staff.get(),
    )
    .fetch_optional(db)
    .await
}

pub(super) async fn put_active(
    operator: OperatorId,
    db: &mut PgConnection,
    staff: StaffId,
    is_active: bool,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update staff set is_active = $3 where operator_id = $1 and id = $2",
        operator.get(),
        staff.get(),
        is_active,
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn put_role(
    operator: OperatorId,
    db: &mut PgConnection,
    staff: StaffId,
    role: Role,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update staff set role = $3 where operator_id = $1 and id = $2",
        operator.get(),
        staff.get(),
        role.as_str(),
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(crate) async fn put_password(
    operator: OperatorId,
    db: &mut PgConnection,
    staff: StaffId,
    password: &HashedPassword,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update staff set password_hash = $3 where operator_id = $1 and id = $2",
        operator.get(),
        staff.get(),
        password.as_str(),
    )
    .execute(db)
    .await?;
    Ok(())
}
