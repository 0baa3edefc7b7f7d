//! `streams`: many open streams of changes at one reader: what memory each takes, and how long a change takes to be told
//! to all of them. Must never count a stream that was told nothing.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::Client;
use serde_json::json;
use shared::clock::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::aim::Aim;
use crate::failure::Failure;
use crate::installation::{self, Places};
use crate::memory::{Kib, Watched};
use crate::people::{Cast, Operator, People};
use crate::report::{Report, say};

/// Streams that are opened at once.
const OPENED_AT_ONCE: usize = 200;
/// Open files besides the streams.
const FILES_BESIDES: u64 = 1024;
/// How long a stream may take to tell something.
const LIMIT: Duration = Duration::from_secs(20);
/// What one should take.
const MOST_KB: f64 = 20.0;

/// Opens streams of changes at one reader, and has their operator change its theme.
///
/// Every stream is read up to its first event, which has all versions. `stream_kb` is what the reader's resident memory
/// grew by for each. Then the theme is changed again and again; `told_p50_ms` and `told_max_ms` are the times from
/// before an admin's request until the last stream was told. Wrong is: a stream that is not told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Streams.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=14_000))]
    streams: u32,
    /// Changes.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    changes: u32,
}

/// Runs the measurement.
pub(crate) async fn run(options: &Options) -> Result<Report, Failure> {
    let clock = Clock::machine();
    installation::allow_open_files(u64::from(options.streams) + FILES_BESIDES)?;
    let found = installation::with(1, &clock, async |places| measure(options, &places, &clock).await);
    Ok(found.await?.report(options))
}

/// All that was found.
struct Found {
    memory: Option<(Kib, Kib)>,
    /// One for each change, the shortest first.
    told: Vec<Duration>,
}

async fn measure(options: &Options, places: &Places, clock: &Clock) -> Result<Found, Failure> {
    let reader = places.readers.first();
    let reader = reader.ok_or_else(|| Failure::Unfit("there is no reader".to_owned()))?;
    let cast = Cast {
        operators: 1,
        ..Cast::new("streams", 0)
    };
    let people = People::create(&places.database_url, cast, clock).await?;
    let client = Client::builder().no_proxy().build()?;
    people.wait_until_known(&client, places, clock).await?;
    let operator = people.operators.into_iter().next();
    let operator = operator.ok_or_else(|| Failure::Unfit("there is no operator".to_owned()))?;

    say(&format!("Opening {} streams …", options.streams));
    let watched = Watched::new(reader.pid);
    let before = watched.resident();
    let mut streams: Vec<Followed> = stream::iter(0..options.streams)
        .map(|_| Followed::open(reader.address, Arc::clone(&operator)))
        .buffer_unordered(OPENED_AT_ONCE)
        .try_collect()
        .await?;
    let memory = before.zip(watched.resident());

    say(&format!("Changing the theme {} times …", options.changes));
    let mut told = Vec::new();
    for number in 1..=options.changes {
        let began = clock.elapsed();
        let mut waiting = JoinSet::new();
        for mut followed in streams.drain(..) {
            waiting.spawn(async move {
                followed.event().await?;
                Ok::<_, io::Error>(followed)
            });
        }
        let path = format!("{}/api/save-theme/{}", places.writer.url, operator.subdomain);
        let theme = json!({"primaryColor": format!("#{number:06x}")});
        let change = client.post(path).bearer_auth(&operator.staff_token).json(&theme);
        change.send().await?.error_for_status()?;
        for followed in waiting.join_all().await {
            streams.push(followed?);
        }
        told.push(clock.elapsed().saturating_sub(began));
    }
    told.sort_unstable();
    Ok(Found { memory, told })
}

/// An open stream.
#[derive(Debug)]
struct Followed {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Followed {
    /// Opens a stream and waits for its first event.
    async fn open(reader: SocketAddr, operator: Arc<Operator>) -> Result<Self, Failure> {
        let mut stream = TcpStream::connect(reader).await?;
        let request = format!(
            "GET /api/stream/{} HTTP/1.1\r\nhost: localhost\r\n\r\n",
            operator.subdomain
        );
        stream.write_all(request.as_bytes()).await?;
        let mut opened = Self {
            stream,
            read: Vec::new(),
        };
        opened.event().await?;
        Ok(opened)
    }

    /// Waits for the next event.
    async fn event(&mut self) -> io::Result<()> {
        self.read.clear();
        let told = async {
            while !self.read.windows(6).any(|bytes| bytes == b"data: ") {
                if self.stream.read_buf(&mut self.read).await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            Ok(())
        };
        timeout(LIMIT, told).await.map_err(|_| io::ErrorKind::TimedOut)?
    }
}

impl Found {
    fn report(&self, options: &Options) -> Report {
        let each = self
            .memory
            .map(|(before, after)| after.growth_kb(before, options.streams));
        let milliseconds =
            |time: Option<&Duration>| time.map(|time| (time.as_secs_f64() * 10_000.0).round() / 10.0);
        if let Some(each) = each {
            Aim::AtMost(MOST_KB).tell("KB for each stream", each);
        }
        let mut report = Report::new("streams");
        report.value("streams", options.streams);
        report.value("stream_kb", each);
        report.value("rss_mb", self.memory.map(|(_, after)| after.megabytes()));
        report.value("changes", options.changes);
        report.value("told_p50_ms", milliseconds(self.told.get(self.told.len() / 2)));
        report.value("told_max_ms", milliseconds(self.told.last()));
        report
    }
}
