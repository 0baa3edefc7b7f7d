//! The operators, staff and players of a load, and their sessions. Must never log in by HTTP: hashing a thousand
//! passwords would take longer than the measurement.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use shared::clock::Clock;
use shared::ids::{OperatorId, PlayerId, StaffId, Subdomain};
use shared::money::{Currency, Minor};
use shared::random::Random;
use sqlx::{Connection, PgConnection};
use write_api::accounts::{
    AccountLimits, Email, Founding, HashedPassword, NewOperator, NewPlayer, NewStaff, Opening, Password,
    Passwords, PlayerName, Role, StaffLogin, create_operator, create_player, create_staff,
};

use crate::failure::Failure;
use crate::installation::{Places, Service};

/// Operators, among which the players are divided unless said otherwise.
const OPERATORS: u32 = 4;
/// Players created in one transaction.
const BATCH: usize = 100;
/// Players have been there for so long: what they are said to have played before comes after that.
const MEMBERS_FOR: Duration = Duration::from_hours(90 * 24);
/// What a player has: 1,000,000.00, more than anybody can lose in an hour.
pub(crate) const BALANCE: Minor = Minor::new(100_000_000);
/// How long a session lives.
pub(crate) const SESSION_LIFE: Duration = Duration::from_hours(24);
/// How long readers may take to know the operators.
const KNOWN_LIMIT: Duration = Duration::from_secs(10);
const KNOWN_PAUSE: Duration = Duration::from_millis(50);

/// Who is to be created.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cast {
    /// What the names of all contain: lower-case letters.
    pub(crate) name: &'static str,
    /// Operators, among which the players are divided.
    pub(crate) operators: u32,
    /// Players, all with a session.
    pub(crate) players: u32,
}

impl Cast {
    /// So many players of a few operators.
    pub(crate) fn new(name: &'static str, players: u32) -> Self {
        Self {
            name,
            operators: OPERATORS,
            players,
        }
    }
}

/// An operator, and the token of somebody who administers it.
#[derive(Debug)]
pub(crate) struct Operator {
    pub(crate) id: OperatorId,
    pub(crate) subdomain: Box<str>,
    pub(crate) staff_token: Box<str>,
}

/// A player with a session.
#[derive(Debug)]
pub(crate) struct Player {
    pub(crate) id: PlayerId,
    pub(crate) operator: Arc<Operator>,
    pub(crate) token: Box<str>,
}

/// Everybody.
#[derive(Debug)]
pub(crate) struct People {
    pub(crate) operators: Vec<Arc<Operator>>,
    pub(crate) players: Vec<Player>,
}

impl People {
    /// Creates all of `cast`.
    pub(crate) async fn create(database_url: &str, cast: Cast, clock: &Clock) -> Result<Self, Failure> {
        let mut db = PgConnection::connect(database_url).await?;
        let maker = Maker::new(cast, clock).await?;
        let mut operators = Vec::new();
        for number in 1..=cast.operators {
            operators.push(Arc::new(maker.operator(&mut db, number).await?));
        }
        let mut created = Vec::new();
        let plan: Vec<(u32, &Arc<Operator>)> = (1..=cast.players).zip(operators.iter().cycle()).collect();
        for batch in plan.chunks(BATCH) {
            created.extend(maker.players(&mut db, batch).await?);
        }
        db.close().await?;
        Ok(Self {
            operators,
            players: created,
        })
    }

    /// Waits until every reader knows every operator.
    pub(crate) async fn wait_until_known(
        &self,
        client: &reqwest::Client,
        places: &Places,
        clock: &Clock,
    ) -> Result<(), Failure> {
        self.wait_until_known_at(client, &places.readers, clock).await
    }

    /// Waits until each of `readers` knows every operator.
    pub(crate) async fn wait_until_known_at(
        &self,
        client: &reqwest::Client,
        readers: &[Service],
        clock: &Clock,
    ) -> Result<(), Failure> {
        let deadline = clock.elapsed() + KNOWN_LIMIT;
        for reader in readers {
            for operator in &self.operators {
                let page = format!("{}/api/branding/{}", reader.url, operator.subdomain);
                while !client.get(&page).send().await?.status().is_success() {
                    if clock.elapsed() >= deadline {
                        let subdomain = &operator.subdomain;
                        return Err(Failure::Unfit(format!(
                            "a reader does not know the operator {subdomain}"
                        )));
                    }
                    tokio::time::sleep(KNOWN_PAUSE).await;
                }
            }
        }
        Ok(())
    }
}

/// Creates an owner of the platform; the token of a session of theirs.
pub(crate) async fn platform_token(database_url: &str, clock: &Clock) -> Result<Box<str>, Failure> {
    let mut db = PgConnection::connect(database_url).await?;
    let maker = Maker::new(Cast::new("platform", 0), clock).await?;
    let staff = NewStaff {
        login: StaffLogin::parse("bench_root")?,
        password: maker.password.clone(),
        email: None,
        role: Role::Owner,
    };
    let staff = create_staff(OperatorId::PLATFORM, &mut db, &staff, clock.now()).await?;
    let token = maker
        .session(OperatorId::PLATFORM, &mut db, Person::Staff(staff))
        .await?;
    db.close().await?;
    Ok(token)
}

/// What everybody is made from.
struct Maker<'a> {
    cast: Cast,
    password: HashedPassword,
    random: Random,
    clock: &'a Clock,
}

impl<'a> Maker<'a> {
    /// With a password that nobody knows.
    async fn new(cast: Cast, clock: &'a Clock) -> Result<Self, Failure> {
        let random = Random::system();
        let password = Password::for_new_account(&random.uuid(clock.now()).to_string())?;
        Ok(Self {
            cast,
            password: Passwords::new(&AccountLimits::default())
                .hash(&password, &random)
                .await?,
            random,
            clock,
        })
    }

    async fn operator(&self, db: &mut PgConnection, number: u32) -> Result<Operator, Failure> {
        let name = self.cast.name;
        let subdomain = format!("{name}-{number}");
        let unfit = || Failure::Unfit(format!("{subdomain:?} can't name an operator"));
        let now = self.clock.now();
        let new = NewOperator {
            subdomain: Subdomain::parse(&subdomain).ok_or_else(unfit)?,
            name: subdomain.parse().map_err(|_| unfit())?,
            currency: Currency::USD,
        };
        let staff = NewStaff {
            login: StaffLogin::parse(&format!("{name}_admin_{number}"))?,
            password: self.password.clone(),
            email: None,
            role: Role::Owner,
        };
        let mut transaction = db.begin().await?;
        let founding = Founding::draw(&Random::system(), now);
        let id = create_operator(&mut transaction, &new, &founding).await?.id;
        let staff = create_staff(id, &mut transaction, &staff, now).await?;
        let staff_token = self.session(id, &mut transaction, Person::Staff(staff)).await?;
        transaction.commit().await?;
        Ok(Operator {
            id,
            subdomain: subdomain.into(),
            staff_token,
        })
    }

    /// Creates players in one transaction.
    async fn players(
        &self,
        db: &mut PgConnection,
        batch: &[(u32, &Arc<Operator>)],
    ) -> Result<Vec<Player>, Failure> {
        let mut players = Vec::new();
        let mut transaction = db.begin().await?;
        for (number, operator) in batch {
            let username = format!("player-{number}");
            let new = NewPlayer {
                email: Email::parse(&format!("{username}@{}.example", self.cast.name))?,
                username: PlayerName::parse(&username)?,
                password: self.password.clone(),
            };
            let opening = Opening::draw(BALANCE, &self.random, self.clock.now() - MEMBERS_FOR);
            let player = create_player(operator.id, &mut transaction, &new, &opening).await?;
            players.push(Player {
                id: player,
                token: self
                    .session(operator.id, &mut transaction, Person::Player(player))
                    .await?,
                operator: Arc::clone(operator),
            });
        }
        transaction.commit().await?;
        Ok(players)
    }

    /// Opens a session as a log-in does, and returns its token.
    async fn session(
        &self,
        operator: OperatorId,
        db: &mut PgConnection,
        person: Person,
    ) -> Result<Box<str>, sqlx::Error> {
        let secret = URL_SAFE_NO_PAD.encode(self.random.bytes::<32>());
        let token = format!("{operator}.{secret}");
        let (player, staff) = match person {
            Person::Player(id) => (Some(id.get()), None),
            Person::Staff(id) => (None, Some(id.get())),
        };
        let now = self.clock.now();
        sqlx::query!(
            r#"
            insert into sessions (operator_id, token_hash, player_id, staff_id, created_at, expires_at)
            values ($1, $2, $3, $4, $5, $6)
            "#,
            operator.get(),
            &Sha256::digest(token.as_bytes())[..],
            player,
            staff,
            now,
            now + SESSION_LIFE,
        )
        .execute(db)
        .await?;
        Ok(token.into())
    }
}

/// Whose session it is.
#[derive(Clone, Copy, Debug)]
enum Person {
    Player(PlayerId),
    Staff(StaffId),
}
