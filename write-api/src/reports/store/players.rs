//! Lists of players. Must never read a player who is not shown, unless a text is searched for.

use shared::ids::{OperatorId, PlayerId};
use shared::money::{Currency, Minor};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{Whose, operators_of};
use crate::paging::Page;
use crate::reports::rules::Period;

/// A player with everything of the player's that settled.
#[derive(Clone, Debug)]
pub(crate) struct PlayerRow {
    pub(crate) operator: OperatorId,
    pub(crate) operator_name: String,
    pub(crate) subdomain: String,
    pub(crate) currency: Currency,
    pub(crate) id: PlayerId,
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) is_active: bool,
    pub(crate) joined_at: OffsetDateTime,
    pub(crate) balance: Minor,
    pub(crate) staked: Minor,
    pub(crate) paid: Minor,
    pub(crate) rounds: i64,
}

/// Which players; their order is that of operators and ids.
#[derive(Clone, Debug)]
pub(crate) struct Which {
    /// Part of the name or the address, in lower case.
    pub(crate) part: Option<String>,
    /// Only those who registered in these days.
    pub(crate) joined: Period,
}

/// A page of the players, and how many there are on all pages.
pub(crate) async fn page(
    whose: Whose,
    db: &mut PgConnection,
    which: &Which,
    page: Page,
) -> Result<(Vec<PlayerRow>, i64), sqlx::Error> {
    let (ids, total) = if let Some(part) = &which.part {
        found(whose, db, part, page).await?
    } else {
        let total = count(whose, db, which.joined).await?;
        let left = (total - page.offset()).clamp(0, page.size());
        let behind = (total - page.offset() - left).max(0);
        // From whichever end is nearer, as those before the page are counted one by one.
        let ids = if behind < page.offset() {
            listed_from_end(whose, db, which.joined, left, behind).await?
        } else {
            let from = Place::before(whose);
            listed(whose, db, which.joined, from, left, page.offset()).await?
        };
        (ids, total)
    };
    Ok((rows(db, &ids).await?, total))
}

/// The next players who registered in these days, behind `from`.
pub(crate) async fn batch(
    whose: Whose,
    db: &mut PgConnection,
    joined: Period,
    from: Place,
    limit: i64,
) -> Result<Vec<PlayerRow>, sqlx::Error> {
    let ids = listed(whose, db, joined, from, limit, 0).await?;
    rows(db, &ids).await
}

/// A place in the order of players: behind this player.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    operator: i64,
    player: i64,
}

impl Place {
    /// Before all players.
    pub(crate) fn before(whose: Whose) -> Self {
        let operator = operators_of(whose).0;
        Self { operator, player: 0 }
    }

    /// Behind a player.
    pub(crate) const fn behind(row: &PlayerRow) -> Self {
        Self {
            operator: row.operator.get(),
            player: row.id.get(),
        }
    }
}

/// Who players are: their operators and ids, in two columns.
#[derive(Debug)]
struct Ids {
    operators: Vec<i64>,
    players: Vec<i64>,
}

/// Whose turn it is, by `players_listed` alone: no row of a player is read, however deep the page is.
async fn listed(
    whose: Whose,
    db: &mut PgConnection,
    joined: Period,
    from: Place,
    limit: i64,
    offset: i64,
) -> Result<Ids, sqlx::Error> {
    let (since, until) = joined.moments();
    let found = sqlx::query!(
        r#"
        select operator_id, id
        from players
        where (operator_id, id) > ($1, $2)
            and operator_id <= $3
            and created_at >= $4
            and created_at < $5
        order by operator_id, id
        limit $6
        offset $7
        "#,
        from.operator,
        from.player,
        operators_of(whose).1,
        since,
        until,
        limit,
        offset,
    )
    .fetch_all(db)
    .await?;
    let (operators, players) = found.iter().map(|row| (row.operator_id, row.id)).unzip();
    Ok(Ids { operators, players })
}

/// The same counted from the last player back, in no promised order.
async fn listed_from_end(
    whose: Whose,
    db: &mut PgConnection,
    joined: Period,
    limit: i64,
    offset: i64,
) -> Result<Ids, sqlx::Error> {
    let (first, last) = operators_of(whose);
    let (since, until) = joined.moments();
    let found = sqlx::query!(
        r#"
        select operator_id, id
        from players
        where operator_id between $1 and $2
            and created_at >= $3
            and created_at < $4
        order by operator_id desc, id desc
        limit $5
        offset $6
        "#,
        first,
        last,
        since,
        until,
        limit,
        offset,
    )
    .fetch_all(db)
    .await?;
    let (operators, players) = found.iter().map(|row| (row.operator_id, row.id)).unzip();
    Ok(Ids { operators, players })
}

async fn count(whose: Whose, db: &mut PgConnection, joined: Period) -> Result<i64, sqlx::Error> {
    let (first, last) = operators_of(whose);
    let (since, until) = joined.moments();
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from players
        where operator_id between $1 and $2
            and created_at >= $3
            and created_at < $4
        "#,
        first,
        last,
        since,
        until,
    )
    .fetch_one(db)
    .await
}

/// A page of the players with this part in their name or address, and how many there are: every player is read, once.
async fn found(
    whose: Whose,
    db: &mut PgConnection,
    part: &str,
    page: Page,
) -> Result<(Ids, i64), sqlx::Error> {
    let (first, last) = operators_of(whose);
    let row = sqlx::query!(
        r#"
        with found as materialized (
            select operator_id, id
            from players
            where operator_id between $1 and $2
                and (strpos(lower(username), $3) > 0 or strpos(lower(email), $3) > 0)
        ),
        page as (
            select operator_id, id
            from found
            order by operator_id, id
            limit $4
            offset $5
        )
        select
            array(select operator_id from page) as "operators!",
            array(select id from page) as "players!",
            (select count(*) from found) as "total!"
        "#,
        first,
        last,
        part,
        page.size(),
        page.offset(),
    )
    .fetch_one(db)
    .await?;
    let ids = Ids {
        operators: row.operators,
        players: row.players,
    };
    Ok((ids, row.total))
}

/// These players. A wallet's totals have in them what is not decided yet and what was void: that is taken off.
async fn rows(db: &mut PgConnection, ids: &Ids) -> Result<Vec<PlayerRow>, sqlx::Error> {
    sqlx::query_as!(
        PlayerRow,
        r#"
        select
            players.operator_id as "operator: OperatorId",
            operators.name as operator_name,
            operators.subdomain,
            operators.currency as "currency: Currency",
            players.id as "id: PlayerId",
            players.username,
            players.email,
            players.is_active,
            players.created_at as joined_at,
            wallets.balance as "balance: Minor",
            wallets.staked - open.staked as "staked!: Minor",
            wallets.paid - open.paid as "paid!: Minor",
            wallets.rounds - open.rounds as "rounds!"
        from unnest($1::bigint[], $2::bigint[]) as asked (operator_id, player_id)
        join players on players.operator_id = asked.operator_id and players.id = asked.player_id
        join operators on operators.id = asked.operator_id
        join wallets on wallets.operator_id = asked.operator_id and wallets.player_id = asked.player_id
        cross join lateral (
            select
                coalesce(sum(staked), 0)::bigint as staked,
                coalesce(sum(paid), 0)::bigint as paid,
                coalesce(sum(plays), 0)::bigint as rounds
            from uncounted_plays
            where operator_id = asked.operator_id and player_id = asked.player_id
        ) as open
        order by players.operator_id, players.id
        "#,
        &ids.operators,
        &ids.players,
    )
    .fetch_all(db)
    .await
}
