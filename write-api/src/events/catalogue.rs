//! The route that lists the events of the feed for staff. Must never show what another operator disabled.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::field::{FieldError, noted};
use shared::http::{Private, QueryParams};
use shared::problem::{Problem, ProblemBody};
use shared::sports::Sport;
use utoipa::{IntoParams, ToSchema};

use super::store::{CatalogueEvent, CatalogueFilter};
use super::{SwitchError, store};
use crate::accounts::OperatorStaff;
use crate::app::SharedApp;
use crate::paging::{PageQuery, Pagination, searched};

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Part of a side's or the league's name, in any case; at most 100 characters.
    search: Option<String>,
    /// The key of a sport, such as `soccer`.
    sport: Option<String>,
    /// `active` or `disabled`.
    status: Option<String>,
}

impl EventsQuery {
    fn filter(self) -> Result<CatalogueFilter, Vec<FieldError>> {
        let mut errors = Vec::new();
        let search = noted(&mut errors, "search", searched(self.search.as_deref())).flatten();
        let sport = self.sport.as_deref().and_then(|key| {
            let found = Sport::find(key);
            if found.is_none() {
                errors.push(FieldError::new("sport", "is not a sport"));
            }
            found
        });
        let is_disabled = match self.status.as_deref() {
            None => None,
            Some("active") => Some(false),
            Some("disabled") => Some(true),
            Some(_) => {
                errors.push(FieldError::new("status", "must be active or disabled"));
                None
            }
        };
        if errors.is_empty() {
            Ok(CatalogueFilter {
                search,
                sport,
                is_disabled,
            })
        } else {
            Err(errors)
        }
    }
}

/// A page of the events, the next to start first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogueEvents {
    /// Always true.
    success: bool,
    events: Vec<CatalogueEvent>,
    pagination: Pagination,
}

/// Lists the events that the feed names, also those that have started and those that the operator does not offer.
#[utoipa::path(get, path = "/api/admin/{subdomain}/events", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), PageQuery, EventsQuery),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = CatalogueEvents),
        (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub(crate) async fn list(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<EventsQuery>,
) -> Result<Private<CatalogueEvents>, Problem> {
    let operator = staff.operator;
    let (page, filter) = page.read_with(query.filter()).map_err(Problem::invalid_fields)?;
    let read = app.db.read(move |db| {
        let filter = filter.clone();
        Box::pin(async move {
            let total = store::catalogue_count(operator, db, &filter).await?;
            Ok::<_, SwitchError>((total, store::catalogue(operator, db, &filter, page).await?))
        })
    });
    let (total, events) = read.await?;
    Ok(Private(CatalogueEvents {
        success: true,
        events,
        pagination: page.of(total),
    }))
}
