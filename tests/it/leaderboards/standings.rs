//! How the standings are kept: nothing is missed, nothing counts twice.

use super::*;

/// Where the standings or their sums are not what the ledger adds up to, contests left out.
const WRONG: &str = "
    select count(*)
    from (
        select
            players.operator_id,
            players.id as player_id,
            coalesce(sum(amount) filter (where reason = 'stake'), 0) as staked,
            coalesce(sum(amount) filter (where reason = 'payout'), 0) as paid,
            (
                select count(*) from rounds
                where rounds.operator_id = players.operator_id and rounds.player_id = players.id
            ) as rounds
        from players
        left join ledger_entries on ledger_entries.operator_id = players.operator_id
            and ledger_entries.player_id = players.id
        group by players.operator_id, players.id
    ) as summed
    full join standings using (operator_id, player_id)
    where (summed.staked, summed.paid, summed.rounds)
        is distinct from (standings.staked::numeric, standings.paid::numeric, standings.rounds)";

const WRONG_SUMS: &str = "
    select count(*)
    from operator_standings as sums
    cross join lateral (
        select
            count(*) as players,
            coalesce(sum(staked), 0) as staked,
            coalesce(sum(rounds), 0) as rounds,
            count(*) filter (where is_on) as listed,
            coalesce(sum(staked - base_staked) filter (where is_on), 0) as listed_staked,
            coalesce(sum(paid - base_paid) filter (where is_on), 0) as listed_paid
        from standings
        cross join lateral (
            select is_listed and contest_id = coalesce((select id from contests where is_running), 0) as is_on
        ) as now
        where standings.operator_id = sums.operator_id
    ) as summed
    where (sums.players, sums.staked, sums.rounds, sums.listed, sums.listed_staked, sums.listed_paid)
        is distinct from (
            summed.players, summed.staked, summed.rounds, summed.listed, summed.listed_staked, summed.listed_paid
        )";

/// Everything is what the ledger adds up to.
pub(super) async fn are_right(installation: &Installation) {
    assert_eq!(number(installation, WRONG).await, 0, "standings");
    assert_eq!(number(installation, WRONG_SUMS).await, 0, "their sums");
}

#[tokio::test]
async fn a_bet_is_on_the_board_after_the_writers_own_refresh() {
    let installation = Installation::builder()
        .writer_args(&["--leaderboard-ms", "50"])
        .start()
        .await;
    let (_, [alice, ..]) = people(&installation).await;
    let shown = page(&installation, PLAYERS).await;
    assert_eq!(shown["users"], json!([]));
    play(&installation, &alice, 100, 300).await;
    let reader = installation.reader(0);
    installation
        .within(LIMIT, "it is on the board", || async {
            reader.get(PLAYERS).await.json()["users"][0]["username"] == "alice"
        })
        .await;
    installation.finish().await;
}

#[tokio::test]
async fn figures_are_what_the_ledger_adds_up_to_while_bets_and_contests_go_on() {
    let installation = Installation::builder()
        .writer_args(&["--leaderboard-ms", "20", "--leaderboard-batch", "7"])
        .patient()
        .start()
        .await;
    let (_, players) = people(&installation).await;
    for contest in ["first", "second", "third"] {
        let bets = players.iter().map(|player| {
            let client = installation.writer().logged_in(&player.token);
            async move {
                for _ in 0..15 {
                    client
                        .post("/api/casino/slots/bet", &json!({"stake": 1}))
                        .await
                        .ok();
                }
            }
        });
        tokio::join!(begin(&installation, contest), futures(bets));
    }
    installation
        .within(LIMIT, "everything is taken over", || async {
            number(&installation, NOT_TAKEN_OVER).await == 0
        })
        .await;
    are_right(&installation).await;
    let in_contests = "select sum(staked - base_staked) from operator_standings";
    assert!(number(&installation, in_contests).await <= 3 * 15 * 100);
    installation.finish().await;
}

async fn futures(all: impl Iterator<Item = impl Future<Output = ()> + Send + 'static>) {
    let mut tasks = tokio::task::JoinSet::new();
    for one in all {
        tasks.spawn(one);
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test]
async fn a_transaction_that_ends_late_is_not_missed() {
    let installation = installation().await;
    let (_, [alice, bob, _]) = people(&installation).await;
    refresh_all(&installation).await;
    let mut late = installation.database.pool().begin().await.unwrap();
    play_in(&mut late, alice.operator, alice.id, 100, 900).await;
    play(&installation, &bob, 100, 300).await;
    assert_eq!(refresh_once(&installation, BATCH).await, Refreshed::Done);
    late.commit().await.unwrap();
    refresh_all(&installation).await;
    let expected = ["aurora/alice", "aurora/bob"];
    assert_eq!(names(&installation, PLAYERS).await, expected);
    are_right(&installation).await;
    installation.finish().await;
}

#[tokio::test]
async fn a_refresh_in_small_batches_comes_to_the_same() {
    let installation = installation().await;
    let (_, players) = people(&installation).await;
    for round in 1..=4 {
        for player in &players {
            play(&installation, player, 100, 100 * round).await;
        }
    }
    assert_eq!(refresh_once(&installation, 1).await, Refreshed::Behind);
    installation
        .within(LIMIT, "everything is taken over", || async {
            refresh_once(&installation, 1).await;
            number(&installation, NOT_TAKEN_OVER).await == 0
        })
        .await;
    are_right(&installation).await;
    installation.finish().await;
}

#[tokio::test]
async fn of_two_instances_one_refreshes_and_none_counts_twice() {
    let installation = installation().await;
    let (_, [alice, ..]) = people(&installation).await;
    play(&installation, &alice, 100, 300).await;
    let mut one = installation.database.pool().begin().await.unwrap();
    refresh(&mut one, BATCH).await.unwrap();
    assert_eq!(refresh_once(&installation, BATCH).await, Refreshed::Elsewhere);
    one.commit().await.unwrap();
    let both = tokio::join!(
        refresh_all(&installation),
        refresh_once(&installation, BATCH),
        refresh_once(&installation, BATCH)
    );
    assert!(both.1 == Refreshed::Done || both.1 == Refreshed::Elsewhere);
    are_right(&installation).await;
    installation.finish().await;
}

#[tokio::test]
async fn a_refresh_that_is_rolled_back_took_nothing_over() {
    let installation = installation().await;
    let (_, [alice, ..]) = people(&installation).await;
    play(&installation, &alice, 100, 300).await;
    let mut transaction = installation.database.pool().begin().await.unwrap();
    refresh(&mut transaction, BATCH).await.unwrap();
    transaction.rollback().await.unwrap();
    assert!(number(&installation, NOT_TAKEN_OVER).await > 0);
    refresh_all(&installation).await;
    are_right(&installation).await;
    installation.finish().await;
}

#[tokio::test]
async fn everything_read_again_counts_once_also_after_a_restore_from_a_dump() {
    let installation = installation().await;
    let (_, [alice, bob, _]) = people(&installation).await;
    play(&installation, &alice, 100, 300).await;
    refresh_all(&installation).await;
    execute(&installation, "update standings_mark set before_xid = '0'").await;
    refresh_all(&installation).await;
    are_right(&installation).await;
    execute(
        &installation,
        "update standings_mark set before_xid = '99999999999'",
    )
    .await;
    play(&installation, &bob, 100, 300).await;
    refresh_all(&installation).await;
    assert!(number(&installation, "select before_xid from standings_mark").await < 99_999_999_999);
    are_right(&installation).await;
    installation.finish().await;
}

#[tokio::test]
async fn what_shows_nothing_new_gives_no_board_a_new_version() {
    let installation = installation().await;
    let ([aurora, bluefin], [alice, bob, _]) = people(&installation).await;
    play(&installation, &alice, 100, 300).await;
    refresh_all(&installation).await;
    let version = |operator: i64| {
        let installation = &installation;
        async move {
            let of = format!(
                "select coalesce((select version from cache_versions where kind = 'leaderboard' and operator_id = {operator}), 0)"
            );
            number(installation, &of).await
        }
    };
    let versions = async || {
        [
            version(0).await,
            version(aurora.id.get()).await,
            version(bluefin.id.get()).await,
        ]
    };
    let before = versions().await;
    for _ in 0..3 {
        refresh_once(&installation, BATCH).await;
    }
    execute(&installation, "update players set last_login_at = now()").await;
    refresh_all(&installation).await;
    assert_eq!(versions().await, before);
    play(&installation, &bob, 100, 0).await;
    refresh_all(&installation).await;
    let [all, of_aurora, of_bluefin] = before;
    assert!(versions().await[0] > all, "the operators' board shows every bet");
    assert_eq!(versions().await[1..], [of_aurora, of_bluefin]);
    play(&installation, &bob, 100, 1_000).await;
    refresh_all(&installation).await;
    assert!(versions().await[1] > of_aurora);
    assert_eq!(versions().await[2], of_bluefin);
    installation.finish().await;
}

/// An operator may be created while a refresh is under way that has looked for new operators already.
#[tokio::test]
async fn a_player_of_an_operator_that_was_not_noted_yet_is_counted() {
    let installation = installation().await;
    let (_, [alice, ..]) = people(&installation).await;
    execute(&installation, "delete from standings_due where player_id is null").await;
    play(&installation, &alice, 100, 300).await;
    refresh_all(&installation).await;
    are_right(&installation).await;
    assert_eq!(
        number(&installation, "select sum(players) from operator_standings").await,
        3
    );
    assert_eq!(names(&installation, PLAYERS).await, ["aurora/alice"]);
    installation.finish().await;
}
