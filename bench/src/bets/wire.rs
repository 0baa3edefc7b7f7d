//! A player's kept connection to the writer, as cheap as one can be: the load shares the machine with what it measures.
//! Must never take an answer for whole that is not.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;

use shared::random::Random;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// The longest answer that is expected, with its head.
const ANSWER_BYTES: usize = 8192;

/// A connection whose requests differ in nothing but their keys.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    key: Range<usize>,
    answer: Vec<u8>,
    random: Random,
}

impl Connection {
    /// Connects the player with this session.
    pub(super) async fn open(writer: SocketAddr, token: &str, path: &str, body: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(writer).await?;
        stream.set_nodelay(true)?;
        let (request, key) = request(token, path, body);
        Ok(Self {
            stream,
            request,
            key,
            answer: vec![0; ANSWER_BYTES],
            random: Random::system(),
        })
    }

    /// Bets on one spin with a new key, waits for the whole answer, and returns its status.
    pub(super) async fn bet(&mut self) -> io::Result<u16> {
        // As the pages of a browser make them, at random.
        let key = uuid::Builder::from_random_bytes(self.random.bytes()).into_uuid();
        key.hyphenated().encode_lower(&mut self.request[self.key.clone()]);
        self.stream.write_all(&self.request).await?;
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.answer[filled..]).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += read;
            match read_answer(&self.answer[..filled]) {
                Some(status) => return status,
                None if filled == self.answer.len() => return Err(not_understood("an answer is too long")),
                None => {}
            }
        }
    }
}

/// A bet by the owner of `token`, and where the key is in it.
fn request(token: &str, path: &str, body: &str) -> (Vec<u8>, Range<usize>) {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         authorization: Bearer {token}\r\nidempotency-key: ",
        body.len()
    );
    let key = head.len()..head.len() + Hyphenated::LENGTH;
    (format!("{head}{}\r\n\r\n{body}", Uuid::nil()).into_bytes(), key)
}

/// The status of an answer that is there to its end.
pub(crate) fn read_answer(bytes: &[u8]) -> Option<io::Result<u16>> {
    let head_bytes = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let (head, body) = bytes.split_at(head_bytes);
    let read = |head: &[u8]| {
        let head = str::from_utf8(head).ok()?.strip_prefix("HTTP/1.1 ")?;
        let status: u16 = head.get(..3)?.parse().ok()?;
        let (_, length) = head.split_once("\r\ncontent-length: ")?;
        let length: usize = length.split("\r\n").next()?.parse().ok()?;
        Some((status, length))
    };
    match read(head) {
        Some((status, length)) => (body.len() >= length).then_some(Ok(status)),
        None => Some(Err(not_understood("an answer's head was not understood"))),
    }
}

fn not_understood(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_complete_and_its_key_is_where_it_is_said_to_be() {
        let (request, key) = request("1.secret", "/api/casino/slots/bet", r#"{"stake":1.00}"#);
        let text = String::from_utf8(request).unwrap();
        assert_eq!(text[key], Uuid::nil().to_string());
        assert!(
            text.starts_with("POST /api/casino/slots/bet HTTP/1.1\r\n"),
            "{text}"
        );
        assert!(
            text.contains("\r\nauthorization: Bearer 1.secret\r\nidempotency-key: 0000"),
            "{text}"
        );
        assert!(
            text.contains("\r\ncontent-length: 14\r\n") && text.ends_with("\r\n\r\n{\"stake\":1.00}"),
            "{text}"
        );
    }

    #[test]
    fn an_answer_is_whole_with_its_last_byte_and_not_before() {
        let answer = b"HTTP/1.1 200 OK\r\ncontent-type: x\r\ncontent-length: 2\r\ndate: y\r\n\r\n{}";
        for end in 0..answer.len() {
            assert!(read_answer(&answer[..end]).is_none(), "{end} bytes");
        }
        assert_eq!(read_answer(answer).unwrap().unwrap(), 200);
    }

    #[test]
    fn a_head_that_does_not_tell_where_the_answer_ends_is_not_understood() {
        for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1\r\ncontent-length: 1\r\n\r\n"] {
            assert!(read_answer(head.as_bytes()).unwrap().is_err(), "{head:?}");
        }
    }
}
