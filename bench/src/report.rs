//! What a measurement found: named values for the last line, and what was not as it should be.
//! Must never print anything after the JSON line.

use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;
use serde_json::{Map, Value, json};

/// The values of one measurement by name, and the expectations that it broke.
#[derive(Debug)]
pub(crate) struct Report {
    values: Map<String, Value>,
    broken: Vec<String>,
}

impl Report {
    /// Nothing yet, for the measurement called `name`.
    pub(crate) fn new(name: &str) -> Self {
        let mut report = Self {
            values: Map::new(),
            broken: Vec::new(),
        };
        report.value("bench", name);
        report
    }

    /// Adds a value to the JSON object.
    pub(crate) fn value(&mut self, name: &str, value: impl Serialize) {
        self.values.insert(name.to_owned(), json!(value));
    }

    /// Adds a sentence for people about something that is not as it should be.
    pub(crate) fn broken(&mut self, sentence: String) {
        self.broken.push(sentence);
    }

    /// The same, if `value` is more than `most`.
    pub(crate) fn at_most(&mut self, what: &str, value: u64, most: u64) {
        if value > most {
            self.broken(format!("{what}: {value}, and at most {most} would be right"));
        }
    }

    /// Prints what is broken, then the JSON line.
    pub(crate) fn conclude(&self) -> ExitCode {
        for sentence in &self.broken {
            say(&format!("NOT AS IT SHOULD BE: {sentence}"));
        }
        say(&Value::Object(self.values.clone()).to_string());
        if self.broken.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// Prints a line, unless nobody listens any more: that must not keep a measurement from cleaning up.
pub(crate) fn say(line: &str) {
    drop(writeln!(io::stdout().lock(), "{line}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_above_its_limit_is_broken() {
        let mut report = Report::new("leaks");
        report.value("hung", 0);
        report.at_most("hung requests", 0, 0);
        assert!(report.broken.is_empty());
        report.at_most("connections of the writer", 13, 12);
        assert_eq!(
            report.broken,
            ["connections of the writer: 13, and at most 12 would be right"]
        );
        assert_eq!(Value::Object(report.values), json!({"bench": "leaks", "hung": 0}));
    }
}
