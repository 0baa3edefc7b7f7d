//! Totals and reports as JSON, and their rows as cells of a table. Must never add amounts of two currencies.

use serde::Serialize;
use shared::ids::{OperatorId, PlayerId};
use shared::moment::day;
use shared::money::{Currency, Minor, Money};
use time::{Date, OffsetDateTime};
use utoipa::ToSchema;

use super::rules::{Kind, Period, margin, percent};
use super::store::{AtStake, Figures, Lately, Operators, PlayerRow, Players};
use crate::paging::Pagination;

/// What settled in some time.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct Settled {
    /// Rounds and bets that settled; voided ones are in no number.
    total_bets: i64,
    /// Those that paid more than was staked.
    won_bets: i64,
    #[schema(value_type = f64)]
    total_stakes: Money,
    #[schema(value_type = f64)]
    total_payouts: Money,
    /// The stakes less the payouts.
    #[schema(value_type = f64)]
    total_revenue: Money,
    /// Won ones of a hundred, to one decimal.
    win_rate: f64,
}

impl Settled {
    fn of(currency: Currency, settled: i64, won: i64, staked: Minor, paid: Minor) -> Self {
        Self {
            total_bets: settled,
            won_bets: won,
            total_stakes: currency.money(staked),
            total_payouts: currency.money(paid),
            total_revenue: currency.money(Minor::new(staked.get() - paid.get())),
            win_rate: percent(won, settled),
        }
    }

    /// Nothing of `currency`, or what `rows` add up to, which are all of it.
    fn sum(currency: Currency, rows: &[Figures]) -> Self {
        let sum = |of: fn(&Figures) -> i64| rows.iter().map(of).sum();
        Self::of(
            currency,
            sum(|row| row.settled),
            sum(|row| row.won),
            Minor::new(sum(|row| row.staked.get())),
            Minor::new(sum(|row| row.paid.get())),
        )
    }
}

/// What was and is at stake in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Standing {
    currency: String,
    /// What the players' wallets hold together.
    #[schema(value_type = f64)]
    player_balances: Money,
    /// Rounds that are not over; they are in no other number.
    pending_bets: i64,
    /// Their stakes.
    #[schema(value_type = f64)]
    pending_stakes: Money,
    today: Settled,
    /// Today and the six days before it, in UTC.
    last_7_days: Settled,
    /// Today and the 29 days before it, in UTC.
    last_30_days: Settled,
    all_time: Settled,
}

impl Standing {
    /// One for each currency; both lists have the same currencies.
    pub(crate) fn each(at_stake: &[AtStake], lately: &[Lately]) -> Vec<Self> {
        let standing = |now: &AtStake| {
            let currency = now.currency;
            let of = |days: i32| {
                let found = lately
                    .iter()
                    .find(|lately| lately.currency == currency && lately.days == days);
                found.map_or_else(
                    || Settled::sum(currency, &[]),
                    |found| Settled::of(currency, found.settled, found.won, found.staked, found.paid),
                )
            };
            Self {
                currency: currency.code().to_owned(),
                player_balances: currency.money(now.held),
                pending_bets: now.open,
                pending_stakes: currency.money(now.open_staked),
                today: of(1),
                last_7_days: of(7),
                last_30_days: of(30),
                all_time: of(0),
            }
        };
        at_stake.iter().map(standing).collect()
    }
}

/// How an operator stands at this moment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperatorStats {
    /// Always true.
    pub(crate) success: bool,
    pub(crate) casino_enabled: bool,
    total_users: i64,
    /// Those who logged in within 30 days.
    active_users: i64,
    #[serde(flatten)]
    standing: Standing,
}

impl OperatorStats {
    pub(crate) fn new(players: Players, standing: Standing, casino_enabled: bool) -> Self {
        Self {
            success: true,
            casino_enabled,
            total_users: players.all,
            active_users: players.active,
            standing,
        }
    }
}

/// How all operators stand together at this moment: the sums of what each of them is told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlatformStats {
    /// Always true.
    success: bool,
    total_operators: i64,
    active_operators: i64,
    /// Those that registered since the first of this month in UTC.
    new_operators_this_month: i64,
    total_users: i64,
    /// Those who logged in within 30 days.
    active_users: i64,
    /// One for each currency that an operator has.
    currencies: Vec<Standing>,
}

impl PlatformStats {
    pub(crate) fn new(operators: Operators, players: Players, currencies: Vec<Standing>) -> Self {
        Self {
            success: true,
            total_operators: operators.all,
            active_operators: operators.active,
            new_operators_this_month: operators.new,
            total_users: players.all,
            active_users: players.active,
            currencies,
        }
    }
}

/// What was earned in a period, in each currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Overview {
    /// Always true.
    pub(crate) success: bool,
    #[serde(with = "day")]
    #[schema(value_type = String, format = Date)]
    pub(crate) from: Date,
    #[serde(with = "day")]
    #[schema(value_type = String, format = Date)]
    pub(crate) to: Date,
    /// One for each currency in which something settled.
    pub(crate) currencies: Vec<CurrencyOverview>,
}

/// What was earned in one currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CurrencyOverview {
    currency: String,
    overview: Settled,
    /// The days, weeks or months in which something settled, the newest first.
    daily_data: Vec<BucketRow>,
    /// Games and sports, what earned most first.
    category_data: Vec<CategoryRow>,
}

/// What settled on a day, or in a week or month.
#[derive(Debug, Serialize, ToSchema)]
struct BucketRow {
    /// The day, the week's Monday, or the month's first day.
    #[serde(with = "day")]
    #[schema(value_type = String, format = Date)]
    bet_date: Date,
    daily_bets: i64,
    #[schema(value_type = f64)]
    daily_stakes: Money,
    #[schema(value_type = f64)]
    daily_payouts: Money,
    #[schema(value_type = f64)]
    daily_revenue: Money,
}

/// What settled of one game or sport.
#[derive(Debug, Serialize, ToSchema)]
struct CategoryRow {
    /// The game or the sport.
    category: String,
    /// `Casino` or `Sportsbook`.
    platform: &'static str,
    bets_count: i64,
    #[schema(value_type = f64)]
    total_stakes: Money,
    #[schema(value_type = f64)]
    total_payouts: Money,
    #[schema(value_type = f64)]
    revenue: Money,
}

impl CurrencyOverview {
    /// One for each currency of `categories`; the buckets are of the same time.
    pub(crate) fn each(buckets: &[Figures], categories: &[Figures]) -> Vec<Self> {
        let mut currencies: Vec<_> = categories.iter().map(|row| row.currency).collect();
        currencies.sort_unstable_by(|one, other| one.code().cmp(other.code()));
        currencies.dedup();
        let of = |currency: Currency| {
            let of_it = |rows: &[Figures]| -> Vec<Figures> {
                rows.iter()
                    .filter(|row| row.currency == currency)
                    .cloned()
                    .collect()
            };
            let categories = of_it(categories);
            Self {
                currency: currency.code().to_owned(),
                overview: Settled::sum(currency, &categories),
                daily_data: of_it(buckets).iter().filter_map(BucketRow::of).collect(),
                category_data: categories.iter().map(CategoryRow::of).collect(),
            }
        };
        currencies.into_iter().map(of).collect()
    }
}

impl BucketRow {
    fn of(row: &Figures) -> Option<Self> {
        Some(Self {
            bet_date: row.bucket?,
            daily_bets: row.settled,
            daily_stakes: row.currency.money(row.staked),
            daily_payouts: row.currency.money(row.paid),
            daily_revenue: row.currency.money(row.revenue()),
        })
    }
}

impl CategoryRow {
    fn of(row: &Figures) -> Self {
        Self {
            category: row.category.clone().unwrap_or_default(),
            platform: platform(row),
            bets_count: row.settled,
            total_stakes: row.currency.money(row.staked),
            total_payouts: row.currency.money(row.paid),
            revenue: row.currency.money(row.revenue()),
        }
    }
}

fn platform(row: &Figures) -> &'static str {
    match row.product.as_deref() {
        Some("sports") => "Sportsbook",
        _ => "Casino",
    }
}

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

/// A player, and all that the player ever played.
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

impl OperatorRevenue {
    pub(crate) fn of(row: Figures) -> Option<Self> {
        Some(Self {
            operator_id: row.operator?,
            currency: row.currency.code().to_owned(),
            total_bets: row.settled,
            total_stakes: row.currency.money(row.staked),
            total_payouts: row.currency.money(row.paid),
            net_revenue: row.currency.money(row.revenue()),
            sportsbook_name: row.operator_name?,
            subdomain: row.subdomain?,
        })
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
    /// Rounds that were ever played.
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
