//! The pages: who is on them, in which order, and what is refused.

use super::*;

#[tokio::test]
async fn who_won_is_ranked_by_profit_over_all_operators_and_who_lost_is_not_there() {
    let installation = installation().await;
    let (_, [alice, bob, carol]) = people(&installation).await;
    play(&installation, &alice, 1_000, 1_300).await;
    play(&installation, &bob, 1_000, 900).await;
    play(&installation, &carol, 2_000, 2_512).await;
    refresh_all(&installation).await;
    let shown = page(&installation, PLAYERS).await;
    assert_eq!(
        shown["users"],
        json!([
            {
                "rank": 1, "username": "carol", "sportsbook_name": "bluefin Sports", "subdomain": "bluefin",
                "currency": "USD", "staked": 20.0, "payout": 25.12, "profit": 5.12,
                "backup_staked": 0.0, "backup_payout": 0.0, "backup_profit": 0.0,
            },
            {
                "rank": 2, "username": "alice", "sportsbook_name": "aurora Sports", "subdomain": "aurora",
                "currency": "USD", "staked": 10.0, "payout": 13.0, "profit": 3.0,
                "backup_staked": 0.0, "backup_payout": 0.0, "backup_profit": 0.0,
            },
        ])
    );
    assert_eq!(
        shown["stats"],
        json!({
            "total_users": 2, "total_staked_delta": 30.0, "total_payout_delta": 38.12,
            "total_profit_delta": 8.12, "currency": "USD",
        })
    );
    assert_eq!(shown["backup_date"], Value::Null);
    assert_eq!(shown["contest_end_date"], Value::Null);
    assert_eq!(
        shown["pagination"],
        json!({"page": 1, "per_page": 20, "total": 2, "pages": 1, "has_next": false, "has_prev": false})
    );
    installation.finish().await;
}

#[tokio::test]
async fn no_page_shows_an_email_address() {
    let installation = installation().await;
    let (_, [alice, ..]) = people(&installation).await;
    play(&installation, &alice, 1_000, 1_300).await;
    refresh_all(&installation).await;
    for path in [
        PLAYERS.to_owned(),
        format!("{PLAYERS}?operator=aurora"),
        OPERATORS.to_owned(),
    ] {
        let answer = installation.reader(0).get(&path).await;
        answer.ok();
        let text = answer.text();
        assert!(!text.contains('@') && !text.contains("email"), "{text}");
    }
    installation.finish().await;
}

#[tokio::test]
async fn ties_are_ordered_by_stakes_then_by_operator_then_by_player() {
    let installation = installation().await;
    let (_, [alice, bob, carol]) = people(&installation).await;
    play(&installation, &carol, 500, 800).await;
    play(&installation, &bob, 500, 800).await;
    play(&installation, &alice, 500, 800).await;
    refresh_all(&installation).await;
    let expected = ["aurora/alice", "aurora/bob", "bluefin/carol"];
    assert_eq!(names(&installation, PLAYERS).await, expected);
    play(&installation, &carol, 100, 100).await;
    refresh_all(&installation).await;
    let expected = ["bluefin/carol", "aurora/alice", "aurora/bob"];
    assert_eq!(names(&installation, PLAYERS).await, expected);
    installation.finish().await;
}

#[tokio::test]
async fn one_name_at_two_operators_is_two_players() {
    let installation = installation().await;
    let aurora = installation.operator("aurora").await;
    let bluefin = installation.operator("bluefin").await;
    let here = installation.player(&aurora, "alice", 100_000).await;
    let there = installation.player(&bluefin, "alice", 100_000).await;
    play(&installation, &here, 100, 300).await;
    play(&installation, &there, 100, 700).await;
    refresh_all(&installation).await;
    let shown = page(&installation, PLAYERS).await;
    assert_eq!(shown["stats"]["total_users"], 2);
    assert_eq!(shown["users"][0]["subdomain"], "bluefin");
    assert_eq!(shown["users"][0]["profit"], 6.0);
    assert_eq!(shown["users"][1]["subdomain"], "aurora");
    assert_eq!(shown["users"][1]["profit"], 2.0);
    installation.finish().await;
}

#[tokio::test]
async fn one_operators_board_has_its_players_only() {
    let installation = installation().await;
    let (_, [alice, bob, carol]) = people(&installation).await;
    for (player, paid) in [(&alice, 300), (&bob, 500), (&carol, 900)] {
        play(&installation, player, 100, paid).await;
    }
    refresh_all(&installation).await;
    let path = format!("{PLAYERS}?operator=AURORA");
    assert_eq!(names(&installation, &path).await, ["aurora/bob", "aurora/alice"]);
    let shown = page(&installation, &path).await;
    assert_eq!(shown["stats"]["total_users"], 2);
    assert_eq!(shown["stats"]["total_profit_delta"], 6.0);
    assert_eq!(shown["users"][0]["rank"], 1);
    let reader = installation.reader(0);
    for unknown in ["nobody", "", "..", "a%00b", &"a".repeat(10_000)] {
        let answer = reader.get(&format!("{PLAYERS}?operator={unknown}")).await;
        if unknown.len() < 1_000 {
            answer.problem(404, "operator_not_found");
        } else {
            assert!(answer.status.is_client_error(), "{}", answer.text());
        }
    }
    installation.finish().await;
}

#[tokio::test]
async fn who_is_disabled_is_not_shown_and_comes_back() {
    let installation = installation().await;
    let ([_, bluefin], [alice, bob, carol]) = people(&installation).await;
    for player in [&alice, &bob, &carol] {
        play(&installation, player, 100, 300).await;
    }
    refresh_all(&installation).await;
    let all = names(&installation, PLAYERS).await;
    assert_eq!(all.len(), 3);

    execute(
        &installation,
        "update players set is_active = false where username = 'bob'",
    )
    .await;
    execute(
        &installation,
        "update operators set is_active = false where subdomain = 'bluefin'",
    )
    .await;
    let topic = shared::coherence::Topic::of(bluefin.id, shared::coherence::Kind::Operator);
    let mut db = installation.database.pool().acquire().await.unwrap();
    write_api::coherence::bump(topic, &mut db).await.unwrap();
    drop(db);
    refresh_all(&installation).await;
    let shown = page(&installation, PLAYERS).await;
    assert_eq!(names(&installation, PLAYERS).await, ["aurora/alice"]);
    assert_eq!(shown["stats"]["total_users"], 1);
    assert_eq!(shown["stats"]["total_staked_delta"], 1.0);
    let operators = page(&installation, OPERATORS).await;
    assert_eq!(operators["stats"]["total_partners"], 1);
    assert_eq!(operators["partners"][0]["subdomain"], "aurora");
    let reader = installation.reader(0);
    installation
        .within(LIMIT, "a disabled operator has no board", || async {
            let answer = reader.get(&format!("{PLAYERS}?operator=bluefin")).await;
            answer.status.as_u16() == 404
        })
        .await;

    execute(&installation, "update players set is_active = true").await;
    execute(&installation, "update operators set is_active = true").await;
    refresh_all(&installation).await;
    assert_eq!(names(&installation, PLAYERS).await, all);
    installation.finish().await;
}

#[tokio::test]
async fn a_renamed_player_is_shown_with_the_new_name_and_the_old_figures() {
    let installation = installation().await;
    let (_, [alice, ..]) = people(&installation).await;
    play(&installation, &alice, 100, 300).await;
    refresh_all(&installation).await;
    assert_eq!(names(&installation, PLAYERS).await, ["aurora/alice"]);
    execute(
        &installation,
        "update players set username = 'alicia' where username = 'alice'",
    )
    .await;
    refresh_all(&installation).await;
    assert_eq!(names(&installation, PLAYERS).await, ["aurora/alicia"]);
    installation.finish().await;
}

#[tokio::test]
async fn operators_are_ranked_by_what_their_players_staked() {
    let installation = installation().await;
    let (_, [alice, bob, carol]) = people(&installation).await;
    installation.operator("coral").await;
    play(&installation, &alice, 100, 0).await;
    play(&installation, &bob, 250, 900).await;
    play(&installation, &carol, 1_000, 0).await;
    let bets = installation.writer().logged_in(&alice.token);
    for _ in 0..3 {
        bets.post("/api/casino/slots/bet", &json!({"stake": 1}))
            .await
            .ok();
    }
    refresh_all(&installation).await;
    let shown = page(&installation, OPERATORS).await;
    assert_eq!(
        shown["partners"],
        json!([
            {
                "rank": 1, "sportsbook_name": "bluefin Sports", "subdomain": "bluefin", "is_active": true,
                "currency": "USD", "user_count": 1, "total_volume": 10.0, "trade_count": 1,
                "backup_user_count": 0, "backup_volume": 0.0, "backup_trade_count": 0,
            },
            {
                "rank": 2, "sportsbook_name": "aurora Sports", "subdomain": "aurora", "is_active": true,
                "currency": "USD", "user_count": 2, "total_volume": 6.5, "trade_count": 5,
                "backup_user_count": 0, "backup_volume": 0.0, "backup_trade_count": 0,
            },
            {
                "rank": 3, "sportsbook_name": "coral Sports", "subdomain": "coral", "is_active": true,
                "currency": "USD", "user_count": 0, "total_volume": 0.0, "trade_count": 0,
                "backup_user_count": 0, "backup_volume": 0.0, "backup_trade_count": 0,
            },
        ])
    );
    assert_eq!(
        shown["stats"],
        json!({
            "total_partners": 3, "total_volume_delta": 16.5, "total_trade_count_delta": 6, "total_users": 3,
            "avg_volume_delta": 5.5, "avg_trade_count_delta": 2.0, "currency": "USD",
        })
    );
    installation.finish().await;
}

#[tokio::test]
async fn several_currencies_are_ranked_and_added_up_as_the_numbers_that_are_shown() {
    let installation = installation().await;
    let aurora = installation.operator("aurora").await;
    let sakura = installation
        .operator_with("sakura", Currency::parse("JPY").unwrap())
        .await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let hana = installation.player(&sakura, "hana", 100_000).await;
    play(&installation, &alice, 100, 1_099).await;
    play(&installation, &hana, 100, 110).await;
    refresh_all(&installation).await;
    let shown = page(&installation, PLAYERS).await;
    assert_eq!(shown["users"][0]["username"], "hana");
    assert_eq!(shown["users"][0]["currency"], "JPY");
    assert_eq!(shown["users"][0]["profit"], json!(10));
    assert_eq!(shown["users"][1]["profit"], 9.99);
    assert_eq!(shown["stats"]["total_profit_delta"], 19.99);
    assert_eq!(shown["stats"]["currency"], Value::Null);
    let shown = page(&installation, &format!("{PLAYERS}?operator=sakura")).await;
    assert_eq!(shown["stats"]["total_profit_delta"], json!(10));
    assert_eq!(shown["stats"]["currency"], "JPY");
    let shown = page(&installation, OPERATORS).await;
    assert_eq!(shown["partners"][0]["subdomain"], "sakura");
    installation.finish().await;
}

#[tokio::test]
async fn pages_behind_the_last_are_answered_and_take_no_room() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let player = installation.player(&aurora, "player", 100_000).await;
    play(&installation, &player, 100, 110).await;
    refresh_all(&installation).await;
    page(&installation, PLAYERS).await;
    let pages = &installation.readers[0].reader().pages;
    let before = pages.health().entries;
    for board in [PLAYERS, OPERATORS] {
        for number in 2..20 {
            let shown = page(&installation, &format!("{board}?page={number}")).await;
            assert_eq!(shown["pagination"]["page"], number);
            let again = installation
                .reader(0)
                .get(&format!("{board}?page={number}"))
                .await;
            assert_eq!(again.header("cache-status"), "edgebook; fwd=miss");
        }
    }
    assert_eq!(pages.health().entries, before);
    installation.finish().await;
}

#[tokio::test]
async fn pages_follow_each_other_and_sums_are_exact_beyond_what_can_be_shown() {
    let installation = with_reader_args(&["--leaderboard-depth", "5"]).await;
    let aurora = installation.operator("aurora").await;
    for number in 1..=7 {
        let player = installation
            .player(&aurora, &format!("player{number}"), 100_000)
            .await;
        play(&installation, &player, 100, 100 + number * 10).await;
    }
    refresh_all(&installation).await;
    let mut all = Vec::new();
    for number in 1..=3 {
        let path = format!("{PLAYERS}?page={number}&per_page=2");
        all.extend(names(&installation, &path).await);
        let pagination = page(&installation, &path).await["pagination"].clone();
        assert_eq!(
            pagination,
            json!({
                "page": number, "per_page": 2, "total": 7, "pages": 3, "has_next": number < 3,
                "has_prev": number > 1,
            })
        );
    }
    assert_eq!(
        all,
        [7, 6, 5, 4, 3].map(|number| format!("aurora/player{number}"))
    );
    for beyond in ["page=4&per_page=2", "page=1000000&per_page=1000"] {
        let shown = page(&installation, &format!("{PLAYERS}?{beyond}")).await;
        assert_eq!(shown["users"], json!([]));
        assert_eq!(shown["stats"]["total_users"], 7);
        assert_eq!(shown["stats"]["total_profit_delta"], 2.8);
    }
    let whole = page(&installation, &format!("{PLAYERS}?page=1&per_page=1000")).await;
    assert_eq!(whole["users"].as_array().unwrap().len(), 5);
    installation.finish().await;
}

#[tokio::test]
async fn a_bad_page_is_refused_by_its_field() {
    let installation = installation().await;
    let reader = installation.reader(0);
    for board in [PLAYERS, OPERATORS] {
        for (query, field) in [
            ("page=0", "page"),
            ("page=-1", "page"),
            ("page=1.5", "page"),
            ("page=one", "page"),
            ("page=", "page"),
            ("page=1000000000", "page"),
            ("page=99999999999999999999", "page"),
            ("page=1&page=2", "page"),
            ("per_page=0", "per_page"),
            ("per_page=-20", "per_page"),
            ("per_page=1001", "per_page"),
            ("per_page=1000000000", "per_page"),
            ("per_page=20&per_page=20", "per_page"),
        ] {
            let answer = reader.get(&format!("{board}?{query}")).await;
            answer.names_field(field);
        }
    }
    let twice = reader.get(&format!("{PLAYERS}?operator=a&operator=b")).await;
    twice.names_field("operator");
    installation.finish().await;
}

#[tokio::test]
async fn a_board_that_nobody_asks_for_is_not_fetched_and_a_hit_fetches_nothing() {
    // The auditor asks too.
    let installation = with_reader_args(&["--audit-ms", "0"]).await;
    let (_, [alice, ..]) = people(&installation).await;
    let fetches = || installation.readers[0].reader().boards.fetches();
    play(&installation, &alice, 100, 300).await;
    refresh_all(&installation).await;
    assert_eq!(fetches(), 0);
    page(&installation, PLAYERS).await;
    assert_eq!(fetches(), 1);
    let reader = installation.reader(0);
    for path in [PLAYERS.to_owned(), format!("{PLAYERS}?page=1&per_page=7")] {
        page(&installation, &path).await;
        let hit = reader.get(&path).await;
        assert_eq!(hit.header("cache-status"), "edgebook; hit");
        assert!(hit.header("edgebook-version").starts_with("leaderboard="));
        let etag = hit.header("etag").to_owned();
        let unchanged = reader.with("if-none-match", &etag).get(&path).await;
        assert_eq!(unchanged.status.as_u16(), 304);
    }
    assert_eq!(fetches(), 1, "other pages are parts of the same board");
    play(&installation, &alice, 100, 300).await;
    refresh_all(&installation).await;
    assert_eq!(fetches(), 1, "news alone fetch nothing");
    assert_eq!(page(&installation, PLAYERS).await["users"][0]["profit"], 4.0);
    assert_eq!(fetches(), 2);
    installation.finish().await;
}

#[tokio::test]
async fn a_page_that_nobody_asked_for_is_not_shown_as_it_was_long_ago() {
    let installation = with_reader_args(&["--soft-ms", "0", "--hard-wait-ms", "20000"]).await;
    let (_, [alice, ..]) = people(&installation).await;
    for won in 1..=3 {
        play(&installation, &alice, 100, 200).await;
        refresh_all(&installation).await;
        let first = installation.reader(0).get(PLAYERS).await;
        assert_eq!(first.ok()["users"][0]["profit"], json!(f64::from(won)));
        assert!(!first.header("cache-status").contains("stale"));
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_board_is_shown_while_the_database_is_away() {
    let installation = Installation::builder()
        .writer_args(&["--leaderboard-ms", "3600000"])
        .reader_args(&["--soft-ms", "0", "--cache-ttl-ms", "1", "--stale-after-ms", "1"])
        .proxied()
        .start()
        .await;
    let (_, [alice, ..]) = people(&installation).await;
    play(&installation, &alice, 100, 300).await;
    refresh_all(&installation).await;
    let reader = installation.reader(0);
    reader.get(PLAYERS).await.ok();
    installation.reader_links[0].cut();
    for _ in 0..3 {
        let shown = reader.get(PLAYERS).await;
        assert_eq!(shown.ok()["users"][0]["profit"], 2.0);
        assert_eq!(shown.header("cache-status"), "edgebook; fwd=stale");
    }
    installation.finish().await;
}
