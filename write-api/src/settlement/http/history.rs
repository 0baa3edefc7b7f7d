//! The routes that list what was settled.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::field::{FieldError, noted};
use shared::http::{Private, QueryParams};
use shared::ids::OperatorId;
use shared::problem::{Problem, ProblemBody};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use crate::accounts::{OperatorStaff, PlatformStaff};
use crate::app::{App, SharedApp};
use crate::paging::{PageQuery, Pagination, searched};
use crate::settlement::SettlementError;
use crate::settlement::store;

/// Which settlements.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SettlementsQuery {
    /// Only those of this event's markets.
    event_id: Option<String>,
}

/// What was said of a market.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownSettlement {
    id: i64,
    /// Whose bets it settles; 0 for those of all operators.
    operator_id: OperatorId,
    sport: String,
    event_id: String,
    market_id: String,
    /// What the selections came to, by their ids; null where a settlement was undone.
    #[schema(value_type = Option<Object>)]
    outcomes: Option<serde_json::Value>,
    /// What all other selections came to; null where that was not said.
    others: Option<String>,
    /// `results`, `manual`, `csv` or `rule`.
    source: String,
    reason: Option<String>,
    made_by: String,
    #[serde(with = "time::serde::rfc3339")]
    made_at: OffsetDateTime,
    /// Bets that were looked at so far.
    bets: i64,
    /// Those of them that it changed.
    changed: i64,
    /// How often in a row its next bets could not be settled.
    failures: i32,
    /// When all its bets were settled; null while that goes on.
    #[serde(with = "time::serde::rfc3339::option")]
    done_at: Option<OffsetDateTime>,
}

/// A page of settlements, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Settlements {
    success: bool,
    #[serde(rename = "settlements")]
    made: Vec<ShownSettlement>,
    pagination: Pagination,
}

/// Lists the settlements that count for the operator's bets, the platform's too.
#[utoipa::path(get, path = "/api/admin/{subdomain}/settlements", tag = "settlement",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), PageQuery, SettlementsQuery),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = Settlements), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub async fn of_operator(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<SettlementsQuery>,
) -> Result<Private<Settlements>, Problem> {
    list(&app, Some(staff.operator), page, query).await
}

/// Lists all settlements.
#[utoipa::path(get, path = "/api/superadmin/settlements", tag = "settlement",
    params(PageQuery, SettlementsQuery),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = Settlements), (status = 422, body = ProblemBody)))]
pub async fn of_all(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<SettlementsQuery>,
) -> Result<Private<Settlements>, Problem> {
    list(&app, None, page, query).await
}

async fn list(
    app: &App,
    whose: Option<OperatorId>,
    page: PageQuery,
    query: SettlementsQuery,
) -> Result<Private<Settlements>, Problem> {
    let (page, event) = page.read_with(event(query)).map_err(Problem::invalid_fields)?;
    let read = app.db.read(move |db| {
        let event = event.clone();
        Box::pin(async move {
            let total = store::made_count(whose, db, event.as_deref()).await?;
            Ok::<_, SettlementError>((total, store::made(whose, db, event.as_deref(), page).await?))
        })
    });
    let (total, rows) = read.await?;
    let made = rows.into_iter().map(|made| ShownSettlement {
        id: made.id,
        operator_id: made.operator,
        sport: made.sport,
        event_id: made.event_id,
        market_id: made.market_id,
        outcomes: made.outcomes.map(|outcomes| outcomes.0),
        others: made.others,
        source: made.source,
        reason: made.reason,
        made_by: made.by,
        made_at: made.at,
        bets: made.bets,
        changed: made.changed,
        failures: made.failures,
        done_at: made.done_at,
    });
    Ok(Private(Settlements {
        success: true,
        made: made.collect(),
        pagination: page.of(total),
    }))
}

fn event(query: SettlementsQuery) -> Result<Option<String>, Vec<FieldError>> {
    let mut errors = Vec::new();
    noted(&mut errors, "event_id", searched(query.event_id.as_deref()));
    if errors.is_empty() {
        Ok(query.event_id)
    } else {
        Err(errors)
    }
}
