//! What is to be settled, and what was. Must never show an operator the bets of another.

use shared::ids::{OperatorId, PlayerId};
use shared::money::{Currency, Minor};
use shared::sports::Sport;
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;

use crate::paging::Page;

/// A market of one operator that pending bets wait for.
#[derive(Clone, Debug)]
pub(in super::super) struct Group {
    pub(in super::super) operator: OperatorId,
    pub(in super::super) operator_name: String,
    pub(in super::super) currency: Currency,
    pub(in super::super) sport: String,
    pub(in super::super) event_id: String,
    pub(in super::super) home: String,
    pub(in super::super) away: String,
    pub(in super::super) starts_at: OffsetDateTime,
    pub(in super::super) market_id: String,
    pub(in super::super) market_key: String,
    pub(in super::super) market_name: String,
    pub(in super::super) bets: i64,
    pub(in super::super) staked: Minor,
    pub(in super::super) returns: Minor,
    /// Ids of the selections that bets are on.
    pub(in super::super) selections: Vec<String>,
}

/// Markets whose event should have started before `before` and that pending bets wait for, the longest waiting first.
/// What follows from bets that are undecided although their market was settled is there, too.
pub(in super::super) async fn pending_markets(
    whose: Option<OperatorId>,
    db: &mut PgConnection,
    before: OffsetDateTime,
    page: Page,
) -> Result<Vec<Group>, sqlx::Error> {
    sqlx::query_as!(
        Group,
        r#"
        with waiting as (
            select
                leg.operator_id,
                leg.sport,
                leg.event_id,
                leg.market_id,
                min(leg.starts_at) as starts_at,
                min(leg.home) as home,
                min(leg.away) as away,
                min(leg.market_key) as market_key,
                min(leg.market_name) as market_name,
                count(*) as bets,
                sum(bet.stake) as staked,
                sum(bet.potential_payout) as returns,
                array_agg(distinct leg.selection_id) as selections
            from bet_legs as leg
            join bets as bet on bet.operator_id = leg.operator_id and bet.id = leg.bet_id
            where leg.is_waiting and leg.starts_at <= $2 and ($1::bigint is null or leg.operator_id = $1)
            group by leg.operator_id, leg.sport, leg.event_id, leg.market_id
        )
        select
            operator_id as "operator!: OperatorId",
            operators.name as "operator_name!",
            operators.currency as "currency!: Currency",
            sport as "sport!",
            event_id as "event_id!",
            home as "home!",
            away as "away!",
            starts_at as "starts_at!",
            market_id as "market_id!",
            market_key as "market_key!",
            market_name as "market_name!",
            bets as "bets!",
            staked::bigint as "staked!: Minor",
            returns::bigint as "returns!: Minor",
            selections as "selections!"
        from waiting
        join operators on operators.id = operator_id
        order by starts_at, sport, event_id, market_id, operator_id
        limit $3
        offset $4
        "#,
        whose.map(OperatorId::get),
        before,
        page.size(),
        page.offset(),
    )
    .fetch_all(db)
    .await
}

/// How many such markets there are on all pages.
pub(in super::super) async fn pending_count(
    whose: Option<OperatorId>,
    db: &mut PgConnection,
    before: OffsetDateTime,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from (
            select
            from bet_legs as leg
            where leg.is_waiting and leg.starts_at <= $2 and ($1::bigint is null or leg.operator_id = $1)
            group by leg.operator_id, leg.sport, leg.event_id, leg.market_id
        ) as markets
        "#,
        whose.map(OperatorId::get),
        before,
    )
    .fetch_one(db)
    .await
}

/// A bet that waits for a market.
#[derive(Clone, Debug)]
pub(in super::super) struct PendingBet {
    pub(in super::super) operator: OperatorId,
    pub(in super::super) event_id: String,
    pub(in super::super) market_id: String,
    pub(in super::super) sport: String,
    pub(in super::super) id: i64,
    pub(in super::super) player: PlayerId,
    pub(in super::super) username: String,
    pub(in super::super) selection_id: String,
    pub(in super::super) selection_name: String,
    pub(in super::super) stake: Minor,
    pub(in super::super) price_milli: i64,
    pub(in super::super) potential_payout: Minor,
    pub(in super::super) placed_at: OffsetDateTime,
}

/// The first `most` bets that wait for each of these markets.
pub(in super::super) async fn pending_bets(
    db: &mut PgConnection,
    groups: &[Group],
    most: i64,
) -> Result<Vec<PendingBet>, sqlx::Error> {
    let operators: Vec<i64> = groups.iter().map(|group| group.operator.get()).collect();
    let text =
        |part: fn(&Group) -> &String| groups.iter().map(|group| part(group).clone()).collect::<Vec<_>>();
    sqlx::query_as!(
        PendingBet,
        r#"
        select
            asked.operator_id as "operator!: OperatorId",
            asked.sport as "sport!",
            asked.event_id as "event_id!",
            asked.market_id as "market_id!",
            bet.id as "id!",
            bet.player_id as "player!: PlayerId",
            bet.username as "username!",
            bet.selection_id as "selection_id!",
            bet.selection_name as "selection_name!",
            bet.stake as "stake!: Minor",
            bet.price_milli as "price_milli!",
            bet.potential_payout as "potential_payout!: Minor",
            bet.placed_at as "placed_at!"
        from unnest($1::bigint[], $2::text[], $3::text[], $4::text[])
            as asked (operator_id, sport, event_id, market_id)
        cross join lateral (
            select
                bets.id,
                bets.player_id,
                players.username,
                leg.selection_id,
                leg.selection_name,
                bets.stake,
                leg.price_milli,
                bets.potential_payout,
                bets.placed_at
            from bet_legs as leg
            join bets on bets.operator_id = leg.operator_id and bets.id = leg.bet_id and bets.status = 'pending'
            join players on players.operator_id = bets.operator_id and players.id = bets.player_id
            where leg.sport = asked.sport
                and leg.event_id = asked.event_id
                and leg.market_id = asked.market_id
                and leg.operator_id = asked.operator_id
                and leg.is_waiting
            order by leg.bet_id
            limit $5
        ) as bet
        order by asked.operator_id, asked.sport, asked.event_id, asked.market_id, bet.id
        "#,
        &operators,
        &text(|group| &group.sport),
        &text(|group| &group.event_id),
        &text(|group| &group.market_id),
        most,
    )
    .fetch_all(db)
    .await
}

/// The sports that have this event with this market, in the catalogue or in the bets of `whose`, and whether the event
/// has started at the time `at`.
pub(in super::super) async fn places(
    whose: Option<OperatorId>,
    db: &mut PgConnection,
    sport: Option<Sport>,
    event: &str,
    market: &str,
    at: OffsetDateTime,
) -> Result<Vec<(Sport, bool)>, sqlx::Error> {
    let sports: Vec<String> = Sport::all()
        .filter(|one| sport.is_none_or(|wanted| wanted == *one))
        .map(|one| one.key().to_owned())
        .collect();
    let rows = sqlx::query!(
        r#"
        select sport as "sport!", bool_or(has_started) as "has_started!"
        from (
            select markets.sport, events.starts_at <= $5 or events.status <> 'not_started' as has_started
            from markets
            join events on events.sport = markets.sport and events.id = markets.event_id
            where markets.sport = any($2) and markets.event_id = $3 and markets.id = $4
            union all
            select sport, starts_at <= $5
            from bet_legs
            where sport = any($2) and event_id = $3 and market_id = $4 and ($1::bigint is null or operator_id = $1)
        ) as known
        group by sport
        order by sport
        "#,
        whose.map(OperatorId::get),
        &sports,
        event,
        market,
        at,
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|row| Some((Sport::find(&row.sport)?, row.has_started)))
        .collect())
}

/// A selection of a market.
#[derive(Clone, Debug)]
pub(in super::super) struct Known {
    pub(in super::super) id: String,
    pub(in super::super) name: String,
    pub(in super::super) line: Option<String>,
}

/// The selections of a market: those of the catalogue and those that bets are on.
pub(in super::super) async fn selections(
    db: &mut PgConnection,
    sport: Sport,
    event: &str,
    market: &str,
) -> Result<Vec<Known>, sqlx::Error> {
    sqlx::query_as!(
        Known,
        r#"
        select one.value ->> 'id' as "id!", one.value ->> 'name' as "name!", one.value ->> 'line' as line
        from markets
        cross join lateral jsonb_array_elements(selections) as one (value)
        where sport = $1 and event_id = $2 and id = $3
        union
        select selection_id, selection_name, line
        from bet_legs
        where sport = $1 and event_id = $2 and market_id = $3
        order by 1, 2
        "#,
        sport.key(),
        event,
        market,
    )
    .fetch_all(db)
    .await
}

/// A settlement that was ordered.
#[derive(Clone, Debug)]
pub(in super::super) struct Made {
    pub(in super::super) id: i64,
    pub(in super::super) operator: OperatorId,
    pub(in super::super) sport: String,
    pub(in super::super) event_id: String,
    pub(in super::super) market_id: String,
    pub(in super::super) outcomes: Option<Json<serde_json::Value>>,
    pub(in super::super) others: Option<String>,
    pub(in super::super) source: String,
    pub(in super::super) reason: Option<String>,
    pub(in super::super) by: String,
    pub(in super::super) at: OffsetDateTime,
    pub(in super::super) bets: i64,
    pub(in super::super) changed: i64,
    pub(in super::super) failures: i32,
    pub(in super::super) done_at: Option<OffsetDateTime>,
}

/// A page of settlements, the newest first: of one operator those that count for its bets, or all.
pub(in super::super) async fn made(
    whose: Option<OperatorId>,
    db: &mut PgConnection,
    event: Option<&str>,
    page: Page,
) -> Result<Vec<Made>, sqlx::Error> {
    sqlx::query_as!(
        Made,
        r#"
        select
            id,
            operator_id as "operator: OperatorId",
            sport,
            event_id,
            market_id,
            outcomes as "outcomes: Json<serde_json::Value>",
            others,
            source,
            reason,
            made_by as by,
            made_at as at,
            bets,
            changed,
            failures,
            done_at
        from market_settlements
        where ($1::bigint is null or operator_id in (0, $1)) and ($2::text is null or event_id = $2)
        order by id desc
        limit $3
        offset $4
        "#,
        whose.map(OperatorId::get),
        event,
        page.size(),
        page.offset(),
    )
    .fetch_all(db)
    .await
}

/// How many settlements there are on all pages.
pub(in super::super) async fn made_count(
    whose: Option<OperatorId>,
    db: &mut PgConnection,
    event: Option<&str>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from market_settlements
        where ($1::bigint is null or operator_id in (0, $1)) and ($2::text is null or event_id = $2)
        "#,
        whose.map(OperatorId::get),
        event,
    )
    .fetch_one(db)
    .await
}

/// What the newest settlement that counts for the operator's bets says of a market; none where it is not settled.
pub(in super::super) async fn made_settlement(
    operator: OperatorId,
    db: &mut PgConnection,
    sport: Sport,
    event: &str,
    market: &str,
) -> Result<Option<serde_json::Value>, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select outcomes as "outcomes: Json<serde_json::Value>", others
        from market_settlements
        where sport = $2 and event_id = $3 and market_id = $4 and operator_id in (0, $1)
        order by id desc
        limit 1
        "#,
        operator.get(),
        sport.key(),
        event,
        market,
    )
    .fetch_optional(db)
    .await?;
    let settled = row.filter(|row| row.outcomes.is_some() || row.others.is_some());
    Ok(settled.map(|row| {
        serde_json::json!({ "settled": true, "outcomes": row.outcomes.map(|json| json.0), "others": row.others })
    }))
}
