//! A kept connection to a reader, as cheap as one can be: the load shares the machine with what it measures.
//! Must never take an answer for whole that is not.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest head of an answer that is expected. Bodies are read over and over into what it leaves.
const BUFFER_BYTES: usize = 4096;

/// A connection over which one page is asked for after another.
#[derive(Debug)]
pub(crate) struct Kept {
    stream: TcpStream,
    buffer: Box<[u8]>,
}

/// An answer that is there to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    /// Its status.
    pub(crate) status: u16,
    head: &'a str,
}

impl Answer<'_> {
    /// The value of the header with this name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// A request for a page, as it stands on the wire.
pub(crate) fn request(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\naccept-encoding: gzip, br\r\n\r\n").into_bytes()
}

impl Kept {
    /// Connects.
    pub(crate) async fn open(reader: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(reader).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: vec![0; BUFFER_BYTES].into(),
        })
    }

    /// Sends a request and waits for the whole answer. After an error the connection is of no more use.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let head_bytes = loop {
            filled += read(&mut self.stream, &mut self.buffer[filled..]).await?;
            if let Some(end) = end_of_head(&self.buffer[..filled]) {
                break end;
            }
        };
        let body_bytes = length_of_body(&self.buffer[..head_bytes])?;
        let mut left = body_bytes
            .checked_sub(filled - head_bytes)
            .ok_or_else(|| not_understood("an answer is longer than it says"))?;
        while left > 0 {
            let room = &mut self.buffer[head_bytes..];
            let most = left.min(room.len());
            left -= read(&mut self.stream, &mut room[..most]).await?;
        }
        let head =
            str::from_utf8(&self.buffer[..head_bytes]).map_err(|_| not_understood("a head is no text"))?;
        let status = head.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
        let status = status.and_then(|status| status.parse().ok());
        Ok(Answer {
            status: status.ok_or_else(|| not_understood("an answer has no status"))?,
            head,
        })
    }
}

/// Reads something; that nothing is left, or no room, is an error.
async fn read(stream: &mut TcpStream, into: &mut [u8]) -> io::Result<usize> {
    match stream.read(into).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        length => Ok(length),
    }
}

/// Where the body of a message begins, if its head is there.
pub(crate) fn end_of_head(bytes: &[u8]) -> Option<usize> {
    Some(bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4)
}

/// How long the body behind this head is.
pub(crate) fn length_of_body(head: &[u8]) -> io::Result<usize> {
    let head = str::from_utf8(head).map_err(|_| not_understood("a head is no text"))?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim())
    });
    let length = length.and_then(|length| length.parse().ok());
    length.ok_or_else(|| not_understood("a head does not tell how long the body is"))
}

fn not_understood(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn one_answer_after_another_is_read_to_its_end_however_long() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let asked = request("/page");
            for (status, length) in [(200, 0), (404, 5), (503, 100_000)] {
                let mut got = vec![0; asked.len()];
                stream.read_exact(&mut got).await.unwrap();
                assert_eq!(got, asked);
                let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nX: y\r\n\r\n");
                stream.write_all(head.as_bytes()).await.unwrap();
                stream.write_all(&vec![b'x'; length]).await.unwrap();
            }
        });
        let mut kept = Kept::open(address).await.unwrap();
        for status in [200, 404, 503] {
            let answer = kept.ask(&request("/page")).await.unwrap();
            assert_eq!((answer.status, answer.header("x")), (status, Some("y")));
            assert_eq!(answer.header("z"), None);
        }
        served.await.unwrap();
        assert!(kept.ask(&request("/page")).await.is_err());
    }

    #[test]
    fn a_head_that_does_not_tell_where_the_body_ends_is_not_understood() {
        assert_eq!(
            length_of_body(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n").unwrap(),
            7
        );
        for head in [&b"HTTP/1.1 200 OK\r\n\r\n"[..], b"content-length: x\r\n\r\n"] {
            assert!(length_of_body(head).is_err());
        }
    }
}
