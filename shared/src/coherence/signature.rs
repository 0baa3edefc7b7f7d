//! Signatures of pushes, as Standard Webhooks 1.0 describes them (`webhook-id`, `webhook-timestamp`,
//! `webhook-signature`: HMAC-SHA256 over `id.timestamp.body`). Must never show a secret.

use std::fmt;
use std::str::FromStr;

use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use time::{Duration, OffsetDateTime};

/// How far a push's timestamp may be from now, either way.
const TOLERANCE: Duration = Duration::minutes(5);
/// Most signatures that one push may carry: one for each secret, with some room.
const MAX_SIGNATURES: usize = 8;
/// Secrets that are valid at once, so that they can be changed one service after the other.
const MAX_SECRETS: usize = 2;
/// Shortest secret, in bytes (the standard asks for 24 to 64).
const MIN_SECRET_BYTES: usize = 24;

/// The secrets that sign pushes: the first signs, either is accepted. Written as
/// `whsec_<base64>[,whsec_<base64>]`.
#[derive(Clone)]
pub struct WebhookSecrets(Vec<Vec<u8>>);

impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "WebhookSecrets({})", self.0.len())
    }
}

/// Why a push is not believed, or a secret not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A secret is not `whsec_` and base64 of at least 24 bytes, or there are none or too many.
    #[error(
        "one or two secrets are wanted, each `whsec_` and base64 of at least 24 bytes, with a comma between"
    )]
    BadSecret,
    /// One of the three headers is missing or unreadable.
    #[error("the headers webhook-id, webhook-timestamp and webhook-signature are required")]
    MissingHeaders,
    /// The timestamp is more than five minutes away.
    #[error("the webhook-timestamp is too old or in the future")]
    WrongTime,
    /// No signature fits.
    #[error("the webhook-signature does not fit")]
    Forged,
}

/// The three headers of a signed push.
#[derive(Clone, Debug)]
pub struct Signed {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`, in seconds since 1970.
    pub timestamp: i64,
    /// `webhook-signature`.
    pub signature: String,
}

impl FromStr for WebhookSecrets {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Self, SignatureError> {
        let secrets: Vec<Vec<u8>> = text
            .split(',')
            .map(|secret| {
                let encoded = secret
                    .trim()
                    .strip_prefix("whsec_")
                    .ok_or(SignatureError::BadSecret)?;
                STANDARD.decode(encoded).map_err(|_| SignatureError::BadSecret)
            })
            .collect::<Result<_, _>>()?;
        let long_enough = secrets.iter().all(|secret| secret.len() >= MIN_SECRET_BYTES);
        if secrets.len() > MAX_SECRETS || !long_enough {
            return Err(SignatureError::BadSecret);
        }
        Ok(Self(secrets))
    }
}

impl WebhookSecrets {
    /// A new secret in the form that [`WebhookSecrets::from_str`] reads.
    pub fn generate(random: &crate::random::Random) -> String {
        format!("whsec_{}", STANDARD.encode(random.bytes::<32>()))
    }

    /// Signs `body` with the first secret.
    pub fn sign(&self, id: &str, now: OffsetDateTime, body: &[u8]) -> Signed {
        let timestamp = now.unix_timestamp();
        let code = self
            .0
            .first()
            .map_or_else(Vec::new, |secret| code(secret, id, timestamp, body));
        Signed {
            id: id.to_owned(),
            timestamp,
            signature: format!("v1,{}", STANDARD.encode(code)),
        }
    }

    /// Checks that `body` was signed with one of the secrets, not long before or after `now`.
    ///
    /// # Errors
    /// When it was not, or a header is missing.
    pub fn verify(
        &self,
        headers: &HeaderMap,
        now: OffsetDateTime,
        body: &[u8],
    ) -> Result<(), SignatureError> {
        let header = |name| headers.get(name)?.to_str().ok();
        let (id, timestamp, signatures) = (|| {
            Some((
                header("webhook-id")?,
                header("webhook-timestamp")?.parse::<i64>().ok()?,
                header("webhook-signature")?,
            ))
        })()
        .ok_or(SignatureError::MissingHeaders)?;
        let age = now.unix_timestamp().abs_diff(timestamp);
        if age > TOLERANCE.whole_seconds().unsigned_abs() {
            return Err(SignatureError::WrongTime);
        }
        if signatures.split(' ').count() > MAX_SIGNATURES {
            return Err(SignatureError::Forged);
        }
        let given: Vec<_> = signatures
            .split(' ')
            .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
            .collect();
        // The body is read once for each secret, however many signatures there are.
        let fits = self.0.iter().any(|secret| {
            let mac = mac(secret, id, timestamp, body);
            given.iter().any(|given| mac.clone().verify_slice(given).is_ok())
        });
        if fits { Ok(()) } else { Err(SignatureError::Forged) }
    }
}

fn mac(secret: &[u8], id: &str, timestamp: i64, body: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("any length is a key");
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    mac
}

fn code(secret: &[u8], id: &str, timestamp: i64, body: &[u8]) -> Vec<u8> {
    mac(secret, id, timestamp, body).finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn secrets(text: &str) -> WebhookSecrets {
        text.parse().unwrap()
    }

    fn headers(signed: &Signed) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", signed.id.parse().unwrap());
        headers.insert("webhook-timestamp", signed.timestamp.into());
        headers.insert("webhook-signature", signed.signature.parse().unwrap());
        headers
    }

    fn secret(byte: u8) -> String {
        format!("whsec_{}", STANDARD.encode([byte; 32]))
    }

    /// The vector published with the standard's reference libraries.
    #[test]
    fn the_published_vector_is_signed_as_published() {
        let secrets = secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let now = OffsetDateTime::from_unix_timestamp(1_614_265_330).unwrap();
        let signed = secrets.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", now, b"{\"test\": 2432232314}");
        assert_eq!(
            signed.signature,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn either_of_two_secrets_is_accepted() {
        let signed = secrets(&secret(1)).sign("a", NOW, b"x");
        let both = secrets(&format!("{},{}", secret(2), secret(1)));
        assert_eq!(both.verify(&headers(&signed), NOW, b"x"), Ok(()));
    }

    #[test]
    fn a_push_may_carry_a_few_signatures_and_not_thousands() {
        let ours = secrets(&secret(1));
        let signed = ours.sign("a", NOW, b"x");
        let with = |count: usize| {
            let all = format!("{}{}", "v1, ".repeat(count), signed.signature);
            let mut headers = headers(&signed);
            headers.insert("webhook-signature", all.parse().unwrap());
            ours.verify(&headers, NOW, b"x")
        };
        assert_eq!(with(1), Ok(()));
        assert_eq!(with(MAX_SIGNATURES - 1), Ok(()));
        assert_eq!(with(MAX_SIGNATURES), Err(SignatureError::Forged));
        assert_eq!(with(10_000), Err(SignatureError::Forged));
    }

    #[test]
    fn forged_old_and_bare_pushes_are_refused() {
        let ours = secrets(&secret(1));
        let signed = ours.sign("a", NOW, b"x");
        assert_eq!(
            ours.verify(&headers(&signed), NOW, b"y"),
            Err(SignatureError::Forged)
        );
        let theirs = secrets(&secret(3)).sign("a", NOW, b"x");
        assert_eq!(
            ours.verify(&headers(&theirs), NOW, b"x"),
            Err(SignatureError::Forged)
        );
        for moved in [Duration::seconds(301), Duration::seconds(-301)] {
            let answer = ours.verify(&headers(&signed), NOW + moved, b"x");
            assert_eq!(answer, Err(SignatureError::WrongTime));
        }
        assert_eq!(
            ours.verify(&HeaderMap::new(), NOW, b"x"),
            Err(SignatureError::MissingHeaders)
        );
    }

    #[test]
    fn weak_secrets_are_refused() {
        let three = [secret(1), secret(2), secret(3)].join(",");
        for bad in ["", "whsec_", "whsec_AAAA", "AAAA", three.as_str()] {
            assert!(bad.parse::<WebhookSecrets>().is_err(), "{bad}");
        }
    }
}
