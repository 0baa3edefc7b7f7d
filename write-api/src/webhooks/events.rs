//! What can be told, and the outbox that it is written to. Must never write an event outside the transaction that makes
//! it true.

use serde::Serialize;
use serde_json::{Value, json};
use shared::ids::OperatorId;
use sqlx::PgConnection;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::store;

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) enum EventType {
    /// A round in the casino has ended.
    #[serde(rename = "round.settled")]
    RoundSettled,
    /// A bet on sports was settled, settled anew, or sold.
    #[serde(rename = "bet.settled")]
    BetSettled,
    /// Somebody registered.
    #[serde(rename = "player.created")]
    PlayerCreated,
    /// Staff disabled a player.
    #[serde(rename = "player.disabled")]
    PlayerDisabled,
    /// The branding or the limits were saved.
    #[serde(rename = "branding.updated")]
    BrandingUpdated,
    /// The theme was saved.
    #[serde(rename = "theme.updated")]
    ThemeUpdated,
    /// The casino was turned on or off.
    #[serde(rename = "casino.toggled")]
    CasinoToggled,
    /// Money was paid in for a player.
    #[serde(rename = "deposit.made")]
    DepositMade,
    /// Money was paid out to a player.
    #[serde(rename = "withdrawal.made")]
    WithdrawalMade,
    /// Staff try a webhook. Sent only when asked for.
    #[serde(rename = "webhook.test")]
    Test,
}

impl EventType {
    /// All that can be subscribed to.
    pub(super) const SUBSCRIBED: [Self; 9] = [
        Self::RoundSettled,
        Self::BetSettled,
        Self::PlayerCreated,
        Self::PlayerDisabled,
        Self::BrandingUpdated,
        Self::ThemeUpdated,
        Self::CasinoToggled,
        Self::DepositMade,
        Self::WithdrawalMade,
    ];

    /// Its name.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::RoundSettled => "round.settled",
            Self::BetSettled => "bet.settled",
            Self::PlayerCreated => "player.created",
            Self::PlayerDisabled => "player.disabled",
            Self::BrandingUpdated => "branding.updated",
            Self::ThemeUpdated => "theme.updated",
            Self::CasinoToggled => "casino.toggled",
            Self::DepositMade => "deposit.made",
            Self::WithdrawalMade => "withdrawal.made",
            Self::Test => "webhook.test",
        }
    }

    /// The type of this name.
    pub(super) fn find(name: &str) -> Option<Self> {
        let all = Self::SUBSCRIBED.into_iter().chain([Self::Test]);
        all.into_iter().find(|one| one.as_str() == name)
    }

    /// Whether a webhook may name it.
    pub(super) fn is_subscribed(self) -> bool {
        self != Self::Test
    }

    /// When it is sent, for people.
    pub(super) const fn description(self) -> &'static str {
        match self {
            Self::RoundSettled => "A round in the casino has ended. Sent a moment after the round.",
            Self::BetSettled => {
                "A bet on sports was settled, settled anew or sold: `status` and `payout` are what it came to in all."
            }
            Self::PlayerCreated => "A player was created, by registration or by a command.",
            Self::PlayerDisabled => "Staff disabled a player.",
            Self::BrandingUpdated => "The branding or the betting limits were saved, and differ.",
            Self::ThemeUpdated => "The theme was saved, and differs.",
            Self::CasinoToggled => "The casino was turned on or off.",
            Self::DepositMade => "Money was paid in for a player by way of the payment system.",
            Self::WithdrawalMade => "Money was paid out to a player by way of the payment system.",
            Self::Test => "Staff try a webhook.",
        }
    }

    /// The `data` of one such event.
    pub(super) fn example(self) -> Value {
        match self {
            Self::RoundSettled => json!({
                "round_id": "01890a5d-ac96-774b-bcce-b302099a8057", "player_id": 7, "game": "slots",
                "stake": 2.5, "payout": 10.0, "currency": "USD",
                "created_at": "2030-01-31T20:00:00Z", "settled_at": "2030-01-31T20:00:00Z",
            }),
            Self::BetSettled => json!({
                "bet_id": 4711, "player_id": 7, "status": "won", "stake": 10.0, "payout": 18.5, "currency": "USD",
                "settlement": 1,
            }),
            Self::PlayerCreated => json!({ "player_id": 7, "username": "alice" }),
            Self::PlayerDisabled => json!({ "player_id": 7 }),
            Self::BrandingUpdated | Self::ThemeUpdated => json!({}),
            Self::CasinoToggled => json!({ "casino_enabled": false }),
            Self::DepositMade | Self::WithdrawalMade => json!({
                "success": true, "player_id": 7, "amount": 50.0, "balance": 150.0, "currency": "USD",
                "reference": "psp-4711", "transaction_id": "01890a5d-ac96-774b-bcce-b302099a8057",
            }),
            Self::Test => json!({ "message": "This is a test" }),
        }
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    kind: EventType,
    subject: String,
    body: String,
    at: OffsetDateTime,
}

impl Event {
    /// Of this type, about `subject`, with `data` as JSON: the body is as Standard Webhooks recommends it.
    ///
    /// # Errors
    /// When `data` is no JSON.
    pub(crate) fn new(
        event_type: EventType,
        subject: String,
        data: &impl Serialize,
        at: OffsetDateTime,
    ) -> Result<Self, sqlx::Error> {
        let body = Body {
            event_type,
            timestamp: at,
            data,
        };
        let body = serde_json::to_string(&body).map_err(|error| sqlx::Error::Encode(error.into()))?;
        Ok(Self {
            kind: event_type,
            subject,
            body,
            at,
        })
    }

    pub(super) const fn event_type(&self) -> EventType {
        self.kind
    }

    pub(super) fn subject(&self) -> &str {
        &self.subject
    }

    /// The bytes that are sent.
    pub(super) fn body(&self) -> &str {
        &self.body
    }

    pub(super) const fn at(&self) -> OffsetDateTime {
        self.at
    }
}

#[derive(Serialize)]
struct Body<'a, T> {
    #[serde(rename = "type")]
    event_type: EventType,
    #[serde(with = "time::serde::rfc3339")]
    timestamp: OffsetDateTime,
    data: &'a T,
}

/// Writes an event to the outbox, for each of the operator's webhooks that subscribed to it. To be called in the
/// transaction that makes it true.
///
/// # Errors
/// When the database fails.
pub(crate) async fn emit(
    operator: OperatorId,
    db: &mut PgConnection,
    event: &Event,
) -> Result<(), sqlx::Error> {
    store::emit(operator, db, event).await
}

/// Writes events of several operators, as [`emit`] does.
///
/// # Errors
/// When the database fails.
pub(crate) async fn emit_all(
    db: &mut PgConnection,
    events: &[(OperatorId, Event)],
) -> Result<(), sqlx::Error> {
    if events.is_empty() {
        return Ok(());
    }
    store::emit_all(db, events).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_found_by_the_name_it_is_sent_with() {
        for one in EventType::SUBSCRIBED {
            assert_eq!(EventType::find(one.as_str()), Some(one));
            assert_eq!(json!(one), json!(one.as_str()));
            assert!(one.example().is_object());
        }
        assert_eq!(EventType::find("bet.placed"), None);
    }

    #[test]
    fn a_body_has_the_three_members_of_the_standard() {
        let data = json!({ "casino_enabled": true });
        let event = Event::new(
            EventType::CasinoToggled,
            String::new(),
            &data,
            OffsetDateTime::UNIX_EPOCH,
        );
        let body: Value = serde_json::from_str(event.unwrap().body()).unwrap();
        let expected = json!({
            "type": "casino.toggled", "timestamp": "1970-01-01T00:00:00Z", "data": { "casino_enabled": true },
        });
        assert_eq!(body, expected);
    }
}
