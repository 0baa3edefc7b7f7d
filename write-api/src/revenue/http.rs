//! The routes of daily revenue. Must never show an operator's staff another operator's.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::db::DbError;
use shared::field::{FieldError, noted};
use shared::http::{JsonBody, Private, QueryParams};
use shared::ids::OperatorId;
use shared::moment;
use shared::money::{Minor, Money};
use shared::problem::{Problem, ProblemBody};
use time::{Date, OffsetDateTime};
use utoipa::{IntoParams, ToSchema};

use super::days::{self, DayRow, Filter};
use super::rules::last_day_over;
use super::schedule;
use crate::accounts::{OperatorStaff, PlatformStaff, Right};
use crate::app::{App, SharedApp};
use crate::audit::{Action, PlatformDoer};
use crate::commands::Answer;
use crate::operations::http::Accepted;
use crate::operations::{Asked, Work, start};
use crate::paging::{Page, PageQuery, Pagination};

/// Up to which day.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with date")]
pub(crate) struct AskedDay {
    /// A day (UTC) that is over, such as `2030-01-31`. Days before it that are missing are done, too.
    #[serde(deserialize_with = "moment::deserialize_day")]
    #[schema(value_type = String, format = Date)]
    date: Date,
}

/// Works out the revenue of every operator for every day up to this one that is not posted, in the background. May be
/// repeated: what is posted stays as it is. A posted day, this one or one shortly before it, into which something settled
/// later gets a correction, which is posted as a day is.
#[utoipa::path(post, path = "/api/superadmin/revenue/calculate", tag = "revenue", request_body = AskedDay,
    security(("bearer" = []), ("platform_cookie" = [])),
    responses(
        (status = 202, body = Accepted),
        (status = 409, body = ProblemBody,
            description = "Revenue is just being worked out"),
    ))]
pub(crate) async fn calculate(
    doer: PlatformDoer,
    State(app): State<SharedApp>,
    JsonBody(asked): JsonBody<AskedDay>,
) -> Result<Answer, Problem> {
    let work = Work::RevenueCalculate { through: asked.date };
    begin(doer, &app, asked.date, work, Action::RevenueCalculated).await
}

/// Posts the revenue of every operator for every day up to this one that was worked out, in the background: each day of
/// each operator once, however often this is asked for.
#[utoipa::path(post, path = "/api/superadmin/revenue/post", tag = "revenue", request_body = AskedDay,
    security(("bearer" = []), ("platform_cookie" = [])),
    responses(
        (status = 202, body = Accepted),
        (status = 409, body = ProblemBody,
            description = "Revenue is just being posted"),
    ))]
pub(crate) async fn post(
    doer: PlatformDoer,
    State(app): State<SharedApp>,
    JsonBody(asked): JsonBody<AskedDay>,
) -> Result<Answer, Problem> {
    let work = Work::RevenuePost { through: asked.date };
    begin(doer, &app, asked.date, work, Action::RevenuePosted).await
}

async fn begin(
    doer: PlatformDoer,
    app: &App,
    day: Date,
    work: Work,
    action: Action,
) -> Result<Answer, Problem> {
    let doer = doer.require(Right::Money)?.at(OperatorId::PLATFORM);
    let last = over(app).await?;
    if last.is_none_or(|last| day > last) {
        return Err(Problem::invalid_field("date", "must be a day that is over"));
    }
    let asked = Asked {
        id: app.random.uuid(doer.at),
        command: None,
        work,
        action,
        after: json!({ "date": day.to_string() }),
    };
    Ok(start(doer, &app.db, asked).await?)
}

/// The last day that is over, by the database's clock.
async fn over(app: &App) -> Result<Option<Date>, DbError> {
    let grace = app.options.revenue.grace();
    let now = app
        .db
        .read(|db| Box::pin(async move { Ok::<_, DbError>(schedule::now(db).await?) }));
    Ok(last_day_over(now.await?, grace))
}

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DaysQuery {
    /// Only from this day on, such as `2030-01-31`.
    #[param(format = Date)]
    from: Option<String>,
    /// Only up to this day.
    #[param(format = Date)]
    to: Option<String>,
}

impl DaysQuery {
    fn filter(&self, operator: Option<OperatorId>) -> Result<Filter, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut day = |name: &str, text: Option<&str>| noted(&mut errors, name, moment::parse_day(text?));
        let (from, to) = (day("from", self.from.as_deref()), day("to", self.to.as_deref()));
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            errors.push(FieldError::new("from", "must not be after to"));
        }
        if errors.is_empty() {
            Ok(Filter { operator, from, to })
        } else {
            Err(errors)
        }
    }
}

/// Whose days.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhoseQuery {
    /// Only of the operator of this number.
    operator_id: Option<i64>,
}

/// A page of days, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DayList {
    /// Always true.
    success: bool,
    calculations: Vec<ShownDay>,
    pagination: Pagination,
}

/// What an operator won or lost on a day, in its currency, and how that is split.
#[derive(Debug, Serialize, ToSchema)]
struct ShownDay {
    operator_id: OperatorId,
    sportsbook_name: String,
    subdomain: String,
    currency: String,
    /// The day (UTC).
    #[serde(with = "moment::day")]
    #[schema(value_type = String, format = Date)]
    calculation_date: Date,
    /// What was staked less what was paid in the rounds that settled on the day; negative for a loss.
    #[schema(value_type = f64)]
    total_revenue: Money,
    /// What was staked in them.
    #[schema(value_type = f64)]
    total_bets_amount: Money,
    /// What was paid in them.
    #[schema(value_type = f64)]
    total_payouts: Money,
    /// The bookmaker's own share of a profit, with the fee.
    #[schema(value_type = f64)]
    bookmaker_own_share: Money,
    /// The platform's fee on it.
    #[schema(value_type = f64)]
    kryzel_fee_from_own: Money,
    /// What is left of it.
    #[schema(value_type = f64)]
    bookmaker_net_own: Money,
    /// The rest of a profit, of which the next three are parts.
    #[schema(value_type = f64)]
    remaining_profit: Money,
    /// The bookmaker's part, which is 60 % unless configured otherwise.
    #[schema(value_type = f64)]
    bookmaker_share_60: Money,
    /// The community's part, which is 30 % unless configured otherwise.
    #[schema(value_type = f64)]
    community_share_30: Money,
    /// The platform's part, which is 10 % unless configured otherwise.
    #[schema(value_type = f64)]
    kryzel_share_10: Money,
    /// The bookmaker's own share of a loss.
    #[schema(value_type = f64)]
    bookmaker_own_loss: Money,
    /// The rest of a loss, of which the next two are parts.
    #[schema(value_type = f64)]
    remaining_loss: Money,
    /// The bookmaker's part, which is 70 % unless configured otherwise.
    #[schema(value_type = f64)]
    bookmaker_loss_70: Money,
    /// The community's part, which is 30 % unless configured otherwise.
    #[schema(value_type = f64)]
    community_loss_30: Money,
    /// What the bookmaker gets of all that, or bears where it is negative.
    #[schema(value_type = f64)]
    total_bookmaker_earnings: Money,
    /// Whether the wallets were given their parts. Then it changes only by a correction, when something settled into the
    /// day later.
    is_posted: bool,
    /// How many corrections there are. All amounts are those of the newest, for the whole day.
    #[schema(minimum = 0)]
    corrections: i32,
    /// When it was worked out.
    #[serde(with = "time::serde::rfc3339")]
    processed_at: OffsetDateTime,
    /// When it was posted; null before.
    #[serde(with = "time::serde::rfc3339::option")]
    posted_at: Option<OffsetDateTime>,
}

impl From<DayRow> for ShownDay {
    fn from(row: DayRow) -> Self {
        let money = |minor| row.currency.money(Minor::new(minor));
        let earned = row.bookmaker_net_own + row.bookmaker_share;
        Self {
            operator_id: row.operator,
            currency: row.currency.code().to_owned(),
            calculation_date: row.day,
            total_revenue: money(row.total_revenue),
            total_bets_amount: money(row.total_bets_amount),
            total_payouts: money(row.total_payouts),
            bookmaker_own_share: money(row.bookmaker_own_share),
            kryzel_fee_from_own: money(row.platform_fee_from_own),
            bookmaker_net_own: money(row.bookmaker_net_own),
            remaining_profit: money(row.remaining_profit),
            bookmaker_share_60: money(row.bookmaker_share),
            community_share_30: money(row.community_share),
            kryzel_share_10: money(row.platform_share),
            bookmaker_own_loss: money(row.bookmaker_own_loss),
            remaining_loss: money(row.remaining_loss),
            bookmaker_loss_70: money(row.bookmaker_loss),
            community_loss_30: money(row.community_loss),
            total_bookmaker_earnings: money(earned - row.bookmaker_own_loss - row.bookmaker_loss),
            is_posted: row.posted_at.is_some(),
            corrections: row.number,
            processed_at: row.calculated_at,
            posted_at: row.posted_at,
            sportsbook_name: row.name,
            subdomain: row.subdomain,
        }
    }
}

/// The daily revenue of all operators, or of one.
#[utoipa::path(get, path = "/api/superadmin/daily-revenue", tag = "revenue",
    params(WhoseQuery, DaysQuery, PageQuery),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses(
        (status = 200, body = DayList),
        (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(crate) async fn list(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(whose): QueryParams<WhoseQuery>,
    QueryParams(days): QueryParams<DaysQuery>,
) -> Result<Private<DayList>, Problem> {
    let operator = whose.operator_id.map(OperatorId::new);
    let asked = page.read_with(days.filter(operator));
    let asked = asked.map_err(Problem::invalid_fields)?;
    if let Some(operator) = operator {
        let read = app
            .db
            .read(move |db| Box::pin(async move { Ok::<_, DbError>(days::is_there(operator, db).await?) }));
        if !read.await? {
            return Err(Problem::not_found("operator_not_found", "Operator not found"));
        }
    }
    listed(&app, asked).await
}

/// The operator's own daily revenue.
#[utoipa::path(get, path = "/api/admin/{subdomain}/daily-revenue", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), DaysQuery, PageQuery),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 200, body = DayList),
        (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub(crate) async fn list_own(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(days): QueryParams<DaysQuery>,
) -> Result<Private<DayList>, Problem> {
    let asked = page.read_with(days.filter(Some(staff.operator)));
    listed(&app, asked.map_err(Problem::invalid_fields)?).await
}

async fn listed(app: &App, (page, filter): (Page, Filter)) -> Result<Private<DayList>, Problem> {
    let read = app
        .db
        .read(move |db| Box::pin(async move { Ok::<_, DbError>(days::page(db, filter, page).await?) }));
    let (rows, total) = read.await?;
    Ok(Private(DayList {
        success: true,
        calculations: rows.into_iter().map(ShownDay::from).collect(),
        pagination: page.of(total),
    }))
}
