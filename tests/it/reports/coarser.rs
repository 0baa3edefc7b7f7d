//! The totals that the platform's pages read, and lists of players: exact, and by one definition everywhere.

use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Clock;
use shared::money::Currency;
use tests::people::Operator;
use tests::{Client, Installation};
use time::macros::{date, datetime};
use time::{Date, OffsetDateTime, Time};

use super::{fold, of_currency};
use crate::accounts::platform_staff;
use crate::casino::minor;
use crate::resets::are_found_wrong;
use crate::revenue::play_at;

const NOW: OffsetDateTime = datetime!(2030-03-31 12:00 UTC);
const BY_OPERATOR: &str = "/api/superadmin/revenue-by-operator";

async fn installation(args: &[&str]) -> (Installation, Client) {
    let installation = Installation::builder()
        .writer_args(&[&["--totals-fold-s", "3600"], args].concat())
        .clock(Clock::manual(NOW))
        .start()
        .await;
    let token = platform_staff(&installation, "root").await;
    let root = installation.writer().logged_in(&token);
    (installation, root)
}

fn at(day: Date) -> OffsetDateTime {
    day.with_time(Time::MIDNIGHT).assume_utc()
}

/// Operators of two currencies, whose players played on days of four months.
async fn played(installation: &Installation) -> [Operator; 2] {
    let aurora = installation.operator("aurora").await;
    let tokyo = installation
        .operator_with("tokyo", Currency::parse("JPY").unwrap())
        .await;
    for (number, operator) in [&aurora, &tokyo].into_iter().enumerate() {
        let player = installation.player(operator, "alice", 1_000_000).await;
        for (count, day) in [
            date!(2029 - 12 - 31),
            date!(2030 - 01 - 01),
            date!(2030 - 01 - 20),
            date!(2030 - 02 - 28),
            date!(2030 - 03 - 02),
            date!(2030 - 03 - 31),
        ]
        .into_iter()
        .enumerate()
        {
            let staked = 1000 * i64::try_from(count + number + 1).unwrap();
            play_at(installation, &player, staked, 300, at(day)).await;
        }
    }
    [aurora, tokyo]
}

/// What one operator earned, as the platform is told.
async fn earned(root: &Client, period: &str, subdomain: &str) -> Option<Value> {
    let list = root.get(&format!("{BY_OPERATOR}?{period}")).await.ok();
    let rows = list["revenue_data"].as_array().unwrap();
    assert_eq!(list["pagination"]["total"], rows.len());
    rows.iter().find(|row| row["subdomain"] == subdomain).cloned()
}

#[tokio::test]
async fn operators_are_told_apart_by_whole_months_and_days_as_they_are_by_days() {
    let (installation, root) = installation(&[]).await;
    let operators = played(&installation).await;
    for batch in [0, 5, 100] {
        fold(&installation, batch).await;
        for (from, to) in [
            ("2029-12-31", "2030-03-31"),
            ("2030-01-01", "2030-01-31"),
            ("2030-01-02", "2030-03-30"),
            ("2030-01-21", "2030-03-02"),
            ("2030-01-20", "2030-01-20"),
            ("2030-01-02", "2030-01-31"),
            ("2030-02-01", "2030-02-27"),
        ] {
            let period = format!("from={from}&to={to}");
            for operator in &operators {
                let name = &operator.subdomain;
                let staff = installation.writer().logged_in(&operator.token);
                let own = format!("/api/admin/{name}/reports/overview?{period}");
                let own = staff.get(&own).await.ok();
                let Some(row) = earned(&root, &period, name.as_str()).await else {
                    assert_eq!(own["currencies"], json!([]), "{period} after {batch}");
                    continue;
                };
                let own = &own["currencies"][0]["overview"];
                assert_eq!(row["total_bets"], own["total_bets"], "{period} after {batch}");
                assert_eq!(row["total_stakes"], own["total_stakes"], "{period} after {batch}");
                assert_eq!(row["net_revenue"], own["total_revenue"], "{period} after {batch}");
                let all = root
                    .get(&format!("/api/superadmin/reports/overview?{period}"))
                    .await;
                let all = all.ok();
                let all = of_currency(&all["currencies"], row["currency"].as_str().unwrap());
                assert_eq!(&all["overview"], own, "{period} after {batch}");
            }
        }
    }
    let slots = earned(&root, "from=2029-12-01&category=slots", "aurora").await;
    assert_eq!(slots, earned(&root, "from=2029-12-01", "aurora").await);
    let none = earned(&root, "from=2029-12-01&category=crash", "aurora").await;
    assert_eq!(none, None);
    installation.finish().await;
}

#[tokio::test]
async fn whoever_adds_to_the_daily_totals_adds_to_the_coarser_ones() {
    let (installation, root) = installation(&[]).await;
    played(&installation).await;
    // What a writer of before does is a statement like any other; nobody knows the coarser tables there.
    let folds = async || while fold(&installation, 1).await > 0 {};
    tokio::join!(folds(), folds(), folds());
    let before = earned(&root, "from=2029-12-01", "aurora").await.unwrap();
    for (tampered, mended) in [
        (
            "alter table daily_totals disable trigger user;
             update daily_totals set staked = staked + 1;
             alter table daily_totals enable trigger user",
            "alter table daily_totals disable trigger user;
             update daily_totals set staked = staked - 1;
             alter table daily_totals enable trigger user",
        ),
        (
            "update currency_totals set paid = paid + 1 where currency = 'JPY'",
            "update currency_totals set paid = paid - 1 where currency = 'JPY'",
        ),
        (
            "update monthly_totals set settled = settled + 1",
            "update monthly_totals set settled = settled - 1",
        ),
        (
            "create table kept as table monthly_totals; delete from monthly_totals",
            "insert into monthly_totals table kept; drop table kept",
        ),
        (
            "insert into currency_totals values ('EUR', '2030-01-01', 'casino', 'slots', '', 1, 0, 0, 1, 0)",
            "delete from currency_totals where currency = 'EUR'",
        ),
    ] {
        are_found_wrong(&installation, tampered, mended).await;
    }
    // Rows that are taken out and put in again by hand are counted each time.
    let moved = "create table kept as table daily_totals;
        delete from daily_totals;
        insert into daily_totals table kept;
        update daily_totals set staked = staked + 7;
        update daily_totals set staked = staked - 7;
        drop table kept";
    sqlx::raw_sql(moved)
        .execute(installation.database.pool())
        .await
        .unwrap();
    assert_eq!(earned(&root, "from=2029-12-01", "aurora").await.unwrap(), before);
    installation.finish().await;
}

#[tokio::test]
async fn what_was_counted_before_the_migration_is_added_up_by_it() {
    let (installation, root) = installation(&[]).await;
    played(&installation).await;
    fold(&installation, 7).await;
    let before = earned(&root, "from=2029-12-01", "aurora").await.unwrap();
    let undone = "drop function keep_coarser_totals, add_to_coarser_totals cascade;
        drop table currency_totals, monthly_totals;
        drop index daily_totals_of_day, players_listed";
    let migration = include_str!("../../../migrations/sql/0021_coarser_totals.sql");
    for statements in [undone, migration] {
        let done = sqlx::raw_sql(statements).execute(installation.database.pool());
        done.await.unwrap();
    }
    assert_eq!(earned(&root, "from=2029-12-01", "aurora").await.unwrap(), before);
    fold(&installation, 7).await;
    assert_eq!(earned(&root, "from=2029-12-01", "aurora").await.unwrap(), before);
    installation.finish().await;
}

#[tokio::test]
async fn what_settled_tomorrow_by_another_clock_is_not_of_today() {
    let (installation, root) = installation(&[]).await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 1_000_000).await;
    play_at(&installation, &alice, 500, 0, NOW).await;
    play_at(&installation, &alice, 70_000, 0, NOW + Duration::from_hours(24)).await;
    let staff = installation.writer().logged_in(&aurora.token);
    for _ in 0..2 {
        let own = staff.get("/api/admin/aurora/stats").await.ok();
        let all = root.get("/api/superadmin/stats").await.ok();
        for stats in [&own, of_currency(&all["currencies"], "USD")] {
            let staked = ["today", "last_7_days", "last_30_days", "all_time"]
                .map(|window| minor(&stats[window]["total_stakes"]));
            assert_eq!(staked, [500, 500, 500, 70_500]);
        }
        fold(&installation, 100).await;
    }
    installation.finish().await;
}

#[tokio::test]
async fn an_open_round_is_no_players_loss_and_players_add_up_to_their_operator() {
    let (installation, root) = installation(&[]).await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 1_000_000).await;
    let bob = installation.player(&aurora, "bob", 1_000_000).await;
    play_at(&installation, &alice, 2000, 500, NOW).await;
    play_at(&installation, &bob, 3000, 3500, NOW).await;
    let deal = json!({"action": "deal", "stake": 40});
    let player = installation.writer().logged_in(&alice.token);
    while player.post("/api/casino/blackjack/play", &deal).await.ok()["status"] != "open" {}
    let staff = installation.writer().logged_in(&aurora.token);
    let stats = staff.get("/api/admin/aurora/stats").await.ok();
    assert_eq!(minor(&stats["pending_stakes"]), 4000);
    let settled = &stats["all_time"];
    let sorted = staff
        .get("/api/admin/aurora/users?sort=staked&order=desc")
        .await
        .ok();
    let id = sorted["users"][0]["id"].as_i64().unwrap();
    let one = staff.get(&format!("/api/admin/aurora/users/{id}")).await.ok();
    assert_eq!(one["user"], sorted["users"][0]);
    assert_eq!(sorted["totals"]["staked"], settled["total_stakes"]);
    assert_eq!(sorted["totals"]["payout"], settled["total_payouts"]);
    let global = root
        .get("/api/superadmin/global-users?operator=aurora")
        .await
        .ok();
    let found = root.get("/api/superadmin/global-users?search=EXAMPLE").await.ok();
    let own = staff.get("/api/admin/aurora/reports/user-activity").await.ok();
    assert_eq!(global, found);
    for (list, [staked, paid, rounds, profit]) in [
        (
            &sorted["users"],
            ["total_staked", "total_payout", "total_games", "profit"],
        ),
        (
            &global["users"],
            ["total_staked", "total_payout", "total_bets", "profit"],
        ),
        (
            &own["rows"],
            ["total_staked", "payout", "total_bets", "user_profit"],
        ),
    ] {
        let list = list.as_array().unwrap();
        let sum = |name: &str| list.iter().map(|row| minor(&row[name])).sum::<i64>();
        assert_eq!(sum(staked), minor(&settled["total_stakes"]), "{list:?}");
        assert_eq!(sum(paid), minor(&settled["total_payouts"]), "{list:?}");
        assert_eq!(sum(profit), -minor(&settled["total_revenue"]), "{list:?}");
        let rounds: i64 = list.iter().filter_map(|row| row[rounds].as_i64()).sum();
        assert_eq!(settled["total_bets"], rounds, "{list:?}");
    }
    installation.finish().await;
}

#[tokio::test]
async fn players_of_all_operators_are_listed_in_one_order_to_the_last() {
    let (installation, root) = installation(&["--export-batch", "2"]).await;
    let mut names = Vec::new();
    for name in ["aurora", "bluefin", "coral"] {
        let operator = installation.operator(name).await;
        for number in 0..3 {
            let player = format!("{name}-{number}");
            installation.player(&operator, &player, 0).await;
            names.push(player);
        }
    }
    let listed = async |query: &str| {
        let list = root.get(&format!("/api/superadmin/{query}")).await.ok();
        let rows = list
            .get("users")
            .or(list.get("rows"))
            .unwrap()
            .as_array()
            .unwrap()
            .clone();
        let names = rows
            .iter()
            .map(|row| row["username"].as_str().unwrap().to_owned());
        (
            names.collect::<Vec<_>>(),
            list["pagination"]["total"].as_i64().unwrap(),
        )
    };
    for list in [
        "global-users",
        "reports/user-activity",
        "global-users?search=example",
    ] {
        let join = if list.contains('?') { '&' } else { '?' };
        let page = async |page: u32| listed(&format!("{list}{join}per_page=4&page={page}")).await;
        assert_eq!(page(1).await, (names[..4].to_vec(), 9), "{list}");
        assert_eq!(page(2).await, (names[4..8].to_vec(), 9), "{list}");
        assert_eq!(page(3).await, (names[8..].to_vec(), 9), "{list}");
        assert_eq!(page(4).await, (Vec::new(), 9), "{list}");
        let of_one = listed(&format!("{list}{join}operator=bluefin&per_page=2&page=2")).await;
        assert_eq!(of_one, (names[5..6].to_vec(), 3), "{list}");
    }
    let export = async |query: &str| {
        let file = root
            .get(&format!("/api/superadmin/reports/user-activity/export{query}"))
            .await
            .text();
        let lines = file.lines().skip(1);
        lines
            .map(|line| line.split(',').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(export("").await, names);
    assert_eq!(export("?operator=bluefin").await, names[3..6]);
    // A player belongs to the day in UTC of the registration, from its first moment to its last.
    let moved = "update players set created_at = '2030-03-30 00:00Z' where username = 'aurora-1';
        update players set created_at = '2030-03-30 23:59:59.999999Z' where username = 'coral-2';
        update players set created_at = '2030-03-29 23:59:59.999999Z' where username = 'bluefin-0'";
    sqlx::raw_sql(moved)
        .execute(installation.database.pool())
        .await
        .unwrap();
    let of_the_day = ["aurora-1", "coral-2"].map(str::to_owned).to_vec();
    let day = "from=2030-03-30&to=2030-03-30";
    let shown = listed(&format!("reports/user-activity?{day}")).await;
    assert_eq!(shown, (of_the_day.clone(), 2));
    assert_eq!(export(&format!("?{day}")).await, of_the_day);
    installation.finish().await;
}
