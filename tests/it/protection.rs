//! Responsible gaming over HTTP: limits hold for the very next bet, become less strict only after a day, and never hold
//! back a win.

use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Clock;
use shared::money::{Currency, Minor};
use shared::random::Random;
use tests::{Answer, Client, Installation};
use tokio::task::JoinSet;
use write_api::casino::fairness::{ClientSeed, Nonce, ServerSeed, Words};
use write_api::casino::slots;

mod pauses;

const LIMITS: &str = "/api/player/limits";
const BET: &str = "/api/casino/slots/bet";
const REACHED: &str = "player_limit_reached";
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

async fn bet(player: &Client, stake: f64) -> Answer {
    player.post(BET, &json!({"stake": stake})).await
}

/// An installation whose clock the test moves, far enough for sessions of a week to end; these last.
async fn installation_with(clock: &Clock) -> Installation {
    Installation::builder()
        .clock(clock.clone())
        .writer_args(&["--session-s", "31536000"])
        .start()
        .await
}

/// A player's seeds for which `is_wanted` of the payouts of the first rounds at 1.00, in minor units; and the payouts.
fn seeds<const N: usize>(is_wanted: impl Fn(&[i64; N]) -> bool) -> (Random, [i64; N]) {
    let payouts = |seed: u64| {
        let random = Random::seeded(seed);
        let server = ServerSeed::from_bytes(random.bytes());
        let client = ClientSeed::from_bytes(random.bytes());
        std::array::from_fn(|nonce| {
            let mut words = Words::new(&server, &client, Nonce::new(nonce as u64));
            let outcome = slots::rules::decide(Minor::new(100), &mut words);
            outcome.unwrap().payout.get()
        })
    };
    (0..100_000)
        .map(|seed| (Random::seeded(seed), payouts(seed)))
        .find(|(_, payouts)| is_wanted(payouts))
        .unwrap()
}

/// One limit as it is shown when nothing is pending.
fn shown(limit: Option<f64>, used: f64, left: Option<f64>) -> Value {
    json!({"limit": limit, "used": used, "left": left, "pending": null})
}

#[tokio::test]
async fn what_is_used_and_left_is_shown_whether_or_not_there_is_a_limit() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let (random, [payout]) = seeds(|[first]| *first > 100);
    let alice = installation
        .player_with_seeds_of(&random, &aurora, "alice", 100_000)
        .await;
    let player = installation.reader(0).logged_in(&alice.token);
    let nothing = || {
        let none = shown(None, 0.0, None);
        json!({"24h": none, "7d": none, "30d": none})
    };
    let untouched = player.get(LIMITS).await;
    assert_eq!(untouched.header("cache-control"), "private, no-store");
    let expected = json!({
        "success": true,
        "currency": "USD",
        "limits": {"stake": nothing(), "loss": nothing(), "deposit": nothing()},
        "time_out_until": null,
        "self_excluded_until": null,
    });
    assert_eq!(untouched.ok(), expected);
    bet(&player, 1.0).await.ok();
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let lost = (100 - payout) as f64 / 100.0;
    let after = player.get(LIMITS).await.ok();
    assert_eq!(after["limits"]["stake"]["30d"], shown(None, 1.0, None));
    assert_eq!(after["limits"]["loss"]["24h"], shown(None, lost, None));
    let wanted = json!({"stake": {"24h": 0.5, "7d": 10}, "loss": {"30d": 5.25}});
    let set = player.put(LIMITS, &wanted).await.ok();
    let limits = &set["limits"];
    assert_eq!(limits["stake"]["24h"], shown(Some(0.5), 1.0, Some(0.0)));
    assert_eq!(limits["stake"]["7d"], shown(Some(10.0), 1.0, Some(9.0)));
    assert_eq!(limits["stake"]["30d"], shown(None, 1.0, None));
    assert_eq!(
        limits["loss"]["30d"],
        shown(Some(5.25), lost, Some(5.25 - lost)),
        "more was won than lost, so more than the limit is left"
    );
    assert_eq!(limits["deposit"], nothing());
    assert_eq!(player.get(LIMITS).await.ok(), set);
    installation.finish().await;
}

/// Each player's first bets leave in memory what decides the next one; the limit must be seen all the same.
#[tokio::test]
async fn a_stricter_limit_holds_for_the_very_next_bet() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let bob = installation.player(&aurora, "bob", 100_000).await;
    let limits = ["stake", "loss"].map(|measure| ["24h", "7d", "30d"].map(|window| (measure, window)));
    for (measure, window) in limits.into_iter().flatten() {
        let alice = installation
            .player(&aurora, &format!("alice-{measure}-{window}"), 100_000)
            .await;
        let player = installation.reader(0).logged_in(&alice.token);
        bet(&player, 1.0).await.ok();
        bet(&player, 1.0).await.ok();
        let before = installation.balance_minor(&alice).await;
        player.put(LIMITS, &json!({measure: {window: 1.5}})).await.ok();
        let refused = bet(&player, 1000.0).await.problem(403, REACHED);
        let detail = format!("This would exceed your own {measure} limit for {window}.");
        assert_eq!(refused["detail"], detail);
        assert_eq!(installation.balance_minor(&alice).await, before);
    }
    bet(&installation.reader(0).logged_in(&bob.token), 1.0).await.ok();
    installation.finish().await;
}

#[tokio::test]
async fn a_stake_may_reach_its_limit_but_not_exceed_it() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    player.put(LIMITS, &json!({"stake": {"24h": 3}})).await.ok();
    bet(&player, 1.0).await.ok();
    bet(&player, 2.2).await.problem(403, REACHED);
    bet(&player, 2.0).await.ok();
    bet(&player, 1.0).await.problem(403, REACHED);
    let limits = player.get(LIMITS).await.ok();
    assert_eq!(limits["limits"]["stake"]["24h"], shown(Some(3.0), 3.0, Some(0.0)));
    assert_eq!(installation.count("rounds").await, 2);
    installation.finish().await;
}

#[tokio::test]
async fn windows_slide_and_forget_what_is_older_than_they_are_long() {
    let clock = Clock::manual(Clock::machine().now());
    let installation = installation_with(&clock).await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    bet(&player, 1.0).await.ok();
    let wanted = json!({"stake": {"24h": 2, "7d": 3, "30d": 4}});
    player.put(LIMITS, &wanted).await.ok();
    let used = async || {
        let limits = player.get(LIMITS).await.ok();
        ["24h", "7d", "30d"].map(|window| limits["limits"]["stake"][window]["used"].clone())
    };
    assert_eq!(used().await, [1.0, 1.0, 1.0], "what was staked before counts too");
    bet(&player, 1.0).await.ok();
    bet(&player, 1.0).await.problem(403, REACHED);
    clock.advance(23 * HOUR);
    bet(&player, 1.0).await.problem(403, REACHED);
    clock.advance(2 * HOUR);
    assert_eq!(used().await, [0.0, 2.0, 2.0]);
    bet(&player, 1.0).await.ok();
    bet(&player, 1.0).await.problem(403, REACHED);
    clock.advance(6 * DAY);
    assert_eq!(used().await, [0.0, 1.0, 3.0]);
    bet(&player, 1.0).await.ok();
    bet(&player, 1.0).await.problem(403, REACHED);
    assert_eq!(used().await, [1.0, 2.0, 4.0]);
    clock.advance(23 * DAY);
    assert_eq!(used().await, [0.0, 0.0, 2.0]);
    bet(&player, 1.0).await.ok();
    bet(&player, 1.0).await.ok();
    bet(&player, 1.0).await.problem(403, REACHED);
    installation.finish().await;
}

#[tokio::test]
async fn a_less_strict_limit_holds_after_a_day_and_not_a_second_sooner() {
    let start = Clock::machine().now().replace_nanosecond(0).unwrap();
    for wanted in [json!(5), json!(null)] {
        let clock = Clock::manual(start);
        let installation = installation_with(&clock).await;
        let aurora = installation.operator("aurora").await;
        let alice = installation.player(&aurora, "alice", 100_000).await;
        let player = installation.reader(0).logged_in(&alice.token);
        player.put(LIMITS, &json!({"stake": {"7d": 0}})).await.ok();
        let raised = player.put(LIMITS, &json!({"stake": {"7d": wanted}})).await.ok();
        let from = (start + DAY).format(&time::format_description::well_known::Rfc3339);
        let pending = json!({"limit": wanted.as_f64(), "from": from.unwrap()});
        let limit = &raised["limits"]["stake"]["7d"];
        assert_eq!(
            (&limit["limit"], &limit["pending"]),
            (&json!(0.0), &pending),
            "{limit}"
        );
        clock.advance(DAY.saturating_sub(SECOND));
        let again = player.put(LIMITS, &json!({"stake": {"7d": wanted}})).await.ok();
        assert_eq!(
            again["limits"]["stake"]["7d"]["pending"], pending,
            "asking again does not begin the wait anew"
        );
        bet(&player, 1.0).await.problem(403, REACHED);
        clock.advance(SECOND);
        bet(&player, 1.0).await.ok();
        let limits = player.get(LIMITS).await.ok();
        let limit = &limits["limits"]["stake"]["7d"];
        assert_eq!(
            (&limit["limit"], &limit["pending"]),
            (&pending["limit"], &json!(null))
        );
        installation.finish().await;
    }
}

#[tokio::test]
async fn a_stricter_limit_takes_back_the_less_strict_one_that_was_to_follow() {
    let clock = Clock::manual(Clock::machine().now());
    let installation = installation_with(&clock).await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    for limit in [json!(2), json!(null), json!(1)] {
        player.put(LIMITS, &json!({"stake": {"24h": limit}})).await.ok();
    }
    clock.advance(2 * DAY);
    let limits = player.get(LIMITS).await.ok();
    assert_eq!(limits["limits"]["stake"]["24h"], shown(Some(1.0), 0.0, Some(1.0)));
    installation.finish().await;
}

#[tokio::test]
async fn a_win_is_paid_in_full_however_low_the_limits_are() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let (random, [payout]) = seeds(|[first]| *first > 1_000);
    let alice = installation
        .player_with_seeds_of(&random, &aurora, "alice", 100)
        .await;
    let player = installation.reader(0).logged_in(&alice.token);
    let lowest = json!({"24h": 1, "7d": 1, "30d": 1});
    let wanted = json!({"stake": lowest, "loss": lowest, "deposit": {"24h": 0, "7d": 0, "30d": 0}});
    player.put(LIMITS, &wanted).await.ok();
    bet(&player, 1.0).await.ok();
    assert_eq!(installation.balance_minor(&alice).await, payout);
    installation.finish().await;
}

/// Every bet of a session is taken exactly when the losses so far and its stake are within the limit.
#[tokio::test]
async fn a_loss_limit_gives_back_what_is_won() {
    const LIMIT: i64 = 500;
    let is_refused_after = |won: &[i64]| {
        let mut lost = 0;
        won.iter().position(|won| {
            lost += 100;
            let is_too_much = lost > LIMIT;
            lost -= won;
            is_too_much
        })
    };
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    // Without the wins the limit would be reached after five rounds.
    let (random, payouts) = seeds(|payouts: &[i64; 40]| is_refused_after(payouts).is_some_and(|at| at > 15));
    let taken = is_refused_after(&payouts).unwrap();
    let alice = installation
        .player_with_seeds_of(&random, &aurora, "alice", 100_000)
        .await;
    let player = installation.reader(0).logged_in(&alice.token);
    player.put(LIMITS, &json!({"loss": {"24h": 5}})).await.ok();
    for _ in 0..taken {
        bet(&player, 1.0).await.ok();
    }
    bet(&player, 1.0).await.problem(403, REACHED);
    let won: i64 = payouts[..taken].iter().sum();
    let staked = 100 * i64::try_from(taken).unwrap();
    assert_eq!(installation.balance_minor(&alice).await, 100_000 - staked + won);
    installation.finish().await;
}

/// However bets and the limit get in each other's way, what the limit's answer counts was staked before it, and from
/// then on it holds.
#[tokio::test(flavor = "multi_thread")]
async fn bets_that_race_a_limit_are_decided_entirely_before_or_after_it() {
    const BETS: usize = 60;
    let installation = Installation::builder().readers(2).patient().start().await;
    let aurora = installation.operator("aurora").await;
    for before in (0..BETS).step_by(10) {
        let alice = installation
            .player(&aurora, &format!("alice{before}"), 1_000_000)
            .await;
        let player = installation.reader(0).logged_in(&alice.token);
        bet(&player, 1.0).await.ok();
        let mut bets = JoinSet::new();
        let mut limit = None;
        for number in 0..BETS {
            if number == before {
                let player = player.clone();
                let wanted = json!({"stake": {"24h": 10}});
                limit = Some(tokio::spawn(async move { player.put(LIMITS, &wanted).await }));
            }
            let player = installation.reader(number % 2).logged_in(&alice.token);
            bets.spawn(async move { bet(&player, 1.0).await });
        }
        let used = |answer: &Answer| answer.ok()["limits"]["stake"]["24h"]["used"].as_f64();
        let then = used(&limit.unwrap().await.unwrap()).unwrap();
        for answer in bets.join_all().await {
            if !answer.status.is_success() {
                answer.problem(403, REACHED);
            }
        }
        let now = used(&player.get(LIMITS).await);
        assert_eq!(now, Some(then.max(10.0)), "{then} when the limit was set");
    }
    installation.finish().await;
}

#[tokio::test]
async fn every_bad_limit_is_refused_by_name_and_nothing_is_set() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    for amount in [
        "-1",
        "-0.01",
        "0.001",
        "1e2",
        "\"5\"",
        "true",
        "[1]",
        "{}",
        "100000000000.01",
        "99999999999999999999999999",
    ] {
        for (measure, window) in [("stake", "24h"), ("loss", "7d"), ("deposit", "30d")] {
            let body = format!(r#"{{"{measure}": {{"{window}": {amount}}}}}"#);
            let answer = player.put_bytes(LIMITS, body).await;
            answer.names_field(&format!("{measure}.{window}"));
        }
    }
    let good = r#""stake": {"24h": 5}"#;
    for (body, field) in [
        (format!(r#"{{{good}, "loss": {{"24h": -1}}}}"#), "loss.24h"),
        (format!(r#"{{{good}, "loss": {{"1d": 1}}}}"#), "loss.1d"),
        (format!(r#"{{{good}, "losses": {{"24h": 1}}}}"#), "losses"),
        (format!(r"{{{good}, {good}}}"), "stake"),
        (r#"{"stake": {"24h": 5, "24h": 6}}"#.to_owned(), "stake.24h"),
        (r#"{"stake": null}"#.to_owned(), "stake"),
        (r#"{"stake": 5}"#.to_owned(), "stake"),
        (r#"{"stake": [1, 2, 3]}"#.to_owned(), "stake"),
        ("{}".to_owned(), "body"),
        (r#"{"stake": {}, "loss": {}}"#.to_owned(), "body"),
        ("[]".to_owned(), "body"),
        ("null".to_owned(), "body"),
    ] {
        player.put_bytes(LIMITS, body.clone()).await.names_field(field);
        player.post_bytes(LIMITS, body).await.names_field(field);
    }
    for body in ["", "{", "{\"stake\": {\"24h\": NaN}}"] {
        player
            .put_bytes(LIMITS, body)
            .await
            .problem(400, "malformed_json");
    }
    let both = json!({"stake": {"24h": -1}, "deposit": {"7d": -1}});
    let answer = player.put(LIMITS, &both).await;
    answer.names_field("stake.24h");
    answer.names_field("deposit.7d");
    assert_eq!(installation.count("player_protection").await, 0);
    bet(&player, 100.0).await.ok();
    installation.finish().await;
}

#[tokio::test]
async fn limits_have_the_decimals_of_the_operators_currency() {
    let installation = Installation::start().await;
    let osaka = installation
        .operator_with("osaka", Currency::parse("JPY").unwrap())
        .await;
    let hana = installation.player(&osaka, "hana", 100_000).await;
    let player = installation.reader(0).logged_in(&hana.token);
    let whole = player.put(LIMITS, &json!({"deposit": {"24h": 500}})).await.ok();
    assert_eq!(whole["currency"], "JPY");
    assert_eq!(whole["limits"]["deposit"]["24h"]["limit"].to_string(), "500");
    let answer = player.put(LIMITS, &json!({"deposit": {"24h": 99.5}})).await;
    answer.names_field("deposit.24h");
    installation.finish().await;
}

#[tokio::test]
async fn every_state_is_kept_and_setting_the_same_again_is_none() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    player.put(LIMITS, &json!({"stake": {"24h": null}})).await.ok();
    assert_eq!(installation.count("player_protection_changes").await, 0);
    for limit in [5, 5, 4, 4] {
        player.post(LIMITS, &json!({"stake": {"24h": limit}})).await.ok();
    }
    let states: Vec<(i64, Value)> =
        sqlx::query_as("select revision, limits from player_protection_changes order by revision")
            .fetch_all(installation.database.pool())
            .await
            .unwrap();
    let limits: Vec<_> = states
        .iter()
        .map(|(revision, limits)| (*revision, limits["stake"]["day"]["amount"].as_i64()))
        .collect();
    assert_eq!(limits, [(1, Some(500)), (2, Some(400))]);
    installation.finish().await;
}

#[tokio::test]
async fn nobody_sees_or_sets_the_limits_of_another() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let bluefin = installation.operator("bluefin").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let carol = installation.player(&bluefin, "carol", 100_000).await;
    let reader = installation.reader(0);
    let pauses = [
        ("/api/player/limits/time-out", json!({"hours": 1})),
        ("/api/player/limits/self-exclusion", json!({"days": 180})),
    ];
    let wanted = json!({"stake": {"24h": 5}});
    for client in [reader.clone(), reader.logged_in("1.forged")] {
        let missing = "authentication_required";
        client.get(LIMITS).await.problem(401, missing);
        client.put(LIMITS, &wanted).await.problem(401, missing);
        client.post(LIMITS, &wanted).await.problem(401, missing);
        for (path, body) in &pauses {
            client.post(path, body).await.problem(401, missing);
        }
    }
    let by_cookie = reader
        .with("cookie", &format!("edgebook_player={}", alice.token))
        .with("origin", "http://evil.example");
    by_cookie.put(LIMITS, &wanted).await.problem(403, "cross_site");
    reader.logged_in(&alice.token).put(LIMITS, &wanted).await.ok();
    let others = reader.logged_in(&carol.token).get(LIMITS).await.ok();
    assert_eq!(others["limits"]["stake"]["24h"], shown(None, 0.0, None));
    installation.finish().await;
}
