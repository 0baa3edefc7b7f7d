//! The switch of one event or market, to be run inside one transaction. Locks the operator's row first, as every
//! change by staff does, so that switches of one operator queue up.
//! Must never await anything but the database.

use serde_json::json;
use shared::coherence::{Kind, Topic};
use sqlx::PgConnection;

use super::rules::{Asked, EventKey, MAX_DISABLED_EVENTS, Place, only};
use super::{SwitchError, store};
use crate::audit::{Action, Change, Doer, record};
use crate::betting::gate;
use crate::coherence::{Saved, bump, current};
use crate::operators;

/// How an event or a market is after a switch.
#[derive(Debug)]
pub(super) struct Switched {
    pub(super) saved: Saved,
    pub(super) place: Place,
    pub(super) is_disabled: bool,
}

/// Disables what `key` stands for, or offers it again.
pub(super) async fn switch(
    doer: &Doer,
    db: &mut PgConnection,
    key: &EventKey,
    asked: Asked,
) -> Result<Switched, SwitchError> {
    let operator = doer.operator;
    let topic = Topic::of(operator, Kind::DisabledEvents);
    let lock = operators::lock(operator, db).await?;
    lock.ok_or(SwitchError::NoOperator)?;
    let mut place = only(store::places(operator, db, key, asked.sport).await?)?;
    let mut key = key.clone();
    if let Some(selection) = asked.selection {
        if place.market_id.is_none() || place.selection_id.is_some() {
            return Err(SwitchError::SelectionOfNoMarket);
        }
        if !store::has_selection(operator, db, &place, &selection).await? {
            return Err(SwitchError::NoSelection);
        }
        key = key.selection(&selection);
        place.selection_id = Some(selection);
    }
    let key = &key;
    // No bet that was decided before this switch is committed behind it.
    gate::close(&[(place.sport, place.event_id.clone())], db).await?;
    let was_disabled = store::is_disabled(operator, db, &place).await?;
    let is_disabled = asked.disabled.unwrap_or(!was_disabled);
    let saved = match (was_disabled, is_disabled) {
        (false, true) => {
            if store::count(operator, db).await? >= MAX_DISABLED_EVENTS {
                return Err(SwitchError::TooMany);
            }
            store::disable(operator, db, key, &place, doer).await?;
            Saved::Changed(bump(topic, db).await?)
        }
        (true, false) => {
            store::enable(operator, db, &place).await?;
            Saved::Changed(bump(topic, db).await?)
        }
        (true, true) | (false, false) => Saved::AsItWas(current(topic, db).await?),
    };
    if was_disabled != is_disabled {
        let change = Change {
            subject: Some(place.to_string()),
            before: json!({ "is_disabled": was_disabled }),
            after: json!({ "is_disabled": is_disabled }),
        };
        record(operator, db, doer, Action::EventSwitched, change).await?;
    }
    Ok(Switched {
        saved,
        place,
        is_disabled,
    })
}
