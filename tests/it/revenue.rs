//! Daily revenue: what is worked out, how it is split, and that it is posted once.

use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Clock;
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
    let clock = Clock::manual(BEGINNING);
    let installation = Installation::builder()
        .writer_args(&["--operation-ms", "20", "--session-s", "2000000"])
        .clock(clock.clone())
        .start()
        .await;
    let token = platform_staff(&installation, "root").await;
    let root = installation.writer().logged_in(&token);
    (installation, root, clock)
}

/// Lets the player stake and be paid so much in one round that settles at the clock's time.
async fn play(installation: &Installation, player: &Player, staked: i64, paid: i64) {
    play_at(installation, player, staked, paid, installation.clock.now()).await;
}

/// As [`play`], at any time.
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
    let (installation, root, clock) = installation().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 1_000_000).await;
    play(&installation, &alice, 150_000, 50_000).await;
    clock.advance(DAY * 2);
    play(&installation, &alice, 10_000, 60_001).await;
    ask(&root, "calculate", "2030-03-03").await.names_field("date");
    clock.advance(DAY);

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
    let (installation, root, clock) = installation().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100).await;
    // Twice what the wallets hold together.
    play(&installation, &alice, 100, 10_000_100).await;
    clock.advance(DAY);
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
    clock.advance(DAY);
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
    let mut options = installation.writer.app().options.clone();
    options.listen = "127.0.0.1:0".parse().unwrap();
    let second = write_api::app::start(options, clock.clone(), Random::system())
        .await
        .unwrap();
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 1_000_000).await;
    for _ in 0..3 {
        play(&installation, &alice, 10_000, 0).await;
        clock.advance(DAY);
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
