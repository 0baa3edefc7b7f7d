//! Tells a person on standard error what is going on. Must never fail, whoever closed standard error, and never be told
//! a secret.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shared::clock::Clock;

/// Where the story of a start and a stop goes.
#[derive(Clone, Debug)]
pub struct Progress(Option<Arc<Terminal>>);

#[derive(Debug)]
struct Terminal {
    clock: Clock,
    line: Mutex<Line>,
}

/// Where on the terminal the next words will stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// At the start of a line.
    New,
    /// Behind the words that began a step.
    Step,
    /// Behind a sentence that was said within a step.
    Said,
}

impl Terminal {
    fn write(&self, words: impl FnOnce(Line) -> (String, Line)) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let (words, next) = words(*line);
        *line = next;
        write(&words);
    }
}

impl Progress {
    /// Tells nobody.
    pub const fn silent() -> Self {
        Self(None)
    }

    /// Tells whoever reads standard error.
    pub fn to_stderr(clock: Clock) -> Self {
        Self(Some(Arc::new(Terminal {
            clock,
            line: Mutex::new(Line::New),
        })))
    }

    /// Tells a sentence, on a line of its own; within a step, indented below it.
    pub fn say(&self, sentence: &str) {
        if let Some(terminal) = &self.0 {
            terminal.write(|line| match line {
                Line::New => (format!("{sentence}\n"), Line::New),
                Line::Step | Line::Said => (format!("\n  {sentence}"), Line::Said),
            });
        }
    }

    /// Begins a step: `Starting PostgreSQL …`.
    pub(crate) fn step(&self, what: &str) -> Step {
        if let Some(terminal) = &self.0 {
            terminal.write(|_| (format!("{what} …"), Line::Step));
        }
        Step {
            progress: self.clone(),
            began: self.elapsed(),
        }
    }

    fn elapsed(&self) -> Duration {
        self.0
            .as_ref()
            .map_or(Duration::ZERO, |terminal| terminal.clock.elapsed())
    }
}

/// A step under way. Dropping it ends its line without a word, because the error follows.
#[derive(Debug)]
pub(crate) struct Step {
    progress: Progress,
    began: Duration,
}

impl Step {
    /// Ends the step: `Starting PostgreSQL … ready in 1.2 s`.
    pub(crate) fn done(self, how: &str) {
        let took = self.progress.elapsed().saturating_sub(self.began);
        let words = format!("{how} in {:.1} s\n", took.as_secs_f64());
        if let Some(terminal) = &self.progress.0 {
            terminal.write(|line| match line {
                Line::New | Line::Step => (format!(" {words}"), Line::New),
                Line::Said => (format!("\n  {words}"), Line::New),
            });
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some(terminal) = &self.progress.0 {
            terminal.write(|line| match line {
                Line::New => (String::new(), Line::New),
                Line::Step | Line::Said => ("\n".to_owned(), Line::New),
            });
        }
    }
}

/// A line on standard error.
pub(crate) fn line(text: &str) {
    write(&format!("{text}\n"));
}

fn write(text: &str) {
    let mut stderr = io::stderr().lock();
    // Nobody is left to be told that nobody listens.
    drop(stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()));
}
