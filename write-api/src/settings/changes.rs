//! The change of settings, to be run inside one transaction. Locks the operator's row first, as every change by staff.

use serde_json::{Value, json};
use shared::coherence::{Kind, Topic};
use sqlx::PgConnection;

use super::SettingsError;
use super::rules::{Asked, Settings};
use super::store;
use crate::audit::{Action, Change, Doer, record};
use crate::coherence::{Saved, bump, current};
use crate::operators;
use crate::webhooks::{Event, EventType, emit};

/// Saves what is asked for. The limits are part of what readers show as branding, so that its version moves with them.
pub(super) async fn save(
    doer: &Doer,
    db: &mut PgConnection,
    asked: &Asked,
) -> Result<(Saved, Settings), SettingsError> {
    let operator = doer.operator;
    let topic = Topic::of(operator, Kind::Branding);
    let lock = operators::lock(operator, db).await?;
    lock.ok_or(SettingsError::NoOperator)?;
    let before = store::settings(operator, db).await?;
    let before = before.ok_or(SettingsError::NoOperator)?;
    if asked.version.is_some_and(|version| version != before.version) {
        return Err(SettingsError::Changed(before.version));
    }
    let mut after = before.updated(asked).map_err(SettingsError::Invalid)?;
    if after == before {
        return Ok((Saved::AsItWas(current(topic, db).await?), after));
    }
    after.version = store::put(operator, db, &after).await?;
    let change = Change::between(&shown(&before), &shown(&after))?;
    record(operator, db, doer, Action::SettingsSaved, change).await?;
    if after.limits == before.limits {
        return Ok((Saved::AsItWas(current(topic, db).await?), after));
    }
    let event = Event::new(
        EventType::BrandingUpdated,
        "operator".to_owned(),
        &json!({}),
        doer.at,
    )?;
    emit(operator, db, &event).await?;
    Ok((Saved::Changed(bump(topic, db).await?), after))
}

/// As the audit log shows it.
fn shown(settings: &Settings) -> Value {
    let (limits, highest) = (&settings.limits, &settings.highest);
    let money = |amount| limits.currency.money(amount);
    json!({
        "min_bet": money(limits.min_bet),
        "max_bet": money(limits.max_bet),
        "max_payout": money(limits.max_payout),
        "default_user_balance": money(settings.default_balance),
        "max_market_liability": settings.liabilities.market.map(money),
        "max_event_liability": settings.liabilities.event.map(money),
        "highest_max_bet": highest.max_bet.map(money),
        "highest_max_payout": highest.max_payout.map(money),
        "highest_default_user_balance": highest.default_balance.map(money),
    })
}
