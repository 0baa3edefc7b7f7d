//! The statements of log-ins and sessions. Must never read or write a token other than as its hash.
//!
//! Two lookups come before the operator is known: that of the operator itself, and that of staff, whose log-in names
//! are unique in the whole installation.

use shared::ids::{OperatorId, PlayerId, StaffId, Subdomain};
use shared::money::{Currency, Minor};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::passwords::HashedPassword;
use super::rights::Role;
use super::rules::{LoginName, Session};

pub(super) mod own;

/// Whose a session is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Person {
    Player(PlayerId),
    Staff(StaffId),
}

impl Person {
    pub(super) const fn columns(self) -> (Option<i64>, Option<i64>) {
        match self {
            Self::Player(id) => (Some(id.get()), None),
            Self::Staff(id) => (None, Some(id.get())),
        }
    }
}

/// An operator that somebody wants to log in at.
#[derive(Clone, Debug)]
pub(super) struct OperatorRow {
    pub(super) id: OperatorId,
    pub(super) name: String,
    pub(super) currency: Currency,
    pub(super) is_active: bool,
}

pub(super) async fn operator(
    db: &mut PgConnection,
    subdomain: &Subdomain,
) -> Result<Option<OperatorRow>, sqlx::Error> {
    sqlx::query_as!(
        OperatorRow,
        r#"
        select id as "id: OperatorId", name, currency as "currency: Currency", is_active
        from operators
        where subdomain = $1
        "#,
        subdomain.as_str(),
    )
    .fetch_optional(db)
    .await
}

/// A player who wants to log in.
#[derive(Clone, Debug)]
pub(super) struct PlayerRow {
    pub(super) id: PlayerId,
    pub(super) username: String,
    pub(super) email: String,
    pub(super) password_hash: String,
    pub(super) is_active: bool,
    pub(super) balance: Minor,
    pub(super) operator: OperatorId,
}

/// By user name or, where nobody has that, by e-mail address.
pub(super) async fn player_by_login(
    operator: OperatorId,
    db: &mut PgConnection,
    login: &LoginName,
) -> Result<Option<PlayerRow>, sqlx::Error> {
    sqlx::query_as!(
        PlayerRow,
        r#"
        select p.id as "id: PlayerId", p.username, p.email, p.password_hash, p.is_active,
            w.balance as "balance: Minor", p.operator_id as "operator: OperatorId"
        from players p
        join wallets w on w.operator_id = p.operator_id and w.player_id = p.id
        where p.operator_id = $1 and (lower(p.username) = $2 or lower(p.email) = $2)
        order by lower(p.username) = $2 desc
        limit 1
        "#,
        operator.get(),
        login.as_str(),
    )
    .fetch_optional(db)
    .await
}

/// One of an operator's staff.
#[derive(Clone, Debug)]
pub(super) struct StaffRow {
    pub(super) id: StaffId,
    pub(super) login: String,
    pub(super) password_hash: String,
    pub(super) is_active: bool,
    pub(super) operator: OperatorId,
    pub(super) operator_name: String,
    pub(super) operator_is_active: bool,
    pub(super) subdomain: String,
}

pub(super) async fn staff_by_login(
    db: &mut PgConnection,
    login: &LoginName,
) -> Result<Option<StaffRow>, sqlx::Error> {
    sqlx::query_as!(
        StaffRow,
        r#"
        select s.id as "id: StaffId", s.login, s.password_hash, s.is_active,
            o.id as "operator: OperatorId", o.name as operator_name, o.is_active as operator_is_active, o.subdomain
        from staff s
        join operators o on o.id = s.operator_id
        where lower(s.login) = $1
        "#,
        login.as_str(),
    )
    .fetch_optional(db)
    .await
}

pub(super) async fn staff_by_id(
    operator: OperatorId,
    db: &mut PgConnection,
    staff: StaffId,
) -> Result<Option<StaffRow>, sqlx::Error> {
    sqlx::query_as!(
        StaffRow,
        r#"
        select s.id as "id: StaffId", s.login, s.password_hash, s.is_active,
            o.id as "operator: OperatorId", o.name as operator_name, o.is_active as operator_is_active, o.subdomain
        from staff s
        join operators o on o.id = s.operator_id
        where s.operator_id = $1 and s.id = $2
        "#,
        operator.get(),
        staff.get(),
    )
    .fetch_optional(db)
    .await
}

/// One of the platform's staff.
#[derive(Clone, Debug)]
pub(super) struct PlatformStaffRow {
    pub(super) id: StaffId,
    pub(super) password_hash: String,
    pub(super) is_active: bool,
}

pub(super) async fn platform_staff_by_login(
    db: &mut PgConnection,
    login: &LoginName,
) -> Result<Option<PlatformStaffRow>, sqlx::Error> {
    sqlx::query_as!(
        PlatformStaffRow,
        r#"
        select id as "id: StaffId", password_hash, is_active
        from staff
        where operator_id = $1 and lower(login) = $2
        "#,
        OperatorId::PLATFORM.get(),
        login.as_str(),
    )
    .fetch_optional(db)
    .await
}

/// Notes the log-in, if the player is active and the password still the one of `password_hash`, and puts `better` in its
/// place where there is one; says whether that is so.
/// Its row lock makes log-ins of one player follow each other, changes of the password, and being disabled.
pub(super) async fn note_player_login(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    password_hash: &str,
    better: Option<&HashedPassword>,
    now: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let noted = sqlx::query!(
        r#"
        update players
        set last_login_at = $4, password_hash = coalesce($5, password_hash)
        where operator_id = $1 and id = $2 and password_hash = $3 and is_active
        "#,
        operator.get(),
        player.get(),
        password_hash,
        now,
        better.map(HashedPassword::as_str),
    )
    .execute(db)
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// The same for staff.
pub(super) async fn note_staff_login(
    operator: OperatorId,
    db: &mut PgConnection,
    staff: StaffId,
    password_hash: &str,
    better: Option<&HashedPassword>,
    now: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let noted = sqlx::query!(
        r#"
        update staff
        set last_login_at = $4, password_hash = coalesce($5, password_hash)
        where operator_id = $1 and id = $2 and password_hash = $3 and is_active
        "#,
        operator.get(),
        staff.get(),
        password_hash,
        now,
        better.map(HashedPassword::as_str),
    )
    .execute(db)
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// Deletes all but the newest `kept` sessions of a person.
pub(super) async fn delete_surplus_sessions(
    operator: OperatorId,
    db: &mut PgConnection,
    person: Person,
    kept: i64,
) -> Result<(), sqlx::Error> {
    let (player, staff) = person.columns();
    sqlx::query!(
        r#"
        delete from sessions
        where operator_id = $1 and token_hash in (
            select token_hash
            from sessions
            where operator_id = $1 and (player_id = $2 or staff_id = $3)
            order by created_at desc, token_hash
            offset $4
        )
        "#,
        operator.get(),
        player,
        staff,
        kept,
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn insert_session(
    operator: OperatorId,
    db: &mut PgConnection,
    token_hash: &[u8; 32],
    person: Person,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let (player, staff) = person.columns();
    sqlx::query!(
        r#"
        insert into sessions (operator_id, token_hash, player_id, staff_id, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6)
        "#,
        operator.get(),
        token_hash,
        player,
        staff,
        created_at,
        expires_at,
    )
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn delete_session(
    operator: OperatorId,
    db: &mut PgConnection,
    token_hash: &[u8; 32],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from sessions where operator_id = $1 and token_hash = $2",
        operator.get(),
        token_hash,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Deletes at most `batch` expired sessions of all operators and says how many. Instances that sweep at once take
/// different ones.
pub(super) async fn delete_expired_sessions(
    db: &mut PgConnection,
    now: OffsetDateTime,
    batch: i64,
) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query!(
        r#"
        delete from sessions
        where (operator_id, token_hash) in (
            select operator_id, token_hash
            from sessions
            where expires_at <= $1
            order by expires_at
            limit $2
            for update skip locked
        )
        "#,
        now,
        batch,
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected())
}

pub(super) async fn player_session(
    operator: OperatorId,
    db: &mut PgConnection,
    token_hash: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Option<Session>, sqlx::Error> {
    sqlx::query_as!(
        Session,
        r#"
        select p.id as person, p.is_active as person_is_active, o.is_active as operator_is_active, o.subdomain,
            null::text as "role: Role"
        from sessions s
        join players p on p.operator_id = s.operator_id and p.id = s.player_id
        join operators o on o.id = s.operator_id
        where s.operator_id = $1 and s.token_hash = $2 and s.expires_at > $3
        "#,
        operator.get(),
        token_hash,
        now,
    )
    .fetch_optional(db)
    .await
}

/// Whether the token is that of a session that lasts, whoever's it is.
pub(super) async fn is_session(
    operator: OperatorId,
    db: &mut PgConnection,
    token_hash: &[u8; 32],
    now: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select from sessions
            where operator_id = $1 and token_hash = $2 and expires_at > $3
        ) as "exists!"
        "#,
        operator.get(),
        token_hash,
        now,
    )
    .fetch_one(db)
    .await
}

pub(super) async fn operator_staff_session(
    operator: OperatorId,
    db: &mut PgConnection,
    token_hash: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Option<Session>, sqlx::Error> {
    sqlx::query_as!(
        Session,
        r#"
        select t.id as person, t.is_active as person_is_active, o.is_active as operator_is_active, o.subdomain,
            null::text as "role: Role"
        from sessions s
        join staff t on t.operator_id = s.operator_id and t.id = s.staff_id
        join operators o on o.id = s.operator_id
        where s.operator_id = $1 and s.token_hash = $2 and s.expires_at > $3
        "#,
        operator.get(),
        token_hash,
        now,
    )
    .fetch_optional(db)
    .await
}

pub(super) async fn platform_staff_session(
    db: &mut PgConnection,
    token_hash: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Option<Session>, sqlx::Error> {
    sqlx::query_as!(
        Session,
        r#"
        select t.id as person, t.is_active as person_is_active, true as "operator_is_active!", '' as "subdomain!",
            t.role as "role?: Role"
        from sessions s
        join staff t on t.operator_id = s.operator_id and t.id = s.staff_id
        where s.operator_id = $1 and s.token_hash = $2 and s.expires_at > $3
        "#,
        OperatorId::PLATFORM.get(),
        token_hash,
        now,
    )
    .fetch_optional(db)
    .await
}

/// A player as the player may see it.
#[derive(Clone, Debug)]
pub(crate) struct ProfileRow {
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) balance: Minor,
    pub(crate) currency: Currency,
    pub(crate) is_active: bool,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) last_login_at: Option<OffsetDateTime>,
}

/// The player, if there is such a one.
pub(crate) async fn profile(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
) -> Result<Option<ProfileRow>, sqlx::Error> {
    sqlx::query_as!(
        ProfileRow,
        r#"
        select p.username, p.email, w.balance as "balance: Minor", o.currency as "currency: Currency", p.is_active,
            p.created_at, p.last_login_at
        from players p
        join wallets w on w.operator_id = p.operator_id and w.player_id = p.id
        join operators o on o.id = p.operator_id
        where p.operator_id = $1 and p.id = $2
        "#,
        operator.get(),
        player.get(),
    )
    .fetch_optional(db)
    .await
}
