//! Streams of changes.

use std::time::Duration;

use serde_json::{Value, json};
use tests::Installation;

/// Longer than any event takes.
const LONG: Duration = Duration::from_secs(20);

/// An open stream.
struct Events {
    response: reqwest::Response,
    text: String,
}

#[derive(Debug, PartialEq, Eq)]
struct Event {
    name: String,
    id: String,
    versions: Value,
}

impl Events {
    async fn open(installation: &Installation, last_event_id: Option<&str>) -> Self {
        let address = installation.readers[0].address();
        let mut request = reqwest::Client::builder()
            .no_proxy()
            .build()
            .unwrap()
            .get(format!("http://{address}/api/stream/aurora"));
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let header = |name| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/event-stream");
        assert_eq!(header("cache-control"), "no-store");
        let text = String::new();
        Self { response, text }
    }

    /// The next event; `None` when the stream has ended.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let of = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name));
                    line.map(|value| value.trim_start().to_owned())
                };
                let Some(data) = of("data:") else { continue };
                let data: Value = serde_json::from_str(&data).unwrap();
                return Some(Event {
                    name: of("event:").unwrap(),
                    id: of("id:").unwrap(),
                    versions: data["versions"].clone(),
                });
            }
            let chunk = tokio::time::timeout(LONG, self.response.chunk()).await;
            let chunk = chunk.unwrap().unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

async fn save_color(installation: &Installation, token: &str, color: &str) {
    let admin = installation.writer().logged_in(token);
    let theme = json!({"primaryColor": color});
    admin.post("/api/save-theme/aurora", &theme).await.ok();
}

#[tokio::test]
async fn a_page_is_told_what_changed_and_nothing_of_other_operators() {
    let installation = Installation::start().await;
    let (aurora, bluefin) = (
        installation.operator("aurora").await,
        installation.operator("bluefin").await,
    );
    let mut events = Events::open(&installation, None).await;
    let first = events.next().await.unwrap();
    assert_eq!(first.name, "versions");
    assert_eq!(first.versions["operator"], 1);
    let other = installation.writer().logged_in(&bluefin.token);
    let theme = json!({"primaryColor": "#000000"});
    other.post("/api/save-theme/bluefin", &theme).await.ok();
    for version in 1..=3 {
        save_color(&installation, &aurora.token, &format!("#a1b2c{version}")).await;
        let change = events.next().await.unwrap();
        assert_eq!(change.name, "change");
        assert_eq!(change.versions, json!({"theme": version}));
        let wanted = installation
            .reader(0)
            .with("edgebook-min-version", &format!("theme={version}"));
        let css = wanted.get("/api/theme-css/aurora").await.text();
        assert!(css.contains(&format!("#a1b2c{version}")), "{css}");
    }
    drop(events);
    installation.finish().await;
}

#[tokio::test]
async fn who_comes_back_is_told_what_it_missed() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let mut events = Events::open(&installation, None).await;
    let known = events.next().await.unwrap().id;
    drop(events);
    save_color(&installation, &aurora.token, "#a1b2c3").await;
    save_color(&installation, &aurora.token, "#a1b2c4").await;
    let mut events = Events::open(&installation, Some(&known)).await;
    let missed = events.next().await.unwrap();
    assert_eq!(missed.name, "change");
    assert_eq!(missed.versions, json!({"theme": 2}));
    let mut strange = Events::open(&installation, Some("17")).await;
    assert_eq!(strange.next().await.unwrap().name, "versions");
    drop((events, strange));
    installation.finish().await;
}

#[tokio::test]
async fn a_stream_ends_with_its_operator() {
    // No board is refreshed meanwhile, which would be told of too.
    let installation = Installation::builder()
        .proxied()
        .writer_args(&["--leaderboard-ms", "3600000"])
        .start()
        .await;
    installation.operator("aurora").await;
    let mut events = Events::open(&installation, None).await;
    events.next().await.unwrap();
    // The reader hears of it well before it has fetched the operator's row.
    installation.reader_links[0].delay(Duration::from_millis(200));
    let mut transaction = installation.database.pool().begin().await.unwrap();
    let id: i64 = sqlx::query_scalar("update operators set is_active = false returning id")
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
    let topic = shared::coherence::Topic::of(
        shared::ids::OperatorId::new(id),
        shared::coherence::Kind::Operator,
    );
    write_api::coherence::bump_all(&[topic], &mut transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(events.next().await.unwrap().versions, json!({"operator": 2}));
    assert_eq!(events.next().await, None);
    installation.finish().await;
}

#[tokio::test]
async fn a_stream_ends_with_the_service() {
    let installation = Installation::start().await;
    installation.operator("aurora").await;
    let mut events = Events::open(&installation, None).await;
    events.next().await.unwrap();
    let (ended, ()) = tokio::join!(events.next(), installation.finish());
    assert_eq!(ended, None);
}

#[tokio::test]
async fn more_streams_than_allowed_are_refused_until_one_is_closed() {
    let few = ["--stream-max", "1", "--stream-alive-ms", "50"];
    let installation = Installation::builder().reader_args(&few).start().await;
    installation.operator("aurora").await;
    let mut events = Events::open(&installation, None).await;
    events.next().await.unwrap();
    let reader = installation.reader(0);
    let refused = reader.get("/api/stream/aurora").await;
    refused.problem(503, "too_many_streams");
    assert_eq!(refused.header("retry-after"), "5");
    drop(events);
    let is_free = async || {
        let metrics = reader.get("/metrics").await.text();
        metrics.contains("\nedgebook_streams 0\n")
    };
    installation.within(LONG, "the place is free", is_free).await;
    drop(Events::open(&installation, None).await);
    reader
        .get("/api/stream/nobody")
        .await
        .problem(404, "operator_not_found");
    installation.finish().await;
}
