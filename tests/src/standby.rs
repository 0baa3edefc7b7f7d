//! A hot standby of the database of a test, which lags for as long as the test wants.
//! Must never be what tells how far the primary is.

use std::time::Duration;

use dev::postgres::Cluster;
use sqlx::postgres::{PgPool, PgPoolOptions};

use crate::database::{Database, primary};

/// Whatever is waited for here comes within this.
const LIMIT: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(10);

/// A standby of its own for one test.
#[derive(Debug)]
pub struct Standby {
    cluster: Cluster,
    url: String,
    admin: PgPool,
}

impl Standby {
    /// A standby that follows the server of `database`, which was made by [`Database::create_with_log_shipping`].
    pub async fn of(database: &Database) -> Self {
        let cluster = primary().standby().await.expect("a standby starts");
        let admin = PgPoolOptions::new()
            .max_connections(1)
            .connect(&cluster.superuser_url("postgres"))
            .await
            .expect("the standby can be reached");
        Self {
            url: cluster.url(database.name()),
            cluster,
            admin,
        }
    }

    /// The URL of the copy of the test's database.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.cluster.port()
    }

    /// Lets nothing more be seen of what is committed, until [`Standby::go_on`].
    pub async fn fall_behind(&self) {
        self.execute("select pg_wal_replay_pause()").await;
        self.until("select pg_get_wal_replay_pause_state() = 'paused'")
            .await;
    }

    /// Replays what was held back.
    pub async fn go_on(&self) {
        self.execute("select pg_wal_replay_resume()").await;
    }

    /// Waits until everything that is committed now in `database` is seen here.
    pub async fn catches_up_with(&self, database: &Database) {
        let position: String = sqlx::query_scalar("select pg_current_wal_lsn()::text")
            .fetch_one(database.pool())
            .await
            .expect("the primary's position");
        let wait = async {
            loop {
                let is_there: bool =
                    sqlx::query_scalar("select pg_last_wal_replay_lsn() >= $1::text::pg_lsn")
                        .bind(&position)
                        .fetch_one(&self.admin)
                        .await
                        .expect("the standby's position");
                if is_there {
                    return;
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(LIMIT, wait)
            .await
            .expect("the standby catches up");
    }

    /// Ends every process of it at once.
    pub async fn crash(&mut self) {
        self.cluster.crash().await.expect("the standby ends");
    }

    /// Stops it for good.
    pub async fn stop(self) {
        self.admin.close().await;
        self.cluster.stop().await.expect("the standby stops");
    }

    async fn execute(&self, statement: &'static str) {
        sqlx::query(statement)
            .execute(&self.admin)
            .await
            .expect("the statement works");
    }

    async fn until(&self, condition: &'static str) {
        let wait = async {
            loop {
                let holds: bool = sqlx::query_scalar(condition)
                    .fetch_one(&self.admin)
                    .await
                    .expect("the condition can be asked for");
                if holds {
                    return;
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::time::timeout(LIMIT, wait).await.expect(condition);
    }
}
