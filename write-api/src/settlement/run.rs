//! The task that settles the bets of what was ordered. Any instance runs it, each on another market. Must never settle
//! a bet twice by one settlement, nor end because one market fails.

use std::sync::Arc;
use std::time::Duration;

use shared::db::DbError;
use shared::fail_point;
use shared::ids::OperatorId;
use shared::sports::Sport;
use sqlx::PgConnection;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::error::SettlementError;
use super::order::{Order, Said, Source, order};
use super::store::{self, Due};
use crate::app::{App, SharedApp};
use crate::background::every;
use crate::betting::rules::verdict::Status;
use crate::betting::settling::{Bet, Purses, Settled, owed, read_bets, settle};
use crate::betting::{prune_exposure, prune_quotes};
use crate::ledger::lock_wallets;
use crate::settlement::rules::Outcome;

/// Markets that one look for forgotten ones settles at most.
const FORGOTTEN_AT_ONCE: i64 = 100;
/// Rows that nobody needs any more and that are deleted at once at most.
const PRUNED_AT_ONCE: i64 = 1_000;

/// Settles what is due every now and then until `stop`.
pub fn spawn_settling(app: SharedApp, stop: CancellationToken) {
    let pause = Duration::from_millis(app.options.betting.settle_poll_ms);
    let sweep_pause = Duration::from_millis(app.options.betting.settle_sweep_ms);
    every(
        sweep_pause,
        Arc::clone(&app),
        stop.clone(),
        "bets without a result could not be looked for; it is tried again",
        |app, _| Box::pin(sweep(app)),
    );
    every(
        pause,
        app,
        stop,
        "bets could not be settled; it is tried again",
        |app, stop| Box::pin(turn(app, stop)),
    );
}

async fn turn(app: &App, stop: &CancellationToken) -> Result<(), DbError> {
    while !stop.is_cancelled() {
        if !batch(app).await? {
            break;
        }
    }
    Ok(())
}

/// Looks for what nobody settles and what nobody needs any more.
async fn sweep(app: &App) -> Result<(), DbError> {
    let before = app.clock.now() - time::Duration::hours(1);
    let pruned = app.db.write(move |db| {
        Box::pin(async move {
            prune_quotes(db, before, PRUNED_AT_ONCE).await?;
            Ok::<_, DbError>(prune_exposure(db, PRUNED_AT_ONCE).await?)
        })
    });
    pruned.await?;
    void_forgotten(app).await
}

/// Settles one batch of whatever is due; whether there was any.
async fn batch(app: &App) -> Result<bool, DbError> {
    let (at, most) = (app.clock.now(), i64::from(app.options.betting.settle_batch));
    let tx_id = app.random.uuid(at);
    let failed = Arc::new(std::sync::Mutex::new(None));
    let taken = Arc::clone(&failed);
    let work = app.db.write(move |db| {
        let taken = Arc::clone(&taken);
        Box::pin(async move {
            let Some(due) = store::take(db, at).await? else {
                return Ok::<_, SettlementError>(false);
            };
            *taken.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some((due.operator, due.id));
            settle_batch(db, &due, most, tx_id, at).await?;
            Ok(true)
        })
    });
    let error = match work.await {
        Ok(is_more) => return Ok(is_more),
        Err(error) => error,
    };
    let failed = failed
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .take();
    let Some((operator, id)) = failed else {
        return Err(outage(error));
    };
    tracing::warn!(%error, settlement = id, "a market could not be settled; it is tried again");
    let put_off = app.db.write(move |db| {
        Box::pin(async move { Ok::<_, DbError>(store::put_off(operator, db, id, at).await?) })
    });
    put_off.await?;
    Ok(true)
}

fn outage(error: SettlementError) -> DbError {
    match error {
        SettlementError::Database(error) => error,
        other => DbError::Broken(other.to_string().into()),
    }
}

async fn settle_batch(
    db: &mut PgConnection,
    due: &Due,
    most: i64,
    tx_id: Uuid,
    at: OffsetDateTime,
) -> Result<(), SettlementError> {
    let found = store::candidates(db, due, most).await?;
    let is_last = i64::try_from(found.len()).unwrap_or(i64::MAX) < most;
    let after = found
        .last()
        .map_or(due.after, |last| (last.operator.get(), last.bet));
    let mut changed = 0;
    if !found.is_empty() {
        let mut players: Vec<_> = found.iter().map(|one| (one.operator, one.player)).collect();
        players.sort_unstable();
        players.dedup();
        let wallets = lock_wallets(db, &players).await?;
        let owed = owed(db, &players).await?;
        let bets: Vec<_> = found.iter().map(|one| (one.operator, one.bet)).collect();
        let bets = read_bets(db, &bets).await?;
        let settled: Vec<Settled> = bets.into_iter().map(|bet| decide(due, bet)).collect();
        changed = settled.iter().filter(|one| one.now != one.bet.stood).count();
        settle(db, Purses::new(wallets, &owed), &settled, tx_id, at).await?;
        fail_point::reach("mid_settlement");
    }
    let counted = (
        i64::try_from(found.len()).unwrap_or(i64::MAX),
        i64::try_from(changed).unwrap_or(i64::MAX),
    );
    store::advance(db, due, after, counted, is_last.then_some(at)).await?;
    Ok(())
}

/// What the bet comes to by this settlement. A leg that a later one decided stays as it is, and so does one that people
/// decided where a machine says otherwise, or that anybody decided where only the rule for forgotten ones speaks.
fn decide(due: &Due, mut bet: Bet) -> Settled {
    let is_by_hand = Source::is_by_hand(&due.source);
    for leg in &mut bet.legs {
        let is_its = leg.sport == due.sport && leg.event == due.event && leg.market == due.market;
        let is_decided =
            leg.is_by_hand && !is_by_hand || due.source == Source::Rule.as_str() && leg.outcome.is_some();
        if !is_its || is_decided || leg.settlement >= due.id {
            continue;
        }
        let outcome = match &due.said {
            Said::Undone => None,
            Said::Outcomes { of, others } => match of.get(&leg.selection).copied().or(*others) {
                Some(outcome) => Some(outcome),
                None => continue,
            },
        };
        leg.outcome = outcome;
        leg.settlement = due.id;
        leg.is_by_hand = is_by_hand && outcome.is_some();
    }
    // A bet that was sold stays sold.
    let now = if bet.stood.status == Status::CashedOut {
        bet.stood
    } else {
        bet.verdict()
    };
    Settled {
        bet,
        now,
        by: Some(due.id),
    }
}

/// Orders that what never got a result is void.
async fn void_forgotten(app: &App) -> Result<(), DbError> {
    let hours = app.options.betting.void_after_h;
    if hours == 0 {
        return Ok(());
    }
    let at = app.clock.now();
    let before = at - time::Duration::hours(hours.into());
    let find = app.db.read(move |db| {
        Box::pin(async move { Ok::<_, DbError>(store::forgotten(db, before, FORGOTTEN_AT_ONCE).await?) })
    });
    for (sport, event, market) in find.await? {
        let void = void_order(sport, event, market, hours, at);
        let write = app.db.write(move |db| {
            let void = void.clone();
            Box::pin(async move { Ok::<_, DbError>(order(db, &void).await?) })
        });
        write.await?;
    }
    Ok(())
}

fn void_order(sport: Sport, event: String, market: String, hours: u32, at: OffsetDateTime) -> Order {
    Order {
        operator: OperatorId::PLATFORM,
        sport,
        event,
        market,
        said: Said::Outcomes {
            of: std::collections::BTreeMap::new(),
            others: Some(Outcome::Void),
        },
        source: Source::Rule,
        reason: Some(format!("no result within {hours} hours of the start")),
        made_by: "system".to_owned(),
        at,
    }
}
