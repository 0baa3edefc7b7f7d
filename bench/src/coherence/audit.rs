//! What the readers' own auditors have found wrong. Must never call a reader without an auditor a clean one.

use std::collections::BTreeMap;

use reqwest::Client;

use crate::installation::Service;

/// How the auditors' counters are called; after it comes how long after a change.
const COUNTERS: &str = "edgebook_audit_inconsistent_after_";

/// Inconsistencies by how long after a change they were seen, such as `5s`; nothing where no reader told of any kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Audit(BTreeMap<String, u64>);

impl Audit {
    /// Adds what a reader tells. Its counters begin anew when it is started again.
    pub(super) async fn add(&mut self, client: &Client, reader: &Service) -> Result<(), reqwest::Error> {
        let metrics = client.get(format!("{}/metrics", reader.url)).send().await?;
        self.read(&metrics.text().await?);
        Ok(())
    }

    fn read(&mut self, metrics: &str) {
        for line in metrics.lines() {
            let found = line
                .strip_prefix(COUNTERS)
                .and_then(|rest| rest.split_once("_total "));
            if let Some((after, Ok(count))) = found.map(|(after, count)| (after, count.trim().parse::<u64>()))
            {
                *self.0.entry(after.to_owned()).or_default() += count;
            }
        }
    }

    /// What was wrong for longer than pushes and pulls may take; nothing where nobody looked.
    pub(super) fn after_bound(&self) -> Option<u64> {
        let is_after = |after: &&String| after.as_str() != "1s";
        let found = self.0.iter().filter(|(after, _)| is_after(after));
        (!self.0.is_empty()).then(|| found.map(|(_, count)| count).sum())
    }

    /// All of it, by time after the change.
    pub(super) fn by_time(&self) -> Option<&BTreeMap<String, u64>> {
        (!self.0.is_empty()).then_some(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_all_readers_are_added_and_their_absence_is_no_zero() {
        let mut audit = Audit::default();
        audit.read("edgebook_pulls_total 7\nedgebook_audit_checks_total 9\n# EOF\n");
        assert_eq!((audit.after_bound(), audit.by_time()), (None, None));
        for metrics in [
            "edgebook_audit_inconsistent_after_1s_total 4\nedgebook_audit_inconsistent_after_5s_total 0\n",
            "edgebook_audit_inconsistent_after_5s_total 2\nedgebook_audit_inconsistent_after_60s_total 1\n",
        ] {
            audit.read(metrics);
        }
        assert_eq!(audit.after_bound(), Some(3));
        assert_eq!(audit.by_time().map(|all| all["1s"]), Some(4));
    }
}
