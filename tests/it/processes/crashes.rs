//! A writer that dies in the middle of bets, and books that somebody tampered with.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::json;
use shared::fail_point;
use sqlx::AssertSqlSafe;
use tests::database::Database;
use tests::{Client, Installation};
use tokio::task::JoinSet;

use super::{Ended, Running, edgebook, run, within};

const BET: &str = "/api/casino/slots/bet";
/// Players who bet at once.
const PLAYERS: usize = 6;
/// How often the writer is killed.
const KILLS: usize = 3;
/// Answers between two kills.
const ANSWERS: usize = 40;

pub(super) async fn verify_books(database: &Database) -> Ended {
    let mut command = edgebook(&["write-api", "verify-books"]);
    command.env("DATABASE_URL", database.url());
    run(command).await
}

/// A writer of its own process, and where it answers.
async fn writer(installation: &Installation) -> (Running, String) {
    writer_with(installation, &[]).await
}

/// The same, with further variables in its environment.
pub(super) async fn writer_with(
    installation: &Installation,
    variables: &[(&str, &str)],
) -> (Running, String) {
    let mut command = edgebook(&["write-api", "serve", "--listen", "127.0.0.1:0", "--log", "off"]);
    command
        .env("DATABASE_URL", installation.database.url())
        .env("WEBHOOK_SECRET", &installation.webhook_secret)
        .envs(variables.iter().copied());
    let mut writer = Running::start(command);
    let said = writer.says("listening on ").await;
    let url = said.trim().trim_start_matches("listening on ").to_owned();
    (writer, url)
}

/// A key that was asked with, and the answer if one came.
type Asked = (String, Option<Vec<u8>>);

/// Bets, each with a key of its own, until no answer comes.
async fn bet_until_cut_off(player: Client, name: String, answers: Arc<AtomicUsize>) -> (Client, Vec<Asked>) {
    let mut asked = Vec::new();
    loop {
        let key = format!("{name}-{}", asked.len());
        let body = json!({"stake": 1}).to_string().into_bytes();
        let sent = player
            .with("idempotency-key", &key)
            .try_send(Method::POST, BET, Some(body))
            .await;
        let Ok(answer) = sent else {
            asked.push((key, None));
            return (player, asked);
        };
        answer.ok();
        asked.push((key, Some(answer.bytes)));
        answers.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_bet_whose_writer_was_killed_has_one_effect_when_it_is_asked_again() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let mut tokens = Vec::new();
    for number in 0..PLAYERS {
        let name = format!("player{number}");
        let player = installation.player(&aurora, &name, 1_000_000).await;
        tokens.push(player.token);
    }
    let mut keys = 0;
    for kill in 0..KILLS {
        let (mut killed, url) = writer(&installation).await;
        let answers = Arc::<AtomicUsize>::default();
        let mut players = JoinSet::new();
        for (number, token) in tokens.iter().enumerate() {
            let player = Client::new(&url).logged_in(token);
            let name = format!("{kill}-{number}");
            players.spawn(bet_until_cut_off(player, name, Arc::clone(&answers)));
        }
        within("bets are answered", || answers.load(Ordering::SeqCst) >= ANSWERS).await;
        killed.signal(Signal::SIGKILL);
        assert_eq!(killed.ended().await, None);
        let players = players.join_all().await;

        let (mut restarted, url) = writer(&installation).await;
        for (player, asked) in players {
            keys += asked.len();
            let player = player.at(&url);
            for (key, first) in asked {
                let player = player.with("idempotency-key", &key);
                let again = player.post(BET, &json!({"stake": 1})).await;
                again.ok();
                assert!(first.is_none_or(|first| first == again.bytes), "{key}");
            }
        }
        restarted.signal(Signal::SIGTERM);
        assert_eq!(restarted.ended().await, Some(0), "{}", restarted.err());
    }
    let counted: HashMap<&str, i64> = count(&installation.database, &["rounds", "commands"]).await;
    let keys = i64::try_from(keys).unwrap();
    assert_eq!(counted, HashMap::from([("rounds", keys), ("commands", keys)]));
    let verified = verify_books(&installation.database).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
    assert_eq!(verified.out, "the books are right\n");
    installation.finish().await;
}

/// The second bet of a player is the one that the writer decides from memory, and so writes first in its batch.
#[tokio::test]
async fn a_bet_whose_writer_died_at_a_fail_point_has_one_effect_when_it_is_asked_again() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let tables = ["rounds", "commands"];
    let counts = |count| HashMap::from(tables.map(|table| (table, count)));
    for (before, (point, kept_at_death, replayed)) in (1..).step_by(2).zip([
        ("mid_batch", 0, ""),
        ("before_commit", 0, ""),
        ("after_commit", 1, "true"),
    ]) {
        let trap = format!("{point}@2");
        let (mut dying, url) = writer_with(&installation, &[(fail_point::VARIABLE, &trap)]).await;
        let player = Client::new(&url).logged_in(&alice.token);
        let body = json!({"stake": 1});
        let other_key = format!("before-{point}");
        player
            .with("idempotency-key", &other_key)
            .post(BET, &body)
            .await
            .ok();
        let player = player.with("idempotency-key", point);
        let unanswered = player
            .try_send(Method::POST, BET, Some(body.to_string().into_bytes()))
            .await;
        assert!(unanswered.is_err(), "{point}: {unanswered:?}");
        assert_eq!(dying.ended().await, None, "{point}: {}", dying.err());
        assert!(dying.err().contains(point), "{}", dying.err());
        let kept = count(&installation.database, &tables).await;
        assert_eq!(kept, counts(before + kept_at_death), "{point}");

        let (mut restarted, url) = writer(&installation).await;
        let player = player.at(&url);
        let (first, again) = (player.post(BET, &body).await, player.post(BET, &body).await);
        first.ok();
        assert_eq!(first.header("idempotency-replayed"), replayed, "{point}");
        assert_eq!(first.bytes, again.bytes, "{point}");
        let kept = count(&installation.database, &tables).await;
        assert_eq!(kept, counts(before + 1), "{point}");
        restarted.signal(Signal::SIGTERM);
        assert_eq!(restarted.ended().await, Some(0), "{}", restarted.err());
    }
    let verified = verify_books(&installation.database).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
    installation.finish().await;
}

async fn count<'a>(database: &Database, tables: &[&'a str]) -> HashMap<&'a str, i64> {
    let mut counted = HashMap::new();
    for table in tables {
        let statement = AssertSqlSafe(format!("select count(*) from {table}"));
        let rows = sqlx::query_scalar(statement).fetch_one(database.pool());
        counted.insert(*table, rows.await.unwrap());
    }
    counted
}

async fn execute(database: &Database, statement: &'static str) -> Result<(), sqlx::Error> {
    let done = sqlx::raw_sql(statement).execute(database.pool()).await;
    done.map(drop)
}

/// What is changed in the books, how it is put right again, and words of what the check says.
const TAMPERINGS: [(&str, &str, [&str; 2]); 12] = [
    (
        "update wallets set balance = balance + 1",
        "update wallets set balance = balance - 1",
        ["wallet ", "a balance of"],
    ),
    (
        "update wallets set paid = paid + 5",
        "update wallets set paid = paid - 5",
        ["wallet ", "paid in 3 rounds"],
    ),
    (
        "update wallets set next_nonce = 9",
        "update wallets set next_nonce = 3",
        ["next nonce 3", "found next nonce 9"],
    ),
    (
        "update rounds set nonce = 7 where nonce = 2",
        "update rounds set nonce = 2 where nonce = 7",
        ["seed pair ", "largest nonce 7"],
    ),
    (
        "update seed_pairs set commitment = reverse(commitment) where revealed_at is null",
        "update seed_pairs set commitment = reverse(commitment) where revealed_at is null",
        ["seed pair ", "expected commitment "],
    ),
    (
        "update rounds set payout = payout + 1, result = '{}' where nonce = 0;
         update wallets set paid = paid + 1",
        "update rounds set payout = payout - 1 where nonce = 0;
         update wallets set paid = paid - 1",
        ["round ", "payouts of"],
    ),
    (
        "update ledger_entries set amount = amount + 1 where wallet_version = 1",
        "update ledger_entries set amount = amount - 1 where wallet_version = 1",
        ["entry ", "version 1 and a balance of 100001"],
    ),
    (
        "update ledger_entries set reference = 'x' where reason = 'stake' and wallet_version = 2",
        "update ledger_entries set reference = rounds.id::text from rounds
         where ledger_entries.reference = 'x' and nonce = 0",
        ["round ", "stakes of 100"],
    ),
    (
        "insert into ledger_entries (
             operator_id, tx_id, reason, reference, debit_account, credit_account, amount, wallet_version,
             balance_after, created_at
         )
         select operator_id, gen_random_uuid(), 'deposit', 'forged', -1, player_id, 50, version + 1,
             balance + 50, now()
         from wallets;
         update wallets set version = version + 1, balance = balance + 50, deposited = deposited + 50",
        "delete from ledger_entries where reference = 'forged';
         update wallets set version = version - 1, balance = balance - 50, deposited = deposited - 50",
        ["payment forged", "expected none"],
    ),
    (
        "update wallet_marks set staked = staked + 7",
        "update wallet_marks set staked = staked - 7",
        ["mark of wallet ", "staked 7"],
    ),
    (
        "update operator_wallets set initial_balance = initial_balance + 1 where account = -5",
        "update operator_wallets set initial_balance = initial_balance - 1 where account = -5",
        ["opening of account -5", "1000001 from its owners"],
    ),
    (
        "update next_seeds set commitment = reverse(commitment)",
        "update next_seeds set commitment = reverse(commitment)",
        ["seed pair ", "expected commitment "],
    ),
];

#[tokio::test]
async fn whatever_is_tampered_with_in_the_books_is_found_and_described() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    // So that there is a pair that is revealed.
    player.post("/api/casino/fairness/rotate", &json!({})).await.ok();
    for _ in 0..3 {
        player.post(BET, &json!({"stake": 1})).await.ok();
    }
    let database = &installation.database;
    for refused in [
        "update ledger_entries set amount = amount + 1",
        "delete from ledger_entries",
        "truncate ledger_entries",
        "update rounds set payout = payout + 1",
        "update rounds set result = '{}'",
        "update rounds set status = 'open', settled_at = null, due_at = now(), state = '{}'",
        "delete from rounds",
        "truncate rounds",
        "update seed_pairs set server_seed = repeat('0', 64)",
        "update seed_pairs set commitment = repeat('0', 64)",
        "update seed_pairs set client_seed = 'other'",
        "update seed_pairs set revealed_at = null where revealed_at is not null",
        "delete from seed_pairs",
        "truncate seed_pairs",
    ] {
        assert!(execute(database, refused).await.is_err(), "{refused}");
    }
    execute(
        database,
        "drop trigger ledger_entries_append_only on ledger_entries;
         drop trigger rounds_final on rounds;
         drop trigger rounds_counted_when_updated on rounds;
         drop trigger seed_pairs_final on seed_pairs;
         grant update, delete on ledger_entries to current_user",
    )
    .await
    .unwrap();
    for (tampering, undoing, described) in TAMPERINGS {
        execute(database, tampering).await.unwrap();
        let verified = verify_books(database).await;
        assert_eq!(verified.code, Some(1), "{tampering}: {verified:?}");
        assert!(verified.err.contains("the books are wrong"), "{}", verified.err);
        for words in described.iter().chain(&["expected ", "found "]) {
            assert!(verified.err.contains(words), "{words}: {}", verified.err);
        }
        execute(database, undoing).await.unwrap();
        assert_eq!(verify_books(database).await.code, Some(0), "{undoing}");
    }
    installation.finish().await;
}
