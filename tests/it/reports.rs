//! Totals and reports: they are at every moment what the rounds themselves add up to.

mod coarser;

use serde_json::{Value, json};
use shared::clock::Clock;
use shared::money::{Currency, Minor};
use tests::people::Operator;
use tests::{Client, Installation};
use write_api::reports::{DayTotals, day_totals, fold_totals};

use crate::accounts::platform_staff;
use crate::casino::minor;

/// What the rounds of a day add up to, read from the rounds themselves.
async fn counted(installation: &Installation, operator: &Operator) -> DayTotals {
    let statement = "select count(*), coalesce(sum(stake), 0)::bigint, coalesce(sum(payout), 0)::bigint
        from rounds
        where operator_id = $1 and status = 'settled' and (settled_at at time zone 'UTC')::date = $2";
    let (settled, staked, paid): (i64, i64, i64) = sqlx::query_as(statement)
        .bind(operator.id.get())
        .bind(installation.clock.now().date())
        .fetch_one(installation.database.pool())
        .await
        .unwrap();
    DayTotals {
        day: installation.clock.now().date(),
        settled,
        staked: Minor::new(staked),
        paid: Minor::new(paid),
        sports: Minor::ZERO,
    }
}

async fn today(installation: &Installation, operator: &Operator) -> DayTotals {
    let mut db = installation.database.pool().acquire().await.unwrap();
    let today = installation.clock.now().date();
    let days = day_totals(operator.id, &mut db, today, today).await.unwrap();
    days[0]
}

async fn fold(installation: &Installation, batch: u32) -> u64 {
    let mut db = installation.database.pool().acquire().await.unwrap();
    fold_totals(&mut db, batch).await.unwrap()
}

/// A round of each kind: one that is settled at once, one that is left open, one that is lost without a payment.
async fn play(player: &Client) {
    let slots = player.post("/api/casino/slots/bet", &json!({"stake": 1})).await;
    slots.ok();
    let hand = json!({"action": "deal", "stake": 2});
    player.post("/api/casino/blackjack/play", &hand).await;
    let crash = player.post("/api/casino/crash/play", &json!({"stake": 3})).await;
    if crash.status.is_success() {
        let round = json!({"ref": crash.json()["ref"]});
        player.post("/api/casino/crash/cashout", &round).await;
    }
}

#[tokio::test]
async fn the_totals_of_a_day_are_those_of_its_rounds_at_every_moment() {
    let installation = Installation::builder()
        .writer_args(&["--totals-fold-s", "3600"])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    let bluefin = installation.operator("bluefin").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let carol = installation.player(&bluefin, "carol", 100_000).await;
    assert_eq!(
        today(&installation, &aurora).await,
        counted(&installation, &aurora).await
    );
    for turn in 0..12 {
        for player in [&alice, &carol] {
            play(&installation.writer().logged_in(&player.token)).await;
        }
        for operator in [&aurora, &bluefin] {
            let expected = counted(&installation, operator).await;
            assert!(expected.settled > turn, "{expected:?}");
            assert_eq!(today(&installation, operator).await, expected);
        }
        fold(&installation, 3).await;
    }
    while fold(&installation, 5).await > 0 {}
    assert_eq!(installation.count("daily_totals_due").await, 0);
    assert_eq!(
        today(&installation, &aurora).await,
        counted(&installation, &aurora).await
    );
    installation.finish().await;
}

#[tokio::test]
async fn whoever_adds_up_at_the_same_time_counts_nothing_twice() {
    let installation = Installation::builder()
        .writer_args(&["--totals-fold-s", "3600"])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.writer().logged_in(&alice.token);
    for _ in 0..4 {
        let bets = async {
            for _ in 0..8 {
                player
                    .post("/api/casino/slots/bet", &json!({"stake": 1}))
                    .await
                    .ok();
            }
        };
        let folds = async || {
            for _ in 0..4 {
                fold(&installation, 2).await;
            }
        };
        tokio::join!(bets, folds(), folds());
        assert_eq!(
            today(&installation, &aurora).await,
            counted(&installation, &aurora).await
        );
    }
    installation.finish().await;
}

/// An installation, two operators of different currencies with players who played, and the platform's token.
struct Played {
    installation: Installation,
    aurora: Operator,
    yen: Operator,
    staff: Client,
    root: Client,
}

impl Played {
    async fn some() -> Self {
        let installation = Installation::builder()
            .writer_args(&["--export-batch", "2", "--totals-fold-s", "1"])
            // It stands still, so that what is open stays open.
            .clock(Clock::manual(Clock::machine().now()))
            .start()
            .await;
        let aurora = installation.operator("aurora").await;
        let yen = installation
            .operator_with("tokyo", Currency::parse("JPY").unwrap())
            .await;
        for (operator, name) in [(&aurora, "alice"), (&aurora, "-bob"), (&yen, "kenji")] {
            let player = installation.player(operator, name, 1_000_000).await;
            let player = installation.writer().logged_in(&player.token);
            for _ in 0..3 {
                player
                    .post("/api/casino/slots/bet", &json!({"stake": 20}))
                    .await
                    .ok();
                let bets = json!({"params": {"bets": [{"type": "color", "value": "red", "stake": 10}]}});
                player.post("/api/casino/roulette/spin", &bets).await.ok();
            }
            let crash = json!({"stake": 30});
            player.post("/api/casino/crash/play", &crash).await.ok();
        }
        let root = platform_staff(&installation, "root").await;
        let of = |token: &str| installation.writer().logged_in(token);
        Self {
            staff: of(&aurora.token),
            root: of(&root),
            installation,
            aurora,
            yen,
        }
    }
}

/// The rounds of a player that are over.
async fn settled_of(installation: &Installation, name: &str) -> i64 {
    let statement = "select count(*)
        from rounds
        join players on players.operator_id = rounds.operator_id and players.id = player_id
        where username = $1 and status = 'settled'";
    let settled = sqlx::query_scalar(statement).bind(name);
    settled.fetch_one(installation.database.pool()).await.unwrap()
}

fn of_currency<'a>(list: &'a Value, currency: &str) -> &'a Value {
    let all = list.as_array().unwrap();
    all.iter().find(|one| one["currency"] == currency).unwrap()
}

#[tokio::test]
async fn what_operators_see_adds_up_to_what_the_platform_sees() {
    let played = Played::some().await;
    let installation = &played.installation;
    let own = played.staff.get("/api/admin/aurora/stats").await.ok();
    let tokyo = installation.writer().logged_in(&played.yen.token);
    let others = tokyo.get("/api/admin/tokyo/stats").await.ok();
    let all = played.root.get("/api/superadmin/stats").await.ok();
    for (own, currency) in [(&own, "USD"), (&others, "JPY")] {
        let listed = of_currency(&all["currencies"], currency);
        for member in [
            "player_balances",
            "pending_bets",
            "pending_stakes",
            "today",
            "last_7_days",
            "last_30_days",
            "all_time",
        ] {
            assert_eq!(own[member], listed[member], "{member} of {currency}");
        }
        assert_eq!(own["today"], own["all_time"]);
        let overview = played.root.get("/api/superadmin/reports/overview").await.ok();
        let overview = of_currency(&overview["currencies"], currency);
        assert_eq!(overview["overview"], own["all_time"]);
    }
    assert_eq!(
        (&all["total_users"], &all["active_users"]),
        (&json!(3), &json!(3))
    );
    assert_eq!(all["total_operators"], 2);
    assert_eq!(own["total_users"], 2);
    let expected = counted(installation, &played.aurora).await;
    assert_eq!(own["all_time"]["total_bets"], expected.settled);
    assert_eq!(minor(&own["all_time"]["total_stakes"]), expected.staked.get());
    assert_eq!(minor(&own["all_time"]["total_payouts"]), expected.paid.get());
    let held: i64 = sqlx::query_scalar("select sum(balance)::bigint from wallets where operator_id = $1")
        .bind(played.aurora.id.get())
        .fetch_one(installation.database.pool())
        .await
        .unwrap();
    assert_eq!(minor(&own["player_balances"]), held);
    let listed = played.root.get("/api/superadmin/operators").await.ok();
    assert_eq!(
        listed["operators"][1]["casino_revenue"],
        own["all_time"]["total_revenue"]
    );
    let by_operator = played.root.get("/api/superadmin/revenue-by-operator").await.ok();
    let earned = by_operator["revenue_data"].as_array().unwrap();
    let earned = earned.iter().find(|one| one["subdomain"] == "aurora").unwrap();
    assert_eq!(earned["net_revenue"], own["all_time"]["total_revenue"]);
    played.installation.finish().await;
}

#[tokio::test]
async fn reports_are_cut_by_day_game_and_player() {
    let played = Played::some().await;
    let report = async |query: &str| {
        let path = format!("/api/admin/aurora/reports/{query}");
        played.staff.get(&path).await.ok()
    };
    let today = played.installation.clock.now().date().to_string();
    let games = report("casino-performance").await;
    let names: Vec<_> = games["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["game_name"])
        .collect();
    assert!(
        names.contains(&&json!("slots")) && names.contains(&&json!("roulette")),
        "{games}"
    );
    let slots = report("casino-performance?category=slots").await;
    let row = &slots["rows"][0];
    assert_eq!(
        (&row["total_games"], &row["total_stakes"]),
        (&json!(6), &json!(120.0))
    );
    assert_eq!(
        row["won_games"].as_i64().unwrap() + row["lost_games"].as_i64().unwrap(),
        6
    );
    for group in ["day", "week", "month"] {
        let revenue = report(&format!("revenue?group={group}&category=slots")).await;
        let rows = revenue["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0]["revenue"], row["casino_revenue"]);
        assert!(rows[0]["report_date"].as_str().unwrap() <= today.as_str());
    }
    let first = report("revenue?per_page=1").await;
    let second = report("revenue?per_page=1&page=2").await;
    assert_ne!(first["rows"], second["rows"]);
    assert_eq!(first["pagination"]["total"], second["pagination"]["total"]);
    let behind = report("revenue?per_page=1&page=9").await;
    assert_eq!(behind["rows"], json!([]));
    assert_eq!(behind["pagination"]["total"], first["pagination"]["total"]);
    let players = report("user-activity").await;
    assert_eq!(players["pagination"]["total"], 2);
    assert_eq!(players["rows"][0]["username"], "alice");
    let settled = settled_of(&played.installation, "alice").await;
    assert_eq!(players["rows"][0]["total_bets"], settled);
    for none in [
        "revenue?from=2020-01-01&to=2020-12-31",
        "user-activity?from=2020-01-01&to=2020-12-31",
        "sport-performance",
        "betting-patterns",
        "trading-patterns",
        "revenue?category='%20or%201=1--",
    ] {
        assert_eq!(report(none).await["rows"], json!([]), "{none}");
    }
    let all = played
        .root
        .get("/api/superadmin/reports/casino-performance?category=slots&operator=aurora")
        .await;
    assert_eq!(all.ok()["rows"], slots["rows"]);
    let users = played
        .root
        .get("/api/superadmin/global-users?search=KEN")
        .await
        .ok();
    assert_eq!(users["users"][0]["username"], "kenji");
    assert_eq!(users["pagination"]["total"], 1);
    played.installation.finish().await;
}

#[tokio::test]
async fn a_report_that_can_not_be_is_refused_by_name() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let staff = installation.writer().logged_in(&aurora.token);
    let root = installation
        .writer()
        .logged_in(&platform_staff(&installation, "root").await);
    let long = "x".repeat(51);
    for (query, field) in [
        ("from=2030-01-31T00:00:00Z", "from"),
        ("from=31.1.2030", "from"),
        ("to='; drop table rounds;--", "to"),
        ("from=2030-02-01&to=2030-01-01", "from"),
        ("from=1900-01-01", "from"),
        ("group=year", "group"),
        ("category=%00", "category"),
        (&format!("category={long}"), "category"),
    ] {
        for path in ["reports/overview", "reports/revenue", "reports/revenue/export"] {
            staff
                .get(&format!("/api/admin/aurora/{path}?{query}"))
                .await
                .names_field(field);
            root.get(&format!("/api/superadmin/{path}?{query}"))
                .await
                .names_field(field);
        }
    }
    for path in ["reports/nothing", "reports/nothing/export"] {
        staff
            .get(&format!("/api/admin/aurora/{path}"))
            .await
            .problem(404, "report_not_found");
        root.get(&format!("/api/superadmin/{path}"))
            .await
            .problem(404, "report_not_found");
    }
    for path in ["reports/overview", "reports/revenue", "global-users"] {
        let elsewhere = root.get(&format!("/api/superadmin/{path}?operator=nobody")).await;
        elsewhere.problem(404, "operator_not_found");
    }
    root.get("/api/superadmin/global-users?search=%00")
        .await
        .names_field("search");
    let empty = staff.get("/api/admin/aurora/reports/overview").await.ok();
    assert_eq!(empty["currencies"], json!([]));
    installation.finish().await;
}

#[tokio::test]
async fn an_export_has_every_row_and_no_formula() {
    let played = Played::some().await;
    let installation = &played.installation;
    for number in 0..5 {
        installation
            .player(&played.aurora, &format!("player-{number}"), 0)
            .await;
    }
    let file = played
        .staff
        .get("/api/admin/aurora/reports/user-activity/export")
        .await;
    assert_eq!(file.status.as_u16(), 200, "{}", file.text());
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.header("cache-control"), "private, no-store");
    let disposition = file.header("content-disposition").to_owned();
    assert!(
        disposition.starts_with("attachment; filename=\"operator-1-user-activity-"),
        "{disposition}"
    );
    let text = file.text();
    let lines: Vec<_> = text.split("\r\n").collect();
    assert_eq!(lines.len(), 1 + 7 + 1, "{text}");
    assert_eq!(
        lines[0],
        "Username,Email,Total Bets,Total Staked,Payout,Profit,Join Date,Currency"
    );
    let [alice, bob] = [
        settled_of(installation, "alice").await,
        settled_of(installation, "-bob").await,
    ];
    let alice = format!("alice,alice@example.com,{alice},");
    assert!(lines[1].starts_with(&alice), "{text}");
    let bob = format!("'-bob,'-bob@example.com,{bob},");
    assert!(lines[2].starts_with(&bob), "{text}");
    let revenue = played
        .root
        .get("/api/superadmin/reports/revenue/export")
        .await
        .text();
    let rows = played
        .root
        .get("/api/superadmin/reports/revenue?per_page=100")
        .await
        .ok();
    assert_eq!(
        revenue.trim_end().split("\r\n").count() - 1,
        rows["rows"].as_array().unwrap().len(),
        "{revenue}"
    );
    assert!(
        revenue.contains(",JPY\r\n") && revenue.contains(",USD\r\n"),
        "{revenue}"
    );
    played.installation.finish().await;
}

#[tokio::test]
async fn a_page_behind_the_last_still_tells_how_many_rows_there_are() {
    let played = Played::some().await;
    for path in ["revenue-by-operator", "reports/revenue"] {
        let first = played.root.get(&format!("/api/superadmin/{path}")).await.ok();
        let behind = played
            .root
            .get(&format!("/api/superadmin/{path}?page=9"))
            .await
            .ok();
        assert!(first["pagination"]["total"].as_i64().unwrap() > 0, "{first}");
        assert_eq!(behind["pagination"]["total"], first["pagination"]["total"]);
    }
    for day in ["-9999-01-01", "+2030-01-01", "0000-01-01"] {
        let path = format!("/api/superadmin/reports/overview?from={day}&to={day}");
        played.root.get(&path).await.names_field("from");
    }
    played.installation.finish().await;
}
