//! Finding the rounds that have ended, after their commit: a bet writes nothing for it. Must never miss one.
//!
//! A round that is settled when it is played has an entry of the ledger for its stake, which carries the id of its
//! transaction: a mark, below which every transaction has ended, tells what was looked at. A round of several steps may
//! end without an entry; a trigger notes it, if anybody wants to hear of it. One that is found both ways is told once.

use serde::Serialize;
use shared::ids::PlayerId;
use shared::money::Money;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::events::{Event, EventType};
use super::store;

#[derive(Serialize)]
struct Told<'a> {
    round_id: Uuid,
    player_id: PlayerId,
    game: &'a str,
    stake: Money,
    payout: Money,
    currency: &'a str,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    settled_at: Option<OffsetDateTime>,
}

/// Writes events for rounds that have ended since it was called before, `batch` of them; says whether there may be
/// more. To be called in a transaction that writes; it is whole or absent, as the transaction is.
pub(super) async fn find(db: &mut PgConnection, batch: u32, at: OffsetDateTime) -> Result<bool, sqlx::Error> {
    if !store::take_mark(db).await? {
        return Ok(false);
    }
    let batch = i64::from(batch);
    let subscribers = store::subscribers(db).await?;
    let (mut rounds, is_behind) = store::settled_at_once(&subscribers, db, batch).await?;
    let later = store::settled_later(db, batch).await?;
    let is_more = is_behind || i64::try_from(later.len()).is_ok_and(|found| found == batch);
    rounds.extend(later);
    let mut operators = Vec::with_capacity(rounds.len());
    let mut events = Vec::with_capacity(rounds.len());
    for round in &rounds {
        let told = Told {
            round_id: round.id,
            player_id: round.player,
            game: &round.game,
            stake: round.currency.money(round.stake),
            payout: round.currency.money(round.payout),
            currency: round.currency.code(),
            created_at: round.created_at,
            settled_at: round.ended_at,
        };
        let (subject, happened) = (format!("round {}", round.id), round.ended_at.unwrap_or(at));
        operators.push(round.operator.get());
        events.push(Event::new(EventType::RoundSettled, subject, &told, happened)?);
    }
    store::tell(&operators, db, &events, at).await?;
    Ok(is_more)
}
