//! Both services behind a PgBouncer in transaction mode, as Debian ships it: clients take turns on a few sessions of the
//! server, so nothing may be left in one.

use std::time::Duration;

use serde_json::json;
use shared::clock::Clock;
use shared::db::{Db, DbError, DbLimits};
use sqlx::Connection;
use sqlx::postgres::PgConnection;
use tests::database::Database;
use tests::{Installation, Pooler};
use tokio_util::task::TaskTracker;

/// What a PgBouncer before 1.21 needs: it does not know whose a prepared statement is.
const NO_CACHE: [&str; 2] = ["--db-statement-cache", "0"];
const PLAYERS: usize = 6;
const BETS: usize = 10;

fn limits() -> DbLimits {
    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        limits: DbLimits,
    }
    <Command as clap::Parser>::parse_from(["test"].into_iter().chain(NO_CACHE)).limits
}

/// The limits of each session of the server, as a newcomer finds them.
async fn nothing_is_left_behind(database: &Database, pooler: &Pooler) {
    let url = database.url_through(pooler.port());
    let mut sessions = Vec::new();
    for _ in 0..3 {
        let mut session = PgConnection::connect(&url).await.unwrap();
        // Inside a transaction each has a session of its own.
        sqlx::raw_sql("begin").execute(&mut session).await.unwrap();
        sessions.push(session);
    }
    for session in &mut sessions {
        for name in [
            "statement_timeout",
            "lock_timeout",
            "idle_in_transaction_session_timeout",
        ] {
            let value = sqlx::raw_sql(sqlx::AssertSqlSafe(format!("show {name}")))
                .fetch_one(&mut *session)
                .await
                .unwrap();
            assert_eq!(sqlx::Row::get::<String, _>(&value, 0), "0", "{name}");
        }
    }
    for mut session in sessions {
        sqlx::raw_sql("rollback").execute(&mut session).await.unwrap();
        session.close().await.unwrap();
    }
}

#[tokio::test]
async fn pages_changes_and_bets_work_behind_a_pooler_and_leave_nothing_behind() {
    let database = Database::create().await;
    let Some(pooler) = Pooler::before(&database).await else {
        return database.finish().await;
    };
    let builder = Installation::builder()
        .readers(2)
        .by_way_of(pooler.port())
        .reader_args(&NO_CACHE)
        .writer_args(&NO_CACHE)
        .patient();
    let installation = builder.start_on(database).await;
    let aurora = installation.operator("aurora").await;
    let admin = installation.writer().logged_in(&aurora.token);
    let mut players = Vec::new();
    for number in 0..PLAYERS {
        let player = installation
            .player(&aurora, &format!("player{number}"), 100_000)
            .await;
        players.push(installation.reader(number % 2).logged_in(&player.token));
    }
    let bets = players.into_iter().map(|player| {
        tokio::spawn(async move {
            for _ in 0..BETS {
                player
                    .post("/api/casino/slots/bet", &json!({"stake": 1}))
                    .await
                    .ok();
            }
        })
    });
    let bets: Vec<_> = bets.collect();
    for color in ["#a1b2c3", "#c3b2a1", "#010203"] {
        let answer = admin
            .post("/api/save-theme/aurora", &json!({"primaryColor": color}))
            .await
            .ok();
        assert_eq!(
            answer["readers"]["acknowledged"],
            json!(["reader-0", "reader-1"]),
            "{answer}"
        );
        for number in [0, 1] {
            let reader = installation.reader(number);
            assert_eq!(
                reader.get("/api/load-theme/aurora").await.ok()["primaryColor"],
                color
            );
            for page in [
                "branding/aurora",
                "theme-css/aurora",
                "theme-templates",
                "sports/sports",
            ] {
                let answer = reader.get(&format!("/api/{page}")).await;
                assert!(answer.status.is_success(), "{page}: {}", answer.text());
            }
        }
    }
    for bet in bets {
        bet.await.unwrap();
    }
    nothing_is_left_behind(&installation.database, &pooler).await;
    installation.finish().await;
}

#[tokio::test]
async fn limits_hold_behind_a_pooler_and_a_dirty_connection_is_closed() {
    let database = Database::create().await;
    let Some(pooler) = Pooler::before(&database).await else {
        return database.finish().await;
    };
    let url = database.url_through(pooler.port());
    let tasks = TaskTracker::new();
    let db = Db::new(&url, "pooler-test", limits(), tasks, Clock::machine()).unwrap();
    let begun = Clock::machine();
    let slow: Result<(), DbError> = db
        .read(|connection| {
            Box::pin(async move {
                sqlx::query("select pg_sleep(20)").execute(connection).await?;
                Ok(())
            })
        })
        .await;
    assert!(matches!(slow, Err(DbError::TooSlow(_))), "{slow:?}");
    assert!(begun.elapsed() < Duration::from_secs(3));
    // Behind sqlx's back, so that it believes the transaction to be over.
    db.read(|connection| {
        Box::pin(async move {
            sqlx::raw_sql("commit; begin").execute(&mut *connection).await?;
            sqlx::raw_sql("commit; begin").execute(connection).await?;
            Ok::<_, DbError>(())
        })
    })
    .await
    .unwrap();
    db.read(|connection| Box::pin(async move { Ok::<_, DbError>(connection.ping().await?) }))
        .await
        .unwrap();
    nothing_is_left_behind(&database, &pooler).await;
    db.close().await;
    assert_eq!(database.idle_in_transaction().await, 0);
    database.finish().await;
}
