//! Lists over all operators: what each of them earned, and their players.

use serde::Serialize;
use shared::ids::{OperatorId, PlayerId};
use shared::moment::day;
use shared::money::{Minor, Money};
use time::{Date, OffsetDateTime};
use utoipa::ToSchema;

use crate::paging::Pagination;
use crate::reports::store::OperatorFigures;
use crate::reports::store::players::PlayerRow;

/// What each operator earned, the best first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevenueByOperator {
    /// Always true.
    pub(crate) success: bool,
    #[serde(with = "day")]
    #[schema(value_type = String, format = Date)]
    pub(crate) from: Date,
    #[serde(with = "day")]
    #[schema(value_type = String, format = Date)]
    pub(crate) to: Date,
    pub(crate) revenue_data: Vec<OperatorRevenue>,
    pub(crate) pagination: Pagination,
}

/// What one operator earned. Those of whom nothing settled are not listed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperatorRevenue {
    operator_id: OperatorId,
    sportsbook_name: String,
    subdomain: String,
    currency: String,
    total_bets: i64,
    #[schema(value_type = f64)]
    total_stakes: Money,
    #[schema(value_type = f64)]
    total_payouts: Money,
    /// The stakes less the payouts.
    #[schema(value_type = f64)]
    net_revenue: Money,
}

impl From<OperatorFigures> for OperatorRevenue {
    fn from(row: OperatorFigures) -> Self {
        Self {
            operator_id: row.operator,
            currency: row.currency.code().to_owned(),
            total_bets: row.settled,
            total_stakes: row.currency.money(row.staked),
            total_payouts: row.currency.money(row.paid),
            net_revenue: row.currency.money(Minor::new(row.staked.get() - row.paid.get())),
            sportsbook_name: row.name,
            subdomain: row.subdomain,
        }
    }
}

/// A page of the players of all operators, in the order of their operators and ids.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GlobalPlayers {
    /// Always true.
    pub(crate) success: bool,
    pub(crate) users: Vec<GlobalPlayer>,
    pub(crate) pagination: Pagination,
}

/// A player of an operator.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GlobalPlayer {
    id: PlayerId,
    username: String,
    email: String,
    is_active: bool,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    operator_id: OperatorId,
    operator_name: String,
    subdomain: String,
    currency: String,
    #[schema(value_type = f64)]
    balance: Money,
    /// Rounds that were played to their end; an open one is in no number but the balance.
    total_bets: i64,
    #[schema(value_type = f64)]
    total_staked: Money,
    #[schema(value_type = f64)]
    total_payout: Money,
    /// The payouts less the stakes.
    #[schema(value_type = f64)]
    profit: Money,
}

impl From<PlayerRow> for GlobalPlayer {
    fn from(row: PlayerRow) -> Self {
        let money = |minor: Minor| row.currency.money(minor);
        Self {
            balance: money(row.balance),
            total_bets: row.rounds,
            total_staked: money(row.staked),
            total_payout: money(row.paid),
            profit: money(Minor::new(row.paid.get() - row.staked.get())),
            currency: row.currency.code().to_owned(),
            id: row.id,
            username: row.username,
            email: row.email,
            is_active: row.is_active,
            created_at: row.joined_at,
            operator_id: row.operator,
            operator_name: row.operator_name,
            subdomain: row.subdomain,
        }
    }
}
