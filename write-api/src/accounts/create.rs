//! How operators, their staff and their players come to be. Must never leave an operator without wallets, nor a player
//! without wallet or seeds, and never let an opening balance appear without its ledger entry.

use serde_json::json;
use shared::branding::BettingLimits;
use shared::coherence::{Kind, Topic};
use shared::db::DbError;
use shared::ids::{OperatorId, PlayerId, StaffId, Subdomain};
use shared::money::{Currency, Minor};
use shared::random::Random;
use shared::theme::DisplayName;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::casino::seeds::{NewSeedPair, insert_seed_pair, promise_seed};
use crate::coherence::{News, bump};
use crate::ledger::{self, Account, Posting, Reason};
use crate::registration::{self, ReferralCode};
use crate::treasury;
use crate::webhooks::{Event, EventType, emit};

use super::error::CreateError;
use super::passwords::HashedPassword;
use super::rights::Role;
use super::rules::{Email, PlayerName, StaffLogin};

mod store;

/// What players of a new operator start with, in whole units of its currency.
const DEFAULT_BALANCE_UNITS: i64 = 1000;

/// An operator to be.
#[derive(Clone, Debug)]
pub struct NewOperator {
    /// Its name in URLs.
    pub subdomain: Subdomain,
    /// Its name for people.
    pub name: DisplayName,
    /// What its books are kept in, for ever.
    pub currency: Currency,
}

/// Somebody who will administer an operator or the platform.
#[derive(Clone, Debug)]
pub struct NewStaff {
    /// The log-in name, unique in the installation.
    pub login: StaffLogin,
    /// The password.
    pub password: HashedPassword,
    /// Where to write to.
    pub email: Option<Email>,
    /// What they may do; owners, where they are staff of an operator.
    pub role: Role,
}

/// A player to be.
#[derive(Clone, Debug)]
pub struct NewPlayer {
    /// Unique among the operator's players.
    pub username: PlayerName,
    /// Unique among the operator's players.
    pub email: Email,
    /// The password.
    pub password: HashedPassword,
}

/// What a player starts with. Drawn before the transaction, so that running it again changes nothing.
#[derive(Clone, Debug)]
pub struct Opening {
    balance: Minor,
    seeds: NewSeedPair,
    tx_id: Uuid,
    at: OffsetDateTime,
}

impl Opening {
    /// A balance of zero or more, at the time `at`, and a first seed pair from `random`.
    pub fn draw(balance: Minor, random: &Random, at: OffsetDateTime) -> Self {
        Self {
            balance,
            seeds: NewSeedPair::draw(random),
            tx_id: random.uuid(at),
            at,
        }
    }
}

/// What a new operator starts with. Drawn before the transaction, so that running it again changes nothing.
#[derive(Clone, Debug)]
pub struct Founding {
    code: ReferralCode,
    tx_id: Uuid,
    at: OffsetDateTime,
}

impl Founding {
    /// At the time `at`, with a referral code from `random`.
    pub fn draw(random: &Random, at: OffsetDateTime) -> Self {
        Self {
            code: ReferralCode::draw(random),
            tx_id: random.uuid(at),
            at,
        }
    }

    /// When.
    pub const fn at(&self) -> OffsetDateTime {
        self.at
    }
}

/// An operator that was created.
#[derive(Clone, Debug)]
pub struct Created {
    /// Its number.
    pub id: OperatorId,
    /// With which it can recommend others.
    pub code: ReferralCode,
    /// What readers are to be told of once it is committed.
    pub news: News,
}

/// Creates an operator with the default limits, its wallets and its referral code.
pub async fn create_operator(
    db: &mut PgConnection,
    new: &NewOperator,
    founding: &Founding,
) -> Result<Created, CreateError> {
    let at = founding.at;
    let operator = store::insert_operator(db, new, at).await.map_err(taken)?;
    let limits = BettingLimits::of_new_operator(new.currency);
    let unit = 10_i64.pow(new.currency.decimals().into());
    let default_balance = Minor::new(DEFAULT_BALANCE_UNITS * unit);
    store::insert_settings(operator, db, &limits, default_balance).await?;
    treasury::open(operator, db, new.currency, founding.tx_id, at).await?;
    let code = founding.code.clone();
    registration::store::insert_code(operator, db, &code, at)
        .await
        .map_err(taken)?;
    let news = bump(Topic::of(operator, Kind::Operator), db).await?;
    Ok(Created {
        id: operator,
        code,
        news,
    })
}

/// The operator of this subdomain.
pub async fn find_operator(db: &mut PgConnection, subdomain: &Subdomain) -> Result<OperatorId, CreateError> {
    let found = super::store::operator(db, subdomain).await?;
    Ok(found.ok_or(CreateError::UnknownOperator)?.id)
}

/// Creates staff of `operator`, or of the platform where that is [`OperatorId::PLATFORM`].
pub async fn create_staff(
    operator: OperatorId,
    db: &mut PgConnection,
    new: &NewStaff,
    now: OffsetDateTime,
) -> Result<StaffId, CreateError> {
    store::insert_staff(operator, db, new, now).await.map_err(taken)
}

/// Creates a player with a wallet, its first seed pair and, unless the balance is zero, the ledger entry that brings it
/// from the cashier.
pub async fn create_player(
    operator: OperatorId,
    db: &mut PgConnection,
    new: &NewPlayer,
    opening: &Opening,
) -> Result<PlayerId, CreateError> {
    let player = store::insert_player(operator, db, new, opening.at)
        .await
        .map_err(taken)?;
    let seed_pair = insert_seed_pair(operator, db, player, &opening.seeds, opening.at).await?;
    promise_seed(operator, db, player, &opening.seeds, opening.at).await?;
    let mut wallet = ledger::open_wallet(operator, db, player, seed_pair).await?;
    if opening.balance != Minor::ZERO {
        let posting = Posting {
            debit: Account::Cashier,
            credit: Account::Wallet(player),
            amount: opening.balance,
            reason: Reason::Grant,
            reference: "opening".to_owned(),
        };
        wallet.post(opening.tx_id, &[posting])?;
        ledger::post(db, vec![wallet], opening.at).await?;
    }
    let data = json!({ "player_id": player, "username": new.username.as_str() });
    let event = Event::new(
        EventType::PlayerCreated,
        format!("player {player}"),
        &data,
        opening.at,
    )?;
    emit(operator, db, &event).await?;
    Ok(player)
}

/// Why a row with a name was refused.
pub(super) fn taken(error: sqlx::Error) -> CreateError {
    let error = DbError::from(error);
    let taken = [
        ("operators_subdomain_unique", CreateError::SubdomainTaken),
        ("operators_name_unique", CreateError::NameTaken),
        ("referral_codes_code_unique", CreateError::ReferralCodeTaken),
        ("staff_login_unique", CreateError::LoginTaken),
        ("players_username_unique", CreateError::UsernameTaken),
        ("players_email_unique", CreateError::EmailTaken),
    ];
    taken
        .into_iter()
        .find(|(constraint, _)| error.is_constraint(constraint))
        .map_or(CreateError::Database(error), |(_, taken)| taken)
}
