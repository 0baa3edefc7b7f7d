//! The statements of what people do with their own account. Must never show a token, nor its hash.

use shared::ids::{OperatorId, PlayerId};
use shared::money::Minor;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::super::passwords::HashedPassword;
use super::super::rules::{Email, PlayerName};
use super::Person;

/// What players of the operator start with.
pub(in super::super) async fn default_balance(
    operator: OperatorId,
    db: &mut PgConnection,
) -> Result<Minor, sqlx::Error> {
    let balance = sqlx::query_scalar!(
        r#"select default_balance as "balance: Minor" from operator_settings where operator_id = $1"#,
        operator.get(),
    );
    Ok(balance.fetch_optional(db).await?.unwrap_or(Minor::ZERO))
}

/// Whether the operator is active now. Locks its row against being disabled until the transaction ends.
pub(in super::super) async fn is_active(
    operator: OperatorId,
    db: &mut PgConnection,
) -> Result<bool, sqlx::Error> {
    let active = sqlx::query_scalar!(
        "select is_active from operators where id = $1 for share",
        operator.get()
    );
    Ok(active.fetch_optional(db).await?.unwrap_or(false))
}

/// The person's password, as a hash.
pub(in super::super) async fn password_hash(
    operator: OperatorId,
    db: &mut PgConnection,
    person: Person,
) -> Result<Option<String>, sqlx::Error> {
    let (player, staff) = person.columns();
    sqlx::query_scalar!(
        r#"
        select password_hash as "password_hash!"
        from players
        where operator_id = $1 and id = $2
        union all
        select password_hash
        from staff
        where operator_id = $1 and id = $3
        "#,
        operator.get(),
        player,
        staff,
    )
    .fetch_optional(db)
    .await
}

/// Puts another password in the place of `old_hash`; says whether that was still the one.
pub(in super::super) async fn put_password(
    operator: OperatorId,
    db: &mut PgConnection,
    person: Person,
    old_hash: &str,
    new: &HashedPassword,
) -> Result<bool, sqlx::Error> {
    let (player, staff) = person.columns();
    let changed = sqlx::query_scalar!(
        r#"
        with player as (
            update players
            set password_hash = $5
            where operator_id = $1 and id = $2 and password_hash = $4
            returning id
        ),
        employee as (
            update staff
            set password_hash = $5
            where operator_id = $1 and id = $3 and password_hash = $4
            returning id
        )
        select exists (select from player) or exists (select from employee) as "is_changed!"
        "#,
        operator.get(),
        player,
        staff,
        old_hash,
        new.as_str(),
    );
    changed.fetch_one(db).await
}

/// Gives the player another name.
pub(in super::super) async fn put_username(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    name: &PlayerName,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update players set username = $3 where operator_id = $1 and id = $2",
        operator.get(),
        player.get(),
        name.as_str(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Gives the player another e-mail address, if the password is still the one of `hash`; says whether it is.
pub(in super::super) async fn put_email(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    hash: &str,
    email: &Email,
) -> Result<bool, sqlx::Error> {
    let changed = sqlx::query!(
        "update players set email = $4 where operator_id = $1 and id = $2 and password_hash = $3",
        operator.get(),
        player.get(),
        hash,
        email.as_str(),
    )
    .execute(db)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// Ends all sessions of the person, but for the one of `kept`; says how many.
pub(crate) async fn delete_sessions(
    operator: OperatorId,
    db: &mut PgConnection,
    person: Person,
    kept: Option<&[u8; 32]>,
) -> Result<u64, sqlx::Error> {
    let (player, staff) = person.columns();
    let done = sqlx::query!(
        r#"
        delete from sessions
        where operator_id = $1 and (player_id = $2 or staff_id = $3) and token_hash is distinct from $4
        "#,
        operator.get(),
        player,
        staff,
        kept.map(<[u8; 32]>::as_slice),
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// A session as its owner may see it.
#[derive(Clone, Debug)]
pub(in super::super) struct OwnSession {
    /// Made of the hash that the session is found by, so that it tells neither that nor the token.
    pub(in super::super) id: String,
    pub(in super::super) created_at: OffsetDateTime,
    pub(in super::super) expires_at: OffsetDateTime,
    pub(in super::super) is_current: bool,
}

/// The person's sessions that last at the time `now`, the newest first. `current` is the one that asks.
pub(in super::super) async fn sessions(
    operator: OperatorId,
    db: &mut PgConnection,
    person: Person,
    current: &[u8; 32],
    now: OffsetDateTime,
) -> Result<Vec<OwnSession>, sqlx::Error> {
    let (player, staff) = person.columns();
    sqlx::query_as!(
        OwnSession,
        r#"
        select left(encode(sha256('session'::bytea || token_hash), 'hex'), 32) as "id!", created_at, expires_at,
            token_hash = $4 as "is_current!"
        from sessions
        where operator_id = $1 and (player_id = $2 or staff_id = $3) and expires_at > $5
        order by created_at desc, token_hash
        "#,
        operator.get(),
        player,
        staff,
        current,
        now,
    )
    .fetch_all(db)
    .await
}

/// Ends the person's session that is listed as `id`; says whether there was one.
pub(in super::super) async fn delete_session(
    operator: OperatorId,
    db: &mut PgConnection,
    person: Person,
    id: &str,
) -> Result<bool, sqlx::Error> {
    let (player, staff) = person.columns();
    let deleted = sqlx::query!(
        r#"
        delete from sessions
        where operator_id = $1 and (player_id = $2 or staff_id = $3)
            and left(encode(sha256('session'::bytea || token_hash), 'hex'), 32) = $4
        "#,
        operator.get(),
        player,
        staff,
        id,
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected() == 1)
}
