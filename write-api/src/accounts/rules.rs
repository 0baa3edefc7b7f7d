//! What names, passwords and sessions have to be like: pure decisions of log-in. Must never touch a database.

use std::fmt;

use axum::http::{HeaderMap, header};
use serde::Deserialize;
use shared::ids::Subdomain;

use super::error::AccountError;
use super::rights::Role;

/// Longest name that can be logged in with, in bytes: that of an e-mail address (RFC 5321, 4.5.3.1.3).
const MAX_LOGIN_BYTES: usize = 254;
/// Longest password, in bytes.
const MAX_PASSWORD_BYTES: usize = 200;
/// Shortest password of a new account, in characters.
const MIN_NEW_PASSWORD_CHARS: usize = 8;

/// Why a text is refused. The words follow the field's name and are fit for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// No name that could be logged in with.
    #[error("must be 1 to {MAX_LOGIN_BYTES} bytes long, without control characters")]
    Login,
    /// No password that could be right.
    #[error("must be 1 to {MAX_PASSWORD_BYTES} bytes long")]
    Password,
    /// Not good enough for a new account.
    #[error("must have {MIN_NEW_PASSWORD_CHARS} characters or more, and at most {MAX_PASSWORD_BYTES} bytes")]
    NewPassword,
    /// No name that a new player may take.
    #[error("must be 3 to 50 letters, digits, dots, dashes or underscores of ASCII")]
    PlayerName,
    /// No name that new staff may take.
    #[error("must be 3 to 50 letters, digits or underscores of ASCII")]
    StaffLogin,
    /// No e-mail address.
    #[error("must be an e-mail address of at most {MAX_LOGIN_BYTES} bytes")]
    Email,
}

/// A name as it was typed at a log-in, trimmed and in lower case: names are told apart without regard to case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct LoginName(Box<str>);

impl LoginName {
    /// What guesses of the password of a person count against, whichever of the person's names they are made with. Nobody
    /// can log in with it: it has a character that no name has.
    pub(super) fn of_person(number: impl fmt::Display) -> Self {
        Self(format!("\u{1}{number}").into())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for LoginName {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        let text = text.trim();
        if !(1..=MAX_LOGIN_BYTES).contains(&text.len()) || text.chars().any(char::is_control) {
            return Err(TextError::Login);
        }
        // Each character by itself, as the database does it: whole words have special cases.
        let lower: String = text.chars().flat_map(char::to_lowercase).collect();
        Ok(Self(lower.into()))
    }
}

/// A password in the clear, on its way to be hashed or checked. Never shows itself.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Password(Box<str>);

impl Password {
    /// A password for a new account: at least 8 characters.
    pub fn for_new_account(text: &str) -> Result<Self, TextError> {
        if text.chars().count() < MIN_NEW_PASSWORD_CHARS {
            return Err(TextError::NewPassword);
        }
        Self::try_from(text.to_owned()).map_err(|_| TextError::NewPassword)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl TryFrom<String> for Password {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        if (1..=MAX_PASSWORD_BYTES).contains(&text.len()) {
            Ok(Self(text.into()))
        } else {
            Err(TextError::Password)
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Password")
    }
}

fn is_name(text: &str, is_extra: fn(u8) -> bool) -> bool {
    (3..=50).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || is_extra(byte))
}

/// The name of a new player. It holds no `@`, so that it can never be somebody else's e-mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayerName(Box<str>);

impl PlayerName {
    /// Checks the text; it is kept as it was typed.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        if is_name(text, |byte| matches!(byte, b'_' | b'.' | b'-')) {
            Ok(Self(text.into()))
        } else {
            Err(TextError::PlayerName)
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The log-in name of new staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffLogin(Box<str>);

impl StaffLogin {
    /// Checks the text; it is kept as it was typed.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        if is_name(text, |byte| byte == b'_') {
            Ok(Self(text.into()))
        } else {
            Err(TextError::StaffLogin)
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// An e-mail address, in lower case: something, an `@`, and something with a dot inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(Box<str>);

impl Email {
    /// Lower-cases and checks; only a letter sent there can tell more.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let lower = LoginName::try_from(text.to_owned()).map_err(|_| TextError::Email)?;
        let (local, domain) = lower.as_str().split_once('@').ok_or(TextError::Email)?;
        let is_address = !local.is_empty()
            && !lower.as_str().contains(char::is_whitespace)
            && !domain.contains('@')
            && domain
                .split_once('.')
                .is_some_and(|(name, rest)| !name.is_empty() && !rest.is_empty());
        if is_address {
            Ok(Self(lower.0))
        } else {
            Err(TextError::Email)
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A session as the database has it, with what it depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    /// Number of the player or of the staff.
    pub(super) person: i64,
    pub(super) person_is_active: bool,
    pub(super) operator_is_active: bool,
    /// The operator's; empty for the platform.
    pub(super) subdomain: String,
    /// Of staff of the platform.
    pub(super) role: Option<Role>,
}

/// What the path of a request says about the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tenant {
    /// The path names none.
    Any,
    /// The path names this one.
    Named(Subdomain),
    /// The path names one that can't exist.
    Impossible,
}

impl Session {
    /// Whether this session may be used on a path of `tenant`. Another tenant's path is as absent as an unknown one.
    pub(super) fn admit(&self, tenant: &Tenant) -> Result<(), AccountError> {
        self.admit_to(tenant)?;
        if !self.operator_is_active {
            Err(AccountError::OperatorDisabled)
        } else if !self.person_is_active {
            Err(AccountError::AccountDisabled)
        } else {
            Ok(())
        }
    }

    /// The same also where operator or person are disabled, for what they may do all the same.
    pub(super) fn admit_to(&self, tenant: &Tenant) -> Result<(), AccountError> {
        let is_here = match tenant {
            Tenant::Any => true,
            Tenant::Named(subdomain) => subdomain.as_str() == self.subdomain,
            Tenant::Impossible => false,
        };
        if is_here {
            Ok(())
        } else {
            Err(AccountError::UnknownOperator)
        }
    }
}

/// What a browser says about the page that sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// A page of this very host.
    SameOrigin,
    /// A page of another host, or one that hides its own.
    OtherOrigin,
    /// No browser, or one that says nothing.
    Unknown,
}

impl Sender {
    /// `Sec-Fetch-Site` decides where there is one, because no page can forge it. Else the host in `Origin` has to be
    /// the one that was asked: `Host`, or `X-Forwarded-Host` behind a front door, which a page of another site can't
    /// set without being allowed to.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        if let Some(site) = headers.get("sec-fetch-site") {
            return match site.as_bytes() {
                b"same-origin" => Self::SameOrigin,
                // Typed into the address bar, or from a bookmark.
                b"none" => Self::Unknown,
                _ => Self::OtherOrigin,
            };
        }
        let Some(origin) = headers.get(header::ORIGIN) else {
            return Self::Unknown;
        };
        let origin = origin.to_str().unwrap_or_default();
        let asked = [header::HOST.as_str(), "x-forwarded-host"];
        let is_same = origin.split_once("://").is_some_and(|(_, host)| {
            asked
                .iter()
                .flat_map(|name| headers.get_all(*name))
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .any(|asked| asked.trim().eq_ignore_ascii_case(host))
        });
        if is_same {
            Self::SameOrigin
        } else {
            Self::OtherOrigin
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn login_name(text: &str) -> Result<LoginName, TextError> {
        LoginName::try_from(text.to_owned())
    }

    #[test]
    fn names_are_told_apart_without_regard_to_case_or_space_around() {
        for (typed, read) in [
            ("alice", "alice"),
            (" ALICE\n", "alice"),
            ("Bob@Example.COM", "bob@example.com"),
            ("ΟΔΟΣ", "οδοσ"),
        ] {
            assert_eq!(login_name(typed).unwrap().as_str(), read);
        }
        for wrong in ["", "  ", "a\0b", "a\tb", &"x".repeat(255)] {
            assert_eq!(login_name(wrong), Err(TextError::Login), "{wrong:?}");
        }
    }

    #[test]
    fn a_password_has_1_to_200_bytes_and_never_shows_itself() {
        for right in ["x", &"é".repeat(100)] {
            let password = Password::try_from(right.to_owned()).unwrap();
            assert_eq!(format!("{password:?}"), "Password");
        }
        for wrong in [String::new(), "x".repeat(201)] {
            assert_eq!(Password::try_from(wrong), Err(TextError::Password));
        }
    }

    #[test]
    fn a_new_password_has_eight_characters() {
        assert!(Password::for_new_account("12345678").is_ok());
        for wrong in ["", "1234567", "ééé", &"x".repeat(201)] {
            let refused = Password::for_new_account(wrong);
            assert_eq!(refused, Err(TextError::NewPassword), "{wrong}");
        }
    }

    #[test]
    fn names_of_new_accounts_can_not_be_addresses() {
        for right in ["bob", "Bob_1.2-3", &"x".repeat(50)] {
            assert_eq!(PlayerName::parse(right).unwrap().as_str(), right);
        }
        for wrong in ["", "bo", "bob@x.y", "bob smith", "böb", &"x".repeat(51)] {
            assert_eq!(PlayerName::parse(wrong), Err(TextError::PlayerName), "{wrong}");
            assert_eq!(StaffLogin::parse(wrong), Err(TextError::StaffLogin), "{wrong}");
        }
        assert_eq!(
            StaffLogin::parse("aurora_admin").unwrap().as_str(),
            "aurora_admin"
        );
        assert_eq!(StaffLogin::parse("a.b.c"), Err(TextError::StaffLogin));
    }

    #[test]
    fn an_address_has_one_at_sign_and_a_dotted_domain() {
        assert_eq!(
            Email::parse("Bob@Example.com").unwrap().as_str(),
            "bob@example.com"
        );
        for wrong in [
            "", "bob", "@x.y", "bob@", "bob@x", "bob@.y", "bob@x.", "a b@x.y", "a@b@x.y",
        ] {
            assert_eq!(Email::parse(wrong), Err(TextError::Email), "{wrong}");
        }
    }

    fn aurora() -> Session {
        Session {
            person: 7,
            person_is_active: true,
            operator_is_active: true,
            subdomain: "aurora".to_owned(),
            role: None,
        }
    }

    fn tenant(text: &str) -> Tenant {
        Tenant::Named(Subdomain::parse(text).unwrap())
    }

    #[test]
    fn a_session_opens_its_own_tenant_only() {
        assert!(aurora().admit(&tenant("aurora")).is_ok());
        assert!(aurora().admit(&Tenant::Any).is_ok());
        for elsewhere in [tenant("bluefin"), Tenant::Impossible] {
            assert!(matches!(
                aurora().admit(&elsewhere),
                Err(AccountError::UnknownOperator)
            ));
        }
    }

    #[test]
    fn the_disabled_are_refused_but_learn_nothing_of_other_tenants() {
        let disabled = Session {
            person_is_active: false,
            ..aurora()
        };
        assert!(matches!(
            disabled.admit(&Tenant::Any),
            Err(AccountError::AccountDisabled)
        ));
        assert!(matches!(
            disabled.admit(&tenant("bluefin")),
            Err(AccountError::UnknownOperator)
        ));
        let closed = Session {
            operator_is_active: false,
            ..disabled
        };
        assert!(matches!(
            closed.admit(&tenant("aurora")),
            Err(AccountError::OperatorDisabled)
        ));
    }

    fn sender(headers: &[(&'static str, &'static str)]) -> Sender {
        let headers = headers.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        Sender::of(&headers.collect())
    }

    #[test]
    fn an_origin_is_the_same_when_its_host_is_the_one_that_was_asked() {
        let host = ("host", "aurora.example:8080");
        for (origin, expected) in [
            ("http://aurora.example:8080", Sender::SameOrigin),
            ("http://AURORA.example:8080", Sender::SameOrigin),
            ("http://aurora.example", Sender::OtherOrigin),
            ("http://aurora.example:8080.evil.example", Sender::OtherOrigin),
            ("http://evil.example", Sender::OtherOrigin),
            ("null", Sender::OtherOrigin),
            ("", Sender::OtherOrigin),
        ] {
            assert_eq!(sender(&[host, ("origin", origin)]), expected, "{origin}");
        }
        assert_eq!(sender(&[host]), Sender::Unknown);
    }

    #[test]
    fn behind_a_front_door_the_host_that_it_was_asked_for_counts() {
        let origin = ("origin", "https://aurora.example");
        let host = ("host", "10.0.0.7:8090");
        let forwarded = ("x-forwarded-host", "aurora.example");
        assert_eq!(sender(&[origin, host]), Sender::OtherOrigin);
        assert_eq!(sender(&[origin, host, forwarded]), Sender::SameOrigin);
    }

    #[test]
    fn what_the_browser_says_of_the_site_decides() {
        let same = [("host", "a.example"), ("origin", "https://a.example")];
        for (site, expected) in [
            ("same-origin", Sender::SameOrigin),
            ("same-site", Sender::OtherOrigin),
            ("cross-site", Sender::OtherOrigin),
            ("none", Sender::Unknown),
        ] {
            let [host, origin] = same;
            let said = sender(&[host, origin, ("sec-fetch-site", site)]);
            assert_eq!(said, expected, "{site}");
        }
    }
}
