//! What a settlement does to bets and to the wallets of their players: posts the difference from what was paid before.
//! Must never touch a bet whose player's wallet this transaction does not hold.

mod store;

use std::collections::HashMap;

use shared::ids::{OperatorId, PlayerId};
use shared::money::Minor;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::rules::payout::Price;
use super::rules::verdict::{Counted, Status, Terms, Verdict};
use super::store::{Delta, change_exposure};
use crate::ledger::{
    Account, HouseReason, HouseTransfer, LedgerError, LockedWallet, Posting, Reason, post, transfer,
};
use crate::settlement::rules::Outcome;
use crate::webhooks::{Event, EventType, emit_all};

pub(crate) use store::{owed, read_bets};

/// A leg as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Leg {
    pub(crate) number: i16,
    pub(crate) sport: String,
    pub(crate) event: String,
    pub(crate) market: String,
    pub(crate) selection: String,
    pub(crate) book: String,
    pub(crate) price: Price,
    pub(crate) outcome: Option<Outcome>,
    /// The market settlement that decided it; 0 before the first.
    pub(crate) settlement: i64,
    pub(crate) is_by_hand: bool,
}

/// A bet as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Bet {
    pub(crate) operator: OperatorId,
    pub(crate) id: i64,
    pub(crate) player: PlayerId,
    pub(crate) terms: Terms,
    pub(crate) potential_payout: Minor,
    pub(crate) category: String,
    pub(crate) market: String,
    pub(crate) stood: Verdict,
    pub(crate) settlements: i32,
    pub(crate) legs: Vec<Leg>,
}

impl Bet {
    /// What it comes to with its legs as they stand.
    pub(crate) fn verdict(&self) -> Verdict {
        let legs: Vec<_> = self.legs.iter().map(|leg| (leg.price, leg.outcome)).collect();
        self.terms.verdict(&legs)
    }

    /// What it adds to the exposure of each of its selections, so many times.
    fn exposure(&self, times: i64) -> impl Iterator<Item = Delta> {
        self.legs.iter().map(move |leg| Delta {
            operator: self.operator,
            player: self.player,
            sport: leg.sport.clone(),
            event: leg.event.clone(),
            market: leg.market.clone(),
            selection: leg.selection.clone(),
            book: leg.book.clone(),
            is_single: self.legs.len() == 1,
            stake: self.terms.stake.get(),
            returns: self.potential_payout.get(),
            times,
        })
    }
}

/// A bet, what it comes to now, and by what.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    pub(crate) bet: Bet,
    pub(crate) now: Verdict,
    /// The settlement of a market that it follows from; none for a cash-out.
    pub(crate) by: Option<i64>,
}

/// The wallets of a transaction, and what their players owe.
#[derive(Debug)]
pub(crate) struct Purses {
    wallets: HashMap<(OperatorId, PlayerId), Purse>,
    transfers: Vec<(OperatorId, Minor, String)>,
}

#[derive(Debug)]
struct Purse {
    wallet: LockedWallet,
    owes: Minor,
    owed_before: Minor,
    is_moved: bool,
}

impl Purses {
    /// These wallets, which this transaction holds, with what their players owe.
    pub(crate) fn new(wallets: Vec<LockedWallet>, debts: &Balances) -> Self {
        let wallets = wallets.into_iter().map(|wallet| {
            let key = (wallet.operator(), wallet.player());
            let debt = debts.get(&key).copied().unwrap_or(Minor::ZERO);
            let purse = Purse {
                wallet,
                owes: debt,
                owed_before: debt,
                is_moved: false,
            };
            (key, purse)
        });
        Self {
            wallets: wallets.collect(),
            transfers: Vec::new(),
        }
    }

    /// Pays or takes back what changes when `bet` comes to `now`. What a wallet does not hold, its player owes; what a
    /// player owes is paid back from what the bet pays.
    fn pay(&mut self, bet: &Bet, now: Verdict, tx_id: Uuid) -> Result<(), LedgerError> {
        let key = (bet.operator, bet.player);
        let purse = self
            .wallets
            .get_mut(&key)
            .ok_or(LedgerError::NoWallet(bet.player))?;
        let difference = now
            .payout
            .checked_sub(bet.stood.payout)
            .ok_or(LedgerError::OutOfRange)?;
        if difference == Minor::ZERO {
            return Ok(());
        }
        let own = Account::Wallet(bet.player);
        let posting = |debit, credit, amount, reason| Posting {
            debit,
            credit,
            amount,
            reason,
            reference: bet.id.to_string(),
        };
        let mut postings = Vec::new();
        if difference > Minor::ZERO {
            let reason = if now.status == Status::Void {
                Reason::Refund
            } else {
                Reason::Payout
            };
            postings.push(posting(Account::Sportsbook, own, difference, reason));
            let paid_back = purse.owes.min(difference);
            if paid_back > Minor::ZERO {
                postings.push(posting(own, Account::Receivables, paid_back, Reason::Recovery));
                purse.owes = Minor::new(purse.owes.get() - paid_back.get());
            }
        } else {
            let back = Minor::new(-difference.get());
            let taken = back.min(purse.wallet.balance());
            if taken > Minor::ZERO {
                postings.push(posting(own, Account::Sportsbook, taken, Reason::Clawback));
            }
            let missing = Minor::new(back.get() - taken.get());
            if missing > Minor::ZERO {
                purse.owes = purse.owes.checked_add(missing).ok_or(LedgerError::OutOfRange)?;
                self.transfers.push((bet.operator, missing, bet.id.to_string()));
            }
        }
        purse.is_moved |= !postings.is_empty();
        purse.wallet.post(tx_id, &postings)
    }

    /// What the wallets hold after everything so far.
    fn balances(&self) -> Balances {
        let balances = self
            .wallets
            .iter()
            .map(|(key, purse)| (*key, purse.wallet.balance()));
        balances.collect()
    }

    async fn write(self, db: &mut PgConnection, tx_id: Uuid, at: OffsetDateTime) -> Result<(), LedgerError> {
        for (operator, amount, reference) in &self.transfers {
            let moved = HouseTransfer {
                debit: Account::Receivables,
                credit: Account::Sportsbook,
                amount: *amount,
                reason: HouseReason::Receivable,
                reference,
            };
            transfer(*operator, db, tx_id, &moved, at).await?;
        }
        let mut moved = Vec::new();
        for ((operator, player), purse) in self.wallets {
            if purse.owes != purse.owed_before {
                store::put_owed(operator, db, player, purse.owes).await?;
            }
            if purse.is_moved {
                moved.push(purse.wallet);
            }
        }
        if moved.is_empty() {
            return Ok(());
        }
        // In one order for everybody, as they were locked.
        moved.sort_by_key(|wallet| (wallet.operator(), wallet.player()));
        post(db, moved, at).await
    }
}

/// Amounts by player.
pub(crate) type Balances = HashMap<(OperatorId, PlayerId), Minor>;

/// Writes what bets come to: the bets, their legs, the money, the exposure, and what is told of it. Returns what the
/// wallets hold then.
///
/// # Errors
/// When the database fails or a wallet is not as it was locked; nothing may be committed then.
pub(crate) async fn settle(
    db: &mut PgConnection,
    mut purses: Purses,
    settled: &[Settled],
    tx_id: Uuid,
    at: OffsetDateTime,
) -> Result<Balances, LedgerError> {
    let changed: Vec<&Settled> = settled.iter().filter(|one| one.now != one.bet.stood).collect();
    let mut deltas = Vec::new();
    for one in &changed {
        purses.pay(&one.bet, one.now, tx_id)?;
        let (was, is) = (
            one.bet.stood.status == Status::Pending,
            one.now.status == Status::Pending,
        );
        if was != is {
            deltas.extend(one.bet.exposure(if is { 1 } else { -1 }));
        }
    }
    store::put_legs(db, settled).await?;
    let rows: Vec<_> = changed
        .iter()
        .map(|one| {
            (
                *one,
                Counted::between(one.bet.terms.stake, one.bet.stood, one.now),
            )
        })
        .collect();
    store::put_bets(db, &rows, at).await?;
    change_exposure(db, &deltas).await?;
    tell(db, &changed, at).await?;
    let balances = purses.balances();
    purses.write(db, tx_id, at).await?;
    Ok(balances)
}

/// Tells those who want to hear it.
async fn tell(db: &mut PgConnection, changed: &[&Settled], at: OffsetDateTime) -> Result<(), sqlx::Error> {
    let mut events = Vec::new();
    let subscribed = store::subscribed(db, changed).await?;
    for one in changed
        .iter()
        .filter(|one| subscribed.contains_key(&one.bet.operator))
    {
        let currency = subscribed[&one.bet.operator];
        let data = serde_json::json!({
            "bet_id": one.bet.id,
            "player_id": one.bet.player,
            "status": one.now.status,
            "stake": currency.money(one.bet.terms.stake),
            "payout": currency.money(one.now.payout),
            "currency": currency.code(),
            "settlement": one.bet.settlements + 1,
        });
        let event = Event::new(EventType::BetSettled, format!("bet {}", one.bet.id), &data, at)?;
        events.push((one.bet.operator, event));
    }
    emit_all(db, &events).await
}
