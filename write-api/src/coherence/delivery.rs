//! One attempt to tell one reader of changes, and what its answer means.
//! Must never believe that a reader is up to date unless it says so for every change.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, Response, StatusCode, header};
use shared::coherence::{Change, MAX_CHANGES, Older, Push, PushAnswer, WebhookSecrets};
use time::OffsetDateTime;

use super::options::ReaderUrl;
use super::store::News;

/// Longest answer that is read, in bytes: room for [`MAX_CHANGES`] versions.
const MAX_ANSWER_BYTES: usize = 262_144;
/// Longest name that a reader may call itself, in characters.
const MAX_INSTANCE_CHARS: usize = 100;

/// Changes packed for sending. Attempts to send the same parcel carry the same id.
#[derive(Debug)]
pub(super) struct Parcel {
    id: String,
    changes: Vec<Change>,
    body: Bytes,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Delivery {
    /// The reader serves these versions, or newer ones.
    Acknowledged,
    /// The reader serves older ones yet, or did not answer in time.
    Pending,
    /// The reader could not be connected, or did not answer as a reader does.
    Unreachable,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The exchange failed.
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    /// Something else than 200.
    #[error("it answered with status {0}")]
    Status(StatusCode),
    /// More than a reader has to say.
    #[error("its answer is longer than {MAX_ANSWER_BYTES} bytes")]
    TooLong,
    /// Not the JSON of an answer.
    #[error("its answer is not understood: {0}")]
    Nonsense(#[from] serde_json::Error),
}

impl Failure {
    pub(super) fn delivery(&self) -> Delivery {
        match self {
            Self::Http(error) if error.is_timeout() && !error.is_connect() => Delivery::Pending,
            _ => Delivery::Unreachable,
        }
    }
}

impl Parcel {
    /// Packs the first [`MAX_CHANGES`] of the changes. What is beyond reaches readers by their pull, and until then
    /// they count as pending.
    pub(super) fn new(id: String, news: News, older: Older) -> Result<Self, serde_json::Error> {
        let push = Push {
            epoch: news.epoch,
            changes: news.changes.iter().take(MAX_CHANGES).copied().collect(),
            older,
        };
        Ok(Self {
            id,
            body: serde_json::to_vec(&push)?.into(),
            changes: news.changes,
        })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// What `answer` says about these changes.
    pub(super) fn judge(&self, answer: &PushAnswer) -> Delivery {
        let is_served = |wanted: &Change| {
            answer
                .versions
                .iter()
                .any(|served| served.topic == wanted.topic && served.version >= wanted.version)
        };
        if self.changes.iter().all(is_served) {
            Delivery::Acknowledged
        } else {
            Delivery::Pending
        }
    }

    /// Posts this to `reader`, signed as of `now`, and reads its answer within `limit`.
    pub(super) async fn post(
        &self,
        client: &Client,
        secrets: &WebhookSecrets,
        reader: &ReaderUrl,
        now: OffsetDateTime,
        limit: Duration,
    ) -> Result<PushAnswer, Failure> {
        let signed = secrets.sign(&self.id, now, &self.body);
        let response = client
            .post(reader.push_url().clone())
            .timeout(limit)
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", signed.id)
            .header("webhook-timestamp", signed.timestamp)
            .header("webhook-signature", signed.signature)
            .body(self.body.clone())
            .send()
            .await?;
        if response.status() != StatusCode::OK {
            return Err(Failure::Status(response.status()));
        }
        Ok(serde_json::from_slice(&bounded(response).await?)?)
    }
}

async fn bounded(mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(Failure::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The name that a reader gave itself, if it is fit to be shown.
pub(super) fn instance_of(answer: &PushAnswer) -> Option<&str> {
    let name = answer.instance.trim();
    let is_fit =
        (1..=MAX_INSTANCE_CHARS).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    is_fit.then_some(name)
}

#[cfg(test)]
mod tests {
    use shared::coherence::{Kind, Topic};
    use shared::ids::{OperatorId, Version};

    use super::*;

    fn change(operator: i64, kind: Kind, version: i64) -> Change {
        Change {
            topic: Topic::of(OperatorId::new(operator), kind),
            version: Version::new(version),
        }
    }

    fn parcel(changes: Vec<Change>) -> Parcel {
        let epoch = "1".to_owned().into();
        Parcel::new("msg_1".to_owned(), News { epoch, changes }, Older::Kept).unwrap()
    }

    fn answer(instance: &str, versions: Vec<Change>) -> PushAnswer {
        PushAnswer {
            instance: instance.to_owned(),
            versions,
        }
    }

    #[test]
    fn only_a_reader_that_serves_every_change_has_acknowledged() {
        let pushed = vec![change(1, Kind::Theme, 4), change(1, Kind::Branding, 2)];
        let parcel = parcel(pushed);
        let branding = change(1, Kind::Branding, 2);
        for (theme, expected) in [
            (Some(change(1, Kind::Theme, 4)), Delivery::Acknowledged),
            (Some(change(1, Kind::Theme, 5)), Delivery::Acknowledged),
            (Some(change(1, Kind::Theme, 3)), Delivery::Pending),
            (Some(change(2, Kind::Theme, 4)), Delivery::Pending),
            (None, Delivery::Pending),
        ] {
            let served = theme.into_iter().chain([branding]).collect();
            assert_eq!(parcel.judge(&answer("r1", served)), expected, "{theme:?}");
        }
    }

    #[test]
    fn changes_beyond_the_most_are_not_sent_and_stay_pending() {
        let pushed: Vec<_> = (1..=1001).map(|id| change(id, Kind::Theme, 1)).collect();
        let parcel = parcel(pushed.clone());
        let sent: Push = serde_json::from_slice(&parcel.body).unwrap();
        assert_eq!(sent.changes, pushed[..MAX_CHANGES]);
        let judged = parcel.judge(&answer("r1", sent.changes));
        assert_eq!(judged, Delivery::Pending);
    }

    #[test]
    fn a_readers_name_is_shown_only_if_it_is_one() {
        let long = "a".repeat(101);
        for (name, shown) in [
            ("reader-fra-1", Some("reader-fra-1")),
            (" padded ", Some("padded")),
            ("", None),
            ("  ", None),
            ("a\u{0}b", None),
            (long.as_str(), None),
        ] {
            assert_eq!(instance_of(&answer(name, Vec::new())), shown);
        }
    }
}
