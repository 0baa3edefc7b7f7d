//! The switch of one player, to be run inside one transaction. Must never leave a disabled player a session.
//!
//! A round that was open stays open. It ends by the rule of its game and pays into the wallet.

use serde_json::json;
use shared::ids::PlayerId;
use sqlx::PgConnection;

use super::error::PlayersError;
use super::store;
use crate::accounts::{Person, delete_sessions};
use crate::audit::{Action, Change, Doer, record};
use crate::webhooks::{Event, EventType, emit};

/// Disables or enables the player as `asked`, or turns over what is when nothing is asked. Tells how the player is now.
pub(super) async fn switch(
    doer: &Doer,
    db: &mut PgConnection,
    player: PlayerId,
    asked: Option<bool>,
) -> Result<bool, PlayersError> {
    let operator = doer.operator;
    let was_active = store::lock_is_active(operator, db, player).await?;
    let was_active = was_active.ok_or(PlayersError::UnknownPlayer)?;
    let is_active = asked.unwrap_or(!was_active);
    if is_active != was_active {
        store::put_is_active(operator, db, player, is_active).await?;
        let subject = format!("player {player}");
        if !is_active {
            delete_sessions(operator, db, Person::Player(player), None).await?;
            let data = json!({ "player_id": player });
            let event = Event::new(EventType::PlayerDisabled, subject.clone(), &data, doer.at)?;
            emit(operator, db, &event).await?;
        }
        let change = Change {
            subject: Some(subject),
            before: json!({ "is_active": was_active }),
            after: json!({ "is_active": is_active }),
        };
        record(operator, db, doer, Action::PlayerSwitched, change).await?;
    }
    Ok(is_active)
}
