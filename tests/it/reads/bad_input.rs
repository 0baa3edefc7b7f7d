//! Requests for pages that are not as a browser would send them.

use tests::Installation;

#[tokio::test]
async fn a_subdomain_that_can_not_be_one_is_not_found() {
    let installation = Installation::start().await;
    installation.operator("aurora").await;
    let reader = installation.reader(0);
    let long = "a".repeat(10 * 1024);
    for subdomain in [
        long.as_str(),
        "%00",
        "aurora%00",
        "%2e%2e",
        "xn--aurra-fqa",
        "%C3%A4urora",
        "aurora%20",
        "aurora.example",
        "%ff",
    ] {
        for path in [
            format!("/api/branding/{subdomain}"),
            format!("/api/bootstrap/{subdomain}"),
            format!("/api/stream/{subdomain}"),
            format!("/api/sports/events/soccer?operator={subdomain}"),
            format!("/api/public/user-leaderboard?operator={subdomain}"),
        ] {
            let answer = reader.get(&path).await;
            let status = answer.status.as_u16();
            assert!([400, 404].contains(&status), "{path}: {}", answer.text());
            let code = answer.json()["code"].as_str().unwrap().to_owned();
            answer.problem(status, &code);
        }
    }
    installation.finish().await;
}

#[tokio::test]
async fn headers_that_make_no_sense_get_the_whole_page() {
    let installation = Installation::start().await;
    installation.operator("aurora").await;
    let reader = installation.reader(0);
    let page = "/api/branding/aurora";
    let whole = reader.get(page).await;
    for (name, value) in [
        ("range", "bytes=0-9"),
        ("range", "bytes=9-0"),
        ("accept-encoding", ";;;,q=,\u{20}gzip;q=x;"),
        ("accept-encoding", "compress, pack200-gzip"),
        ("accept-encoding", "gzip;q=0, br;q=0.000"),
        ("if-none-match", "not-quoted"),
        ("if-none-match", "\"a\", W/\"b\", \"c"),
        ("if-none-match", ",,,"),
        ("if-modified-since", "yesterday"),
        ("if-match", "\"other\""),
    ] {
        let answer = reader.with(name, value).get(page).await;
        assert_eq!(answer.status, 200, "{name}: {value}");
        if answer.header("content-encoding").is_empty() {
            assert_eq!(answer.bytes, whole.bytes, "{name}: {value}");
        }
    }
    for value in ["*", &format!("\"a\", {}, \"b\"", whole.header("etag"))] {
        let answer = reader.with("if-none-match", value).get(page).await;
        assert_eq!(answer.status, 304, "{value}");
    }
    installation.finish().await;
}
