//! Resets of all balances: each player's balance is set once by an entry of the ledger, and nobody else's.

use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Clock;
use tests::people::Operator;
use tests::{Answer, Client, Installation};
use write_api::ledger::{BooksError, verify_books};

const RESET: &str = "/api/admin/aurora/reset-users";
const BLACKJACK: &str = "/api/casino/blackjack/play";
const LIMIT: Duration = Duration::from_secs(20);
/// What new players get unless the operator says otherwise.
const DEFAULT: i64 = 100_000;

async fn installation(operation_ms: &str) -> (Installation, Operator, Client) {
    let args = ["--operation-ms", operation_ms, "--reset-batch", "2"];
    let installation = Installation::builder().writer_args(&args).start().await;
    let aurora = installation.operator("aurora").await;
    let staff = installation.writer().logged_in(&aurora.token);
    (installation, aurora, staff)
}

async fn reset(staff: &Client, key: &str) -> Answer {
    let staff = staff.with("idempotency-key", key);
    staff.post(RESET, &json!({"reason": "a new season"})).await
}

/// The operation that an answer tells of, once it has ended.
pub(crate) async fn ended(installation: &Installation, staff: &Client, at: &str, begun: &Answer) -> Value {
    assert_eq!(begun.status, 202, "{}", begun.text());
    let path = format!("{at}/{}", begun.json()["operation_id"].as_str().unwrap());
    let has_ended = || async { staff.get(&path).await.ok()["ended_at"].is_string() };
    installation.within(LIMIT, "the operation ends", has_ended).await;
    staff.get(&path).await.ok()
}

async fn done(installation: &Installation, staff: &Client, begun: &Answer) -> Value {
    let operation = ended(installation, staff, "/api/admin/aurora/operations", begun).await;
    assert_eq!(operation["status"], "done", "{operation}");
    operation
}

#[tokio::test]
async fn every_player_of_the_operator_gets_the_default_balance_by_one_entry() {
    let (installation, aurora, staff) = installation("20").await;
    let bluefin = installation.operator("bluefin").await;
    let alice = installation.player(&aurora, "alice", 500).await;
    let bob = installation.player(&aurora, "bob", DEFAULT).await;
    let carol = installation.player(&aurora, "carol", 250_000).await;
    let dave = installation.player(&bluefin, "dave", 700).await;

    let begun = reset(&staff, "k1").await;
    let operation = done(&installation, &staff, &begun).await;
    let counted = ["total", "looked_at", "changed"].map(|name| operation[name].as_i64());
    assert_eq!(counted, [Some(3), Some(3), Some(2)], "bob has it already");
    for player in [&alice, &bob, &carol] {
        assert_eq!(
            installation.balance_minor(player).await,
            DEFAULT,
            "{}",
            player.username
        );
    }
    assert_eq!(installation.balance_minor(&dave).await, 700);
    let entries: Vec<(i64, i64, i64)> = sqlx::query_as(
        "select debit_account, credit_account, amount from ledger_entries where reason = 'reset' order by id",
    )
    .fetch_all(installation.database.pool())
    .await
    .unwrap();
    assert_eq!(
        entries,
        [(-20, alice.id.get(), 99_500), (carol.id.get(), -20, 150_000)]
    );
    let player = installation.writer().logged_in(&alice.token);
    let statement = player.get("/api/casino/wallet/statement").await.ok();
    assert!(statement.to_string().contains("reset"), "{statement}");

    let log = staff
        .get("/api/admin/aurora/audit-log?action=players.reset")
        .await
        .ok();
    assert_eq!(log["pagination"]["total"], 1, "one for the operation");
    assert_eq!(log["entries"][0]["after"], json!({"reason": "a new season"}));

    let again = reset(&staff, "k1").await;
    assert_eq!(again.bytes, begun.bytes);
    assert_eq!(again.header("idempotency-replayed"), "true");
    let named = staff.with("idempotency-key", "k1");
    let other = named.post(RESET, &json!({"reason": "another"})).await;
    other.problem(422, "idempotency_key_reused");
    let second = reset(&staff, "k2").await;
    assert_eq!(done(&installation, &staff, &second).await["changed"], 0);
    for (tampered, mended) in [
        (
            "update balance_resets set target = target + 1",
            "update balance_resets set target = target - 1",
        ),
        (
            "update operations set changed = changed - 1 where changed > 0",
            "update operations set changed = changed + 1 where changed > 0",
        ),
    ] {
        are_found_wrong(&installation, tampered, mended).await;
    }
    installation.finish().await;
}

/// Tampers with the books, sees that this is found, and mends it.
pub(crate) async fn are_found_wrong(
    installation: &Installation,
    tampered: &'static str,
    mended: &'static str,
) {
    let pool = installation.database.pool();
    sqlx::raw_sql(tampered).execute(pool).await.unwrap();
    let mut db = pool.acquire().await.unwrap();
    let found = verify_books(&mut db).await;
    assert!(
        matches!(found, Err(BooksError::Wrong(_))),
        "{tampered}: {found:?}"
    );
    sqlx::raw_sql(mended).execute(pool).await.unwrap();
}

#[tokio::test]
async fn an_open_round_stays_open_and_pays_into_the_new_balance() {
    let clock = Clock::manual(Clock::machine().now());
    let installation = Installation::builder()
        .writer_args(&["--casino-sweep-ms", "20", "--operation-ms", "20"])
        .clock(clock.clone())
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    let staff = installation.writer().logged_in(&aurora.token);
    let alice = installation.player(&aurora, "alice", 5_000).await;
    let player = installation.writer().logged_in(&alice.token);
    let deal = json!({"action": "deal", "stake": 1});
    while player.post(BLACKJACK, &deal).await.ok()["status"] != "open" {}
    done(&installation, &staff, &reset(&staff, "k1").await).await;
    assert_eq!(installation.balance_minor(&alice).await, DEFAULT);
    clock.advance(Duration::from_mins(16));
    let is_over =
        || async { number(&installation, "select count(*) from rounds where status = 'open'").await == 0 };
    installation.within(LIMIT, "the hand is stood on", is_over).await;
    let payout = number(
        &installation,
        "select payout from rounds order by settled_at desc limit 1",
    )
    .await;
    assert_eq!(installation.balance_minor(&alice).await, DEFAULT + payout);
    installation.finish().await;
}

async fn number(installation: &Installation, query: &'static str) -> i64 {
    let number = sqlx::query_scalar(query).fetch_one(installation.database.pool());
    number.await.unwrap()
}

#[tokio::test]
async fn who_registers_meanwhile_is_not_touched_and_two_resets_at_once_are_one() {
    let (installation, aurora, staff) = installation("3600000").await;
    installation.player(&aurora, "alice", 500).await;
    let begun = reset(&staff, "k1").await;
    assert_eq!(begun.status, 202, "{}", begun.text());
    reset(&staff, "k2").await.problem(409, "operation_under_way");
    let same = tokio::join!(reset(&staff, "k1"), reset(&staff, "k1"));
    assert_eq!((&same.0.bytes, &same.1.bytes), (&begun.bytes, &begun.bytes));
    assert_eq!(installation.count("operations").await, 1);
    installation.player(&aurora, "bob", 700).await;
    let path = format!(
        "/api/admin/aurora/operations/{}",
        begun.json()["operation_id"].as_str().unwrap()
    );
    let waiting = staff.get(&path).await.ok();
    assert_eq!(
        (&waiting["status"], &waiting["total"]),
        (&json!("pending"), &json!(1))
    );
    let through: i64 = sqlx::query_scalar(
        "select through_player - min(id) from balance_resets
            join players using (operator_id) group by through_player",
    )
    .fetch_one(installation.database.pool())
    .await
    .unwrap();
    assert_eq!(through, 0, "alice is the first player and the last that is reset");
    installation.finish().await;
}

#[tokio::test]
async fn what_is_asked_wrongly_or_by_others_begins_nothing() {
    let (installation, aurora, staff) = installation("20").await;
    let bluefin = installation.operator("bluefin").await;
    let alice = installation.player(&aurora, "alice", 500).await;
    let body = json!({"reason": "a new season"});
    staff.post(RESET, &body).await.names_field("Idempotency-Key");
    let named = staff.with("idempotency-key", "k1");
    for (body, field) in [
        (json!({}), "reason"),
        (json!({"reason": 7}), "reason"),
        (json!({"reason": "x"}), "reason"),
        (json!({"reason": "fine so far", "new_balance": 5}), "new_balance"),
    ] {
        named.post(RESET, &body).await.names_field(field);
    }
    assert_eq!(named.post_bytes(RESET, "{").await.status, 400);
    let huge = format!("{{\"reason\":\"{}\"}}", "x".repeat(300_000));
    assert_eq!(named.post_bytes(RESET, huge).await.status, 413);
    let nobody = installation.writer().with("idempotency-key", "k1");
    nobody
        .post(RESET, &body)
        .await
        .problem(401, "authentication_required");
    for (token, status, code) in [
        (&alice.token, 403, "wrong_role"),
        (&bluefin.token, 404, "operator_not_found"),
    ] {
        let other = nobody.logged_in(token).post(RESET, &body).await;
        other.problem(status, code);
    }
    assert_eq!(installation.count("operations").await, 0);

    let begun = named.post(RESET, &body).await;
    let id = begun.json()["operation_id"].as_str().unwrap().to_owned();
    let other = installation.writer().logged_in(&bluefin.token);
    let theirs = format!("/api/admin/bluefin/operations/{id}");
    other.get(&theirs).await.problem(404, "operation_not_found");
    let unknown = staff.get("/api/admin/aurora/operations/7").await;
    unknown.problem(404, "operation_not_found");
    done(&installation, &staff, &begun).await;
    installation.finish().await;
}

#[tokio::test]
async fn a_reset_that_was_given_up_goes_on_where_it_was() {
    let args = [
        "--operation-ms",
        "20",
        "--reset-batch",
        "1",
        "--operation-failures-max",
        "1",
    ];
    let installation = Installation::builder().writer_args(&args).start().await;
    let aurora = installation.operator("aurora").await;
    let staff = installation.writer().logged_in(&aurora.token);
    let alice = installation.player(&aurora, "alice", 500).await;
    let bob = installation.player(&aurora, "bob", 700).await;
    let refuse =
        "alter table wallets add constraint stuck check (player_id <> $1 or balance = 700) not valid";
    let refuse = refuse.replace("$1", &bob.id.to_string());
    let execute = async |statement: String| {
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(installation.database.pool())
            .await
            .unwrap();
    };
    execute(refuse).await;
    let begun = reset(&staff, "k1").await;
    let given_up = ended(&installation, &staff, "/api/admin/aurora/operations", &begun).await;
    assert_eq!(
        (&given_up["status"], &given_up["looked_at"]),
        (&json!("failed"), &json!(1))
    );
    assert_eq!(installation.balance_minor(&alice).await, DEFAULT);
    let operation = format!(
        "/api/admin/aurora/operations/{}",
        given_up["operation_id"].as_str().unwrap_or_default()
    );
    let resume = format!("{operation}/resume");
    execute("alter table wallets drop constraint stuck".to_owned()).await;
    let stranger = installation.operator("bluefin").await;
    let stranger = installation.writer().logged_in(&stranger.token);
    let elsewhere = resume.replace("aurora", "bluefin");
    stranger
        .post(&elsewhere, &json!({}))
        .await
        .problem(404, "operation_not_found");
    staff.post(&resume, &json!({})).await.ok();
    let finished = done(&installation, &staff, &begun).await;
    assert_eq!(
        (&finished["looked_at"], &finished["changed"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(installation.balance_minor(&bob).await, DEFAULT);
    staff
        .post(&resume, &json!({}))
        .await
        .problem(409, "operation_not_given_up");
    installation.finish().await;
}
