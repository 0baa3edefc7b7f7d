//! Accepting connections and stopping well. Must never drop a request that has begun.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::http::HttpLimits;

/// An address that can't be listened on.
#[derive(Debug, thiserror::Error)]
#[error("can't listen on {address}: {source}. Choose another with --listen, or stop what uses it.")]
pub struct ListenError {
    address: SocketAddr,
    source: std::io::Error,
}

/// Listens on `address`; port 0 takes a free one, which the second value tells.
///
/// # Errors
/// When the address is taken or not ours.
pub async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ListenError> {
    let listening = async {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    listening.await.map_err(|source| ListenError { address, source })
}

/// After a failed accept (out of file descriptors, mostly) the next one waits this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The shortest limit of a request's head that hyper takes.
const LEAST_HEAD_BYTES: usize = 8192;

/// Serves `router` until `stop` is cancelled, then takes no more connections, lets idle ones go and waits for
/// requests under way, at most the drain limit.
pub async fn serve(listener: TcpListener, router: Router, limits: HttpLimits, stop: CancellationToken) {
    let answer = move |stream, peer, http: Http| http.answer(stream, peer, router.clone());
    serve_each(listener, limits, stop, answer).await;
}

/// Serves as [`serve`] does, and leaves what is done with each connection to `answer`. It is given the means to let
/// hyper do it; whoever keeps a connection to itself holds on to them meanwhile, and ends when `stop` is cancelled.
pub async fn serve_each<F>(
    listener: TcpListener,
    limits: HttpLimits,
    stop: CancellationToken,
    answer: impl Fn(TcpStream, SocketAddr, Http) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(limits.http_max_connections));
    let open = GracefulShutdown::new();
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(limits.http_header_ms))
        // hyper refuses less than this, and its own limit is 400 KiB for each connection.
        .max_buf_size(limits.http_head_bytes.max(LEAST_HEAD_BYTES));
    loop {
        let place = tokio::select! {
            () = stop.cancelled() => break,
            Ok(place) = Arc::clone(&places).acquire_owned() => place,
        };
        let (stream, peer) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        let http = Http {
            builder: builder.clone(),
            watcher: open.watcher(),
            stall_limit: Duration::from_millis(limits.http_stall_ms),
        };
        let answered = answer(without_delay(stream), peer, http);
        tokio::spawn(async move {
            answered.await;
            drop(place);
        });
    }
    drop(listener);
    let drained = tokio::time::timeout(Duration::from_millis(limits.http_drain_ms), open.shutdown());
    if drained.await.is_err() {
        tracing::warn!("requests were still under way when the drain limit ran out");
    }
}

/// Answers one connection with hyper. Shutdown waits for it as long as it lives.
#[derive(Debug)]
pub struct Http {
    builder: http1::Builder,
    watcher: Watcher,
    stall_limit: Duration,
}

impl Http {
    /// Answers the requests of a connection with `router` until it ends.
    pub async fn answer<S>(self, stream: S, peer: SocketAddr, router: Router)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        // hyper has no limit for a client that takes nothing of an answer.
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.stall_limit));
        let connection = self
            .builder
            .serve_connection(TokioIo::new(Box::pin(stream)), service(router, peer));
        if let Err(error) = self.watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended badly");
        }
    }
}

fn without_delay(stream: TcpStream) -> TcpStream {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
    stream
}

fn service(
    router: Router,
    peer: SocketAddr,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = axum::response::Response,
    Error = Infallible,
    Future: Send,
> {
    hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(axum::body::Body::new))
    })
}

/// Resolves when the process is told to stop: Ctrl-C or SIGTERM.
///
/// # Errors
/// When the signals can't be listened to.
pub async fn told_to_stop() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        limits: HttpLimits,
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_of_an_answer_does_not_hold_its_connection_for_ever() {
        let limits = Cli::parse_from(["test", "--http-stall-ms", "50", "--http-drain-ms", "120000"]).limits;
        let (listener, address) = listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let answer = async || vec![b'b'; 64 * 1024 * 1024];
        let router = Router::new().route("/", axum::routing::get(answer));
        let stop = CancellationToken::new();
        let serving = tokio::spawn(serve(listener, router, limits, stop.clone()));
        let mut client = TcpStream::connect(address).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
        client.write_all(request).await.unwrap();
        client.read_u8().await.unwrap();
        // Shutdown waits for the answer as long as the drain limit; the stalled one is given up long before.
        stop.cancel();
        tokio::time::timeout(Duration::from_mins(1), serving)
            .await
            .unwrap()
            .unwrap();
    }
}
