//! Blackjack over HTTP: rounds of several steps that survive everything, and the faults of the replaced backend that
//! must not come back.

use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Clock;
use shared::money::Minor;
use shared::random::Random;
use sqlx::Row;
use tests::{Client, Installation};
use tokio::task::JoinSet;
use write_api::casino::blackjack::rules::{Decision, Game};

use super::{balance_minor, count, minor, randomness};

const PLAY: &str = "/api/casino/blackjack/play";
const STAKE: Minor = Minor::new(1_000);

/// Randomness whose first deal is as `wanted`.
fn dealing(wanted: impl Fn(&Game) -> bool) -> Random {
    randomness(|words| wanted(&Game::deal(STAKE, &mut words(0)).unwrap()))
}

/// Randomness whose first deal allows `decision`.
fn allowing(decision: Decision) -> Random {
    dealing(|game| game.allowed().contains(&decision))
}

fn deal() -> Value {
    json!({"action": "deal", "stake": 10, "currency": "USD"})
}

fn act(action: &str, round: &Value, number: i64) -> Value {
    json!({"action": action, "params": {"ref": round["ref"], "action_number": number}})
}

async fn staked_minor(installation: &Installation) -> i64 {
    let row = sqlx::query(
        "select coalesce(sum(amount), 0)::bigint as staked from ledger_entries where reason = 'stake'",
    );
    row.fetch_one(installation.database.pool())
        .await
        .unwrap()
        .get("staked")
}

async fn status(installation: &Installation, round: &Value) -> String {
    let row =
        sqlx::query("select status from rounds where id::text = $1").bind(round["ref"].as_str().unwrap());
    row.fetch_one(installation.database.pool())
        .await
        .unwrap()
        .get("status")
}

#[tokio::test]
async fn whole_rounds_pay_exactly_what_the_rules_make_of_seeds_and_decisions() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let random = randomness(|_| true);
    let seeds = random.clone();
    let server = write_api::casino::fairness::ServerSeed::from_bytes(seeds.bytes());
    let client = write_api::casino::fairness::ClientSeed::from_bytes(seeds.bytes());
    let alice = installation
        .player_with_seeds_of(&Random::seeded(0), &aurora, "alice", 1_000_000)
        .await;
    let player = installation.reader(0).logged_in(&alice.token);
    let mut expected = 1_000_000;
    for nonce in 0..30 {
        let nonce = write_api::casino::fairness::Nonce::new(nonce);
        let mut words = write_api::casino::fairness::Words::new(&server, &client, nonce);
        let mut game = Game::deal(STAKE, &mut words).unwrap();
        let mut round = player.post(PLAY, &deal()).await.ok();
        let mut number = 0;
        while !game.is_over() {
            assert_eq!(round["status"], "open", "{round}");
            assert_eq!(minor(&round["payout"]), 0);
            // The dearest way: split and double whatever can be.
            let order = [
                Decision::Insurance,
                Decision::Split,
                Decision::Double,
                Decision::Stand,
            ];
            let allowed = game.allowed();
            let decision = order
                .into_iter()
                .find(|decision| allowed.contains(decision))
                .unwrap();
            game.act(decision).unwrap();
            number += 1;
            round = player
                .post(PLAY, &act(decision.as_str(), &round, number))
                .await
                .ok();
            assert_eq!(round["result"]["action_number"], number, "{round}");
        }
        assert_eq!(round["status"], "settled", "{round}");
        assert_eq!(minor(&round["stake"]), game.staked().get(), "{round}");
        let settlement = game.settlement().unwrap();
        assert_eq!(minor(&round["payout"]), settlement.payout.get(), "{round}");
        expected += settlement.payout.get() - game.staked().get();
        assert_eq!(minor(&round["balance"]), expected);
    }
    assert_eq!(balance_minor(&installation, &alice).await, expected);
    installation.finish().await;
}

/// Legacy: deck, hands and the dealer's hole card were sent to the client.
#[tokio::test]
async fn legacy_an_open_round_never_shows_the_hole_card_or_the_deck() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation
        .player_with_seeds_of(&allowing(Decision::Hit), &aurora, "alice", 100_000)
        .await;
    let player = installation.writer().logged_in(&alice.token);
    let answer = player.post(PLAY, &deal()).await;
    let round = answer.ok();
    assert_eq!(round["result"]["dealer"].as_array().unwrap().len(), 2);
    assert_eq!(round["result"]["dealer"][1], "🂠");
    assert_eq!(round["result"]["final"], false);
    let cards = answer.text().matches(['♠', '♥', '♦', '♣']).count();
    assert_eq!(cards, 3, "the player's two cards and the dealer's first: {round}");
    for member in ["deck", "dealer_real", "state", "shoe"] {
        assert!(!answer.text().contains(member), "{round}");
    }
    let stored: String = sqlx::query_scalar("select result::text || state::text from rounds")
        .fetch_one(installation.database.pool())
        .await
        .unwrap();
    assert_eq!(stored.matches(['♠', '♥', '♦', '♣']).count(), 3, "{stored}");
    installation.finish().await;
}

/// Legacy: invented cards and stakes were believed, without a deal and without a debit.
#[tokio::test]
async fn legacy_cards_sent_by_the_client_and_decisions_without_a_deal_are_refused_and_nothing_is_written() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.writer().logged_in(&alice.token);
    for member in [
        "state",
        "deck",
        "player",
        "dealer",
        "dealer_real",
        "split_hands",
        "payout",
        "multiplier",
        "result",
    ] {
        for action in ["deal", "stand"] {
            let mut body = json!({"action": action, "stake": 10});
            body[member] = json!({"player": ["A♠", "K♠"]});
            let problem = player.post(PLAY, &body).await.problem(422, "server_decides");
            assert_eq!(problem["field"], member);
        }
    }
    for action in [
        "hit",
        "stand",
        "double",
        "split",
        "insurance",
        "hit_split",
        "stand_split",
        "double_split",
    ] {
        let body = json!({"action": action, "stake": 10});
        let keyed = player.with("idempotency-key", action);
        keyed.post(PLAY, &body).await.problem(404, "not_found");
    }
    // Legacy: an unknown action acted as a stand.
    for action in ["surrender", "", "DEAL", "peek"] {
        let answer = player.post(PLAY, &json!({"action": action, "stake": 10})).await;
        answer.problem(422, "unknown_action");
    }
    player
        .post(PLAY, &json!({"action": 5, "stake": 10}))
        .await
        .names_field("action");
    player
        .post(PLAY, &json!({"action": "deal"}))
        .await
        .names_field("stake");
    for stake in [
        "-10",
        "0",
        "\"10\"",
        "10.001",
        "1e1",
        "9223372036854775807",
        "10000000000000001",
    ] {
        let body = format!("{{\"action\":\"deal\",\"stake\":{stake}}}");
        player.post_bytes(PLAY, body).await.names_field("stake");
    }
    assert_eq!(count(&installation, "rounds").await, 0);
    assert_eq!(
        count(&installation, "ledger_entries where player_id is not null").await,
        1
    );
    installation.finish().await;
}

/// A double click on a button: the same decision with the same number, at once and afterwards.
async fn is_one_step_however_often_it_is_sent(decision: Decision) {
    let installation = Installation::builder().readers(2).start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation
        .player_with_seeds_of(&allowing(decision), &aurora, "alice", 100_000)
        .await;
    let round = installation
        .writer()
        .logged_in(&alice.token)
        .post(PLAY, &deal())
        .await
        .ok();
    let before = staked_minor(&installation).await;
    let mut clicks = JoinSet::new();
    for click in 0..6 {
        let player = installation.reader(click % 2).logged_in(&alice.token);
        let body = act(decision.as_str(), &round, 1);
        clicks.spawn(async move { player.post(PLAY, &body).await });
    }
    let answers = clicks.join_all().await;
    for answer in &answers {
        answer.ok();
        assert_eq!(answer.bytes, answers[0].bytes);
    }
    assert_eq!(count(&installation, "round_actions").await, 1);
    let mut game = Game::deal(STAKE, &mut words_of(&installation).await).unwrap();
    game.act(decision).unwrap();
    assert_eq!(staked_minor(&installation).await, game.staked().get());
    assert!(staked_minor(&installation).await >= before);
    // Another decision with the number of a step that was taken comes too late.
    let other = if decision == Decision::Stand {
        "hit"
    } else {
        "stand"
    };
    let player = installation.reader(0).logged_in(&alice.token);
    let late = player.post(PLAY, &act(other, &round, 1)).await;
    late.problem(
        409,
        if game.is_over() {
            "round_over"
        } else {
            "stale_action"
        },
    );
    if !game.is_over() {
        for number in [3, 100, 32_767] {
            player
                .post(PLAY, &act("stand", &round, number))
                .await
                .problem(409, "stale_action");
        }
    }
    assert_eq!(count(&installation, "round_actions").await, 1);
    installation.finish().await;
}

/// The words of the only round there is.
async fn words_of(installation: &Installation) -> write_api::casino::fairness::Words {
    use write_api::casino::fairness::{ClientSeed, Nonce, ServerSeed, Words};
    let row = sqlx::query("select server_seed, client_seed from seed_pairs")
        .fetch_one(installation.database.pool())
        .await
        .unwrap();
    let server = ServerSeed::parse(row.get("server_seed")).unwrap();
    Words::new(
        &server,
        &ClientSeed::parse(row.get("client_seed")).unwrap(),
        Nonce::new(0),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_click_on_hit_is_one_card() {
    is_one_step_however_often_it_is_sent(Decision::Hit).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_click_on_stand_is_one_stand() {
    is_one_step_however_often_it_is_sent(Decision::Stand).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn legacy_a_double_click_on_double_takes_one_stake_more() {
    is_one_step_however_often_it_is_sent(Decision::Double).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_click_on_split_takes_one_stake_more() {
    is_one_step_however_often_it_is_sent(Decision::Split).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_click_on_insurance_takes_it_once() {
    is_one_step_however_often_it_is_sent(Decision::Insurance).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_click_on_deal_deals_once() {
    let installation = Installation::builder().readers(2).start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation
        .player_with_seeds_of(&allowing(Decision::Hit), &aurora, "alice", 100_000)
        .await;
    let mut clicks = JoinSet::new();
    for click in 0..6 {
        let player = installation.reader(click % 2).logged_in(&alice.token);
        clicks.spawn(async move { player.post(PLAY, &deal()).await });
    }
    let answers = clicks.join_all().await;
    let dealt = answers.iter().filter(|answer| answer.status.is_success()).count();
    assert_eq!(dealt, 1);
    for answer in answers.iter().filter(|answer| !answer.status.is_success()) {
        answer.problem(409, "round_open");
    }
    assert_eq!(count(&installation, "rounds").await, 1);
    assert_eq!(balance_minor(&installation, &alice).await, 100_000 - 1_000);
    installation.finish().await;
}

/// Legacy: a natural was credited twice.
#[tokio::test]
async fn legacy_a_natural_pays_three_to_two_once() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let natural = dealing(|game| game.settlement().is_some_and(|paid| paid.payout.get() == 2_500));
    let alice = installation
        .player_with_seeds_of(&natural, &aurora, "alice", 1_000)
        .await;
    let player = installation.writer().logged_in(&alice.token);
    let round = player.post(PLAY, &deal()).await.ok();
    assert_eq!(round["result"]["outcome"], "Blackjack");
    assert_eq!(round["result"]["multiplier"], "+1.5x");
    assert_eq!(minor(&round["payout"]), 2_500);
    assert_eq!(balance_minor(&installation, &alice).await, 2_500);
    for action in ["hit", "stand", "double"] {
        player
            .post(PLAY, &act(action, &round, 1))
            .await
            .problem(409, "round_over");
    }
    assert_eq!(balance_minor(&installation, &alice).await, 2_500);
    installation.finish().await;
}

#[tokio::test]
async fn a_blackjack_against_an_ace_can_be_insured_for_even_money() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let natural = dealing(|game| game.allowed() == [Decision::Stand, Decision::Insurance]);
    let alice = installation
        .player_with_seeds_of(&natural, &aurora, "alice", 1_500)
        .await;
    let player = installation.writer().logged_in(&alice.token);
    let round = player.post(PLAY, &deal()).await.ok();
    assert_eq!(round["status"], "open");
    assert_eq!(round["result"]["actions"], json!(["stand", "insurance"]));
    player
        .post(PLAY, &act("hit", &round, 1))
        .await
        .problem(409, "action_not_allowed");
    let ended = player.post(PLAY, &act("insurance", &round, 1)).await.ok();
    assert_eq!(ended["status"], "settled");
    assert_eq!((minor(&ended["stake"]), minor(&ended["payout"])), (1_500, 2_500));
    assert_eq!(balance_minor(&installation, &alice).await, 2_500);
    installation.finish().await;
}

/// Two clicks that name neither their number nor their request would be two cards.
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_without_number_or_key_is_refused_and_one_with_a_key_is_one_however_often_it_is_sent() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation
        .player_with_seeds_of(&allowing(Decision::Hit), &aurora, "alice", 100_000)
        .await;
    let player = installation.writer().logged_in(&alice.token);
    let round = player.post(PLAY, &deal()).await.ok();
    for body in [
        json!({"action": "hit"}),
        json!({"action": "hit", "params": {"ref": round["ref"]}}),
    ] {
        player.post(PLAY, &body).await.names_field("params.action_number");
    }
    assert_eq!(count(&installation, "round_actions").await, 0);
    let mut clicks = JoinSet::new();
    for _ in 0..6 {
        let player = player.with("idempotency-key", "one-card");
        clicks.spawn(async move { player.post(PLAY, &json!({"action": "hit"})).await });
    }
    for answer in clicks.join_all().await {
        answer.ok();
    }
    assert_eq!(count(&installation, "round_actions").await, 1);
    installation.finish().await;
}

#[tokio::test]
async fn a_round_is_its_players_and_its_games() {
    let installation = Installation::start().await;
    let (aurora, bluefin) = (
        installation.operator("aurora").await,
        installation.operator("bluefin").await,
    );
    let random = allowing(Decision::Hit);
    let alice = installation
        .player_with_seeds_of(&random, &aurora, "alice", 100_000)
        .await;
    let bob = installation.player(&aurora, "bob", 100_000).await;
    let carol = installation.player(&bluefin, "carol", 100_000).await;
    let writer = installation.writer();
    let round = writer.logged_in(&alice.token).post(PLAY, &deal()).await.ok();
    for stranger in [&bob, &carol] {
        let stranger = writer.logged_in(&stranger.token);
        stranger
            .post(PLAY, &act("stand", &round, 1))
            .await
            .problem(404, "not_found");
    }
    let player = writer.logged_in(&bob.token);
    let slot = player
        .post("/api/casino/slots/bet", &json!({"stake": 1}))
        .await
        .ok();
    player
        .post(PLAY, &act("stand", &slot, 1))
        .await
        .problem(404, "not_found");
    player
        .post(PLAY, &act("stand", &json!({"ref": "blackjack_1_1"}), 1))
        .await
        .problem(404, "not_found");
    let player = writer.logged_in(&alice.token);
    for (params, field) in [
        (json!({"ref": 5}), "params.ref"),
        (
            json!({"ref": round["ref"], "action_number": 0}),
            "params.action_number",
        ),
        (
            json!({"ref": round["ref"], "action_number": -1}),
            "params.action_number",
        ),
        (
            json!({"ref": round["ref"], "action_number": "1"}),
            "params.action_number",
        ),
        (
            json!({"ref": round["ref"], "action_number": 1e9}),
            "params.action_number",
        ),
        (json!({"action_number": 1}), "params.ref"),
        (json!([round["ref"], 1]), "params"),
    ] {
        let body = json!({"action": "hit", "params": params});
        player.post(PLAY, &body).await.names_field(field);
    }
    for client in [writer.clone(), writer.logged_in("1.forged")] {
        let answer = client.post(PLAY, &deal()).await;
        answer.problem(401, "authentication_required");
    }
    assert_eq!(status(&installation, &round).await, "open");
    installation.finish().await;
}

#[tokio::test]
async fn a_decision_that_costs_more_than_there_is_changes_nothing() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    for (name, decision) in [
        ("alice", Decision::Double),
        ("bob", Decision::Split),
        ("carol", Decision::Insurance),
    ] {
        let player = installation
            .player_with_seeds_of(&allowing(decision), &aurora, name, 1_000)
            .await;
        let client = installation.writer().logged_in(&player.token);
        let round = client.post(PLAY, &deal()).await.ok();
        let refused = client.post(PLAY, &act(decision.as_str(), &round, 1)).await;
        refused.problem(422, "insufficient_funds");
        assert_eq!(balance_minor(&installation, &player).await, 0);
        client.post(PLAY, &act("stand", &round, 1)).await.ok();
    }
    installation.finish().await;
}

/// Legacy: a split was only refused by text, a bust and every split round went unrecorded.
#[tokio::test]
async fn legacy_impossible_decisions_are_refused_by_name_and_a_bust_is_recorded() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let busts = dealing(|game| {
        let mut game = game.clone();
        let allowed = game.allowed();
        !allowed.contains(&Decision::Split)
            && !allowed.contains(&Decision::Insurance)
            && game.act(Decision::Hit).is_ok()
            && game.hands()[0].is_bust()
    });
    let alice = installation
        .player_with_seeds_of(&busts, &aurora, "alice", 100_000)
        .await;
    let player = installation.writer().logged_in(&alice.token);
    let round = player.post(PLAY, &deal()).await.ok();
    for action in ["split", "insurance", "hit_split", "stand_split", "double_split"] {
        player
            .post(PLAY, &act(action, &round, 1))
            .await
            .problem(409, "action_not_allowed");
    }
    assert_eq!(count(&installation, "round_actions").await, 0);
    let ended = player.post(PLAY, &act("hit", &round, 1)).await.ok();
    assert_eq!(ended["result"]["outcome"], "Bust");
    assert_eq!(status(&installation, &round).await, "settled");
    installation.finish().await;
}

async fn another_writer(installation: &Installation) -> write_api::app::Service {
    let mut options = installation.writer.app().options.clone();
    options.listen = "127.0.0.1:0".parse().unwrap();
    "another-writer".clone_into(&mut options.instance);
    write_api::app::start(options, installation.clock.clone(), Random::system())
        .await
        .unwrap()
}

#[tokio::test]
async fn an_open_round_goes_on_at_another_instance() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation
        .player_with_seeds_of(&allowing(Decision::Double), &aurora, "alice", 100_000)
        .await;
    let round = installation
        .writer()
        .logged_in(&alice.token)
        .post(PLAY, &deal())
        .await
        .ok();
    let another = another_writer(&installation).await;
    let elsewhere = Client::new(format!("http://{}", another.address())).logged_in(&alice.token);
    let answer = elsewhere.post(PLAY, &act("double", &round, 1)).await;
    let ended = answer.ok();
    assert_eq!(minor(&ended["stake"]), 2_000);
    let here = installation.writer().logged_in(&alice.token);
    assert_eq!(
        here.post(PLAY, &act("double", &round, 1)).await.bytes,
        answer.bytes
    );
    another.stop().await;
    installation.finish().await;
}

#[tokio::test]
async fn an_abandoned_round_is_ended_by_standing_after_fifteen_minutes_and_paid() {
    let clock = Clock::manual(Clock::machine().now());
    let installation = Installation::builder()
        .clock(clock.clone())
        .writer_args(&["--casino-sweep-ms", "20"])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    let wins = dealing(|game| {
        let mut game = game.clone();
        let is_open = !game.is_over();
        game.stand_to_end();
        is_open && game.settlement().unwrap().payout.get() == 2_000
    });
    let alice = installation
        .player_with_seeds_of(&wins, &aurora, "alice", 1_000)
        .await;
    let player = installation.writer().logged_in(&alice.token);
    let round = player.post(PLAY, &deal()).await.ok();
    // Five seconds more are its player's: a decision that arrived in time may be under way.
    clock.advance(Duration::from_secs(15 * 60 + 4));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(status(&installation, &round).await, "open");
    clock.advance(Duration::from_secs(1));
    let is_settled = || async { status(&installation, &round).await == "settled" };
    installation
        .within(Duration::from_secs(10), "the round is settled", is_settled)
        .await;
    assert_eq!(balance_minor(&installation, &alice).await, 2_000);
    player
        .post(PLAY, &act("hit", &round, 1))
        .await
        .problem(409, "round_over");
    installation.finish().await;
}

#[tokio::test]
async fn an_abandoned_round_that_nobody_swept_is_ended_by_the_next_deal() {
    let clock = Clock::manual(Clock::machine().now());
    let installation = Installation::builder()
        .clock(clock.clone())
        .writer_args(&["--casino-sweep-ms", "3600000"])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    let alice = installation
        .player_with_seeds_of(&allowing(Decision::Hit), &aurora, "alice", 100_000)
        .await;
    let player = installation.writer().logged_in(&alice.token);
    let first = player.post(PLAY, &deal()).await.ok();
    player.post(PLAY, &deal()).await.problem(409, "round_open");
    clock.advance(Duration::from_mins(15));
    player
        .post(PLAY, &act("hit", &first, 1))
        .await
        .problem(409, "round_over");
    let second = player.post(PLAY, &deal()).await.ok();
    assert_ne!(second["ref"], first["ref"]);
    assert_eq!(status(&installation, &first).await, "settled");
    installation.finish().await;
}

#[tokio::test]
async fn a_round_that_is_paid_for_is_finished_whatever_is_switched_off_but_takes_no_stake_more() {
    for (switch, code) in [
        ("update operators set casino_enabled = false", "casino_disabled"),
        ("update operators set is_active = false", "operator_disabled"),
        ("update players set is_active = false", "account_disabled"),
    ] {
        let installation = Installation::start().await;
        let aurora = installation.operator("aurora").await;
        let alice = installation
            .player_with_seeds_of(&allowing(Decision::Double), &aurora, "alice", 100_000)
            .await;
        let player = installation.writer().logged_in(&alice.token);
        let round = player.post(PLAY, &deal()).await.ok();
        sqlx::query(switch)
            .execute(installation.database.pool())
            .await
            .unwrap();
        player
            .post(PLAY, &act("double", &round, 1))
            .await
            .problem(403, code);
        // Also at an instance that sees the token for the first time.
        let another = another_writer(&installation).await;
        let elsewhere = Client::new(format!("http://{}", another.address())).logged_in(&alice.token);
        elsewhere.post(PLAY, &act("stand", &round, 1)).await.ok();
        elsewhere.post(PLAY, &deal()).await.problem(403, code);
        player.post(PLAY, &deal()).await.problem(403, code);
        another.stop().await;
        installation.finish().await;
    }
}

#[tokio::test]
async fn a_payout_is_limited_as_at_the_deal_and_a_further_stake_as_today() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let wins = dealing(|game| {
        let mut game = game.clone();
        let is_doubled = game.act(Decision::Double).is_ok();
        is_doubled && game.settlement().is_some_and(|paid| paid.payout.get() == 4_000)
    });
    let alice = installation
        .player_with_seeds_of(&wins, &aurora, "alice", 2_000)
        .await;
    let player = installation.writer().logged_in(&alice.token);
    let round = player.post(PLAY, &deal()).await.ok();
    let set = |statement: &'static str| sqlx::query(statement).execute(installation.database.pool());
    set("update operator_settings set max_payout = 1500, max_stake = 999")
        .await
        .unwrap();
    let double = act("double", &round, 1);
    player.post(PLAY, &double).await.names_field("stake");
    set("update operator_settings set max_stake = 1000")
        .await
        .unwrap();
    let ended = player.post(PLAY, &double).await.ok();
    assert_eq!(minor(&ended["payout"]), 4_000);
    assert_eq!(ended["payout_limited"], false);
    installation.finish().await;
}
