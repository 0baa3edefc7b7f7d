//! What this service does not serve goes to write-api, so that a browser needs one origin: passed on as it is, or, on
//! Fly.io, handed back to the platform with a `fly-replay` header. Must never change a body, or let anybody reach what each service keeps for itself.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http_body_util::{BodyExt, LengthLimitError};
use shared::http::{REQUEST_ID, RequestId, nothing_here};
use shared::problem::Problem;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::SharedReader;
use crate::config::FrontDoorOptions;

/// The client that reaches write-api, and how many requests may use it at once.
#[derive(Debug)]
pub struct FrontDoor {
    client: reqwest::Client,
    write_url: reqwest::Url,
    replay: Option<HeaderValue>,
    client_address: Option<HeaderName>,
    places: Arc<Semaphore>,
    /// For bodies that are longer than others may be.
    files: Arc<Semaphore>,
}

/// Why the way to write-api can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FrontDoorError {
    /// The URL is no http(s) URL with a host.
    #[error("--write-url must be like http://host:port")]
    Url,
    /// The replay header has characters that no header may have.
    #[error("--fly-replay must be plain text such as region=ams")]
    Replay,
    /// The header with the client's address is no header's name.
    #[error("--client-address-header must be the name of a header such as fly-client-ip")]
    ClientAddress,
    /// The client could not be made.
    #[error("requests can't be passed on: {0}")]
    Client(#[from] reqwest::Error),
}

/// Addresses below this are for the installation's own machines and never passed on.
const INTERNAL: &str = "/internal/";
/// Addresses that say how one service is; each service answers for itself.
const OWN: [&str; 5] = ["/metrics", "/readyz", "/health", "/healthz", "/health/detailed"];
/// Addresses that files are sent to: whoever sends one must say who it is, which write-api checks.
const FILES: [&str; 1] = ["/api/bulk-register"];
const FLY_REPLAY: HeaderName = HeaderName::from_static("fly-replay");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// Seconds after which a client may try again.
const RETRY_AFTER_S: u32 = 1;

/// Headers that belong to one connection (RFC 9110, 7.6.1).
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl FrontDoor {
    /// A client with the limits of `options`.
    ///
    /// # Errors
    /// When an option can't be used.
    pub fn new(options: &FrontDoorOptions) -> Result<Self, FrontDoorError> {
        let write_url = reqwest::Url::parse(&options.write_url).map_err(|_| FrontDoorError::Url)?;
        if !write_url.has_host() || !matches!(write_url.scheme(), "http" | "https") {
            return Err(FrontDoorError::Url);
        }
        let replay = options
            .fly_replay
            .as_deref()
            .map(HeaderValue::from_str)
            .transpose();
        let client_address = options.client_address_header.as_deref().map(str::parse);
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_millis(options.front_door_connect_ms))
            // Not for the whole answer: some come line by line, for as long as the work takes.
            .read_timeout(Duration::from_millis(options.front_door_ms))
            .no_proxy()
            .build()?;
        Ok(Self {
            client,
            write_url,
            replay: replay.map_err(|_| FrontDoorError::Replay)?,
            client_address: client_address
                .transpose()
                .map_err(|_| FrontDoorError::ClientAddress)?,
            places: Arc::new(Semaphore::new(options.front_door_max_requests)),
            files: Arc::new(Semaphore::new(options.front_door_files)),
        })
    }

    /// Where write-api has what is asked for here.
    fn address_of(&self, asked: &Uri) -> reqwest::Url {
        let mut url = self.write_url.clone();
        url.set_path(asked.path());
        url.set_query(asked.query());
        url
    }

    /// Who asks: as the platform in front says, where there is one, else the other end of the connection.
    fn client_address(&self, parts: &Parts) -> Option<IpAddr> {
        let told = self
            .client_address
            .as_ref()
            .and_then(|name| parts.headers.get(name));
        let told = told.and_then(|address| address.to_str().ok()?.trim().parse().ok());
        told.or_else(|| {
            let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
            peer.map(|ConnectInfo(peer)| peer.ip())
        })
    }
}

/// The fallback of the router.
///
/// # Errors
/// 404 for internal addresses, 503 when write-api can't be reached or too many requests are being passed on.
pub async fn pass_on(State(reader): State<SharedReader>, request: Request) -> Result<Response, Problem> {
    let door = &reader.front_door;
    let url = door.address_of(request.uri());
    // As write-api will see it: `/x/../metrics` is `/metrics` by then.
    if url.path().starts_with(INTERNAL) || OWN.contains(&url.path()) {
        return Err(nothing_here());
    }
    if let Some(replay) = &door.replay {
        return Ok(([(FLY_REPLAY, replay.clone())], StatusCode::CONFLICT).into_response());
    }
    let (parts, body) = request.into_parts();
    // Whole before a place is taken, so that clients who send slowly hold up nobody else.
    let is_file = FILES.contains(&url.path());
    let (limit, _file) = if is_file && has_credential(&parts) {
        let Ok(file) = Arc::clone(&door.files).try_acquire_owned() else {
            return Err(unreachable("Too many files are being passed on."));
        };
        (reader.options.front_door.front_door_file_bytes, Some(file))
    } else {
        (reader.options.http.http_body_bytes, None)
    };
    let body = whole(body, limit).await?;
    let Ok(place) = Arc::clone(&door.places).try_acquire_owned() else {
        return Err(unreachable(
            "Too many requests are waiting for the write service.",
        ));
    };
    let answer = outgoing(door, url, &parts, body)
        .send()
        .await
        .map_err(|error| unreachable("The write service can't be reached at the moment.").caused_by(error))?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answer.status();
    *response.headers_mut() = without_hop_by_hop(answer.headers());
    // The layers of this service write these themselves.
    response.headers_mut().remove(REQUEST_ID);
    *response.body_mut() = Body::from_stream(holding(place, answer.bytes_stream()));
    Ok(response)
}

/// Whether a request says who asks.
fn has_credential(parts: &Parts) -> bool {
    parts.headers.contains_key(header::AUTHORIZATION) || parts.headers.contains_key(header::COOKIE)
}

/// The same bytes. The place is held until the last one is passed on, or nobody wants more.
fn holding<S: Stream>(place: OwnedSemaphorePermit, bytes: S) -> impl Stream<Item = S::Item> {
    bytes.inspect(move |_| {
        let _held = &place;
    })
}

fn unreachable(detail: &'static str) -> Problem {
    Problem::unavailable("write_service_unavailable", detail, RETRY_AFTER_S)
}

/// A body of at most `limit` bytes.
async fn whole(body: Body, limit: usize) -> Result<Bytes, Problem> {
    match http_body_util::Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            "The request body is too large",
        )),
        Err(_) => Err(Problem::bad_request(
            "bad_request",
            "The request body did not arrive whole",
        )),
    }
}

/// The same request, addressed to write-api and telling who asked.
fn outgoing(door: &FrontDoor, url: reqwest::Url, parts: &Parts, body: Bytes) -> reqwest::RequestBuilder {
    let mut headers = without_hop_by_hop(&parts.headers);
    if let Some(address) = door.client_address(parts)
        && let Ok(address) = HeaderValue::from_str(&address.to_string())
    {
        // A line of its own, behind what the client claims: write-api believes the last one only.
        headers.append(X_FORWARDED_FOR, address);
    }
    if let Some(host) = headers.remove(header::HOST) {
        headers.insert(X_FORWARDED_HOST, host);
    }
    if let Some(RequestId(id)) = parts.extensions.get::<RequestId>()
        && let Ok(id) = HeaderValue::from_str(id)
    {
        headers.insert(REQUEST_ID, id);
    }
    let outgoing = door.client.request(parts.method.clone(), url).headers(headers);
    if body.is_empty() {
        return outgoing;
    }
    outgoing.body(body)
}

fn without_hop_by_hop(headers: &HeaderMap) -> HeaderMap {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    headers
        .iter()
        .filter(|(name, _)| !HOP_BY_HOP.contains(&name.as_str()))
        .filter(|(name, _)| !named.iter().any(|other| other == name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .fold(HeaderMap::new(), |mut kept, (name, value)| {
            kept.append(name, value);
            kept
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_one_connection_are_not_passed_on() {
        let mut headers = HeaderMap::new();
        headers.insert("connection", HeaderValue::from_static("close, X-Private"));
        headers.insert("x-private", HeaderValue::from_static("1"));
        headers.insert("keep-alive", HeaderValue::from_static("timeout=5"));
        headers.append("accept", HeaderValue::from_static("a"));
        headers.append("accept", HeaderValue::from_static("b"));
        let kept = without_hop_by_hop(&headers);
        assert_eq!(kept.len(), 2);
        assert_eq!(kept.get_all("accept").iter().count(), 2);
    }

    #[tokio::test]
    async fn a_place_is_held_until_the_last_byte_is_passed_on_or_nobody_wants_more() {
        let places = Arc::new(Semaphore::new(1));
        let place = || Arc::clone(&places).try_acquire_owned().unwrap();
        for is_read in [true, false] {
            let mut bytes = Box::pin(holding(place(), futures_util::stream::iter([1, 2])));
            assert_eq!(bytes.next().await, Some(1));
            assert_eq!(places.available_permits(), 0);
            if is_read {
                assert_eq!(bytes.collect::<Vec<_>>().await, [2]);
            } else {
                drop(bytes);
            }
            assert_eq!(places.available_permits(), 1);
        }
    }

    fn options(client_address_header: Option<&str>) -> FrontDoorOptions {
        // A client can't be made without.
        shared::tls::choose();
        FrontDoorOptions {
            write_url: "http://127.0.0.1:8090".to_owned(),
            fly_replay: None,
            client_address_header: client_address_header.map(str::to_owned),
            front_door_file_bytes: 1,
            front_door_files: 1,
            front_door_max_requests: 1,
            front_door_connect_ms: 1,
            front_door_ms: 1,
        }
    }

    #[test]
    fn the_last_entry_of_x_forwarded_for_is_who_really_asked() {
        for (header, expected) in [
            (None, "192.0.2.7"),
            (Some("fly-client-ip"), "2001:db8::1"),
            (Some("x-absent"), "192.0.2.7"),
        ] {
            let door = FrontDoor::new(&options(header)).unwrap();
            let request = Request::builder()
                .uri("/api/admin-login")
                .extension(ConnectInfo::<SocketAddr>("192.0.2.7:1234".parse().unwrap()))
                .header("fly-client-ip", "2001:db8::1")
                .header("x-forwarded-for", "203.0.113.1, 203.0.113.2")
                .header("x-forwarded-for", "203.0.113.3")
                .body(Body::empty())
                .unwrap();
            let url = door.address_of(request.uri());
            let (parts, _) = request.into_parts();
            let sent = outgoing(&door, url, &parts, Bytes::new()).build().unwrap();
            let lines = sent.headers().get_all("x-forwarded-for");
            assert_eq!(lines.iter().next_back().unwrap(), expected, "{header:?}");
            assert_eq!(
                lines.iter().count(),
                3,
                "what the client claims is passed on before it"
            );
        }
    }

    #[test]
    fn options_that_can_not_be_used_are_named() {
        let refusal = |options: FrontDoorOptions| FrontDoor::new(&options).unwrap_err().to_string();
        let client_address = options(Some("no header"));
        assert!(refusal(client_address).starts_with("--client-address-header "));
        let write_url = FrontDoorOptions {
            write_url: "127.0.0.1:8090".to_owned(),
            ..options(None)
        };
        assert!(refusal(write_url).starts_with("--write-url "));
    }
}
