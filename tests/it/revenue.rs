//! Daily revenue: what is worked out, how it is split, and that it is posted once.

use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Clock;
use shared::ids::OperatorId;
use shared::money::Minor;
use shared::random::Random;
use tests::people::Player;
use tests::{Answer, Client, Installation};
use time::OffsetDateTime;
use time::macros::datetime;
use write_api::ledger::{Account, Posting, Reason, lock_wallet, post};

use super::accounts::platform_staff;
use super::casino::minor;
use super::resets::{are_found_wrong, ended};

const DAYS: &str = "/api/superadmin/daily-revenue";
const OPERATIONS: &str = "/api/superadmin/operations";
const WALLETS: &str = "/api/superadmin/operator-wallets";
const LIMIT: Duration = Duration::from_secs(20);
const BEGINNING: OffsetDateTime = datetime!(2030-03-01 12:00 UTC);
const DAY: Duration = Duration::from_hours(24);

async fn installation() -> (Installation, Client, Clock) {
    installation_with(&["--operation-ms", "20"]).await
}

async fn installation_with(args: &[&str]) -> (Installation, Client, Clock) {
    let clock = Clock::manual(BEGINNING);
    let installation = Installation::builder()
        .writer_args(&[args, &["--session-s", "2000000"]].concat())
        .clock(clock.clone())
        .start()
        .await;
    set_clock_of_database(&installation, BEGINNING).await;
    let token = platform_staff(&installation, "root").await;
    let root = installation.writer().logged_in(&token);
    (installation, root, clock)
}

/// Sets the clock that decides whether a day is over.
async fn set_clock_of_database(installation: &Installation, now: OffsetDateTime) {
    let function = format!(
        "create or replace function revenue_now() returns timestamptz language sql stable
            as 'select to_timestamp({})'",
        now.unix_timestamp()
    );
    execute(installation, function).await;
}

/// Lets both clocks go on.
async fn advance(installation: &Installation, by: Duration) {
    installation.clock.advance(by);
    set_clock_of_database(installation, installation.clock.now()).await;
}

async fn execute(installation: &Installation, statements: impl Into<String>) {
    let statements = sqlx::AssertSqlSafe(statements.into());
    let executed = sqlx::raw_sql(statements).execute(installation.database.pool());
    executed.await.unwrap();
}

/// Lets the player stake and be paid so much in one round that settles at the clock's time.
async fn play(installation: &Installation, player: &Player, staked: i64, paid: i64) {
    play_at(installation, player, staked, paid, installation.clock.now()).await;
}

/// As an instance does whose clock says `now`.
pub(crate) async fn play_at(
    installation: &Installation,
    player: &Player,
    staked: i64,
    paid: i64,
    now: OffsetDateTime,
) {
    let round = Random::system().uuid(now);
    let mut transaction = installation.database.pool().begin().await.unwrap();
    let mut wallet = lock_wallet(player.operator, &mut transaction, player.id)
        .await
        .unwrap();
    let (own, house) = (Account::Wallet(player.id), Account::Casino);
    let posting = |debit, credit, amount, reason| Posting {
        debit,
        credit,
        amount: Minor::new(amount),
        reason,
        reference: round.to_string(),
    };
    let mut postings = vec![posting(own, house, staked, Reason::Stake)];
    if paid > 0 {
        postings.push(posting(house, own, paid, Reason::Payout));
    }
    let (nonce, seed_pair) = (wallet.begin_round(), wallet.seed_pair_id());
    wallet.post(round, &postings).unwrap();
    post(&mut transaction, vec![wallet], now).await.unwrap();
    sqlx::query(
        "insert into rounds (operator_id, id, player_id, game, math_version, seed_pair_id, nonce, stake, payout,
            payout_limited, status, result, created_at, settled_at)
         values ($1, $2, $3, 'slots', 1, $4, $5, $6, $7, false, 'settled', '{}', $8, $8)",
    )
    .bind(player.operator.get())
    .bind(round)
    .bind(player.id.get())
    .bind(seed_pair)
    .bind(nonce)
    .bind(staked)
    .bind(paid)
    .bind(now)
    .execute(&mut *transaction)
    .await
    .unwrap();
    transaction.commit().await.unwrap();
}

async fn ask(root: &Client, verb: &str, day: &str) -> Answer {
    let path = format!("/api/superadmin/revenue/{verb}");
    root.post(&path, &json!({"date": day})).await
}

async fn done(installation: &Installation, root: &Client, begun: &Answer) -> Value {
    let operation = ended(installation, root, OPERATIONS, begun).await;
    assert_eq!(operation["status"], "done", "{operation}");
    operation
}

/// The status of daily revenue, once the schedule has done everything up to this day.
async fn scheduled_through(installation: &Installation, root: &Client, day: &str) -> Value {
    let is_done = || async { status(root).await["done_through"] == day };
    installation
        .within(LIMIT, "the schedule has done the day", is_done)
        .await;
    status(root).await
}

async fn status(root: &Client) -> Value {
    root.get("/api/superadmin/revenue/status").await.ok()
}

async fn days(root: &Client, query: &str) -> Vec<Value> {
    let list = root.get(&format!("{DAYS}?{query}")).await.ok();
    list["calculations"].as_array().unwrap().clone()
}

/// In minor units.
async fn wallets(root: &Client) -> [i64; 4] {
    let list = root.get(WALLETS).await.ok();
    let shown = &list["operators"][0];
    [
        "bookmaker_capital",
        "liquidity_pool",
        "revenue",
        "bookmaker_earnings",
    ]
    .map(|name| minor(&shown[name]))
}

#[tokio::test]
async fn profit_and_loss_are_worked_out_without_a_gap_and_posted_once() {
    let (installation, root, _) = installation().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 1_000_000).await;
    play(&installation, &alice, 150_000, 50_000).await;
    advance(&installation, DAY * 2).await;
    play(&installation, &alice, 10_000, 60_001).await;
    ask(&root, "calculate", "2030-03-03").await.names_field("date");
    advance(&installation, DAY).await;

    let worked = done(&installation, &root, &ask(&root, "calculate", "2030-03-03").await).await;
    assert_eq!((&worked["total"], &worked["looked_at"]), (&json!(1), &json!(1)));
    let shown = days(&root, "").await;
    let dates: Vec<_> = shown.iter().map(|day| &day["calculation_date"]).collect();
    assert_eq!(dates, ["2030-03-03", "2030-03-02", "2030-03-01"]);
    for (member, amounts) in [
        ("total_bets_amount", [100.0, 0.0, 1500.0]),
        ("total_payouts", [600.01, 0.0, 500.0]),
        ("total_revenue", [-500.01, 0.0, 1000.0]),
        ("bookmaker_own_share", [0.0, 0.0, 200.0]),
        ("kryzel_fee_from_own", [0.0, 0.0, 20.0]),
        ("bookmaker_net_own", [0.0, 0.0, 180.0]),
        ("remaining_profit", [0.0, 0.0, 800.0]),
        ("bookmaker_share_60", [0.0, 0.0, 480.0]),
        ("community_share_30", [0.0, 0.0, 240.0]),
        ("kryzel_share_10", [0.0, 0.0, 80.0]),
        ("bookmaker_own_loss", [100.0, 0.0, 0.0]),
        ("remaining_loss", [400.01, 0.0, 0.0]),
        ("bookmaker_loss_70", [280.01, 0.0, 0.0]),
        ("community_loss_30", [120.0, 0.0, 0.0]),
        ("total_bookmaker_earnings", [-380.01, 0.0, 660.0]),
    ] {
        let found: Vec<_> = shown.iter().map(|day| day[member].as_f64().unwrap()).collect();
        assert_eq!(found, amounts, "{member}");
    }
    assert_eq!(
        wallets(&root).await,
        [1_000_000, 4_000_000, 0, 0],
        "nothing is posted"
    );

    for posted in [3, 0] {
        let begun = ask(&root, "post", "2030-03-03").await;
        let operation = done(&installation, &root, &begun).await;
        assert_eq!(operation["changed"], i64::from(posted > 0));
        assert_eq!(wallets(&root).await, [961_999, 3_988_000, 24_000, 66_000]);
        let status = root.get("/api/superadmin/revenue/status").await.ok();
        assert_eq!(
            (&status["last_day"], &status["unposted_days"]),
            (&json!("2030-03-03"), &json!(0))
        );
        assert!(status["last_wallet_update"].is_string(), "{status}");
    }
    let before = days(&root, "").await;
    assert!(before.iter().all(|day| day["is_posted"] == true), "{before:?}");
    done(&installation, &root, &ask(&root, "calculate", "2030-03-03").await).await;
    assert_eq!(days(&root, "").await, before, "a posted day stays");
    let operators = root.get("/api/superadmin/operators").await.ok();
    assert_eq!(
        operators["operators"][0]["casino_revenue"], 499.99,
        "won all the same"
    );

    let staff = installation.writer().logged_in(&aurora.token);
    let own = staff
        .get("/api/admin/aurora/daily-revenue?from=2030-03-02&to=2030-03-02")
        .await
        .ok();
    assert_eq!(own["pagination"]["total"], 1);
    let detail = root.get(&format!("{WALLETS}/{}", aurora.id)).await.ok();
    let movements = &detail["wallets"][0]["recent_transactions"];
    assert_eq!(movements[0]["transaction_type"], "revenue");
    assert_eq!(movements[0]["reference_id"], "2030-03-03");
    assert_eq!(movements[0]["amount"], -380.01);

    let refused =
        sqlx::query("update daily_revenue set total_payouts = 0").execute(installation.database.pool());
    let refused = refused.await.unwrap_err().to_string();
    assert!(refused.contains("never changed"), "{refused}");
    let (tampered, mended) = (
        "alter table daily_revenue disable trigger user;
         update daily_revenue set total_bets_amount = total_bets_amount + 1, total_payouts = total_payouts + 1",
        "update daily_revenue set total_bets_amount = total_bets_amount - 1, total_payouts = total_payouts - 1;
         alter table daily_revenue enable trigger user",
    );
    are_found_wrong(&installation, tampered, mended).await;
    let (tampered, mended) = (
        "alter table daily_revenue disable trigger user;
         update daily_revenue
         set bookmaker_share = bookmaker_share + 1, community_share = community_share - 1
         where community_share > 0",
        "update daily_revenue
         set bookmaker_share = bookmaker_share - 1, community_share = community_share + 1
         where community_share > 0;
         alter table daily_revenue enable trigger user",
    );
    are_found_wrong(&installation, tampered, mended).await;
    installation.finish().await;
}

#[tokio::test]
async fn a_loss_beyond_the_wallets_is_put_in_by_the_owners() {
    let (installation, root, _) = installation().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100).await;
    // Twice what the wallets hold together.
    play(&installation, &alice, 100, 10_000_100).await;
    advance(&installation, DAY).await;
    done(&installation, &root, &ask(&root, "calculate", "2030-03-01").await).await;
    done(&installation, &root, &ask(&root, "post", "2030-03-01").await).await;
    assert_eq!(wallets(&root).await, [0, 1_600_000, 0, 0]);
    let staff = installation.writer().logged_in(&aurora.token);
    let books = staff.get("/api/admin/aurora/accounts").await.ok();
    let balance = |name: &str| {
        let accounts = books["accounts"].as_array().unwrap();
        let found = accounts.iter().find(|account| account["account"] == name);
        minor(&found.unwrap()["balance"])
    };
    assert_eq!(balance("casino"), 0, "all of the loss is paid");
    assert_eq!(balance("owners"), -5_000_000 - 6_600_000);
    // A profit fills the capital again before anything is earned.
    play(&installation, &alice, 10_000_000, 0).await;
    advance(&installation, DAY).await;
    done(&installation, &root, &ask(&root, "calculate", "2030-03-02").await).await;
    done(&installation, &root, &ask(&root, "post", "2030-03-02").await).await;
    assert_eq!(wallets(&root).await, [1_000_000, 1_600_000, 2_400_000, 5_600_000]);
    installation.finish().await;
}

#[tokio::test]
async fn the_schedule_of_two_writers_does_each_day_once() {
    let clock = Clock::manual(BEGINNING);
    let builder = Installation::builder()
        .writer_args(&["--operation-ms", "10"])
        .with_revenue_schedule()
        .clock(clock.clone());
    let installation = builder.clone().start().await;
    set_clock_of_database(&installation, BEGINNING).await;
    let mut options = installation.writer.app().options.clone();
    options.listen = "127.0.0.1:0".parse().unwrap();
    let second = write_api::app::start(options, clock.clone(), Random::system())
        .await
        .unwrap();
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 1_000_000).await;
    for _ in 0..3 {
        play(&installation, &alice, 10_000, 0).await;
        advance(&installation, DAY).await;
        let last = (installation.clock.now() - DAY).date();
        let is_posted = || async {
            sqlx::query_scalar(
                "select exists(select from daily_revenue where day = $1 and posted_at is not null)",
            )
            .bind(last)
            .fetch_one(installation.database.pool())
            .await
            .unwrap()
        };
        installation.within(LIMIT, "the day is posted", is_posted).await;
    }
    let (operations, entries, posted): (i64, i64, i64) = sqlx::query_as(
        "select
            (select count(distinct parameters ->> 'through') - count(*) from operations where kind = 'revenue_daily'),
            (select count(distinct reference) from ledger_entries where reason = 'revenue'),
            (select count(*) from daily_revenue where posted_at is not null and total_revenue > 0)",
    )
    .fetch_one(installation.database.pool())
    .await
    .unwrap();
    assert_eq!((operations, entries, posted), (0, 3, 3));
    second.stop().await;
    installation.finish().await;
}

/// Makes every row of the operator's daily revenue fail.
fn refusal(of: OperatorId, with: &str) -> String {
    format!(
        "create function stand_in_the_way() returns trigger language plpgsql as $$
            begin {with}; return new; end $$;
        create trigger stands_in_the_way before insert on daily_revenue
            for each row when (new.operator_id = {of}) execute function stand_in_the_way()"
    )
}

const NO_REFUSAL: &str = "drop trigger stands_in_the_way on daily_revenue; drop function stand_in_the_way()";

#[tokio::test]
async fn an_operator_that_always_fails_stops_no_other_and_is_tried_again() {
    let clock = Clock::manual(BEGINNING);
    let installation = Installation::builder()
        .writer_args(&["--operation-ms", "20", "--session-s", "2000000"])
        .with_revenue_schedule()
        .clock(clock)
        .start()
        .await;
    execute(
        &installation,
        "update revenue_schedule set last_day = '2030-02-28'",
    )
    .await;
    set_clock_of_database(&installation, BEGINNING).await;
    let token = platform_staff(&installation, "root").await;
    let root = installation.writer().logged_in(&token);
    let mut operators = Vec::new();
    for subdomain in ["aurora", "bluefin", "cascade"] {
        let operator = installation.operator(subdomain).await;
        let player = installation.player(&operator, "alice", 1_000_000).await;
        play(&installation, &player, 150_000, 50_000).await;
        operators.push(operator);
    }
    let bad = operators[1].id;
    execute(
        &installation,
        refusal(
            bad,
            "raise exception 'no' using errcode = 'check_violation', constraint = 'secret_name'",
        ),
    )
    .await;
    advance(&installation, DAY).await;
    let has_failed = || async { status(&root).await["failed_operators"] == 1 };
    installation.within(LIMIT, "the operator fails", has_failed).await;
    let path = format!("{OPERATIONS}?kind=revenue_daily&status=completed_with_failures");
    let has_ended = || async { root.get(&path).await.ok()["pagination"]["total"] == 1 };
    installation.within(LIMIT, "the round ends", has_ended).await;
    let operation = root.get(&path).await.ok()["operations"][0].clone();
    let counts = ["looked_at", "changed", "failed"].map(|name| operation[name].as_i64().unwrap());
    assert_eq!(counts, [3, 2, 1], "{operation}");

    let shown = status(&root).await;
    assert_eq!(shown["done_through"], "2030-02-28", "not what was not done");
    let failure = &shown["failures"][0];
    assert_eq!(failure["subdomain"], "bluefin");
    assert_eq!(failure["day"], "2030-03-01");
    assert_eq!(failure["reason"], "the database refused a row");
    assert_eq!(shown["days_behind"], 1, "{shown}");
    let behind = &shown["behind"][0];
    assert_eq!(
        (
            &behind["subdomain"],
            &behind["from"],
            &behind["days"],
            &behind["calculated_days"]
        ),
        (&json!("bluefin"), &json!("2030-03-01"), &json!(1), &json!(0))
    );
    assert_eq!(days(&root, "").await.len(), 2);
    let log = root.get("/api/superadmin/audit-log").await.ok();
    assert!(!log.to_string().contains("secret_name"), "{log}");
    for action in ["operation.begun", "operation.ended"] {
        let log = root
            .get(&format!("/api/superadmin/audit-log?action={action}"))
            .await
            .ok();
        assert_eq!(log["pagination"]["total"], 1, "{log}");
        assert!(log.to_string().contains("\"system\""), "{log}");
    }

    let by_hand = ask(&root, "calculate", "2030-03-01").await;
    let operation = ended(&installation, &root, OPERATIONS, &by_hand).await;
    assert_eq!(operation["status"], "completed_with_failures", "{operation}");
    assert_eq!(status(&root).await["failures"][0]["failures"], 2);
    execute(&installation, NO_REFUSAL).await;
    advance(&installation, Duration::from_mins(30)).await;
    let mended = scheduled_through(&installation, &root, "2030-03-01").await;
    let rest = ["failed_operators", "days_behind", "unposted_days"].map(|name| mended[name].as_i64());
    assert_eq!(rest, [Some(0); 3], "{mended}");
    assert_eq!(days(&root, "").await.len(), 3);
    installation.finish().await;
}

#[tokio::test]
async fn a_step_that_is_too_slow_is_a_failure_and_the_others_are_done() {
    let (installation, root, _) =
        installation_with(&["--operation-ms", "20", "--db-transaction-ms", "1000"]).await;
    let slow = installation.operator("aurora").await;
    installation.operator("bluefin").await;
    execute(&installation, refusal(slow.id, "perform pg_sleep(60)")).await;
    advance(&installation, DAY).await;
    let begun = ask(&root, "calculate", "2030-03-01").await;
    let operation = ended(&installation, &root, OPERATIONS, &begun).await;
    assert_eq!(operation["status"], "completed_with_failures", "{operation}");
    assert_eq!(
        status(&root).await["failures"][0]["reason"],
        "the database was too slow"
    );
    assert_eq!(days(&root, "").await.len(), 1);
    installation.finish().await;
}

#[tokio::test]
async fn what_settles_into_a_posted_day_is_split_once_by_what_the_day_was_split_by() {
    let (installation, root, clock) = installation_with(&["--operation-ms", "3600000"]).await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 1_000_000).await;
    play(&installation, &alice, 150_000, 50_000).await;
    advance(&installation, DAY).await;
    let writer = async |fee_percent| {
        let mut options = installation.writer.app().options.clone();
        options.listen = "127.0.0.1:0".parse().unwrap();
        options.operations.operation_ms = 20;
        options.revenue.revenue_fee_percent = fee_percent;
        write_api::app::start(options, clock.clone(), Random::system())
            .await
            .unwrap()
    };
    let both = async || {
        for verb in ["calculate", "post"] {
            done(&installation, &root, &ask(&root, verb, "2030-03-01").await).await;
        }
    };
    let first = writer(10).await;
    both().await;
    assert_eq!(wallets(&root).await, [1_000_000, 4_000_000, 24_000, 66_000]);
    first.stop().await;

    // Another configuration, and an instance whose clock is a day behind.
    let second = writer(50).await;
    play_at(&installation, &alice, 200_000, 100_000, BEGINNING).await;
    are_found_wrong(&installation, "", "").await;
    both().await;
    assert_eq!(wallets(&root).await, [1_000_000, 4_000_000, 48_000, 132_000]);
    let day = days(&root, "").await.remove(0);
    assert_eq!(
        (&day["corrections"], &day["is_posted"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(day["total_revenue"], 2000.0, "the whole day");
    assert_eq!(day["kryzel_fee_from_own"], 40.0, "by the day's own percentage");
    both().await;
    assert_eq!(
        wallets(&root).await,
        [1_000_000, 4_000_000, 48_000, 132_000],
        "once"
    );

    // The day turns into a loss: what was given is taken back.
    play_at(&installation, &alice, 100_000, 400_000, BEGINNING).await;
    done(&installation, &root, &ask(&root, "calculate", "2030-03-01").await).await;
    let day = days(&root, "").await.remove(0);
    assert_eq!(
        (&day["corrections"], &day["is_posted"]),
        (&json!(2), &json!(false))
    );
    assert_eq!(status(&root).await["unposted_days"], 1);
    // Before that is posted, more comes: it is the same correction.
    play_at(&installation, &alice, 50_000, 50_000, BEGINNING).await;
    both().await;
    let day = days(&root, "").await.remove(0);
    assert_eq!(
        (&day["corrections"], &day["is_posted"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(
        wallets(&root).await,
        [924_000, 3_976_000, 0, 0],
        "as if the loss of 1,000.00 had been posted at once"
    );
    let refused = sqlx::query("delete from revenue_corrections").execute(installation.database.pool());
    let refused = refused.await.unwrap_err().to_string();
    assert!(refused.contains("never changed"), "{refused}");
    for (tampered, mended) in [
        (
            "alter table revenue_corrections disable trigger user;
             update revenue_corrections set number = 3 where number = 2",
            "update revenue_corrections set number = 2 where number = 3;
             alter table revenue_corrections enable trigger user",
        ),
        (
            "alter table daily_revenue disable trigger user;
             update daily_revenue set basis = jsonb_set(basis, '{fee_percent}', '11')",
            "update daily_revenue set basis = jsonb_set(basis, '{fee_percent}', '10');
             alter table daily_revenue enable trigger user",
        ),
    ] {
        are_found_wrong(&installation, tampered, mended).await;
    }
    second.stop().await;
    installation.finish().await;
}

#[tokio::test]
async fn the_schedule_finds_what_settled_late_within_its_window() {
    let args = [
        "--operation-ms",
        "20",
        "--session-s",
        "2000000",
        "--revenue-correction-days",
        "2",
    ];
    let installation = Installation::builder()
        .writer_args(&args)
        .with_revenue_schedule()
        .clock(Clock::manual(BEGINNING))
        .start()
        .await;
    execute(
        &installation,
        "update revenue_schedule set last_day = '2030-02-28'",
    )
    .await;
    set_clock_of_database(&installation, BEGINNING).await;
    let token = platform_staff(&installation, "root").await;
    let root = installation.writer().logged_in(&token);
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 1_000_000).await;
    play(&installation, &alice, 10_000, 0).await;
    advance(&installation, DAY).await;
    scheduled_through(&installation, &root, "2030-03-01").await;
    play_at(&installation, &alice, 10_000, 0, BEGINNING).await;
    advance(&installation, DAY).await;
    scheduled_through(&installation, &root, "2030-03-02").await;
    let corrected = days(&root, "to=2030-03-01").await.remove(0);
    assert_eq!(
        (
            &corrected["corrections"],
            &corrected["total_revenue"],
            &corrected["is_posted"]
        ),
        (&json!(1), &json!(200.0), &json!(true))
    );
    // Too late for the schedule, but not for staff.
    advance(&installation, DAY * 2).await;
    scheduled_through(&installation, &root, "2030-03-04").await;
    play_at(&installation, &alice, 10_000, 0, BEGINNING).await;
    advance(&installation, DAY).await;
    scheduled_through(&installation, &root, "2030-03-05").await;
    assert_eq!(days(&root, "to=2030-03-01").await[0]["corrections"], 1);
    for verb in ["calculate", "post"] {
        done(&installation, &root, &ask(&root, verb, "2030-03-01").await).await;
    }
    assert_eq!(days(&root, "to=2030-03-01").await[0]["corrections"], 2);
    installation.finish().await;
}

/// Lets the player place a bet on sports that is settled at the clock's time.
async fn bet(installation: &Installation, player: &Player, id: i64, staked: i64, paid: i64) {
    bet_at(installation, player, id, staked, paid, installation.clock.now()).await;
}

async fn bet_at(
    installation: &Installation,
    player: &Player,
    id: i64,
    staked: i64,
    paid: i64,
    now: OffsetDateTime,
) {
    let mut transaction = installation.database.pool().begin().await.unwrap();
    let mut wallet = lock_wallet(player.operator, &mut transaction, player.id)
        .await
        .unwrap();
    let (own, house) = (Account::Wallet(player.id), Account::Sportsbook);
    let posting = |debit, credit, amount, reason| Posting {
        debit,
        credit,
        amount: Minor::new(amount),
        reason,
        reference: id.to_string(),
    };
    let mut postings = vec![posting(own, house, staked, Reason::Stake)];
    if paid > 0 {
        postings.push(posting(house, own, paid, Reason::Payout));
    }
    wallet.begin_bet();
    wallet.post(Random::system().uuid(now), &postings).unwrap();
    post(&mut transaction, vec![wallet], now).await.unwrap();
    let statements = [
        "insert into bets (operator_id, id, player_id, kind, sizes, lines, unit_stake, stake, potential_payout, max_payout,
            policy, category, market, status, payout, settlements, placed_at, settled_at)
         values ($1, $2, $3, 'single', '{1}', 1, $4, $4, $5, $5, 'any', 'soccer', 'match_result',
            case when $5 > $4 then 'won' else 'lost' end, $5, 1, $6, $6)",
        "insert into bet_settlements (operator_id, bet_id, version, status, payout, settled_at, category, market, settled,
            won, voided, staked, paid)
         values ($1, $2, 1, case when $5 > $4 then 'won' else 'lost' end, $5, $6, 'soccer', 'match_result', 1,
            ($5 > $4)::integer + 0 * $3, 0, $4, $5)",
    ];
    for statement in statements {
        sqlx::query(statement)
            .bind(player.operator.get())
            .bind(id)
            .bind(player.id.get())
            .bind(staked)
            .bind(paid)
            .bind(now)
            .execute(&mut *transaction)
            .await
            .unwrap();
    }
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn each_product_gives_its_own_part() {
    let (installation, root, _) = installation().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 1_000_000).await;
    play(&installation, &alice, 100_000, 0).await;
    bet(&installation, &alice, 1, 10_000, 40_000).await;
    let day = installation.clock.now();
    advance(&installation, DAY).await;
    let staff = installation.writer().logged_in(&aurora.token);
    let balances = async || {
        let books = staff.get("/api/admin/aurora/accounts").await.ok();
        let accounts = books["accounts"].as_array().unwrap().clone();
        ["casino", "sportsbook"].map(|name| {
            let found = accounts.iter().find(|account| account["account"] == name);
            found.map_or(0, |account| minor(&account["balance"]))
        })
    };
    for late in [false, true] {
        if late {
            bet_at(&installation, &alice, 2, 90_000, 0, day).await;
        }
        for verb in ["calculate", "post"] {
            done(&installation, &root, &ask(&root, verb, "2030-03-01").await).await;
        }
        assert_eq!(balances().await, [0, 0], "each gave and got its own");
    }
    assert_eq!(wallets(&root).await, [1_000_000, 4_000_000, 38_400, 105_600]);
    installation.finish().await;
}

#[tokio::test]
async fn the_database_says_whether_a_day_is_over_and_its_posted_days_are_counted() {
    let (installation, root, clock) = installation().await;
    installation.operator("aurora").await;
    clock.advance(DAY * 5);
    ask(&root, "calculate", "2030-03-01").await.names_field("date");
    set_clock_of_database(&installation, datetime!(2030-03-02 00:04:59 UTC)).await;
    ask(&root, "calculate", "2030-03-01").await.names_field("date");
    set_clock_of_database(&installation, datetime!(2030-03-02 00:05 UTC)).await;
    for verb in ["calculate", "post"] {
        done(&installation, &root, &ask(&root, verb, "2030-03-01").await).await;
    }
    assert_eq!(status(&root).await["last_day_over"], "2030-03-01");
    // Nothing moved on that day, so that no entry tells of it.
    let (tampered, mended) = (
        "create table saved as select * from daily_revenue;
         alter table daily_revenue disable trigger user;
         delete from daily_revenue",
        "insert into daily_revenue select * from saved;
         alter table daily_revenue enable trigger user",
    );
    are_found_wrong(&installation, tampered, mended).await;
    let (tampered, mended) = (
        "grant update on ledger_entries to current_user;
         alter table ledger_entries disable trigger user;
         update ledger_entries set debit_account = -2 where reason = 'funding'",
        "update ledger_entries set debit_account = -9 where reason = 'funding';
         alter table ledger_entries enable trigger user;
         revoke update on ledger_entries from current_user",
    );
    are_found_wrong(&installation, tampered, mended).await;
    installation.finish().await;
}

#[tokio::test]
async fn operations_are_listed_by_kind_and_status_to_whom_they_concern() {
    let (installation, root, _) = installation().await;
    let aurora = installation.operator("aurora").await;
    let bluefin = installation.operator("bluefin").await;
    advance(&installation, DAY).await;
    for verb in ["calculate", "post"] {
        done(&installation, &root, &ask(&root, verb, "2030-03-01").await).await;
        installation.clock.advance(Duration::from_secs(1));
    }
    let staff = installation.writer().logged_in(&aurora.token);
    let own = "/api/admin/aurora/operations";
    let reset = staff.with("idempotency-key", "k1");
    let reset = reset
        .post(
            "/api/admin/aurora/reset-users",
            &json!({"reason": "a new season"}),
        )
        .await;
    ended(&installation, &staff, own, &reset).await;
    let listed = async |client: &Client, path: &str| {
        let list = client.get(path).await.ok();
        let operations = list["operations"].as_array().unwrap().clone();
        let kinds = operations
            .iter()
            .map(|shown| shown["kind"].as_str().unwrap().to_owned());
        kinds.collect::<Vec<_>>()
    };
    assert_eq!(listed(&staff, own).await, ["reset_users"]);
    let all = ["revenue_post", "revenue_calculate"];
    assert_eq!(listed(&root, OPERATIONS).await, all);
    for (query, kinds) in [
        ("kind=revenue_post", &all[..1]),
        ("status=done", &all[..]),
        ("status=failed", &[]),
        ("per_page=1&page=2", &all[1..]),
    ] {
        let path = format!("{OPERATIONS}?{query}");
        assert_eq!(listed(&root, &path).await, kinds, "{query}");
    }
    for (query, field) in [
        ("kind=nonsense", "kind"),
        ("status=Done", "status"),
        ("per_page=101", "per_page"),
        ("page=x", "page"),
    ] {
        for (client, path) in [(&root, OPERATIONS), (&staff, own)] {
            client.get(&format!("{path}?{query}")).await.names_field(field);
        }
    }
    let stranger = installation.writer().logged_in(&bluefin.token);
    stranger.get(own).await.problem(404, "operator_not_found");
    assert_eq!(stranger.get(OPERATIONS).await.status, 403);
    assert_eq!(installation.writer().get(own).await.status, 401);
    assert_eq!(installation.writer().get(OPERATIONS).await.status, 401);
    let empty: [String; 0] = [];
    assert_eq!(listed(&stranger, "/api/admin/bluefin/operations").await, empty);
    installation.finish().await;
}

#[tokio::test]
async fn what_is_asked_wrongly_or_by_others_changes_nothing() {
    let (installation, root, _) = installation().await;
    let aurora = installation.operator("aurora").await;
    installation.operator("bluefin").await;
    let staff = installation.writer().logged_in(&aurora.token);
    for verb in ["calculate", "post"] {
        let path = format!("/api/superadmin/revenue/{verb}");
        for (body, field) in [
            (json!({}), "date"),
            (json!({"date": "2030-03-01"}), "date"),
            (json!({"date": "2030-02-30"}), "date"),
            (json!({"date": 20_300_101}), "date"),
            (json!({"date": "2030-02-01", "operator": 1}), "operator"),
        ] {
            root.post(&path, &body).await.names_field(field);
        }
        assert_eq!(root.post_bytes(&path, "[").await.status, 400);
        assert_eq!(root.post_bytes(&path, " ".repeat(300_000)).await.status, 413);
        let good = json!({"date": "2030-02-01"});
        assert_eq!(staff.post(&path, &good).await.status, 403);
        assert_eq!(installation.writer().post(&path, &good).await.status, 401);
    }
    for (query, field) in [
        ("from=yesterday", "from"),
        ("to=2030-13-01", "to"),
        ("from=-9999-01-01", "from"),
        ("from=2030-02-02&to=2030-02-01", "from"),
        ("per_page=0", "per_page"),
    ] {
        root.get(&format!("{DAYS}?{query}")).await.names_field(field);
        staff
            .get(&format!("/api/admin/aurora/daily-revenue?{query}"))
            .await
            .names_field(field);
    }
    for id in ["0", "-1", "987654"] {
        let unknown = root.get(&format!("{DAYS}?operator_id={id}")).await;
        unknown.problem(404, "operator_not_found");
    }
    root.get(&format!("{DAYS}?operator_id=x"))
        .await
        .names_field("operator_id");
    assert_eq!(staff.get("/api/admin/bluefin/daily-revenue").await.status, 404);
    for path in [DAYS, WALLETS, "/api/superadmin/revenue/status"] {
        assert_eq!(staff.get(path).await.status, 403, "{path}");
    }
    for id in ["x", "0", "987654"] {
        let unknown = root.get(&format!("{WALLETS}/{id}")).await;
        unknown.problem(404, "operator_not_found");
    }
    assert_eq!(installation.count("operations").await, 0);
    installation.finish().await;
}

#[tokio::test]
async fn a_day_on_which_only_an_older_bet_was_settled_anew_is_worked_out_too() {
    let (installation, root, _) = installation().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 1_000_000).await;
    bet(&installation, &alice, 1, 10_000, 40_000).await;
    advance(&installation, DAY).await;
    // The next day it is settled anew, as lost: nothing but the difference counts on that day.
    let mut transaction = installation.database.pool().begin().await.unwrap();
    let now = installation.clock.now();
    let mut wallet = lock_wallet(alice.operator, &mut transaction, alice.id)
        .await
        .unwrap();
    let back = Posting {
        debit: Account::Wallet(alice.id),
        credit: Account::Sportsbook,
        amount: Minor::new(40_000),
        reason: Reason::Clawback,
        reference: "1".to_owned(),
    };
    wallet.post(Random::system().uuid(now), &[back]).unwrap();
    post(&mut transaction, vec![wallet], now).await.unwrap();
    sqlx::query("update bets set status = 'lost', payout = 0, settlements = 2, settled_at = $1")
        .bind(now)
        .execute(&mut *transaction)
        .await
        .unwrap();
    sqlx::query(
        "insert into bet_settlements (operator_id, bet_id, version, status, payout, settled_at, category, market, settled,
            won, voided, staked, paid)
         values ($1, 1, 2, 'lost', 0, $2, 'soccer', 'match_result', 0, -1, 0, 0, -40000)",
    )
    .bind(aurora.id.get())
    .bind(now)
    .execute(&mut *transaction)
    .await
    .unwrap();
    transaction.commit().await.unwrap();
    advance(&installation, DAY).await;
    for verb in ["calculate", "post"] {
        done(&installation, &root, &ask(&root, verb, "2030-03-02").await).await;
    }
    let status = status(&root).await;
    assert_eq!(
        (&status["failed_operators"], &status["days_behind"]),
        (&json!(0), &json!(0)),
        "{status}"
    );
    let report = root
        .get("/api/superadmin/revenue-by-operator?from=2030-03-02&to=2030-03-02")
        .await
        .ok();
    assert!(
        report.to_string().contains("400.0"),
        "the operator is there: {report}"
    );
    installation.finish().await;
}
