//! Contests and standings as they are shown to the platform's staff.

use serde::{Deserialize, Serialize};
use shared::ids::{OperatorId, PlayerId};
use shared::money::{Minor, Money};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::super::final_standings::{ContestRow, OperatorPlace, PlayerPlace};
use crate::paging::Pagination;

/// A page of the contests.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContestList {
    /// Always true.
    success: bool,
    contests: Vec<ShownContest>,
    pagination: Pagination,
}

impl ContestList {
    pub(super) fn new(rows: Vec<ContestRow>, pagination: Pagination) -> Self {
        Self {
            success: true,
            contests: rows.into_iter().map(ShownContest::from).collect(),
            pagination,
        }
    }
}

/// One contest.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContestDetail {
    /// Always true.
    success: bool,
    contest: ShownContest,
}

impl From<ContestRow> for ContestDetail {
    fn from(row: ContestRow) -> Self {
        Self {
            success: true,
            contest: row.into(),
        }
    }
}

/// A contest.
#[derive(Debug, Serialize, ToSchema)]
struct ShownContest {
    id: i64,
    /// For people.
    contest_name: String,
    #[serde(with = "time::serde::rfc3339")]
    starts_at: OffsetDateTime,
    /// When it is said to end.
    #[serde(with = "time::serde::rfc3339")]
    contest_end_date: OffsetDateTime,
    /// Whether the leaderboards show it.
    is_active: bool,
    /// When its final standings were kept; null where they are not.
    #[serde(with = "time::serde::rfc3339::option")]
    ended_at: Option<OffsetDateTime>,
}

impl From<ContestRow> for ShownContest {
    fn from(row: ContestRow) -> Self {
        Self {
            id: row.id,
            contest_name: row.name,
            starts_at: row.starts_at,
            contest_end_date: row.ends_at,
            is_active: row.is_running,
            ended_at: row.ended_at,
        }
    }
}

/// Which board of a contest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Board {
    /// Players by what they were paid less what they staked.
    #[default]
    Players,
    /// Operators by what was staked.
    Operators,
}

/// A page of the final standings of a contest.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Standings {
    /// Always true.
    success: bool,
    contest: ShownContest,
    /// The players of the page; empty on the board of operators.
    users: Vec<ShownPlayer>,
    /// The operators of the page; empty on the board of players.
    partners: Vec<ShownOperator>,
    pagination: Pagination,
}

impl Standings {
    pub(super) fn new(
        contest: ContestRow,
        players: Vec<PlayerPlace>,
        operators: Vec<OperatorPlace>,
        pagination: Pagination,
    ) -> Self {
        Self {
            success: true,
            contest: contest.into(),
            users: players.into_iter().map(ShownPlayer::from).collect(),
            partners: operators.into_iter().map(ShownOperator::from).collect(),
            pagination,
        }
    }
}

/// A player's place.
#[derive(Debug, Serialize, ToSchema)]
struct ShownPlayer {
    /// The place, from 1.
    position: i32,
    /// The operator's name in URLs.
    subdomain: String,
    currency: String,
    id: PlayerId,
    /// As it was when the contest ended.
    username: String,
    /// In the contest, in the operator's currency.
    #[schema(value_type = f64)]
    staked: Money,
    /// What the player was paid in the contest.
    #[schema(value_type = f64)]
    payout: Money,
    /// What the player was paid less what was staked.
    #[schema(value_type = f64)]
    profit: Money,
}

impl From<PlayerPlace> for ShownPlayer {
    fn from(row: PlayerPlace) -> Self {
        let money = |minor| row.currency.money(minor);
        Self {
            position: row.position,
            currency: row.currency.code().to_owned(),
            id: row.player,
            staked: money(row.staked),
            payout: money(row.paid),
            profit: money(Minor::new(row.paid.get() - row.staked.get())),
            subdomain: row.subdomain,
            username: row.username,
        }
    }
}

/// An operator's place.
#[derive(Debug, Serialize, ToSchema)]
struct ShownOperator {
    /// The place, from 1.
    position: i32,
    id: OperatorId,
    sportsbook_name: String,
    subdomain: String,
    currency: String,
    /// Players that the operator had when the contest ended.
    user_count: i64,
    /// What was staked in the contest.
    #[schema(value_type = f64)]
    total_volume: Money,
    /// Rounds that were played in the contest.
    trade_count: i64,
}

impl From<OperatorPlace> for ShownOperator {
    fn from(row: OperatorPlace) -> Self {
        Self {
            position: row.position,
            id: row.operator,
            currency: row.currency.code().to_owned(),
            user_count: row.players,
            total_volume: row.currency.money(row.staked),
            trade_count: row.rounds,
            sportsbook_name: row.name,
            subdomain: row.subdomain,
        }
    }
}
