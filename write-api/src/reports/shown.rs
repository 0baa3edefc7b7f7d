//! Totals and reports as JSON. Must never add amounts of two currencies.

mod lists;
mod standing;

use serde::Serialize;
use shared::moment::day;
use shared::money::{Minor, Money};
use time::Date;
use utoipa::ToSchema;

use super::rules::{Kind, Period, margin, percent};
use super::store::Figures;
use super::store::players::PlayerRow;
use crate::paging::Pagination;

pub(crate) use lists::{GlobalPlayer, GlobalPlayers, OperatorRevenue, RevenueByOperator};
pub(crate) use standing::{CurrencyOverview, OperatorStats, Overview, PlatformStats, Standing};

/// A page of a report.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Report {
    /// Always true.
    success: bool,
    #[serde(rename = "report")]
    kind: Kind,
    #[serde(with = "day")]
    #[schema(value_type = String, format = Date)]
    from: Date,
    #[serde(with = "day")]
    #[schema(value_type = String, format = Date)]
    to: Date,
    rows: Vec<Row>,
    pagination: Pagination,
}

impl Report {
    pub(crate) fn new(kind: Kind, period: Period, rows: Vec<Row>, pagination: Pagination) -> Self {
        Self {
            success: true,
            kind,
            from: period.from,
            to: period.to,
            rows,
            pagination,
        }
    }
}

/// A row of a report; which one depends on the report.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Row {
    /// Of `revenue`.
    Revenue(RevenueRow),
    /// Of `betting-patterns` and `trading-patterns`.
    Pattern(PatternRow),
    /// Of `sport-performance`.
    Sport(SportRow),
    /// Of `casino-performance`.
    Casino(CasinoRow),
    /// Of `user-activity`.
    Player(ActivityRow),
}

/// What a game or a sport earned on a day, or in a week or month.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevenueRow {
    #[serde(with = "day")]
    #[schema(value_type = String, format = Date)]
    pub(crate) report_date: Date,
    /// The game or the sport.
    pub(crate) category: String,
    /// `Casino` or `Sportsbook`.
    pub(crate) platform: &'static str,
    pub(crate) total_bets: i64,
    #[schema(value_type = f64)]
    pub(crate) total_stakes: Money,
    #[schema(value_type = f64)]
    pub(crate) total_payouts: Money,
    #[schema(value_type = f64)]
    pub(crate) revenue: Money,
    /// The revenue in percent of the stakes, to one decimal.
    pub(crate) profit_margin: f64,
    pub(crate) currency: String,
}

/// Sports bets on one kind of market.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PatternRow {
    #[serde(with = "day")]
    #[schema(value_type = String, format = Date)]
    pub(crate) bet_date: Date,
    pub(crate) sport_name: String,
    /// The market.
    pub(crate) bet_type: String,
    pub(crate) count: i64,
    #[schema(value_type = f64)]
    pub(crate) total_amount: Money,
    /// Won ones of a hundred, to one decimal.
    pub(crate) win_rate: f64,
    pub(crate) currency: String,
}

/// Bets on one sport.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SportRow {
    pub(crate) sport_name: String,
    pub(crate) total_bets: i64,
    #[schema(value_type = f64)]
    pub(crate) total_stakes: Money,
    pub(crate) won_bets: i64,
    pub(crate) lost_bets: i64,
    #[schema(value_type = f64)]
    pub(crate) sport_revenue: Money,
    pub(crate) win_rate: f64,
    pub(crate) currency: String,
}

/// Rounds of one game.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CasinoRow {
    pub(crate) game_name: String,
    pub(crate) total_games: i64,
    #[schema(value_type = f64)]
    pub(crate) total_stakes: Money,
    /// Rounds that paid more than was staked.
    pub(crate) won_games: i64,
    /// All others.
    pub(crate) lost_games: i64,
    #[schema(value_type = f64)]
    pub(crate) casino_revenue: Money,
    pub(crate) win_rate: f64,
    pub(crate) currency: String,
}

/// A player, and all that the player ever played to its end: an open round is in no number.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActivityRow {
    pub(crate) username: String,
    pub(crate) email: String,
    pub(crate) total_bets: i64,
    #[schema(value_type = f64)]
    pub(crate) total_staked: Money,
    #[schema(value_type = f64)]
    pub(crate) payout: Money,
    /// The payouts less the stakes.
    #[schema(value_type = f64)]
    pub(crate) user_profit: Money,
    /// When the player registered.
    #[serde(with = "day")]
    #[schema(value_type = String, format = Date)]
    pub(crate) joined_date: Date,
    pub(crate) currency: String,
}

impl Row {
    /// The row of a report that totals are cut for.
    pub(crate) fn of(report: Kind, row: &Figures) -> Option<Self> {
        let currency = row.currency.code().to_owned();
        let category = row.category.clone().unwrap_or_default();
        let money = |minor: Minor| row.currency.money(minor);
        let win_rate = percent(row.won, row.settled);
        Some(match report {
            Kind::Revenue => Self::Revenue(RevenueRow {
                report_date: row.bucket?,
                category,
                platform: platform(row),
                total_bets: row.settled,
                total_stakes: money(row.staked),
                total_payouts: money(row.paid),
                revenue: money(row.revenue()),
                profit_margin: margin(row.staked, row.revenue()),
                currency,
            }),
            Kind::BettingPatterns | Kind::TradingPatterns => Self::Pattern(PatternRow {
                bet_date: row.bucket?,
                sport_name: category,
                bet_type: row.kind.clone().unwrap_or_default(),
                count: row.settled,
                total_amount: money(row.staked),
                win_rate,
                currency,
            }),
            Kind::SportPerformance => Self::Sport(SportRow {
                sport_name: category,
                total_bets: row.settled,
                total_stakes: money(row.staked),
                won_bets: row.won,
                lost_bets: row.settled - row.won,
                sport_revenue: money(row.revenue()),
                win_rate,
                currency,
            }),
            Kind::CasinoPerformance => Self::Casino(CasinoRow {
                game_name: category,
                total_games: row.settled,
                total_stakes: money(row.staked),
                won_games: row.won,
                lost_games: row.settled - row.won,
                casino_revenue: money(row.revenue()),
                win_rate,
                currency,
            }),
            Kind::UserActivity => return None,
        })
    }

    pub(crate) fn of_player(row: &PlayerRow) -> Self {
        Self::Player(ActivityRow {
            username: row.username.clone(),
            email: row.email.clone(),
            total_bets: row.rounds,
            total_staked: row.currency.money(row.staked),
            payout: row.currency.money(row.paid),
            user_profit: row.currency.money(Minor::new(row.paid.get() - row.staked.get())),
            joined_date: row.joined_at.to_offset(time::UtcOffset::UTC).date(),
            currency: row.currency.code().to_owned(),
        })
    }
}

fn platform(row: &Figures) -> &'static str {
    match row.product.as_deref() {
        Some("sports") => "Sportsbook",
        _ => "Casino",
    }
}
