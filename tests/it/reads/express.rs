//! The short way of a page: that it answers as the routes do, and lets go of what is not its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use tests::Installation;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer as it was sent.
#[derive(Debug, PartialEq, Eq)]
struct Sent {
    status: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// A connection that stays open, and the bytes that came after the last answer.
struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let read = Vec::new();
        Self { stream, read }
    }

    async fn send(&mut self, request: &str) {
        self.stream.write_all(request.as_bytes()).await.unwrap();
    }

    async fn more(&mut self) {
        let count = self.stream.read_buf(&mut self.read).await.unwrap();
        assert_ne!(count, 0, "the connection was closed");
    }

    /// The next answer, whose request was HEAD or not.
    async fn answer(&mut self, is_head: bool) -> Sent {
        let end = loop {
            match self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => self.more().await,
            }
        };
        let head = String::from_utf8(self.read.drain(..end).collect()).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().to_owned();
        let headers: BTreeMap<_, _> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let length = match headers.get("content-length") {
            Some(length) if !is_head => length.parse().unwrap(),
            _ => 0,
        };
        while self.read.len() < length {
            self.more().await;
        }
        let body = self.read.drain(..length).collect();
        Sent {
            status,
            headers,
            body,
        }
    }

    async fn ask(&mut self, method: &str, target: &str, headers: &str) -> Sent {
        self.send(&format!("{method} {target} HTTP/1.1\r\nhost: a\r\n{headers}\r\n"))
            .await;
        self.answer(method == "HEAD").await
    }
}

/// Requests that took the long way, as the reader counts them.
async fn long_ways(installation: &Installation) -> u64 {
    let metrics = installation.reader(0).get("/metrics").await.text();
    let line = metrics
        .lines()
        .find(|line| line.starts_with("edgebook_http_request_seconds_count"))
        .unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// Nothing but hyper takes a request with this header.
const LONG_WAY: &str = "te: trailers\r\n";

#[tokio::test]
async fn the_short_way_answers_as_the_routes_do() {
    let installation = Installation::start().await;
    installation.operator("aurora").await;
    let address = installation.readers[0].address();
    let mut short = Connection::open(address).await;
    let mut long = Connection::open(address).await;
    for target in [
        "/api/branding/aurora",
        "/api/branding/AURORA",
        "/api/load-theme/aurora",
        "/api/theme-css/aurora",
        "/api/theme-templates",
        "/api/aurora/casino-enabled",
        "/api/sports/sports",
        "/api/sports/events/soccer",
        "/api/sports/events/tennis?operator=aurora",
        "/api/branding/%61urora",
        "/api/branding/nobody",
        "/api/sports/events/chess",
        "/api/sports/events/tennis?operator=aurora&operator=bluefin",
        "/api/bootstrap/aurora",
        "/api/public/user-leaderboard?operator=aurora",
        "/api/public/partner-leaderboard",
        "/api/public/user-leaderboard?page=0",
    ] {
        let etag = short.ask("GET", target, "").await.headers.remove("etag");
        let etag = format!("if-none-match: {}\r\n", etag.unwrap_or_default());
        for method in ["GET", "HEAD"] {
            for headers in [
                "",
                "accept-encoding: gzip\r\n",
                "accept-encoding: gzip, br\r\nconnection: keep-alive\r\n",
                &etag,
                "if-none-match: *\r\nrange: bytes=0-9\r\n",
                "x-request-id: my-own-1\r\n",
                "x-request-id: not allowed\r\n",
            ] {
                let mut one = short.ask(method, target, headers).await;
                let mut other = long.ask(method, target, &format!("{headers}{LONG_WAY}")).await;
                for answer in [&mut one, &mut other] {
                    let id = answer.headers.remove("x-request-id").unwrap();
                    assert_eq!(id == "my-own-1", headers.contains("my-own-1"), "{id}");
                    assert!(answer.headers.remove("date").unwrap().ends_with(" GMT"));
                    let age = answer.headers.remove("age").unwrap_or_default();
                    assert!(["", "0", "1", "2"].contains(&&*age), "{age}");
                    match &answer.status[9..12] {
                        "200" => {}
                        "304" => assert!(!answer.headers.contains_key("content-length"), "{answer:?}"),
                        _ => {
                            // Problems name the request.
                            answer.body.clear();
                            answer.headers.remove("content-length");
                        }
                    }
                }
                assert_eq!(one, other, "{method} {target} {headers:?}");
            }
        }
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_hit_takes_the_short_way_and_is_counted() {
    let installation = Installation::start().await;
    installation.operator("aurora").await;
    let mut connection = Connection::open(installation.readers[0].address()).await;
    connection.ask("GET", "/api/branding/aurora", "").await;
    let before = long_ways(&installation).await;
    for _ in 0..10 {
        let answer = connection.ask("GET", "/api/branding/aurora", "").await;
        assert_eq!(answer.headers["cache-status"], "edgebook; hit");
    }
    let scrapes = 1;
    assert_eq!(long_ways(&installation).await, before + scrapes);
    let metrics = installation.reader(0).get("/metrics").await.text();
    let counted = "edgebook_http_requests_total{route=\"/api/branding/{subdomain}\",status=\"200\"} 11";
    assert!(metrics.contains(counted), "{metrics}");
    installation.finish().await;
}

#[tokio::test]
async fn one_connection_may_ask_for_pages_and_for_other_things() {
    let installation = Installation::start().await;
    installation.operator("aurora").await;
    let mut connection = Connection::open(installation.readers[0].address()).await;
    for (method, target, headers, status) in [
        ("GET", "/api/branding/aurora", "", "200 OK"),
        ("GET", "/api/branding/aurora", "", "200 OK"),
        ("GET", "/api/branding/nobody", "", "404 Not Found"),
        ("GET", "/health", "", "200 OK"),
        ("GET", "/api/branding/aurora", "", "200 OK"),
        (
            "POST",
            "/api/auth/aurora/login",
            "content-length: 0\r\n",
            "400 Bad Request",
        ),
        ("GET", "/api/branding/aurora", "", "200 OK"),
        ("GET", "/nothing/here", "", "404 Not Found"),
    ] {
        let answer = connection.ask(method, target, headers).await;
        assert_eq!(answer.status, format!("HTTP/1.1 {status}"), "{method} {target}");
    }
    installation.finish().await;
}

#[tokio::test]
async fn requests_that_come_in_pieces_or_together_are_answered() {
    let installation = Installation::start().await;
    installation.operator("aurora").await;
    let mut connection = Connection::open(installation.readers[0].address()).await;
    let request = "GET /api/branding/aurora HTTP/1.1\r\nhost: a\r\n\r\n";
    connection.send(request).await;
    let first = connection.answer(false).await;
    connection.send(&request.repeat(2)).await;
    for _ in 0..2 {
        assert_eq!(connection.answer(false).await.body, first.body);
    }
    let mut connection = Connection::open(installation.readers[0].address()).await;
    let (one, other) = request.split_at(20);
    connection.send(one).await;
    tokio::task::yield_now().await;
    connection.send(other).await;
    assert_eq!(connection.answer(false).await.body, first.body);
    installation.finish().await;
}

#[tokio::test]
async fn a_connection_that_asks_for_nothing_is_closed() {
    let idle = ["--http-header-ms", "100"];
    let installation = Installation::builder().reader_args(&idle).start().await;
    installation.operator("aurora").await;
    let mut connection = Connection::open(installation.readers[0].address()).await;
    connection.ask("GET", "/api/branding/aurora", "").await;
    let ended = connection.stream.read_buf(&mut connection.read).await;
    assert_eq!(ended.unwrap(), 0);
    installation.finish().await;
}
