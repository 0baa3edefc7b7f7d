//! The short way of a page: plain requests are read from the socket and answered from memory without hyper and axum,
//! which take most of a hit's time. Must never give another answer than the routes would.
//!
//! `plain` tells what is plain; anything else takes its connection to hyper, for good. Which page a target stands for
//! is learnt from the routes (`targets`), so that it is written down once. Nothing is kept for a connection that waits.

use std::cell::RefCell;
use std::io::{Cursor, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use axum::response::Response;
use http_body_util::BodyExt;
use shared::http::RequestIds;
use shared::server::Http;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf, join};
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutWriter;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::app::SharedReader;
use crate::cache::Outcome;
use crate::cache::answer::{names, status};
use crate::pages::Asked;

mod head;
mod plain;
mod targets;

use head::Dates;
use plain::Plain;
use targets::{Target, Targets};

/// The short way, and where requests go that can't take it.
#[derive(Debug)]
pub struct Express {
    reader: SharedReader,
    pages: Router,
    everything: Router,
    targets: Targets,
    dates: Dates,
    ids: RequestIds,
    stop: CancellationToken,
}

/// Whether the routes of pages do not know an address. An extension of their answer.
#[derive(Clone, Copy, Debug)]
struct NoPage;

/// Longest request that is read, in bytes. Longer ones are hyper's.
const READ_BYTES: usize = 8192;

/// What one request needs while it is answered; one for each thread, because an answer from memory never waits.
struct Scratch {
    read: Box<[u8; READ_BYTES]>,
    head: Vec<u8>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch { read: Box::new([0; READ_BYTES]), head: Vec::new() });
}

/// What became of the bytes that a client sent.
enum Step {
    /// They were answered from memory.
    Answered,
    /// They were, but the client does not take the answer fast enough: this is left of it.
    Unsent(Vec<u8>, Bytes),
    /// The routes have to answer them.
    Ask(Box<Request<Body>>, Vec<u8>),
    /// They are hyper's.
    HandOver(Vec<u8>),
    /// The client is gone.
    Ended,
}

impl Express {
    /// Answers plain requests for what `pages` has routes to; `everything` answers the others. Ends its connections
    /// when `stop` is cancelled.
    pub fn new(
        reader: SharedReader,
        pages: Router,
        everything: Router,
        ids: RequestIds,
        stop: CancellationToken,
    ) -> Self {
        Self {
            targets: Targets::new(reader.options.cache.cache_targets),
            pages: pages.fallback(async || axum::Extension(NoPage)),
            dates: Dates::new(&reader.clock),
            reader,
            everything,
            ids,
            stop,
        }
    }

    /// Answers the requests of a connection until it ends.
    pub async fn answer(self: Arc<Self>, mut stream: TcpStream, peer: SocketAddr, http: Http) {
        if let Some(read) = self.answer_plain(&mut stream).await {
            let (reading, writing) = stream.into_split();
            let stream = join(Cursor::new(read).chain(reading), writing);
            http.answer(stream, peer, self.everything.clone()).await;
        }
    }

    /// Answers requests as long as they are plain and for pages. Returns the bytes of the first one that is not, unless
    /// the connection ended.
    async fn answer_plain(&self, stream: &mut TcpStream) -> Option<Vec<u8>> {
        let limits = &self.reader.options.http;
        let idle_limit = Duration::from_millis(limits.http_header_ms);
        let stall_limit = Duration::from_millis(limits.http_stall_ms);
        let mut stopped = pin!(self.stop.cancelled());
        let mut last_request = self.reader.clock.elapsed();
        let mut alarm = pin!(tokio::time::sleep(idle_limit));
        loop {
            let step = tokio::select! {
                biased;
                step = std::future::poll_fn(|cx| self.step(cx, stream)) => step,
                () = &mut alarm => {
                    let idle = self.reader.clock.elapsed().saturating_sub(last_request);
                    if idle >= idle_limit {
                        return None;
                    }
                    alarm.set(tokio::time::sleep(idle_limit.saturating_sub(idle)));
                    continue;
                }
                () = &mut stopped => return None,
            };
            let (head, body) = match step {
                Step::Answered => {
                    last_request = self.reader.clock.elapsed();
                    continue;
                }
                Step::Unsent(head, body) => (head, body),
                Step::Ask(request, read) => match self.ask(*request).await {
                    Some(answer) => answer,
                    None => return Some(read),
                },
                Step::HandOver(read) => return Some(read),
                Step::Ended => return None,
            };
            send_rest(stream, [&head, &body], stall_limit).await?;
            last_request = self.reader.clock.elapsed();
        }
    }

    /// Reads what has come and answers it, if that can be done at once.
    fn step(&self, cx: &mut Context<'_>, stream: &mut TcpStream) -> Poll<Step> {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut read = ReadBuf::new(&mut scratch.read[..]);
            if ready!(Pin::new(&mut *stream).poll_read(cx, &mut read)).is_err() || read.filled().is_empty() {
                return Poll::Ready(Step::Ended);
            }
            let read = read.filled();
            let Some(plain) = Plain::read(read) else {
                return Poll::Ready(Step::HandOver(read.to_vec()));
            };
            scratch.head.clear();
            let answered = self.hit(&plain, &mut scratch.head, stream);
            Poll::Ready(answered.unwrap_or_else(|| match plain::request(read) {
                Some(request) => Step::Ask(Box::new(request), read.to_vec()),
                None => Step::HandOver(read.to_vec()),
            }))
        })
    }

    /// Answers from memory, when the page is there and current.
    fn hit(&self, plain: &Plain<'_>, head: &mut Vec<u8>, stream: &TcpStream) -> Option<Step> {
        let reader = &self.reader;
        let required = reader.versions.load();
        self.targets.with(plain.target, |target| {
            let entry = target.entry(&reader.pages, &required)?;
            let age = crate::pages::hit_age(reader, &entry, &required)?;
            let variant = entry.variant(plain.accepted);
            let is_unchanged = plain
                .if_none_match
                .is_some_and(|wanted| names(wanted, &variant.etag));
            if is_unchanged {
                head.extend_from_slice(head::NOT_MODIFIED);
                head.extend_from_slice(variant.bodiless_head_lines());
                target.unchanged.inc();
            } else {
                head.extend_from_slice(head::OK);
                head.extend_from_slice(variant.head_lines());
                target.ok.inc();
            }
            head::age(head, age);
            head::line(head, "cache-status", status(Outcome::Hit).as_bytes());
            self.end(head, plain.request_id);
            reader.pages.count(Outcome::Hit);
            let is_bodiless = is_unchanged || plain.is_head;
            let nothing = Bytes::new();
            Some(send(
                stream,
                head,
                if is_bodiless { &nothing } else { &variant.bytes },
            ))
        })
    }

    /// What every answer ends its head with.
    fn end(&self, head: &mut Vec<u8>, request_id: Option<&[u8]>) {
        head::request_id(head, request_id, &self.ids);
        head::line(head, "x-content-type-options", b"nosniff");
        self.dates.write(head, &self.reader.clock);
        head.extend_from_slice(b"\r\n");
    }

    /// The routes' answer; `None` when they have none to this address.
    async fn ask(&self, request: Request<Body>) -> Option<(Vec<u8>, Bytes)> {
        let asked = request.uri().path_and_query().cloned();
        let era = self.reader.versions.load().era();
        // It can't fail: the error of a router is infallible.
        let Ok(response) = self.pages.clone().oneshot(request).await;
        if response.extensions().get::<NoPage>().is_some() {
            return None;
        }
        if let (Some(asked), Some(page)) = (asked, response.extensions().get::<Asked>()) {
            let target = Target::new(page.clone(), era, &self.reader.metrics);
            self.targets.learn(asked.as_str(), target);
        }
        self.written(response).await
    }

    async fn written(&self, response: Response) -> Option<(Vec<u8>, Bytes)> {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        let mut head = head::of(&parts, body.len());
        self.dates.write(&mut head, &self.reader.clock);
        head.extend_from_slice(b"\r\n");
        Some((head, body))
    }
}

/// Sends an answer as far as that can be done without waiting.
fn send(stream: &TcpStream, head: &[u8], body: &Bytes) -> Step {
    let sent = match stream.try_write_vectored(&[IoSlice::new(head), IoSlice::new(body)]) {
        Ok(sent) => sent,
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => 0,
        Err(_) => return Step::Ended,
    };
    if sent == head.len() + body.len() {
        return Step::Answered;
    }
    let head_sent = sent.min(head.len());
    Step::Unsent(head[head_sent..].to_vec(), body.slice(sent - head_sent..))
}

/// Sends the rest of an answer, however long that takes, as long as the client takes something within `stall_limit`.
/// `None` when it does not, or is gone.
async fn send_rest(stream: &mut TcpStream, rest: [&[u8]; 2], stall_limit: Duration) -> Option<()> {
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(stall_limit));
    let mut stream = pin!(stream);
    for part in rest {
        stream.write_all(part).await.ok()?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Both ends of a connection.
    async fn connection() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (listener.accept().await.unwrap().0, client)
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_given_up_and_one_that_is_slow_is_not() {
        let body = vec![b'b'; 64 * 1024 * 1024];
        let (mut server, client) = connection().await;
        let sent = send_rest(&mut server, [b"head", &body], Duration::from_millis(50)).await;
        assert_eq!(sent, None);
        drop(client);
        let (mut server, mut client) = connection().await;
        let reading = tokio::spawn(async move {
            let mut received = Vec::new();
            client.read_to_end(&mut received).await.unwrap();
            received.len()
        });
        let sent = send_rest(&mut server, [b"head", &body], Duration::from_mins(1)).await;
        assert_eq!(sent, Some(()));
        drop(server);
        assert_eq!(reading.await.unwrap(), 4 + body.len());
    }

    #[tokio::test]
    async fn what_a_slow_client_has_no_room_for_is_kept() {
        let (server, mut client) = connection().await;
        server.writable().await.unwrap();
        let (head, body) = (vec![b'h'; 1000], Bytes::from(vec![b'b'; 64 * 1024 * 1024]));
        let Step::Unsent(head_left, body_left) = send(&server, &head, &body) else {
            panic!("64 MiB fit into a socket");
        };
        assert!(head_left.is_empty());
        let sent = body.len() - body_left.len();
        assert!(sent < body.len());
        drop(server);
        let mut received = Vec::new();
        client.read_to_end(&mut received).await.unwrap();
        assert_eq!(received.len(), head.len() + sent);
        assert!(received[head.len()..].iter().all(|byte| *byte == b'b'));
    }
}
