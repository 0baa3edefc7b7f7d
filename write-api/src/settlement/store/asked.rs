//! What results are asked about: the selections that bets are on, as they were when they were bet on.

use std::collections::{BTreeMap, HashMap};

use shared::sports::Sport;
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;

use crate::feed::parse::LineKind;
use crate::settlement::rules::Outcome;

/// A selection that bets are on.
#[derive(Clone, Debug)]
pub(in super::super) struct AskedSelection {
    pub(in super::super) event_id: String,
    pub(in super::super) market_id: String,
    pub(in super::super) market_name: String,
    pub(in super::super) selection_id: String,
    pub(in super::super) selection_name: String,
    pub(in super::super) line: Option<String>,
    line_kind: Option<String>,
    pub(in super::super) home: String,
    pub(in super::super) away: String,
    /// The names of all selections that the market had when it was first bet on.
    pub(in super::super) offered: Vec<String>,
    /// Whether the event should not have started yet.
    pub(in super::super) is_early: bool,
}

impl AskedSelection {
    pub(in super::super) fn line_kind(&self) -> Option<LineKind> {
        match self.line_kind.as_deref() {
            Some("handicap") => Some(LineKind::Handicap),
            Some("total") => Some(LineKind::Total),
            _ => None,
        }
    }
}

/// The selections of these events that any bet is on, and whether they should not have started at the time `at`.
pub(in super::super) async fn asked_selections(
    db: &mut PgConnection,
    sport: Sport,
    events: &[String],
    at: OffsetDateTime,
) -> Result<Vec<AskedSelection>, sqlx::Error> {
    sqlx::query_as!(
        AskedSelection,
        r#"
        select distinct
            leg.event_id,
            leg.market_id,
            leg.market_name,
            leg.selection_id,
            leg.selection_name,
            leg.line,
            leg.line_kind,
            leg.home,
            leg.away,
            coalesce(market.offered, '{}') as "offered!",
            least(leg.starts_at, event.starts_at) > $3 as "is_early!"
        from bet_legs as leg
        join events as event on event.sport = leg.sport and event.id = leg.event_id
        left join bet_markets as market
            on market.sport = leg.sport and market.event_id = leg.event_id and market.market_id = leg.market_id
        where leg.sport = $1 and leg.event_id = any($2)
        "#,
        sport.key(),
        events,
        at,
    )
    .fetch_all(db)
    .await
}

type Said = HashMap<(String, String), BTreeMap<String, Outcome>>;

/// What results said last of the markets of these events.
pub(in super::super) async fn said_by_results(
    db: &mut PgConnection,
    sport: Sport,
    events: &[String],
) -> Result<Said, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select distinct on (event_id, market_id)
            event_id,
            market_id,
            outcomes as "outcomes!: Json<BTreeMap<String, String>>"
        from market_settlements
        where sport = $1 and event_id = any($2) and operator_id = 0 and source = 'results' and outcomes is not null
        order by event_id, market_id, id desc
        "#,
        sport.key(),
        events,
    )
    .fetch_all(db)
    .await?;
    let said = rows.into_iter().map(|row| {
        let of = row.outcomes.0.into_iter();
        let of = of
            .filter_map(|(selection, text)| Some((selection, Outcome::parse(&text)?)))
            .collect();
        ((row.event_id, row.market_id), of)
    });
    Ok(said.collect())
}
