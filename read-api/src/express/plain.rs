//! Which requests are plain: a whole head that asks for something and brings nothing. Must never let a request pass
//! whose end is told by anything but the end of its head.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request};
use httparse::{EMPTY_HEADER, Status};
use shared::http::is_request_id;

use crate::cache::answer::Accepted;

/// A request with more headers is not plain.
const MAX_HEADERS: usize = 48;

/// A plain request, as far as a hit needs it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plain<'a> {
    /// Path and query.
    pub(super) target: &'a str,
    /// Whether it is HEAD and not GET.
    pub(super) is_head: bool,
    pub(super) accepted: Accepted,
    pub(super) if_none_match: Option<&'a [u8]>,
    /// The id that it came with, if it is one to take over.
    pub(super) request_id: Option<&'a [u8]>,
    host: Option<&'a [u8]>,
}

impl<'a> Plain<'a> {
    /// `None` when `read` is not exactly the head of one plain request.
    pub(super) fn read(read: &'a [u8]) -> Option<Self> {
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let (method, target, headers) = parse(read, &mut headers)?;
        let mut plain = Self {
            target,
            is_head: method == "HEAD",
            accepted: Accepted::default(),
            if_none_match: None,
            request_id: None,
            host: None,
        };
        let mut encodings = None;
        for header in headers {
            let once = match header.name.len() {
                4 if is(header.name, "host") => &mut plain.host,
                12 if is(header.name, "x-request-id") => &mut plain.request_id,
                13 if is(header.name, "if-none-match") => &mut plain.if_none_match,
                15 if is(header.name, "accept-encoding") => &mut encodings,
                _ if is_plain(header) => continue,
                _ => return None,
            };
            if once.replace(header.value).is_some() {
                return None;
            }
        }
        plain.host?;
        plain.accepted = Accepted::read(encodings.into_iter());
        plain.request_id = plain.request_id.filter(|id| is_request_id(id));
        Some(plain)
    }
}

/// The request that [`Plain::read`] took for plain, for the routes.
pub(super) fn request(read: &[u8]) -> Option<Request<Body>> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let (method, target, headers) = parse(read, &mut headers)?;
    let mut request = Request::new(Body::empty());
    *request.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
    *request.uri_mut() = target.parse().ok()?;
    for header in headers {
        let name = HeaderName::from_bytes(header.name.as_bytes()).ok()?;
        request
            .headers_mut()
            .append(name, HeaderValue::from_bytes(header.value).ok()?);
    }
    Some(request)
}

type Parsed<'a, 'h> = (&'a str, &'a str, &'h [httparse::Header<'a>]);

fn parse<'a, 'h>(read: &'a [u8], headers: &'h mut [httparse::Header<'a>]) -> Option<Parsed<'a, 'h>> {
    let mut request = httparse::Request::new(headers);
    let Ok(Status::Complete(length)) = request.parse(read) else {
        return None;
    };
    let (method, target) = (request.method?, request.path?);
    let fits = length == read.len()
        && request.version == Some(1)
        && matches!(method, "GET" | "HEAD")
        && target.starts_with('/');
    fits.then_some((method, target, &*request.headers))
}

/// Whether a header changes nothing of where the request ends, of what becomes of the connection, or of the page.
fn is_plain(header: &httparse::Header<'_>) -> bool {
    const NOT_PLAIN: [&str; 7] = [
        "content-length",
        "transfer-encoding",
        "expect",
        "upgrade",
        "http2-settings",
        "te",
        shared::coherence::MIN_VERSION_HEADER,
    ];
    if is(header.name, "connection") {
        return header.value.eq_ignore_ascii_case(b"keep-alive");
    }
    !NOT_PLAIN.iter().any(|name| is(header.name, name))
}

fn is(name: &str, other: &str) -> bool {
    name.eq_ignore_ascii_case(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_head_that_brings_nothing_is_plain() {
        let read = b"GET /api/sports/sports?a=b HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip, br\r\n\
            Connection: Keep-Alive\r\nIf-None-Match: \"x\"\r\nX-Request-Id: abc-1\r\nCookie: a=b\r\n\r\n";
        let plain = Plain::read(read).unwrap();
        assert_eq!(plain.target, "/api/sports/sports?a=b");
        assert!(!plain.is_head && plain.accepted.brotli && plain.accepted.gzip);
        assert_eq!(plain.if_none_match, Some(&b"\"x\""[..]));
        assert_eq!(plain.request_id, Some(&b"abc-1"[..]));
        let request = request(read).unwrap();
        assert_eq!(request.uri(), "/api/sports/sports?a=b");
        assert_eq!(request.headers().len(), 6);
    }

    #[test]
    fn everything_else_is_not() {
        for read in [
            "",
            "GET / HTTP/1.1\r\nHost: a\r\n",
            "GET / HTTP/1.0\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nedgebook-min-version: theme=4\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"a\"\r\nIf-None-Match: \"b\"\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n folded: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nname : a\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            "GET /\r\n\r\n",
            "\0\r\n\r\n",
        ] {
            assert_eq!(Plain::read(read.as_bytes()), None, "{read:?}");
        }
        let many = format!(
            "GET / HTTP/1.1\r\nHost: a\r\n{}\r\n",
            "a: b\r\n".repeat(MAX_HEADERS + 1)
        );
        assert_eq!(Plain::read(many.as_bytes()), None);
    }
}
