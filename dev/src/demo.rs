//! The demo data: two operators with staff and players, and a log-in for the platform, all with one password that
//! everybody knows. Must never come into a database that has operators already: it may be a real one.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use shared::clock::Clock;
use shared::ids::{OperatorId, Subdomain};
use shared::money::{Currency, Minor};
use shared::random::Random;
use sqlx::{Connection, PgConnection};
use time::OffsetDateTime;
use write_api::accounts::{
    AccountLimits, CreateError, Email, Founding, HashedPassword, NewOperator, NewPlayer, NewStaff, Opening,
    Password, PasswordError, Passwords, PlayerName, Role, StaffLogin, TextError, create_operator,
    create_player, create_staff, find_operator,
};
use write_api::audit::Doer;
use write_api::operators::{ChangeError, save_branding, save_theme};

/// Everybody's password.
pub const PASSWORD: &str = "demo-password";

/// The log-in of the platform.
pub const PLATFORM_LOGIN: &str = "root";

/// What every player begins with: 1,000.00.
const OPENING_BALANCE: Minor = Minor::new(100_000);

/// An operator of the demo data.
#[derive(Clone, Copy, Debug)]
pub struct DemoOperator {
    /// Its name in URLs.
    pub subdomain: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// The log-in of its staff.
    pub staff: &'static str,
    /// The log-ins of its players.
    pub players: &'static [&'static str],
    /// Its theme and branding, as JSON.
    looks: &'static str,
}

/// The operators of the demo data.
pub const OPERATORS: [DemoOperator; 2] = [
    DemoOperator {
        subdomain: "aurora",
        name: "Aurora Sports",
        staff: "aurora_admin",
        players: &["alice", "bob"],
        looks: include_str!("demo/aurora.json"),
    },
    DemoOperator {
        subdomain: "bluefin",
        name: "Bluefin Bets",
        staff: "bluefin_admin",
        players: &["carol"],
        looks: include_str!("demo/bluefin.json"),
    },
];

/// What became of the demo data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DemoData {
    /// It was created.
    Created,
    /// It was there.
    Kept,
    /// It was not created, because the database has other operators or people.
    Refused,
}

impl DemoData {
    /// As the end of a line of progress.
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Kept => "found",
            Self::Refused => "left out",
        }
    }
}

/// Why the demo data could not be created.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// An operator, its staff or a player was refused.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// A theme or a branding was refused.
    #[error(transparent)]
    Looks(#[from] ChangeError),
    /// The password could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// A name will not do: a fault of ours.
    #[error("a name {0}")]
    Name(#[from] TextError),
    /// A text of an operator will not do: a fault of ours.
    #[error("{0:?} can't be read")]
    Text(&'static str),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Creates all of the demo data in one transaction, if the database has no operators.
pub async fn create(database_url: &str, clock: &Clock, random: &Random) -> Result<DemoData, DemoError> {
    let mut db = PgConnection::connect(database_url).await?;
    let demo = if has_operators(&mut db).await? {
        if is_there(&mut db).await? {
            DemoData::Kept
        } else {
            DemoData::Refused
        }
    } else {
        let passwords = Passwords::new(&AccountLimits::default());
        let password = passwords
            .hash(&Password::for_new_account(PASSWORD)?, random)
            .await?;
        match create_all(&mut db, &password, clock.now(), random).await {
            Err(DemoError::Create(error)) if is_taken(&error) => DemoData::Refused,
            created => created.map(|()| DemoData::Created)?,
        }
    };
    db.close().await?;
    Ok(demo)
}

async fn has_operators(db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(r#"select exists (select from operators) as "exists!""#)
        .fetch_one(db)
        .await
}

async fn is_there(db: &mut PgConnection) -> Result<bool, DemoError> {
    for operator in OPERATORS {
        match find_operator(db, &operator.parsed_subdomain()?).await {
            Err(CreateError::UnknownOperator) => return Ok(false),
            found => found?,
        };
    }
    Ok(true)
}

const fn is_taken(error: &CreateError) -> bool {
    matches!(
        error,
        CreateError::SubdomainTaken
            | CreateError::LoginTaken
            | CreateError::UsernameTaken
            | CreateError::EmailTaken
    )
}

async fn create_all(
    db: &mut PgConnection,
    password: &HashedPassword,
    now: OffsetDateTime,
    random: &Random,
) -> Result<(), DemoError> {
    let mut transaction = db.begin().await?;
    for operator in OPERATORS {
        let id = operator.create(&mut transaction, password, now, random).await?;
        for name in operator.players {
            let player = NewPlayer {
                username: PlayerName::parse(name)?,
                email: Email::parse(&format!("{name}@{}.example", operator.subdomain))?,
                password: password.clone(),
            };
            let opening = Opening::draw(OPENING_BALANCE, random, now);
            create_player(id, &mut transaction, &player, &opening).await?;
        }
    }
    let root = NewStaff {
        login: StaffLogin::parse(PLATFORM_LOGIN)?,
        password: password.clone(),
        email: None,
        role: Role::Owner,
    };
    create_staff(OperatorId::PLATFORM, &mut transaction, &root, now).await?;
    transaction.commit().await?;
    Ok(())
}

/// The looks of an operator, as its staff would send them.
#[derive(Deserialize)]
struct Looks {
    theme: Map<String, Value>,
    branding: Box<RawValue>,
}

impl DemoOperator {
    /// Creates the operator with its looks and its staff.
    async fn create(
        &self,
        db: &mut PgConnection,
        password: &HashedPassword,
        now: OffsetDateTime,
        random: &Random,
    ) -> Result<OperatorId, DemoError> {
        let operator = NewOperator {
            subdomain: self.parsed_subdomain()?,
            name: self.name.parse().map_err(|_| DemoError::Text(self.name))?,
            currency: Currency::USD,
        };
        let looks = self.parsed_looks()?;
        let staff = NewStaff {
            login: StaffLogin::parse(self.staff)?,
            password: password.clone(),
            email: None,
            role: Role::Owner,
        };
        let founding = Founding::draw(random, now);
        let id = create_operator(db, &operator, &founding).await?.id;
        let doer = Doer::at_console(id, now);
        save_theme(&doer, db, &looks.theme).await?;
        save_branding(&doer, db, &looks.branding).await?;
        create_staff(id, db, &staff, now).await?;
        Ok(id)
    }

    fn parsed_subdomain(&self) -> Result<Subdomain, DemoError> {
        Subdomain::parse(self.subdomain).ok_or(DemoError::Text(self.subdomain))
    }

    fn parsed_looks(&self) -> Result<Looks, DemoError> {
        serde_json::from_str(self.looks).map_err(|_| DemoError::Text(self.name))
    }
}

#[cfg(test)]
mod tests {
    use shared::branding::{BettingLimits, BrandingSettings};
    use shared::theme::Theme;

    use super::*;

    #[test]
    fn every_name_and_the_password_would_be_accepted_from_anybody() {
        Password::for_new_account(PASSWORD).unwrap();
        StaffLogin::parse(PLATFORM_LOGIN).unwrap();
        for operator in OPERATORS {
            operator.parsed_subdomain().unwrap();
            StaffLogin::parse(operator.staff).unwrap();
            for player in operator.players {
                PlayerName::parse(player).unwrap();
            }
        }
    }

    #[test]
    fn each_operator_has_valid_looks_of_its_own() {
        let themes = OPERATORS.map(|operator| {
            let looks = operator.parsed_looks().unwrap();
            let limits = BettingLimits::of_new_operator(Currency::USD);
            BrandingSettings::default()
                .updated(limits, &looks.branding)
                .unwrap();
            let theme = Theme::default().merged(&looks.theme).unwrap();
            assert_eq!(theme.sportsbook_name.as_str(), operator.name);
            theme
        });
        assert_ne!(themes[0], themes[1]);
        assert_ne!(themes[0], Theme::default());
    }
}
