//! Boards as pages read them. Must never show more of a player than the name.

use serde::Serialize;
use shared::money::{Currency, Minor, Money};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::board::{
    Contest, Face, OperatorRow, OperatorSums, Operators, PlayerRow, PlayerSums, Players, SumUnit,
};
use super::paging::{At, BoardPagination};

/// A page of the players' board.
#[derive(Serialize, ToSchema)]
pub(super) struct PlayerBoard<'a> {
    success: bool,
    users: Vec<PlayerEntry<'a>>,
    stats: PlayerStats<'a>,
    /// When the running contest began; null when none runs, and figures are those of all time.
    #[serde(with = "time::serde::rfc3339::option")]
    backup_date: Option<OffsetDateTime>,
    /// When the running contest is said to end.
    #[serde(with = "time::serde::rfc3339::option")]
    contest_end_date: Option<OffsetDateTime>,
    pagination: BoardPagination,
}

/// A player on the board.
#[derive(Serialize, ToSchema)]
pub(super) struct PlayerEntry<'a> {
    /// From 1. No two share one.
    rank: usize,
    /// Unique among the players of one operator.
    username: &'a str,
    /// The operator.
    sportsbook_name: &'a str,
    /// The operator's name in URLs.
    subdomain: &'a str,
    /// ISO 4217: of all amounts here.
    currency: &'a str,
    /// Staked since the contest began.
    #[schema(value_type = f64)]
    staked: Money,
    /// Paid out since the contest began.
    #[schema(value_type = f64)]
    payout: Money,
    /// `payout` less `staked`.
    #[schema(value_type = f64)]
    profit: Money,
    /// Staked ever, when the contest began.
    #[schema(value_type = f64)]
    backup_staked: Money,
    /// Paid out ever, when the contest began.
    #[schema(value_type = f64)]
    backup_payout: Money,
    /// `backup_payout` less `backup_staked`.
    #[schema(value_type = f64)]
    backup_profit: Money,
}

/// All players of a board together.
#[derive(Serialize, ToSchema)]
pub(super) struct PlayerStats<'a> {
    /// Players on the board.
    total_users: usize,
    #[schema(value_type = f64)]
    total_staked_delta: Money,
    #[schema(value_type = f64)]
    total_payout_delta: Money,
    #[schema(value_type = f64)]
    total_profit_delta: Money,
    /// Of the sums; null when they are of amounts in several.
    currency: Option<&'a str>,
}

/// A page of the operators' board.
#[derive(Serialize, ToSchema)]
pub(super) struct OperatorBoard<'a> {
    success: bool,
    partners: Vec<OperatorEntry<'a>>,
    stats: OperatorStats<'a>,
    /// When the running contest began; null when none runs, and figures are those of all time.
    #[serde(with = "time::serde::rfc3339::option")]
    backup_date: Option<OffsetDateTime>,
    /// When the running contest is said to end.
    #[serde(with = "time::serde::rfc3339::option")]
    contest_end_date: Option<OffsetDateTime>,
    pagination: BoardPagination,
}

/// An operator on the board.
#[derive(Serialize, ToSchema)]
pub(super) struct OperatorEntry<'a> {
    /// From 1. No two share one.
    rank: usize,
    sportsbook_name: &'a str,
    /// The name in URLs.
    subdomain: &'a str,
    /// Always true: others are not shown.
    is_active: bool,
    /// ISO 4217: of all amounts here.
    currency: &'a str,
    /// Players today.
    user_count: i64,
    /// Staked since the contest began.
    #[schema(value_type = f64)]
    total_volume: Money,
    /// Rounds since the contest began.
    trade_count: i64,
    /// Players when the contest began.
    backup_user_count: i64,
    /// Staked ever, when the contest began.
    #[schema(value_type = f64)]
    backup_volume: Money,
    /// Rounds ever, when the contest began.
    backup_trade_count: i64,
}

/// All active operators together.
#[derive(Serialize, ToSchema)]
pub(super) struct OperatorStats<'a> {
    total_partners: usize,
    #[schema(value_type = f64)]
    total_volume_delta: Money,
    total_trade_count_delta: i64,
    /// Players of all operators today.
    total_users: i64,
    /// For each operator, rounded down.
    #[schema(value_type = f64)]
    avg_volume_delta: Money,
    /// For each operator, rounded down to hundredths.
    #[schema(value_type = f64)]
    avg_trade_count_delta: Money,
    /// Of the sums; null when they are of amounts in several.
    currency: Option<&'a str>,
}

impl<'a> PlayerBoard<'a> {
    /// The part of the board that the page shows.
    pub(super) fn new(players: &'a Players, contest: Option<&Contest>, at: At) -> Self {
        let entry = |(rank, row): (usize, &'a PlayerRow)| {
            let face = players.operators.get(&row.operator)?;
            Some(PlayerEntry::new(rank, row, face))
        };
        Self {
            success: true,
            users: at.of(&players.best).filter_map(entry).collect(),
            stats: PlayerStats::new(&players.sums),
            backup_date: contest.map(|contest| contest.starts_at),
            contest_end_date: contest.map(|contest| contest.ends_at),
            pagination: at.in_all(players.sums.players, players.best.len()),
        }
    }
}

impl<'a> PlayerEntry<'a> {
    fn new(rank: usize, row: &'a PlayerRow, face: &'a Face) -> Self {
        let money = |minor: Minor| face.currency.money(minor);
        let staked = less(row.staked, row.base_staked);
        let payout = less(row.paid, row.base_paid);
        Self {
            rank,
            username: &row.username,
            sportsbook_name: &face.name,
            subdomain: &face.subdomain,
            currency: face.currency.code(),
            staked: money(staked),
            payout: money(payout),
            profit: money(less(payout, staked)),
            backup_staked: money(row.base_staked),
            backup_payout: money(row.base_paid),
            backup_profit: money(less(row.base_paid, row.base_staked)),
        }
    }
}

impl<'a> PlayerStats<'a> {
    fn new(sums: &'a PlayerSums) -> Self {
        let money = |minor: Minor| sums.unit.money(minor);
        Self {
            total_users: sums.players,
            total_staked_delta: money(sums.staked),
            total_payout_delta: money(sums.paid),
            total_profit_delta: money(less(sums.paid, sums.staked)),
            currency: sums.unit.currency.as_deref(),
        }
    }
}

impl<'a> OperatorBoard<'a> {
    /// The part of the board that the page shows.
    pub(super) fn new(operators: &'a Operators, contest: Option<&Contest>, at: At) -> Self {
        Self {
            success: true,
            partners: at.of(&operators.best).map(OperatorEntry::new).collect(),
            stats: OperatorStats::new(&operators.sums),
            backup_date: contest.map(|contest| contest.starts_at),
            contest_end_date: contest.map(|contest| contest.ends_at),
            pagination: at.in_all(operators.sums.operators, operators.best.len()),
        }
    }
}

impl<'a> OperatorEntry<'a> {
    fn new((rank, row): (usize, &'a OperatorRow)) -> Self {
        let currency: &'a Currency = &row.face.currency;
        Self {
            rank,
            sportsbook_name: &row.face.name,
            subdomain: &row.face.subdomain,
            is_active: true,
            currency: currency.code(),
            user_count: row.players,
            total_volume: currency.money(less(row.staked, row.base_staked)),
            trade_count: row.rounds - row.base_rounds,
            backup_user_count: row.base_players,
            backup_volume: currency.money(row.base_staked),
            backup_trade_count: row.base_rounds,
        }
    }
}

/// Of averages of counts.
const AVERAGE_DECIMALS: u8 = 2;

impl<'a> OperatorStats<'a> {
    fn new(sums: &'a OperatorSums) -> Self {
        let operators = i64::try_from(sums.operators).unwrap_or(i64::MAX).max(1);
        let hundredths = sums.rounds.saturating_mul(100) / operators;
        Self {
            total_partners: sums.operators,
            total_volume_delta: sums.unit.money(sums.staked),
            total_trade_count_delta: sums.rounds,
            total_users: sums.players,
            avg_volume_delta: sums.unit.money(Minor::new(sums.staked.get() / operators)),
            avg_trade_count_delta: Money::new(Minor::new(hundredths), AVERAGE_DECIMALS),
            currency: sums.unit.currency.as_deref(),
        }
    }
}

impl SumUnit {
    const fn money(&self, minor: Minor) -> Money {
        Money::new(minor, self.decimals)
    }
}

/// A difference of two amounts that are not negative, which always fits.
fn less(amount: Minor, other: Minor) -> Minor {
    amount.checked_sub(other).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::json;
    use shared::ids::OperatorId;
    use time::macros::datetime;

    use super::*;

    fn face() -> Face {
        Face {
            name: "Aurora".into(),
            subdomain: "aurora".into(),
            currency: Currency::USD,
        }
    }

    fn unit() -> SumUnit {
        SumUnit {
            decimals: 2,
            currency: Some("USD".into()),
        }
    }

    #[test]
    fn a_page_of_players_shows_what_they_won_since_the_contest_began() {
        let players = Players {
            best: vec![PlayerRow {
                operator: OperatorId::new(1),
                username: "alice".into(),
                staked: Minor::new(700),
                paid: Minor::new(1900),
                base_staked: Minor::new(500),
                base_paid: Minor::new(100),
            }],
            operators: HashMap::from([(OperatorId::new(1), face())]),
            sums: PlayerSums {
                players: 31,
                staked: Minor::new(9_000),
                paid: Minor::new(10_001),
                unit: unit(),
            },
        };
        let contest = Contest {
            id: 1,
            starts_at: datetime!(2030-01-01 00:00 UTC),
            ends_at: datetime!(2030-02-01 12:30 UTC),
        };
        let at = At::read(None, None).unwrap();
        let page = PlayerBoard::new(&players, Some(&contest), at);
        let expected = json!({
            "success": true,
            "users": [{
                "rank": 1,
                "username": "alice",
                "sportsbook_name": "Aurora",
                "subdomain": "aurora",
                "currency": "USD",
                "staked": 2.0,
                "payout": 18.0,
                "profit": 16.0,
                "backup_staked": 5.0,
                "backup_payout": 1.0,
                "backup_profit": -4.0,
            }],
            "stats": {
                "total_users": 31,
                "total_staked_delta": 90.0,
                "total_payout_delta": 100.01,
                "total_profit_delta": 10.01,
                "currency": "USD",
            },
            "backup_date": "2030-01-01T00:00:00Z",
            "contest_end_date": "2030-02-01T12:30:00Z",
            "pagination": {
                "page": 1, "per_page": 20, "total": 31, "pages": 1, "has_next": false, "has_prev": false,
            },
        });
        let text = serde_json::to_string(&page).unwrap();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            expected
        );
        assert!(text.contains("\"profit\":16.00,"), "{text}");
    }

    #[test]
    fn a_page_of_operators_shows_averages_also_of_none() {
        let sums = |operators, rounds, staked| OperatorSums {
            operators,
            players: 9,
            staked: Minor::new(staked),
            rounds,
            unit: unit(),
        };
        let stats = sums(3, 7, 1000);
        let stats = OperatorStats::new(&stats);
        assert_eq!(stats.avg_volume_delta.to_string(), "3.33");
        assert_eq!(stats.avg_trade_count_delta.to_string(), "2.33");
        let stats = sums(0, 0, 0);
        assert_eq!(OperatorStats::new(&stats).avg_volume_delta.to_string(), "0.00");
    }
}
