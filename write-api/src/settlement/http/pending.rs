//! The routes that list markets with pending bets.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::field::FieldError;
use shared::http::{Private, QueryParams};
use shared::ids::{OperatorId, PlayerId};
use shared::money::{Currency, Money};
use shared::problem::{Problem, ProblemBody};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use crate::accounts::{OperatorStaff, PlatformStaff};
use crate::app::{App, SharedApp};
use crate::betting::http::odds::Odds;
use crate::paging::{PageQuery, Pagination};
use crate::settlement::SettlementError;
use crate::settlement::store::{self, Group};

/// Bets that are shown with each market; the market's numbers count all.
const BETS_SHOWN: i64 = 20;

/// Which markets.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PendingQuery {
    /// `started`, which is the default: of events that should have started. `all`: of the others, too.
    events: Option<String>,
}

impl PendingQuery {
    /// Until when an event must start to be shown.
    fn before(&self, now: OffsetDateTime) -> Result<OffsetDateTime, Vec<FieldError>> {
        match self.events.as_deref() {
            None | Some("started") => Ok(now),
            Some("all") => Ok(now + time::Duration::days(36_500)),
            Some(_) => Err(vec![FieldError::new("events", "must be started or all")]),
        }
    }
}

/// A bet that waits for a market.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitingBet {
    id: i64,
    user_id: PlayerId,
    username: String,
    selection_id: String,
    selection: String,
    #[schema(value_type = f64)]
    stake: Money,
    /// The price of this selection; a bet of several has others besides.
    #[schema(value_type = f64)]
    odds: Odds,
    #[schema(value_type = f64)]
    potential_return: Money,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

/// A market that bets of one operator wait for.
#[derive(Debug, Serialize, ToSchema)]
pub struct PendingMarket {
    operator_id: OperatorId,
    operator_name: String,
    sport_name: String,
    /// The event's id.
    match_id: String,
    match_name: String,
    #[serde(with = "time::serde::rfc3339")]
    starts_at: OffsetDateTime,
    /// The market's id.
    market_id: String,
    /// The name that pages know the market by.
    market: String,
    market_name: String,
    /// Bets that wait for it.
    bet_count: i64,
    #[schema(value_type = f64)]
    total_stake: Money,
    /// What they pay together if all of them win.
    #[schema(value_type = f64)]
    total_liability: Money,
    currency: String,
    /// Ids of the selections that they are on.
    outcomes: Vec<String>,
    /// The first of them.
    bets: Vec<WaitingBet>,
}

/// Markets that pending bets wait for, the longest waiting first.
#[derive(Debug, Serialize, ToSchema)]
pub struct PendingMarkets {
    success: bool,
    data: Vec<PendingMarket>,
    pagination: Pagination,
}

/// Lists the markets that the operator's pending bets wait for: also those that were settled without saying what the
/// bets' selections came to.
#[utoipa::path(get, path = "/api/admin/{subdomain}/pending-markets", tag = "settlement",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), PageQuery, PendingQuery),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = PendingMarkets), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub async fn of_operator(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<PendingQuery>,
) -> Result<Private<PendingMarkets>, Problem> {
    list(&app, Some(staff.operator), page, &query).await
}

/// Lists the markets that pending bets of all operators wait for, each operator's by itself.
#[utoipa::path(get, path = "/api/superadmin/pending-markets", tag = "settlement",
    params(PageQuery, PendingQuery),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = PendingMarkets), (status = 422, body = ProblemBody)))]
pub async fn of_all(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<PendingQuery>,
) -> Result<Private<PendingMarkets>, Problem> {
    list(&app, None, page, &query).await
}

async fn list(
    app: &App,
    whose: Option<OperatorId>,
    page: PageQuery,
    query: &PendingQuery,
) -> Result<Private<PendingMarkets>, Problem> {
    let (page, before) = page
        .read_with(query.before(app.clock.now()))
        .map_err(Problem::invalid_fields)?;
    let read = app.db.read(move |db| {
        Box::pin(async move {
            let total = store::pending_count(whose, db, before).await?;
            let groups = store::pending_markets(whose, db, before, page).await?;
            let bets = store::pending_bets(db, &groups, BETS_SHOWN).await?;
            Ok::<_, SettlementError>((total, groups, bets))
        })
    });
    let (total, groups, mut bets) = read.await?;
    let data = groups.into_iter().map(|group| {
        let is_its = |bet: &mut store::PendingBet| {
            bet.operator == group.operator
                && (&bet.sport, &bet.event_id, &bet.market_id)
                    == (&group.sport, &group.event_id, &group.market_id)
        };
        let own: Vec<_> = bets.extract_if(.., is_its).collect();
        shown(group, own)
    });
    Ok(Private(PendingMarkets {
        success: true,
        data: data.collect(),
        pagination: page.of(total),
    }))
}

fn shown(group: Group, bets: Vec<store::PendingBet>) -> PendingMarket {
    let currency = group.currency;
    PendingMarket {
        operator_id: group.operator,
        operator_name: group.operator_name,
        sport_name: group.sport,
        match_id: group.event_id,
        match_name: format!("{} vs {}", group.home, group.away),
        starts_at: group.starts_at,
        market_id: group.market_id,
        market: group.market_key,
        market_name: group.market_name,
        bet_count: group.bets,
        total_stake: currency.money(group.staked),
        total_liability: currency.money(group.returns),
        currency: currency.code().to_owned(),
        outcomes: group.selections,
        bets: bets.into_iter().map(|bet| waiting(bet, currency)).collect(),
    }
}

fn waiting(bet: store::PendingBet, currency: Currency) -> WaitingBet {
    WaitingBet {
        id: bet.id,
        user_id: bet.player,
        username: bet.username,
        selection_id: bet.selection_id,
        selection: bet.selection_name,
        stake: currency.money(bet.stake),
        odds: Odds::from_milli(bet.price_milli),
        potential_return: currency.money(bet.potential_payout),
        created_at: bet.placed_at,
    }
}
