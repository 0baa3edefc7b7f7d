//! The feed's events as an operator's staff see them.

use serde_json::{Value, json};

use super::{TOGGLE_EVENT, events::offer, small_installation, two_operators};

const EVENTS: &str = "/api/admin/aurora/events";

fn ids(page: &Value) -> Vec<&str> {
    let events = page["events"].as_array().unwrap().iter();
    events.map(|event| event["event_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn staff_find_events_and_see_what_their_own_operator_disabled() {
    let installation = small_installation().start().await;
    let (aurora, bluefin) = two_operators(&installation).await;
    offer(
        &installation,
        &[
            ("soccer", "4711", &["1", "2"]),
            ("soccer", "4712", &["1"]),
            ("tennis", "9", &["1"]),
        ],
    )
    .await;
    let staff = installation.reader(0).logged_in(&aurora.token);
    staff.post(TOGGLE_EVENT, &json!({"disabled": true})).await.ok();
    let market = "/api/admin/aurora/betting-events/4712_1/toggle";
    staff.post(market, &json!({"disabled": true})).await.ok();
    let page = staff.get(EVENTS).await.ok();
    assert_eq!(ids(&page), ["4711", "4712", "9"]);
    let expected = json!({
        "sport": "soccer", "event_id": "4711", "home": "Ajax", "away": "Feyenoord", "league": "Eredivisie",
        "starts_at": "2099-01-01T00:00:00Z", "status": "not_started", "is_disabled": true, "markets": 2,
        "disabled_markets": 0,
    });
    assert_eq!(page["events"][0], expected);
    assert_eq!(page["events"][1]["disabled_markets"], 1);
    for (query, found) in [
        ("status=disabled", vec!["4711"]),
        ("status=active", vec!["4712", "9"]),
        ("sport=tennis", vec!["9"]),
        ("search=FEYEN", vec!["4711", "4712", "9"]),
        ("search=%25", vec![]),
        ("per_page=1&page=2", vec!["4712"]),
        ("status=active&sport=soccer&search=ajax", vec!["4712"]),
    ] {
        let page = staff.get(&format!("{EVENTS}?{query}")).await.ok();
        assert_eq!(ids(&page), found, "{query}");
        if !query.contains("per_page") {
            assert_eq!(page["pagination"]["total"], found.len(), "{query}");
        }
    }
    for (query, field) in [
        ("status=gone", "status"),
        ("sport=chess", "sport"),
        ("search=%00", "search"),
        ("per_page=0", "per_page"),
    ] {
        staff.get(&format!("{EVENTS}?{query}")).await.names_field(field);
    }
    let other = installation.reader(0).logged_in(&bluefin.token);
    other.get(EVENTS).await.problem(404, "operator_not_found");
    installation
        .reader(0)
        .get(EVENTS)
        .await
        .problem(401, "authentication_required");
    let own = other.get("/api/admin/bluefin/events?status=disabled").await.ok();
    assert_eq!(ids(&own), Vec::<&str>::new());
    installation.finish().await;
}
