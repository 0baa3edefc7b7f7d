//! Pushes to readers that only answer, found by their addresses and by names.

use std::net::SocketAddr;

use axum::Json;
use axum::routing::post;
use clap::Parser;
use shared::coherence::{Kind, PUSH_PATH, Push, PushAnswer, Topic};
use shared::ids::{OperatorId, Version};

use super::*;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    options: ReaderOptions,
}

/// A reader that serves whatever it is told of. It ends with the test.
async fn reader(instance: &'static str) -> SocketAddr {
    let answer = async move |Json(push): Json<Push>| {
        Json(PushAnswer {
            instance: instance.to_owned(),
            versions: push.changes,
        })
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = axum::Router::new().route(PUSH_PATH, post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

fn readers(args: &[&str], lookup: Lookup) -> Readers {
    shared::tls::choose();
    let random = Random::system();
    let secret = WebhookSecrets::generate(&random).parse().unwrap();
    let args = ["test", "--reader-attempts", "1"].iter().chain(args);
    let options = Command::parse_from(args).options;
    Readers::with_lookup(
        options,
        secret,
        Clock::machine(),
        random,
        TaskTracker::new(),
        lookup,
    )
    .unwrap()
}

fn news() -> News {
    News {
        epoch: "1".to_owned().into(),
        changes: vec![Change {
            topic: Topic::of(OperatorId::new(1), Kind::Theme),
            version: Version::new(1),
        }],
    }
}

#[tokio::test]
async fn every_address_of_a_name_is_dialled_and_looked_up_anew_for_each_push() {
    let (a, b, c) = (reader("a").await, reader("b").await, reader("c").await);
    let known = Arc::<Mutex<Vec<SocketAddr>>>::default();
    let readers = readers(
        &["--reader-dns", "read.internal:8080"],
        Lookup::of(Arc::clone(&known)),
    );
    for (addresses, told) in [
        (vec![a], vec!["a"]),
        (vec![a, b], vec!["a", "b"]),
        (vec![c, b], vec!["b", "c"]),
        // The same address twice is one reader.
        (vec![c, c], vec!["c"]),
    ] {
        *known.lock().unwrap() = addresses;
        let report = readers.push(news()).await;
        assert_eq!(report.acknowledged, told);
        assert_eq!((report.pending.len(), report.unreachable.len()), (0, 0));
    }
}

#[tokio::test]
async fn a_name_that_is_not_known_is_named_and_holds_nobody_else_up() {
    let listed = format!("http://{}", reader("listed").await);
    let readers = readers(
        &["--reader-urls", &listed, "--reader-dns", "read.internal:8080"],
        Lookup::of(Arc::default()),
    );
    let report = readers.push(news()).await;
    assert_eq!(report.acknowledged, ["listed"]);
    assert_eq!(report.unreachable, ["read.internal:8080"]);
}

#[tokio::test]
async fn a_reader_that_is_listed_and_found_by_name_is_told_once() {
    let address = reader("both").await;
    let listed = format!("http://{address}");
    let readers = readers(
        &["--reader-urls", &listed, "--reader-dns", "read.internal:8080"],
        Lookup::of(Arc::new(Mutex::new(vec![address]))),
    );
    let report = readers.push(news()).await;
    assert_eq!(report.acknowledged, ["both"]);
    assert_eq!(readers.health().pushes_sent, 1);
}

#[test]
fn pauses_double_and_vary_by_half() {
    for (attempt, roll, ms) in [
        (1, 0, 125),
        (1, u16::MAX, 250),
        (2, 0, 250),
        (2, u16::MAX, 500),
        (3, u16::MAX, 1000),
        (u32::MAX, u16::MAX, 16_000),
    ] {
        assert_eq!(
            pause_before(attempt, 250, roll),
            Duration::from_millis(ms),
            "{attempt} {roll}"
        );
    }
    assert_eq!(pause_before(1, 0, u16::MAX), Duration::ZERO);
}
