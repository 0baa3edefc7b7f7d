//! The statements about second factors. Must never store a recovery code other than as its hash.

use shared::ids::{OperatorId, StaffId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::rules::{RecoveryCode, Secret};

/// A second factor.
pub(super) struct FactorRow {
    pub(super) secret: Secret,
    pub(super) is_confirmed: bool,
    /// Of the newest code that was taken.
    pub(super) last_step: i64,
}

/// Puts a secret in the place of one that is not confirmed; says whether it did.
pub(super) async fn begin(
    operator: OperatorId,
    db: &mut PgConnection,
    staff: StaffId,
    secret: &[u8],
    now: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let begun = sqlx::query!(
        r#"
        insert into second_factors (operator_id, staff_id, secret, begun_at)
        values ($1, $2, $3, $4)
        on conflict (operator_id, staff_id) do update
        set secret = excluded.secret, begun_at = excluded.begun_at
        where second_factors.confirmed_at is null
        "#,
        operator.get(),
        staff.get(),
        secret,
        now,
    )
    .execute(db)
    .await?;
    Ok(begun.rows_affected() == 1)
}

/// Locks the factor until the transaction ends.
pub(super) async fn lock(
    operator: OperatorId,
    db: &mut PgConnection,
    staff: StaffId,
) -> Result<Option<FactorRow>, sqlx::Error> {
    let found = sqlx::query!(
        r#"
        select secret, confirmed_at is not null as "is_confirmed!", last_step
        from second_factors
        where operator_id = $1 and staff_id = $2
        for update
        "#,
        operator.get(),
        staff.get(),
    )
    .fetch_optional(db)
    .await?;
    let row = found.map(|row| {
        let secret = row
            .secret
            .try_into()
            .map_err(|_| sqlx::Error::Decode("a secret has 20 bytes".into()))?;
        Ok(FactorRow {
            secret: Secret::new(secret),
            is_confirmed: row.is_confirmed,
            last_step: row.last_step,
        })
    });
    row.transpose()
}

pub(super) async fn confirm(
    operator: OperatorId,
    db: &mut PgConnection,
    staff: StaffId,
    step: i64,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        update second_factors
        set confirmed_at = $3, last_step = $4
        where operator_id = $1 and staff_id = $2
        "#,
        operator.get(),
        staff.get(),
        now,
        step,
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn put_step(
    operator: OperatorId,
    db: &mut PgConnection,
    staff: StaffId,
    step: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update second_factors set last_step = $3 where operator_id = $1 and staff_id = $2",
        operator.get(),
        staff.get(),
        step,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Puts `codes` in the place of all that there are.
pub(super) async fn put_recovery_codes(
    operator: OperatorId,
    db: &mut PgConnection,
    staff: StaffId,
    codes: &[RecoveryCode],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from recovery_codes where operator_id = $1 and staff_id = $2",
        operator.get(),
        staff.get(),
    )
    .execute(&mut *db)
    .await?;
    let hashes: Vec<_> = codes.iter().map(|code| code.hash().to_vec()).collect();
    sqlx::query!(
        r#"
        insert into recovery_codes (operator_id, staff_id, code_hash)
        select $1, $2, unnest($3::bytea[])
        "#,
        operator.get(),
        staff.get(),
        &hashes,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Uses a recovery code up; says whether it was one.
pub(super) async fn delete_recovery_code(
    operator: OperatorId,
    db: &mut PgConnection,
    staff: StaffId,
    hash: &[u8; 32],
) -> Result<bool, sqlx::Error> {
    let deleted = sqlx::query!(
        "delete from recovery_codes where operator_id = $1 and staff_id = $2 and code_hash = $3",
        operator.get(),
        staff.get(),
        hash,
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Takes the factor away, and with it its recovery codes; says whether there was one.
pub(super) async fn delete(
    operator: OperatorId,
    db: &mut PgConnection,
    staff: StaffId,
) -> Result<bool, sqlx::Error> {
    let deleted = sqlx::query!(
        "delete from second_factors where operator_id = $1 and staff_id = $2",
        operator.get(),
        staff.get(),
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// Whether the factor is on, and how many recovery codes are left.
pub(super) async fn status(
    operator: OperatorId,
    db: &mut PgConnection,
    staff: StaffId,
) -> Result<(bool, i64), sqlx::Error> {
    let status = sqlx::query!(
        r#"
        select
            exists (
                select
                from second_factors
                where operator_id = $1 and staff_id = $2 and confirmed_at is not null
            ) as "is_on!",
            (select count(*) from recovery_codes where operator_id = $1 and staff_id = $2) as "codes!"
        "#,
        operator.get(),
        staff.get(),
    )
    .fetch_one(db)
    .await?;
    Ok((status.is_on, status.codes))
}

/// How an authenticator app names the account: the operator's subdomain, or Edgebook for the platform, and the log-in
/// name.
pub(super) async fn holder(
    operator: OperatorId,
    db: &mut PgConnection,
    staff: StaffId,
) -> Result<Option<(String, String)>, sqlx::Error> {
    let found = sqlx::query!(
        r#"
        select coalesce((select subdomain from operators where id = $1), 'Edgebook') as "issuer!", login
        from staff
        where operator_id = $1 and id = $2
        "#,
        operator.get(),
        staff.get(),
    )
    .fetch_optional(db)
    .await?;
    Ok(found.map(|row| (row.issuer, row.login)))
}
