//! Players, their switches and adjustments as JSON. Must never show a password's hash or a session.

use serde::Serialize;
use shared::ids::PlayerId;
use shared::money::{Currency, Minor, Money};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::rules::{Adjustment, PlayerStatus};
use super::super::store::{PlayerRow, Totals};
use crate::paging::{Page, Pagination};
use crate::protection::http::ShownProtection;

/// A page of an operator's players.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlayerList {
    success: bool,
    /// Of all amounts.
    currency: String,
    users: Vec<PlayerAccount>,
    totals: PlayerTotals,
    pagination: Pagination,
}

/// The sums over all pages of a list.
#[derive(Debug, Serialize, ToSchema)]
struct PlayerTotals {
    players: i64,
    /// What they hold.
    #[schema(value_type = f64)]
    balance: Money,
    /// What they ever staked.
    #[schema(value_type = f64)]
    staked: Money,
    /// What they were ever paid.
    #[schema(value_type = f64)]
    payout: Money,
}

/// A player, and everything the player ever played to its end: an open round is in no number but the balance.
#[derive(Debug, Serialize, ToSchema)]
struct PlayerAccount {
    id: PlayerId,
    username: String,
    email: String,
    #[schema(value_type = f64)]
    balance: Money,
    is_active: bool,
    /// The same in a word.
    status: PlayerStatus,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    last_login_at: Option<OffsetDateTime>,
    #[schema(value_type = f64)]
    total_staked: Money,
    #[schema(value_type = f64)]
    total_payout: Money,
    /// The payouts less the stakes: what the player won, negative where the house did.
    #[schema(value_type = f64)]
    profit: Money,
    /// Rounds in the casino that are over.
    total_games: i64,
}

impl PlayerList {
    pub(super) fn new(players: Vec<PlayerRow>, totals: Totals, page: Page, currency: Currency) -> Self {
        Self {
            success: true,
            currency: currency.code().to_owned(),
            users: players
                .into_iter()
                .map(|row| PlayerAccount::of(row, currency))
                .collect(),
            totals: PlayerTotals {
                players: totals.players,
                balance: currency.money(totals.balance),
                staked: currency.money(totals.staked),
                payout: currency.money(totals.paid),
            },
            pagination: page.of(totals.players),
        }
    }
}

impl PlayerAccount {
    fn of(row: PlayerRow, currency: Currency) -> Self {
        // Neither is negative, so that the difference fits.
        let profit = Minor::new(row.paid.get() - row.staked.get());
        Self {
            id: row.id,
            username: row.username,
            email: row.email,
            balance: currency.money(row.balance),
            is_active: row.is_active,
            status: PlayerStatus::of(row.is_active),
            created_at: row.created_at,
            last_login_at: row.last_login_at,
            total_staked: currency.money(row.staked),
            total_payout: currency.money(row.paid),
            profit: currency.money(profit),
            total_games: row.rounds,
        }
    }
}

/// One player.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlayerDetail {
    success: bool,
    /// Of all amounts.
    currency: String,
    user: PlayerAccount,
    /// As the player sees it in `/api/player/limits`.
    protection: ShownProtection,
}

impl PlayerDetail {
    pub(super) fn new(row: PlayerRow, protection: ShownProtection, currency: Currency) -> Self {
        Self {
            success: true,
            currency: currency.code().to_owned(),
            user: PlayerAccount::of(row, currency),
            protection,
        }
    }
}

/// How a player is after a switch.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlayerSwitched {
    success: bool,
    /// For people.
    message: &'static str,
    new_status: PlayerStatus,
    is_active: bool,
}

impl PlayerSwitched {
    pub(super) const fn new(is_active: bool) -> Self {
        Self {
            success: true,
            message: if is_active {
                "Player enabled"
            } else {
                "Player disabled"
            },
            new_status: PlayerStatus::of(is_active),
            is_active,
        }
    }
}

/// An adjustment that was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct Adjusted<'a> {
    success: bool,
    player_id: PlayerId,
    /// What was added; negative where it was taken off.
    #[schema(value_type = f64)]
    amount: Money,
    /// What the wallet holds after it.
    #[schema(value_type = f64)]
    balance: Money,
    currency: &'a str,
    reason: &'a str,
    /// The ledger's id of the movement.
    transaction_id: Uuid,
}

impl<'a> Adjusted<'a> {
    pub(in super::super) fn new(
        adjustment: &'a Adjustment,
        difference: Minor,
        balance: Minor,
        currency: &'a Currency,
    ) -> Self {
        Self {
            success: true,
            player_id: adjustment.player,
            amount: currency.money(difference),
            balance: currency.money(balance),
            currency: currency.code(),
            reason: adjustment.why.as_str(),
            transaction_id: adjustment.tx_id,
        }
    }
}
