//! The routes with which players protect themselves. Must never act for anybody but the player of the session.

mod asked;
mod shown;

use std::ops::RangeInclusive;

use axum::extract::State;
use shared::http::{JsonBody, Private};
use shared::problem::{Problem, ProblemBody};
use time::Duration;

use super::changes::{self, Change};
use crate::accounts::PlayerSession;
use crate::app::{App, SharedApp};

pub use asked::{AskedExclusion, AskedLimits, AskedTimeOut};
pub use shown::ShownProtection;

/// The limits, time-out and self-exclusion of the player who asks, and how much of each limit is used.
#[utoipa::path(get, path = "/api/player/limits", tag = "responsible gaming",
    security(("bearer" = []), ("player_cookie" = [])),
    responses(
        (status = 200, body = ShownProtection),
    ))]
pub async fn limits(
    State(app): State<SharedApp>,
    PlayerSession { operator, player, .. }: PlayerSession,
) -> Result<Private<ShownProtection>, Problem> {
    let at = app.clock.now();
    let shown = app
        .db
        .read(move |db| Box::pin(ShownProtection::read(operator, db, player, at)));
    Ok(Private(shown.await?))
}

/// Sets the limits that are sent, all of them or none: a stricter one holds at once, a less strict one or none after
/// 24 hours. Limits that are not sent stay as they are. An `Idempotency-Key` is not looked at. The same with POST.
#[utoipa::path(method(put, post), path = "/api/player/limits", tag = "responsible gaming", request_body = AskedLimits,
    security(("bearer" = []), ("player_cookie" = [])),
    responses(
        (status = 200, body = ShownProtection),
    ))]
pub async fn set_limits(
    State(app): State<SharedApp>,
    player: PlayerSession,
    JsonBody(asked): JsonBody<AskedLimits>,
) -> Result<Private<ShownProtection>, Problem> {
    let wanted = asked.sent();
    if wanted.is_empty() {
        return Err(Problem::invalid_field("body", "must set at least one limit"));
    }
    make(&app, player, Change::Limits(wanted)).await
}

/// Begins a time-out: no stakes and no deposits until it ends. It can be prolonged, but neither shortened nor taken
/// back.
#[utoipa::path(post, path = "/api/player/limits/time-out", tag = "responsible gaming",
    request_body = AskedTimeOut,
    security(("bearer" = []), ("player_cookie" = [])),
    responses(
        (status = 200, body = ShownProtection),
        (status = 409, body = ProblemBody),
    ))]
pub async fn take_time_out(
    State(app): State<SharedApp>,
    player: PlayerSession,
    JsonBody(asked): JsonBody<AskedTimeOut>,
) -> Result<Private<ShownProtection>, Problem> {
    let hours = within("hours", asked.hours, app.options.protection.time_out_hours())?;
    make(&app, player, Change::TimeOut(Duration::hours(hours))).await
}

/// Begins a self-exclusion: no stakes and no deposits until it ends. It can be prolonged, but neither shortened nor
/// taken back.
#[utoipa::path(post, path = "/api/player/limits/self-exclusion", tag = "responsible gaming",
    request_body = AskedExclusion,
    security(("bearer" = []), ("player_cookie" = [])),
    responses(
        (status = 200, body = ShownProtection),
        (status = 409, body = ProblemBody),
    ))]
pub async fn exclude_oneself(
    State(app): State<SharedApp>,
    player: PlayerSession,
    JsonBody(asked): JsonBody<AskedExclusion>,
) -> Result<Private<ShownProtection>, Problem> {
    let days = within("days", asked.days, app.options.protection.self_exclusion_days())?;
    make(&app, player, Change::Exclusion(Duration::days(days))).await
}

fn within(field: &str, asked: u32, allowed: RangeInclusive<u32>) -> Result<i64, Problem> {
    if allowed.contains(&asked) {
        return Ok(asked.into());
    }
    let (least, most) = allowed.into_inner();
    Err(Problem::invalid_field(
        field,
        format!("must be {least} to {most}"),
    ))
}

async fn make(
    app: &App,
    PlayerSession { operator, player, .. }: PlayerSession,
    change: Change,
) -> Result<Private<ShownProtection>, Problem> {
    let at = app.clock.now();
    let overview = app
        .db
        .write(move |db| {
            let change = change.clone();
            Box::pin(async move { changes::make(operator, db, player, &change, at).await })
        })
        .await?;
    Ok(Private(ShownProtection::new(&overview, at)))
}
