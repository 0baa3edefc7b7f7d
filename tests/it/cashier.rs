//! The cashier over HTTP: exact money, one effect for each reference, and what protects a player from deposits but
//! never from withdrawals.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Clock;
use shared::money::{Currency, Minor};
use shared::random::Random;
use sqlx::Row;
use tests::people::Player;
use tests::{Answer, Client, Installation};
use tokio::task::JoinSet;
use write_api::ledger::{Account, Posting, Reason, lock_wallet, post};

const BET: &str = "/api/casino/slots/bet";
const LIMITS: &str = "/api/player/limits";
const DAY: Duration = Duration::from_hours(24);

/// The path with which `subdomain` moves a player's money.
fn path(subdomain: &str, player: &Player, verb: &str) -> String {
    format!("/api/admin/{subdomain}/players/{}/{verb}", player.id)
}

/// Moves money of a player of aurora.
async fn move_money(staff: &Client, verb: &str, player: &Player, amount: f64, reference: &str) -> Answer {
    let body = json!({"amount": amount, "reference": reference});
    staff.post(&path("aurora", player, verb), &body).await
}

async fn deposit(staff: &Client, player: &Player, amount: f64, reference: &str) -> Answer {
    move_money(staff, "deposit", player, amount, reference).await
}

async fn withdraw(staff: &Client, player: &Player, amount: f64, reference: &str) -> Answer {
    move_money(staff, "withdraw", player, amount, reference).await
}

async fn set(installation: &Installation, statement: &'static str) {
    let done = sqlx::query(statement).execute(installation.database.pool());
    assert_eq!(done.await.unwrap().rows_affected(), 1);
}

#[tokio::test]
async fn money_is_paid_in_and_out_with_one_entry_each() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 1_000).await;
    let staff = installation.reader(0).logged_in(&aurora.token);
    let paid_in = deposit(&staff, &alice, 12.5, "psp:2026-11/1").await;
    assert_eq!(paid_in.header("cache-control"), "private, no-store");
    assert_eq!(paid_in.header("idempotency-replayed"), "");
    let id = paid_in.json()["transaction_id"].as_str().unwrap().to_owned();
    let text = format!(
        r#"{{"success":true,"reference":"psp:2026-11/1","player_id":{},"amount":12.50,"balance":22.50,"currency":"USD","transaction_id":"{id}"}}"#,
        alice.id
    );
    assert_eq!(paid_in.text(), text);
    let body = json!({"amount": 22.5, "reference": "psp:2026-11/2", "currency": "USD"});
    let paid_out = staff.post(&path("aurora", &alice, "withdraw"), &body).await.ok();
    assert_eq!(paid_out["balance"], 0.0);
    let entries = sqlx::query(
        "select reason, reference, debit_account, credit_account, amount, tx_id::text
         from ledger_entries where player_id is not null and reason <> 'grant' order by id",
    )
    .fetch_all(installation.database.pool())
    .await
    .unwrap();
    let entries: Vec<(String, String, i64, i64, i64, String)> = entries
        .iter()
        .map(|row| {
            (
                row.get(0),
                row.get(1),
                row.get(2),
                row.get(3),
                row.get(4),
                row.get(5),
            )
        })
        .collect();
    let (wallet, cashier) = (alice.id.get(), -1);
    let out_id = paid_out["transaction_id"].as_str().unwrap();
    let expected = [
        ("deposit", "psp:2026-11/1", cashier, wallet, 1_250, id.as_str()),
        ("withdrawal", "psp:2026-11/2", wallet, cashier, 2_250, out_id),
    ];
    let expected = expected.map(|(reason, reference, debit, credit, amount, id)| {
        (
            reason.to_owned(),
            reference.to_owned(),
            debit,
            credit,
            amount,
            id.to_owned(),
        )
    });
    assert_eq!(entries, expected);
    let deposited: i64 = sqlx::query_scalar("select deposited from wallets")
        .fetch_one(installation.database.pool())
        .await
        .unwrap();
    assert_eq!(deposited, 1_250);
    installation.finish().await;
}

#[tokio::test]
async fn a_reference_again_gets_the_first_answer_and_for_anything_else_a_refusal() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let bob = installation.player(&aurora, "bob", 10_000).await;
    let staff = installation.reader(0).logged_in(&aurora.token);
    for verb in ["deposit", "withdraw"] {
        let first = move_money(&staff, verb, &alice, 5.0, verb).await;
        first.ok();
        let balance = installation.balance_minor(&alice).await;
        for amount in ["5", "5.0", "5.00"] {
            let body = format!(r#"{{"reference":"{verb}","amount":{amount}}}"#);
            let again = staff.post_bytes(&path("aurora", &alice, verb), body).await;
            again.ok();
            assert_eq!(again.bytes, first.bytes);
            assert_eq!(again.header("idempotency-replayed"), "true");
        }
        let other = if verb == "deposit" { "withdraw" } else { "deposit" };
        for answer in [
            move_money(&staff, verb, &alice, 5.01, verb).await,
            move_money(&staff, verb, &bob, 5.0, verb).await,
            move_money(&staff, other, &alice, 5.0, verb).await,
        ] {
            answer.problem(422, "reference_reused");
            answer.names_field("reference");
        }
        assert_eq!(installation.balance_minor(&alice).await, balance);
    }
    assert_eq!(installation.balance_minor(&bob).await, 10_000);
    assert_eq!(installation.count("commands").await, 2);
    installation.finish().await;
}

#[tokio::test]
async fn references_of_operators_and_keys_of_players_do_not_meet() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let bluefin = installation.operator("bluefin").await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let carol = installation.player(&bluefin, "carol", 10_000).await;
    let reader = installation.reader(0);
    let player = reader.logged_in(&alice.token).with("idempotency-key", "1");
    player.post(BET, &json!({"stake": 1})).await.ok();
    deposit(&reader.logged_in(&aurora.token), &alice, 5.0, "1")
        .await
        .ok();
    let body = json!({"amount": 5, "reference": "1"});
    let there = path("bluefin", &carol, "deposit");
    reader.logged_in(&bluefin.token).post(&there, &body).await.ok();
    assert_eq!(installation.balance_minor(&carol).await, 10_500);
    installation.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_repeats_of_one_reference_at_once_move_money_once() {
    let installation = Installation::builder().readers(2).patient().start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    for (verb, balance) in [("deposit", 10_700), ("withdraw", 10_000)] {
        let mut asked = JoinSet::new();
        for number in 0..50 {
            let staff = installation.reader(number % 2).logged_in(&aurora.token);
            let alice = alice.clone();
            asked.spawn(async move { move_money(&staff, verb, &alice, 7.0, verb).await });
        }
        let answers = asked.join_all().await;
        let new = answers
            .iter()
            .filter(|answer| answer.header("idempotency-replayed").is_empty());
        assert_eq!(new.count(), 1);
        let bodies: HashSet<Vec<u8>> = answers
            .into_iter()
            .map(|answer| {
                answer.ok();
                answer.bytes
            })
            .collect();
        assert_eq!(bodies.len(), 1);
        assert_eq!(installation.balance_minor(&alice).await, balance);
    }
    assert_eq!(installation.count("commands").await, 2);
    installation.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_for_two_players_at_once_moves_the_money_of_one() {
    let installation = Installation::builder().patient().start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let bob = installation.player(&aurora, "bob", 10_000).await;
    let mut asked = JoinSet::new();
    for number in 0..25 {
        for player in [&alice, &bob] {
            let staff = installation.reader(0).logged_in(&aurora.token);
            let player = player.clone();
            asked.spawn(async move { deposit(&staff, &player, 1.0, &format!("p-{number}")).await });
        }
    }
    let answers = asked.join_all().await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status.is_success());
    assert_eq!((done.len(), refused.len()), (25, 25));
    for answer in refused {
        answer.problem(422, "reference_reused");
    }
    let together = installation.balance_minor(&alice).await + installation.balance_minor(&bob).await;
    assert_eq!(together, 20_000 + 25 * 100);
    installation.finish().await;
}

/// The same, with the moments in their worst order: the other player's movement is committed after this one looked for
/// the reference and before it writes.
#[tokio::test]
async fn a_reference_that_another_player_takes_meanwhile_is_refused() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let bob = installation.player(&aurora, "bob", 10_000).await;
    let staff = installation.reader(0).logged_in(&aurora.token);
    deposit(&staff, &bob, 1.0, "first").await.ok();
    let mut other = installation.database.pool().begin().await.unwrap();
    let now = installation.clock.now();
    let tx_id = Random::system().uuid(now);
    let contested = Posting {
        debit: Account::Cashier,
        credit: Account::Wallet(bob.id),
        amount: Minor::new(100),
        reason: Reason::Deposit,
        reference: "contested".to_owned(),
    };
    let mut wallet = lock_wallet(aurora.id, &mut other, bob.id).await.unwrap();
    wallet.post(tx_id, &[contested]).unwrap();
    post(&mut other, vec![wallet], now).await.unwrap();
    sqlx::query(
        "insert into commands (operator_id, actor, key, request_hash, status, answer, created_at)
         select operator_id, actor, 'contested', request_hash, status,
             json_build_object('transaction_id', $1::uuid, 'player_id', $2::bigint), created_at
         from commands",
    )
    .bind(tx_id)
    .bind(bob.id.get())
    .execute(&mut *other)
    .await
    .unwrap();
    let asked = {
        let (staff, alice) = (staff.clone(), alice.clone());
        tokio::spawn(async move { deposit(&staff, &alice, 1.0, "contested").await })
    };
    let is_waiting = || async {
        let waiting = "select count(*) from pg_stat_activity
            where wait_event_type = 'Lock' and datname = current_database()";
        let waiting = sqlx::query_scalar::<_, i64>(waiting);
        waiting.fetch_one(installation.database.pool()).await.unwrap() == 1
    };
    installation
        .within(
            Duration::from_secs(5),
            "the deposit waits for the other",
            is_waiting,
        )
        .await;
    other.commit().await.unwrap();
    let answer = asked.await.unwrap();
    answer.problem(422, "reference_reused");
    assert_eq!(installation.balance_minor(&alice).await, 10_000);
    installation.finish().await;
}

#[tokio::test]
async fn a_refused_reference_may_be_used_again() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100).await;
    let staff = installation.reader(0).logged_in(&aurora.token);
    let answer = withdraw(&staff, &alice, 1.01, "payout-1").await;
    let problem = answer.problem(422, "insufficient_funds");
    answer.names_field("amount");
    assert_eq!(problem["detail"], "Insufficient funds. Available: 1.00");
    deposit(&staff, &alice, 0.01, "topup-1").await.ok();
    let paid_out = withdraw(&staff, &alice, 1.01, "payout-1").await.ok();
    assert_eq!(paid_out["balance"], 0.0);
    installation.finish().await;
}

#[tokio::test]
async fn every_bad_body_is_refused_by_name_and_nothing_is_written() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let staff = installation.reader(0).logged_in(&aurora.token);
    let long = "r".repeat(129);
    for verb in ["deposit", "withdraw"] {
        let path = path("aurora", &alice, verb);
        for amount in [
            "0",
            "-1",
            "0.001",
            "1e2",
            "\"5\"",
            "null",
            "true",
            "[1]",
            "{}",
            "100000000000.01",
            "99999999999999999999999999",
        ] {
            let body = format!(r#"{{"amount": {amount}, "reference": "r"}}"#);
            staff.post_bytes(&path, body).await.names_field("amount");
        }
        for reference in [
            json!(""),
            json!(long),
            json!("a b"),
            json!("a\n"),
            json!("é"),
            json!("a\u{0}"),
            json!(5),
            json!(null),
            json!(["r"]),
        ] {
            let body = json!({"amount": 5, "reference": reference});
            staff.post(&path, &body).await.names_field("reference");
        }
        for (body, field) in [
            (json!({"amount": 5}), "reference"),
            (json!({"reference": "r"}), "amount"),
            (
                json!({"amount": 5, "reference": "r", "currency": "EUR"}),
                "currency",
            ),
            (
                json!({"amount": 5, "reference": "r", "currency": "usd"}),
                "currency",
            ),
            (json!({"amount": 5, "reference": "r", "currency": 5}), "currency"),
            (
                json!({"amount": 5, "reference": "r", "curency": "EUR"}),
                "curency",
            ),
            (json!([5, "r"]), "body"),
        ] {
            staff.post(&path, &body).await.names_field(field);
        }
        let twice = r#"{"amount": 5, "amount": 6, "reference": "r"}"#;
        staff.post_bytes(&path, twice).await.names_field("amount");
        for body in ["", "{", r#"{"amount": NaN}"#] {
            staff.post_bytes(&path, body).await.problem(400, "malformed_json");
        }
        staff.get(&path).await.problem(405, "method_not_allowed");
    }
    assert_eq!(installation.count("commands").await, 0);
    assert_eq!(
        installation
            .count("ledger_entries where player_id is not null")
            .await,
        1,
        "the opening balance"
    );
    let longest = "r".repeat(128);
    deposit(&staff, &alice, 0.01, &longest).await.ok();
    let most = r#"{"amount": 100000000000.00, "reference": "most"}"#;
    let paid_in = staff.post_bytes(&path("aurora", &alice, "deposit"), most).await;
    assert!(
        paid_in.text().contains(r#""balance":100000000100.01,"#),
        "{}",
        paid_in.text()
    );
    installation.finish().await;
}

#[tokio::test]
async fn amounts_have_the_decimals_of_the_operators_currency() {
    let installation = Installation::start().await;
    let osaka = installation
        .operator_with("osaka", Currency::parse("JPY").unwrap())
        .await;
    let hana = installation.player(&osaka, "hana", 0).await;
    let staff = installation.reader(0).logged_in(&osaka.token);
    let path = path("osaka", &hana, "deposit");
    let body = |amount: Value| json!({"amount": amount, "reference": "r", "currency": "JPY"});
    staff.post(&path, &body(json!(0.5))).await.names_field("amount");
    let paid_in = staff.post(&path, &body(json!(500))).await;
    assert!(
        paid_in
            .text()
            .contains(r#""amount":500,"balance":500,"currency":"JPY""#)
    );
    installation.finish().await;
}

#[tokio::test]
async fn only_the_operators_own_staff_moves_money_of_its_own_players() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let bluefin = installation.operator("bluefin").await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let carol = installation.player(&bluefin, "carol", 10_000).await;
    let reader = installation.reader(0);
    let staff = reader.logged_in(&aurora.token);
    let body = json!({"amount": 5, "reference": "r"});
    let by_cookie = reader
        .with("cookie", &format!("edgebook_operator={}", aurora.token))
        .with("origin", "http://evil.example");
    for verb in ["deposit", "withdraw"] {
        let here = path("aurora", &alice, verb);
        for client in [reader.clone(), reader.logged_in("1.forged")] {
            client
                .post(&here, &body)
                .await
                .problem(401, "authentication_required");
        }
        by_cookie.post(&here, &body).await.problem(403, "cross_site");
        let others = reader.logged_in(&bluefin.token);
        others.post(&here, &body).await.problem(404, "operator_not_found");
        for there in [path("bluefin", &carol, verb), path("nobody", &alice, verb)] {
            staff.post(&there, &body).await.problem(404, "operator_not_found");
        }
        let foreign = path("aurora", &carol, verb);
        staff.post(&foreign, &body).await.problem(404, "player_not_found");
        for id in [
            "0",
            "-1",
            "99999999",
            "9223372036854775808",
            "alice",
            "1e0",
            "%20",
        ] {
            let unknown = format!("/api/admin/aurora/players/{id}/{verb}");
            staff.post(&unknown, &body).await.problem(404, "player_not_found");
        }
    }
    for player in [&alice, &carol] {
        assert_eq!(installation.balance_minor(player).await, 10_000);
    }
    assert_eq!(installation.count("commands").await, 0);
    installation.finish().await;
}

#[tokio::test]
async fn who_is_disabled_or_pauses_takes_no_deposit_but_is_always_paid_out() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let staff = installation.reader(0).logged_in(&aurora.token);
    let names = ["alice", "bob", "carol"];
    for (name, code) in names
        .into_iter()
        .zip(["account_disabled", "time_out", "self_excluded"])
    {
        let player = installation.player(&aurora, name, 10_000).await;
        let client = installation.reader(0).logged_in(&player.token);
        let reference = |what: &str| format!("{name}-{what}");
        deposit(&staff, &player, 5.0, &reference("before")).await.ok();
        match code {
            "account_disabled" => {
                set(
                    &installation,
                    "update players set is_active = false where username = 'alice'",
                )
                .await;
            }
            "time_out" => {
                let pause = json!({"hours": 1});
                client.post("/api/player/limits/time-out", &pause).await.ok();
            }
            _ => {
                let pause = json!({"days": 180});
                client
                    .post("/api/player/limits/self-exclusion", &pause)
                    .await
                    .ok();
            }
        }
        let refused = deposit(&staff, &player, 5.0, &reference("after"))
            .await
            .problem(403, code);
        assert!(
            refused["detail"].as_str().unwrap().starts_with("The player"),
            "{refused}"
        );
        let again = deposit(&staff, &player, 5.0, &reference("before")).await;
        assert_eq!(
            again.header("idempotency-replayed"),
            "true",
            "what was done stays done"
        );
        withdraw(&staff, &player, 105.0, &reference("out")).await.ok();
        assert_eq!(installation.balance_minor(&player).await, 0);
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_suspended_operator_moves_no_money() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let staff = installation.reader(0).logged_in(&aurora.token);
    set(&installation, "update operators set is_active = false").await;
    for verb in ["deposit", "withdraw"] {
        let answer = move_money(&staff, verb, &alice, 5.0, verb).await;
        answer.problem(403, "operator_disabled");
    }
    assert_eq!(installation.balance_minor(&alice).await, 10_000);
    installation.finish().await;
}

#[tokio::test]
async fn deposits_may_reach_the_players_limit_but_not_exceed_it_and_windows_slide() {
    let clock = Clock::manual(Clock::machine().now());
    let installation = Installation::builder().clock(clock.clone()).start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let staff = installation.reader(0).logged_in(&aurora.token);
    let player = installation.reader(0).logged_in(&alice.token);
    deposit(&staff, &alice, 3.0, "before-the-limit").await.ok();
    let wanted = json!({"deposit": {"24h": 10, "7d": 15}});
    let set = player.put(LIMITS, &wanted).await.ok();
    let used = json!({"limit": 10.0, "used": 3.0, "left": 7.0, "pending": null});
    assert_eq!(
        set["limits"]["deposit"]["24h"], used,
        "the opening balance is no deposit"
    );
    let refused = deposit(&staff, &alice, 7.01, "a")
        .await
        .problem(403, "player_limit_reached");
    assert_eq!(
        refused["detail"],
        "This would exceed the player's own deposit limit for 24h."
    );
    deposit(&staff, &alice, 7.0, "b").await.ok();
    withdraw(&staff, &alice, 10.0, "c").await.ok();
    let answer = deposit(&staff, &alice, 0.01, "d").await;
    answer.problem(403, "player_limit_reached");
    let bet = player.post(BET, &json!({"stake": 1})).await;
    bet.ok();
    clock.advance(DAY + Duration::from_hours(1));
    let answer = deposit(&staff, &alice, 5.01, "d").await;
    answer.problem(403, "player_limit_reached");
    deposit(&staff, &alice, 5.0, "d").await.ok();
    let limits = player.get(LIMITS).await.ok();
    let used = json!({"limit": 15.0, "used": 15.0, "left": 0.0, "pending": null});
    assert_eq!(limits["limits"]["deposit"]["7d"], used);
    installation.finish().await;
}

/// Bets are decided by what is remembered of their players; money that comes or goes meanwhile must be seen.
#[tokio::test]
async fn a_bet_after_a_movement_knows_the_new_balance() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100).await;
    let staff = installation.reader(0).logged_in(&aurora.token);
    let player = installation.reader(0).logged_in(&alice.token);
    let bet = async || player.post(BET, &json!({"stake": 1})).await;
    bet().await.ok();
    let won = installation.balance_minor(&alice).await;
    deposit(&staff, &alice, 1.0, "in").await.ok();
    let round = bet().await.ok();
    let payout = round["payout"].as_f64().unwrap() * 100.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole cents")]
    let held = won + payout.round() as i64;
    assert_eq!(installation.balance_minor(&alice).await, held);
    if held > 0 {
        let body = format!(
            r#"{{"amount": {}.{:02}, "reference": "out"}}"#,
            held / 100,
            held % 100
        );
        staff
            .post_bytes(&path("aurora", &alice, "withdraw"), body)
            .await
            .ok();
    }
    bet().await.problem(422, "insufficient_funds");
    installation.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn movements_among_bets_leave_the_books_right() {
    let installation = Installation::builder().readers(2).patient().start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let mut asked = JoinSet::new();
    for number in 0..120 {
        let reader = installation.reader(number % 2);
        let (staff, player) = (reader.logged_in(&aurora.token), reader.logged_in(&alice.token));
        let alice = alice.clone();
        asked.spawn(async move {
            match number % 4 {
                0 => deposit(&staff, &alice, 2.0, &format!("in-{number}")).await,
                1 => withdraw(&staff, &alice, 1.0, &format!("out-{number}")).await,
                _ => player.post(BET, &json!({"stake": 1})).await,
            }
        });
    }
    for answer in asked.join_all().await {
        answer.ok();
    }
    let sum: i64 = sqlx::query_scalar(
        "select sum(case reason when 'deposit' then amount when 'withdrawal' then -amount else 0 end)::bigint
         from ledger_entries",
    )
    .fetch_one(installation.database.pool())
    .await
    .unwrap();
    assert_eq!(sum, 30 * 200 - 30 * 100);
    assert_eq!(installation.count("rounds").await, 60);
    installation.finish().await;
}
