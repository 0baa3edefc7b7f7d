//! The rows of disabled events, and the catalogue that their keys are looked up in.
//! Must never write to the catalogue: it is the feed's.

use serde::Serialize;
use shared::ids::{OperatorId, StaffId};
use shared::sports::Sport;
use sqlx::PgConnection;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::rules::{EventKey, Place};
use crate::audit::Doer;
use crate::paging::Page;

/// Everything that `key` stands for, in `sport` or in any: events and markets of the feed, and what the operator
/// disabled before the feed dropped it. Naming every sport lets the primary keys be used.
pub(super) async fn places(
    operator: OperatorId,
    db: &mut PgConnection,
    key: &EventKey,
    sport: Option<Sport>,
) -> Result<Vec<Place>, sqlx::Error> {
    let sports: Vec<String> = Sport::all()
        .filter(|one| sport.is_none_or(|wanted| wanted == *one))
        .map(|one| one.key().to_owned())
        .collect();
    let (event_ids, market_ids): (Vec<_>, Vec<_>) = key
        .splits()
        .map(|(event_id, market_id)| (event_id.to_owned(), market_id.to_owned()))
        .unzip();
    let rows = sqlx::query!(
        r#"
        select sport as "sport!", event_id as "event_id!", market_id, selection_id
        from (
            select sport, event_id, market_id, selection_id
            from disabled_events
            where operator_id = $1 and sport = any ($2) and event_key = $3
            union
            select sport, id, null, null
            from events
            where sport = any ($2) and id = $3
            union
            select markets.sport, markets.event_id, markets.id, null
            from unnest($4::text[], $5::text[]) as split (event_id, market_id)
            join markets
                on markets.sport = any ($2)
                and markets.event_id = split.event_id
                and markets.id = split.market_id
        ) as place
        order by sport, event_id, market_id, selection_id
        "#,
        operator.get(),
        &sports,
        key.as_str(),
        &event_ids,
        &market_ids,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let sport = Sport::find(&row.sport);
            Ok(Place {
                sport: sport.ok_or_else(|| sqlx::Error::Decode("an unknown sport".into()))?,
                event_id: row.event_id,
                market_id: row.market_id,
                selection_id: row.selection_id,
            })
        })
        .collect()
}

/// Whether the market of this place has the selection, or had it when the operator disabled it.
pub(super) async fn has_selection(
    operator: OperatorId,
    db: &mut PgConnection,
    place: &Place,
    selection: &str,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select
            from markets
            cross join lateral jsonb_array_elements(selections) as one (value)
            where sport = $2 and event_id = $3 and id = $4 and one.value ->> 'id' = $5
        ) or exists (
            select
            from disabled_events
            where operator_id = $1 and sport = $2 and event_id = $3 and market_id = $4 and selection_id = $5
        ) as "has!"
        "#,
        operator.get(),
        place.sport.key(),
        place.event_id,
        place.market_id,
        selection,
    )
    .fetch_one(db)
    .await
}

/// Whether the operator has disabled this very place.
pub(super) async fn is_disabled(
    operator: OperatorId,
    db: &mut PgConnection,
    place: &Place,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select from disabled_events
            where operator_id = $1
                and sport = $2
                and event_id = $3
                and market_id is not distinct from $4
                and selection_id is not distinct from $5
        ) as "is_disabled!"
        "#,
        operator.get(),
        place.sport.key(),
        place.event_id,
        place.market_id,
        place.selection_id,
    )
    .fetch_one(db)
    .await
}

/// How many events and markets the operator has disabled.
pub(super) async fn count(operator: OperatorId, db: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from disabled_events where operator_id = $1"#,
        operator.get(),
    )
    .fetch_one(db)
    .await
}

/// Disables `key`, which stands for `place`.
pub(super) async fn disable(
    operator: OperatorId,
    db: &mut PgConnection,
    key: &EventKey,
    place: &Place,
    by: &Doer,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        insert into disabled_events (
            operator_id, event_key, sport, event_id, market_id, selection_id, disabled_by, disabled_at
        )
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        ",
        operator.get(),
        key.as_str(),
        place.sport.key(),
        place.event_id,
        place.market_id,
        place.selection_id,
        by.staff.map(|(_, staff)| staff.get()),
        by.at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Offers this place again.
pub(super) async fn enable(
    operator: OperatorId,
    db: &mut PgConnection,
    place: &Place,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        delete from disabled_events
        where operator_id = $1
            and sport = $2
            and event_id = $3
            and market_id is not distinct from $4
            and selection_id is not distinct from $5
        ",
        operator.get(),
        place.sport.key(),
        place.event_id,
        place.market_id,
        place.selection_id,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// An event or a market that the operator does not offer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DisabledEvent {
    /// `<event id>`, `<event id>_<market id>`, or that with `_<selection id>` behind it.
    pub(super) event_key: String,
    /// The event's sport.
    pub(super) sport: String,
    /// The event's id, unique in its sport.
    pub(super) event_id: String,
    /// The market's id, unique in its event; null for the whole event.
    pub(super) market_id: Option<String>,
    /// The selection's id, unique in its market; null for the whole event or market.
    pub(super) selection_id: Option<String>,
    /// Who plays whom; null when the feed's event is gone.
    pub(super) event_name: Option<String>,
    /// The market's name; null for the whole event, or when the feed names the market no more.
    pub(super) market: Option<String>,
    /// When it was disabled, in UTC.
    #[serde(with = "time::serde::rfc3339")]
    pub(super) disabled_at: OffsetDateTime,
    /// Who did it.
    pub(super) disabled_by: Option<StaffId>,
}

/// One page of what the operator has disabled, the newest first.
pub(super) async fn page(
    operator: OperatorId,
    db: &mut PgConnection,
    page: Page,
) -> Result<Vec<DisabledEvent>, sqlx::Error> {
    sqlx::query_as!(
        DisabledEvent,
        r#"
        select
            disabled.event_key,
            disabled.sport,
            disabled.event_id,
            disabled.market_id,
            disabled.selection_id,
            events.home || ' vs ' || events.away as event_name,
            markets.name as "market?",
            disabled.disabled_at,
            disabled.disabled_by as "disabled_by?: StaffId"
        from disabled_events as disabled
        left join events on events.sport = disabled.sport and events.id = disabled.event_id
        left join markets
            on markets.sport = disabled.sport
            and markets.event_id = disabled.event_id
            and markets.id = disabled.market_id
        where disabled.operator_id = $1
        order by disabled.disabled_at desc, disabled.sport, disabled.event_key
        limit $2 offset $3
        "#,
        operator.get(),
        page.size(),
        page.offset(),
    )
    .fetch_all(db)
    .await
}

/// Which events of the feed.
#[derive(Clone, Debug)]
pub(super) struct CatalogueFilter {
    /// In lower case.
    pub(super) search: Option<String>,
    pub(super) sport: Option<Sport>,
    pub(super) is_disabled: Option<bool>,
}

/// An event of the feed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CatalogueEvent {
    /// The event's sport.
    sport: String,
    /// Unique in its sport; also the key that switches the event.
    event_id: String,
    home: String,
    away: String,
    league: String,
    /// In UTC.
    #[serde(with = "time::serde::rfc3339")]
    starts_at: OffsetDateTime,
    /// `not_started` until it starts.
    status: String,
    /// Whether the operator does not offer it.
    is_disabled: bool,
    /// Markets that the feed has for it.
    markets: i64,
    /// Markets of it that the operator does not offer one by one.
    disabled_markets: i64,
}

/// One page of the feed's events as the operator sees them, the next to start first.
pub(super) async fn catalogue(
    operator: OperatorId,
    db: &mut PgConnection,
    filter: &CatalogueFilter,
    page: Page,
) -> Result<Vec<CatalogueEvent>, sqlx::Error> {
    sqlx::query_as!(
        CatalogueEvent,
        r#"
        select
            listed.sport,
            listed.id as event_id,
            listed.home,
            listed.away,
            listed.league,
            listed.starts_at,
            listed.status,
            disabled.is_disabled as "is_disabled!",
            (
                select count(*)
                from markets
                where markets.sport = listed.sport and markets.event_id = listed.id
            ) as "markets!",
            disabled.markets as "disabled_markets!"
        from events as listed
        cross join lateral (
            select
                coalesce(bool_or(market_id is null), false) as is_disabled,
                count(market_id) filter (where selection_id is null) as markets
            from disabled_events
            where operator_id = $1 and sport = listed.sport and event_id = listed.id
        ) as disabled
        where listed.is_listed
            and ($2::text is null or listed.sport = $2)
            and (
                $3::text is null
                or strpos(lower(listed.home), $3) > 0
                or strpos(lower(listed.away), $3) > 0
                or strpos(lower(listed.league), $3) > 0
            )
            and ($4::boolean is null or disabled.is_disabled = $4)
        order by listed.starts_at, listed.sport, listed.id
        limit $5 offset $6
        "#,
        operator.get(),
        filter.sport.map(Sport::key),
        filter.search,
        filter.is_disabled,
        page.size(),
        page.offset(),
    )
    .fetch_all(db)
    .await
}

/// How many events are on all pages.
pub(super) async fn catalogue_count(
    operator: OperatorId,
    db: &mut PgConnection,
    filter: &CatalogueFilter,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from events as listed
        where listed.is_listed
            and ($2::text is null or listed.sport = $2)
            and (
                $3::text is null
                or strpos(lower(listed.home), $3) > 0
                or strpos(lower(listed.away), $3) > 0
                or strpos(lower(listed.league), $3) > 0
            )
            and (
                $4::boolean is null
                or $4 = exists (
                    select
                    from disabled_events
                    where operator_id = $1 and sport = listed.sport and event_id = listed.id and market_id is null
                )
            )
        "#,
        operator.get(),
        filter.sport.map(Sport::key),
        filter.search,
        filter.is_disabled,
    )
    .fetch_one(db)
    .await
}
