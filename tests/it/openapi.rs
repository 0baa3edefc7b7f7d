//! `openapi.json` in the repository describes both services as they are.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::Installation;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.json");

fn description() -> Value {
    let mut both = read_api::openapi::description();
    both.merge(write_api::openapi::description());
    serde_json::to_value(both).unwrap()
}

/// After a change of the API: `UPDATE_OPENAPI=1 cargo test -p tests openapi` writes the file anew.
#[test]
fn the_file_in_the_repository_is_what_the_code_describes() {
    let now = description();
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(FILE, format!("{}\n", serde_json::to_string_pretty(&now).unwrap())).unwrap();
    }
    let file: Value = serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
    assert!(
        file == now,
        "openapi.json is not up to date: run UPDATE_OPENAPI=1 cargo test -p tests openapi"
    );
}

/// Whoever reads the description learns how to prove a session, and what every route of money may refuse.
#[test]
fn routes_that_need_a_session_say_so_and_list_their_refusals() {
    let description = description();
    for (scheme, kind) in [
        ("bearer", "http"),
        ("player_cookie", "apiKey"),
        ("operator_cookie", "apiKey"),
    ] {
        assert_eq!(
            description["components"]["securitySchemes"][scheme]["type"], kind,
            "{scheme}"
        );
    }
    let public = ["/api/casino/health", "/api/casino/fairness/verify"];
    for (route, methods) in description["paths"].as_object().unwrap() {
        let is_of_money = [
            "/api/casino/",
            "/api/player/",
            "/api/admin/{subdomain}/players/",
            "/api/admin/{subdomain}/users",
        ]
        .iter()
        .any(|prefix| route.starts_with(prefix));
        if !is_of_money || public.contains(&route.as_str()) {
            continue;
        }
        for (method, described) in methods.as_object().unwrap() {
            assert!(described["security"].is_array(), "{method} {route}");
            let mut refusals = vec!["400", "401", "403", "503"];
            if described["requestBody"].is_object() {
                refusals.extend(["413", "415", "422"]);
            }
            for status in refusals {
                let kinds = &described["responses"][status]["content"];
                assert!(
                    kinds["application/problem+json"].is_object(),
                    "{status} of {method} {route}"
                );
            }
        }
    }
}

/// Every described route exists on the service that describes it: whatever it answers, it knows the address.
#[tokio::test]
async fn every_described_route_is_there() {
    let installation = Installation::start().await;
    let mut seen = BTreeSet::new();
    for (client, path) in [(installation.reader(0), "read"), (installation.writer(), "write")] {
        let described = client.get(&format!("/api/openapi/{path}.json")).await.ok();
        assert!(described["openapi"].as_str().unwrap().starts_with("3.1"));
        for (route, methods) in described["paths"].as_object().unwrap() {
            let address = route.replace(['{', '}'], "");
            for method in methods.as_object().unwrap().keys() {
                let method = method.to_uppercase().parse().unwrap();
                let answer = client.try_send(method, &address, None).await.unwrap();
                let is_unknown = answer.status.as_u16() == 405
                    || answer.text().contains("There is nothing at this address");
                assert!(
                    !is_unknown,
                    "{route} is described but not there: {}",
                    answer.text()
                );
            }
            seen.insert(route.clone());
        }
    }
    assert!(seen.len() >= 25, "{seen:?}");
    installation.finish().await;
}

/// A browser at the front door finds pages of both descriptions, and all that they are made of.
#[tokio::test]
async fn the_description_can_be_browsed() {
    let installation = Installation::start().await;
    let reader = installation.reader(0);
    let front = reader.get("/api/docs").await;
    assert_eq!(
        (front.status.as_u16(), front.header("location")),
        (303, "/api/docs/")
    );
    let page = reader.get("/api/docs/").await;
    assert!(
        page.header("content-type").starts_with("text/html"),
        "{:?}",
        page.headers
    );
    let mut parts = page.text();
    for part in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        assert!(page.text().contains(part), "{}", page.text());
        let part = reader.get(&format!("/api/docs/{part}")).await;
        assert_eq!(part.status.as_u16(), 200, "{}", part.text());
        parts.push_str(&part.text());
    }
    for described in ["/api/openapi/read.json", "/api/openapi/write.json"] {
        assert!(parts.contains(described), "{described}");
        reader.get(described).await.ok();
    }
    let nothing = reader.get("/api/docs/no-such-file").await;
    assert_eq!(nothing.status.as_u16(), 404);
    installation.finish().await;
}
/// The table for those who move from the old backend names only routes that there are, and each old one once.
#[test]
fn the_legacy_table_leads_to_routes_that_there_are() {
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/legacy.md");
    let table = std::fs::read_to_string(table).unwrap();
    let description = description();
    let mut old = BTreeSet::new();
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [before, now, difference] = cells[..] else {
            panic!("not three cells: {line}")
        };
        assert!(old.insert(before), "twice: {before}");
        assert!(!difference.is_empty(), "{line}");
        for route in now.split(", ").filter(|route| *route != "—") {
            let (method, path) = route.trim_matches('`').split_once(' ').unwrap();
            let described = &description["paths"][path][method.to_lowercase()];
            assert!(described.is_object(), "{route} of {before} is not described");
        }
    }
    assert!(old.len() > 150, "{}", old.len());
}
