//! Contests: figures count from their beginning.

use super::standings::are_right;
use super::*;

#[tokio::test]
async fn figures_count_from_the_beginning_of_the_running_contest() {
    let installation = installation().await;
    let ([aurora, _], [alice, bob, carol]) = people(&installation).await;
    play(&installation, &alice, 1_000, 1_300).await;
    play(&installation, &bob, 1_000, 400).await;
    let begun = begin(&installation, "Winter").await;
    assert_eq!(begun.operators, 2);
    let shown = page(&installation, PLAYERS).await;
    assert_eq!(shown["users"], json!([]));
    assert_eq!(shown["stats"]["total_users"], 0);
    for member in ["backup_date", "contest_end_date"] {
        assert!(shown[member].as_str().unwrap().ends_with('Z'), "{member}");
    }

    // Who lost before can be first now; who is new counts from nothing.
    play(&installation, &bob, 100, 900).await;
    play(&installation, &carol, 100, 200).await;
    play(&installation, &alice, 500, 100).await;
    installation.player(&aurora, "dave", 100_000).await;
    refresh_all(&installation).await;
    let shown = page(&installation, PLAYERS).await;
    assert_eq!(
        names(&installation, PLAYERS).await,
        ["aurora/bob", "bluefin/carol"]
    );
    let bob_shown = &shown["users"][0];
    for (member, expected) in [
        ("staked", 1.0),
        ("payout", 9.0),
        ("profit", 8.0),
        ("backup_staked", 10.0),
        ("backup_payout", 4.0),
        ("backup_profit", -6.0),
    ] {
        assert_eq!(bob_shown[member], expected, "{member}");
    }
    let operators = page(&installation, OPERATORS).await;
    let aurora_shown = &operators["partners"][0];
    assert_eq!(aurora_shown["subdomain"], "aurora");
    assert_eq!(aurora_shown["user_count"], 3);
    assert_eq!(aurora_shown["backup_user_count"], 2);
    assert_eq!(aurora_shown["total_volume"], 6.0);
    assert_eq!(aurora_shown["backup_volume"], 20.0);
    assert_eq!(operators["backup_date"], shown["backup_date"]);
    are_right(&installation).await;
    installation.finish().await;
}

#[tokio::test]
async fn the_next_contest_replaces_the_running_one_also_for_who_did_not_play_in_it() {
    let installation = installation().await;
    let (_, [alice, bob, _]) = people(&installation).await;
    play(&installation, &alice, 100, 300).await;
    begin(&installation, "first").await;
    play(&installation, &bob, 100, 300).await;
    begin(&installation, "second").await;
    begin(&installation, "third").await;
    assert_eq!(
        number(&installation, "select count(*) from contests where is_running").await,
        1
    );
    assert_eq!(names(&installation, PLAYERS).await, [""; 0]);
    for player in [&alice, &bob] {
        play(&installation, player, 100, 150).await;
    }
    refresh_all(&installation).await;
    let shown = page(&installation, PLAYERS).await;
    for user in [0, 1] {
        assert_eq!(shown["users"][user]["profit"], 0.5);
        assert_eq!(shown["users"][user]["backup_profit"], 2.0);
    }
    are_right(&installation).await;
    installation.finish().await;
}

/// The mark can't pass a transaction that runs, yet what ended beside it was before the contest.
#[tokio::test]
async fn bets_that_ended_before_a_contest_are_not_in_it_though_an_older_transaction_runs() {
    let installation = installation().await;
    let (_, [alice, bob, _]) = people(&installation).await;
    refresh_all(&installation).await;
    let mut late = installation.database.pool().begin().await.unwrap();
    play_in(&mut late, alice.operator, alice.id, 100, 200).await;
    play(&installation, &bob, 100, 700).await;
    begin(&installation, "Winter").await;
    late.commit().await.unwrap();
    refresh_all(&installation).await;
    assert_eq!(
        names(&installation, PLAYERS).await,
        ["aurora/alice"],
        "ended in it"
    );
    are_right(&installation).await;
    installation.finish().await;
}

#[tokio::test]
async fn a_contest_whose_beginning_is_rolled_back_did_not_begin() {
    let installation = installation().await;
    let (_, [alice, ..]) = people(&installation).await;
    play(&installation, &alice, 100, 300).await;
    refresh_all(&installation).await;
    let now = installation.clock.now();
    let new = NewContest {
        name: "never".parse().unwrap(),
        ends_at: now + Duration::from_hours(1),
    };
    let mut transaction = installation.database.pool().begin().await.unwrap();
    begin_contest(&mut transaction, &new, BATCH, KEPT, now)
        .await
        .unwrap();
    transaction.rollback().await.unwrap();
    let shown = page(&installation, PLAYERS).await;
    assert_eq!(shown["backup_date"], Value::Null);
    assert_eq!(shown["users"][0]["profit"], 2.0);
    installation.finish().await;
}
