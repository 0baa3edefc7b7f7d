//! The pool: whoever leaves at whatever moment, every connection comes back clean.

use std::sync::Arc;
use std::time::Duration;

use shared::clock::Clock;
use shared::db::{Db, DbError, DbLimits};
use sqlx::Connection;
use tests::database::Database;
use tokio_util::task::TaskTracker;

fn limits(connections: &str) -> DbLimits {
    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        limits: DbLimits,
    }
    let args = ["test", "--db-max-connections", connections];
    <Command as clap::Parser>::parse_from(args).limits
}

fn pool_of_one(database: &Database, tasks: &TaskTracker) -> Db {
    pool_of("1", database, tasks)
}

fn pool_of(connections: &str, database: &Database, tasks: &TaskTracker) -> Db {
    Db::new(
        database.url(),
        "pool-test",
        limits(connections),
        tasks.clone(),
        Clock::machine(),
    )
    .unwrap()
}

async fn insert(db: &Db, key: i64) -> Result<(), DbError> {
    db.write(move |connection| {
        Box::pin(async move {
            sqlx::query("insert into marks values ($1)")
                .bind(key)
                .execute(connection)
                .await?;
            Ok(())
        })
    })
    .await
}

/// The caller is cut off at every point at which it could be waiting: after 1, 2, 3 … polls. With a pool of one the
/// next caller gets the same connection, so a transaction left open on it would swallow the next row.
#[tokio::test]
async fn a_caller_cut_off_at_any_await_loses_no_later_write() {
    let database = Database::create().await;
    sqlx::query("create table marks (key bigint primary key)")
        .execute(database.pool())
        .await
        .unwrap();
    let tasks = TaskTracker::new();
    let db = Arc::new(pool_of_one(&database, &tasks));
    for polls in 0..40 {
        let cut_off = insert(&db, 1000 + polls);
        cut_off_after(cut_off, polls).await;
        insert(&db, polls).await.unwrap();
    }
    tasks.close();
    tasks.wait().await;
    let kept: i64 = sqlx::query_scalar("select count(*) from marks where key < 1000")
        .fetch_one(database.pool())
        .await
        .unwrap();
    assert_eq!(kept, 40, "no acknowledged write was lost");
    assert_eq!(db.health().closed_by_hook, 0);
    db.close().await;
    assert_eq!(database.idle_in_transaction().await, 0);
    sqlx::query("drop table marks")
        .execute(database.pool())
        .await
        .unwrap();
    database.finish().await;
}

#[tokio::test]
async fn connections_that_the_server_closed_cost_no_request() {
    let database = Database::create().await;
    let tasks = TaskTracker::new();
    let db = Arc::new(pool_of("3", &database, &tasks));
    let read = || {
        db.read(|connection| {
            Box::pin(async move {
                sqlx::query("select pg_sleep(0.05)").execute(connection).await?;
                Ok::<_, DbError>(())
            })
        })
    };
    for _ in 0..3 {
        tokio::try_join!(read(), read(), read()).unwrap();
        sqlx::query(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity
             where datname = current_database() and application_name = 'pool-test'",
        )
        .execute(database.pool())
        .await
        .unwrap();
        tokio::try_join!(read(), read(), read()).unwrap();
    }
    db.close().await;
    database.finish().await;
}

/// Polls a future so many times and drops it.
async fn cut_off_after<T>(future: impl Future<Output = T>, polls: i64) {
    let mut future = std::pin::pin!(future);
    for _ in 0..polls {
        let ready =
            std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context).is_ready()));
        if ready.await {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_statement_is_cut_off_in_time_and_nothing_is_written() {
    let database = Database::create().await;
    sqlx::query("create table marks (key bigint primary key)")
        .execute(database.pool())
        .await
        .unwrap();
    let tasks = TaskTracker::new();
    let db = pool_of_one(&database, &tasks);
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
    let refused: Result<(), DbError> = db
        .read(|connection| {
            Box::pin(async move {
                sqlx::query("insert into marks values (1)")
                    .execute(connection)
                    .await?;
                Ok(())
            })
        })
        .await;
    assert!(refused.is_err(), "a reading transaction can't write");
    insert(&db, 2).await.unwrap();
    db.close().await;
    sqlx::query("drop table marks")
        .execute(database.pool())
        .await
        .unwrap();
    database.finish().await;
}

/// With the only connection taken, a caller is refused in time instead of waiting for ever, and gets it once it is free.
#[tokio::test]
async fn an_exhausted_pool_refuses_in_time() {
    let database = Database::create().await;
    let tasks = TaskTracker::new();
    let db = Arc::new(pool_of_one(&database, &tasks));
    let busy = tokio::spawn({
        let db = Arc::clone(&db);
        async move {
            db.write(|connection| {
                Box::pin(async move {
                    sqlx::query("select pg_sleep(2.5)").execute(connection).await?;
                    Ok::<_, DbError>(())
                })
            })
            .await
        }
    });
    while db.health().active_connections == 0 {
        tokio::task::yield_now().await;
    }
    let begun = Clock::machine();
    let refused = db
        .read(|connection| Box::pin(async move { Ok::<_, DbError>(connection.ping().await?) }))
        .await;
    assert!(matches!(refused, Err(DbError::Unavailable(_))), "{refused:?}");
    assert!(
        begun.elapsed() < Duration::from_millis(2400),
        "{:?}",
        begun.elapsed()
    );
    busy.await.unwrap().unwrap();
    db.read(|connection| Box::pin(async move { Ok::<_, DbError>(connection.ping().await?) }))
        .await
        .unwrap();
    db.close().await;
    database.finish().await;
}

/// What sqlx does to a `begin` that is cancelled: the hook must notice and close the connection.
#[tokio::test]
async fn the_hook_closes_a_connection_that_comes_back_inside_a_transaction() {
    let database = Database::create().await;
    let tasks = TaskTracker::new();
    let db = pool_of_one(&database, &tasks);
    db.read(|connection| {
        Box::pin(async move {
            // Behind sqlx's back, so that it believes the transaction to be over.
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
    db.close().await;
    assert_eq!(database.idle_in_transaction().await, 0);
    database.finish().await;
}

#[tokio::test]
async fn others_never_take_the_connections_that_are_spared_nor_the_queue_for_them() {
    let database = Database::create().await;
    let tasks = TaskTracker::new();
    let money = pool_of("2", &database, &tasks);
    let others = money.for_others(1);
    let sleeping = |db: &Db| {
        let db = db.clone();
        tokio::spawn(async move {
            db.read(|connection| {
                Box::pin(async move {
                    sqlx::query("select pg_sleep(1)").execute(connection).await?;
                    Ok::<_, DbError>(())
                })
            })
            .await
        })
    };
    let first = sleeping(&others);
    let rest: Vec<_> = (0..600).map(|_| sleeping(&others)).collect();
    for _ in 0..20 {
        let one = money.read(|connection| {
            Box::pin(async move {
                let one: i32 = sqlx::query_scalar("select 1").fetch_one(connection).await?;
                Ok::<_, DbError>(one)
            })
        });
        assert_eq!(one.await.unwrap(), 1);
    }
    assert!(!first.is_finished(), "all this while others had to wait");
    first.await.unwrap().unwrap();
    let mut refused = 0;
    for asked in rest {
        refused += usize::from(matches!(asked.await.unwrap(), Err(DbError::TooManyWaiters)));
    }
    assert!(refused >= 600 - limits("2").db_max_waiters, "{refused}");
    money.close().await;
    database.finish().await;
}
