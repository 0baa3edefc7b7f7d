//! The statements of registrations. Must never tell whose a code is but to who registers with it.

use shared::ids::{OperatorId, Subdomain};
use shared::theme::DisplayName;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::rules::ReferralCode;
use crate::accounts::StaffLogin;

/// Gives the operator its code.
pub(crate) async fn insert_code(
    operator: OperatorId,
    db: &mut PgConnection,
    code: &ReferralCode,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into referral_codes (operator_id, code, created_at) values ($1, $2, $3)",
        operator.get(),
        code.as_str(),
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes who recommended the operator.
pub(super) async fn insert_referral(
    operator: OperatorId,
    db: &mut PgConnection,
    referrer: OperatorId,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into referrals (operator_id, referrer_id, created_at) values ($1, $2, $3)",
        operator.get(),
        referrer.get(),
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The active operator that gave the code out. Comes before any operator is known.
pub(super) async fn referrer(
    db: &mut PgConnection,
    code: &ReferralCode,
) -> Result<Option<OperatorId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select operators.id as "id: OperatorId"
        from referral_codes
        join operators on operators.id = referral_codes.operator_id
        where referral_codes.code = $1 and operators.is_active
        "#,
        code.as_str(),
    )
    .fetch_optional(db)
    .await
}

/// The first of these addresses that no operator has.
pub(super) async fn first_free<'a>(
    db: &mut PgConnection,
    addresses: &'a [Subdomain],
) -> Result<Option<&'a Subdomain>, sqlx::Error> {
    let texts: Vec<String> = addresses
        .iter()
        .map(|address| address.as_str().to_owned())
        .collect();
    let taken = sqlx::query_scalar!(
        "select subdomain from operators where subdomain = any($1)",
        &texts
    )
    .fetch_all(db)
    .await?;
    let is_free = |address: &&Subdomain| !taken.iter().any(|taken| taken == address.as_str());
    Ok(addresses.iter().find(is_free))
}

/// An operator's code, and how many registered with it.
#[derive(Clone, Debug)]
pub(super) struct OwnCode {
    pub(super) code: String,
    pub(super) referred: i64,
}

/// The operator's own code.
pub(super) async fn own_code(operator: OperatorId, db: &mut PgConnection) -> Result<OwnCode, sqlx::Error> {
    sqlx::query_as!(
        OwnCode,
        r#"
        select code, (select count(*) from referrals where referrer_id = $1) as "referred!"
        from referral_codes
        where operator_id = $1
        "#,
        operator.get(),
    )
    .fetch_one(db)
    .await
}

/// Whose a log-in name is.
#[derive(Clone, Debug)]
pub(super) struct OfLogin {
    pub(super) email: Option<String>,
    /// Whether their operator has the name that is asked about, too.
    pub(super) is_of_name: bool,
    /// None for staff of the platform.
    pub(super) subdomain: Option<String>,
    pub(super) code: Option<String>,
}

/// The staff that have the log-in name, which is unique in the installation, and their operator.
pub(super) async fn of_login(
    db: &mut PgConnection,
    login: &StaffLogin,
    name: &DisplayName,
) -> Result<Option<OfLogin>, sqlx::Error> {
    sqlx::query_as!(
        OfLogin,
        r#"
        select
            staff.email,
            coalesce(lower(operators.name) = lower($2), false) as "is_of_name!",
            operators.subdomain as "subdomain?",
            referral_codes.code as "code?"
        from staff
        left join operators on operators.id = staff.operator_id
        left join referral_codes on referral_codes.operator_id = staff.operator_id
        where lower(staff.login) = lower($1)
        "#,
        login.as_str(),
        name.as_str(),
    )
    .fetch_optional(db)
    .await
}

/// Whether a sportsbook has the name, in any case.
pub(super) async fn is_name_taken(db: &mut PgConnection, name: &DisplayName) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from operators where lower(name) = lower($1)) as "is_taken!""#,
        name.as_str(),
    )
    .fetch_one(db)
    .await
}
