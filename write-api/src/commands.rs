//! Idempotency: what a client's `Idempotency-Key` stands for, and the answer that is kept for it. Must never let one
//! key have two effects or two answers.
//!
//! A key belongs to one actor of one operator, for ever. The header is that of
//! draft-ietf-httpapi-idempotency-key-header: 1 to 128 visible ASCII characters, taken as they are, so a key in quotes
//! is another than the same without. The feature that moves the money claims the key in its own transaction, after it
//! took the row of the player's wallet: a repeat that comes while the first is under way waits for that row, and then
//! finds the first one's answer. Answers are stored as the text that was sent and are repeated byte for byte.
//!
//! What makes two requests of a player the same is the SHA-256 of method, path and the body's bytes. The bytes are not
//! brought into a canonical form: a client that repeats a request repeats its bytes, and where it does not, nobody else
//! can tell which of the two it means. A payment system that names its payments is asked what it moves, for whom and
//! how much: that is a key that comes with its meaning.
//!
//! Only effects are stored. A refusal wrote nothing, so there is nothing to repeat: the same request may be sent again
//! with the same key once the balance is filled up or the casino is open again. Without the header no command is
//! stored.

mod store;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use shared::http::{RawJson, repeated_header};
use shared::ids::PlayerId;
use shared::problem::Problem;

use crate::audit::Doer;

pub(crate) use store::{find, insert, is_taken};

/// The header in which a client names its request.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
const KEY_CHARS_MAX: usize = 128;
/// The header that tells a repeated answer from a new one.
const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Who a key belongs to, within an operator; as the store holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor(String);

impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        actor.0
    }
}

impl From<PlayerId> for Actor {
    fn from(player: PlayerId) -> Self {
        Self(format!("player:{player}"))
    }
}

impl Actor {
    /// The payment system of an operator: one key for deposits and withdrawals of all players.
    pub fn cashier() -> Self {
        Self("cashier".to_owned())
    }

    /// Whoever of the staff does something; the machine's console is one actor too.
    pub fn doing(doer: &Doer) -> Self {
        let staff = doer.staff.map(|(_, staff)| format!("staff:{staff}"));
        Self(staff.unwrap_or_else(|| "console".to_owned()))
    }

    /// As the store holds it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A client's name for a request: 1 to 128 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Key(String);

/// The text can't be a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {KEY_CHARS_MAX} visible ASCII characters")]
pub struct NotAKey;

impl TryFrom<String> for Key {
    type Error = NotAKey;

    fn try_from(text: String) -> Result<Self, NotAKey> {
        let fits =
            (1..=KEY_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text)) } else { Err(NotAKey) }
    }
}

impl Key {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A request that its client may repeat: the key, and what it was first used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    key: Key,
    request_hash: [u8; 32],
}

/// The same key came with another request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this key was used for another request")]
pub struct KeyReused;

impl Command {
    /// The request that consists of `parts`, of which only the last may hold a line feed: other parts are another
    /// request.
    pub fn new<const N: usize>(key: Key, parts: [&[u8]; N]) -> Self {
        let mut hash = Sha256::new();
        for (number, part) in parts.into_iter().enumerate() {
            if number > 0 {
                hash.update(b"\n");
            }
            hash.update(part);
        }
        Self {
            key,
            request_hash: hash.finalize().into(),
        }
    }

    /// The client's key.
    pub fn key(&self) -> &str {
        self.key.as_str()
    }

    /// SHA-256 of the request.
    pub const fn request_hash(&self) -> &[u8; 32] {
        &self.request_hash
    }

    /// The answer kept for this key, if it was given to the same request.
    ///
    /// # Errors
    /// When the key was used for another request.
    pub fn repeat(&self, stored: Stored) -> Result<Answer, KeyReused> {
        if stored.request_hash != self.request_hash {
            return Err(KeyReused);
        }
        let status = u16::try_from(stored.status).ok();
        Ok(Answer {
            status: status
                .and_then(|status| StatusCode::from_u16(status).ok())
                .unwrap_or(StatusCode::OK),
            json: stored.answer,
            origin: Origin::Kept,
        })
    }
}

impl From<KeyReused> for Problem {
    fn from(_: KeyReused) -> Self {
        Self::refused_field(
            "idempotency_key_reused",
            IDEMPOTENCY_KEY,
            "This Idempotency-Key was used for another request. Use a new one.",
        )
    }
}

/// What the store holds for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// SHA-256 of the request that was answered.
    pub request_hash: Vec<u8>,
    /// The HTTP status.
    pub status: i16,
    /// The JSON text.
    pub answer: String,
}

/// An answer as it is sent and stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    status: StatusCode,
    json: String,
    origin: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    New,
    Kept,
}

impl Answer {
    /// A new answer with status 200.
    pub const fn ok(json: String) -> Self {
        Self {
            status: StatusCode::OK,
            json,
            origin: Origin::New,
        }
    }

    /// A new answer with status 202: it is written down, and is done in the background.
    pub const fn accepted(json: String) -> Self {
        Self {
            status: StatusCode::ACCEPTED,
            json,
            origin: Origin::New,
        }
    }

    /// An answer that was given before, with status 200.
    pub const fn kept(json: String) -> Self {
        Self {
            status: StatusCode::OK,
            json,
            origin: Origin::Kept,
        }
    }

    /// The JSON text.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The status as the store holds it.
    pub const fn stored_status(&self) -> i16 {
        self.status.as_u16().cast_signed()
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-store"),
        );
        if self.origin == Origin::Kept {
            headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
        }
        (self.status, headers, self.json).into_response()
    }
}

/// A JSON body, and the command that it is when its client sent a key.
#[derive(Debug)]
pub struct Repeatable {
    /// The body's bytes.
    pub body: Bytes,
    /// The command; without a key there is none.
    pub command: Option<Command>,
}

impl<S: Send + Sync> FromRequest<S> for Repeatable {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let key = key_in(request.headers())?;
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let RawJson(body) = RawJson::from_request(request, state).await?;
        // Neither a method nor a path can hold a line feed.
        let parts = [method.as_str().as_bytes(), path.as_bytes(), &body];
        let command = key.map(|key| Command::new(key, parts));
        Ok(Self { body, command })
    }
}

fn key_in(headers: &HeaderMap) -> Result<Option<Key>, Problem> {
    let mut sent = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = sent.next() else {
        return Ok(None);
    };
    let key = key
        .to_str()
        .ok()
        .and_then(|key| Key::try_from(key.to_owned()).ok());
    if sent.next().is_some() {
        return Err(repeated_header(IDEMPOTENCY_KEY));
    }
    let key = key.ok_or_else(|| Problem::invalid_field(IDEMPOTENCY_KEY, NotAKey.to_string()))?;
    Ok(Some(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/api/casino/slots/bet";

    fn request(method: &str, path: &str, body: &str) -> Command {
        let key = Key::try_from("k1".to_owned()).unwrap();
        Command::new(key, [method.as_bytes(), path.as_bytes(), body.as_bytes()])
    }

    fn command(body: &str) -> Command {
        request("POST", PATH, body)
    }

    fn kept_for(command: &Command) -> Stored {
        Stored {
            request_hash: command.request_hash.to_vec(),
            status: 200,
            answer: "{ \"stake\": 1.00 }".to_owned(),
        }
    }

    fn headers(keys: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for key in keys {
            headers.append(IDEMPOTENCY_KEY, HeaderValue::from_bytes(key).unwrap());
        }
        headers
    }

    #[test]
    fn the_same_request_gets_the_kept_bytes_and_is_told_so() {
        let first = command("{\"stake\":1}");
        let answer = first.repeat(kept_for(&first)).unwrap();
        assert_eq!(answer.json(), "{ \"stake\": 1.00 }");
        let response = answer.into_response();
        assert_eq!(response.headers()["idempotency-replayed"], "true");
        let new = Answer::ok("{}".to_owned()).into_response();
        assert!(!new.headers().contains_key("idempotency-replayed"));
    }

    #[test]
    fn another_method_path_or_body_is_another_request() {
        let first = command("{\"stake\":1}");
        for other in [
            command("{\"stake\":1.0}"),
            command("{\"stake\": 1}"),
            request("PUT", PATH, "{\"stake\":1}"),
            request("POST", "/api/casino", "{\"stake\":1}"),
        ] {
            assert_eq!(other.repeat(kept_for(&first)), Err(KeyReused));
        }
    }

    /// Stored hashes must be found again by later versions.
    #[test]
    fn a_request_is_its_parts_with_line_feeds_between() {
        let whole = "POST\n/api/casino/slots/bet\n{\"stake\":1}";
        let hash: [u8; 32] = Sha256::digest(whole).into();
        assert_eq!(command("{\"stake\":1}").request_hash(), &hash);
    }

    #[test]
    fn a_key_is_one_header_of_visible_ascii() {
        let long = [b'k'; KEY_CHARS_MAX];
        for good in [b"k".as_slice(), b"\"quoted\"", b"!~:/", &long] {
            let key = key_in(&headers(&[good])).unwrap().unwrap();
            assert_eq!(key.as_str().as_bytes(), good);
        }
        let too_long = [b'k'; KEY_CHARS_MAX + 1];
        let bad: [&[&[u8]]; 5] = [&[b""], &[&too_long], &[b"a b"], &[b"a\tb"], &["clé".as_bytes()]];
        for bad in bad {
            let problem = key_in(&headers(bad)).unwrap_err();
            assert_eq!(problem.status(), StatusCode::UNPROCESSABLE_ENTITY);
            assert!(format!("{problem:?}").contains("field: \"Idempotency-Key\""));
        }
        let twice = key_in(&headers(&[b"a", b"a"])).unwrap_err();
        assert_eq!(twice.status(), StatusCode::BAD_REQUEST);
        assert!(format!("{twice:?}").contains("field: \"Idempotency-Key\""));
        assert_eq!(key_in(&HeaderMap::new()).unwrap(), None);
    }
}
