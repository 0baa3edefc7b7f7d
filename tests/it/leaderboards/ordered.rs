//! Contests as the platform's staff order them: standings that are kept, and balances that are reset.

use tests::{Answer, Client};

use super::*;
use crate::accounts::platform_staff;
use crate::resets::{are_found_wrong, ended};

const CONTESTS: &str = "/api/superadmin/contests";
const OPERATIONS: &str = "/api/superadmin/operations";

async fn ordered() -> (Installation, Client) {
    ordered_with("20").await
}

async fn ordered_with(operation_ms: &str) -> (Installation, Client) {
    let installation = Installation::builder()
        .writer_args(&["--leaderboard-ms", "3600000", "--operation-ms", operation_ms])
        .writer_args(&["--standings-kept", "2"])
        .start()
        .await;
    let token = platform_staff(&installation, "root").await;
    let root = installation.writer().logged_in(&token);
    (installation, root)
}

async fn order(root: &Client, key: &str, name: &str, reset: bool) -> Answer {
    let body = json!({"name": name, "ends_at": "2099-01-31T20:00:00Z", "reset_balances": reset});
    root.with("idempotency-key", key).post(CONTESTS, &body).await
}

async fn done(installation: &Installation, root: &Client, begun: &Answer) -> Value {
    let operation = ended(installation, root, OPERATIONS, begun).await;
    assert_eq!(operation["status"], "done", "{operation}");
    operation
}

async fn end(root: &Client, key: &str) -> Answer {
    let path = format!("{CONTESTS}/end");
    root.with("idempotency-key", key).post(&path, &json!({})).await
}

#[tokio::test]
async fn the_standings_of_a_contest_are_kept_when_the_next_one_begins_and_all_balances_are_reset() {
    let (installation, root) = ordered().await;
    let (_, [alice, bob, carol]) = people(&installation).await;
    root.get(&format!("{CONTESTS}/current"))
        .await
        .problem(404, "contest_not_found");
    let first = done(&installation, &root, &order(&root, "k1", "Winter", false).await).await;
    assert_eq!((&first["total"], &first["changed"]), (&json!(0), &json!(0)));
    play(&installation, &alice, 100, 300).await;
    play(&installation, &bob, 500, 900).await;
    play(&installation, &carol, 100, 150).await;

    let begun = order(&root, "k2", "Spring", true).await;
    let second = done(&installation, &root, &begun).await;
    assert_eq!((&second["total"], &second["changed"]), (&json!(3), &json!(3)));
    for player in [&alice, &bob, &carol] {
        assert_eq!(installation.balance_minor(player).await, 100_000);
    }
    let path = format!("{CONTESTS}/{}/standings", first["contest_id"]);
    let shown = root.get(&path).await.ok();
    assert_eq!(shown["pagination"]["total"], 2, "so many are kept");
    let best = &shown["users"][0];
    assert_eq!((&best["position"], &best["username"]), (&json!(1), &json!("bob")));
    assert_eq!((&best["staked"], &best["profit"]), (&json!(5.0), &json!(4.0)));
    assert_eq!(
        root.get(&format!("{path}?page=2&per_page=1")).await.ok()["users"][0]["username"],
        "alice"
    );
    let partners = root.get(&format!("{path}?board=operators")).await.ok();
    assert_eq!(partners["partners"][0]["subdomain"], "aurora");
    assert_eq!(partners["partners"][0]["total_volume"], 6.0);
    let current = root.get(&format!("{CONTESTS}/current")).await.ok();
    assert_eq!(current["contest"]["contest_name"], "Spring");
    let list = root.get(CONTESTS).await.ok();
    assert_eq!(list["contests"][1]["is_active"], false);
    assert_eq!(order(&root, "k2", "Spring", true).await.bytes, begun.bytes);
    assert_eq!(installation.count("contests").await, 2);
    are_right_after(&installation).await;
    are_found_wrong(
        &installation,
        "update contest_players set staked = staked + 1 where position = 1",
        "update contest_players set staked = staked - 1 where position = 1",
    )
    .await;
    installation.finish().await;
}

async fn are_right_after(installation: &Installation) {
    reader_knows(installation).await;
    standings::are_right(installation).await;
}

#[tokio::test]
async fn what_is_played_after_the_end_of_a_contest_is_not_in_its_standings() {
    let (installation, root) = ordered().await;
    let (_, [alice, bob, _]) = people(&installation).await;
    end(&root, "e0").await.problem(409, "no_contest");
    let contest = done(&installation, &root, &order(&root, "k1", "Winter", false).await).await;
    let path = format!("{CONTESTS}/{}", contest["contest_id"]);
    let body = json!({"ends_at": "2098-01-31T20:00:00+01:00"});
    let changed = root.post(&format!("{path}/end-date"), &body).await.ok();
    assert_eq!(changed["contest"]["contest_end_date"], "2098-01-31T19:00:00Z");
    play(&installation, &alice, 100, 300).await;
    root.get(&format!("{path}/standings"))
        .await
        .problem(409, "contest_runs");

    let ended = done(&installation, &root, &end(&root, "e1").await).await;
    assert_eq!(ended["contest_id"], contest["contest_id"]);
    play(&installation, &bob, 100, 900).await;
    end(&root, "e2").await.problem(409, "no_contest");
    root.post(&format!("{path}/end-date"), &body)
        .await
        .problem(409, "contest_ended");
    done(&installation, &root, &order(&root, "k2", "Spring", false).await).await;
    let kept = root.get(&format!("{path}/standings")).await.ok();
    let names: Vec<_> = kept["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| &user["username"])
        .collect();
    assert_eq!(names, ["alice"]);
    let actions = root.get("/api/superadmin/audit-log").await.ok();
    let actions: Vec<_> = actions["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["action"])
        .collect();
    assert_eq!(
        actions,
        [
            "operation.ended",
            "contest.started",
            "operation.ended",
            "contest.ended",
            "contest.changed",
            "operation.ended",
            "contest.started",
            "staff.logged_in"
        ]
    );
    installation.finish().await;
}

#[tokio::test]
async fn the_end_of_a_contest_does_not_end_the_one_that_replaced_it_meanwhile() {
    let (installation, root) = ordered_with("3600000").await;
    let first = begin(&installation, "Winter").await;
    let asked = end(&root, "e1").await;
    let second = begin(&installation, "Spring").await;
    let mut options = installation.writer.app().options.clone();
    options.listen = "127.0.0.1:0".parse().unwrap();
    options.operations.operation_ms = 20;
    let runner = write_api::app::start(options, installation.clock.clone(), Random::system())
        .await
        .unwrap();
    let ended = done(&installation, &root, &asked).await;
    assert_eq!(ended["contest_id"], first.id);
    let current = root.get(&format!("{CONTESTS}/current")).await.ok();
    assert_eq!(current["contest"]["id"], second.id);
    let standings = root.get(&format!("{CONTESTS}/{}/standings", second.id)).await;
    standings.problem(409, "contest_runs");
    runner.stop().await;
    installation.finish().await;
}

#[tokio::test]
async fn a_contest_that_is_asked_for_wrongly_or_by_others_does_not_begin() {
    let (installation, root) = ordered().await;
    let aurora = installation.operator("aurora").await;
    let good = json!({"name": "Winter", "ends_at": "2099-01-31T20:00:00Z", "reset_balances": true});
    root.post(CONTESTS, &good).await.names_field("Idempotency-Key");
    let named = root.with("idempotency-key", "k1");
    for (member, value) in [
        ("name", json!("")),
        ("name", json!("<b>")),
        ("name", json!(7)),
        ("ends_at", json!("2020-01-31T20:00:00Z")),
        ("ends_at", json!("2099-01-31T20:00:00")),
        ("ends_at", json!(null)),
        ("reset_balances", json!("yes")),
        ("prize", json!(1)),
    ] {
        let mut body = good.clone();
        body[member] = value;
        named.post(CONTESTS, &body).await.names_field(member);
    }
    let too_late = json!({"name": "x", "ends_at": "9999-12-31T23:59:59-01:00", "reset_balances": true});
    named.post(CONTESTS, &too_late).await.names_field("ends_at");
    let both = json!({"name": "", "ends_at": "2020-01-31T20:00:00Z", "reset_balances": true});
    let refused = named.post(CONTESTS, &both).await;
    refused.names_field("name");
    refused.names_field("ends_at");
    let nobody = installation.writer().with("idempotency-key", "k1");
    for (other, status) in [(nobody.clone(), 401), (nobody.logged_in(&aurora.token), 403)] {
        assert_eq!(other.post(CONTESTS, &good).await.status, status);
        assert_eq!(other.get(CONTESTS).await.status, status);
    }
    for path in ["x", "7", "99999999999999999999"] {
        let unknown = root.get(&format!("{CONTESTS}/{path}/standings")).await;
        unknown.problem(404, "contest_not_found");
    }
    assert_eq!(installation.count("operations").await, 0);
    assert_eq!(installation.count("contests").await, 0);
    installation.finish().await;
}
