//! The routes of settings. Must never let an operator's staff move a bound of the platform.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use shared::db::DbError;
use shared::http::{JsonBody, Private};
use shared::ids::OperatorId;
use shared::money::{Amount, Money};
use shared::problem::{Problem, ProblemBody};
use utoipa::ToSchema;

use super::rules::{Asked, AskedBound, AskedHighest, Settings};
use super::{SettingsError, changes, store};
use crate::accounts::{OperatorStaff, PlatformStaff, Right};
use crate::app::{App, SharedApp};
use crate::audit::{Doer, PlatformDoer};
use crate::coherence::{Announced, Committed};
use crate::platform::http::OperatorPath;

/// What an operator has set about money.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShownSettings {
    /// What the books are kept in, for ever.
    currency: String,
    /// Grows with each change; of these settings, not of what readers show.
    settings_version: i64,
    /// What a new player starts with.
    #[schema(value_type = f64)]
    default_user_balance: Money,
    /// Smallest stake.
    #[schema(value_type = f64)]
    min_bet: Money,
    /// Largest stake.
    #[schema(value_type = f64)]
    max_bet: Money,
    /// The most that one bet pays.
    #[schema(value_type = f64)]
    max_payout: Money,
    /// The most to lose on one market of sports: a bet that would exceed it is refused. Null for no limit.
    #[schema(value_type = Option<f64>)]
    max_market_liability: Option<Money>,
    /// The same for all markets of one event together.
    #[schema(value_type = Option<f64>)]
    max_event_liability: Option<Money>,
    /// The most that staff may set as `max_bet`; null where the platform set no bound.
    #[schema(value_type = Option<f64>)]
    highest_max_bet: Option<Money>,
    /// The most that staff may set as `max_payout`; null where the platform set no bound.
    #[schema(value_type = Option<f64>)]
    highest_max_payout: Option<Money>,
    /// The most that staff may set as `default_user_balance`; null where the platform set no bound.
    #[schema(value_type = Option<f64>)]
    highest_default_user_balance: Option<Money>,
}

impl From<Settings> for ShownSettings {
    fn from(settings: Settings) -> Self {
        let (limits, highest) = (settings.limits, settings.highest);
        let money = |amount| limits.currency.money(amount);
        Self {
            currency: limits.currency.code().to_owned(),
            settings_version: settings.version,
            default_user_balance: money(settings.default_balance),
            min_bet: money(limits.min_bet),
            max_bet: money(limits.max_bet),
            max_payout: money(limits.max_payout),
            max_market_liability: settings.liabilities.market.map(money),
            max_event_liability: settings.liabilities.event.map(money),
            highest_max_bet: highest.max_bet.map(money),
            highest_max_payout: highest.max_payout.map(money),
            highest_default_user_balance: highest.default_balance.map(money),
        }
    }
}

/// The settings of an operator.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettingsAnswer {
    /// Always true.
    success: bool,
    settings: ShownSettings,
}

/// The settings after a save.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SavedSettings {
    settings: ShownSettings,
}

/// What the operator's staff may save. What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with settings")]
pub(crate) struct OwnSettings {
    /// The `settings_version` that this is based on: when others were saved meanwhile, nothing is. Left out: the last
    /// save counts.
    settings_version: Option<i64>,
    /// What a new player starts with; zero or more.
    #[schema(value_type = Option<f64>, minimum = 0)]
    default_user_balance: Option<Amount>,
    /// Smallest stake; at most `max_bet`.
    #[schema(value_type = Option<f64>, exclusive_minimum = 0)]
    min_bet: Option<Amount>,
    /// Largest stake; at most `max_payout`.
    #[schema(value_type = Option<f64>, exclusive_minimum = 0)]
    max_bet: Option<Amount>,
    /// The most that one bet pays.
    #[schema(value_type = Option<f64>, exclusive_minimum = 0)]
    max_payout: Option<Amount>,
    /// The most to lose on one market of sports; `null` for no limit.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0)]
    max_market_liability: AskedBound,
    /// The most to lose on all markets of one event together; `null` for no limit.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0)]
    max_event_liability: AskedBound,
}

/// What the platform may save. What is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with settings")]
pub(crate) struct PlatformSettings {
    /// As for the operator's staff.
    settings_version: Option<i64>,
    /// What a new player starts with; zero or more.
    #[schema(value_type = Option<f64>, minimum = 0)]
    default_user_balance: Option<Amount>,
    /// Smallest stake; at most `max_bet`.
    #[schema(value_type = Option<f64>, exclusive_minimum = 0)]
    min_bet: Option<Amount>,
    /// Largest stake; at most `max_payout`.
    #[schema(value_type = Option<f64>, exclusive_minimum = 0)]
    max_bet: Option<Amount>,
    /// The most that one bet pays.
    #[schema(value_type = Option<f64>, exclusive_minimum = 0)]
    max_payout: Option<Amount>,
    /// The most to lose on one market of sports; `null` for no limit.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0)]
    max_market_liability: AskedBound,
    /// The most to lose on all markets of one event together; `null` for no limit.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0)]
    max_event_liability: AskedBound,
    /// The most that anybody may set as `max_bet`; `null` takes the bound away.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0)]
    highest_max_bet: AskedBound,
    /// The most that anybody may set as `max_payout`; `null` takes the bound away.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0)]
    highest_max_payout: AskedBound,
    /// The most that anybody may set as `default_user_balance`; `null` takes the bound away.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0)]
    highest_default_user_balance: AskedBound,
}

impl From<OwnSettings> for Asked {
    fn from(body: OwnSettings) -> Self {
        Self {
            version: body.settings_version,
            min_bet: body.min_bet,
            max_bet: body.max_bet,
            max_payout: body.max_payout,
            default_balance: body.default_user_balance,
            market_liability: body.max_market_liability,
            event_liability: body.max_event_liability,
            highest: AskedHighest::default(),
        }
    }
}

impl From<PlatformSettings> for Asked {
    fn from(body: PlatformSettings) -> Self {
        Self {
            version: body.settings_version,
            min_bet: body.min_bet,
            max_bet: body.max_bet,
            max_payout: body.max_payout,
            default_balance: body.default_user_balance,
            market_liability: body.max_market_liability,
            event_liability: body.max_event_liability,
            highest: AskedHighest {
                max_bet: body.highest_max_bet,
                max_payout: body.highest_max_payout,
                default_balance: body.highest_default_user_balance,
            },
        }
    }
}

async fn read(app: &App, operator: OperatorId) -> Result<Private<SettingsAnswer>, Problem> {
    let read = app
        .db
        .read(move |db| Box::pin(async move { Ok::<_, DbError>(store::settings(operator, db).await?) }));
    let settings = read.await?.ok_or(SettingsError::NoOperator)?;
    Ok(Private(SettingsAnswer {
        success: true,
        settings: settings.into(),
    }))
}

async fn save(
    app: &App,
    doer: Doer,
    asked: impl Into<Asked>,
) -> Result<Private<Announced<SavedSettings>>, Problem> {
    let (db, asked) = (app.db.clone(), asked.into());
    let change = async move {
        let save = db.write(move |db| {
            let (doer, asked) = (doer.clone(), asked.clone());
            Box::pin(async move { changes::save(&doer, db, &asked).await })
        });
        let (saved, settings) = save.await?;
        Ok::<_, SettingsError>(Committed {
            saved,
            message: "Settings saved",
            more: SavedSettings {
                settings: settings.into(),
            },
        })
    };
    app.readers.announce(change).await
}

/// What the operator has set about money.
#[utoipa::path(get, path = "/api/admin/{subdomain}/settings", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = SettingsAnswer),
        (status = 404, body = ProblemBody)))]
pub(crate) async fn own(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
) -> Result<Private<SettingsAnswer>, Problem> {
    read(&app, staff.operator).await
}

/// Saves settings: all that are sent, or nothing. The next bet is held to the new limits; a round that has begun keeps
/// its largest payout.
#[utoipa::path(post, path = "/api/admin/{subdomain}/settings", tag = "operators", request_body = OwnSettings,
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = Announced<SavedSettings>),
        (status = 404, body = ProblemBody),
        (status = 409, description = "Others were saved meanwhile", body = ProblemBody)))]
pub(crate) async fn save_own(
    doer: Doer,
    State(app): State<SharedApp>,
    JsonBody(body): JsonBody<OwnSettings>,
) -> Result<Private<Announced<SavedSettings>>, Problem> {
    save(&app, doer, body).await
}

/// What an operator has set about money, also of one that is disabled.
#[utoipa::path(get, path = "/api/superadmin/operators/{id}/settings", tag = "platform", params(OperatorPath),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = SettingsAnswer),
        (status = 404, body = ProblemBody)))]
pub(crate) async fn of_operator(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
    Path(path): Path<OperatorPath>,
) -> Result<Private<SettingsAnswer>, Problem> {
    read(&app, path.operator()?).await
}

/// Saves an operator's settings and the bounds that its staff are held to. A bound below what is set is refused: set
/// both.
#[utoipa::path(post, path = "/api/superadmin/operators/{id}/settings", tag = "platform", params(OperatorPath),
    request_body = PlatformSettings, security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = Announced<SavedSettings>),
        (status = 404, body = ProblemBody),
        (status = 409, description = "Others were saved meanwhile", body = ProblemBody)))]
pub(crate) async fn save_of_operator(
    doer: PlatformDoer,
    State(app): State<SharedApp>,
    Path(path): Path<OperatorPath>,
    JsonBody(body): JsonBody<PlatformSettings>,
) -> Result<Private<Announced<SavedSettings>>, Problem> {
    let doer = doer.require(Right::Money)?.at(path.operator()?);
    save(&app, doer, body).await
}

impl From<SettingsError> for Problem {
    fn from(error: SettingsError) -> Self {
        match error {
            SettingsError::Invalid(errors) => Self::invalid_fields(errors),
            SettingsError::Changed(version) => Self::conflict(
                "settings_changed",
                format!("Somebody saved other settings meanwhile: they are of version {version}"),
            ),
            SettingsError::NoOperator => Self::not_found("operator_not_found", "There is no such operator"),
            SettingsError::Database(error) => error.into(),
        }
    }
}
