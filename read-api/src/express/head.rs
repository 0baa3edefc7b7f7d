//! Writes the heads of answers. Must never write a value that a client sent, but for an id of letters and digits.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use axum::http::{StatusCode, header, response::Parts};
use shared::clock::Clock;
use shared::http::{REQUEST_ID, RequestIds};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

pub(super) const OK: &[u8] = b"HTTP/1.1 200 OK\r\n";
pub(super) const NOT_MODIFIED: &[u8] = b"HTTP/1.1 304 Not Modified\r\n";

/// A header.
pub(super) fn line(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        out.extend_from_slice(part);
    }
}

/// `Age`.
pub(super) fn age(out: &mut Vec<u8>, age: Duration) {
    // Writing to a Vec can't fail.
    let _ = write!(out, "age: {}\r\n", age.as_secs());
}

/// The request's id: the one that it came with, or a new one.
pub(super) fn request_id(out: &mut Vec<u8>, given: Option<&[u8]>, ids: &RequestIds) {
    out.extend_from_slice(REQUEST_ID.as_str().as_bytes());
    out.extend_from_slice(b": ");
    match given {
        Some(id) => out.extend_from_slice(id),
        None => ids.write_next(out),
    }
    out.extend_from_slice(b"\r\n");
}

/// The head of an answer that was made by the routes, up to its date.
pub(super) fn of(parts: &Parts, body_bytes: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(READY_BYTES);
    let reason = parts.status.canonical_reason().unwrap_or("");
    // Writing to a Vec can't fail.
    let _ = write!(out, "HTTP/1.1 {} {reason}\r\n", parts.status.as_u16());
    for (name, value) in &parts.headers {
        line(&mut out, name.as_str(), value.as_bytes());
    }
    let is_told = parts.headers.contains_key(header::CONTENT_LENGTH);
    if !is_told && parts.status != StatusCode::NOT_MODIFIED {
        let _ = write!(out, "content-length: {body_bytes}\r\n");
    }
    out
}

/// Room for most heads.
const READY_BYTES: usize = 640;

/// `Date` (RFC 9110, 5.6.7), written once a second.
#[derive(Debug)]
pub(super) struct Dates(ArcSwap<Date>);

#[derive(Debug)]
struct Date {
    /// The second of the service's life that it was written in.
    second: u64,
    line: String,
}

const FORMAT: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

impl Dates {
    /// Tells the time of `clock`.
    pub(super) fn new(clock: &Clock) -> Self {
        Self(ArcSwap::from_pointee(Date::now(clock)))
    }

    /// Writes the header to the end of `out`.
    pub(super) fn write(&self, out: &mut Vec<u8>, clock: &Clock) {
        let date = self.0.load();
        if date.second == clock.elapsed().as_secs() {
            out.extend_from_slice(date.line.as_bytes());
        } else {
            let date = Arc::new(Date::now(clock));
            out.extend_from_slice(date.line.as_bytes());
            self.0.store(date);
        }
    }
}

impl Date {
    fn now(clock: &Clock) -> Self {
        let second = clock.elapsed().as_secs();
        let mut line = String::from("date: ");
        // A time always has what the format asks for; an empty date would be left out by nobody but read by nobody.
        let _ = write!(line, "{}\r\n", clock.now().format(FORMAT).unwrap_or_default());
        Self { second, line }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_date_moves_with_the_clock() {
        let clock = Clock::manual(datetime!(1994-11-06 08:49:37 UTC));
        let dates = Dates::new(&clock);
        let written = || {
            let mut out = Vec::new();
            dates.write(&mut out, &clock);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(), "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
        clock.advance(Duration::from_secs(1));
        assert_eq!(written(), "date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
    }
}
