//! Commands on their way to the writer: each is sent again, the same to the byte, until it is answered. Must never send
//! one without its key.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::{Client, header, redirect};
use serde_json::Value;
use sha2::{Digest, Sha256};
use shared::clock::Clock;
use tokio::task::JoinSet;
use tokio::time::sleep;
use write_api::commands::IDEMPOTENCY_KEY;

use super::session::Session;
use super::tally::{Fate, Tally};
use crate::dice::Dice;
use crate::people::{People, Player};

/// After how long an attempt without an answer is given up: longer than the writer lets any request take.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(12);
/// After how long a command that nobody answers is given up for lost.
const ANSWER_LIMIT: Duration = Duration::from_mins(2);
/// Longest pause before a command is sent again.
const RETRY_PAUSE_MS: u64 = 100;
/// What the header of an answer is called that was kept for an earlier attempt.
const REPLAYED: &str = "idempotency-replayed";

/// A command, by all that makes it the same when it is sent again.
#[derive(Clone, Debug)]
pub(super) struct Command {
    pub(super) key: Box<str>,
    path: &'static str,
    body: Box<str>,
}

impl Command {
    pub(super) fn new(key: String, path: &'static str, body: &Value) -> Self {
        Self {
            key: key.into(),
            path,
            body: body.to_string().into(),
        }
    }
}

/// An answer that came whole.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Whether it was kept for an earlier attempt.
    pub(super) is_repeat: bool,
    pub(super) body: Vec<u8>,
}

/// What tells an answer from every other: its status, and the SHA-256 of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint {
    pub(super) status: u16,
    pub(super) body_hash: [u8; 32],
}

impl Answer {
    /// 200.
    pub(super) const fn is_taken(&self) -> bool {
        self.status == 200
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        Fingerprint {
            status: self.status,
            body_hash: Sha256::digest(&self.body).into(),
        }
    }
}

/// What the players work with.
#[derive(Debug)]
pub(super) struct Load {
    people: People,
    writer_url: String,
    client: Client,
    pub(super) tally: Tally,
    clock: Clock,
    longest_pause_ms: u64,
    is_over: AtomicBool,
}

impl Load {
    pub(super) fn new(
        people: People,
        writer_url: String,
        clock: &Clock,
        longest_pause_ms: u64,
    ) -> reqwest::Result<Self> {
        let client = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .timeout(ATTEMPT_LIMIT)
            .build()?;
        Ok(Self {
            people,
            writer_url,
            client,
            tally: Tally::default(),
            clock: clock.clone(),
            longest_pause_ms,
            is_over: AtomicBool::new(false),
        })
    }

    pub(super) fn players(&self) -> &[Player] {
        &self.people.players
    }

    /// Lets every player play until [`Load::end`], each in a task of its own.
    pub(super) fn begin(self: &Arc<Self>) -> JoinSet<Session> {
        let players = 0..self.players().len();
        players
            .map(|player| Session::new(Arc::clone(self), player).go_on())
            .collect()
    }

    /// Lets no player begin another move. What is under way is brought to its end.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Some time between two moves.
    pub(super) async fn pause(&self, dice: &Dice) {
        sleep(Duration::from_millis(dice.below(self.longest_pause_ms + 1))).await;
    }

    /// Sends a command of a player until it is answered by anything but a failure of the server, or that takes too
    /// long; `tally` counts it. Also tells how often it was sent.
    pub(super) async fn settle(
        &self,
        player: usize,
        command: &Command,
        dice: &Dice,
        tally: &Tally,
    ) -> (u32, Option<Answer>) {
        let began = self.clock.elapsed();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let attempt_began = self.clock.elapsed();
            let sent = self.send(player, command).await;
            let now = self.clock.elapsed();
            let fate = match &sent {
                Ok(answer) => Fate::Answered(answer.status),
                Err(error) if error.is_timeout() => Fate::Late,
                Err(_) => Fate::Cut,
            };
            tally.attempted(fate, attempt_began, now);
            match sent {
                Ok(answer) if answer.status < 500 => {
                    let took = now.saturating_sub(began);
                    tally.answered(attempts, answer.is_repeat, took);
                    return (attempts, Some(answer));
                }
                _ if now.saturating_sub(began) >= ANSWER_LIMIT => return (attempts, None),
                _ => sleep(Duration::from_millis(dice.below(RETRY_PAUSE_MS + 1))).await,
            }
        }
    }

    async fn send(&self, player: usize, command: &Command) -> reqwest::Result<Answer> {
        let response = self
            .client
            .post(format!("{}{}", self.writer_url, command.path))
            .bearer_auth(&self.people.players[player].token)
            .header(header::CONTENT_TYPE, "application/json")
            .header(IDEMPOTENCY_KEY, &*command.key)
            .body(command.body.to_string())
            .send()
            .await?;
        Ok(Answer {
            status: response.status().as_u16(),
            is_repeat: response.headers().contains_key(REPLAYED),
            body: response.bytes().await?.to_vec(),
        })
    }
}
