//! A player's past rounds: newest first, page by page, and nothing that the table would not have shown.

use serde_json::{Value, json};
use sqlx::PgPool;
use tests::{Client, Installation, people::Player};

use super::minor;

const HISTORY: &str = "/api/casino/history";
const BET: &str = "/api/casino/slots/bet";

async fn bet(player: &Client) -> Value {
    player.post(BET, &json!({"stake": 2})).await.ok()
}

fn refs(page: &Value) -> Vec<String> {
    let rounds = page["history"].as_array().unwrap();
    rounds
        .iter()
        .map(|round| round["ref"].as_str().unwrap().to_owned())
        .collect()
}

/// A round of any game, which no wallet knows of: it has to go before the books are checked.
struct Planted<'a> {
    operator: i64,
    player: i64,
    id: String,
    game: &'a str,
    status: &'a str,
    state: Option<&'a str>,
    result: &'a str,
}

impl<'a> Planted<'a> {
    fn settled(player: &Player, number: u16, game: &'a str) -> Self {
        Self {
            operator: player.operator.get(),
            player: player.id.get(),
            id: format!("00000000-0000-0000-0000-{number:012}"),
            game,
            status: "settled",
            state: None,
            result: "{}",
        }
    }

    async fn insert(&self, db: &PgPool) {
        sqlx::query(
            "insert into rounds (operator_id, id, player_id, game, math_version, seed_pair_id, nonce, stake, payout,
                payout_limited, status, state, result, created_at, due_at, settled_at)
             select $1, $2::uuid, $3, $4, 1, min(id), 1000000 + (select count(*) from rounds), 500, 0, false, $5, $6::json,
                $7::json, '2026-01-02T03:04:05Z', case $5 when 'open' then timestamptz '2031-07-08T09:10:11Z' end,
                case $5 when 'open' then null else timestamptz '2026-01-02T03:04:06Z' end
             from seed_pairs
             where operator_id = $1",
        )
        .bind(self.operator)
        .bind(&self.id)
        .bind(self.player)
        .bind(self.game)
        .bind(self.status)
        .bind(self.state)
        .bind(self.result)
        .execute(db)
        .await
        .unwrap();
    }
}

async fn remove_planted(db: &PgPool) {
    let remove = "begin;
        alter table rounds disable trigger rounds_kept;
        delete from rounds where nonce >= 1000000;
        alter table rounds enable trigger rounds_kept;
        delete from daily_totals where day < '2026-02-01';
        delete from daily_totals_due where day < '2026-02-01';
        commit";
    sqlx::raw_sql(remove).execute(db).await.unwrap();
}

#[tokio::test]
async fn a_round_is_shown_as_it_was_answered() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    let round = bet(&player).await;
    let answer = player.get(HISTORY).await;
    assert_eq!(answer.header("cache-control"), "private, no-store");
    let page = answer.ok();
    assert_eq!(
        (&page["success"], &page["next"]),
        (&json!(true), &json!(null)),
        "{page}"
    );
    let shown = &page["history"][0];
    for (member, value) in [
        ("id", &round["ref"]),
        ("ref", &round["ref"]),
        ("game_key", &json!("slots")),
        ("user_id", &json!(alice.id)),
        ("stake", &round["stake"]),
        ("currency", &json!("USD")),
        ("payout", &round["payout"]),
        ("payout_limited", &json!(false)),
        ("status", &json!("settled")),
        ("result_json", &round["result"]),
        ("commitment", &round["fairness"]["commitment"]),
        ("client_seed", &round["fairness"]["client_seed"]),
        ("nonce", &json!(0)),
        ("first_stake", &round["stake"]),
        ("math_version", &json!(1)),
        ("server_seed", &json!(null)),
        ("decisions", &json!(null)),
        ("abandoned", &json!(null)),
    ] {
        assert_eq!(shown[member], *value, "{member}");
    }
    assert!(answer.text().contains("\"stake\":2.00"), "{}", answer.text());
    assert!(shown["created_at"].is_string() && shown["settled_at"].is_string());
    installation.finish().await;
}

#[tokio::test]
async fn pages_show_every_round_once_newest_first_also_while_bets_go_on() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let client = installation.reader(0).logged_in(&alice.token);
    let mut played = Vec::new();
    for _ in 0..7 {
        played.push(bet(&client).await["ref"].as_str().unwrap().to_owned());
    }
    played.sort_unstable_by(|one, other| other.cmp(one));
    let mut seen = Vec::new();
    let mut path = format!("{HISTORY}?limit=3");
    loop {
        let page = client.get(&path).await.ok();
        seen.extend(refs(&page));
        bet(&client).await;
        let Some(next) = page["next"].as_str() else { break };
        assert_eq!(
            Some(next),
            seen.last().map(String::as_str),
            "the last one shown leads on"
        );
        path = format!("{HISTORY}?limit=3&before={next}");
    }
    assert_eq!(seen, played);
    assert_eq!(refs(&client.get(HISTORY).await.ok()).len(), 10);
    let oldest = format!("{HISTORY}?before={}", played[6]);
    assert_eq!(
        client.get(&oldest).await.ok(),
        json!({"success": true, "history": [], "next": null})
    );
    installation.finish().await;
}

#[tokio::test]
async fn a_page_is_as_long_as_asked_and_says_whether_there_is_more() {
    let installation = Installation::builder()
        .writer_args(&["--history-rounds", "4"])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    for _ in 0..4 {
        bet(&player).await;
    }
    for (query, length, has_more) in [("", 4, false), ("?limit=4", 4, false), ("?limit=3", 3, true)] {
        let page = player.get(&format!("{HISTORY}{query}")).await.ok();
        assert_eq!(refs(&page).len(), length, "{query}");
        assert_eq!(page["next"].is_string(), has_more, "{query}");
    }
    player
        .get(&format!("{HISTORY}?limit=5"))
        .await
        .names_field("limit");
    installation.finish().await;
}

#[tokio::test]
async fn a_game_is_shown_alone_when_asked_for() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    let db = installation.database.pool();
    let games = [
        "roulette",
        "baccarat",
        "roulette",
        "blackjack",
        "crash",
        "roulette",
    ];
    for (number, game) in (1..).zip(games) {
        Planted::settled(&alice, number, game).insert(db).await;
    }
    let slots = bet(&player).await;
    let last_digits = |page: &Value| {
        let digits = refs(page).into_iter().map(|id| id[34..].to_owned());
        digits.collect::<Vec<_>>()
    };
    let roulette = player.get(&format!("{HISTORY}?game=roulette&limit=2")).await.ok();
    assert_eq!(last_digits(&roulette), ["06", "03"]);
    let next = roulette["next"].as_str().unwrap();
    let rest = player
        .get(&format!("{HISTORY}?game=roulette&limit=2&before={next}"))
        .await;
    assert_eq!(last_digits(&rest.ok()), ["01"]);
    let only = player.get(&format!("{HISTORY}?game=slots")).await.ok();
    assert_eq!(refs(&only), [slots["ref"].as_str().unwrap()]);
    let all = player.get(HISTORY).await.ok();
    assert_eq!(last_digits(&all)[1..], ["06", "05", "04", "03", "02", "01"]);
    remove_planted(db).await;
    installation.finish().await;
}

/// The legacy history showed the crash points of running rounds.
#[tokio::test]
async fn history_does_not_show_the_crash_point_of_a_running_round() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    let db = installation.database.pool();
    let running = Planted {
        status: "open",
        state: Some(r#"{"crash_point": 1234, "hash": "beef"}"#),
        result: r#"{"multiplier": null, "auto_cashout": 2.50}"#,
        ..Planted::settled(&alice, 7, "crash")
    };
    running.insert(db).await;
    for query in ["", "?game=crash", "?limit=1"] {
        let answer = player.get(&format!("{HISTORY}{query}")).await;
        let page = answer.ok();
        let shown = &page["history"][0];
        for (member, value) in [
            ("game_key", json!("crash")),
            ("status", json!("open")),
            ("result_json", json!({"multiplier": null, "auto_cashout": 2.50})),
            ("settled_at", json!(null)),
        ] {
            assert_eq!(shown[member], value, "{member}");
        }
        assert_eq!((minor(&shown["stake"]), minor(&shown["payout"])), (500, 0));
        for hidden in [
            "1234",
            "12.34",
            "beef",
            "state",
            "crash_point",
            "due",
            "2031-07-08",
        ] {
            assert!(!answer.text().contains(hidden), "{hidden}: {}", answer.text());
        }
    }
    let seed: String = sqlx::query_scalar("select server_seed from seed_pairs")
        .fetch_one(db)
        .await
        .unwrap();
    let text = player.get(HISTORY).await.text();
    assert!(
        !text.contains(&seed),
        "nor the seed that the crash point follows from"
    );
    remove_planted(db).await;
    installation.finish().await;
}

/// The legacy history was filtered by the player's number alone.
#[tokio::test]
async fn history_is_filtered_by_operator_and_player() {
    let installation = Installation::start().await;
    let (aurora, bluefin) = (
        installation.operator("aurora").await,
        installation.operator("bluefin").await,
    );
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let bob = installation.player(&aurora, "bob", 100_000).await;
    let carol = installation.player(&bluefin, "carol", 100_000).await;
    let db = installation.database.pool();
    Planted {
        operator: bluefin.id.get(),
        ..Planted::settled(&alice, 1, "slots")
    }
    .insert(db)
    .await;
    let reader = installation.reader(0);
    let mut own = Vec::new();
    for player in [&alice, &bob, &carol] {
        let player = reader.logged_in(&player.token);
        let round = bet(&player).await;
        own.push((player, round["ref"].as_str().unwrap().to_owned()));
    }
    for (player, round) in &own {
        for query in ["", "?game=slots"] {
            let page = player.get(&format!("{HISTORY}{query}")).await.ok();
            assert_eq!(refs(&page), std::slice::from_ref(round));
        }
    }
    let (alice, _) = &own[0];
    let (_, bobs) = &own[1];
    let page = alice
        .get(&format!("{HISTORY}?before={bobs}&user_id={}", bob.id))
        .await
        .ok();
    assert!(
        !refs(&page).contains(bobs),
        "another's round may say where to begin, and is not shown"
    );
    for stranger in [reader.clone(), reader.logged_in(&aurora.token)] {
        stranger
            .get(HISTORY)
            .await
            .problem(401, "authentication_required");
    }
    remove_planted(db).await;
    installation.finish().await;
}

#[tokio::test]
async fn every_bad_parameter_is_refused_by_name() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=-1", "limit"),
        ("limit=", "limit"),
        ("limit=1e2", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("limit=1&limit=2", "limit"),
        ("before=", "before"),
        ("before=slots_1_1", "before"),
        ("before=%00", "before"),
        ("game=", "game"),
        ("game=poker", "game"),
        ("game=SLOTS", "game"),
        ("game=slots%27--", "game"),
    ] {
        let answer = player.get(&format!("{HISTORY}?{query}")).await;
        answer.names_field(field);
    }
    installation.finish().await;
}
