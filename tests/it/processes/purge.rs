//! `write-api purge`: every reader fetches anew what it holds, says so, and after a hard purge shows nothing older.

use std::time::Duration;

use serde_json::json;
use tests::people::Operator;
use tests::{Client, Installation};

use super::{Ended, edgebook, run};
use crate::coherence::PULL_BOUND;

/// The tool, told of these readers.
async fn purge(installation: &Installation, readers: &[String], args: &[&str]) -> Ended {
    let mut command = edgebook(&["write-api", "purge"]);
    command
        .args(args)
        .args(["--reader-backoff-ms", "10"])
        .env("DATABASE_URL", installation.database.url())
        .env("WEBHOOK_SECRET", &installation.webhook_secret)
        .env("READER_URLS", readers.join(","));
    run(command).await
}

fn addresses(installation: &Installation) -> Vec<String> {
    let readers = installation.readers.iter();
    readers
        .map(|reader| format!("http://{}", reader.address()))
        .collect()
}

/// Changes the colour of an operator as somebody does who knows nothing of versions.
async fn paint_by_hand(installation: &Installation, operator: &Operator, color: &str) {
    sqlx::query("update themes set primary_color = $1 where operator_id = $2")
        .bind(color)
        .bind(operator.id.get())
        .execute(installation.database.pool())
        .await
        .unwrap();
}

async fn color(reader: &Client, operator: &Operator) -> String {
    let theme = reader
        .get(&format!("/api/load-theme/{}", operator.subdomain))
        .await;
    theme.ok()["primaryColor"].as_str().unwrap().to_owned()
}

/// An operator whose theme is in the memory of every reader, in this colour.
async fn painted(installation: &Installation, name: &str, paint: &str) -> Operator {
    let operator = installation.operator(name).await;
    let admin = installation.writer().logged_in(&operator.token);
    let path = format!("/api/save-theme/{name}");
    admin.post(&path, &json!({"primaryColor": paint})).await.ok();
    for number in 0..installation.readers.len() {
        let reader = installation.reader(number);
        installation
            .within(PULL_BOUND, "the colour is seen", || async {
                color(&reader, &operator).await == paint
            })
            .await;
    }
    operator
}

#[tokio::test]
async fn a_purge_is_at_every_reader_and_prints_what_each_serves() {
    let installation = Installation::builder().readers(2).start().await;
    let aurora = painted(&installation, "aurora", "#111111").await;
    let bluefin = painted(&installation, "bluefin", "#111111").await;
    let readers = addresses(&installation);
    for (scope, manner, version, paint) in [
        (&["--operator", "aurora"][..], "--soft", 2, "#222222"),
        (&["--operator", "Aurora"], "--hard", 3, "#333333"),
        (&["--all"], "--soft", 4, "#444444"),
        (&["--all"], "--hard", 5, "#555555"),
    ] {
        paint_by_hand(&installation, &aurora, paint).await;
        paint_by_hand(&installation, &bluefin, paint).await;
        let before = color(&installation.reader(0), &bluefin).await;
        let ended = purge(&installation, &readers, &[scope, &[manner]].concat()).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        for (number, address) in readers.iter().enumerate() {
            let line = format!("acknowledged reader-{number} {address} ");
            let line = ended.out.lines().find(|said| said.starts_with(&line)).unwrap();
            let theme = format!(" {}/theme={version}", aurora.id);
            assert!(line.contains(&theme), "{theme}: {line}");
            let reader = installation.reader(number);
            assert_eq!(color(&reader, &aurora).await, paint);
            let is_for_all = scope == ["--all"];
            let expected = if is_for_all { paint } else { &before };
            assert_eq!(color(&reader, &bluefin).await, expected, "{scope:?}");
        }
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_purge_that_does_not_reach_a_reader_says_so_and_gets_there_by_the_pull() {
    let installation = Installation::builder().readers(2).start().await;
    let aurora = painted(&installation, "aurora", "#111111").await;
    let away = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = format!("http://{}", away.local_addr().unwrap());
    drop(away);
    paint_by_hand(&installation, &aurora, "#222222").await;
    let told = [addresses(&installation)[0].clone(), gone.clone()];
    let ended = purge(&installation, &told, &["--operator", "aurora", "--soft"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.out.contains("acknowledged reader-0 "), "{}", ended.out);
    assert!(
        ended.out.contains(&format!("unreachable ? {gone}\n")),
        "{}",
        ended.out
    );
    assert!(
        ended.err.contains("1 of the readers could not be reached"),
        "{}",
        ended.err
    );
    let reader = installation.reader(1);
    installation
        .within(PULL_BOUND, "who was not told learns of it", || async {
            color(&reader, &aurora).await == "#222222"
        })
        .await;
    let nobody = purge(&installation, &[], &["--all", "--soft"]).await;
    assert_eq!(nobody.code, Some(0), "{nobody:?}");
    assert!(nobody.out.contains("no readers are known here"), "{}", nobody.out);
    let said = installation
        .count("audit_entries where action = 'operator.purged'")
        .await;
    assert_eq!(said, 2, "each is in the audit log");
    installation.finish().await;
}

#[tokio::test]
async fn what_is_to_be_purged_and_how_must_be_said() {
    let installation = Installation::start().await;
    for (args, said) in [
        (&["--soft"][..], "--all"),
        (&["--all"], "--soft"),
        (&["--all", "--soft", "--hard"], "cannot be used with"),
        (
            &["--all", "--operator", "aurora", "--soft"],
            "cannot be used with",
        ),
    ] {
        let ended = purge(&installation, &[], args).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains(said), "{said}: {}", ended.err);
    }
    let ended = purge(&installation, &[], &["--operator", "nobody", "--hard"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.err.contains("there is no operator with this subdomain"),
        "{}",
        ended.err
    );
    assert_eq!(ended.out, "");
    installation.finish().await;
}

#[tokio::test]
async fn after_a_soft_purge_old_bytes_are_shown_while_the_database_is_away_and_after_a_hard_one_none() {
    let installation = Installation::builder().proxied().start().await;
    let aurora = painted(&installation, "aurora", "#111111").await;
    let bluefin = painted(&installation, "bluefin", "#111111").await;
    let (reader, readers) = (installation.reader(0), addresses(&installation));
    installation.reader_links[0].cut();
    let ended = purge(&installation, &readers, &["--operator", "aurora", "--soft"]).await;
    assert!(ended.out.contains("pending reader-0 "), "{ended:?}");
    assert_eq!(ended.code, Some(0), "it was reached: {ended:?}");
    assert_eq!(color(&reader, &aurora).await, "#111111");
    let ended = purge(&installation, &readers, &["--operator", "aurora", "--hard"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for page in ["load-theme", "theme-css"] {
        let answer = reader.get(&format!("/api/{page}/aurora")).await;
        answer.problem(503, "page_unavailable");
    }
    assert_eq!(
        color(&reader, &bluefin).await,
        "#111111",
        "nothing else was purged"
    );
    installation.reader_links[0].pass();
    installation
        .within(Duration::from_secs(10), "the page is back", || async {
            reader.get("/api/load-theme/aurora").await.status.is_success()
        })
        .await;
    installation.finish().await;
}

#[tokio::test]
async fn a_hard_purge_drops_old_bytes_also_where_only_the_pull_brings_it() {
    let installation = Installation::builder().proxied().start().await;
    let aurora = painted(&installation, "aurora", "#111111").await;
    paint_by_hand(&installation, &aurora, "#222222").await;
    let reader = installation.reader(0);
    // The pull gets through, and what would replace the old bytes does not.
    installation.reader_links[0].hold_answers_with("#222222");
    let ended = purge(&installation, &[], &["--operator", "aurora", "--hard"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    installation
        .within(Duration::from_secs(6), "the old bytes are gone", || async {
            reader.get("/api/load-theme/aurora").await.status.as_u16() == 503
        })
        .await;
    installation.reader_links[0].pass();
    installation
        .within(Duration::from_secs(10), "the new bytes are there", || async {
            let theme = reader.get("/api/load-theme/aurora").await;
            theme.status.is_success() && theme.json()["primaryColor"] == "#222222"
        })
        .await;
    installation.finish().await;
}

/// Operators, and visitors of each: everybody comes at the moment of the purge.
const OPERATORS: usize = 12;
const VISITORS: usize = 10;
const FETCHES: i64 = 2;

/// Sessions of the database that wait for a lock.
async fn held(installation: &Installation) -> i64 {
    sqlx::query_scalar(
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    )
    .fetch_one(installation.database.pool())
    .await
    .unwrap()
}

#[tokio::test]
async fn a_herd_after_a_purge_of_everything_costs_no_more_queries_at_once_than_may_be() {
    let most = FETCHES.to_string();
    let installation = Installation::builder()
        .reader_args(&["--db-max-connections", "12", "--refresh-max", &most])
        // Nobody gives up while the fetches are held.
        .reader_args(&[
            "--fill-wait-ms",
            "8000",
            "--db-acquire-ms",
            "8000",
            "--db-lock-ms",
            "8000",
        ])
        .reader_args(&["--db-read-statement-ms", "8000", "--db-transaction-ms", "8500"])
        .start()
        .await;
    let mut operators = Vec::new();
    for number in 0..OPERATORS {
        operators.push(painted(&installation, &format!("house{number}"), "#111111").await);
    }
    for operator in &operators {
        paint_by_hand(&installation, operator, "#222222").await;
    }
    let mut lock = installation.database.pool().begin().await.unwrap();
    sqlx::query("lock table themes in access exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    let ended = purge(&installation, &addresses(&installation), &["--all", "--hard"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let visits = operators.iter().flat_map(|operator| {
        let (reader, operator) = (installation.reader(0), operator.clone());
        (0..VISITORS).map(move |_| {
            let (reader, operator) = (reader.clone(), operator.clone());
            tokio::spawn(async move { color(&reader, &operator).await })
        })
    });
    let visits: Vec<_> = visits.collect();
    installation
        .within(Duration::from_secs(5), "fetches are held", || async {
            held(&installation).await == FETCHES
        })
        .await;
    // Time enough for any other to begin.
    let pulls =
        || async { installation.reader(0).get("/health/detailed").await.ok()["pull"]["pulls"].clone() };
    let before = pulls().await;
    installation
        .within(Duration::from_secs(5), "the pull finds a connection", || async {
            assert_eq!(held(&installation).await, FETCHES);
            pulls().await != before
        })
        .await;
    lock.commit().await.unwrap();
    for visit in visits {
        assert_eq!(visit.await.unwrap(), "#222222");
    }
    installation.finish().await;
}
