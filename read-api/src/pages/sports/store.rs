//! Reads the catalogue. Must never read what is not listed or has started.

use std::collections::HashMap;

use serde_json::value::RawValue;
use shared::ids::{OperatorId, Version};
use shared::sports::Sport;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;

use super::event::{Event, Market};

pub(super) struct EventRow {
    id: String,
    home: String,
    away: String,
    league: String,
    starts_at: OffsetDateTime,
    status_text: String,
}

pub(super) struct MarketRow {
    event_id: String,
    id: String,
    key: String,
    name: String,
    is_suspended: bool,
    selections: Json<Box<RawValue>>,
}

pub(super) struct DisabledRow {
    pub(super) operator_id: OperatorId,
    pub(super) sport: String,
    pub(super) event_id: String,
    pub(super) market_id: Option<String>,
    pub(super) selection_id: Option<String>,
}

/// The version of a sport's feed.
pub(super) async fn feed_version(sport: Sport, db: &mut PgConnection) -> Result<Version, sqlx::Error> {
    let kind = format!("feed:{sport}");
    let version = sqlx::query_scalar!(
        "select version from cache_versions where operator_id = 0 and kind = $1",
        kind
    );
    Ok(version
        .fetch_optional(db)
        .await?
        .map_or(Version::NONE, Version::new))
}

/// The events on offer, in the order of their start.
pub(super) async fn events(sport: Sport, db: &mut PgConnection) -> Result<Vec<EventRow>, sqlx::Error> {
    sqlx::query_as!(
        EventRow,
        r#"
        select id, home, away, league, starts_at, status_text
        from events
        where sport = $1 and is_listed and status = 'not_started'
        order by starts_at, id
        "#,
        sport.key(),
    )
    .fetch_all(db)
    .await
}

/// The markets of the events on offer, in the order of the feed.
pub(super) async fn markets(sport: Sport, db: &mut PgConnection) -> Result<Vec<MarketRow>, sqlx::Error> {
    sqlx::query_as!(
        MarketRow,
        r#"
        select
            m.event_id,
            m.id,
            m.key,
            m.name,
            m.is_suspended,
            m.selections as "selections: Json<Box<RawValue>>"
        from markets m
        join events e on e.sport = m.sport and e.id = m.event_id
        where m.sport = $1 and e.is_listed and e.status = 'not_started'
        order by m.event_id, m.position
        "#,
        sport.key(),
    )
    .fetch_all(db)
    .await
}

/// Puts markets into their events. A market whose selections can't be read is left out and logged.
pub(super) fn assemble(events: Vec<EventRow>, markets: Vec<MarketRow>) -> Vec<Event> {
    let mut by_event: HashMap<String, Vec<Market>> = HashMap::new();
    for row in markets {
        match serde_json::from_str(row.selections.0.get()) {
            Ok(selections) => by_event.entry(row.event_id).or_default().push(Market {
                id: row.id.into(),
                key: row.key.into(),
                name: row.name.into(),
                suspended: row.is_suspended,
                selections,
            }),
            Err(error) => {
                tracing::error!(event = row.event_id, market = row.id, %error, "unreadable selections");
            }
        }
    }
    events
        .into_iter()
        .map(|row| Event {
            markets: by_event.remove(&row.id).unwrap_or_default(),
            id: row.id.into(),
            home: row.home.into(),
            away: row.away.into(),
            league: row.league.into(),
            starts_at: row.starts_at,
            status_text: row.status_text.into(),
        })
        .collect()
}

/// The versions of these operators' lists.
pub(super) async fn disabled_versions(
    operators: &[i64],
    db: &mut PgConnection,
) -> Result<Vec<(OperatorId, Version)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select operator_id as "operator_id: OperatorId", version as "version: Version"
        from cache_versions
        where operator_id = any($1) and kind = 'disabled_events'
        "#,
        operators,
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.operator_id, row.version))
        .collect())
}

/// What these operators do not offer.
pub(super) async fn disabled(
    operators: &[i64],
    db: &mut PgConnection,
) -> Result<Vec<DisabledRow>, sqlx::Error> {
    sqlx::query_as!(
        DisabledRow,
        r#"
        select operator_id as "operator_id: OperatorId", sport, event_id, market_id, selection_id
        from disabled_events
        where operator_id = any($1)
        "#,
        operators,
    )
    .fetch_all(db)
    .await
}
