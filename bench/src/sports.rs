//! `sports`: how many bets on sports the writer takes beside bets in the casino, how fast a market with many bets is
//! settled, and what a refresh of the catalogue writes. Must never count a bet that was refused.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use dev::launch::{Feed, Home};
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::ids::OperatorId;
use shared::random::Random;
use sqlx::{Connection, PgConnection};
use tokio::time::{sleep, timeout};

use crate::aim::Aim;
use crate::bets::{Ask, Load, median};
use crate::books;
use crate::failure::Failure;
use crate::installation::{self, Places};
use crate::people::{Cast, Operator, People};
use crate::report::{Report, say};

/// Legs of the accumulators.
const LEGS: usize = 5;
/// Events that are bet on.
const EVENTS: usize = 40;
/// The event that many bets are settled on; nobody else bets on it.
const SETTLED_EVENT: &str = "settled";
/// A settlement and a refresh take no longer than this, or something is wrong.
const LIMIT: Duration = Duration::from_mins(5);
const PAUSE: Duration = Duration::from_millis(20);
/// The longest that settling 100,000 bets should take.
const MOST_SETTLE_S: f64 = 10.0;
/// Matches of the feed that is refreshed, and one of how many has another price then.
const MATCHES: usize = 300;
const CHANGED_OF: usize = 100;

/// Counts bets on sports per second over HTTP beside bets in the casino, and times the settlement of a market and a
/// refresh of the catalogue.
///
/// Each player has a connection of its own and bets again as soon as the last bet is answered: on slots, on one
/// selection, on five. The three run by turns, and each number is that of the middle round. Then a market that many bets
/// are on is settled, and a feed of 300 matches is read with one price in a hundred changed. Wrong is: a bet that is
/// refused, a bet that is not settled, and anything wrong in the books.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Players at once.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    players: u32,
    /// How long each load runs at a time, in seconds.
    #[arg(long, value_name = "S", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
    /// How often each load runs.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// Bets on the market that is settled.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..=10_000_000))]
    bets: u32,
}

/// Runs the measurement.
pub(crate) async fn run(options: &Options) -> Result<Report, Failure> {
    let clock = Clock::machine();
    let folder = Home::temporary(&Random::system())?;
    let feed = folder.folder().to_owned();
    write_feed(&feed, 0)?;
    let place = Feed::At(feed.display().to_string());
    let args = ["--feed-interval-s", "1"];
    installation::with_feed(0, place, &args, &clock, async |places| {
        measure(options, &places, &feed, &clock).await
    })
    .await
}

async fn measure(options: &Options, places: &Places, feed: &Path, clock: &Clock) -> Result<Report, Failure> {
    let cast = Cast {
        name: "sports",
        operators: 1,
        players: options.players,
    };
    say(&format!(
        "Creating {} players and {EVENTS} events …",
        options.players
    ));
    let people = People::create(&places.database_url, cast, clock).await?;
    let mut db = PgConnection::connect(&places.database_url).await?;
    for number in 0..EVENTS {
        insert_event(&mut db, &number.to_string(), clock).await?;
    }
    insert_event(&mut db, SETTLED_EVENT, clock).await?;
    let tokens: Vec<Box<str>> = people.players.iter().map(|player| player.token.clone()).collect();
    let load = |ask: Ask| Load {
        writer: places.writer.address,
        tokens: tokens.clone(),
        ask,
        clock: clock.clone(),
    };
    let loads = [load(Ask::slots()), load(singles()), load(accumulators())];
    let mut rates = [const { Vec::new() }; 3];
    let mut latencies = [const { Vec::new() }; 3];
    let mut refused = 0;
    for load in &loads {
        load.run(tokens.len(), Duration::from_secs(1)).await?;
    }
    sqlx::raw_sql("vacuum analyze").execute(&mut db).await?;
    for round in 1..=options.rounds {
        for (which, load) in loads.iter().enumerate() {
            let answers = load
                .run(tokens.len(), Duration::from_secs(options.seconds.into()))
                .await?;
            refused += answers.refused.values().sum::<u64>();
            rates[which].push(answers.per_s());
            latencies[which].push(answers.latencies.p50_ms());
        }
        let last = |which: usize| rates[which].last().copied().unwrap_or_default();
        say(&format!(
            "round {round}: {:.0} bets/s in the casino, {:.0} singles/s, {:.0} accumulators/s",
            last(0),
            last(1),
            last(2)
        ));
    }
    let [casino, singles, accumulators] = rates.map(median);
    let [casino_ms, singles_ms, accumulators_ms] = latencies.map(median);
    say(&format!("Settling a market with {} bets …", options.bets));
    let settle_s = settle(options.bets, &people, places, &mut db, clock).await?;
    say(&format!(
        "Changing one price in {CHANGED_OF} of {MATCHES} matches …"
    ));
    let refreshed = refresh(places, feed).await?;
    say("Verifying the books …");
    let wrong = books::difference(&mut db).await?;

    let mut report = Report::new("sports");
    report.value("players", options.players);
    report.value("casino_per_s", rounded(casino));
    report.value("singles_per_s", rounded(singles));
    report.value("accumulators_per_s", rounded(accumulators));
    report.value("singles_by_casino", rounded(singles / casino));
    report.value("casino_p50_ms", casino_ms);
    report.value("singles_p50_ms", singles_ms);
    report.value("accumulators_p50_ms", accumulators_ms);
    report.value("settled_bets", options.bets);
    report.value("settle_s", rounded(settle_s));
    let per_100k = settle_s * 100_000.0 / f64::from(options.bets);
    report.value("settle_100k_s", rounded(per_100k));
    report.value("refresh_rows", refreshed["rows_written"].clone());
    report.value("refresh_markets", refreshed["markets"].clone());
    report.value("refresh_ms", refreshed["duration_ms"].clone());
    report.value("books_ok", wrong.is_none());
    Aim::AtMost(MOST_SETTLE_S).tell("seconds to settle 100,000 bets", per_100k);
    if refused > 0 {
        report.broken(format!("{refused} bets were refused"));
    }
    if let Some(difference) = wrong {
        report.broken(format!("the books: {difference}"));
    }
    Ok(report)
}

fn leg(event: usize) -> Value {
    json!({
        "sport": "soccer", "event_id": event.to_string(), "market_id": "1", "selection_id": "Home", "odds": 1.85,
    })
}

/// A bet on one selection, for each player on another event.
fn singles() -> Ask {
    let body = |event: usize| {
        let mut body = leg(event);
        body["stake"] = json!(1);
        body.to_string()
    };
    Ask {
        path: "/api/betting/place",
        bodies: (0..EVENTS).map(body).collect(),
    }
}

/// A bet on several selections, for each player on other events.
fn accumulators() -> Ask {
    let body = |first: usize| {
        let legs: Vec<Value> = (first..first + LEGS).map(|event| leg(event % EVENTS)).collect();
        json!({ "selections": legs, "stake": 1 }).to_string()
    };
    Ask {
        path: "/api/betting/place-combo",
        bodies: (0..EVENTS).map(body).collect(),
    }
}

async fn insert_event(db: &mut PgConnection, event: &str, clock: &Clock) -> Result<(), Failure> {
    sqlx::query(
        "insert into events (sport, id, home, away, league, date_text, time_text, starts_at, status, status_text,
            content_hash, version, is_listed, first_seen_at, changed_at)
         values ('soccer', $1, 'Home ' || $1, 'Away ' || $1, 'League', '', '', $2, 'not_started', '', sha256(''), 1,
            true, $3, $3)",
    )
    .bind(event)
    .bind(clock.now() + Duration::from_hours(24))
    .bind(clock.now())
    .execute(&mut *db)
    .await?;
    sqlx::query(
        r#"insert into markets (sport, event_id, id, position, key, name, is_suspended, selections)
         values ('soccer', $1, '1', 0, 'match_result', '3Way Result', false,
            '[{"id": "Home", "name": "Home", "price_milli": 1850, "price_text": "1.85", "suspended": false},
              {"id": "Draw", "name": "Draw", "price_milli": 3600, "price_text": "3.60", "suspended": false},
              {"id": "Away", "name": "Away", "price_milli": 4200, "price_text": "4.20", "suspended": false}]')"#,
    )
    .bind(event)
    .execute(db)
    .await?;
    Ok(())
}

/// Stores so many bets on one market, of all players, and lets the operator's staff settle it; how long that took.
async fn settle(
    bets: u32,
    people: &People,
    places: &Places,
    db: &mut PgConnection,
    clock: &Clock,
) -> Result<f64, Failure> {
    let operator: &Operator = &people.operators[0];
    let players: Vec<i64> = people.players.iter().map(|player| player.id.get()).collect();
    store_bets(operator.id, db, &players, bets, clock).await?;
    sqlx::query("update events set starts_at = $1 where id = $2")
        .bind(clock.now() - Duration::from_mins(1))
        .bind(SETTLED_EVENT)
        .execute(&mut *db)
        .await?;
    sqlx::raw_sql("vacuum analyze").execute(&mut *db).await?;
    let url = format!(
        "{}/api/admin/{}/manual-settle",
        places.writer.url, operator.subdomain
    );
    let body = json!({
        "match_id": SETTLED_EVENT, "market_id": "1", "sport": "soccer", "winning_selection": "Home",
    });
    let began = clock.elapsed();
    let answer = reqwest::Client::new()
        .post(&url)
        .bearer_auth(&operator.staff_token)
        .json(&body)
        .send()
        .await?;
    if !answer.status().is_success() {
        return Err(Failure::Unfit(format!("{url} answered {}", answer.text().await?)));
    }
    let wait = async {
        loop {
            let (done, changed): (bool, i64) = sqlx::query_as(
                "select done_at is not null, changed from market_settlements where event_id = $1",
            )
            .bind(SETTLED_EVENT)
            .fetch_one(&mut *db)
            .await?;
            if done {
                return Ok::<_, Failure>(changed);
            }
            sleep(PAUSE).await;
        }
    };
    let changed = timeout(LIMIT, wait)
        .await
        .map_err(|_| Failure::Unfit("the market is never settled".to_owned()))??;
    if changed != i64::from(bets) {
        return Err(Failure::Unfit(format!("{changed} bets were settled")));
    }
    Ok(clock.elapsed().saturating_sub(began).as_secs_f64())
}

/// Writes what placing so many bets of 1.00 writes, all at once: every second of them on what will win.
async fn store_bets(
    operator: OperatorId,
    db: &mut PgConnection,
    players: &[i64],
    bets: u32,
    clock: &Clock,
) -> Result<(), Failure> {
    // An hour that nobody else plays in, so that no mark of a wallet is between.
    let at = clock.now() - Duration::from_hours(3);
    sqlx::query(include_str!("sports/bets.sql"))
        .bind(operator.get())
        .bind(players)
        .bind(i64::from(bets))
        .bind(at)
        .bind(SETTLED_EVENT)
        .execute(db)
        .await?;
    Ok(())
}

/// The number of the refresh says which prices it has.
fn write_feed(folder: &Path, number: usize) -> Result<(), Failure> {
    let mut matches = String::new();
    for id in 0..MATCHES {
        let price = if number > 0 && id % CHANGED_OF == 0 {
            "1.95"
        } else {
            "1.85"
        };
        let comma = if id == 0 { "" } else { "," };
        let odds = |name: &str, first: &str| {
            format!(
                r#"{{"id":"{name}","value":"{name}","bookmakers":[{{"id":"16","odds":[{{"name":"Home","value":"{first}"}},{{"name":"Draw","value":"3.60"}},{{"name":"Away","value":"4.20"}}]}}]}}"#
            )
        };
        let markets: Vec<String> = (0..40)
            .map(|market| odds(&format!("Market {market}"), price))
            .collect();
        let one = format!(
            r#"{comma}{{"id":"f{id}","status":"Not Started","formatted_date":"14.06.2035","time":"15:00","localteam":{{"name":"Home {id}"}},"visitorteam":{{"name":"Away {id}"}},"odds":[{}]}}"#,
            markets.join(",")
        );
        matches.push_str(&one);
    }
    let json = format!(
        r#"{{"metadata":{{"sport":"futsal"}},"odds_data":{{"scores":{{"sport":"futsal","categories":[{{"name":"League","matches":[{matches}]}}]}}}}}}"#
    );
    let file = folder.join("futsal_odds.json");
    let new = folder.join("new");
    std::fs::write(&new, json)?;
    std::fs::rename(new, file)?;
    Ok(())
}

/// Lets the writer read the feed with some prices changed; what it says of that.
async fn refresh(places: &Places, feed: &Path) -> Result<Value, Failure> {
    let client = reqwest::Client::new();
    let url = format!("{}/health/detailed", places.writer.url);
    let found = async || {
        let health: Value = client.get(&url).send().await?.json().await?;
        Ok::<_, Failure>(health["feed"]["sports"]["futsal"].clone())
    };
    let until = async |is_it: &dyn Fn(&Value) -> bool| {
        let wait = async {
            loop {
                let found = found().await?;
                if is_it(&found) {
                    return Ok::<_, Failure>(found);
                }
                sleep(PAUSE).await;
            }
        };
        timeout(LIMIT, wait)
            .await
            .map_err(|_| Failure::Unfit("the feed is never read".to_owned()))?
    };
    let first = until(&|found| found["rows_written"].as_u64().is_some_and(|rows| rows > 0)).await?;
    write_feed(feed, 1)?;
    until(&|found| found["version"].as_u64() > first["version"].as_u64()).await
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
