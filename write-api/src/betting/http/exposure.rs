//! The routes that show staff what pending bets mean. Must never add up amounts of different currencies.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::field::{FieldError, noted};
use shared::http::{Private, QueryParams};
use shared::ids::OperatorId;
use shared::money::{Minor, Money};
use shared::problem::{Problem, ProblemBody};
use shared::sports::Sport;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use crate::accounts::{OperatorStaff, PlatformStaff};
use crate::app::{App, SharedApp};
use crate::betting::BetError;
use crate::betting::store::{ExposedMarket, ExposureSum, MarketFilter, exposed_markets, exposure_sums};
use crate::paging::{PageQuery, Pagination, searched};

/// Which markets.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExposureQuery {
    /// Part of a side's or the league's name, in any case; at most 100 characters.
    search: Option<String>,
    /// The key of a sport, such as `soccer`.
    sport: Option<String>,
}

impl ExposureQuery {
    fn filter(self, whose: Option<OperatorId>) -> Result<MarketFilter, Vec<FieldError>> {
        let mut errors = Vec::new();
        let search = noted(&mut errors, "search", searched(self.search.as_deref())).flatten();
        let sport = self.sport.as_deref().and_then(Sport::find);
        if self.sport.is_some() && sport.is_none() {
            errors.push(FieldError::new("sport", "is not a sport"));
        }
        if errors.is_empty() {
            Ok(MarketFilter { whose, sport, search })
        } else {
            Err(errors)
        }
    }
}

/// A market of one operator with pending bets.
#[derive(Debug, Serialize, ToSchema)]
pub struct BettingEvent {
    operator_id: OperatorId,
    operator_name: String,
    subdomain: String,
    /// `<event id>_<market id>`: what switches the market on and off.
    unique_id: String,
    event_id: String,
    sport: String,
    /// `<home> vs <away>`.
    event_name: String,
    league: String,
    #[serde(with = "time::serde::rfc3339")]
    starts_at: OffsetDateTime,
    market_id: String,
    /// The name that pages know the market by; null when the feed names it no more.
    market: Option<String>,
    market_name: Option<String>,
    /// Pending bets on it alone.
    total_bets: i64,
    /// Pending bets that are on other selections, too.
    multiple_bets: i64,
    /// Stakes of bets on it alone.
    #[schema(value_type = f64)]
    total_stakes: Money,
    /// Stakes of bets that are on other selections, too: each of those has the same stakes.
    #[schema(value_type = f64)]
    multiple_stakes: Money,
    /// What the bets on it alone pay together, if each of them wins.
    #[schema(value_type = f64)]
    total_potential_returns: Money,
    /// The most that can be lost: what the worst selection pays less the stakes of bets on the market alone; a bet on
    /// several selections is taken to win with each.
    #[schema(value_type = f64)]
    max_liability: Money,
    /// The most that can be won.
    #[schema(value_type = f64)]
    max_possible_gain: Money,
    currency: String,
    /// `active`, or `disabled` where the operator does not offer it any more.
    status: &'static str,
}

impl From<ExposedMarket> for BettingEvent {
    fn from(row: ExposedMarket) -> Self {
        let money = |amount: Minor| row.currency.money(amount);
        Self {
            operator_id: row.operator,
            unique_id: format!("{}_{}", row.event_id, row.market_id),
            event_name: format!("{} vs {}", row.home, row.away),
            total_stakes: money(row.staked),
            multiple_stakes: money(row.multiples_staked),
            total_potential_returns: money(row.returns),
            max_liability: money(row.liability),
            max_possible_gain: money(row.staked),
            currency: row.currency.code().to_owned(),
            status: if row.is_disabled { "disabled" } else { "active" },
            operator_name: row.operator_name,
            subdomain: row.subdomain,
            event_id: row.event_id,
            sport: row.sport,
            league: row.league,
            starts_at: row.starts_at,
            market_id: row.market_id,
            market: row.market_key,
            market_name: row.market_name,
            total_bets: row.bets,
            multiple_bets: row.multiples,
        }
    }
}

/// What the markets of all pages mean together, in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExposureSummary {
    currency: String,
    /// Events with pending bets, each operator's by itself.
    total_events: i64,
    total_markets: i64,
    /// Pending bets; one on several selections is counted on each.
    total_bets: i64,
    /// Stakes of bets on one market alone: the most that can be won.
    #[schema(value_type = f64)]
    total_stakes: Money,
    /// The sum over the markets, so at least what can be lost on all of them at once.
    #[schema(value_type = f64)]
    total_liability: Money,
}

impl From<ExposureSum> for ExposureSummary {
    fn from(sum: ExposureSum) -> Self {
        Self {
            currency: sum.currency.code().to_owned(),
            total_events: sum.events,
            total_markets: sum.markets,
            total_bets: sum.bets,
            total_stakes: sum.currency.money(sum.staked),
            total_liability: sum.currency.money(sum.liability),
        }
    }
}

/// Markets with pending bets, those that most can be lost on first.
#[derive(Debug, Serialize, ToSchema)]
pub struct BettingEvents {
    success: bool,
    events: Vec<BettingEvent>,
    /// One for each currency.
    summary: Vec<ExposureSummary>,
    pagination: Pagination,
}

/// Lists the markets that the operator has pending bets on, with what can be lost and won.
#[utoipa::path(get, path = "/api/admin/{subdomain}/betting-events", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), PageQuery, ExposureQuery),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = BettingEvents), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub async fn of_operator(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<ExposureQuery>,
) -> Result<Private<BettingEvents>, Problem> {
    list(&app, page, query.filter(Some(staff.operator))).await
}

/// Lists the markets that any operator has pending bets on, each operator's by itself.
#[utoipa::path(get, path = "/api/superadmin/betting-events", tag = "platform", params(PageQuery, ExposureQuery),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = BettingEvents), (status = 422, body = ProblemBody)))]
pub async fn of_all(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<ExposureQuery>,
) -> Result<Private<BettingEvents>, Problem> {
    list(&app, page, query.filter(None)).await
}

async fn list(
    app: &App,
    page: PageQuery,
    filter: Result<MarketFilter, Vec<FieldError>>,
) -> Result<Private<BettingEvents>, Problem> {
    let (page, filter) = page.read_with(filter).map_err(Problem::invalid_fields)?;
    let read = app.db.read(move |db| {
        let filter = filter.clone();
        Box::pin(async move {
            let sums = exposure_sums(db, &filter).await?;
            Ok::<_, BetError>((sums, exposed_markets(db, &filter, page).await?))
        })
    });
    let (sums, markets) = read.await?;
    let total = sums.iter().map(|sum| sum.markets).sum();
    Ok(Private(BettingEvents {
        success: true,
        events: markets.into_iter().map(BettingEvent::from).collect(),
        summary: sums.into_iter().map(ExposureSummary::from).collect(),
        pagination: page.of(total),
    }))
}
