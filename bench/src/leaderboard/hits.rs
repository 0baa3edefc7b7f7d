//! How often a page is served from memory, by kept connections that do as little as they can. Must never count an answer
//! that is not the page.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use shared::clock::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::bets::read_answer;
use crate::failure::Failure;

/// Connections at once.
const CONNECTIONS: u32 = 16;
/// The longest answer that is expected, with its head.
const ANSWER_BYTES: usize = 64 * 1024;

/// A load on one reader.
#[derive(Debug)]
pub(super) struct Load {
    reader: SocketAddr,
    lasts: Duration,
    clock: Clock,
}

impl Load {
    /// On this reader, for so long at a time.
    pub(super) fn new(reader: SocketAddr, lasts: Duration, clock: &Clock) -> Self {
        Self {
            reader,
            lasts,
            clock: clock.clone(),
        }
    }

    /// Answers in a second with the page at `path`.
    pub(super) async fn per_s(&self, path: &str) -> Result<f64, Failure> {
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\naccept-encoding: br\r\n\r\n").into_bytes();
        let deadline = self.clock.elapsed() + self.lasts;
        let mut connections = JoinSet::new();
        for _ in 0..CONNECTIONS {
            let (request, clock, reader) = (request.clone(), self.clock.clone(), self.reader);
            connections.spawn(async move {
                let mut stream = TcpStream::connect(reader).await?;
                stream.set_nodelay(true)?;
                let mut answer = vec![0; ANSWER_BYTES];
                let mut answers = 0_u32;
                while clock.elapsed() < deadline {
                    ask(&mut stream, &request, &mut answer).await?;
                    answers += 1;
                }
                io::Result::Ok(answers)
            });
        }
        let mut all = 0;
        while let Some(answers) = connections.join_next().await {
            all += answers.map_err(io::Error::other)??;
        }
        Ok(f64::from(all) / self.lasts.as_secs_f64())
    }
}

async fn ask(stream: &mut TcpStream, request: &[u8], answer: &mut [u8]) -> io::Result<()> {
    stream.write_all(request).await?;
    let mut filled = 0;
    loop {
        let read = stream.read(&mut answer[filled..]).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += read;
        match read_answer(&answer[..filled]) {
            Some(Ok(200)) => return Ok(()),
            Some(Ok(status)) => return Err(io::Error::other(format!("a page was answered with {status}"))),
            Some(Err(error)) => return Err(error),
            None => {}
        }
    }
}
