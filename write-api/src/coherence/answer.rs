//! What staff are told about a change: its version, and which readers serve it already.
//! Must never call a reader up to date that did not say so.

use serde::Serialize;
use shared::coherence::Change;
use shared::http::Private;
use shared::ids::Version;
use shared::problem::Problem;
use utoipa::ToSchema;

use super::delivery::Delivery;
use super::readers::Readers;
use super::store::News;

/// Which readers know of a push, by name, or by address where the name is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct PushReport {
    /// They serve the new versions.
    pub acknowledged: Vec<String>,
    /// They serve older versions yet, or did not answer in time. Told again in the background.
    pub pending: Vec<String>,
    /// They could not be connected, or answered an error. Told again in the background, then left to their pull.
    pub unreachable: Vec<String>,
}

impl PushReport {
    pub(super) fn add(&mut self, reader: String, delivery: Delivery) {
        let list = match delivery {
            Delivery::Acknowledged => &mut self.acknowledged,
            Delivery::Pending => &mut self.pending,
            Delivery::Unreachable => &mut self.unreachable,
        };
        list.push(reader);
    }

    pub(super) fn in_order(mut self) -> Self {
        self.acknowledged.sort_unstable();
        self.pending.sort_unstable();
        self.unreachable.sort_unstable();
        self
    }
}

/// What the pushes came to since the start.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct PushHealth {
    /// Attempts to push to one reader.
    pub pushes_sent: u64,
    /// Attempts after which the reader served the new versions.
    pub pushes_acknowledged: u64,
    /// Attempts after which it did not, or nobody knows.
    pub pushes_failed: u64,
    /// Pushes to one reader that were given up and left to its pull.
    pub pushes_left_to_pull: u64,
    /// Pushes to one reader that are being retried now.
    pub pushes_in_retry: usize,
}

/// What a transaction did to the data of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It changed them: this is the new version.
    Changed(News),
    /// They were like that already: this is the version that they have, and readers need not be told.
    AsItWas(Change),
}

/// A change by staff that is committed, and what they are told of it.
#[derive(Debug)]
pub struct Committed<T> {
    /// What became of the data.
    pub saved: Saved,
    /// A sentence for people.
    pub message: &'static str,
    /// Further members of the answer.
    pub more: T,
}

/// The answer to a change by staff.
#[derive(Debug, Serialize, ToSchema)]
pub struct Announced<T> {
    success: bool,
    message: &'static str,
    /// Members of the one answer.
    #[serde(flatten)]
    more: T,
    /// The version of the first of `versions`, for the header `Edgebook-Min-Version`.
    version: Version,
    /// The version of everything that the request was about. A request that changed nothing moves none.
    versions: Vec<Change>,
    /// Who was told of the new versions. Nobody is when nothing changed.
    readers: PushReport,
}

/// No further members.
#[derive(Debug, Serialize, ToSchema)]
pub struct Nothing {}

impl<T> Announced<T> {
    /// An answer with `versions` that `readers` were told of.
    pub fn new(message: &'static str, more: T, versions: Vec<Change>, readers: PushReport) -> Self {
        Self {
            success: true,
            message,
            more,
            version: versions.first().map_or(Version::NONE, |one| one.version),
            versions,
            readers,
        }
    }
}

impl Readers {
    /// Carries out a `change` by staff, pushes what it committed, if anything changed, and makes the answer. All of
    /// it happens even if the staff who asked for it leave.
    ///
    /// # Errors
    /// Whatever `change` returns.
    pub async fn announce<T, E>(
        &self,
        change: impl Future<Output = Result<Committed<T>, E>> + Send + 'static,
    ) -> Result<Private<Announced<T>>, Problem>
    where
        T: Send + 'static,
        E: Into<Problem> + Send + 'static,
    {
        let readers = self.clone();
        let task = self.tasks().spawn(async move {
            let committed = change.await?;
            let (versions, report) = match committed.saved {
                Saved::Changed(news) => (news.changes.clone(), readers.push(news).await),
                Saved::AsItWas(change) => (vec![change], PushReport::default()),
            };
            let (message, more) = (committed.message, committed.more);
            Ok(Private(Announced::new(message, more, versions, report)))
        });
        match task.await {
            Ok(result) => result.map_err(E::into),
            Err(error) => Err(Problem::internal(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::coherence::{Kind, Topic};
    use shared::ids::OperatorId;

    use super::*;

    #[test]
    fn an_answer_shows_the_version_and_every_reader() {
        #[derive(Serialize)]
        struct More {
            casino_enabled: bool,
        }
        let change = Change {
            topic: Topic::of(OperatorId::new(7), Kind::Operator),
            version: Version::new(12),
        };
        let mut report = PushReport::default();
        for (reader, delivery) in [
            ("read-b", Delivery::Acknowledged),
            ("read-a", Delivery::Acknowledged),
            ("http://10.0.0.3:8080", Delivery::Unreachable),
            ("read-c", Delivery::Pending),
        ] {
            report.add(reader.to_owned(), delivery);
        }
        let more = More {
            casino_enabled: false,
        };
        let answer = Announced::new("Casino disabled", more, vec![change], report.in_order());
        let expected = json!({
            "success": true,
            "message": "Casino disabled",
            "casino_enabled": false,
            "version": 12,
            "versions": [{ "operator_id": 7, "kind": "operator", "version": 12 }],
            "readers": {
                "acknowledged": ["read-a", "read-b"],
                "pending": ["read-c"],
                "unreachable": ["http://10.0.0.3:8080"],
            },
        });
        assert_eq!(serde_json::to_value(answer).unwrap(), expected);
    }

    #[test]
    fn an_answer_may_have_no_further_members() {
        let answer = Announced::new("Saved", Nothing {}, Vec::new(), PushReport::default());
        let shown = serde_json::to_value(answer).unwrap();
        assert_eq!(shown["version"], 0);
        assert_eq!(shown.as_object().unwrap().len(), 5);
    }
}
