//! What an entry of the audit log says, and how entries are chained. Must never touch the database.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use shared::http::RequestId;
use shared::ids::{OperatorId, StaffId};
use shared::problem::Problem;
use time::OffsetDateTime;

use crate::accounts::{AccountError, OperatorStaff, PlatformStaff, Right, Role, address_of};
use crate::app::SharedApp;

/// Limits of the audit log.
#[derive(Clone, Debug, clap::Args)]
pub struct AuditOptions {
    /// How often new entries of the audit log are put into the chains of hashes, in milliseconds.
    #[arg(long, env = "AUDIT_CHAIN_MS", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    pub audit_chain_ms: u64,
    /// Entries that one transaction puts into the chains at most.
    #[arg(long, env = "AUDIT_CHAIN_BATCH", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    pub audit_chain_batch: u32,
}

/// What the log calls somebody at the machine's console.
const CONSOLE: &str = "console";
/// What it calls the service itself.
const SYSTEM: &str = "system";

/// Who does something. As an extractor: staff of an operator, logged in as [`OperatorStaff`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doer {
    /// Whom it concerns.
    pub operator: OperatorId,
    /// Who it is, and whose staff; none where it is no staff.
    pub staff: Option<(OperatorId, StaffId)>,
    /// What the log calls who is no staff.
    pub unnamed: &'static str,
    /// Where the request comes from, if there is one.
    pub address: Option<IpAddr>,
    /// The request.
    pub request_id: Option<Arc<str>>,
    /// When.
    pub at: OffsetDateTime,
    /// What must still hold when the change is made.
    pub needs: Needs,
}

/// What must hold of whoever does something, at the moment when it is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// Staff must be active.
    Active,
    /// Staff must be active, and have a role that comes with the right.
    Role(Right),
}

impl FromRequestParts<SharedApp> for Doer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Problem> {
        let OperatorStaff { operator, staff, .. } = OperatorStaff::from_request_parts(parts, app).await?;
        Ok(Self::by_request(operator, (operator, staff), parts, app))
    }
}

/// Staff of the platform who do something, as an extractor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformDoer {
    doer: Doer,
    role: Role,
}

impl FromRequestParts<SharedApp> for PlatformDoer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Problem> {
        let PlatformStaff { staff, role, .. } = PlatformStaff::from_request_parts(parts, app).await?;
        let platform = OperatorId::PLATFORM;
        Ok(Self {
            doer: Doer::by_request(platform, (platform, staff), parts, app),
            role,
        })
    }
}

impl PlatformDoer {
    /// What they do concerns this operator.
    pub fn at(self, operator: OperatorId) -> Doer {
        Doer {
            operator,
            ..self.doer
        }
    }

    /// The same, if their role comes with `right`.
    ///
    /// # Errors
    /// When it does not.
    pub fn require(mut self, right: Right) -> Result<Self, AccountError> {
        if self.role.may(right) {
            self.doer.needs = Needs::Role(right);
            Ok(self)
        } else {
            Err(AccountError::RoleNotAllowed(right))
        }
    }
}

impl Doer {
    fn by_request(
        operator: OperatorId,
        staff: (OperatorId, StaffId),
        parts: &Parts,
        app: &SharedApp,
    ) -> Self {
        let id = parts.extensions.get::<RequestId>();
        Self {
            operator,
            staff: Some(staff),
            unnamed: CONSOLE,
            address: Some(address_of(parts, app)),
            request_id: id.map(|RequestId(id)| Arc::clone(id)),
            at: app.clock.now(),
            needs: Needs::Active,
        }
    }

    /// Somebody at the machine's console.
    pub const fn at_console(operator: OperatorId, at: OffsetDateTime) -> Self {
        Self {
            operator,
            staff: None,
            unnamed: CONSOLE,
            address: None,
            request_id: None,
            at,
            needs: Needs::Nothing,
        }
    }

    /// Nobody: the service itself, by a rule.
    pub fn system(operator: OperatorId, at: OffsetDateTime) -> Self {
        Self {
            unnamed: SYSTEM,
            ..Self::at_console(operator, at)
        }
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The theme was saved.
    ThemeSaved,
    /// The branding or the betting limits were saved.
    BrandingSaved,
    /// The casino was turned on or off.
    CasinoSwitched,
    /// An event or a market is not offered any more, or again.
    EventSwitched,
    /// A market was settled by hand, settled anew, or that was undone.
    MarketSettled,
    /// Money was paid in for a player.
    Deposited,
    /// Money was paid out to a player.
    Withdrawn,
    /// The operator is not served any more, or again.
    OperatorSwitched,
    /// A contest was begun at the console.
    ContestBegun,
    /// Versions were raised at the console, so that readers fetch anew.
    Purged,
    /// The operator was created at the console.
    OperatorAdded,
    /// Somebody became staff.
    StaffAdded,
    /// Staff were disabled, or enabled again.
    StaffSwitched,
    /// Staff of the platform got another role.
    RoleChanged,
    /// Staff were given another password.
    PasswordReset,
    /// Staff logged in.
    LoggedIn,
    /// Somebody failed too often to log in as staff, and was locked out.
    LockedOut,
    /// Staff turned a second factor of their own on.
    SecondFactorOn,
    /// Staff turned their own second factor off.
    SecondFactorOff,
    /// Staff had new recovery codes made.
    RecoveryCodesChanged,
    /// Somebody else took the second factor of staff away.
    SecondFactorReset,
    /// Staff changed their own password.
    PasswordChanged,
    /// A player was disabled, or enabled again.
    PlayerSwitched,
    /// A player's balance was set right by hand.
    Adjusted,
    /// A reset of the balances of all of an operator's players began.
    UsersReset,
    /// The beginning of a contest was ordered.
    ContestStarted,
    /// A contest is said to end at another moment.
    ContestChanged,
    /// The end of a contest was ordered.
    ContestEnded,
    /// The revenue of some days was ordered to be worked out.
    RevenueCalculated,
    /// The revenue of some days was ordered to be posted.
    RevenuePosted,
    /// The service itself began a long operation.
    OperationBegun,
    /// A long operation ended: all of it is done, or it was given up.
    OperationEnded,
    /// A long operation that was given up goes on.
    OperationResumed,
    /// The settings about money were saved.
    SettingsSaved,
    /// The platform registered the operator.
    OperatorRegistered,
    /// A webhook was made or changed.
    WebhookSaved,
    /// A webhook was deleted.
    WebhookDeleted,
    /// A webhook got another secret.
    WebhookSecretRotated,
    /// A webhook was disabled because it does not work.
    WebhookDisabled,
    /// A test event was sent to a webhook.
    WebhookTested,
    /// Deliveries to a webhook are made again.
    WebhookReplayed,
    /// Staff ended sessions of their own.
    SessionsEnded,
}

impl Action {
    /// Its name in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ThemeSaved => "theme.saved",
            Self::BrandingSaved => "branding.saved",
            Self::CasinoSwitched => "casino.switched",
            Self::EventSwitched => "event.switched",
            Self::MarketSettled => "market.settled",
            Self::Deposited => "player.deposited",
            Self::Withdrawn => "player.withdrawn",
            Self::OperatorSwitched => "operator.switched",
            Self::ContestBegun => "contest.begun",
            Self::Purged => "operator.purged",
            Self::OperatorAdded => "operator.added",
            Self::StaffAdded => "staff.added",
            Self::StaffSwitched => "staff.switched",
            Self::RoleChanged => "staff.role_changed",
            Self::PasswordReset => "staff.password_reset",
            Self::LoggedIn => "staff.logged_in",
            Self::LockedOut => "staff.locked_out",
            Self::SecondFactorOn => "staff.second_factor_on",
            Self::SecondFactorOff => "staff.second_factor_off",
            Self::RecoveryCodesChanged => "staff.recovery_codes_changed",
            Self::SecondFactorReset => "staff.second_factor_reset",
            Self::PasswordChanged => "staff.password_changed",
            Self::PlayerSwitched => "player.switched",
            Self::Adjusted => "player.adjusted",
            Self::UsersReset => "players.reset",
            Self::ContestStarted => "contest.started",
            Self::ContestChanged => "contest.changed",
            Self::ContestEnded => "contest.ended",
            Self::RevenueCalculated => "revenue.calculated",
            Self::RevenuePosted => "revenue.posted",
            Self::OperationBegun => "operation.begun",
            Self::OperationEnded => "operation.ended",
            Self::OperationResumed => "operation.resumed",
            Self::SettingsSaved => "settings.saved",
            Self::OperatorRegistered => "operator.registered",
            Self::WebhookSaved => "webhook.saved",
            Self::WebhookDeleted => "webhook.deleted",
            Self::WebhookSecretRotated => "webhook.secret_rotated",
            Self::WebhookDisabled => "webhook.disabled",
            Self::WebhookTested => "webhook.tested",
            Self::WebhookReplayed => "webhook.replayed",
            Self::SessionsEnded => "staff.sessions_ended",
        }
    }
}

/// What an action changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Of what; none where the operator itself is meant.
    pub subject: Option<String>,
    /// How it was; null where there was nothing.
    pub before: Value,
    /// How it is.
    pub after: Value,
}

impl Change {
    /// The members in which two objects differ.
    ///
    /// # Errors
    /// When they are not JSON.
    pub fn between<T: Serialize>(before: &T, after: &T) -> Result<Self, sqlx::Error> {
        let json = |value: &T| serde_json::to_value(value).map_err(|error| sqlx::Error::Encode(error.into()));
        let (before, after) = (json(before)?, json(after)?);
        let only = |of: &Value, other: &Value| match (of, other) {
            (Value::Object(of), Value::Object(other)) => Value::Object(differing(of, other)),
            (of, _) => of.clone(),
        };
        Ok(Self {
            subject: None,
            before: only(&before, &after),
            after: only(&after, &before),
        })
    }
}

fn differing(of: &Map<String, Value>, other: &Map<String, Value>) -> Map<String, Value> {
    of.iter()
        .filter(|(name, value)| other.get(*name) != Some(value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) operator: OperatorId,
    pub(super) id: i64,
    pub(super) at: OffsetDateTime,
    pub(super) staff_operator: Option<OperatorId>,
    pub(super) staff: Option<StaffId>,
    pub(super) login: String,
    pub(super) address: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) action: String,
    pub(super) subject: Option<String>,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

/// A hash in a chain.
pub(super) type Hash = [u8; 32];

impl Entry {
    /// SHA-256 of the hash before, and of everything that the entry says. Each text has its length before it, so that
    /// none can be moved from one member to the next.
    pub(super) fn hash(&self, before: &Hash, position: i64) -> Hash {
        let mut hash = Sha256::new();
        hash.update(before);
        let numbers = [
            self.operator.get(),
            position,
            self.id,
            self.staff_operator.map_or(-1, OperatorId::get),
            self.staff.map_or(-1, StaffId::get),
        ];
        for number in numbers {
            hash.update(number.to_be_bytes());
        }
        hash.update((self.at.unix_timestamp_nanos() / 1000).to_be_bytes());
        let texts = [
            Some(&self.login),
            self.address.as_ref(),
            self.request_id.as_ref(),
            Some(&self.action),
            self.subject.as_ref(),
            self.before.as_ref(),
            self.after.as_ref(),
        ];
        for text in texts {
            let length = text.map_or(u64::MAX, |text| text.len() as u64);
            hash.update(length.to_be_bytes());
            hash.update(text.map_or("", String::as_str));
        }
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry() -> Entry {
        Entry {
            operator: OperatorId::new(7),
            id: 3,
            at: OffsetDateTime::UNIX_EPOCH,
            staff_operator: Some(OperatorId::new(7)),
            staff: Some(StaffId::new(2)),
            login: "ada".to_owned(),
            address: Some("192.0.2.1".to_owned()),
            request_id: Some("a-1".to_owned()),
            action: Action::ThemeSaved.as_str().to_owned(),
            subject: None,
            before: Some("{}".to_owned()),
            after: Some("{\"a\":1}".to_owned()),
        }
    }

    #[test]
    fn only_what_differs_is_kept() {
        let change =
            Change::between(&json!({"a": 1, "b": 2, "c": 3}), &json!({"a": 1, "b": 5, "d": 4})).unwrap();
        assert_eq!(change.before, json!({"b": 2, "c": 3}));
        assert_eq!(change.after, json!({"b": 5, "d": 4}));
    }

    #[test]
    fn every_member_of_an_entry_is_in_its_hash() {
        let first = entry().hash(&[0; 32], 1);
        assert_eq!(first, entry().hash(&[0; 32], 1));
        let changes: [fn(&mut Entry); 12] = [
            |entry| entry.operator = OperatorId::new(8),
            |entry| entry.id = 4,
            |entry| entry.at += time::Duration::MICROSECOND,
            |entry| entry.staff_operator = Some(OperatorId::PLATFORM),
            |entry| entry.staff = None,
            |entry| entry.login.push('a'),
            |entry| entry.address = None,
            |entry| entry.request_id = Some(String::new()),
            |entry| entry.action.push('s'),
            |entry| entry.subject = Some(String::new()),
            |entry| entry.before = None,
            |entry| entry.after = Some("{\"a\":2}".to_owned()),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut other = entry();
            change(&mut other);
            assert_ne!(other.hash(&[0; 32], 1), first, "{number}");
        }
        assert_ne!(entry().hash(&[1; 32], 1), first);
        assert_ne!(entry().hash(&[0; 32], 2), first);
    }

    #[test]
    fn no_text_can_be_moved_to_the_next_member() {
        let mut other = entry();
        other.login = "adaa".to_owned();
        other.address = Some("192.0.2.".to_owned());
        let mut moved = entry();
        moved.login = "ada".to_owned();
        moved.address = Some("a192.0.2.".to_owned());
        assert_ne!(other.hash(&[0; 32], 1), moved.hash(&[0; 32], 1));
    }
}
