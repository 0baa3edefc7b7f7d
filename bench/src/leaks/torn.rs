//! Requests whose client hangs up: over a connection of their own, closed at a given moment, whatever happens on it.
//! Must never wait for an answer for longer than it was told.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Farewell {
    /// As a program that ends does it.
    Close,
    /// As a machine does it that knows nothing of the connection any more.
    Reset,
}

/// When and how the client hangs up.
#[derive(Clone, Copy, Debug)]
pub(super) struct HangUp {
    /// After so many bytes of the request.
    pub(super) sent: usize,
    /// After so long without the beginning of an answer; as soon as there is one.
    pub(super) patience: Duration,
    /// How.
    pub(super) farewell: Farewell,
}

/// Sends `request`, or the beginning of it, and hangs up. Returns the status where an answer had begun.
pub(super) async fn send(to: SocketAddr, request: &[u8], hang_up: HangUp) -> io::Result<Option<u16>> {
    let mut stream = TcpStream::connect(to).await?;
    if hang_up.farewell == Farewell::Reset {
        stream.set_zero_linger()?;
    }
    stream
        .write_all(&request[..hang_up.sent.min(request.len())])
        .await?;
    Ok(timeout(hang_up.patience, status(&mut stream))
        .await
        .ok()
        .flatten())
}

async fn status(stream: &mut TcpStream) -> Option<u16> {
    let mut line = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut line).await.ok()?;
    str::from_utf8(&line[9..]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// What a server that answers `answer` receives, and what the client makes of it.
    async fn exchange(answer: &'static [u8], hang_up: HangUp) -> (Vec<u8>, Option<u16>) {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        let serve = async {
            let (mut stream, _) = server.accept().await.unwrap();
            let mut received = vec![0; hang_up.sent];
            stream.read_exact(&mut received).await.unwrap();
            stream.write_all(answer).await.unwrap();
            // A reset is an error here; both ways of hanging up end the connection.
            let ended = stream.read(&mut [0; 1]).await;
            assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
            received
        };
        let (received, status) = tokio::join!(serve, send(address, b"GET / HTTP/1.1\r\n", hang_up));
        (received, status.unwrap())
    }

    fn hang_up(sent: usize, patience_ms: u64, farewell: Farewell) -> HangUp {
        HangUp {
            sent,
            patience: Duration::from_millis(patience_ms),
            farewell,
        }
    }

    #[tokio::test]
    async fn a_client_hangs_up_in_the_middle_of_its_request() {
        let (received, status) = exchange(b"", hang_up(5, 0, Farewell::Reset)).await;
        assert_eq!((received.as_slice(), status), (b"GET /".as_slice(), None));
    }

    #[tokio::test]
    async fn a_client_hangs_up_at_the_beginning_of_an_answer() {
        let (_, status) = exchange(b"HTTP/1.1 503 Busy\r\n", hang_up(16, 10_000, Farewell::Close)).await;
        assert_eq!(status, Some(503));
    }
}
