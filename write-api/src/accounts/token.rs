//! The token that a log-in gives, and the cookies and headers it travels in.
//! Must never be shown in a log, nor stored other than hashed.
//!
//! A token reads `<operator>.<secret>`: the operator's number, so that a session is found by its primary key, and 32
//! random bytes as base64 for URLs. Each kind of person has a cookie of its own, so that a player, an operator's staff
//! and the platform's staff can be logged in at once in one browser.

use std::fmt;

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use shared::ids::OperatorId;

use super::limits::AccountLimits;

const SECRET_BYTES: usize = 32;
const SECRET_CHARS: usize = 43;

/// The kinds of people who log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Realm {
    /// Players of an operator.
    Players,
    /// Staff of an operator.
    OperatorStaff,
    /// Staff of the platform.
    PlatformStaff,
}

/// The cookies that prove a session, after what the description of the API calls them.
pub const SESSION_COOKIES: [(&str, &str); 3] = [
    ("player_cookie", Realm::Players.cookie()),
    ("operator_cookie", Realm::OperatorStaff.cookie()),
    ("platform_cookie", Realm::PlatformStaff.cookie()),
];

impl Realm {
    const fn cookie(self) -> &'static str {
        match self {
            Self::Players => "edgebook_player",
            Self::OperatorStaff => "edgebook_operator",
            Self::PlatformStaff => "edgebook_platform",
        }
    }

    /// The header that gives `token` to a browser.
    pub(super) fn cookie_with(self, token: &Token, limits: &AccountLimits) -> HeaderValue {
        cookie(self, &token.text, limits.session_s, limits)
    }

    /// The header that makes a browser forget its token.
    pub(super) fn cookie_without(self, limits: &AccountLimits) -> HeaderValue {
        cookie(self, "", 0, limits)
    }
}

fn cookie(realm: Realm, value: &str, max_age_s: u32, limits: &AccountLimits) -> HeaderValue {
    let name = realm.cookie();
    let secure = if limits.cookie_insecure { "" } else { "; Secure" };
    let text = format!("{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}");
    // Only digits, dots and base64 for URLs are put in, so nothing is ever refused.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

/// What proves a log-in.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Token {
    operator: OperatorId,
    text: Box<str>,
}

impl Token {
    pub(super) fn new(operator: OperatorId, secret: [u8; SECRET_BYTES]) -> Self {
        let secret = URL_SAFE_NO_PAD.encode(secret);
        Self {
            operator,
            text: format!("{operator}.{secret}").into(),
        }
    }

    /// Reads a token that a client sent; `None` when it can't be one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (operator, secret) = text.split_once('.')?;
        let is_secret = secret.len() == SECRET_CHARS
            && secret
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        let is_number = operator.bytes().all(|byte| byte.is_ascii_digit());
        let operator = operator.parse().ok().filter(|_| is_secret && is_number)?;
        Some(Self {
            operator: OperatorId::new(operator),
            text: text.into(),
        })
    }

    /// Whose session it is.
    pub(super) const fn operator(&self) -> OperatorId {
        self.operator
    }

    /// What the database knows it by: SHA-256 of the whole text. The secret is random, so nothing slower is needed.
    pub(super) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.text.as_bytes()).into()
    }

    /// The text, for its owner only.
    pub(super) fn reveal(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Token of operator {}", self.operator)
    }
}

/// The way a token came. A browser adds a cookie by itself, so a cookie says nothing about who wanted the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Credential {
    Bearer(Token),
    Cookie(Token),
}

impl Credential {
    /// The token in `headers`. Where there is an `Authorization: Bearer`, cookies do not count.
    pub(super) fn find(headers: &HeaderMap, realm: Realm) -> Option<Self> {
        match bearer(headers) {
            Some(text) => Token::parse(text).map(Self::Bearer),
            None => cookies(headers, realm.cookie())
                .find_map(Token::parse)
                .map(Self::Cookie),
        }
    }

    pub(super) const fn token(&self) -> &Token {
        match self {
            Self::Bearer(token) | Self::Cookie(token) => token,
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn cookies<'h>(headers: &'h HeaderMap, name: &'static str) -> impl Iterator<Item = &'h str> {
    headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(move |(found, _)| *found == name)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    const AURORA: OperatorId = OperatorId::new(42);

    fn token() -> Token {
        Token::new(AURORA, [0xfb; 32])
    }

    fn headers(lines: &[(HeaderName, String)]) -> HeaderMap {
        let lines = lines.iter().cloned();
        lines
            .map(|(name, value)| (name, HeaderValue::try_from(value).unwrap()))
            .collect()
    }

    #[test]
    fn a_token_names_its_operator_and_can_be_read_back() {
        let text = token().reveal().to_owned();
        let read = Token::parse(&text).unwrap();
        assert_eq!(read, token());
        assert_eq!((read.operator(), text.len()), (AURORA, 46));
        assert_ne!(read.hash(), Token::new(OperatorId::new(43), [0xfb; 32]).hash());
        assert_eq!(format!("{read:?}"), "Token of operator 42");
    }

    #[test]
    fn what_can_not_be_a_token_is_none() {
        let secret = "A".repeat(SECRET_CHARS);
        for wrong in [
            String::new(),
            secret.clone(),
            format!(".{secret}"),
            format!("-1.{secret}"),
            format!("+1.{secret}"),
            format!("x.{secret}"),
            format!("99999999999999999999.{secret}"),
            format!("1.{}", &secret[1..]),
            format!("1.{secret}A"),
            format!("1.{}=", &secret[1..]),
            format!("1.2.{}", &secret[2..]),
        ] {
            assert_eq!(Token::parse(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn each_kind_of_person_has_a_cookie_of_its_own() {
        let other = Token::new(OperatorId::PLATFORM, [1; 32]);
        let cookies = format!(
            "theme=dark; edgebook_player={}; edgebook_platform={}; edgebook_operator=broken",
            token().reveal(),
            other.reveal()
        );
        let headers = headers(&[(header::COOKIE, cookies)]);
        let found = |realm| Credential::find(&headers, realm);
        assert_eq!(found(Realm::Players), Some(Credential::Cookie(token())));
        assert_eq!(found(Realm::PlatformStaff), Some(Credential::Cookie(other)));
        assert_eq!(found(Realm::OperatorStaff), None);
    }

    #[test]
    fn a_bearer_token_counts_alone() {
        let cookie = format!("edgebook_player={}", token().reveal());
        for (authorization, expected) in [
            (
                format!("bearer {}", token().reveal()),
                Some(Credential::Bearer(token())),
            ),
            ("Bearer nonsense".to_owned(), None),
            ("Basic YTpi".to_owned(), Some(Credential::Cookie(token()))),
        ] {
            let headers = headers(&[
                (header::COOKIE, cookie.clone()),
                (header::AUTHORIZATION, authorization.clone()),
            ]);
            let found = Credential::find(&headers, Realm::Players);
            assert_eq!(found, expected, "{authorization}");
        }
    }

    #[test]
    fn a_cookie_is_kept_from_scripts_other_sites_and_plain_http() {
        let limits = AccountLimits::default();
        let set = Realm::Players.cookie_with(&token(), &limits);
        let expected = format!(
            "edgebook_player={}; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax; Secure",
            token().reveal()
        );
        assert_eq!(set.to_str().unwrap(), expected);
        let at_home = AccountLimits {
            cookie_insecure: true,
            ..limits
        };
        assert_eq!(
            Realm::PlatformStaff.cookie_without(&at_home).to_str().unwrap(),
            "edgebook_platform=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
        );
    }
}
