//! The routes with which staff choose what their operator offers.
//! Must never push a change before it is committed.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use shared::http::{OptionalJson, Private, QueryParams};
use shared::problem::{Problem, ProblemBody};
use utoipa::{IntoParams, ToSchema};

use super::changes::switch;
use super::rules::{EventKey, MAX_DISABLED_EVENTS, Place, ToggleEvent};
use super::store::DisabledEvent;
use super::{SwitchError, store};
use crate::accounts::OperatorStaff;
use crate::app::SharedApp;
use crate::audit::Doer;
use crate::coherence::{Announced, Committed};
use crate::paging::{PageQuery, Pagination};

/// What is switched.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct EventPath {
    /// `<event id>`, or `<event id>_<market id>`.
    event_key: String,
}

/// Which of several sports is meant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct InSport {
    /// The event's sport: needed where events of several sports have the same id.
    sport: Option<String>,
}

/// An event or a market after a switch.
#[derive(Debug, Serialize, ToSchema)]
pub struct SwitchedEvent {
    /// As it was asked for.
    event_key: String,
    /// The event's sport.
    sport: &'static str,
    /// The event's id, unique in its sport.
    event_id: String,
    /// The market's id, unique in its event; null for the whole event.
    market_id: Option<String>,
    /// The selection's id, unique in its market; null for the whole event or market.
    selection_id: Option<String>,
    /// Whether it is not offered.
    is_disabled: bool,
}

/// Stops offering an event, one of its markets or one selection of that, or offers it again. A selection that is not
/// offered is shown as suspended. Asking for what is already so succeeds, keeps
/// the version and tells no reader.
#[utoipa::path(post, path = "/api/admin/{subdomain}/betting-events/{event_key}/toggle", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"),
        EventPath, InSport),
    request_body = Option<ToggleEvent>,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = Announced<SwitchedEvent>), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 409, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub async fn toggle(
    doer: Doer,
    State(app): State<SharedApp>,
    Path(path): Path<EventPath>,
    QueryParams(query): QueryParams<InSport>,
    OptionalJson(body): OptionalJson<ToggleEvent>,
) -> Result<Private<Announced<SwitchedEvent>>, Problem> {
    let asked = body
        .understood(query.sport.as_deref())
        .map_err(SwitchError::Invalid)?;
    let key = EventKey::parse(&path.event_key).ok_or(SwitchError::NotFound)?;
    let db = app.db.clone();
    let change = async move {
        let switched = db.write(move |db| {
            let (key, doer, asked) = (key.clone(), doer.clone(), asked.clone());
            Box::pin(async move { switch(&doer, db, &key, asked).await })
        });
        let switched = switched.await?;
        Ok::<_, SwitchError>(Committed {
            saved: switched.saved,
            message: if switched.is_disabled {
                "Event status updated to disabled"
            } else {
                "Event status updated to active"
            },
            more: SwitchedEvent {
                event_key: path.event_key,
                sport: switched.place.sport.key(),
                event_id: switched.place.event_id,
                market_id: switched.place.market_id,
                selection_id: switched.place.selection_id,
                is_disabled: switched.is_disabled,
            },
        })
    };
    app.readers.announce(change).await
}

/// A page of what an operator does not offer, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct DisabledEvents {
    success: bool,
    /// They are.
    #[serde(rename = "disabled_events")]
    events: Vec<DisabledEvent>,
    pagination: Pagination,
}

/// Lists the events and markets that the operator does not offer.
#[utoipa::path(get, path = "/api/admin/{subdomain}/disabled-events", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), PageQuery),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = DisabledEvents), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub async fn list(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
    QueryParams(query): QueryParams<PageQuery>,
) -> Result<Private<DisabledEvents>, Problem> {
    let operator = staff.operator;
    let page = query.read().map_err(SwitchError::Invalid)?;
    let (events, total) = app
        .db
        .read(move |db| {
            Box::pin(async move {
                let events = store::page(operator, db, page).await?;
                Ok::<_, SwitchError>((events, store::count(operator, db).await?))
            })
        })
        .await?;
    Ok(Private(DisabledEvents {
        success: true,
        events,
        pagination: page.of(total),
    }))
}

impl From<SwitchError> for Problem {
    fn from(error: SwitchError) -> Self {
        match error {
            SwitchError::Invalid(errors) => Self::invalid_fields(errors),
            SwitchError::NoOperator => Self::not_found("operator_not_found", "Operator not found"),
            SwitchError::NotFound => Self::not_found("event_not_found", "Event not found"),
            SwitchError::Ambiguous(places) => {
                let places: Vec<_> = places.iter().map(Place::to_string).collect();
                let places = places.join("; ");
                let detail = format!(
                    "This key stands for more than one thing, which a sport may tell apart: {places}"
                );
                Self::conflict("ambiguous_event", detail)
            }
            SwitchError::SelectionOfNoMarket => {
                Self::invalid_field("selection_id", "goes with the key of a market, such as 4711_2")
            }
            SwitchError::NoSelection => Self::refused_field(
                "selection_not_found",
                "selection_id",
                "The market has no such selection",
            ),
            SwitchError::TooMany => Self::conflict(
                "too_many_disabled_events",
                format!("At most {MAX_DISABLED_EVENTS} events and markets can be disabled"),
            ),
            SwitchError::Database(error) => error.into(),
        }
    }
}
