//! The house's accounts: what all entries add up to, whatever was rolled up when.

use std::time::Duration;

use serde_json::{Value, json};
use shared::ids::{OperatorId, PlayerId};
use shared::money::Minor;
use shared::random::Random;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use tests::{Client, Installation, people::Operator};
use time::OffsetDateTime;
use tokio::task::JoinSet;
use write_api::ledger::{
    Account, BooksError, Posting, Reason, RollUp, house_accounts, lock_wallet, post, roll_up, verify_books,
};

use super::casino::minor;

const ACCOUNTS: &str = "/api/admin/aurora/accounts";
const BET: &str = "/api/casino/slots/bet";
const BATCH: u32 = 1000;
const LIMIT: Duration = Duration::from_secs(20);

/// How often accounts of the house are named: twice in an entry that names no wallet.
const SIDES: &str = "count(*) + count(*) filter (where player_id is null)";

/// Name, credited, debited, entries.
type Sums = Vec<(String, i64, i64, i64)>;

/// What the entries add up to, without any rollup.
async fn plain(installation: &Installation, operator: OperatorId) -> Sums {
    let rows = sqlx::query(
        "select name,
            coalesce(sum(amount) filter (where credit_account = code), 0)::bigint as credited,
            coalesce(sum(amount) filter (where debit_account = code), 0)::bigint as debited,
            count(amount) as entries
         from ledger_accounts
         left join ledger_entries on operator_id = $1 and code in (credit_account, debit_account)
         group by code, name
         order by code desc",
    )
    .bind(operator.get())
    .fetch_all(installation.database.pool())
    .await
    .unwrap();
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3)))
        .collect()
}

/// What the ledger says.
async fn told(installation: &Installation, operator: OperatorId) -> Sums {
    let mut db = installation.database.pool().acquire().await.unwrap();
    let accounts = house_accounts(operator, &mut db).await.unwrap();
    accounts
        .into_iter()
        .map(|account| {
            (
                account.name,
                account.credited.get(),
                account.debited.get(),
                account.entries,
            )
        })
        .collect()
}

async fn is_right(installation: &Installation, operator: OperatorId) {
    assert_eq!(
        told(installation, operator).await,
        plain(installation, operator).await
    );
}

async fn roll(installation: &Installation, batch: u32) -> RollUp {
    let mut transaction = installation.database.pool().begin().await.unwrap();
    let rolled = roll_up(&mut transaction, batch, installation.clock.now())
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    rolled
}

async fn number(installation: &Installation, expression: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(format!("select ({expression})::text::bigint")))
        .fetch_one(installation.database.pool())
        .await
        .unwrap()
}

async fn counted(installation: &Installation) -> i64 {
    number(
        installation,
        "select coalesce(sum(entries), 0) from house_balances",
    )
    .await
}

/// Rolls up until every entry is counted: the transactions of other tests on the same server may hold the mark back.
async fn roll_all(installation: &Installation) {
    let all = number(installation, &format!("select {SIDES} from ledger_entries")).await;
    installation
        .within(LIMIT, "everything is counted", || async {
            roll(installation, BATCH).await;
            counted(installation).await == all
        })
        .await;
}

async fn bet(player: &Client) -> Value {
    player.post(BET, &json!({"stake": 1})).await.ok()
}

/// Writes a deposit in a transaction that is left open.
async fn deposit(db: &mut PgConnection, operator: OperatorId, player: PlayerId, amount: i64) {
    let now = OffsetDateTime::UNIX_EPOCH;
    let mut wallet = lock_wallet(operator, db, player).await.unwrap();
    let posting = Posting {
        debit: Account::Cashier,
        credit: Account::Wallet(player),
        amount: Minor::new(amount),
        reason: Reason::Grant,
        reference: "late".to_owned(),
    };
    wallet.post(Random::system().uuid(now), &[posting]).unwrap();
    post(db, vec![wallet], now).await.unwrap();
}

/// One reader, and no rollup but the test's own.
async fn installation() -> (Installation, Operator) {
    let installation = Installation::builder()
        .writer_args(&["--ledger-rollup-s", "3600"])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    (installation, aurora)
}

#[tokio::test]
async fn staff_see_what_every_account_of_their_house_got_and_gave() {
    let (installation, aurora) = installation().await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    let staff = installation.reader(0).logged_in(&aurora.token);
    let last = loop {
        let round = bet(&player).await;
        if round["payout"] != json!(0.0) {
            break round;
        }
    };
    let answer = staff.get(ACCOUNTS).await;
    assert_eq!(answer.header("cache-control"), "private, no-store");
    let before = answer.ok();
    assert_eq!(
        (&before["success"], &before["currency"]),
        (&json!(true), &json!("USD"))
    );
    let names: Vec<_> = before["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|account| account["account"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "cashier",
            "casino",
            "sportsbook",
            "promotions",
            "bookmaker_capital",
            "liquidity_pool",
            "revenue",
            "bookmaker_earnings",
            "owners",
            "adjustments",
            "resets",
            "platform",
            "receivables",
        ]
    );
    let description = "Money that comes from and goes to the world outside";
    assert!(answer.text().contains(
        &format!(
            "{{\"account\":\"cashier\",\"description\":\"{description}\",\"credited\":0.00,\"debited\":1000.00,\
             \"balance\":-1000.00,\"entries\":1}}"
        )
    ), "{}", answer.text());
    let casino = &before["accounts"][1];
    let (staked, paid) = (minor(&casino["credited"]), minor(&casino["debited"]));
    assert_eq!(minor(&casino["balance"]), staked - paid);
    assert_eq!(
        minor(&last["balance"]),
        100_000 - (staked - paid),
        "what the house won, alice lost"
    );
    assert!(staked > 0 && paid > 0);
    assert_eq!(before["accounts"][2]["entries"], 0);
    is_right(&installation, aurora.id).await;
    roll_all(&installation).await;
    assert_eq!(staff.get(ACCOUNTS).await.ok(), before, "a rollup shows nothing");
    bet(&player).await;
    is_right(&installation, aurora.id).await;
    installation.finish().await;
}

#[tokio::test]
async fn the_books_of_the_house_are_shown_to_its_own_staff_only() {
    let (installation, _aurora) = installation().await;
    let bluefin = installation.operator("bluefin").await;
    let reader = installation.reader(0);
    for stranger in [reader.clone(), reader.logged_in("1.forged")] {
        stranger
            .get(ACCOUNTS)
            .await
            .problem(401, "authentication_required");
    }
    let others = reader.logged_in(&bluefin.token);
    let refused = others.get(ACCOUNTS).await;
    assert_eq!(refused.status.as_u16(), 404, "{}", refused.text());
    let own = others.get("/api/admin/bluefin/accounts").await.ok();
    // The first four are those of players; the operator's own wallets were opened with it.
    for account in &own["accounts"].as_array().unwrap()[..4] {
        assert_eq!(account["entries"], 0, "{account}");
    }
    installation.finish().await;
}

#[tokio::test]
async fn an_entry_that_is_committed_late_is_counted_once() {
    let (installation, aurora) = installation().await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let bob = installation.player(&aurora, "bob", 50_000).await;
    let player = installation.reader(0).logged_in(&bob.token);
    roll_all(&installation).await;
    let mut late = installation.database.pool().begin().await.unwrap();
    deposit(&mut late, aurora.id, alice.id, 777).await;
    let late_xid: i64 = sqlx::query_scalar("select pg_current_xact_id()::text::bigint")
        .fetch_one(&mut *late)
        .await
        .unwrap();
    for _ in 0..3 {
        bet(&player).await;
    }
    let before = counted(&installation).await;
    assert_eq!(roll(&installation, BATCH).await, RollUp::Done);
    let mark = "select before_xid from house_rollup";
    assert!(
        number(&installation, mark).await <= late_xid,
        "the mark waits for it"
    );
    assert_eq!(
        counted(&installation).await,
        before,
        "what came after it is counted later"
    );
    is_right(&installation, aurora.id).await;
    late.commit().await.unwrap();
    is_right(&installation, aurora.id).await;
    roll_all(&installation).await;
    assert!(number(&installation, mark).await > late_xid);
    is_right(&installation, aurora.id).await;
    assert_eq!(told(&installation, aurora.id).await[0].2, 100_000 + 50_000 + 777);
    installation.finish().await;
}

#[tokio::test]
async fn a_rollup_that_is_rolled_back_counted_nothing() {
    let (installation, aurora) = installation().await;
    installation.player(&aurora, "alice", 100_000).await;
    let mut transaction = installation.database.pool().begin().await.unwrap();
    roll_up(&mut transaction, BATCH, installation.clock.now())
        .await
        .unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(counted(&installation).await, 0);
    is_right(&installation, aurora.id).await;
    roll_all(&installation).await;
    is_right(&installation, aurora.id).await;
    installation.finish().await;
}

#[tokio::test]
async fn a_second_rollup_at_once_leaves_the_work_to_the_first() {
    let (installation, aurora) = installation().await;
    installation.player(&aurora, "alice", 100_000).await;
    let mut first = installation.database.pool().begin().await.unwrap();
    assert_eq!(
        roll_up(&mut first, BATCH, installation.clock.now())
            .await
            .unwrap(),
        RollUp::Done
    );
    assert_eq!(roll(&installation, BATCH).await, RollUp::Elsewhere);
    first.commit().await.unwrap();
    roll_all(&installation).await;
    is_right(&installation, aurora.id).await;
    installation.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rollups_at_once_while_bets_go_on_count_every_entry_once() {
    let (installation, aurora) = installation().await;
    let bluefin = installation.operator("bluefin").await;
    let mut bets = JoinSet::new();
    for number in 0..6 {
        let operator = if number % 2 == 0 { &aurora } else { &bluefin };
        let person = installation
            .player(operator, &format!("player{number}"), 100_000)
            .await;
        let player = installation.writer().logged_in(&person.token);
        bets.spawn(async move {
            for _ in 0..30 {
                bet(&player).await;
            }
        });
    }
    let mut rollups = JoinSet::new();
    for number in 0..3 {
        let (pool, now) = (installation.database.pool().clone(), installation.clock.now());
        rollups.spawn(async move {
            for _ in 0..40 {
                let mut transaction = pool.begin().await.unwrap();
                roll_up(&mut transaction, 1 + number, now).await.unwrap();
                transaction.commit().await.unwrap();
            }
        });
    }
    bets.join_all().await;
    rollups.join_all().await;
    for operator in [&aurora, &bluefin] {
        is_right(&installation, operator.id).await;
    }
    roll_all(&installation).await;
    for operator in [&aurora, &bluefin] {
        is_right(&installation, operator.id).await;
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_rollup_takes_a_batch_at_a_time_and_whole_transactions() {
    let (installation, aurora) = installation().await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    for _ in 0..8 {
        bet(&player).await;
    }
    let since =
        "select count(*) from ledger_entries where changed_xid >= pg_snapshot_xmin(pg_current_snapshot())";
    installation
        .within(LIMIT, "no transaction is as old as the entries", || async {
            number(&installation, since).await == 0
        })
        .await;
    let mut sizes = Vec::new();
    let mut before = 0;
    while roll(&installation, 1).await == RollUp::Behind {
        let after = counted(&installation).await;
        sizes.push(after - before);
        before = after;
    }
    is_right(&installation, aurora.id).await;
    let of_transactions: Vec<i64> = sqlx::query_scalar(AssertSqlSafe(format!(
        "select {SIDES} from ledger_entries group by changed_xid order by changed_xid"
    )))
    .fetch_all(installation.database.pool())
    .await
    .unwrap();
    assert_eq!(
        of_transactions.len(),
        10,
        "an operator, one grant and eight bets, some of which paid"
    );
    assert!(
        of_transactions.starts_with(&sizes) && sizes.len() >= 8,
        "{sizes:?}"
    );
    assert_eq!(counted(&installation).await, of_transactions.iter().sum::<i64>());
    installation.finish().await;
}

/// A dump keeps the entries' transaction ids and the mark, but the new server gives ids from the beginning.
#[tokio::test]
async fn a_database_restored_from_a_dump_is_counted_anew() {
    let (installation, aurora) = installation().await;
    installation.player(&aurora, "alice", 100_000).await;
    roll_all(&installation).await;
    sqlx::query("update house_rollup set before_xid = '99999999999'")
        .execute(installation.database.pool())
        .await
        .unwrap();
    installation.player(&aurora, "bob", 50_000).await;
    roll_all(&installation).await;
    assert!(number(&installation, "select before_xid from house_rollup").await < 99_999_999_999);
    is_right(&installation, aurora.id).await;
    installation.finish().await;
}

#[tokio::test]
async fn a_rollup_that_was_tampered_with_is_found() {
    let (installation, aurora) = installation().await;
    installation.player(&aurora, "alice", 100_000).await;
    roll_all(&installation).await;
    let mut db = installation.database.pool().acquire().await.unwrap();
    verify_books(&mut db).await.unwrap();
    for (tampering, undoing) in [
        (
            "update house_balances set credited = credited + 1",
            "update house_balances set credited = credited - 1",
        ),
        (
            "update house_balances set debited = debited + 1",
            "update house_balances set debited = debited - 1",
        ),
        (
            "update house_balances set entries = entries + 1",
            "update house_balances set entries = entries - 1",
        ),
        (
            "update house_balances set account = -3 where account = -1",
            "update house_balances set account = -1 where account = -3",
        ),
    ] {
        sqlx::query(tampering).execute(&mut *db).await.unwrap();
        match verify_books(&mut db).await {
            Err(BooksError::Wrong(difference)) => {
                assert_eq!(difference.operator, aurora.id);
                assert!(difference.subject.contains("account -1"), "{difference}");
                assert!(difference.expected.contains("100000"), "{difference}");
            }
            other => panic!("{tampering}: {other:?}"),
        }
        sqlx::query(undoing).execute(&mut *db).await.unwrap();
        verify_books(&mut db).await.unwrap();
    }
    drop(db);
    installation.finish().await;
}

#[tokio::test]
async fn the_service_rolls_up_by_itself_and_stops_when_it_is_told() {
    let installation = Installation::builder()
        .writer_args(&["--ledger-rollup-s", "1", "--ledger-rollup-batch", "2"])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    for name in ["alice", "robert", "carol", "david", "eve"] {
        installation.player(&aurora, name, 100_000).await;
    }
    installation
        .within(
            LIMIT,
            "the entries of five players and of the operator are counted",
            || async { counted(&installation).await == 5 + 4 },
        )
        .await;
    is_right(&installation, aurora.id).await;
    let rolled = number(&installation, "select count(rolled_at) from house_rollup").await;
    assert_eq!(rolled, 1);
    installation.finish().await;
}
