//! Events and markets that an operator does not offer: seen at once at every reader, and by its own players only.

use std::time::Duration;

use serde_json::{Value, json};
use shared::coherence::Topic;
use shared::sports::Sport;
use sqlx::PgConnection;
use tests::{Answer, Client, Installation};

use super::{installation_of, refused, small_installation, state, two_operators, version};

/// A sport, an event's id and those of its markets.
type Offer<'a> = (&'a str, &'a str, &'a [&'a str]);

/// Puts events on offer; every reader lists them.
pub(crate) async fn offer(installation: &Installation, offers: &[Offer<'_>]) {
    let mut transaction = installation.database.pool().begin().await.unwrap();
    for offer in offers {
        insert(&mut transaction, offer).await;
    }
    let topics: Vec<_> = offers
        .iter()
        .map(|(sport, ..)| Topic::feed(Sport::find(sport).unwrap()))
        .collect();
    write_api::coherence::bump_all(&topics, &mut transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    for number in 0..installation.readers.len() {
        let reader = &installation.reader(number);
        let is_listed = |offer: &Offer| {
            let (path, event) = (format!("/api/sports/events/{}", offer.0), offer.1.to_owned());
            async move {
                let list = reader.get(&path).await.ok();
                list.as_array()
                    .unwrap()
                    .iter()
                    .any(|listed| listed["id"] == event)
            }
        };
        for offer in offers {
            let limit = Duration::from_secs(10);
            installation
                .within(limit, "the event is listed", || is_listed(offer))
                .await;
        }
    }
}

async fn insert(db: &mut PgConnection, (sport, event, markets): &Offer<'_>) {
    sqlx::query(
        "insert into events (sport, id, home, away, league, date_text, time_text, starts_at, status, status_text,
            content_hash, version, first_seen_at, changed_at)
         values ($1, $2, 'Ajax', 'Feyenoord', 'Eredivisie', '', '', '2099-01-01T00:00:00Z', 'not_started', '',
            sha256(''), 1, now(), now())",
    )
    .bind(sport)
    .bind(event)
    .execute(&mut *db)
    .await
    .unwrap();
    sqlx::query(
        r#"insert into markets (sport, event_id, id, position, key, name, is_suspended, selections)
         select $1, $2, id, position, 'match_winner', 'Market ' || id, false,
            '[{"id": "Home", "name": "Home", "price_milli": 1850, "price_text": "1.85", "suspended": false}]'
         from unnest($3::text[]) with ordinality as market (id, position)"#,
    )
    .bind(sport)
    .bind(event)
    .bind(markets)
    .execute(db)
    .await
    .unwrap();
}

/// The events that an operator's players see, each with its markets: `4711[1,2] 4712[1]`.
pub(super) async fn offered(reader: &Client, sport: &str, operator: &str) -> String {
    let path = format!("/api/sports/events/{sport}?operator={operator}");
    let list = reader.get(&path).await.ok();
    let id = |thing: &Value| thing["id"].as_str().unwrap().to_owned();
    let events = list.as_array().unwrap().iter().map(|event| {
        let markets: Vec<_> = event["markets"].as_array().unwrap().iter().map(id).collect();
        format!("{}[{}]", id(event), markets.join(","))
    });
    events.collect::<Vec<_>>().join(" ")
}

/// The route of a key, which a query may follow.
fn toggle(key: &str) -> String {
    let (key, query) = key.split_once('?').unwrap_or((key, ""));
    format!("/api/admin/aurora/betting-events/{key}/toggle?{query}")
}

async fn switch(staff: &Client, key: &str, body: &str) -> Answer {
    staff.post_bytes(&toggle(key), body).await
}

#[tokio::test]
async fn the_first_event_that_an_operator_disables_is_gone_from_a_list_that_was_the_list_of_all() {
    let installation = installation_of(1).start().await;
    let (aurora, _) = two_operators(&installation).await;
    offer(&installation, &[("soccer", "4711", &["1"])]).await;
    let staff = installation.writer().logged_in(&aurora.token);
    let reader = installation.reader(0);
    // Twice, so that the reader has learnt which page the address stands for.
    for _ in 0..2 {
        assert_eq!(offered(&reader, "soccer", "aurora").await, "4711[1]");
    }
    switch(&staff, "4711", r#"{"disabled":true}"#).await.ok();
    assert_eq!(offered(&reader, "soccer", "aurora").await, "");
    assert_eq!(offered(&reader, "soccer", "bluefin").await, "4711[1]");
    installation.finish().await;
}

#[tokio::test]
async fn what_an_operator_disables_is_gone_at_once_from_its_own_lists_only() {
    let installation = installation_of(2).start().await;
    let (aurora, bluefin) = two_operators(&installation).await;
    let offers: [Offer<'_>; 2] = [("soccer", "4711", &["1", "2"]), ("soccer", "4712", &["1"])];
    offer(&installation, &offers).await;
    let staff = installation.writer().logged_in(&aurora.token);
    let readers = [installation.reader(0), installation.reader(1)];
    let (none, both, second) = ("4712[1]", "4711[1,2] 4712[1]", "4711[2] 4712[1]");
    let mut expected = 0;
    for (key, body, is_disabled, is_change, seen) in [
        ("4711", "", true, true, none),
        ("4711", r#"{"disabled":true}"#, true, false, none),
        ("4711", r#"{"status":"disabled"}"#, true, false, none),
        ("4711", "{}", false, true, both),
        ("4711", r#"{"disabled":false}"#, false, false, both),
        ("4711_1", r#"{"disabled":true}"#, true, true, second),
        (
            "4711_1",
            r#"{"sport":"soccer","disabled":true}"#,
            true,
            false,
            second,
        ),
        ("4711", r#"{"status":"disabled"}"#, true, true, none),
        (
            "4711",
            r#"{"disabled":false,"status":"active"}"#,
            false,
            true,
            second,
        ),
        ("4711_1", "{}", false, true, both),
    ] {
        expected += i64::from(is_change);
        let answer = switch(&staff, key, body).await.ok();
        let market = key.strip_prefix("4711_");
        for (member, value) in [
            ("event_key", json!(key)),
            ("sport", json!("soccer")),
            ("event_id", json!("4711")),
            ("market_id", json!(market)),
            ("is_disabled", json!(is_disabled)),
            ("version", json!(expected)),
        ] {
            assert_eq!(answer[member], value, "{member} of {key} {body}");
        }
        let told: &[&str] = if is_change { &["reader-0", "reader-1"] } else { &[] };
        assert_eq!(answer["readers"]["acknowledged"], json!(told), "{key} {body}");
        for reader in &readers {
            assert_eq!(offered(reader, "soccer", "aurora").await, seen, "{key} {body}");
            assert_eq!(offered(reader, "soccer", "bluefin").await, both, "{key} {body}");
        }
    }
    assert_eq!(version(&installation, &bluefin, "disabled_events").await, 0);
    installation.finish().await;
}

#[tokio::test]
async fn a_key_that_stands_for_nothing_or_for_several_things_changes_nothing() {
    let installation = small_installation().start().await;
    let aurora = installation.operator("aurora").await;
    let offers: [Offer<'_>; 5] = [
        ("soccer", "100", &["1"]),
        ("tennis", "100", &["1", "2"]),
        ("soccer", "5_1", &["1"]),
        ("soccer", "5", &["1", "1_1"]),
        ("boxing", "Ünï-#1", &["1"]),
    ];
    offer(&installation, &offers).await;
    let reader = installation.reader(0);
    let staff = reader.logged_in(&aurora.token);
    let before = state(&installation).await;
    bad_keys(&staff).await;
    bad_bodies(&staff).await;
    assert_eq!(state(&installation).await, before);

    let tennis = switch(&staff, "100?sport=tennis", "").await.ok();
    assert_eq!(tennis["sport"], "tennis");
    assert_eq!(offered(&reader, "tennis", "aurora").await, "");
    let soccer = offered(&reader, "soccer", "aurora").await;
    assert_eq!(soccer, "100[1] 5[1,1_1] 5_1[1]");
    refused(&switch(&staff, "100", "").await, 409, "ambiguous_event");
    switch(&staff, "100", r#"{"sport":"soccer"}"#).await.ok();
    let soccer = offered(&reader, "soccer", "aurora").await;
    assert_eq!(soccer, "5[1,1_1] 5_1[1]");
    switch(&staff, "%C3%9Cn%C3%AF-%231", "").await.ok();
    assert_eq!(offered(&reader, "boxing", "aurora").await, "");
    assert_eq!(version(&installation, &aurora, "disabled_events").await, 3);
    installation.finish().await;
}

async fn bad_keys(staff: &Client) {
    let long = "1".repeat(201);
    for nothing in [
        "4711", "100_3", "100_", "_1", "_", "%00", "100%00", "%0a", "%20100", "..%2f100", "100%27--", &long,
    ] {
        refused(&switch(staff, nothing, "").await, 404, "event_not_found");
    }
    let elsewhere = switch(staff, "100_2?sport=soccer", "").await;
    refused(&elsewhere, 404, "event_not_found");
    let (five, its_market) = ("event 5_1 in soccer", "market 1 of event 5 in soccer");
    let (first, second) = (
        "market 1 of event 100 in soccer",
        "market 1 of event 100 in tennis",
    );
    let (short, long) = (
        "market 1 of event 5_1 in soccer",
        "market 1_1 of event 5 in soccer",
    );
    for (several, one, other) in [
        ("100", "event 100 in soccer", "event 100 in tennis"),
        ("100_1", first, second),
        ("5_1", five, its_market),
        ("5_1?sport=soccer", five, its_market),
        ("5_1_1", short, long),
    ] {
        let answer = switch(staff, several, "").await;
        refused(&answer, 409, "ambiguous_event");
        let detail = answer.json()["detail"].to_string();
        assert!(detail.contains(one) && detail.contains(other), "{detail}");
    }
}

async fn bad_bodies(staff: &Client) {
    for (key, body, field) in [
        ("100", r#"{"disabled":"yes"}"#, "disabled"),
        ("100", r#"{"disabled":1}"#, "disabled"),
        ("100", r#"{"disabled":[]}"#, "disabled"),
        ("100", r#"{"disabled":null}"#, "disabled"),
        ("100", r#"{"status":"Disabled"}"#, "status"),
        ("100", r#"{"status":true}"#, "status"),
        ("100", r#"{"status":"active","disabled":true}"#, "status"),
        ("100", r#"{"sport":5}"#, "sport"),
        ("100", r#"{"sport":"chess"}"#, "sport"),
        ("100", r#"{"sport":""}"#, "sport"),
        ("100?sport=chess", "", "sport"),
        ("100?sport=Soccer", "", "sport"),
        ("100?sport=soccer", r#"{"sport":"tennis"}"#, "sport"),
        ("100", r#"{"disable":true}"#, "disable"),
        ("100", r#"{"operator_id":2}"#, "operator_id"),
    ] {
        switch(staff, key, body).await.names_field(field);
    }
}

#[tokio::test]
async fn the_list_of_what_is_disabled_is_paged_and_each_operators_own() {
    let installation = small_installation().start().await;
    let (aurora, bluefin) = two_operators(&installation).await;
    offer(&installation, &[("soccer", "4711", &["1", "2"])]).await;
    let staff = installation.reader(0).logged_in(&aurora.token);
    for key in ["4711", "4711_2", "4711_1"] {
        staff.post(&toggle(key), &json!({"disabled": true})).await.ok();
    }
    let list = "/api/admin/aurora/disabled-events";
    let first = staff.get(&format!("{list}?per_page=2")).await.ok();
    assert_eq!(
        first["pagination"],
        json!({"page": 1, "per_page": 2, "total": 3, "pages": 2})
    );
    let newest = &first["disabled_events"][0];
    assert_eq!(newest["event_key"], "4711_1", "the newest is first");
    assert_eq!(newest["event_name"], "Ajax vs Feyenoord");
    assert_eq!(
        (&newest["market"], &newest["market_id"]),
        (&json!("Market 1"), &json!("1"))
    );
    assert_eq!(newest["disabled_by"], json!(aurora.staff));
    let second = staff.get(&format!("{list}?per_page=2&page=2")).await.ok();
    let oldest = &second["disabled_events"][0];
    assert_eq!(
        (&oldest["event_key"], &oldest["market"]),
        (&json!("4711"), &json!(null))
    );
    assert_eq!(
        staff.get(&format!("{list}?page=4294967295")).await.ok()["disabled_events"],
        json!([])
    );
    for (query, field) in [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=x", "page"),
        ("per_page=0", "per_page"),
        ("per_page=101", "per_page"),
        ("per_page=1.5", "per_page"),
    ] {
        staff.get(&format!("{list}?{query}")).await.names_field(field);
    }
    let others = installation.reader(0).logged_in(&bluefin.token);
    let empty = others.get("/api/admin/bluefin/disabled-events").await.ok();
    assert_eq!(empty["disabled_events"], json!([]));
    assert_eq!(empty["pagination"]["total"], 0);

    // The feed may drop an event while it is disabled: it can be offered again all the same.
    sqlx::query("delete from events")
        .execute(installation.database.pool())
        .await
        .unwrap();
    let gone = staff.get(list).await.ok();
    assert_eq!(gone["disabled_events"][2]["event_name"], json!(null));
    let back = staff.post(&toggle("4711"), &json!({})).await.ok();
    assert_eq!(back["is_disabled"], false);
    staff
        .post(&toggle("4711"), &json!({}))
        .await
        .problem(404, "event_not_found");
    installation.finish().await;
}

#[tokio::test]
async fn an_operator_can_disable_so_much_and_no_more() {
    let installation = small_installation().start().await;
    let (aurora, bluefin) = two_operators(&installation).await;
    offer(&installation, &[("soccer", "4711", &["1"])]).await;
    let fill = "insert into disabled_events (operator_id, event_key, sport, event_id, disabled_by, disabled_at)
        select $1, 'old' || number, 'soccer', 'old' || number, $2, now() from generate_series(1, 2000) number";
    sqlx::query(fill)
        .bind(aurora.id.get())
        .bind(aurora.staff.get())
        .execute(installation.database.pool())
        .await
        .unwrap();
    let staff = installation.reader(0).logged_in(&aurora.token);
    let before = state(&installation).await;
    staff
        .post(&toggle("4711"), &json!({}))
        .await
        .problem(409, "too_many_disabled_events");
    staff.post(&toggle("old7"), &json!({"disabled": true})).await.ok();
    assert_eq!(state(&installation).await, before);
    staff.post(&toggle("old7"), &json!({})).await.ok();
    staff.post(&toggle("4711"), &json!({})).await.ok();
    let others = installation.reader(0).logged_in(&bluefin.token);
    others
        .post("/api/admin/bluefin/betting-events/4711/toggle", &json!({}))
        .await
        .ok();
    installation.finish().await;
}
