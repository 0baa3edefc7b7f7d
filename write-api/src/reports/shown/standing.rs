//! How operators stand and what they earned, in each currency. Must never add amounts of two currencies.

use serde::Serialize;
use shared::moment::day;
use shared::money::{Currency, Minor, Money};
use time::Date;
use utoipa::ToSchema;

use super::platform;
use crate::reports::rules::percent;
use crate::reports::store::{AtStake, Figures, Lately, Operators, Players};

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
