//! The route that shows how far daily revenue is. Must never write.

use axum::extract::State;
use serde::Serialize;
use shared::db::DbError;
use shared::http::Private;
use shared::ids::OperatorId;
use shared::moment;
use shared::problem::Problem;
use time::{Date, OffsetDateTime};
use utoipa::ToSchema;

use super::rules::last_day_over;
use super::schedule::{self, BehindRow, FailureRow};
use crate::accounts::PlatformStaff;
use crate::app::SharedApp;

/// When revenue was last worked out and posted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevenueStatus {
    /// Always true.
    success: bool,
    /// Null before the first time.
    #[serde(with = "time::serde::rfc3339::option")]
    last_revenue_calculation: Option<OffsetDateTime>,
    /// When it was last posted to the wallets; null before the first time.
    #[serde(with = "time::serde::rfc3339::option")]
    last_wallet_update: Option<OffsetDateTime>,
    /// The newest day that was worked out; null where none was.
    #[serde(with = "moment::day::option")]
    #[schema(value_type = Option<String>, format = Date)]
    last_day: Option<Date>,
    /// Days of operators that were worked out and are not posted, and corrections of days.
    #[schema(minimum = 0)]
    unposted_days: i64,
    /// Up to which day the schedule has done everything for every operator; null where there is no schedule.
    #[serde(with = "moment::day::option")]
    #[schema(value_type = Option<String>, format = Date)]
    done_through: Option<Date>,
    /// The last day that is over, by the database's clock; null where none is.
    #[serde(with = "moment::day::option")]
    #[schema(value_type = Option<String>, format = Date)]
    last_day_over: Option<Date>,
    /// Operators whose revenue can't be worked out or posted. Each is tried again by every round of the schedule.
    #[schema(minimum = 0)]
    failed_operators: i64,
    /// At most 100 of them, the one with the oldest day first.
    failures: Vec<ShownFailure>,
    /// Days of operators that are over and not posted, whether they were worked out or not.
    #[schema(minimum = 0)]
    days_behind: i64,
    /// At most 100 operators that have such days, the one with the oldest first.
    behind: Vec<ShownBehind>,
}

/// An operator whose revenue could not be worked out or posted.
#[derive(Debug, Serialize, ToSchema)]
struct ShownFailure {
    operator_id: OperatorId,
    subdomain: String,
    /// The first day that could not be done.
    #[serde(with = "moment::day")]
    #[schema(value_type = String, format = Date)]
    day: Date,
    /// Why, in plain words. The log has the cause.
    reason: String,
    /// How often since it last worked.
    #[schema(minimum = 1)]
    failures: i32,
    #[serde(with = "time::serde::rfc3339")]
    first_failed_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    failed_at: OffsetDateTime,
}

impl From<FailureRow> for ShownFailure {
    fn from(row: FailureRow) -> Self {
        Self {
            operator_id: row.operator,
            subdomain: row.subdomain,
            day: row.day,
            reason: row.reason,
            failures: row.failures,
            first_failed_at: row.first_failed_at,
            failed_at: row.failed_at,
        }
    }
}

/// An operator with days that are over and not posted.
#[derive(Debug, Serialize, ToSchema)]
struct ShownBehind {
    operator_id: OperatorId,
    subdomain: String,
    /// The first of these days.
    #[serde(with = "moment::day")]
    #[schema(value_type = String, format = Date)]
    from: Date,
    /// How many there are.
    #[schema(minimum = 1)]
    days: i64,
    /// How many of them were worked out.
    #[schema(minimum = 0)]
    calculated_days: i64,
}

impl From<BehindRow> for ShownBehind {
    fn from(row: BehindRow) -> Self {
        Self {
            operator_id: row.operator,
            subdomain: row.subdomain,
            from: row.from,
            days: row.days,
            calculated_days: row.calculated,
        }
    }
}

/// How far daily revenue is, what failed of it, and what is behind.
#[utoipa::path(get, path = "/api/superadmin/revenue/status", tag = "revenue",
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = RevenueStatus)))]
pub(crate) async fn show(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
) -> Result<Private<RevenueStatus>, Problem> {
    let grace = app.options.revenue.grace();
    let read = app.db.read(move |db| {
        Box::pin(async move {
            let over = last_day_over(schedule::now(db).await?, grace);
            let behind = match over {
                Some(over) => schedule::behind(db, over).await?,
                None => Vec::new(),
            };
            let row = schedule::status(db).await?;
            Ok::<_, DbError>((row, schedule::failures(db).await?, over, behind))
        })
    });
    let (row, failures, over, behind) = read.await?;
    Ok(Private(RevenueStatus {
        success: true,
        last_revenue_calculation: row.calculated_at,
        last_wallet_update: row.posted_at,
        last_day: row.last_day,
        unposted_days: row.unposted,
        done_through: row.done_through,
        last_day_over: over,
        failed_operators: row.failures,
        failures: failures.into_iter().map(ShownFailure::from).collect(),
        days_behind: behind.first().map_or(0, |row| row.all_days),
        behind: behind.into_iter().map(ShownBehind::from).collect(),
    }))
}
