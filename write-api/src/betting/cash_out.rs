//! Selling a bet before it is decided: what it is worth, and the sale, each as one transaction. Must never pay for a
//! bet whose open legs can't be priced at this moment.

use std::sync::Arc;

use shared::db::Db;
use shared::ids::{OperatorId, PlayerId};
use shared::money::{Currency, Minor};
use shared::sports::Sport;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::error::{BetError, LegError};
use super::gate;
use super::http::CashedOut;
use super::rules::payout::{Factor, pays};
use super::rules::slip::Policy;
use super::rules::verdict::{Status, Verdict};
use super::settling::{Bet, Purses, Settled, owed, read_bets, settle};
use super::slip::{AskedLeg, AskedLine};
use super::store::{self, Quote, find_quote, insert_quote, offers, use_quote};
use crate::commands::{self, Actor, Answer, Command};
use crate::ledger::lock_wallet;

/// Who sells which bet, and when.
#[derive(Clone, Debug)]
pub(super) struct Sale {
    pub(super) operator: OperatorId,
    pub(super) player: PlayerId,
    pub(super) token_hash: [u8; 32],
    pub(super) bet: i64,
    pub(super) at: OffsetDateTime,
    pub(super) margin_bp: u32,
}

/// A quote that was kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quoted {
    pub(super) id: Uuid,
    pub(super) quote: Quote,
    pub(super) currency: Currency,
}

/// What the bet is worth at this moment, kept until `expires_at`.
pub(super) async fn quote(
    db: &Db,
    sale: Sale,
    id: Uuid,
    expires_at: OffsetDateTime,
) -> Result<Quoted, BetError> {
    let sale = Arc::new(sale);
    let work = db.write(move |db| {
        let sale = Arc::clone(&sale);
        Box::pin(async move {
            let currency = admitted(db, &sale).await?;
            let bet = pending(own_bet(db, &sale).await?)?;
            let amount = worth(db, &sale, &bet).await?;
            let quote = Quote {
                bet: sale.bet,
                amount,
                settlements: bet.settlements,
                expires_at,
                used_at: None,
            };
            insert_quote(sale.operator, db, sale.player, id, &quote).await?;
            Ok::<_, BetError>(Quoted { id, quote, currency })
        })
    });
    work.await
}

/// An accepted quote: the same however often its transaction has to be run.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) sale: Sale,
    pub(super) quote: Uuid,
    pub(super) tx_id: Uuid,
    pub(super) command: Option<Command>,
}

/// Sells the bet for what was quoted, or repeats the answer to the same request.
pub(super) async fn accept(db: &Db, accepted: Accepted) -> Result<Answer, BetError> {
    let accepted = Arc::new(accepted);
    let work = db.write(move |db| {
        let accepted = Arc::clone(&accepted);
        Box::pin(async move { sell(db, &accepted).await })
    });
    work.await
}

async fn sell(db: &mut PgConnection, accepted: &Accepted) -> Result<Answer, BetError> {
    let sale = &accepted.sale;
    let (operator, player) = (sale.operator, sale.player);
    // The events of a bet never change, so they may be read before its wallet is locked; how it stands does.
    let bet = own_bet(db, sale).await?;
    gate::enter(&events(&bet), db).await?;
    let wallet = lock_wallet(operator, db, player).await?;
    let actor = Actor::from(player);
    if let Some(command) = &accepted.command
        && let Some(stored) = commands::find(operator, db, &actor, command.key()).await?
    {
        return Ok(command.repeat(stored)?);
    }
    let currency = admitted(db, sale).await?;
    let quote = find_quote(operator, db, player, accepted.quote).await?;
    let quote = quote
        .filter(|quote| quote.bet == sale.bet)
        .ok_or(BetError::UnknownQuote)?;
    let bet = pending(own_bet(db, sale).await?)?;
    if quote.used_at.is_some() || quote.expires_at <= sale.at || quote.settlements != bet.settlements {
        return Err(BetError::QuoteExpired);
    }
    let now = worth(db, sale, &bet).await?;
    if now < quote.amount {
        return Err(BetError::WorthLess(now, currency));
    }
    use_quote(operator, db, accepted.quote, sale.at).await?;
    let purses = Purses::new(vec![wallet], &owed(db, &[(operator, player)]).await?);
    let settled = Settled {
        bet,
        now: Verdict {
            status: Status::CashedOut,
            payout: quote.amount,
        },
        by: None,
    };
    let balance = settle(db, purses, &[settled], accepted.tx_id, sale.at).await?;
    let balance = balance.get(&(operator, player)).copied().unwrap_or(Minor::ZERO);
    let answer = Answer::ok(serde_json::to_string(&CashedOut::new(
        sale.bet,
        quote.amount,
        balance,
        &currency,
    ))?);
    if let Some(command) = &accepted.command {
        commands::insert(operator, db, &actor, command, &answer, sale.at).await?;
    }
    Ok(answer)
}

async fn admitted(db: &mut PgConnection, sale: &Sale) -> Result<Currency, BetError> {
    let standing = store::standing(sale.operator, db, sale.player, &sale.token_hash, sale.at).await?;
    if !standing.is_logged_in {
        return Err(BetError::NotLoggedIn);
    }
    if !standing.operator_is_active {
        return Err(BetError::OperatorDisabled);
    }
    if !standing.player_is_active {
        return Err(BetError::AccountDisabled);
    }
    Ok(standing.currency)
}

/// The bet, however it stands.
async fn own_bet(db: &mut PgConnection, sale: &Sale) -> Result<Bet, BetError> {
    let mut found = read_bets(db, &[(sale.operator, sale.bet)]).await?;
    let bet = found.pop().filter(|bet| bet.player == sale.player);
    bet.ok_or(BetError::UnknownBet)
}

/// The bet, if it can still be sold.
fn pending(bet: Bet) -> Result<Bet, BetError> {
    if bet.stood.status == Status::Pending {
        Ok(bet)
    } else {
        Err(BetError::NotPending)
    }
}

fn events(bet: &Bet) -> Vec<(Sport, String)> {
    let event = |leg: &super::settling::Leg| Some((Sport::find(&leg.sport)?, leg.event.clone()));
    bet.legs.iter().filter_map(event).collect()
}

/// What the bet would pay with each open leg at its price of this moment, less the margin: stake × accepted odds /
/// current odds, and what the decided legs multiply by.
async fn worth(db: &mut PgConnection, sale: &Sale, bet: &Bet) -> Result<Minor, BetError> {
    let mut open = Vec::new();
    for (at, leg) in bet
        .legs
        .iter()
        .enumerate()
        .filter(|(_, leg)| leg.outcome.is_none())
    {
        let sport = Sport::find(&leg.sport).ok_or_else(|| BetError::Legs(vec![(at, LegError::NoEvent)]))?;
        let asked = AskedLeg {
            sport,
            event: leg.event.clone(),
            market: leg.market.clone(),
            selection: leg.selection.clone(),
            line: AskedLine::Any,
            shown: leg.price,
        };
        open.push((at, asked));
    }
    let asked: Vec<AskedLeg> = open.iter().map(|(_, leg)| leg.clone()).collect();
    let offers = offers(sale.operator, db, &asked, Policy::Any, sale.at).await?;
    let mut factors: Vec<Factor> = bet
        .legs
        .iter()
        .map(|leg| {
            leg.outcome
                .map_or(Factor::worth(leg.price, leg.price), |outcome| {
                    Factor::of(leg.price, outcome)
                })
        })
        .collect();
    let mut refused = Vec::new();
    for ((at, _), offer) in open.iter().zip(offers) {
        match offer {
            Ok(offer) => factors[*at] = Factor::worth(bet.legs[*at].price, offer.price),
            Err(error) => refused.push((*at, error)),
        }
    }
    if !refused.is_empty() {
        return Err(BetError::Legs(refused));
    }
    let terms = &bet.terms;
    let worth = pays(terms.unit_stake, &terms.sizes, &factors, sale.margin_bp).min(terms.max_payout);
    if worth > Minor::ZERO {
        Ok(worth)
    } else {
        Err(BetError::Worthless)
    }
}
