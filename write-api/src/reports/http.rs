//! The routes of stats and reports, for an operator's staff. Must never show the numbers of another operator.

pub(crate) mod platform;

use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use shared::db::DbError;
use shared::http::{Private, QueryParams};
use shared::ids::OperatorId;
use shared::problem::{Problem, ProblemBody};
use sqlx::PgConnection;
use time::Duration;
use utoipa::IntoParams;

use super::export::Export;
use super::rules::{Asked, Cut, Kind, ReportQuery};
use super::shown::{CurrencyOverview, OperatorStats, Overview, Report, Row, Standing};
use super::store::players::{self, Which};
use super::store::{self, Figures, Whose};
use crate::accounts::OperatorStaff;
use crate::app::{App, SharedApp};
use crate::operators;
use crate::paging::{Page, PageQuery};

/// Who logged in within so many days is active.
const ACTIVE_DAYS: i64 = 30;
/// Rows of an overview at most: every day of ten years in each of a few currencies.
const OVERVIEW_ROWS: i64 = 20_000;

/// Which report.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ReportPath {
    /// Its name.
    #[param(value_type = Kind, inline)]
    report: String,
}

impl ReportPath {
    fn kind(&self) -> Result<Kind, Problem> {
        Kind::parse(&self.report)
            .ok_or_else(|| Problem::not_found("report_not_found", "There is no such report"))
    }
}

fn understood(app: &App, query: ReportQuery) -> Result<Asked, Vec<shared::field::FieldError>> {
    query.understood(app.clock.now().date(), app.options.reports.report_max_days)
}

/// Shows how the operator stands at this moment: its players, what they hold, and what was earned lately.
#[utoipa::path(get, path = "/api/admin/{subdomain}/stats", tag = "reports",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = OperatorStats), (status = 404, body = ProblemBody)))]
pub(crate) async fn stats(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
) -> Result<Private<OperatorStats>, Problem> {
    let (operator, now) = (staff.operator, app.clock.now());
    let read = app.db.read(move |db| {
        Box::pin(async move {
            let whose = Some(operator);
            let at_stake = store::at_stake(whose, db).await?;
            let lately = store::lately(whose, db, now.date()).await?;
            let players = store::player_counts(whose, db, now - Duration::days(ACTIVE_DAYS)).await?;
            let casino_enabled = operators::casino_enabled(operator, db).await?;
            let standing = Standing::each(&at_stake, &lately).into_iter().next();
            // Whoever is logged in at an operator finds it here.
            let (standing, casino_enabled) = standing.zip(casino_enabled).ok_or(sqlx::Error::RowNotFound)?;
            Ok::<_, DbError>(OperatorStats::new(players, standing, casino_enabled))
        })
    });
    Ok(Private(read.await?))
}

/// Shows what the operator earned in a period: in all, by day, and by game and sport.
#[utoipa::path(get, path = "/api/admin/{subdomain}/reports/overview", tag = "reports",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), ReportQuery),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = Overview), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub(crate) async fn overview(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
    QueryParams(query): QueryParams<ReportQuery>,
) -> Result<Private<Overview>, Problem> {
    let asked = understood(&app, query).map_err(Problem::invalid_fields)?;
    show_overview(&app, Some(staff.operator), asked).await
}

/// Lists a page of a report, the newest first. `user-activity` lists the players who registered in the period, with all
/// that they ever played to its end; reports of sports are empty as long as nobody bets on sports.
#[utoipa::path(get, path = "/api/admin/{subdomain}/reports/{report}", tag = "reports",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), ReportPath, PageQuery,
        ReportQuery),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = Report), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub(crate) async fn report(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
    Path(path): Path<ReportPath>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<ReportQuery>,
) -> Result<Private<Report>, Problem> {
    let kind = path.kind()?;
    let (page, asked) = page
        .read_with(understood(&app, query))
        .map_err(Problem::invalid_fields)?;
    show_report(&app, Some(staff.operator), kind, asked, page).await
}

/// Sends a whole report as CSV. Texts that a spreadsheet would take for formulas begin with `'`.
#[utoipa::path(get, path = "/api/admin/{subdomain}/reports/{report}/export", tag = "reports",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), ReportPath, ReportQuery),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub(crate) async fn export(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
    Path(path): Path<ReportPath>,
    QueryParams(query): QueryParams<ReportQuery>,
) -> Result<Response, Problem> {
    let report = path.kind()?;
    let asked = understood(&app, query).map_err(Problem::invalid_fields)?;
    let owner = format!("operator-{}", staff.operator);
    let export = Export {
        app,
        whose: Some(staff.operator),
        report,
        asked,
    };
    Ok(export.into_response(&owner))
}

async fn show_overview(app: &App, whose: Whose, asked: Asked) -> Result<Private<Overview>, Problem> {
    let period = asked.period;
    let read = app.db.read(move |db| {
        let asked = asked.clone();
        Box::pin(async move {
            let cut = Kind::Revenue.cut(asked.group);
            let by_day = Cut {
                by_category: false,
                ..cut
            };
            let by_category = Cut { bucket: None, ..cut };
            let buckets = store::figures(whose, db, &asked, by_day, OVERVIEW_ROWS, 0).await?;
            let categories = store::figures(whose, db, &asked, by_category, OVERVIEW_ROWS, 0).await?;
            Ok::<_, DbError>(CurrencyOverview::each(&buckets, &categories))
        })
    });
    Ok(Private(Overview {
        success: true,
        from: period.from,
        to: period.to,
        currencies: read.await?,
    }))
}

async fn show_report(
    app: &App,
    whose: Whose,
    kind: Kind,
    asked: Asked,
    page: Page,
) -> Result<Private<Report>, Problem> {
    let period = asked.period;
    let read = app.db.read(move |db| {
        let asked = asked.clone();
        Box::pin(async move {
            if kind == Kind::UserActivity {
                let which = Which {
                    joined: period,
                    part: None,
                };
                let (rows, total) = players::page(whose, db, &which, page).await?;
                return Ok::<_, DbError>((rows.iter().map(Row::of_player).collect(), total));
            }
            let (rows, total) = page_of_figures(whose, db, &asked, kind.cut(asked.group), page).await?;
            Ok((rows.iter().filter_map(|row| Row::of(kind, row)).collect(), total))
        })
    });
    let (rows, total): (Vec<Row>, i64) = read.await?;
    Ok(Private(Report::new(kind, period, rows, page.of(total))))
}

/// A page of totals, and how many rows all pages have.
async fn page_of_figures(
    whose: Whose,
    db: &mut PgConnection,
    asked: &Asked,
    cut: Cut,
    page: Page,
) -> Result<(Vec<Figures>, i64), sqlx::Error> {
    let rows = store::figures(whose, db, asked, cut, page.size(), page.offset()).await?;
    let total = match rows.first() {
        Some(first) => first.rows,
        // Behind the last page no row can tell how many there are.
        None if page.offset() > 0 => {
            let first = store::figures(whose, db, asked, cut, 1, 0).await?;
            first.first().map_or(0, |first| first.rows)
        }
        None => 0,
    };
    Ok((rows, total))
}

/// The one operator that is asked about, or all.
async fn whose(app: &App, name: Option<String>) -> Result<Whose, Problem> {
    let Some(name) = name else { return Ok(None) };
    let operator: OperatorId = crate::audit::http::named(app, &name).await?;
    Ok(Some(operator))
}
