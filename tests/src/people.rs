//! Operators, staff and players of a test, made by the same functions as the product's. Must never write a row itself,
//! except to break something on purpose.

use serde_json::Value;
use shared::ids::{OperatorId, PlayerId, StaffId, Subdomain};
use shared::money::{Currency, Minor};
use shared::random::Random;
use sqlx::PgConnection;
use tokio::sync::OnceCell;
use write_api::accounts::{
    AccountLimits, Email, Founding, HashedPassword, NewOperator, NewPlayer, NewStaff, Opening, Password,
    Passwords, PlayerName, Role, StaffLogin, create_operator, create_player, create_staff,
};

use crate::client::Client;
use crate::installation::Installation;

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery";

/// `body` with what proves who sends it.
pub fn proved(mut body: Value) -> Value {
    body["current_password"] = PASSWORD.into();
    body
}

static HASH: OnceCell<HashedPassword> = OnceCell::const_new();

/// An operator with one person of staff, logged in.
#[derive(Clone, Debug)]
pub struct Operator {
    /// Its id.
    pub id: OperatorId,
    /// Its name in URLs.
    pub subdomain: String,
    /// The staff's id.
    pub staff: StaffId,
    /// The staff's log-in name.
    pub login: String,
    /// The staff's token.
    pub token: String,
}

/// A player, logged in.
#[derive(Clone, Debug)]
pub struct Player {
    /// The id.
    pub id: PlayerId,
    /// The operator.
    pub operator: OperatorId,
    /// The name.
    pub username: String,
    /// The token.
    pub token: String,
}

impl Installation {
    /// A new operator, known to every reader.
    pub async fn operator(&self, subdomain: &str) -> Operator {
        self.operator_with(subdomain, Currency::USD).await
    }

    /// A new operator with books in `currency`, known to every reader.
    pub async fn operator_with(&self, subdomain: &str, currency: Currency) -> Operator {
        let login = format!("{}_admin", subdomain.replace('-', "_"));
        let now = self.clock.now();
        let operator = NewOperator {
            subdomain: Subdomain::parse(subdomain).expect("a subdomain"),
            name: format!("{subdomain} Sports").parse().expect("a name"),
            currency,
        };
        let person = NewStaff {
            login: StaffLogin::parse(&login).expect("a log-in name"),
            password: password().await,
            email: None,
            role: Role::Owner,
        };
        let founding = Founding::draw(&Random::system(), now);
        let mut transaction = self.database.pool().begin().await.expect("a transaction");
        let db: &mut PgConnection = &mut transaction;
        let created = create_operator(db, &operator, &founding)
            .await
            .expect("an operator");
        let id = created.id;
        let staff = create_staff(id, db, &person, now).await.expect("staff");
        transaction.commit().await.expect("a commit");
        for reader in &self.readers {
            self.within(
                std::time::Duration::from_secs(10),
                "the reader knows the operator",
                || async { reader.reader().directory.find(subdomain).is_some() },
            )
            .await;
        }
        let body = serde_json::json!({"login": login, "password": PASSWORD});
        let token = token(&self.writer(), "/api/admin-login", &body).await;
        Operator {
            id,
            subdomain: subdomain.to_owned(),
            staff,
            login,
            token,
        }
    }

    /// A new player of `operator` with `balance_minor`.
    pub async fn player(&self, operator: &Operator, username: &str, balance_minor: i64) -> Player {
        self.player_with_seeds_of(&Random::system(), operator, username, balance_minor)
            .await
    }

    /// A new player whose seeds are drawn from `random`: the server seed first, then the client seed.
    pub async fn player_with_seeds_of(
        &self,
        random: &Random,
        operator: &Operator,
        username: &str,
        balance_minor: i64,
    ) -> Player {
        let person = NewPlayer {
            username: PlayerName::parse(username).expect("a name"),
            email: Email::parse(&format!("{username}@example.com")).expect("an e-mail address"),
            password: password().await,
        };
        let opening = Opening::draw(Minor::new(balance_minor), random, self.clock.now());
        let mut transaction = self.database.pool().begin().await.expect("a transaction");
        let id = create_player(operator.id, &mut transaction, &person, &opening)
            .await
            .expect("a player");
        transaction.commit().await.expect("a commit");
        let path = format!("/api/auth/{}/login", operator.subdomain);
        let body = serde_json::json!({"username": username, "password": PASSWORD});
        Player {
            id,
            operator: operator.id,
            username: username.to_owned(),
            token: token(&self.writer(), &path, &body).await,
        }
    }
}

impl Installation {
    /// So many new players of `operator` with `balance_minor` each, who don't log in. Their names begin with `prefix`.
    pub async fn crowd(&self, operator: &Operator, prefix: &str, players: u32, balance_minor: i64) {
        let mut transaction = self.database.pool().begin().await.expect("a transaction");
        for number in 0..players {
            let username = format!("{prefix}{number}");
            let person = NewPlayer {
                username: PlayerName::parse(&username).expect("a name"),
                email: Email::parse(&format!("{username}@example.com")).expect("an e-mail address"),
                password: password().await,
            };
            let opening = Opening::draw(Minor::new(balance_minor), &Random::system(), self.clock.now());
            create_player(operator.id, &mut transaction, &person, &opening)
                .await
                .expect("a player");
        }
        transaction.commit().await.expect("a commit");
    }

    /// What the player's wallet holds, in minor units, as the database has it.
    pub async fn balance_minor(&self, player: &Player) -> i64 {
        sqlx::query_scalar("select balance from wallets where operator_id = $1 and player_id = $2")
            .bind(player.operator.get())
            .bind(player.id.get())
            .fetch_one(self.database.pool())
            .await
            .expect("the player has a wallet")
    }

    /// The number of rows of a table.
    pub async fn count(&self, table: &'static str) -> i64 {
        let statement = format!("select count(*) from {table}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
            .fetch_one(self.database.pool())
            .await
            .expect("the rows can be counted")
    }
}

async fn token(client: &Client, path: &str, body: &serde_json::Value) -> String {
    let answer = client.post(path, body).await.ok();
    answer["token"].as_str().expect("a token").to_owned()
}

/// One hash for everybody: hashing takes long on purpose.
async fn password() -> HashedPassword {
    let hash = || async {
        let passwords = Passwords::new(&AccountLimits::default());
        let password = Password::for_new_account(PASSWORD).expect("a password");
        passwords
            .hash(&password, &Random::system())
            .await
            .expect("a hash")
    };
    HASH.get_or_init(hash).await.clone()
}
