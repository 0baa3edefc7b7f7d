//! `/api/sports/odds-status/{sport}`: whether a page should fetch a sport's events again.
//! Must never cost a query for each page that asks.

use axum::extract::{Path, State};
use serde::Serialize;
use shared::http::Private;
use shared::problem::{Problem, ProblemBody};
use shared::sports::Sport;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::app::SharedApp;

/// How the events of a sport are.
#[derive(Serialize, ToSchema)]
pub struct OddsStatus {
    /// The sport's key.
    #[schema(value_type = String)]
    sport: &'static str,
    /// When its events or prices changed last, in UTC; null when it never had any.
    #[serde(with = "time::serde::rfc3339::option")]
    last_updated: Option<OffsetDateTime>,
    /// Whether any event is on offer.
    has_data: bool,
}

/// When the events of a sport changed last.
#[utoipa::path(get, path = "/api/sports/odds-status/{sport}", tag = "pages",
    params(("sport" = String, Path, description = "The sport's key, such as `soccer`")),
    responses((status = 200, body = OddsStatus), (status = 404, body = ProblemBody<'static>),
        (status = 503, body = ProblemBody<'static>)))]
pub async fn odds_status(
    State(app): State<SharedApp>,
    Path(sport): Path<String>,
) -> Result<Private<OddsStatus>, Problem> {
    let sport = Sport::find(&sport)
        .ok_or_else(|| Problem::not_found("sport_not_found", "There is no sport with this key"))?;
    let sports = app.feed.stock.sports(&app.db, &app.clock).await?;
    let stock = sports.get(&sport);
    Ok(Private(OddsStatus {
        sport: sport.key(),
        last_updated: stock.map(|stock| stock.changed_at),
        has_data: stock.is_some_and(|stock| stock.has_events),
    }))
}
