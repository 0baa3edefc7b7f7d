//! Page loads from memory: headers, encodings, conditional requests, and what must not reach the database.

use serde_json::{Value, json};
use tests::{Answer, Client, Installation};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

mod bad_input;
mod bootstrap;
mod express;
mod stream;

async fn detailed(reader: &Client) -> Value {
    reader.get("/health/detailed").await.ok()
}

#[tokio::test]
async fn branding_is_the_defaults_with_the_operators_settings_over_them() {
    let installation = Installation::start().await;
    installation.operator("aurora").await;
    let body = installation.reader(0).get("/api/branding/aurora").await.ok();
    let branding = &body["branding"];
    assert_eq!(branding["theme"]["primary_color"], "#f39c12");
    assert_eq!(branding["betting"]["default_currency"], "USD");
    assert_eq!(branding["operator"]["subdomain"], "aurora");
    assert!(!body.to_string().contains("aurora@"), "no e-mail of the operator");
    assert_eq!(branding["operator"].get("email"), None);
    installation.finish().await;
}

#[tokio::test]
async fn every_page_has_the_headers_that_caches_need() {
    let installation = Installation::start().await;
    installation.operator("aurora").await;
    let reader = installation.reader(0);
    for page in [
        "/api/branding/aurora",
        "/api/load-theme/aurora",
        "/api/theme-css/aurora",
        "/api/theme-templates",
        "/api/aurora/casino-enabled",
        "/api/sports/sports",
        "/api/sports/events/soccer",
        "/api/sports/events/tennis?operator=aurora",
        "/api/public/user-leaderboard?operator=aurora",
        "/api/public/partner-leaderboard",
        "/api/bootstrap/aurora",
    ] {
        let first = reader.get(page).await;
        assert!(first.status.is_success(), "{page}: {}", first.text());
        assert_eq!(
            first.header("cache-status"),
            "edgebook; fwd=miss; stored",
            "{page}"
        );
        let second = reader.get(page).await;
        assert_eq!(second.header("cache-status"), "edgebook; hit", "{page}");
        assert!(
            second.header("cache-control").starts_with("public, max-age="),
            "{page}"
        );
        for wanted in ["stale-while-revalidate=", "stale-if-error="] {
            assert!(second.header("cache-control").contains(wanted), "{page}");
            assert!(second.header("cdn-cache-control").contains(wanted), "{page}");
        }
        assert!(second.header("age").parse::<u64>().unwrap() <= 2, "{page}");
        assert_eq!(second.header("vary"), "accept-encoding", "{page}");
        assert_ne!(second.header("edgebook-version"), "", "{page}");
        assert_eq!(second.header("x-content-type-options"), "nosniff", "{page}");
        unchanged_and_head(&reader, page, &second).await;
    }
    installation.finish().await;
}

async fn unchanged_and_head(reader: &Client, page: &str, full: &Answer) {
    let etag = full.header("etag");
    assert!(
        etag.starts_with('"') && etag.ends_with('"'),
        "{page}: a strong ETag, not {etag}"
    );
    let unchanged = reader.with("if-none-match", etag).get(page).await;
    assert_eq!(unchanged.status.as_u16(), 304, "{page}");
    assert!(unchanged.bytes.is_empty(), "{page}");
    assert_eq!(unchanged.header("etag"), etag, "{page}");
    let head = reader.head(page).await;
    assert!(head.status.is_success() && head.bytes.is_empty(), "{page}");
    assert_eq!(
        head.header("content-length"),
        full.bytes.len().to_string(),
        "{page}"
    );
}

#[tokio::test]
async fn each_encoding_is_served_as_asked_with_its_own_etag() {
    let installation = Installation::start().await;
    installation.operator("aurora").await;
    let reader = installation.reader(0);
    let mut etags = Vec::new();
    for (accept, encoding) in [
        ("identity", ""),
        ("gzip", "gzip"),
        ("gzip, br", "br"),
        ("br;q=0, gzip", "gzip"),
    ] {
        let answer = reader
            .with("accept-encoding", accept)
            .get("/api/branding/aurora")
            .await;
        assert_eq!(answer.header("content-encoding"), encoding, "{accept}");
        etags.push(answer.header("etag").to_owned());
    }
    assert_eq!(etags[1], etags[3]);
    etags.dedup();
    etags.sort_unstable();
    etags.dedup();
    assert_eq!(etags.len(), 3, "{etags:?}");
    installation.finish().await;
}

#[tokio::test]
async fn an_unknown_sport_or_operator_is_not_found() {
    let installation = Installation::start().await;
    let reader = installation.reader(0);
    reader
        .get("/api/sports/events/chess")
        .await
        .problem(404, "sport_not_found");
    reader
        .get("/api/sports/events/soccer?operator=nobody")
        .await
        .problem(404, "operator_not_found");
    for page in ["branding", "load-theme", "theme-css"] {
        for name in ["nobody", "..%2f..", "a%20b", "%F0%9F%8E%B0", "AURORA"] {
            reader
                .get(&format!("/api/{page}/{name}"))
                .await
                .problem(404, "operator_not_found");
        }
    }
    reader
        .get("/api/nobody/casino-enabled")
        .await
        .problem(404, "operator_not_found");
    installation.finish().await;
}

#[tokio::test]
async fn the_subdomain_may_be_written_in_capitals() {
    let installation = Installation::start().await;
    installation.operator("aurora").await;
    installation.reader(0).get("/api/branding/AuRoRa").await.ok();
    installation.finish().await;
}

#[tokio::test]
async fn a_hundred_thousand_unknown_subdomains_cost_no_query_and_no_memory() {
    // Nothing else may look into the database, or say that something changed.
    let installation = Installation::builder()
        .reader_args(&["--audit-ms", "0"])
        .writer_args(&["--leaderboard-ms", "600000"])
        .start()
        .await;
    installation.operator("aurora").await;
    let reader = installation.reader(0);
    reader.get("/api/branding/aurora").await.ok();
    let before = detailed(&reader).await;
    let address = installation.readers[0].address();
    let connections = (0..4).map(|part| ask_for_unknown(address, part, 25_000));
    let answers: Vec<_> = connections.map(tokio::spawn).collect();
    for answer in answers {
        assert_eq!(answer.await.unwrap(), 25_000);
    }
    let after = detailed(&reader).await;
    let pulls = |health: &Value| {
        health["pull"]["pulls"].as_u64().unwrap() + health["pull"]["failures"].as_u64().unwrap()
    };
    let transactions = |health: &Value| health["transactions"].as_u64().unwrap();
    let queries = transactions(&after) - transactions(&before);
    assert!(
        queries <= pulls(&after) - pulls(&before) + 1,
        "{queries} transactions beside the pull's"
    );
    assert_eq!(after["cache"]["entries"], before["cache"]["entries"]);
    assert_eq!(after["cache"]["bytes"], before["cache"]["bytes"]);
    assert_eq!(after["operators"], before["operators"]);
    assert_eq!(after["topics"], before["topics"]);
    installation.finish().await;
}

/// Asks for `count` different unknown subdomains over one connection, many at a time; returns how many got 404.
async fn ask_for_unknown(address: std::net::SocketAddr, part: u32, count: usize) -> usize {
    const AT_ONCE: usize = 100;
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut not_found, mut rest) = (0, Vec::new());
    for block in 0..count / AT_ONCE {
        let requests: Vec<String> = (0..AT_ONCE)
            .map(|number| {
                format!("GET /api/branding/nobody-{part}-{block}-{number} HTTP/1.1\r\nhost: a\r\n\r\n")
            })
            .collect();
        stream.write_all(requests.concat().as_bytes()).await.unwrap();
        let goal = not_found + AT_ONCE;
        while not_found < goal {
            let mut buffer = [0; 16 * 1024];
            let length = stream.read(&mut buffer).await.unwrap();
            assert_ne!(length, 0, "the service closed the connection");
            rest.extend_from_slice(&buffer[..length]);
            let text = String::from_utf8_lossy(&rest);
            not_found += text.matches("HTTP/1.1 404 ").count();
            let keep = rest.len().saturating_sub("HTTP/1.1 404".len());
            rest.drain(..keep);
        }
    }
    not_found
}

#[tokio::test]
async fn liveness_and_details_are_there_without_log_in_and_show_no_secret() {
    let installation = Installation::start().await;
    for service in [installation.reader(0), installation.writer()] {
        for path in ["/health", "/healthz"] {
            let health = service.get(path).await.ok();
            assert_eq!(health["ok"], true);
            assert_eq!(health["status"], "healthy");
        }
        service.get("/readyz").await.ok();
        let details = detailed(&service).await;
        for number in [
            "active_connections",
            "usage_percent",
            "idle",
            "max",
            "waiters",
            "acquire_p50_us",
            "acquire_p99_us",
            "timeouts",
            "closed_by_hook",
        ] {
            assert!(details[number].is_u64(), "{number}: {details}");
        }
        let metrics = service.get("/metrics").await;
        assert!(
            metrics.text().contains("edgebook_db_active_connections"),
            "{}",
            metrics.text()
        );
        assert!(metrics.text().ends_with("# EOF\n"));
        for text in [details.to_string(), metrics.text()] {
            assert!(
                !text.contains("postgres://") && !text.contains("whsec_"),
                "{text}"
            );
        }
    }
    let details = detailed(&installation.reader(0)).await;
    assert!(details["pull"]["age_ms"].as_u64().unwrap() < 3000, "{details}");
    for number in ["hits", "misses", "stale_served", "entries", "bytes"] {
        assert!(details["cache"][number].is_u64(), "{number}: {details}");
    }
    installation.finish().await;
}

#[tokio::test]
async fn what_a_reader_does_not_serve_reaches_the_writer_as_it_was_sent() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 12_345).await;
    let reader = installation.reader(0);
    let balance = reader
        .logged_in(&alice.token)
        .get("/api/casino/wallet/balance")
        .await;
    assert_eq!(balance.header("cache-control"), "private, no-store");
    assert_eq!(balance.ok()["balance"], json!(123.45));
    reader
        .get("/api/casino/wallet/balance")
        .await
        .problem(401, "authentication_required");
    let large = vec![b' '; 10 * 1024 * 1024];
    let answer = reader
        .logged_in(&alice.token)
        .post_bytes("/api/casino/slots/bet", large)
        .await;
    answer.problem(413, "body_too_large");
    for internal in ["/internal/anything", "/internal/coherence/x"] {
        reader.get(internal).await.problem(404, "not_found");
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_wrong_method_is_refused_and_the_right_ones_are_named() {
    let installation = Installation::start().await;
    let reader = installation.reader(0);
    let answer = reader.post("/api/theme-templates", &json!({})).await;
    answer.problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET,HEAD");
    installation.finish().await;
}

/// The answer to a request as it is written here; a client would tidy it up.
async fn answer_to(address: std::net::SocketAddr, head: &str) -> String {
    answer_to_all(
        address,
        &format!("{head}\r\nhost: a\r\nconnection: close\r\n\r\n"),
    )
    .await
}

async fn answer_to_all(address: std::net::SocketAddr, request: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A service that has not read all it was sent resets the connection behind its answer.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn no_detour_leads_to_the_writers_own_addresses() {
    let installation = Installation::start().await;
    let address = installation.readers[0].address();
    for path in [
        "/x/../metrics",
        "/x/%2e%2e/metrics",
        "/x/.%2E/health",
        "/x/../health/detailed",
        "/x\\..\\readyz",
        "/./internal/anything",
        "/api/../internal/coherence",
    ] {
        let answer = answer_to(address, &format!("GET {path} HTTP/1.1")).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_request_names_one_host() {
    let installation = Installation::start().await;
    let (reader, writer) = (installation.readers[0].address(), installation.writer.address());
    for address in [reader, writer] {
        for lines in ["", "host: a\r\nhost: a\r\n", "host: a\r\nHost: b\r\n"] {
            let request = format!("GET /api/sports/sports HTTP/1.1\r\n{lines}connection: close");
            let answer = answer_to_all(address, &format!("{request}\r\n\r\n")).await;
            assert!(answer.starts_with("HTTP/1.1 400 "), "{lines}: {answer}");
            assert!(answer.contains("bad_host"), "{answer}");
        }
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let installation = Installation::start().await;
    let address = installation.readers[0].address();
    let long = |bytes: usize| format!("GET /health HTTP/1.1\r\nx-long: {}", "a".repeat(bytes));
    assert!(
        answer_to(address, &long(30_000))
            .await
            .starts_with("HTTP/1.1 200 ")
    );
    assert!(
        answer_to(address, &long(100_000))
            .await
            .starts_with("HTTP/1.1 431 ")
    );
    installation.finish().await;
}

#[tokio::test]
async fn a_reader_on_fly_leaves_passing_on_to_the_platform() {
    let installation = Installation::builder()
        .reader_args(&["--fly-replay", "region=ams"])
        .start()
        .await;
    installation.operator("aurora").await;
    let reader = installation.reader(0);
    let answer = reader.post("/api/auth/aurora/login", &json!({})).await;
    assert_eq!(answer.header("fly-replay"), "region=ams");
    for own in ["/api/branding/aurora", "/health"] {
        let answer = reader.get(own).await;
        answer.ok();
        assert_eq!(answer.header("fly-replay"), "", "{own}");
    }
    let internal = reader.get("/internal/anything").await;
    internal.problem(404, "not_found");
    assert_eq!(internal.header("fly-replay"), "");
    installation.finish().await;
}

#[tokio::test]
async fn what_is_passed_on_is_counted() {
    let installation = Installation::start().await;
    let reader = installation.reader(0);
    for path in ["/api/casino/wallet/balance", "/nothing", "/nothing/else"] {
        reader.get(path).await;
    }
    let metrics = reader.get("/metrics").await.text();
    for (status, count) in [(401, 1), (404, 2)] {
        let line = format!("edgebook_http_requests_total{{route=\"other\",status=\"{status}\"}} {count}\n");
        assert!(metrics.contains(&line), "{metrics}");
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_cache_that_is_too_small_serves_every_page() {
    let installation = Installation::builder()
        .reader_args(&["--cache-bytes", "100"])
        .start()
        .await;
    installation.operator("aurora").await;
    let visitor = |number: usize| {
        let reader = installation.reader(0);
        async move {
            let pages = [
                "branding/aurora",
                "load-theme/aurora",
                "theme-css/aurora",
                "theme-templates",
            ];
            for step in 0..50 {
                let page = format!("/api/{}", pages[(number + step) % pages.len()]);
                let answer = reader.get(&page).await;
                assert!(answer.status.is_success(), "{page}: {}", answer.text());
            }
        }
    };
    let visitors: Vec<_> = (0..20).map(|number| tokio::spawn(visitor(number))).collect();
    for visitor in visitors {
        visitor.await.unwrap();
    }
    installation.finish().await;
}

#[tokio::test]
async fn clients_that_send_slowly_take_no_place_at_the_front_door() {
    let installation = Installation::builder()
        .reader_args(&["--front-door-max-requests", "1", "--http-request-ms", "2000"])
        .start()
        .await;
    let reader = installation.reader(0);
    let mut slow = tokio::net::TcpStream::connect(installation.readers[0].address())
        .await
        .unwrap();
    let head =
        "POST /api/admin-login HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\nexpect: 100-continue\r\n\r\n";
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut buffer = [0; 1024];
    let length = slow.read(&mut buffer).await.unwrap();
    assert!(
        buffer[..length].starts_with(b"HTTP/1.1 100 "),
        "its body is waited for"
    );
    reader
        .get("/api/casino/wallet/balance")
        .await
        .problem(401, "authentication_required");
    let length = slow.read(&mut buffer).await.unwrap();
    assert!(buffer[..length].starts_with(b"HTTP/1.1 408 "), "but not for ever");
    installation.finish().await;
}
