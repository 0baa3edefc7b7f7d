//! A player's statement: every movement of the wallet, in whole pages that agree with the balance.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use shared::money::{Currency, Minor};
use shared::random::Random;
use sqlx::PgConnection;
use tests::{Client, Installation};
use write_api::ledger::{Account, Posting, Reason, open_wallet, post};

use super::minor;

const STATEMENT: &str = "/api/casino/wallet/statement";
const BET: &str = "/api/casino/slots/bet";

fn entries(page: &Value) -> &[Value] {
    page["entries"].as_array().unwrap()
}

/// Each entry follows from the one that is shown after it.
fn assert_chained(entries: &[Value]) {
    for pair in entries.windows(2) {
        assert_eq!(
            pair[0]["version"].as_i64().unwrap(),
            pair[1]["version"].as_i64().unwrap() + 1
        );
        assert_eq!(
            minor(&pair[0]["balance_after"]),
            minor(&pair[1]["balance_after"]) + minor(&pair[0]["amount"]),
            "{pair:?}"
        );
    }
}

/// Plays until at least one round has paid; answers the last one that did.
async fn play_until_paid(player: &Client) -> Value {
    loop {
        let round = player.post(BET, &json!({"stake": 2})).await.ok();
        if minor(&round["payout"]) > 0 {
            return round;
        }
    }
}

#[tokio::test]
async fn every_movement_is_shown_once_newest_first_with_its_sign() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    let paid = play_until_paid(&player).await;
    let answer = player.get(&format!("{STATEMENT}?per_page=100")).await;
    assert_eq!(answer.header("cache-control"), "private, no-store");
    let page = answer.ok();
    let shown = entries(&page);
    assert_eq!(
        page["pagination"],
        json!({"page": 1, "per_page": 100, "total": shown.len(), "pages": 1})
    );
    assert_eq!(page["currency"], "USD");
    assert_eq!(page["balance"], paid["balance"]);
    assert_eq!(shown[0]["balance_after"], page["balance"]);
    assert_chained(shown);
    let [payout, stake] = [&shown[0], &shown[1]];
    assert_eq!(
        (&payout["reason"], &stake["reason"]),
        (&json!("payout"), &json!("stake"))
    );
    assert_eq!(payout["amount"], paid["payout"]);
    assert!(answer.text().contains("\"amount\":-2.00"), "{}", answer.text());
    for entry in [payout, stake] {
        assert_eq!(entry["reference"], paid["ref"]);
        assert_eq!(entry["transaction_id"], paid["ref"]);
        assert!(entry["created_at"].is_string());
    }
    let first = shown.last().unwrap();
    assert_eq!(
        (&first["version"], &first["reason"], &first["reference"]),
        (&json!(1), &json!("grant"), &json!("opening"))
    );
    assert_eq!(
        (minor(&first["amount"]), minor(&first["balance_after"])),
        (100_000, 100_000)
    );
    installation.finish().await;
}

#[tokio::test]
async fn pages_put_together_are_the_whole_statement() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    for _ in 0..10 {
        player.post(BET, &json!({"stake": 2})).await.ok();
    }
    let whole = player.get(&format!("{STATEMENT}?per_page=100")).await.ok();
    let total = entries(&whole).len();
    let mut together = Vec::new();
    for number in 1..=total.div_ceil(3) {
        let page = player
            .get(&format!("{STATEMENT}?per_page=3&page={number}"))
            .await
            .ok();
        assert_eq!(
            page["pagination"],
            json!({"page": number, "per_page": 3, "total": total, "pages": total.div_ceil(3)})
        );
        together.extend_from_slice(entries(&page));
    }
    assert_eq!(together, entries(&whole));
    for beyond in [total.div_ceil(3) + 1, usize::try_from(u32::MAX).unwrap()] {
        let page = player
            .get(&format!("{STATEMENT}?per_page=3&page={beyond}"))
            .await
            .ok();
        assert_eq!(page["entries"], json!([]));
    }
    assert_eq!(entries(&player.get(STATEMENT).await.ok()).len(), total.min(20));
    installation.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_of_one_moment_while_bets_go_on() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 1_000_000).await;
    let player = installation.writer().logged_in(&alice.token);
    let is_over = Arc::new(AtomicBool::new(false));
    let betting = tokio::spawn({
        let (player, is_over) = (player.clone(), Arc::clone(&is_over));
        async move {
            while !is_over.load(Ordering::Relaxed) {
                player.post(BET, &json!({"stake": 1})).await.ok();
            }
        }
    });
    let mut totals = Vec::new();
    while totals.len() < 100 {
        let page = player.get(&format!("{STATEMENT}?per_page=5")).await.ok();
        let shown = entries(&page);
        assert_eq!(shown[0]["version"], page["pagination"]["total"]);
        assert_eq!(shown[0]["balance_after"], page["balance"]);
        assert_chained(shown);
        totals.push(page["pagination"]["total"].as_i64().unwrap());
    }
    is_over.store(true, Ordering::Relaxed);
    betting.await.unwrap();
    assert!(
        totals.is_sorted() && totals[0] < totals[99],
        "bets went on: {totals:?}"
    );
    installation.finish().await;
}

#[tokio::test]
async fn a_statement_is_that_of_the_operators_own_player() {
    let installation = Installation::start().await;
    let (aurora, bluefin) = (
        installation.operator("aurora").await,
        installation.operator("bluefin").await,
    );
    let alice = installation.player(&aurora, "alice", 11_00).await;
    let bob = installation.player(&aurora, "bob", 22_00).await;
    // A player of the other operator with the same number.
    let mut transaction = installation.database.pool().begin().await.unwrap();
    let db: &mut PgConnection = &mut transaction;
    let mut other = open_wallet(bluefin.id, db, alice.id, 0).await.unwrap();
    let deposit = Posting {
        debit: Account::Cashier,
        credit: Account::Wallet(alice.id),
        amount: Minor::new(33_00),
        reason: Reason::Grant,
        reference: "not hers".to_owned(),
    };
    let now = installation.clock.now();
    other.post(Random::system().uuid(now), &[deposit]).unwrap();
    post(db, vec![other], now).await.unwrap();
    transaction.commit().await.unwrap();
    let reader = installation.reader(0);
    for (player, balance) in [(&alice, 11_00), (&bob, 22_00)] {
        let page = reader.logged_in(&player.token).get(STATEMENT).await.ok();
        assert_eq!(minor(&page["balance"]), balance);
        let amounts: Vec<_> = entries(&page)
            .iter()
            .map(|entry| minor(&entry["amount"]))
            .collect();
        assert_eq!(amounts, [balance]);
    }
    reader
        .get(STATEMENT)
        .await
        .problem(401, "authentication_required");
    installation.finish().await;
}

#[tokio::test]
async fn amounts_have_the_currencys_decimals_and_an_empty_wallet_an_empty_statement() {
    let installation = Installation::start().await;
    let yen = Currency::parse("JPY").unwrap();
    let aurora = installation.operator_with("aurora", yen).await;
    let rich = installation.player(&aurora, "alice", 5_000).await;
    let poor = installation.player(&aurora, "bob", 0).await;
    let statement = installation.reader(0).logged_in(&rich.token).get(STATEMENT).await;
    assert!(
        statement.text().contains("\"amount\":5000,"),
        "{}",
        statement.text()
    );
    let empty = installation
        .reader(0)
        .logged_in(&poor.token)
        .get(STATEMENT)
        .await
        .ok();
    assert_eq!(
        empty,
        json!({
            "success": true, "currency": "JPY", "balance": 0, "entries": [],
            "pagination": {"page": 1, "per_page": 20, "total": 0, "pages": 0},
        })
    );
    installation.finish().await;
}

#[tokio::test]
async fn every_bad_page_is_refused_by_name() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    for (query, field) in [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=x", "page"),
        ("page=4294967296", "page"),
        ("per_page=0", "per_page"),
        ("per_page=101", "per_page"),
        ("per_page=1.5", "per_page"),
        ("per_page=1&per_page=2", "per_page"),
    ] {
        let answer = player.get(&format!("{STATEMENT}?{query}")).await;
        answer.names_field(field);
    }
    installation.finish().await;
}
