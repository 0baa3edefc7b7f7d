//! The statements that create operators, staff and players. Must never store a password other than hashed.

use shared::branding::BettingLimits;
use shared::ids::{OperatorId, PlayerId, StaffId};
use shared::money::Minor;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{Email, NewOperator, NewPlayer, NewStaff};

pub(super) async fn insert_operator(
    db: &mut PgConnection,
    new: &NewOperator,
    now: OffsetDateTime,
) -> Result<OperatorId, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        insert into operators (subdomain, name, currency, created_at)
        values ($1, $2, $3, $4)
        returning id as "id: OperatorId"
        "#,
        new.subdomain.as_str(),
        new.name.as_str(),
        new.currency.code(),
        now,
    )
    .fetch_one(db)
    .await
}

pub(super) async fn insert_settings(
    operator: OperatorId,
    db: &mut PgConnection,
    limits: &BettingLimits,
    default_balance: Minor,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into operator_settings (operator_id, min_stake, max_stake, max_payout, default_balance)
        values ($1, $2, $3, $4, $5)
        "#,
        operator.get(),
        limits.min_bet.get(),
        limits.max_bet.get(),
        limits.max_payout.get(),
        default_balance.get(),
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn insert_staff(
    operator: OperatorId,
    db: &mut PgConnection,
    new: &NewStaff,
    now: OffsetDateTime,
) -> Result<StaffId, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        insert into staff (operator_id, login, password_hash, email, role, created_at)
        values ($1, $2, $3, $4, $5, $6)
        returning id as "id: StaffId"
        "#,
        operator.get(),
        new.login.as_str(),
        new.password.as_str(),
        new.email.as_ref().map(Email::as_str),
        new.role.as_str(),
        now,
    )
    .fetch_one(db)
    .await
}

pub(super) async fn insert_player(
    operator: OperatorId,
    db: &mut PgConnection,
    new: &NewPlayer,
    now: OffsetDateTime,
) -> Result<PlayerId, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        insert into players (operator_id, username, email, password_hash, created_at)
        values ($1, $2, $3, $4, $5)
        returning id as "id: PlayerId"
        "#,
        operator.get(),
        new.username.as_str(),
        new.email.as_str(),
        new.password.as_str(),
        now,
    )
    .fetch_one(db)
    .await
}
