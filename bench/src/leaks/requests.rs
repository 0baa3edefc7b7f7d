//! What the sessions ask for, as bytes on the wire or by way of a client. Must never ask for anything that a page of
//! the product would not.

use std::fmt::Write;

use reqwest::{Client, Method, RequestBuilder};

use crate::dice::Dice;
use crate::people::{Operator, Player};

/// The sports of the sample feed.
const SPORTS: [&str; 4] = ["basketball", "cricket", "soccer", "tennis"];
const BET_PATH: &str = "/api/casino/slots/bet";
const BET_BODY: &str = r#"{"stake":1.00}"#;

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Request {
    path: String,
    token: Option<Box<str>>,
    key: Option<Box<str>>,
    body: Option<String>,
}

impl Request {
    /// A page that a browser of this player could load.
    pub(super) fn page(player: &Player, dice: &Dice) -> Self {
        let operator = &player.operator.subdomain;
        let sport = dice.pick(SPORTS);
        let path = match dice.below(8) {
            0 => format!("/api/branding/{operator}"),
            1 => format!("/api/load-theme/{operator}"),
            2 => format!("/api/theme-css/{operator}"),
            3 => "/api/theme-templates".to_owned(),
            4 => format!("/api/{operator}/casino-enabled"),
            5 => "/api/sports/sports".to_owned(),
            6 => format!("/api/sports/events/{sport}"),
            _ => format!("/api/sports/events/{sport}?operator={operator}"),
        };
        Self {
            path,
            token: None,
            key: None,
            body: None,
        }
    }

    /// One spin of the slots, named by `key`.
    pub(super) fn bet(player: &Player, key: &str) -> Self {
        Self {
            path: BET_PATH.to_owned(),
            token: Some(player.token.clone()),
            key: Some(key.into()),
            body: Some(BET_BODY.to_owned()),
        }
    }

    /// Another primary colour for the operator's theme.
    pub(super) fn theme_change(operator: &Operator, dice: &Dice) -> Self {
        Self {
            path: format!("/api/save-theme/{}", operator.subdomain),
            token: Some(operator.staff_token.clone()),
            key: None,
            body: Some(format!(
                r##"{{"primaryColor":"#{:06x}"}}"##,
                dice.below(0x100_0000)
            )),
        }
    }

    /// To be sent by `client` to the service at `base`.
    pub(super) fn by(&self, client: &Client, base: &str) -> RequestBuilder {
        let mut request = client.request(self.method(), format!("{base}{}", self.path));
        for (name, value) in self.headers() {
            request = request.header(name, value);
        }
        match &self.body {
            Some(body) => request.body(body.clone()),
            None => request,
        }
    }

    /// As it stands on the wire.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\nhost: localhost\r\n", self.method(), self.path);
        for (name, value) in self.headers() {
            // Writing to a text never fails.
            let _ = write!(text, "{name}: {value}\r\n");
        }
        if let Some(body) = &self.body {
            let _ = write!(text, "content-length: {}\r\n\r\n{body}", body.len());
        } else {
            text.push_str("\r\n");
        }
        text.into_bytes()
    }

    fn method(&self) -> Method {
        self.body.as_ref().map_or(Method::GET, |_| Method::POST)
    }

    fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        [
            Some(("accept-encoding", "gzip, br".to_owned())),
            self.body
                .as_ref()
                .map(|_| ("content-type", "application/json".to_owned())),
            self.token
                .as_ref()
                .map(|token| ("authorization", format!("Bearer {token}"))),
            self.key.as_ref().map(|key| ("idempotency-key", key.to_string())),
        ]
        .into_iter()
        .flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_on_the_wire_is_complete() {
        let request = Request {
            path: BET_PATH.to_owned(),
            token: Some("1.secret".into()),
            key: Some("k".into()),
            body: Some("{}".to_owned()),
        };
        let text = String::from_utf8(request.to_bytes()).unwrap();
        assert!(
            text.starts_with("POST /api/casino/slots/bet HTTP/1.1\r\nhost: localhost\r\n"),
            "{text}"
        );
        assert!(
            text.contains("\r\nauthorization: Bearer 1.secret\r\nidempotency-key: k\r\n"),
            "{text}"
        );
        assert!(text.ends_with("content-length: 2\r\n\r\n{}"), "{text}");
    }
}
