//! The same for the platform's staff, over all operators or one of them. The numbers are those that the operators see,
//! added up for each currency.

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use shared::db::DbError;
use shared::field::FieldError;
use shared::http::{Private, QueryParams};
use shared::problem::{Problem, ProblemBody};
use time::Duration;
use utoipa::IntoParams;

use super::{ACTIVE_DAYS, ReportPath, show_overview, show_report, understood, whose};
use crate::accounts::PlatformStaff;
use crate::app::SharedApp;
use crate::paging::{PageQuery, searched};
use crate::reports::export::Export;
use crate::reports::rules::{Period, ReportQuery};
use crate::reports::shown::{
    GlobalPlayer, GlobalPlayers, OperatorRevenue, Overview, PlatformStats, Report, RevenueByOperator,
    Standing,
};
use crate::reports::store;
use crate::reports::store::players::{self, Which};

/// Whose numbers.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfQuery {
    /// Only those of the operator with this name in URLs; by default those of all.
    operator: Option<String>,
}

/// Shows how all operators stand together at this moment.
#[utoipa::path(get, path = "/api/superadmin/stats", tag = "reports",
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = PlatformStats)))]
pub(crate) async fn stats(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
) -> Result<Private<PlatformStats>, Problem> {
    let now = app.clock.now();
    // Every month has a first day.
    let month = now
        .replace_day(1)
        .unwrap_or(now)
        .replace_time(time::Time::MIDNIGHT);
    let read = app.db.read(move |db| {
        Box::pin(async move {
            let at_stake = store::at_stake(None, db).await?;
            let lately = store::lately(None, db, now.date()).await?;
            let operators = store::operator_counts(db, month).await?;
            let players = store::player_counts(None, db, now - Duration::days(ACTIVE_DAYS)).await?;
            let currencies = Standing::each(&at_stake, &lately);
            Ok::<_, DbError>(PlatformStats::new(operators, players, currencies))
        })
    });
    Ok(Private(read.await?))
}

/// Shows what all operators, or one, earned in a period.
#[utoipa::path(get, path = "/api/superadmin/reports/overview", tag = "reports", params(OfQuery, ReportQuery),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = Overview), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub(crate) async fn overview(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
    QueryParams(of): QueryParams<OfQuery>,
    QueryParams(query): QueryParams<ReportQuery>,
) -> Result<Private<Overview>, Problem> {
    let asked = understood(&app, query).map_err(Problem::invalid_fields)?;
    let whose = whose(&app, of.operator).await?;
    show_overview(&app, whose, asked).await
}

/// Lists a page of a report over all operators, or one. Rows are those of the operators' own reports, added up for each
/// currency.
#[utoipa::path(get, path = "/api/superadmin/reports/{report}", tag = "reports",
    params(ReportPath, OfQuery, PageQuery, ReportQuery),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = Report), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub(crate) async fn report(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
    Path(path): Path<ReportPath>,
    QueryParams(of): QueryParams<OfQuery>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<ReportQuery>,
) -> Result<Private<Report>, Problem> {
    let kind = path.kind()?;
    let (page, asked) = page
        .read_with(understood(&app, query))
        .map_err(Problem::invalid_fields)?;
    let whose = whose(&app, of.operator).await?;
    show_report(&app, whose, kind, asked, page).await
}

/// Sends a whole report as CSV. Texts that a spreadsheet would take for formulas begin with `'`.
#[utoipa::path(get, path = "/api/superadmin/reports/{report}/export", tag = "reports",
    params(ReportPath, OfQuery, ReportQuery),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub(crate) async fn export(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
    Path(path): Path<ReportPath>,
    QueryParams(of): QueryParams<OfQuery>,
    QueryParams(query): QueryParams<ReportQuery>,
) -> Result<Response, Problem> {
    let report = path.kind()?;
    let asked = understood(&app, query).map_err(Problem::invalid_fields)?;
    let whose = whose(&app, of.operator).await?;
    let owner = whose.map_or_else(|| "all".to_owned(), |operator| format!("operator-{operator}"));
    let export = Export {
        app,
        whose,
        report,
        asked,
    };
    Ok(export.into_response(&owner))
}

/// Lists what each operator earned in a period, who earned most first; amounts are in the operators' own currencies.
#[utoipa::path(get, path = "/api/superadmin/revenue-by-operator", tag = "reports", params(PageQuery, ReportQuery),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = RevenueByOperator), (status = 422, body = ProblemBody)))]
pub(crate) async fn revenue_by_operator(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<ReportQuery>,
) -> Result<Private<RevenueByOperator>, Problem> {
    let (page, asked) = page
        .read_with(understood(&app, query))
        .map_err(Problem::invalid_fields)?;
    let period = asked.period;
    let read = app.db.read(move |db| {
        let asked = asked.clone();
        Box::pin(async move {
            let rows = store::by_operator(db, &asked, page.size(), page.offset()).await?;
            let total = match rows.first() {
                Some(first) => first.rows,
                // Behind the last page no row can tell how many there are.
                None if page.offset() > 0 => {
                    let first = store::by_operator(db, &asked, 1, 0).await?;
                    first.first().map_or(0, |first| first.rows)
                }
                None => 0,
            };
            Ok::<_, DbError>((rows, total))
        })
    });
    let (rows, total) = read.await?;
    Ok(Private(RevenueByOperator {
        success: true,
        from: period.from,
        to: period.to,
        revenue_data: rows.into_iter().map(OperatorRevenue::from).collect(),
        pagination: page.of(total),
    }))
}

/// Which players of all operators.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// Only those with this in their name or e-mail address, in any case.
    #[param(max_length = 100)]
    search: Option<String>,
}

impl SearchQuery {
    fn understood(self) -> Result<Which, Vec<FieldError>> {
        let part = searched(self.search.as_deref());
        let part = part.map_err(|detail| vec![FieldError::new("search", detail)])?;
        Ok(Which {
            part,
            joined: Period::EVER,
        })
    }
}

/// Lists the players of all operators, or of one, with what they hold and ever played.
#[utoipa::path(get, path = "/api/superadmin/global-users", tag = "reports", params(OfQuery, PageQuery, SearchQuery),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = GlobalPlayers), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub(crate) async fn global_users(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
    QueryParams(of): QueryParams<OfQuery>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<SearchQuery>,
) -> Result<Private<GlobalPlayers>, Problem> {
    let (page, which) = page
        .read_with(query.understood())
        .map_err(Problem::invalid_fields)?;
    let whose = whose(&app, of.operator).await?;
    let read = app.db.read(move |db| {
        let which = which.clone();
        Box::pin(async move { Ok::<_, DbError>(players::page(whose, db, &which, page).await?) })
    });
    let (rows, total) = read.await?;
    Ok(Private(GlobalPlayers {
        success: true,
        users: rows.into_iter().map(GlobalPlayer::from).collect(),
        pagination: page.of(total),
    }))
}
