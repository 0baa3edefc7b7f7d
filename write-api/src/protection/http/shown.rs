//! A player's protection as JSON. Must never show a limit, a time-out or an exclusion that does not hold.

use serde::Serialize;
use shared::ids::{OperatorId, PlayerId};
use shared::money::Money;
use sqlx::PgConnection;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::super::changes::{self, Overview};
use super::super::error::SettingError;
use super::super::rules::{Measure, Window};

/// How a player is protected. Amounts are in the operator's currency.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownProtection {
    success: bool,
    currency: String,
    limits: ShownLimits,
    /// Until when the player takes time out.
    #[serde(with = "time::serde::rfc3339::option")]
    time_out_until: Option<OffsetDateTime>,
    /// Until when the player is excluded.
    #[serde(with = "time::serde::rfc3339::option")]
    self_excluded_until: Option<OffsetDateTime>,
}

/// The limits of each kind.
#[derive(Debug, Serialize, ToSchema)]
struct ShownLimits {
    /// On the sum of stakes.
    stake: ShownWindows,
    /// On stakes less payouts.
    loss: ShownWindows,
    /// On the sum of deposits.
    deposit: ShownWindows,
}

/// The limits of one kind, for each window.
#[derive(Debug, Serialize, ToSchema)]
struct ShownWindows {
    #[serde(rename = "24h")]
    day: ShownLimit,
    #[serde(rename = "7d")]
    week: ShownLimit,
    #[serde(rename = "30d")]
    month: ShownLimit,
}

/// One limit, and how much of it is used. A window counts whole hours, so up to one hour more than its length.
#[derive(Debug, Serialize, ToSchema)]
struct ShownLimit {
    /// The most; null where there is no limit.
    #[schema(value_type = Option<f64>)]
    limit: Option<Money>,
    /// What was counted in the window, also where there is no limit. A loss is negative where more was won.
    #[schema(value_type = f64)]
    used: Money,
    /// How much more is allowed; null where there is no limit.
    #[schema(value_type = Option<f64>)]
    left: Option<Money>,
    /// The less strict limit that follows.
    pending: Option<ShownPending>,
}

/// A limit that will hold later.
#[derive(Debug, Serialize, ToSchema)]
struct ShownPending {
    /// The most; null where there will be no limit.
    #[schema(value_type = Option<f64>)]
    limit: Option<Money>,
    /// From when on.
    #[serde(with = "time::serde::rfc3339")]
    from: OffsetDateTime,
}

impl ShownProtection {
    /// How the player is protected at the time `at`.
    pub(crate) async fn read(
        operator: OperatorId,
        db: &mut PgConnection,
        player: PlayerId,
        at: OffsetDateTime,
    ) -> Result<Self, SettingError> {
        let overview = changes::overview(operator, db, player, at).await?;
        Ok(Self::new(&overview, at))
    }

    /// How it is at the time `at`.
    pub(super) fn new(overview: &Overview, at: OffsetDateTime) -> Self {
        let protection = &overview.state.protection;
        let lasting = |until: Option<OffsetDateTime>| until.filter(|until| *until > at);
        Self {
            success: true,
            currency: overview.state.currency.code().to_owned(),
            limits: ShownLimits {
                stake: ShownWindows::new(overview, Measure::Stake, at),
                loss: ShownWindows::new(overview, Measure::Loss, at),
                deposit: ShownWindows::new(overview, Measure::Deposit, at),
            },
            time_out_until: lasting(protection.time_out_until),
            self_excluded_until: lasting(protection.excluded_until),
        }
    }
}

impl ShownWindows {
    fn new(overview: &Overview, measure: Measure, at: OffsetDateTime) -> Self {
        let [day, week, month] = Window::ALL.map(|window| ShownLimit::new(overview, measure, window, at));
        Self { day, week, month }
    }
}

impl ShownLimit {
    fn new(overview: &Overview, measure: Measure, window: Window, at: OffsetDateTime) -> Self {
        let Overview { state, baselines } = overview;
        let (protection, totals) = (&state.protection, state.totals);
        let limit = protection.limits.get(measure, window);
        let money = |amount| state.currency.money(amount);
        Self {
            limit: limit.at(at).map(money),
            used: money(baselines.used(measure, window, totals)),
            left: protection.left(measure, window, totals, baselines, at).map(money),
            pending: limit.pending_at(at).map(|(limit, from)| ShownPending {
                limit: limit.map(money),
                from,
            }),
        }
    }
}
