//! The changes, each to be run inside one transaction. All of them lock the operator's row first, then what they
//! change, then the version: so changes of one operator queue up and can't undo or wait for one another.
//! Must never await anything but the database.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use shared::branding::{BettingLimits, BrandingSettings};
use shared::coherence::{Kind, Topic};
use shared::ids::OperatorId;
use sqlx::PgConnection;

use super::{ChangeError, store};
use crate::audit::{Action, Change, Doer, record};
use crate::coherence::{Saved, bump, current};
use crate::settings;
use crate::webhooks::{Event, EventType, emit};

/// Puts the members of `body` into the operator's theme.
pub async fn save_theme(
    doer: &Doer,
    db: &mut PgConnection,
    body: &Map<String, Value>,
) -> Result<Saved, ChangeError> {
    let operator = doer.operator;
    let topic = Topic::of(operator, Kind::Theme);
    locked(operator, db).await?;
    let before = store::theme(operator, db).await?.unwrap_or_default();
    let after = before.merged(body).map_err(ChangeError::Invalid)?;
    if after == before {
        return Ok(Saved::AsItWas(current(topic, db).await?));
    }
    store::put_theme(operator, db, &after, doer.at).await?;
    record(
        operator,
        db,
        doer,
        Action::ThemeSaved,
        Change::between(&before, &after)?,
    )
    .await?;
    tell(doer, db, EventType::ThemeUpdated, &json!({})).await?;
    Ok(Saved::Changed(bump(topic, db).await?))
}

/// Puts the members of `body` into the operator's branding and limits.
pub async fn save_branding(
    doer: &Doer,
    db: &mut PgConnection,
    body: &RawValue,
) -> Result<Saved, ChangeError> {
    let operator = doer.operator;
    let topic = Topic::of(operator, Kind::Branding);
    let currency = locked(operator, db).await?.currency;
    let (before, limits) = store::branding(operator, db, currency).await?;
    let after = before.updated(limits, body).map_err(ChangeError::Invalid)?;
    if after.settings == before && after.limits == limits {
        return Ok(Saved::AsItWas(current(topic, db).await?));
    }
    let above = settings::above_bounds(operator, db, &after.limits).await?;
    if !above.is_empty() {
        return Err(ChangeError::Invalid(above));
    }
    store::put_branding(operator, db, &after).await?;
    let shown = |settings: &BrandingSettings, limits: &BettingLimits| {
        let money = |amount| limits.currency.money(amount);
        json!({
            "settings": settings,
            "min_bet": money(limits.min_bet),
            "max_bet": money(limits.max_bet),
            "max_payout": money(limits.max_payout),
        })
    };
    let change = Change::between(&shown(&before, &limits), &shown(&after.settings, &after.limits))?;
    record(operator, db, doer, Action::BrandingSaved, change).await?;
    tell(doer, db, EventType::BrandingUpdated, &json!({})).await?;
    Ok(Saved::Changed(bump(topic, db).await?))
}

/// Turns the casino on or off as `asked`, or over when nothing is asked, and tells how it is now.
pub(super) async fn switch_casino(
    doer: &Doer,
    db: &mut PgConnection,
    asked: Option<bool>,
) -> Result<(Saved, bool), ChangeError> {
    let operator = doer.operator;
    let topic = Topic::of(operator, Kind::Operator);
    let is_enabled = locked(operator, db).await?.casino_enabled;
    let wanted = asked.unwrap_or(!is_enabled);
    let saved = if wanted == is_enabled {
        Saved::AsItWas(current(topic, db).await?)
    } else {
        store::put_casino_enabled(operator, db, wanted).await?;
        let change = Change {
            subject: None,
            before: json!({ "casino_enabled": is_enabled }),
            after: json!({ "casino_enabled": wanted }),
        };
        record(operator, db, doer, Action::CasinoSwitched, change).await?;
        let data = json!({ "casino_enabled": wanted });
        tell(doer, db, EventType::CasinoToggled, &data).await?;
        Saved::Changed(bump(topic, db).await?)
    };
    Ok((saved, wanted))
}

/// Tells those who want to hear it.
async fn tell(
    doer: &Doer,
    db: &mut PgConnection,
    event_type: EventType,
    data: &Value,
) -> Result<(), sqlx::Error> {
    let event = Event::new(event_type, "operator".to_owned(), data, doer.at)?;
    emit(doer.operator, db, &event).await
}

async fn locked(operator: OperatorId, db: &mut PgConnection) -> Result<store::Locked, ChangeError> {
    let found = store::lock(operator, db).await?;
    found.ok_or(ChangeError::NoOperator)
}
