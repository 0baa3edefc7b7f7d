//! Tells a person on standard error what is going on. Must never fail, whoever closed standard error, and never be told
//! a secret.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use shared::clock::Clock;

/// Where the story of a start and a stop goes.
#[derive(Clone, Debug)]
pub struct Progress(Option<Arc<Terminal>>);

#[derive(Debug)]
struct Terminal {
    clock: Clock,
    /// Whether a step has begun its line and not ended it.
    is_mid_line: AtomicBool,
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
            is_mid_line: AtomicBool::new(false),
        })))
    }

    /// Tells a sentence, on a line of its own; within a step, indented below it.
    pub fn say(&self, sentence: &str) {
        let Some(terminal) = &self.0 else {
            return;
        };
        if terminal.is_mid_line.load(Ordering::SeqCst) {
            write(&format!("\n  {sentence}\n "));
        } else {
            line(sentence);
        }
    }

    /// Begins a step: `Starting PostgreSQL …`.
    pub(crate) fn step(&self, what: &str) -> Step {
        if let Some(terminal) = &self.0 {
            terminal.is_mid_line.store(true, Ordering::SeqCst);
            write(&format!("{what} …"));
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
        self.end(&format!(" {how} in {:.1} s", took.as_secs_f64()));
    }

    fn end(&self, words: &str) {
        if let Some(terminal) = &self.progress.0
            && terminal.is_mid_line.swap(false, Ordering::SeqCst)
        {
            line(words);
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.end("");
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
