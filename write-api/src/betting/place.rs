//! A bet as one transaction. Must never read what is offered before it entered the gate, nor anything that a repeat of
//! the same request would change before the wallet is locked.

use std::collections::BTreeMap;
use std::sync::Arc;

use shared::db::Db;
use shared::money::{Currency, Minor};
use sqlx::PgConnection;

use super::error::{BetError, LegError};
use super::gate;
use super::http::PlacedBet;
use super::rules::exposure::{OnSelection, liability};
use super::rules::payout::{Factor, lines};
use super::rules::slip::Kind;
use super::rules::verdict::Terms;
use super::slip::{AskedStake, Slip};
use super::store::{self, Delta, NewBet, Offer, Standing, change_exposure, offers, on_events};
use crate::commands::{self, Actor, Answer};
use crate::ledger::{Account, LedgerError, Posting, Reason, lock_wallet, post};
use crate::protection::protection;
use crate::settlement::rules::Outcome;

/// Places the bet, or repeats the answer to the same request.
pub(super) async fn place(db: &Db, slip: Slip) -> Result<Answer, BetError> {
    let slip = Arc::new(slip);
    let work = db.write(move |db| {
        let slip = Arc::clone(&slip);
        Box::pin(async move { in_transaction(db, &slip).await })
    });
    work.await
}

async fn in_transaction(db: &mut PgConnection, slip: &Slip) -> Result<Answer, BetError> {
    let (operator, player, at) = (slip.operator, slip.player, slip.at);
    let events = slip.events();
    gate::enter(&events, db).await?;
    let mut wallet = lock_wallet(operator, db, player).await?;
    let standing = store::standing(operator, db, player, &slip.token_hash, at).await?;
    if !standing.is_logged_in {
        return Err(BetError::NotLoggedIn);
    }
    let actor = Actor::from(player);
    if let Some(command) = &slip.command
        && let Some(stored) = commands::find(operator, db, &actor, command.key()).await?
    {
        return Ok(command.repeat(stored)?);
    }
    let priced = price(slip, &standing)?;
    let legs = offered(db, slip).await?;
    let (protection, baselines) = protection(db, &wallet, at).await?;
    protection.admit_stake(priced.stake, wallet.totals(), &baselines, at)?;
    let currency = standing.currency;
    let terms = Terms {
        sizes: slip.kind.sizes(legs.len()),
        unit_stake: priced.unit_stake,
        stake: priced.stake,
        max_payout: standing.max_payout,
    };
    let won: Vec<Factor> = legs
        .iter()
        .map(|leg| Factor::of(leg.price, Outcome::Won))
        .collect();
    let potential_payout = terms.pays(&won);
    let deltas = deltas(slip, &legs, &terms, potential_payout);
    within_liabilities(db, slip, &standing, &deltas).await?;
    wallet.begin_bet();
    let stake = Posting {
        debit: Account::Wallet(player),
        credit: Account::Sportsbook,
        amount: priced.stake,
        reason: Reason::Stake,
        reference: standing.bet.to_string(),
    };
    wallet.post(slip.tx_id, &[stake]).map_err(|error| match error {
        LedgerError::InsufficientFunds { available } => {
            BetError::InsufficientFunds(currency.money(available))
        }
        refused => refused.into(),
    })?;
    let balance = wallet.balance();
    let bet = NewBet {
        id: standing.bet,
        player,
        kind: &slip.kind,
        terms: &terms,
        lines: priced.lines,
        potential_payout,
        policy: slip.policy,
        category: category(&legs),
        market: market(&slip.kind, &legs),
        legs: &legs,
        at,
    };
    store::insert(operator, db, &bet).await?;
    change_exposure(db, &deltas).await?;
    post(db, vec![wallet], at).await?;
    let answer = Answer::ok(serde_json::to_string(&PlacedBet::new(&bet, balance, &currency))?);
    if let Some(command) = &slip.command {
        commands::insert(operator, db, &actor, command, &answer, at).await?;
    }
    Ok(answer)
}

/// What a bet costs.
struct Priced {
    stake: Minor,
    unit_stake: Minor,
    lines: u64,
}

/// Checks who bets how much.
fn price(slip: &Slip, standing: &Standing) -> Result<Priced, BetError> {
    if !standing.operator_is_active {
        return Err(BetError::OperatorDisabled);
    }
    if !standing.player_is_active {
        return Err(BetError::AccountDisabled);
    }
    let currency = standing.currency;
    if slip
        .currency
        .as_deref()
        .is_some_and(|named| named != currency.code())
    {
        return Err(BetError::WrongCurrency(currency));
    }
    let lines = lines(slip.legs.len(), &slip.kind.sizes(slip.legs.len()));
    let priced = stakes(&slip.stake, lines, currency)?;
    if priced.stake < standing.min_stake {
        return Err(BetError::StakeTooSmall(currency.money(standing.min_stake)));
    }
    if priced.stake > standing.max_stake {
        return Err(BetError::StakeTooLarge(currency.money(standing.max_stake)));
    }
    Ok(priced)
}

fn stakes(asked: &AskedStake, lines: u64, currency: Currency) -> Result<Priced, BetError> {
    let count = i64::try_from(lines).unwrap_or(i64::MAX);
    let (stake, unit_stake) = match asked {
        AskedStake::Whole(_, stake) => {
            let stake = stake.positive(currency)?;
            if stake.get() % count != 0 {
                return Err(BetError::StakeNotDivisible(lines));
            }
            (stake, Minor::new(stake.get() / count))
        }
        AskedStake::EachLine(unit_stake) => {
            let unit_stake = unit_stake.positive(currency)?;
            (Minor::new(unit_stake.get().saturating_mul(count)), unit_stake)
        }
    };
    Ok(Priced {
        stake,
        unit_stake,
        lines,
    })
}

/// The selections of all legs, at their prices of this moment.
async fn offered(db: &mut PgConnection, slip: &Slip) -> Result<Vec<Offer>, BetError> {
    let offers = offers(slip.operator, db, &slip.legs, slip.policy, slip.at).await?;
    let mut legs = Vec::with_capacity(offers.len());
    let mut refused: Vec<(usize, LegError)> = Vec::new();
    for (at, offer) in offers.into_iter().enumerate() {
        match offer {
            Ok(leg) => legs.push(leg),
            Err(error) => refused.push((at, error)),
        }
    }
    if refused.is_empty() {
        Ok(legs)
    } else {
        Err(BetError::Legs(refused))
    }
}

fn deltas(slip: &Slip, legs: &[Offer], terms: &Terms, returns: Minor) -> Vec<Delta> {
    let of = |leg: &Offer| Delta {
        operator: slip.operator,
        player: slip.player,
        sport: leg.sport.key().to_owned(),
        event: leg.event.clone(),
        market: leg.market.clone(),
        selection: leg.selection.clone(),
        book: leg.book.clone(),
        is_single: legs.len() == 1,
        stake: terms.stake.get(),
        returns: returns.get(),
        times: 1,
    };
    legs.iter().map(of).collect()
}

/// Checks what the operator would stand to lose with this bet on each market and event. Where it allows only so much,
/// bets on one event follow each other from here to their commit, so that none overshoots.
async fn within_liabilities(
    db: &mut PgConnection,
    slip: &Slip,
    standing: &Standing,
    deltas: &[Delta],
) -> Result<(), BetError> {
    let (of_market, of_event) = (standing.max_market_liability, standing.max_event_liability);
    if of_market.is_none() && of_event.is_none() {
        return Ok(());
    }
    let events = slip.events();
    gate::queue_up(slip.operator, db, &events).await?;
    let mut markets: BTreeMap<(String, String), Exposed> = BTreeMap::new();
    for one in on_events(slip.operator, db, &events).await? {
        let event = markets.entry((one.sport, one.event)).or_default();
        let books = event.entry(one.market).or_default();
        books.entry(one.book).or_default().insert(one.selection, one.on);
    }
    for (at, delta) in deltas.iter().enumerate() {
        let event = markets
            .entry((delta.sport.clone(), delta.event.clone()))
            .or_default();
        let before = of_market_in(event, &delta.market);
        let books = event.entry(delta.market.clone()).or_default();
        let book = books.entry(delta.book.clone()).or_default();
        let on = book.entry(delta.selection.clone()).or_default();
        if delta.is_single {
            on.staked += i128::from(delta.stake);
            on.returns += i128::from(delta.returns);
        } else {
            on.multiples_returns += i128::from(delta.returns);
        }
        let after = of_market_in(event, &delta.market);
        let whole: i128 = event.keys().map(|market| of_market_in(event, market)).sum();
        // What lowers the liability is always welcome, also where the limit was lowered below it meanwhile.
        let is_above = |most: Option<Minor>, liability: i128| {
            most.is_some_and(|most| liability > i128::from(most.get()))
        };
        if after > before && (is_above(of_market, after) || is_above(of_event, whole)) {
            return Err(BetError::LiabilityReached { at });
        }
    }
    Ok(())
}

/// What pending bets mean for the markets of an event: by market, book and selection.
type Exposed = BTreeMap<String, BTreeMap<String, BTreeMap<String, OnSelection>>>;

/// The most that can be lost on a market: its books are added up.
fn of_market_in(event: &Exposed, market: &str) -> i128 {
    let books = event.get(market).into_iter().flat_map(BTreeMap::values);
    books
        .map(|book| i128::from(liability(book.values().copied()).get()))
        .sum()
}

/// Where the bet's totals are counted.
fn category(legs: &[Offer]) -> &'static str {
    match legs {
        [first, rest @ ..] if rest.iter().all(|leg| leg.sport == first.sport) => first.sport.key(),
        _ => "multiple",
    }
}

fn market<'a>(kind: &'a Kind, legs: &'a [Offer]) -> &'a str {
    match (kind, legs) {
        (Kind::Single, [leg, ..]) => &leg.market_key,
        _ => kind.as_str(),
    }
}
