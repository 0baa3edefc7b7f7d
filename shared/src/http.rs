//! What every route of both services shares: request ids, problem answers, JSON bodies and queries.
//! Must never know a feature.

use std::io::Write as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::problem::Problem;
use crate::random::Random;

/// Limits of a service's HTTP side.
#[derive(Clone, Debug, clap::Args)]
pub struct HttpLimits {
    /// Longest request body, in bytes.
    #[arg(long, env = "HTTP_BODY_BYTES", default_value_t = 262_144)]
    pub http_body_bytes: usize,
    /// Connections served at once; further ones wait in the kernel's queue.
    #[arg(long, env = "HTTP_MAX_CONNECTIONS", default_value_t = 20_000)]
    pub http_max_connections: usize,
    /// How long a client may take to send the head of a request, in milliseconds. It is also how long an idle
    /// connection is kept.
    #[arg(long, env = "HTTP_HEADER_MS", default_value_t = 75_000)]
    pub http_header_ms: u64,
    /// Longest head of a request (its first line and headers), in bytes; at least 8192. It is read in steps, so that
    /// up to twice as much may pass.
    #[arg(long, env = "HTTP_HEAD_BYTES", default_value_t = 32_768)]
    pub http_head_bytes: usize,
    /// How long a whole request may take, sending its body included, in milliseconds.
    #[arg(long, env = "HTTP_REQUEST_MS", default_value_t = 10_000)]
    pub http_request_ms: u64,
    /// After how long a client that takes nothing of an answer is given up, in milliseconds.
    #[arg(long, env = "HTTP_STALL_MS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub http_stall_ms: u64,
    /// How long shutdown waits for requests under way, in milliseconds.
    #[arg(long, env = "HTTP_DRAIN_MS", default_value_t = 10_000)]
    pub http_drain_ms: u64,
}

/// The header that carries a request's id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id that is taken over from a front door, in characters.
const MAX_REQUEST_ID_CHARS: usize = 64;

/// Makes ids for requests: a random prefix for each process and a running number.
#[derive(Clone, Debug)]
pub struct RequestIds(Arc<(String, AtomicU64)>);

impl RequestIds {
    /// A new prefix from `random`.
    pub fn new(random: &Random) -> Self {
        let prefix = hex::encode(random.bytes::<6>());
        Self(Arc::new((prefix, AtomicU64::new(0))))
    }

    fn next(&self) -> String {
        let mut id = Vec::new();
        self.write_next(&mut id);
        String::from_utf8_lossy(&id).into_owned()
    }

    /// Writes a new id to the end of `out`.
    pub fn write_next(&self, out: &mut Vec<u8>) {
        let number = self.0.1.fetch_add(1, Ordering::Relaxed);
        // Writing to a Vec can't fail.
        let _ = write!(out, "{}-{number:x}", self.0.0);
    }
}

/// The id of the request being answered.
#[derive(Clone, Debug)]
pub struct RequestId(pub Arc<str>);

/// The outermost layer: gives the request an id, turns panics and bare refusals into problems, renders problems.
pub async fn outermost(State(ids): State<RequestIds>, mut request: Request, next: Next) -> Response {
    let id = taken_over(&request).unwrap_or_else(|| ids.next());
    request.extensions_mut().insert(RequestId(id.as_str().into()));
    let mut response = if names_one_host(&request) {
        let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        answer.unwrap_or_else(|_| Problem::internal(Panicked).into_response())
    } else {
        let detail = "Name one host in one Host header";
        Problem::bad_request("bad_host", detail).into_response()
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let added = std::mem::take(response.headers_mut());
        response = problem.render(&id);
        for (name, value) in &added {
            response.headers_mut().append(name, value.clone());
        }
    } else if is_bare_refusal(&response) {
        // Such as `Allow` and `Fly-Replay`; what describes the body goes with it.
        let mut kept = std::mem::take(response.headers_mut());
        kept.remove(header::CONTENT_TYPE);
        kept.remove(header::CONTENT_LENGTH);
        response = bare(response.status()).render(&id);
        response.headers_mut().extend(kept);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response.headers_mut().insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// What a request of HTTP/1.1 must (RFC 9112, 3.2): servers on its way that choose different ones would not agree on
/// what was asked.
fn names_one_host(request: &Request) -> bool {
    request.version() != Version::HTTP_11 || request.headers().get_all(header::HOST).iter().count() == 1
}

#[derive(Debug, thiserror::Error)]
#[error("a handler panicked")]
struct Panicked;

fn taken_over(request: &Request) -> Option<String> {
    let id = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    is_request_id(id.as_bytes()).then(|| id.to_owned())
}

/// Whether an id that a request came with is taken over.
pub fn is_request_id(id: &[u8]) -> bool {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    (1..=MAX_REQUEST_ID_CHARS).contains(&id.len()) && id.iter().all(is_allowed)
}

fn is_bare_refusal(response: &Response) -> bool {
    let status = response.status();
    (status.is_client_error() || status.is_server_error())
        && response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"))
}

fn bare(status: StatusCode) -> Problem {
    let (code, detail) = match status {
        StatusCode::NOT_FOUND => ("not_found", "There is nothing at this address"),
        StatusCode::METHOD_NOT_ALLOWED => ("method_not_allowed", "This address does not take this method"),
        StatusCode::PAYLOAD_TOO_LARGE => ("body_too_large", "The request body is too large"),
        StatusCode::REQUEST_TIMEOUT => ("request_timeout", "The request took too long to arrive"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ("unsupported_media_type", "Send the body as application/json"),
        status if status.is_server_error() => ("internal", "Something went wrong on our side"),
        _ => ("bad_request", "The request can't be understood"),
    };
    Problem::new(status, code, detail)
}

/// A layer that answers 408 when a request is not answered within its limit: a body that never ends holds nothing
/// for ever.
pub async fn within_request_time(State(limits): State<HttpLimits>, request: Request, next: Next) -> Response {
    let limit = Duration::from_millis(limits.http_request_ms);
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => bare(StatusCode::REQUEST_TIMEOUT).into_response(),
    }
}

/// 404 for an address that is not served.
pub fn nothing_here() -> Problem {
    bare(StatusCode::NOT_FOUND)
}

/// A JSON answer that no cache may keep: for everything that depends on who asks.
#[derive(Debug)]
pub struct Private<T>(pub T);

impl<T: Serialize> IntoResponse for Private<T> {
    fn into_response(self) -> Response {
        let mut response = axum::Json(self.0).into_response();
        response.headers_mut().insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-store"),
        );
        response
    }
}

/// A JSON body read into `T`; a body that does not fit is a problem that names the field.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let RawJson(bytes) = RawJson::from_request(request, state).await?;
        read_json(&bytes).map(Self)
    }
}

/// A JSON body that may be left out, which counts as `T`'s default.
#[derive(Debug)]
pub struct OptionalJson<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let RawJson(bytes) = RawJson::from_request(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        read_json(&bytes).map(Self)
    }
}

/// A member that may be left out, but is no `null`: that would be neither one value nor the other.
///
/// # Errors
/// What `T` refuses, and `null`.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// The bytes of a JSON body, unread; for bodies whose hash or text is needed.
#[derive(Debug)]
pub struct RawJson(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawJson {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if let Some(kind) = request.headers().get(header::CONTENT_TYPE) {
            let kind = kind.to_str().unwrap_or_default();
            let essence = kind.split(';').next().unwrap_or_default().trim();
            if !essence.eq_ignore_ascii_case("application/json") {
                return Err(bare(StatusCode::UNSUPPORTED_MEDIA_TYPE));
            }
        }
        let mut encodings = request.headers().get_all(header::CONTENT_ENCODING).iter();
        if !encodings.all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_content_encoding",
                "Send the body as it is, without a Content-Encoding",
            ));
        }
        match Bytes::from_request(request, state).await {
            Ok(bytes) => Ok(Self(bytes)),
            Err(rejection) => Err(bare(rejection.into_response().status())),
        }
    }
}

/// 400 for a header that may be sent once and came again: which of the two is meant, nobody can tell.
pub fn repeated_header(name: &str) -> Problem {
    Problem::bad_request("repeated_header", format!("Send {name} once")).about(name, "is sent more than once")
}

/// Reads a JSON object into `T`.
///
/// # Errors
/// 400 when it is no JSON, 422 naming the member when it has the wrong shape.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(not_an_object(bytes));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = error.path().to_string();
        let cause = error.into_inner();
        match cause.classify() {
            serde_json::error::Category::Data => misfit(&field, &cause),
            // serde_json calls it bad syntax when a value can't be the name of a variant.
            _ if is_json(bytes) => Problem::invalid_field(&field, "has the wrong type"),
            _ => malformed(&field),
        }
    })?;
    reader
        .end()
        .map_err(|_| Problem::bad_request("malformed_json", "The body goes on after its JSON value"))?;
    Ok(value)
}

/// Refuses what serde would take: it reads an array into a struct, member by member.
fn not_an_object(bytes: &[u8]) -> Problem {
    if is_json(bytes) {
        Problem::invalid_field("body", "must be an object")
    } else {
        malformed(".")
    }
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(bytes).is_ok()
}

/// 400 for text that is no JSON, naming the member in which it stops being JSON where that is known.
fn malformed(field: &str) -> Problem {
    let problem = Problem::bad_request("malformed_json", "The body is not well-formed JSON");
    if matches!(field, "." | "?") {
        problem
    } else {
        problem.about(field, "is not well-formed JSON")
    }
}

/// 422 for a member that does not fit. serde names a missing or a repeated member in its text only.
fn misfit(path: &str, cause: &serde_json::Error) -> Problem {
    let text = plain(cause);
    match (path, named_in(&text)) {
        (".", Some((field, detail))) => Problem::invalid_field(field, detail),
        (_, Some((field, detail))) => Problem::invalid_field(&format!("{path}.{field}"), detail),
        (".", None) => Problem::invalid_field("body", text),
        (_, None) => Problem::invalid_field(path, text),
    }
}

/// The member that serde's `text` names as missing or repeated, and what is wrong with it.
fn named_in(text: &str) -> Option<(&str, &'static str)> {
    [("missing", "is required"), ("duplicate", "is sent twice")]
        .into_iter()
        .find_map(|(what, detail)| {
            let field = text.strip_prefix(what)?.strip_prefix(" field `")?;
            Some((field.strip_suffix('`')?, detail))
        })
}

/// The text of a JSON error without its position.
fn plain(cause: &serde_json::Error) -> String {
    let text = cause.to_string();
    match text.rsplit_once(" at line ") {
        Some((before, _)) => before.to_owned(),
        None => text,
    }
}

/// The query read into `T`; one that does not fit is a 422 problem.
#[derive(Debug)]
pub struct QueryParams<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for QueryParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(rejection) => {
                let text = rejection.body_text();
                let detail = text
                    .strip_prefix("Failed to deserialize query string: ")
                    .unwrap_or(&text);
                // A repeated parameter comes with its own path before serde's text.
                let text = detail.rsplit_once(": ").map_or(detail, |(_, text)| text);
                let (field, detail) = named_in(text)
                    .or_else(|| detail.split_once(": "))
                    .unwrap_or(("query", detail));
                Err(Problem::invalid_field(field, detail))
            }
        }
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Bet {
        #[expect(dead_code, reason = "only its reading is tested")]
        stake: u32,
        #[expect(dead_code, reason = "only its reading is tested")]
        side: Option<Side>,
    }

    #[derive(Debug, Deserialize)]
    enum Side {
        Home,
    }

    #[test]
    fn a_body_that_does_not_fit_names_the_field() {
        for (body, code, detail) in [
            ("{", "malformed_json", "The body is not well-formed JSON"),
            (
                "{\"stake\":1} x",
                "malformed_json",
                "The body goes on after its JSON value",
            ),
            ("{}", "invalid_field", "stake is required"),
            (
                "{\"stake\":1,\"stake\":1}",
                "invalid_field",
                "stake is sent twice",
            ),
            ("{\"side\":5}", "invalid_field", "side has the wrong type"),
            (
                "{\"side\":5",
                "malformed_json",
                "The body is not well-formed JSON",
            ),
            ("[]", "invalid_field", "body must be an object"),
            ("[1]", "invalid_field", "body must be an object"),
            (
                r#"["\ud800"]"#,
                "malformed_json",
                "The body is not well-formed JSON",
            ),
            (" null", "invalid_field", "body must be an object"),
            ("[1", "malformed_json", "The body is not well-formed JSON"),
            ("", "malformed_json", "The body is not well-formed JSON"),
            (
                "{\"stake\":\"a\"}",
                "invalid_field",
                "stake invalid type: string \"a\", expected u32",
            ),
        ] {
            let problem = read_json::<Bet>(body.as_bytes()).unwrap_err();
            assert_eq!(problem.code(), code, "{body}");
            assert!(
                format!("{problem:?}").contains(&format!("{detail:?}")),
                "{body} {problem:?}"
            );
        }
    }
}
