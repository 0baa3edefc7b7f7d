//! Turns an entry into an HTTP answer: encoding, conditional requests, cache headers. The only place that sets them.
//! Must never look at the database.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use super::Outcome;
use super::entry::Entry;

const CDN_CACHE_CONTROL: HeaderName = HeaderName::from_static("cdn-cache-control");
const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
const EDGEBOOK_VERSION: HeaderName = HeaderName::from_static(shared::coherence::VERSION_HEADER);

/// The answer to a GET or HEAD with these request headers. `age` is the time since the bytes were last known to be
/// current.
pub fn answer(request: &HeaderMap, entry: &Entry, outcome: Outcome, age: Duration) -> Response<Body> {
    let accepted = Accepted::read(request);
    let variant = entry.variant(accepted.brotli, accepted.gzip);
    let unchanged = request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .any(|wanted| matches(wanted, &variant.etag));
    let mut response = if unchanged {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        Response::new(Body::from(variant.bytes.clone()))
    };
    let headers = response.headers_mut();
    headers.reserve(12);
    if !unchanged {
        headers.insert(header::CONTENT_TYPE, entry.content_type().clone());
        if let Some(encoding) = &variant.encoding {
            headers.insert(header::CONTENT_ENCODING, encoding.clone());
        }
    }
    headers.insert(header::ETAG, variant.etag.clone());
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(entry.policy().cache_control),
    );
    headers.insert(
        CDN_CACHE_CONTROL,
        HeaderValue::from_static(entry.policy().cdn_cache_control),
    );
    headers.insert(header::AGE, HeaderValue::from(age.as_secs()));
    headers.insert(CACHE_STATUS, HeaderValue::from_static(status(outcome)));
    headers.insert(EDGEBOOK_VERSION, entry.version_header().clone());
    response
}

/// `Cache-Status` (RFC 9211).
const fn status(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Hit => "edgebook; hit",
        Outcome::Stale => "edgebook; fwd=stale",
        Outcome::Miss => "edgebook; fwd=miss; stored",
    }
}

/// Whether `If-None-Match` names the ETag, by the weak comparison (RFC 9110, 13.1.2).
fn matches(wanted: &HeaderValue, etag: &HeaderValue) -> bool {
    let (Ok(wanted), Ok(etag)) = (wanted.to_str(), etag.to_str()) else {
        return false;
    };
    wanted
        .split(',')
        .map(str::trim)
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag)
}

/// The encodings that a client accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Accepted {
    brotli: bool,
    gzip: bool,
}

impl Accepted {
    /// Reads `Accept-Encoding` (RFC 9110, 12.5.3): `;q=0` refuses, `*` stands for what is not named.
    fn read(request: &HeaderMap) -> Self {
        let mut brotli = None;
        let mut gzip = None;
        let mut others = false;
        let lines = request.get_all(header::ACCEPT_ENCODING);
        for part in lines
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','))
        {
            let (name, weight) = part.split_once(';').unwrap_or((part, ""));
            let wanted = !is_zero(weight);
            match name.trim() {
                name if name.eq_ignore_ascii_case("br") => brotli = Some(wanted),
                name if name.eq_ignore_ascii_case("gzip") => gzip = Some(wanted),
                "*" => others = wanted,
                _ => {}
            }
        }
        Self {
            brotli: brotli.unwrap_or(others),
            gzip: gzip.unwrap_or(others),
        }
    }
}

fn is_zero(weight: &str) -> bool {
    let weight = weight.trim();
    weight
        .strip_prefix("q=")
        .or_else(|| weight.strip_prefix("Q="))
        .is_some_and(|number| number.bytes().all(|byte| matches!(byte, b'0' | b'.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(value: &'static str) -> (bool, bool) {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
        let accepted = Accepted::read(&headers);
        (accepted.brotli, accepted.gzip)
    }

    #[test]
    fn encodings_are_negotiated() {
        for (value, brotli, gzip) in [
            ("", false, false),
            ("gzip", false, true),
            ("gzip, deflate, br, zstd", true, true),
            ("br;q=0, gzip;q=0.5", false, true),
            ("*", true, true),
            ("*;q=0", false, false),
            ("gzip;q=0.0, *", true, false),
            ("identity", false, false),
            ("BR", true, false),
        ] {
            assert_eq!(accepted(value), (brotli, gzip), "{value}");
        }
    }

    #[test]
    fn etags_are_compared_weakly() {
        let etag = HeaderValue::from_static("\"abc-gzip\"");
        for (wanted, fits) in [
            ("\"abc-gzip\"", true),
            ("W/\"abc-gzip\"", true),
            ("\"x\", \"abc-gzip\"", true),
            ("*", true),
            ("\"abc\"", false),
            ("abc-gzip", false),
        ] {
            assert_eq!(
                matches(&HeaderValue::from_static(wanted), &etag),
                fits,
                "{wanted}"
            );
        }
    }
}
