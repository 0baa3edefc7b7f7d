//! The statements that read players for staff, and the one that switches them. Must never write a wallet's row.

use shared::ids::{OperatorId, PlayerId};
use shared::money::Minor;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::rules::{Asked, Order, PlayerStatus};
use crate::paging::Page;

/// A player with everything of the player's that settled. A wallet's totals have the stakes of open rounds in them,
/// which are no one's yet: they are taken off.
#[derive(Clone, Debug)]
pub(super) struct PlayerRow {
    pub(super) id: PlayerId,
    pub(super) username: String,
    pub(super) email: String,
    pub(super) is_active: bool,
    pub(super) created_at: OffsetDateTime,
    pub(super) last_login_at: Option<OffsetDateTime>,
    pub(super) balance: Minor,
    pub(super) staked: Minor,
    pub(super) paid: Minor,
    pub(super) rounds: i64,
}

/// One page of the operator's players. One statement for every order, so that it is checked when it is compiled.
pub(super) async fn page(
    operator: OperatorId,
    db: &mut PgConnection,
    asked: &Asked,
    page: Page,
) -> Result<Vec<PlayerRow>, sqlx::Error> {
    sqlx::query_as!(
        PlayerRow,
        r#"
        select
            players.id as "id: PlayerId",
            players.username,
            players.email,
            players.is_active,
            players.created_at,
            players.last_login_at,
            wallets.balance as "balance: Minor",
            wallets.staked - coalesce(open.staked, 0) as "staked!: Minor",
            wallets.paid - coalesce(open.paid, 0) as "paid!: Minor",
            wallets.rounds - coalesce(open.rounds, 0) as "rounds!"
        from players
        join wallets on wallets.operator_id = players.operator_id and wallets.player_id = players.id
        left join (
            select
                player_id, sum(staked)::bigint as staked, sum(paid)::bigint as paid, sum(plays)::bigint as rounds
            from uncounted_plays
            where operator_id = $1
            group by player_id
        ) as open on open.player_id = players.id
        cross join lateral (
            select
                case $4
                    when 'created_at' then extract(epoch from players.created_at)
                    when 'balance' then wallets.balance
                    when 'staked' then wallets.staked - coalesce(open.staked, 0)
                    when 'profit' then wallets.paid - coalesce(open.paid, 0) - wallets.staked + coalesce(open.staked, 0)
                end as number,
                case $4 when 'username' then lower(players.username) end as text
        ) as sorted
        where players.operator_id = $1
            and ($2::text is null or strpos(lower(players.username), $2) > 0 or strpos(lower(players.email), $2) > 0)
            and ($3::boolean is null or players.is_active = $3)
        order by
            case when $5 then -sorted.number else sorted.number end,
            case when not $5 then sorted.text end,
            case when $5 then sorted.text end desc,
            case when $5 then -players.id else players.id end
        limit $6
        offset $7
        "#,
        operator.get(),
        asked.part,
        asked.is_active(),
        asked.sort.as_str(),
        asked.order == Order::Desc,
        page.size(),
        page.offset(),
    )
    .fetch_all(db)
    .await
}

/// What players have and did together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Totals {
    pub(super) players: i64,
    pub(super) balance: Minor,
    pub(super) staked: Minor,
    pub(super) paid: Minor,
}

/// The sums over all players that a list has on its pages.
pub(super) async fn totals(
    operator: OperatorId,
    db: &mut PgConnection,
    asked: &Asked,
) -> Result<Totals, sqlx::Error> {
    sqlx::query_as!(
        Totals,
        r#"
        select
            count(*) as "players!",
            coalesce(sum(wallets.balance), 0)::bigint as "balance!: Minor",
            coalesce(sum(wallets.staked - coalesce(open.staked, 0)), 0)::bigint as "staked!: Minor",
            coalesce(sum(wallets.paid - coalesce(open.paid, 0)), 0)::bigint as "paid!: Minor"
        from players
        join wallets on wallets.operator_id = players.operator_id and wallets.player_id = players.id
        left join (
            select player_id, sum(staked)::bigint as staked, sum(paid)::bigint as paid
            from uncounted_plays
            where operator_id = $1
            group by player_id
        ) as open on open.player_id = players.id
        where players.operator_id = $1
            and ($2::text is null or strpos(lower(players.username), $2) > 0 or strpos(lower(players.email), $2) > 0)
            and ($3::boolean is null or players.is_active = $3)
        "#,
        operator.get(),
        asked.part,
        asked.is_active(),
    )
    .fetch_one(db)
    .await
}

impl Asked {
    fn is_active(&self) -> Option<bool> {
        self.status.map(|status| status == PlayerStatus::Active)
    }
}

/// One player of the operator, if there is such a one.
pub(super) async fn player(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
) -> Result<Option<PlayerRow>, sqlx::Error> {
    sqlx::query_as!(
        PlayerRow,
        r#"
        select
            players.id as "id: PlayerId",
            players.username,
            players.email,
            players.is_active,
            players.created_at,
            players.last_login_at,
            wallets.balance as "balance: Minor",
            wallets.staked - coalesce(open.staked, 0) as "staked!: Minor",
            wallets.paid - coalesce(open.paid, 0) as "paid!: Minor",
            wallets.rounds - coalesce(open.rounds, 0) as "rounds!"
        from players
        join wallets on wallets.operator_id = players.operator_id and wallets.player_id = players.id
        cross join lateral (
            select sum(staked)::bigint as staked, sum(paid)::bigint as paid, sum(plays)::bigint as rounds
            from uncounted_plays
            where operator_id = $1 and player_id = $2
        ) as open
        where players.operator_id = $1 and players.id = $2
        "#,
        operator.get(),
        player.get(),
    )
    .fetch_optional(db)
    .await
}

/// Whether the player is active. Locks the row, so that switches of one player and the player's log-ins follow each
/// other.
pub(super) async fn lock_is_active(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
) -> Result<Option<bool>, sqlx::Error> {
    sqlx::query_scalar!(
        "select is_active from players where operator_id = $1 and id = $2 for no key update",
        operator.get(),
        player.get(),
    )
    .fetch_optional(db)
    .await
}

/// Disables the player, or enables the player again.
pub(super) async fn put_is_active(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    is_active: bool,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update players set is_active = $3 where operator_id = $1 and id = $2",
        operator.get(),
        player.get(),
        is_active,
    )
    .execute(db)
    .await?;
    Ok(())
}
