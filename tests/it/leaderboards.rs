//! Leaderboards: what is on them, in which order, since when, and what they cost who does not ask.

use std::time::Duration;

use serde_json::{Value, json};
use shared::ids::{OperatorId, PlayerId};
use shared::money::{Currency, Minor};
use shared::random::Random;
use sqlx::{AssertSqlSafe, PgConnection};
use tests::{Installation, people::Operator, people::Player};
use time::OffsetDateTime;
use write_api::leaderboards::{ContestBegun, NewContest, Refreshed, begin_contest, catch_up, refresh};
use write_api::ledger::{Account, Posting, Reason, lock_wallet, post};

mod contests;
mod ordered;
mod pages;
mod standings;

const PLAYERS: &str = "/api/public/user-leaderboard";
const OPERATORS: &str = "/api/public/partner-leaderboard";
const BATCH: u32 = 1000;
const KEPT: u32 = 100;
/// A refresh, a pull and a fill, on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// One reader, and no refresh but the test's own.
async fn installation() -> Installation {
    with_reader_args(&[]).await
}

async fn with_reader_args(args: &[&str]) -> Installation {
    Installation::builder()
        .writer_args(&["--leaderboard-ms", "3600000"])
        .reader_args(args)
        .start()
        .await
}

/// Lets the player stake and be paid so much in one round, in a transaction that is left open.
async fn play_in(db: &mut PgConnection, operator: OperatorId, player: PlayerId, staked: i64, paid: i64) {
    let now = OffsetDateTime::UNIX_EPOCH;
    let round = Random::system().uuid(now);
    let mut wallet = lock_wallet(operator, db, player).await.unwrap();
    let (own, house) = (Account::Wallet(player), Account::Casino);
    let postings = [
        (own, house, staked, Reason::Stake),
        (house, own, paid, Reason::Payout),
    ];
    let postings: Vec<Posting> = postings
        .into_iter()
        .filter(|(_, _, amount, _)| *amount > 0)
        .map(|(debit, credit, amount, reason)| Posting {
            debit,
            credit,
            amount: Minor::new(amount),
            reason,
            reference: round.to_string(),
        })
        .collect();
    let (nonce, seed_pair) = (wallet.begin_round(), wallet.seed_pair_id());
    wallet.post(round, &postings).unwrap();
    post(db, vec![wallet], now).await.unwrap();
    sqlx::query(
        "insert into rounds (operator_id, id, player_id, game, math_version, seed_pair_id, nonce, stake, payout,
            payout_limited, status, result, created_at, settled_at)
         values ($1, $2, $3, 'slots', 1, $4, $5, $6, $7, false, 'settled', '{}', $8, $8)",
    )
    .bind(operator.get())
    .bind(round)
    .bind(player.get())
    .bind(seed_pair)
    .bind(nonce)
    .bind(staked)
    .bind(paid)
    .bind(now)
    .execute(db)
    .await
    .unwrap();
}

/// Lets the player stake and be paid so much, in minor units.
async fn play(installation: &Installation, player: &Player, staked: i64, paid: i64) {
    let mut transaction = installation.database.pool().begin().await.unwrap();
    play_in(&mut transaction, player.operator, player.id, staked, paid).await;
    transaction.commit().await.unwrap();
}

/// One refresh of so many entries at most.
async fn refresh_once(installation: &Installation, batch: u32) -> Refreshed {
    let mut transaction = installation.database.pool().begin().await.unwrap();
    let refreshed = refresh(&mut transaction, batch).await.unwrap();
    transaction.commit().await.unwrap();
    refreshed
}

async fn number(installation: &Installation, expression: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(format!("select ({expression})::text::bigint")))
        .fetch_one(installation.database.pool())
        .await
        .unwrap()
}

async fn execute(installation: &Installation, statement: &'static str) {
    sqlx::query(statement)
        .execute(installation.database.pool())
        .await
        .unwrap();
}

/// Wallets whose totals are not those of the standings, and what waits to be taken over.
const NOT_TAKEN_OVER: &str = "
    (
        select count(*)
        from wallets
        left join standings using (operator_id, player_id)
        where (wallets.staked, wallets.paid, wallets.rounds)
            is distinct from (standings.staked, standings.paid, standings.rounds)
    ) + (select count(*) from standings_due)";

/// Refreshes until everything is taken over, which transactions of other tests on the same server may hold up, and the
/// reader knows it.
async fn refresh_all(installation: &Installation) {
    installation
        .within(LIMIT, "everything is taken over", || async {
            refresh_once(installation, BATCH).await;
            number(installation, NOT_TAKEN_OVER).await == 0
        })
        .await;
    reader_knows(installation).await;
}

/// Waits until the reader has heard of every version of a leaderboard.
async fn reader_knows(installation: &Installation) {
    let versions: Vec<(i64, i64)> =
        sqlx::query_as("select operator_id, version from cache_versions where kind = 'leaderboard'")
            .fetch_all(installation.database.pool())
            .await
            .unwrap();
    installation
        .within(LIMIT, "the reader knows of it", || async {
            let known = installation.readers[0].reader().versions.load();
            versions.iter().all(|(operator, version)| {
                let topic = shared::coherence::Topic::of(
                    OperatorId::new(*operator),
                    shared::coherence::Kind::Leaderboard,
                );
                known.of(topic).get() >= *version
            })
        })
        .await;
}

/// A page as it is when it is known to be current.
async fn page(installation: &Installation, path: &str) -> Value {
    let reader = installation.reader(0);
    let is_current = || async {
        let answer = reader.get(path).await;
        answer.status.is_success() && !answer.header("cache-status").contains("stale")
    };
    installation.within(LIMIT, "a current page", is_current).await;
    reader.get(path).await.ok()
}

/// Who is on the page, with the operators' names in URLs.
async fn names(installation: &Installation, path: &str) -> Vec<String> {
    let page = page(installation, path).await;
    let users = page["users"].as_array().unwrap();
    let name = |user: &Value| format!("{}/{}", user["subdomain"], user["username"]).replace('"', "");
    users.iter().map(name).collect()
}

/// Begins a contest as `write-api contest begin` does.
async fn begin(installation: &Installation, name: &str) -> ContestBegun {
    let now = installation.clock.now();
    let new = NewContest {
        name: name.parse().unwrap(),
        ends_at: now + Duration::from_hours(24),
    };
    let mut transaction = installation.database.pool().begin().await.unwrap();
    while catch_up(&mut transaction, BATCH).await.unwrap() == Refreshed::Behind {}
    let begun = begin_contest(&mut transaction, &new, BATCH, KEPT, now)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    reader_knows(installation).await;
    begun
}

/// Operators `aurora` and `bluefin`, with `alice` and `bob` at the one and `carol` at the other.
async fn people(installation: &Installation) -> ([Operator; 2], [Player; 3]) {
    let aurora = installation.operator("aurora").await;
    let bluefin = installation.operator("bluefin").await;
    let players = [
        installation.player(&aurora, "alice", 100_000).await,
        installation.player(&aurora, "bob", 100_000).await,
        installation.player(&bluefin, "carol", 100_000).await,
    ];
    ([aurora, bluefin], players)
}
