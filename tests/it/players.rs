//! An operator's players as its staff see them: whole lists in every order, switches that end sessions at once, and
//! adjustments that move money once. Who may ask at all is tested with all other routes of staff.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Clock;
use shared::money::Currency;
use tests::people::{Operator, PASSWORD, Player};
use tests::{Answer, Client, Installation};
use tokio::task::JoinSet;

use crate::casino::minor;

const USERS: &str = "/api/admin/aurora/users";
const TOGGLE_NAMED: &str = "/api/admin/aurora/toggle-user";
const BET: &str = "/api/casino/slots/bet";
const BLACKJACK: &str = "/api/casino/blackjack/play";
const LOGIN: &str = "/api/auth/aurora/login";
const LIMIT: Duration = Duration::from_secs(20);

/// An operator, and a client of its staff.
async fn aurora(installation: &Installation) -> (Operator, Client) {
    let aurora = installation.operator("aurora").await;
    let staff = installation.writer().logged_in(&aurora.token);
    (aurora, staff)
}

fn path(player: &Player, verb: &str) -> String {
    format!("{USERS}/{}/{verb}", player.id)
}

async fn toggle(staff: &Client, player: &Player, body: Value) -> Answer {
    staff.post(&path(player, "toggle"), &body).await
}

async fn adjust(staff: &Client, player: &Player, key: &str, amount: &str) -> Answer {
    let body = format!(r#"{{"amount":{amount},"reason":"counted wrong"}}"#);
    let staff = staff.with("idempotency-key", key);
    staff.post_bytes(&path(player, "adjust"), body).await
}

/// The names on a list, in its order.
fn names(list: &Value) -> Vec<&str> {
    let users = list["users"].as_array().unwrap().iter();
    users.map(|user| user["username"].as_str().unwrap()).collect()
}

async fn listed(staff: &Client, query: &str) -> Value {
    staff.get(&format!("{USERS}?{query}")).await.ok()
}

/// Action, before and after of each entry of the audit log but for log-ins, the oldest first.
async fn audited(staff: &Client) -> Vec<Value> {
    let log = staff.get("/api/admin/aurora/audit-log?per_page=100").await.ok();
    let entries = log["entries"].as_array().unwrap().iter().rev();
    entries
        .filter(|entry| entry["action"] != "staff.logged_in")
        .map(|entry| json!([entry["action"], entry["subject"], entry["before"], entry["after"]]))
        .collect()
}

async fn sessions_of(installation: &Installation, player: &Player) -> i64 {
    sqlx::query_scalar("select count(*) from sessions where operator_id = $1 and player_id = $2")
        .bind(player.operator.get())
        .bind(player.id.get())
        .fetch_one(installation.database.pool())
        .await
        .unwrap()
}

async fn in_database(installation: &Installation, query: &'static str) -> i64 {
    let number = sqlx::query_scalar(query).fetch_one(installation.database.pool());
    number.await.unwrap()
}

/// Waits until so many transactions wait for a lock of another one.
async fn are_waiting(installation: &Installation, transactions: i64) {
    let waiting = "select count(*) from pg_stat_activity
        where wait_event_type = 'Lock' and datname = current_database()";
    let is_so = || async { in_database(installation, waiting).await == transactions };
    let what = format!("{transactions} transactions wait");
    installation.within(LIMIT, &what, is_so).await;
}

#[tokio::test]
async fn a_list_shows_what_each_wallet_keeps_and_what_all_have_together() {
    let installation = Installation::start().await;
    let (aurora, staff) = aurora(&installation).await;
    let bluefin = installation.operator("bluefin").await;
    installation.player(&bluefin, "carol", 5_000).await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let bob = installation.player(&aurora, "bob", 2_050).await;
    let player = installation.writer().logged_in(&alice.token);
    let (mut paid, mut balance) = (0, 10_000);
    for _ in 0..3 {
        let round = player.post(BET, &json!({"stake": 2})).await.ok();
        paid += minor(&round["payout"]);
        balance = minor(&round["balance"]);
    }
    let answer = staff.get(USERS).await;
    assert_eq!(answer.header("cache-control"), "private, no-store");
    let list = answer.ok();
    assert_eq!(names(&list), ["bob", "alice"], "the newest first");
    let [shown_bob, shown] = [&list["users"][0], &list["users"][1]];
    assert_eq!(
        (&shown["id"], &shown["email"]),
        (&json!(alice.id), &json!("alice@example.com"))
    );
    assert_eq!(
        (&shown["is_active"], &shown["status"]),
        (&json!(true), &json!("active"))
    );
    for moment in ["created_at", "last_login_at"] {
        assert!(shown[moment].as_str().unwrap().ends_with('Z'), "{shown}");
    }
    let figures = ["balance", "total_staked", "total_payout", "profit"].map(|name| minor(&shown[name]));
    assert_eq!(figures, [balance, 600, paid, paid - 600]);
    assert_eq!(shown["total_games"], 3);
    assert!(
        answer.text().contains(r#""total_staked":6.00,"#),
        "{}",
        answer.text()
    );
    assert_eq!(
        (&shown_bob["balance"], &shown_bob["total_games"]),
        (&json!(20.5), &json!(0))
    );
    let totals = &list["totals"];
    assert_eq!(totals["players"], 2);
    let together = ["balance", "staked", "payout"].map(|name| minor(&totals[name]));
    assert_eq!(together, [balance + 2_050, 600, paid]);
    assert_eq!(
        list["pagination"],
        json!({"page": 1, "per_page": 20, "total": 2, "pages": 1})
    );
    toggle(&staff, &bob, json!({})).await.ok();
    assert_eq!(names(&listed(&staff, "status=disabled").await), ["bob"]);
    let active = listed(&staff, "status=active").await;
    assert_eq!(names(&active), ["alice"]);
    assert_eq!(minor(&active["totals"]["balance"]), balance);
    installation.finish().await;
}

#[tokio::test]
async fn every_order_is_whole_and_stable_over_its_pages() {
    let installation = Installation::start().await;
    let (aurora, staff) = aurora(&installation).await;
    for (name, balance_minor) in [
        ("Delta", 500),
        ("alpha", 900),
        ("Charlie", 500),
        ("bravo", 500),
        ("echo", 0),
    ] {
        let player = installation.player(&aurora, name, balance_minor).await;
        if name == "alpha" {
            let player = installation.writer().logged_in(&player.token);
            player.post(BET, &json!({"stake": 4})).await.ok();
        }
    }
    let by_id = ["Delta", "alpha", "Charlie", "bravo", "echo"];
    let by_name = ["alpha", "bravo", "Charlie", "Delta", "echo"];
    // Who staked nothing has neither won nor lost: where figures are the same, ids decide.
    let by_stake = ["Delta", "Charlie", "bravo", "echo", "alpha"];
    let won = in_database(
        &installation,
        "select sign(max(paid - staked) + min(paid - staked))::bigint from wallets",
    );
    let by_profit = match won.await {
        -1 => ["alpha", "Delta", "Charlie", "bravo", "echo"],
        0 => by_id,
        _ => by_stake,
    };
    for (sort, expected) in [
        ("created_at", by_id),
        ("username", by_name),
        ("staked", by_stake),
        ("profit", by_profit),
    ] {
        let reversed: Vec<_> = expected.iter().rev().copied().collect();
        for (order, expected) in [("asc", expected.to_vec()), ("desc", reversed)] {
            let query = format!("sort={sort}&order={order}");
            assert_eq!(names(&listed(&staff, &query).await), expected, "{query}");
            let mut together = Vec::new();
            for page in 1..=3 {
                let page = listed(&staff, &format!("{query}&per_page=2&page={page}")).await;
                assert_eq!(page["totals"]["players"], 5);
                together.extend(names(&page).into_iter().map(str::to_owned));
            }
            assert_eq!(together, expected, "{query}");
        }
    }
    let richest = listed(&staff, "sort=balance").await;
    let balances: Vec<_> = richest["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| minor(&user["balance"]))
        .collect();
    assert!(balances.is_sorted_by(|more, less| more >= less), "{balances:?}");
    let beyond = listed(&staff, "page=4294967295&per_page=100").await;
    assert_eq!(beyond["users"], json!([]));
    assert_eq!(beyond["totals"]["players"], 5);
    installation.finish().await;
}

#[tokio::test]
async fn a_search_finds_parts_of_names_and_addresses_and_takes_no_character_for_more_than_itself() {
    let installation = Installation::start().await;
    let (aurora, staff) = aurora(&installation).await;
    installation.player(&aurora, "a_lice", 100).await;
    installation.player(&aurora, "Alicia", 200).await;
    let writer = installation.writer();
    for (username, email) in [("yulia", "Юлия%@пример.example"), ("mika", "美香\\@例え.example")]
    {
        let body = json!({"username": username, "email": email, "password": PASSWORD});
        writer.post("/api/auth/aurora/register", &body).await.ok();
    }
    for (search, found) in [
        ("", vec!["a_lice", "Alicia", "mika", "yulia"]),
        ("lic", vec!["a_lice", "Alicia"]),
        ("ALICIA", vec!["Alicia"]),
        ("%20alicia%20", vec!["Alicia"]),
        ("_", vec!["a_lice"]),
        ("%25", vec!["yulia"]),
        ("%5C", vec!["mika"]),
        ("example.com", vec!["a_lice", "Alicia"]),
        ("юЛИЯ", vec!["yulia"]),
        ("例え", vec!["mika"]),
        ("a%25a", vec![]),
        ("ali%E2%80%8Bcia", vec![]),
        ("%EF%BB%BF", vec![]),
        ("%3Cscript%3Ealert(1)%3C/script%3E", vec![]),
        ("'%20or%20'1'='1", vec![]),
        ("';drop%20table%20players;--", vec![]),
        ("مرحبا", vec![]),
    ] {
        let list = listed(&staff, &format!("sort=username&order=asc&search={search}")).await;
        assert_eq!(names(&list), found, "{search}");
        assert_eq!(list["pagination"]["total"], found.len(), "{search}");
    }
    let both = listed(&staff, "search=ali&status=active").await;
    assert_eq!(minor(&both["totals"]["balance"]), 200);
    listed(&staff, &format!("search={}", "é".repeat(100))).await;
    for (query, field) in [
        (format!("search={}", "é".repeat(101)), "search"),
        ("search=%00".to_owned(), "search"),
        ("status=Active".to_owned(), "status"),
        ("status=".to_owned(), "status"),
        ("sort=password_hash".to_owned(), "sort"),
        ("sort=id;drop%20table%20players".to_owned(), "sort"),
        ("sort=(select%201)".to_owned(), "sort"),
        ("order=desc,id".to_owned(), "order"),
        ("order=DESC".to_owned(), "order"),
        ("order=asc&order=desc".to_owned(), "order"),
        ("page=0".to_owned(), "page"),
        ("page=-1".to_owned(), "page"),
        ("per_page=101".to_owned(), "per_page"),
        ("per_page=ten".to_owned(), "per_page"),
    ] {
        staff.get(&format!("{USERS}?{query}")).await.names_field(field);
    }
    let answer = staff.get(&format!("{USERS}?page=0&search=%00")).await;
    answer.names_field("page");
    answer.names_field("search");
    installation.finish().await;
}

#[tokio::test]
async fn one_player_is_shown_with_the_players_own_limits_and_statement() {
    let installation = Installation::start().await;
    let (aurora, staff) = aurora(&installation).await;
    let bluefin = installation.operator("bluefin").await;
    let carol = installation.player(&bluefin, "carol", 100).await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let player = installation.writer().logged_in(&alice.token);
    let limit = json!({"loss": {"24h": 50}});
    let protection = player.put("/api/player/limits", &limit).await.ok();
    let detail = staff.get(&format!("{USERS}/{}", alice.id)).await;
    assert_eq!(detail.header("cache-control"), "private, no-store");
    let detail = detail.ok();
    assert_eq!(detail["user"], listed(&staff, "").await["users"][0]);
    assert_eq!(detail["protection"], protection);
    assert_eq!(detail["currency"], "USD");
    for _ in 0..4 {
        player.post(BET, &json!({"stake": 1})).await.ok();
    }
    for query in ["", "?per_page=2&page=2", "?page=4294967295"] {
        let own = player.get(&format!("/api/casino/wallet/statement{query}")).await;
        let shown = staff.get(&format!("{}{query}", path(&alice, "statement"))).await;
        shown.ok();
        assert_eq!(shown.bytes, own.bytes, "{query}");
    }
    let too_many = format!("{}?per_page=101", path(&alice, "statement"));
    staff.get(&too_many).await.names_field("per_page");
    let foreign = carol.id.to_string();
    for id in ["0", "-1", "9223372036854775808", "alice", "1e0", "%20", &foreign] {
        for path in [format!("{USERS}/{id}"), format!("{USERS}/{id}/statement")] {
            staff.get(&path).await.problem(404, "player_not_found");
        }
        for verb in ["toggle", "adjust"] {
            let body = json!({"amount": 1, "reason": "a gift"});
            let body = if verb == "adjust" { body } else { json!({}) };
            let staff = staff.with("idempotency-key", "k");
            let answer = staff.post(&format!("{USERS}/{id}/{verb}"), &body).await;
            answer.problem(404, "player_not_found");
        }
    }
    let answer = staff.post(TOGGLE_NAMED, &json!({"user_id": carol.id})).await;
    answer.problem(404, "player_not_found");
    assert_eq!(sessions_of(&installation, &carol).await, 1);
    assert_eq!(installation.balance_minor(&carol).await, 100);
    assert_eq!(audited(&staff).await, Vec::<Value>::new());
    installation.finish().await;
}

#[tokio::test]
async fn a_disabled_player_is_out_at_once_and_comes_back_by_a_new_log_in_only() {
    let installation = Installation::start().await;
    let (aurora, staff) = aurora(&installation).await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let bob = installation.player(&aurora, "bob", 10_000).await;
    let player = installation.writer().logged_in(&alice.token);
    player.post(BET, &json!({"stake": 1})).await.ok();
    let log_in = json!({"username": "alice", "password": PASSWORD});
    installation.writer().post(LOGIN, &log_in).await.ok();
    assert_eq!(sessions_of(&installation, &alice).await, 2);
    let disabled = json!({
        "success": true, "message": "Player disabled", "new_status": "disabled", "is_active": false
    });
    let enabled = json!({
        "success": true, "message": "Player enabled", "new_status": "active", "is_active": true
    });
    let answer = staff.post_bytes(&path(&alice, "toggle"), "").await;
    assert_eq!(answer.header("cache-control"), "private, no-store");
    assert_eq!(answer.ok(), disabled);
    assert_eq!(sessions_of(&installation, &alice).await, 0);
    let bet = player.post(BET, &json!({"stake": 1})).await;
    bet.problem(401, "authentication_required");
    let own = player.get("/api/casino/wallet/balance").await;
    own.problem(401, "authentication_required");
    let back = installation.writer().post(LOGIN, &log_in).await;
    back.problem(403, "account_disabled");
    // What is so already is no change.
    assert_eq!(
        toggle(&staff, &alice, json!({"is_active": false})).await.ok(),
        disabled
    );
    let neither = toggle(&staff, &alice, json!({"is_active": null})).await;
    neither.names_field("is_active");
    let over = toggle(&staff, &alice, json!({})).await.ok();
    assert_eq!(over, enabled);
    assert_eq!(
        toggle(&staff, &alice, json!({"is_active": true})).await.ok(),
        enabled
    );
    let bet = player.post(BET, &json!({"stake": 1})).await;
    bet.problem(401, "authentication_required");
    installation.writer().post(LOGIN, &log_in).await.ok();
    let named = json!({"user_id": alice.id});
    assert_eq!(staff.post(TOGGLE_NAMED, &named).await.ok(), disabled);
    assert_eq!(staff.post(TOGGLE_NAMED, &named).await.ok(), enabled);
    assert_eq!(
        sessions_of(&installation, &bob).await,
        1,
        "nobody else is touched"
    );
    let subject = format!("player {}", alice.id);
    let (on, off) = (json!({"is_active": true}), json!({"is_active": false}));
    let out = json!(["player.switched", subject, on, off]);
    let back = json!(["player.switched", subject, off, on]);
    assert_eq!(audited(&staff).await, [out.clone(), back.clone(), out, back]);
    for (route, body, field) in [
        (path(&alice, "toggle"), json!({"is_active": "no"}), "is_active"),
        (path(&alice, "toggle"), json!({"is_active": 0}), "is_active"),
        (path(&alice, "toggle"), json!({"active": false}), "active"),
        (TOGGLE_NAMED.to_owned(), json!({}), "user_id"),
        (TOGGLE_NAMED.to_owned(), json!({"user_id": "1"}), "user_id"),
        (TOGGLE_NAMED.to_owned(), json!({"user_id": 1.5}), "user_id"),
        (TOGGLE_NAMED.to_owned(), json!({"user_id": null}), "user_id"),
        (TOGGLE_NAMED.to_owned(), json!({"user_id": 1, "id": 2}), "id"),
    ] {
        staff.post(&route, &body).await.names_field(field);
    }
    installation.finish().await;
}

#[tokio::test]
async fn an_open_round_of_a_disabled_player_still_ends_and_pays() {
    let clock = Clock::manual(Clock::machine().now());
    let installation = Installation::builder()
        .writer_args(&["--casino-sweep-ms", "20"])
        .clock(clock.clone())
        .start()
        .await;
    let (aurora, staff) = aurora(&installation).await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.writer().logged_in(&alice.token);
    let deal = json!({"action": "deal", "stake": 10});
    while player.post(BLACKJACK, &deal).await.ok()["status"] != "open" {}
    toggle(&staff, &alice, json!({"is_active": false})).await.ok();
    let held = installation.balance_minor(&alice).await;
    clock.advance(Duration::from_mins(16));
    let open = "select count(*) from rounds where status = 'open'";
    let is_over = || async { in_database(&installation, open).await == 0 };
    installation.within(LIMIT, "the hand is stood on", is_over).await;
    let payout = in_database(
        &installation,
        "select payout from rounds order by id desc limit 1",
    )
    .await;
    assert_eq!(installation.balance_minor(&alice).await, held + payout);
    installation.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn switches_at_once_each_go_over_from_what_was() {
    let installation = Installation::builder().patient().start().await;
    let (aurora, staff) = aurora(&installation).await;
    let alice = installation.player(&aurora, "alice", 0).await;
    let mut asked = JoinSet::new();
    for number in 0..30 {
        let (staff, alice) = (staff.clone(), alice.clone());
        asked.spawn(async move {
            if number % 2 == 0 {
                toggle(&staff, &alice, json!({})).await
            } else {
                staff.post(TOGGLE_NAMED, &json!({"user_id": alice.id})).await
            }
        });
    }
    let answers: Vec<_> = asked.join_all().await.iter().map(Answer::ok).collect();
    let enabled = answers.iter().filter(|answer| answer["is_active"] == true);
    assert_eq!(enabled.count(), 15);
    let log = audited(&staff).await;
    assert_eq!(log.len(), 30);
    for (number, entry) in log.iter().enumerate() {
        assert_eq!(entry[3]["is_active"], number % 2 == 1, "{entry}");
    }
    let mut asked = JoinSet::new();
    for _ in 0..20 {
        let (staff, alice) = (staff.clone(), alice.clone());
        asked.spawn(async move { toggle(&staff, &alice, json!({"is_active": false})).await });
    }
    for answer in asked.join_all().await {
        assert_eq!(answer.ok()["is_active"], false);
    }
    assert_eq!(audited(&staff).await.len(), 31, "one of them changed something");
    installation.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_bet_is_taken_after_the_switch_was_answered() {
    let installation = Installation::builder().readers(2).patient().start().await;
    let (aurora, staff) = aurora(&installation).await;
    let alice = installation.player(&aurora, "alice", 1_000_000).await;
    let players = [0, 1].map(|number| installation.reader(number).logged_in(&alice.token));
    let mut betting = JoinSet::new();
    for number in 0..40 {
        let player = players[number % 2].clone();
        betting.spawn(async move {
            let mut taken = 0;
            loop {
                let answer = player.post(BET, &json!({"stake": 1})).await;
                if !answer.status.is_success() {
                    return (taken, answer);
                }
                taken += 1;
            }
        });
    }
    let has_begun = || async { installation.count("rounds").await > 40 };
    installation.within(LIMIT, "bets are taken", has_begun).await;
    toggle(&staff, &alice, json!({"is_active": false})).await.ok();
    for player in &players {
        let answer = player.post(BET, &json!({"stake": 1})).await;
        answer.problem(401, "authentication_required");
    }
    let mut taken = 0;
    for (answered, refused) in betting.join_all().await {
        taken += answered;
        assert!(
            [401, 403].contains(&refused.status.as_u16()),
            "{}",
            refused.text()
        );
    }
    assert_eq!(installation.count("rounds").await, taken);
    installation.finish().await;
}

/// A log-in that had seen the player active must not leave a session that is good again once the player is enabled.
#[tokio::test]
async fn a_log_in_that_waits_for_the_switch_opens_no_session() {
    let installation = Installation::builder().patient().start().await;
    let (aurora, staff) = aurora(&installation).await;
    let alice = installation.player(&aurora, "alice", 0).await;
    let mut first = installation.database.pool().begin().await.unwrap();
    sqlx::query("select from players for update")
        .execute(&mut *first)
        .await
        .unwrap();
    let switching = tokio::spawn({
        let (staff, alice) = (staff.clone(), alice.clone());
        async move { toggle(&staff, &alice, json!({"is_active": false})).await }
    });
    are_waiting(&installation, 1).await;
    let log_in = tokio::spawn({
        let (writer, body) = (
            installation.writer(),
            json!({"username": "alice", "password": PASSWORD}),
        );
        async move { writer.post(LOGIN, &body).await }
    });
    are_waiting(&installation, 2).await;
    first.commit().await.unwrap();
    switching.await.unwrap().ok();
    assert_eq!(log_in.await.unwrap().status, 401);
    assert_eq!(sessions_of(&installation, &alice).await, 0);
    installation.finish().await;
}

#[tokio::test]
async fn an_adjustment_moves_money_once_either_way_and_says_why_in_the_log_only() {
    let installation = Installation::start().await;
    let (aurora, staff) = aurora(&installation).await;
    let alice = installation.player(&aurora, "alice", 1_000).await;
    let body = r#"{"amount": 12.5, "reason": " Доплата <b>за</b> сбой "}"#;
    let named = staff.with("idempotency-key", "fix-1");
    let given = named.post_bytes(&path(&alice, "adjust"), body).await;
    assert_eq!(given.header("cache-control"), "private, no-store");
    let id = given.ok()["transaction_id"].as_str().unwrap().to_owned();
    let text = format!(
        r#"{{"success":true,"player_id":{},"amount":12.50,"balance":22.50,"currency":"USD","reason":"Доплата <b>за</b> сбой","transaction_id":"{id}"}}"#,
        alice.id
    );
    assert_eq!(given.text(), text);
    let taken = adjust(&staff, &alice, "fix-2", "-22.50").await.ok();
    assert_eq!((minor(&taken["amount"]), minor(&taken["balance"])), (-2_250, 0));
    let statement = staff.get(&path(&alice, "statement")).await;
    assert!(
        !statement.text().contains("counted wrong"),
        "{}",
        statement.text()
    );
    let shown: Vec<_> = statement.ok()["entries"].as_array().unwrap()[..2]
        .iter()
        .map(|entry| {
            json!([
                entry["reason"],
                entry["reference"],
                entry["amount"],
                entry["balance_after"]
            ])
        })
        .collect();
    let expected = [
        json!(["adjustment", "fix-2", -22.5, 0.0]),
        json!(["adjustment", "fix-1", 12.5, 22.5]),
    ];
    assert_eq!(shown, expected);
    let books = staff.get("/api/admin/aurora/accounts").await.ok();
    let accounts = books["accounts"].as_array().unwrap();
    let account = accounts
        .iter()
        .find(|account| account["account"] == "adjustments")
        .unwrap();
    let sums = ["credited", "debited", "balance"].map(|name| minor(&account[name]));
    assert_eq!(sums, [2_250, 1_250, 1_000]);
    let subject = format!("player {}", alice.id);
    let expected = [
        json!([
            "player.adjusted", subject, {"balance": 10.0},
            {"amount": 12.5, "balance": 22.5, "reason": "Доплата <b>за</b> сбой", "reference": "fix-1"}
        ]),
        json!([
            "player.adjusted", subject, {"balance": 22.5},
            {"amount": -22.5, "balance": 0.0, "reason": "counted wrong", "reference": "fix-2"}
        ]),
    ];
    assert_eq!(audited(&staff).await, expected);
    let totals = in_database(
        &installation,
        "select staked + paid + deposited + rounds from wallets",
    )
    .await;
    assert_eq!(totals, 0, "it is no game and no deposit");
    installation.finish().await;
}

#[tokio::test]
async fn a_key_again_gets_the_first_answer_and_for_anything_else_a_refusal() {
    let installation = Installation::start().await;
    let (aurora, staff) = aurora(&installation).await;
    let alice = installation.player(&aurora, "alice", 1_000).await;
    let bob = installation.player(&aurora, "bob", 1_000).await;
    let refused = adjust(&staff, &alice, "k", "-10.01").await;
    let problem = refused.problem(422, "insufficient_funds");
    refused.names_field("amount");
    assert_eq!(problem["detail"], "Insufficient funds. Available: 10.00");
    let first = adjust(&staff, &alice, "k", "-10").await;
    first.ok();
    let again = adjust(&staff, &alice, "k", "-10").await;
    assert_eq!(again.bytes, first.bytes);
    assert_eq!(
        (
            first.header("idempotency-replayed"),
            again.header("idempotency-replayed")
        ),
        ("", "true")
    );
    for other in [
        adjust(&staff, &alice, "k", "-10.00").await,
        adjust(&staff, &alice, "k", "10").await,
        adjust(&staff, &bob, "k", "-10").await,
    ] {
        other.problem(422, "idempotency_key_reused");
        other.names_field("Idempotency-Key");
    }
    // Keys of players and references of the cashier are others.
    let deposit = format!("/api/admin/aurora/players/{}/deposit", alice.id);
    staff
        .post(&deposit, &json!({"amount": 1, "reference": "k"}))
        .await
        .ok();
    let player = installation
        .writer()
        .logged_in(&alice.token)
        .with("idempotency-key", "k");
    player.post(BET, &json!({"stake": 1})).await.ok();
    assert_eq!(installation.balance_minor(&bob).await, 1_000);
    let adjustments = "select count(*) from ledger_entries where reason = 'adjustment'";
    assert_eq!(in_database(&installation, adjustments).await, 1);
    assert_eq!(audited(&staff).await.len(), 2);
    installation.finish().await;
}

#[tokio::test]
async fn every_bad_adjustment_is_refused_by_name_and_nothing_is_written() {
    let installation = Installation::builder()
        .writer_args(&["--adjustment-max-minor", "5000"])
        .start()
        .await;
    let (aurora, staff) = aurora(&installation).await;
    let osaka = installation
        .operator_with("osaka", Currency::parse("JPY").unwrap())
        .await;
    let hana = installation.player(&osaka, "hana", 0).await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let (path, named) = (path(&alice, "adjust"), staff.with("idempotency-key", "k"));
    for amount in [
        "0",
        "-0.00",
        "0.001",
        "-1e2",
        "\"5\"",
        "null",
        "true",
        "[1]",
        "{}",
        "50.01",
        "-50.01",
        "100000000000.01",
        "-99999999999999999999999999",
    ] {
        let body = format!(r#"{{"amount": {amount}, "reason": "a gift"}}"#);
        named.post_bytes(&path, body).await.names_field("amount");
    }
    let too_long = "é".repeat(201);
    for reason in [
        json!(""),
        json!("ok"),
        json!("  a  "),
        json!("..."),
        json!("\u{200b}\u{200b}\u{200b}"),
        json!("a\nb"),
        json!("a\u{0}b"),
        json!(too_long),
        json!(5),
        json!(null),
        json!(["a gift"]),
    ] {
        let body = json!({"amount": 1, "reason": reason});
        named.post(&path, &body).await.names_field("reason");
    }
    let good = json!({"amount": 1, "reason": "a gift"});
    for (body, field) in [
        (json!({"amount": 1}), "reason"),
        (json!({"reason": "a gift"}), "amount"),
        (
            json!({"amount": 1, "reason": "a gift", "player_id": 2}),
            "player_id",
        ),
        (json!([1, "a gift"]), "body"),
    ] {
        named.post(&path, &body).await.names_field(field);
    }
    staff.post(&path, &good).await.names_field("Idempotency-Key");
    let bad_key = staff.with("idempotency-key", "a b");
    bad_key.post(&path, &good).await.names_field("Idempotency-Key");
    let twice = named.with_another("idempotency-key", "l");
    twice.post(&path, &good).await.problem(400, "repeated_header");
    let huge = format!(r#"{{"amount": 1, "reason": "{}"}}"#, "a".repeat(262_144));
    named.post_bytes(&path, huge).await.problem(413, "body_too_large");
    let players_own = installation
        .writer()
        .logged_in(&alice.token)
        .with("idempotency-key", "k");
    players_own.post(&path, &good).await.problem(403, "wrong_role");
    assert_eq!(installation.count("commands").await, 0);
    assert_eq!(installation.balance_minor(&alice).await, 10_000);
    assert_eq!(audited(&staff).await, Vec::<Value>::new());
    let most = json!({"amount": 50, "reason": "é".repeat(200)});
    named.post(&path, &most).await.ok();
    let yen = installation
        .writer()
        .logged_in(&osaka.token)
        .with("idempotency-key", "k");
    let there = format!("/api/admin/osaka/users/{}/adjust", hana.id);
    yen.post(&there, &json!({"amount": 0.5, "reason": "a gift"}))
        .await
        .names_field("amount");
    let given = yen
        .post(&there, &json!({"amount": 500, "reason": "a gift"}))
        .await;
    assert!(
        given
            .text()
            .contains(r#""amount":500,"balance":500,"currency":"JPY""#),
        "{}",
        given.text()
    );
    installation.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn adjustments_at_once_take_no_more_than_there_is() {
    let installation = Installation::builder().patient().start().await;
    let (aurora, staff) = aurora(&installation).await;
    let alice = installation.player(&aurora, "alice", 1_000).await;
    let bob = installation.player(&aurora, "bob", 1_000).await;
    let mut asked = JoinSet::new();
    for number in 0..20 {
        let (staff, alice) = (staff.clone(), alice.clone());
        asked.spawn(async move { adjust(&staff, &alice, &format!("take-{number}"), "-1").await });
    }
    let answers = asked.join_all().await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status.is_success());
    assert_eq!((done.len(), refused.len()), (10, 10));
    for answer in refused {
        answer.problem(422, "insufficient_funds");
    }
    assert_eq!(installation.balance_minor(&alice).await, 0);
    let mut asked = JoinSet::new();
    for _ in 0..30 {
        let (staff, alice) = (staff.clone(), alice.clone());
        asked.spawn(async move { adjust(&staff, &alice, "same", "7").await });
    }
    let bodies: HashSet<_> = asked
        .join_all()
        .await
        .iter()
        .map(|answer| answer.ok().to_string())
        .collect();
    assert_eq!(bodies.len(), 1);
    assert_eq!(installation.balance_minor(&alice).await, 700);
    let mut asked = JoinSet::new();
    for number in 0..20 {
        for player in [&alice, &bob] {
            let (staff, player) = (staff.clone(), player.clone());
            asked.spawn(async move { adjust(&staff, &player, &format!("one-of-{number}"), "1").await });
        }
    }
    let answers = asked.join_all().await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status.is_success());
    assert_eq!((done.len(), refused.len()), (20, 20));
    for answer in refused {
        answer.problem(422, "idempotency_key_reused");
    }
    let together = installation.balance_minor(&alice).await + installation.balance_minor(&bob).await;
    assert_eq!(together, 1_700 + 20 * 100);
    installation.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn adjustments_among_bets_leave_the_books_right() {
    let installation = Installation::builder().patient().start().await;
    let (aurora, staff) = aurora(&installation).await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.writer().logged_in(&alice.token);
    let mut asked = JoinSet::new();
    for number in 0..60 {
        let (staff, player, alice) = (staff.clone(), player.clone(), alice.clone());
        asked.spawn(async move {
            match number % 3 {
                0 => adjust(&staff, &alice, &format!("k-{number}"), "2").await,
                1 => adjust(&staff, &alice, &format!("k-{number}"), "-1").await,
                _ => player.post(BET, &json!({"stake": 1})).await,
            }
        });
    }
    for answer in asked.join_all().await {
        answer.ok();
    }
    let balance = in_database(&installation, "select balance - paid + staked from wallets").await;
    assert_eq!(balance, 100_000 + 20 * 200 - 20 * 100);
    assert_eq!(installation.count("rounds").await, 20);
    installation.finish().await;
}
