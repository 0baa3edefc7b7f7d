//! Turns an entry into an HTTP answer: encoding, conditional requests, cache headers. The only place that sets them.
//! Must never look at the database.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use super::Outcome;
use super::entry::{Entry, Policy};

const CDN_CACHE_CONTROL: HeaderName = HeaderName::from_static("cdn-cache-control");
const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
const EDGEBOOK_VERSION: HeaderName = HeaderName::from_static(shared::coherence::VERSION_HEADER);

/// The answer to a GET or HEAD with these request headers. `age` is the time since the bytes were last known to be
/// current.
pub fn answer(request: &HeaderMap, entry: &Entry, outcome: Outcome, age: Duration) -> Response<Body> {
    let lines = |name| request.get_all(name).into_iter().map(HeaderValue::as_bytes);
    let variant = entry.variant(Accepted::read(lines(header::ACCEPT_ENCODING)));
    let unchanged = lines(header::IF_NONE_MATCH).any(|wanted| names(wanted, &variant.etag));
    let mut response = if unchanged {
        // A body of no known length, or axum would tell its length of zero, and caches take that for the page's.
        let nothing = futures_util::stream::empty::<Result<Bytes, Infallible>>();
        let mut response = Response::new(Body::from_stream(nothing));
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        Response::new(Body::from(variant.bytes.clone()))
    };
    let headers = response.headers_mut();
    headers.reserve(12);
    if !unchanged {
        headers.extend(about_body(entry.content_type(), variant.encoding.as_ref()));
    }
    headers.extend(about_data(&variant.etag, entry.policy(), entry.version_header()));
    headers.insert(header::AGE, HeaderValue::from(age.as_secs()));
    let status = match outcome {
        Outcome::Miss if !entry.is_kept() => "edgebook; fwd=miss",
        outcome => status(outcome),
    };
    headers.insert(CACHE_STATUS, HeaderValue::from_static(status));
    response
}

/// The headers that go with a body.
pub fn about_body(
    content_type: &HeaderValue,
    encoding: Option<&HeaderValue>,
) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let encoding = encoding.map(|encoding| (header::CONTENT_ENCODING, encoding.clone()));
    [(header::CONTENT_TYPE, content_type.clone())]
        .into_iter()
        .chain(encoding)
}

/// The headers that an answer has with and without a body.
pub fn about_data(
    etag: &HeaderValue,
    policy: &Policy,
    version: &HeaderValue,
) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    [
        (header::ETAG, etag.clone()),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static(policy.cache_control),
        ),
        (
            CDN_CACHE_CONTROL,
            HeaderValue::from_static(policy.cdn_cache_control),
        ),
        (EDGEBOOK_VERSION, version.clone()),
    ]
    .into_iter()
}

/// `Cache-Status` (RFC 9211).
pub const fn status(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Hit => "edgebook; hit",
        Outcome::Stale => "edgebook; fwd=stale",
        Outcome::Miss => "edgebook; fwd=miss; stored",
    }
}

/// Whether a line of `If-None-Match` names the ETag, by the weak comparison (RFC 9110, 13.1.2).
pub fn names(wanted: &[u8], etag: &HeaderValue) -> bool {
    let (Ok(wanted), Ok(etag)) = (std::str::from_utf8(wanted), etag.to_str()) else {
        return false;
    };
    wanted
        .split(',')
        .map(str::trim)
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag)
}

/// The encodings that a client accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// `br`.
    pub brotli: bool,
    /// `gzip`.
    pub gzip: bool,
}

impl Accepted {
    /// Reads the lines of `Accept-Encoding` (RFC 9110, 12.5.3). `*` stands for what is not named, and what is named with
    /// a smaller weight than something else is not accepted; of equals, the smaller body is sent.
    pub fn read<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Self {
        let [mut brotli, mut gzip, mut identity, mut others] = [None; 4];
        for part in lines
            .filter_map(|line| std::str::from_utf8(line).ok())
            .flat_map(|line| line.split(','))
        {
            let (name, parameter) = part.split_once(';').unwrap_or((part, ""));
            let weight = match name.trim() {
                name if name.eq_ignore_ascii_case("br") => &mut brotli,
                name if name.eq_ignore_ascii_case("gzip") => &mut gzip,
                name if name.eq_ignore_ascii_case("identity") => &mut identity,
                "*" => &mut others,
                _ => continue,
            };
            *weight = Some(thousandths(parameter));
        }
        let weight = |named: Option<u16>| named.or(others).unwrap_or(0);
        let (brotli, gzip) = (weight(brotli), weight(gzip));
        let best = brotli.max(gzip).max(identity.unwrap_or(0)).max(1);
        Self {
            brotli: brotli == best,
            gzip: gzip == best,
        }
    }
}

/// The weight of `;q=0.5` in thousandths: 1 where it is left out or can't be read.
fn thousandths(parameter: &str) -> u16 {
    const ONE: u16 = 1000;
    let parameter = parameter.trim();
    let Some(number) = parameter
        .strip_prefix("q=")
        .or_else(|| parameter.strip_prefix("Q="))
    else {
        return ONE;
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_number = fraction.len() <= 3 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "0" if is_number => format!("{fraction:0<3}").parse().unwrap_or(ONE),
        _ => ONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(value: &str) -> (bool, bool) {
        let accepted = Accepted::read([value.as_bytes()].into_iter());
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
            ("br;q=0.1, gzip;q=1", false, true),
            ("br;q=0.001, gzip;q=0", true, false),
            ("gzip;q=0.1, identity", false, false),
            ("gzip, identity;q=0.5, *;q=0.1", false, true),
            ("gzip;q=0.000", false, false),
            ("gzip;q=0.0001", false, true),
            ("gzip;q=x", false, true),
            ("gzip;q=", false, true),
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
            assert_eq!(names(wanted.as_bytes(), &etag), fits, "{wanted}");
        }
    }
}
