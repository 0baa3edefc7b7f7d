//! The sports feed from the supplier's file to the pages: nothing is lost, nothing is written that did not change, and
//! no fault of the supplier takes away what is known.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use sqlx::Row;
use tests::Installation;
use tokio::time::Instant;

pub(crate) mod file;
mod web;

use file::{FeedFolder, SPORTS, matches, offered, sample, sample_json, shown};
use web::{FeedServer, KEY};

/// What has been read is stored and at every reader within this.
const LIMIT: Duration = Duration::from_secs(30);
/// Asking whether the service lives takes no longer than this, whatever it works on.
const HEALTH_LIMIT: Duration = Duration::from_secs(1);

async fn start(readers: usize, feed: &str) -> Installation {
    let installation = Installation::builder()
        .readers(readers)
        .writer_args(&["--feed", feed, "--feed-interval-s", "1"])
        .start()
        .await;
    installation
        .within(LIMIT, "the feed is read", || async {
            !health(&installation).await["read_at"].is_null()
        })
        .await;
    installation
}

/// What the writer tells of its feed.
async fn health(installation: &Installation) -> Value {
    installation.writer().get("/health/detailed").await.ok()["feed"].clone()
}

/// Waits until the whole feed has been read once more, by a reading that began after this call.
async fn read_again(installation: &Installation) {
    // The first to end may have begun before.
    for _ in 0..2 {
        let last = &health(installation).await["read_at"];
        installation
            .within(LIMIT, "the feed is read", || async {
                health(installation).await["read_at"] != *last
            })
            .await;
    }
}

/// Waits until the writer tells this about its feed.
async fn tells(installation: &Installation, pointer: &str, expected: &Value) {
    let what = format!("{pointer} is {expected}");
    let is_told = || async { health(installation).await.pointer(pointer) == Some(expected) };
    installation.within(LIMIT, &what, is_told).await;
}

/// Changes the feed and waits until that has bumped the sport's version.
async fn bumps(installation: &Installation, sport: &str, change: impl FnOnce()) {
    let before = versions(installation).await[sport];
    change();
    let is_bumped = || async { versions(installation).await[sport] > before };
    installation
        .within(LIMIT, "the version is bumped", is_bumped)
        .await;
}

/// The version of each sport that has one.
async fn versions(installation: &Installation) -> BTreeMap<String, i64> {
    sqlx::query("select substr(kind, 6) as sport, version from cache_versions where kind like 'feed:%'")
        .fetch_all(installation.database.pool())
        .await
        .unwrap()
        .iter()
        .map(|row| (row.get("sport"), row.get("version")))
        .collect()
}

/// Every event with all that a write would change about it or its markets, down to the transaction that wrote it.
async fn rows(installation: &Installation) -> BTreeMap<String, String> {
    sqlx::query(
        "select e.sport || ' ' || e.id as id,
            format('%s %s %s %s %s', e.version, e.is_listed, e.changed_at, e.xmin,
                (select string_agg(m.xmin::text, ' ' order by m.position) from markets m
                 where m.sport = e.sport and m.event_id = e.id)) as state
         from events e",
    )
    .fetch_all(installation.database.pool())
    .await
    .unwrap()
    .iter()
    .map(|row| (row.get("id"), row.get("state")))
    .collect()
}

/// The pages of a sport's events, in the form of [`offered`], at every reader, once it shows the newest version.
async fn pages(installation: &Installation, sport: &str) -> Vec<Value> {
    let version = format!("feed:{sport}={}", versions(installation).await[sport]);
    let path = format!("/api/sports/events/{sport}");
    let mut pages = Vec::new();
    for number in 0..installation.readers.len() {
        let reader = installation.reader(number);
        installation
            .within(LIMIT, "the reader has the newest version", || async {
                reader.get(&path).await.header("edgebook-version") == version
            })
            .await;
        pages.push(shown(&reader.get(&path).await.ok()));
    }
    pages
}

/// Every reader offers for this sport what the file does.
async fn offers(installation: &Installation, sport: &str, file: &Value) {
    for (number, page) in pages(installation, sport).await.iter().enumerate() {
        assert_eq!(*page, offered(file), "{sport} at reader {number}");
    }
}

fn first_category(file: &mut Value) -> &mut Value {
    let scores = &mut file["odds_data"]["scores"];
    let name = if scores.get("category").is_some() {
        "category"
    } else {
        "categories"
    };
    &mut scores[name][0]
}

#[tokio::test]
async fn all_that_the_sample_feed_offers_is_at_every_reader() {
    let installation = start(2, file::SAMPLE).await;
    let mut expected = serde_json::Map::new();
    for sport in SPORTS {
        let file = sample_json(sport);
        offers(&installation, sport, &file).await;
        expected.insert(sport.to_owned(), json!(offered(&file).as_array().unwrap().len()));
    }
    for number in [0, 1] {
        let sports = installation.reader(number).get("/api/sports/sports").await.ok();
        let counts: serde_json::Map<_, _> = sports
            .as_object()
            .unwrap()
            .iter()
            .map(|(sport, view)| (sport.clone(), view["count"].clone()))
            .collect();
        assert_eq!(counts, expected, "reader {number}");
        assert_eq!(sports["cricket"]["display_name"], "Cricket");
    }
    installation.finish().await;
}

/// The comparison above would be worth little if the sample lacked something that feeds have.
#[test]
fn the_sample_feed_has_an_example_of_everything() {
    let all: Vec<Value> = SPORTS.iter().map(|sport| offered(&sample_json(sport))).collect();
    let text = Value::Array(all).to_string();
    for example in [
        r#""line_kind":"handicap""#,
        r#""line_kind":"total""#,
        r#""line":"+""#,
        r#""main":true"#,
        r#""main":false"#,
        r#""odds":null"#,
        r#""suspended":true"#,
        "T21:30:00Z",
    ] {
        assert!(text.contains(example), "{example}");
    }
}

#[tokio::test]
async fn one_price_that_changed_bumps_its_sport_by_one_and_nothing_else() {
    let feed = FeedFolder::sample();
    let installation = start(2, feed.text()).await;
    let mut versions_before = versions(&installation).await;
    let mut rows_before = rows(&installation).await;
    let soccer = |file: &mut Value| {
        let market = &mut first_category(file)["matches"][0]["odds"][1];
        market["bookmakers"][0]["odds"][0]["odds"][1]["value"] = json!("3.05");
    };
    let cricket = |file: &mut Value| {
        let market = &mut first_category(file)["matches"]["match"]["odds"]["type"][2];
        market["bookmaker"]["total"]["odd"][0]["value"] = json!("1.91");
    };
    for (sport, id, change, odds) in [
        ("soccer", "910001", &soccer as &dyn Fn(&mut Value), 3.05),
        ("cricket", "940001", &cricket, 1.91),
    ] {
        bumps(&installation, sport, || feed.change(sport, change)).await;
        read_again(&installation).await;

        let versions_now = versions(&installation).await;
        *versions_before.get_mut(sport).unwrap() += 1;
        assert_eq!(versions_now, versions_before, "{sport}");

        offers(&installation, sport, &feed.read(sport)).await;
        let page = &pages(&installation, sport).await[0];
        assert!(
            page[0].to_string().contains(&format!("\"odds\":{odds}")),
            "{page}"
        );

        let rows_now = rows(&installation).await;
        let changed = rows_now.iter().filter(|(id, state)| rows_before[*id] != **state);
        let changed: Vec<_> = changed.map(|(id, _)| id.clone()).collect();
        assert_eq!(changed, [format!("{sport} {id}")]);
        rows_before = rows_now;
    }
    installation.finish().await;
}

#[tokio::test]
async fn readings_of_an_unchanged_feed_write_nothing() {
    let feed = FeedFolder::sample();
    let installation = start(1, feed.text()).await;
    let before = (versions(&installation).await, rows(&installation).await);
    let wrote = async || (versions(&installation).await, rows(&installation).await) != before;
    read_again(&installation).await;
    assert!(!wrote().await, "the files were left alone");

    for sport in SPORTS {
        feed.write(sport, sample(sport));
    }
    read_again(&installation).await;
    assert!(!wrote().await, "the same bytes were written again");

    for sport in SPORTS {
        feed.change(sport, |file| {
            file["metadata"]["fetch_timestamp"] = json!("2026-01-15T09:00:10.000000");
        });
    }
    read_again(&installation).await;
    assert!(
        !wrote().await,
        "only the spelling and the time of fetching changed"
    );
    installation.finish().await;
}

#[tokio::test]
async fn a_bad_match_costs_itself_only_and_is_counted_by_its_reason() {
    let feed = FeedFolder::sample();
    let installation = start(2, feed.text()).await;
    let good = offered(&feed.read("soccer"));
    assert_eq!(
        health(&installation).await["sports"]["soccer"]["skipped"],
        json!({"missing_team": 1})
    );
    feed.change("soccer", |file| {
        let matches = first_category(file)["matches"].as_array_mut().unwrap();
        let model = matches[0].clone();
        let mut spoil = |member: &str, value: Value| {
            let mut bad = model.clone();
            bad["id"] = json!(format!("spoilt {member}"));
            bad[member] = value;
            matches.insert(0, bad);
        };
        spoil("id", json!(""));
        spoil("formatted_date", json!("soon"));
        spoil("time", json!("25:00"));
        spoil("localteam", json!({"name": "x".repeat(301)}));
        spoil(
            "odds",
            json!(vec![json!({"id": "1", "value": "Home/Away"}); 2001]),
        );
        matches.insert(0, json!("to be announced"));
        let duplicate = model.clone();
        matches.push(duplicate);
    });
    read_again(&installation).await;
    let soccer = &health(&installation).await["sports"]["soccer"];
    assert_eq!(soccer["last_error"], Value::Null);
    assert_eq!(
        soccer["skipped"],
        json!({
            "bad_start_time": 2,
            "duplicate_id": 1,
            "missing_id": 1,
            "missing_team": 1,
            "not_an_object": 1,
            "text_too_long": 1,
            "too_many_markets": 1,
        })
    );
    for page in pages(&installation, "soccer").await {
        assert_eq!(page, good);
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_file_that_is_no_feed_takes_nothing_away() {
    let feed = FeedFolder::sample();
    let installation = start(2, feed.text()).await;
    let before = (versions(&installation).await, rows(&installation).await);
    let whole = sample("soccer");
    let cut_off = &whole[..whole.len() / 2];
    for (content, code) in [
        (cut_off, "not_json"),
        (br#"{"error": "no such key"}"#, "no_scores"),
        (
            br#"{"scores": {"categories": [{"matches": [{"id": "1"}]}]}}"#,
            "nothing_usable",
        ),
        (&sample("tennis"), "other_sport"),
    ] {
        feed.write("soccer", content);
        tells(&installation, "/sports/soccer/last_error", &json!(code)).await;
    }
    feed.remove("soccer");
    tells(&installation, "/sports/soccer/last_error", &json!("missing")).await;
    tells(&installation, "/sports/tennis/last_error", &Value::Null).await;
    feed.remove_all();
    tells(&installation, "/last_error", &json!("folder_unreadable")).await;
    for sport in SPORTS {
        offers(&installation, sport, &sample_json(sport)).await;
    }

    feed.restore();
    tells(&installation, "/last_error", &Value::Null).await;
    tells(&installation, "/sports/soccer/last_error", &Value::Null).await;
    assert_eq!((versions(&installation).await, rows(&installation).await), before);
    installation.finish().await;
}

#[tokio::test]
async fn an_event_that_the_feed_names_no_more_disappears_until_it_is_named_again() {
    let feed = FeedFolder::sample();
    let installation = start(2, feed.text()).await;
    let all = offered(&feed.read("tennis"));
    let count = |number| {
        let reader = installation.reader(number);
        async move { reader.get("/api/sports/sports").await.ok()["tennis"]["count"].clone() }
    };
    let remove = |file: &mut Value| {
        first_category(file)["matches"].as_array_mut().unwrap().remove(1);
    };
    bumps(&installation, "tennis", || feed.change("tennis", remove)).await;
    for page in pages(&installation, "tennis").await {
        assert!(!page.to_string().contains("920002"), "{page}");
        assert_eq!(page.as_array().unwrap().len() + 1, all.as_array().unwrap().len());
    }
    for number in [0, 1] {
        installation
            .within(LIMIT, "it is counted no more", || async {
                count(number).await == 3
            })
            .await;
    }
    let is_kept = "select not is_listed from events where sport = 'tennis' and id = '920002'";
    let is_kept: bool = sqlx::query_scalar(is_kept)
        .fetch_one(installation.database.pool())
        .await
        .unwrap();
    assert!(is_kept, "bets may refer to it");

    bumps(&installation, "tennis", || feed.write("tennis", sample("tennis"))).await;
    offers(&installation, "tennis", &sample_json("tennis")).await;
    installation.finish().await;
}

/// A market, bookmaker, line or selection that is stopped takes down all that is below it, and nothing beside it.
#[tokio::test]
async fn a_stop_is_shown_as_a_suspension_of_what_it_stops() {
    let feed = FeedFolder::sample();
    let installation = start(2, feed.text()).await;
    let stop = |file: &mut Value| {
        let markets = &mut first_category(file)["matches"][0]["odds"];
        markets[0]["stop"] = json!("True");
        markets[1]["bookmakers"][0]["odds"][1]["stop"] = json!("True");
        markets[3]["bookmakers"][0]["stop"] = json!("True");
        markets[5]["bookmakers"][0]["odds"][0]["stop"] = json!("True");
    };
    bumps(&installation, "soccer", || feed.change("soccer", stop)).await;
    let stop = |file: &mut Value| {
        let markets = &mut first_category(file)["matches"]["match"]["odds"]["type"];
        markets[1]["stop"] = json!("True");
        markets[2]["bookmaker"]["total"]["stop"] = json!("True");
    };
    bumps(&installation, "cricket", || feed.change("cricket", stop)).await;
    let flags = |market: &Value| {
        let selections = market["selections"].as_array().unwrap();
        let suspended = selections
            .iter()
            .filter(|selection| selection["suspended"] == true);
        (market["suspended"] == true, suspended.count(), selections.len())
    };
    for page in pages(&installation, "soccer").await {
        let markets = &page[0]["markets"];
        assert_eq!(flags(&markets[0]), (true, 3, 3), "the market");
        assert_eq!(flags(&markets[1]), (false, 2, 6), "one line");
        assert_eq!(flags(&markets[2]).1, 0, "the market beside");
        assert_eq!(flags(&markets[3]), (true, 2, 2), "the bookmaker");
        assert_eq!(flags(&markets[5]), (false, 1, 3), "one selection");
    }
    for page in pages(&installation, "cricket").await {
        let markets = &page[0]["markets"];
        assert_eq!(flags(&markets[0]).1, 0, "the market beside");
        assert_eq!(flags(&markets[1]), (true, 3, 3), "the market");
        assert_eq!(flags(&markets[2]), (false, 2, 2), "the line");
    }
    for sport in ["soccer", "cricket"] {
        offers(&installation, sport, &feed.read(sport)).await;
        bumps(&installation, sport, || feed.write(sport, sample(sport))).await;
        offers(&installation, sport, &sample_json(sport)).await;
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_feed_is_fetched_over_http_once_for_each_change_and_survives_its_server() {
    let server = FeedServer::start(FeedFolder::sample()).await;
    let installation = start(2, &server.url()).await;
    for sport in SPORTS {
        offers(&installation, sport, &sample_json(sport)).await;
    }
    read_again(&installation).await;
    assert_eq!(server.bodies_sent(), 4, "what did not change is not sent again");
    let told = health(&installation).await;
    assert_eq!(told["source"], server.origin());
    assert!(!told.to_string().contains(KEY), "{told}");
    let known: Vec<_> = told["sports"].as_object().unwrap().keys().collect();
    assert_eq!(known, SPORTS, "a sport that the server does not have is none");

    let before = versions(&installation).await;
    for (status, code) in [
        (StatusCode::INTERNAL_SERVER_ERROR, "http_status"),
        (StatusCode::NOT_FOUND, "missing"),
    ] {
        server.fail_with(status);
        for sport in SPORTS {
            tells(
                &installation,
                &format!("/sports/{sport}/last_error"),
                &json!(code),
            )
            .await;
            offers(&installation, sport, &sample_json(sport)).await;
        }
        let told = health(&installation).await;
        assert!(!told.to_string().contains(KEY), "{told}");
    }
    assert_eq!(versions(&installation).await, before);

    server.recover();
    let remove = |file: &mut Value| {
        first_category(file)["matches"].as_array_mut().unwrap().remove(0);
    };
    bumps(&installation, "tennis", || server.feed.change("tennis", remove)).await;
    offers(&installation, "tennis", &server.feed.read("tennis")).await;
    for sport in SPORTS {
        tells(
            &installation,
            &format!("/sports/{sport}/last_error"),
            &Value::Null,
        )
        .await;
    }
    assert_eq!(server.bodies_sent(), 5);
    installation.finish().await;
}

/// A feed of soccer with five megabytes of matches.
fn large_feed() -> Value {
    let mut file = sample_json("soccer");
    let category = first_category(&mut file);
    let model = category["matches"][0].clone();
    let bytes = model.to_string().len();
    let matches = (0..5_000_000 / bytes).map(|number| {
        let mut one = model.clone();
        one["id"] = json!(number.to_string());
        one["localteam"]["name"] = json!(format!("Home of {number}"));
        one
    });
    category["matches"] = matches.collect();
    file
}

#[tokio::test]
async fn five_megabytes_of_matches_hold_up_nothing_else() {
    let feed = FeedFolder::empty();
    let installation = start(1, feed.text()).await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let file = large_feed();
    let count = matches(&file).len();
    feed.write("soccer", file.to_string());
    let services = [installation.writer(), installation.reader(0)];
    let player = installation.reader(0).logged_in(&alice.token);
    let begun = Instant::now();
    let mut asked = 0;
    while health(&installation).await["sports"]["soccer"]["last_ok"] == Value::Null {
        for service in &services {
            let now = Instant::now();
            service.get("/health").await.ok();
            let took = now.elapsed();
            assert!(took < HEALTH_LIMIT, "asking whether it lives took {took:?}");
            asked += 1;
        }
        player
            .post("/api/casino/slots/bet", &json!({"stake": 1}))
            .await
            .ok();
        assert!(begun.elapsed() < LIMIT, "the feed is stored in time");
    }
    assert!(asked > 10, "{asked}");
    let rows = &health(&installation).await["sports"]["soccer"]["rows_written"];
    assert!(rows.as_u64().unwrap() > count as u64 * 6, "{rows}");
    let page = pages(&installation, "soccer").await.remove(0);
    assert_eq!(page, offered(&file));
    installation.finish().await;
}

#[tokio::test]
async fn the_status_of_the_odds_says_when_they_changed_last() {
    let feed = FeedFolder::sample();
    let installation = start(1, feed.text()).await;
    let status = |sport| {
        let reader = installation.reader(0);
        async move { reader.get(&format!("/api/sports/odds-status/{sport}")).await }
    };
    let first = status("soccer").await.ok();
    assert_eq!(first["sport"], "soccer");
    assert_eq!(first["has_data"], true);
    assert!(first["last_updated"].as_str().unwrap().ends_with('Z'), "{first}");
    assert_eq!(
        status("darts").await.ok(),
        json!({"sport": "darts", "last_updated": null, "has_data": false})
    );
    status("chess").await.problem(404, "sport_not_found");

    let empty = r#"{"metadata": {"sport": "soccer"}, "odds_data": {"scores": {"categories": []}}}"#;
    bumps(&installation, "soccer", || feed.write("soccer", empty)).await;
    let is_newer = || async {
        let now = status("soccer").await.ok();
        now["has_data"] == false && now["last_updated"].as_str() > first["last_updated"].as_str()
    };
    installation.within(LIMIT, "the change is told", is_newer).await;
    assert_eq!(pages(&installation, "soccer").await, [json!([])]);
    installation.finish().await;
}
