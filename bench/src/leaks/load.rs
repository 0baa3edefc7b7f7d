//! The sessions: what each does until the end, and that all of them end. Must never let a session wait for an answer
//! without a limit.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, redirect};
use serde::Deserialize;
use shared::clock::Clock;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::requests::Request;
use super::tally::{Bet, Fate, Purpose, Tally, Told};
use super::torn::{self, Farewell, HangUp};
use crate::dice::Dice;
use crate::installation::Service;
use crate::people::People;

/// After how long a request without an answer counts as hung.
const HUNG_AFTER: Duration = Duration::from_secs(5);
/// The longest that an impatient session waits for an answer to begin.
const PATIENCE_MS: u64 = 30;
/// Of a hundred requests of a session, so many are bets.
const BETS_PERCENT: u64 = 30;
/// Of a hundred requests whose client hangs up, so many are not even sent whole.
const UNFINISHED_PERCENT: u64 = 25;
/// Pause between two changes by staff.
const CHANGE_PAUSE: Duration = Duration::from_millis(500);
/// Seed of the dice of the staff; those of the sessions are their numbers.
const STAFF_SEED: u64 = u64::MAX;

/// A client whose connections are reused, for sessions that wait.
pub(super) fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .timeout(HUNG_AFTER)
        .build()
}

/// What the sessions work with.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) people: People,
    /// Those that are asked.
    pub(super) readers: Vec<Service>,
    /// For sessions that wait.
    pub(super) client: Client,
    pub(super) tally: Tally,
    pub(super) clock: Clock,
    /// When no session begins another request, by the clock's elapsed time.
    pub(super) ends_at: Duration,
    /// Longest pause of a session between two requests.
    pub(super) longest_pause_ms: u64,
}

impl Load {
    /// Lets every player load pages and bet, and staff change themes, until it is time and all are answered.
    pub(super) async fn run(self: Arc<Self>) {
        let mut tasks = JoinSet::new();
        for player in 0..self.people.players.len() {
            tasks.spawn(Session::new(Arc::clone(&self), player).go_on());
        }
        tasks.spawn(self.change_themes());
        tasks.join_all().await;
    }

    async fn change_themes(self: Arc<Self>) {
        let dice = Dice::seeded(STAFF_SEED);
        for operator in self.people.operators.iter().cycle() {
            sleep(CHANGE_PAUSE).await;
            if self.is_over() {
                return;
            }
            let change = Request::theme_change(operator, &dice);
            let (fate, _) = self.wait_for(&change, &self.readers[0]).await;
            self.tally.count(Purpose::Change, &fate);
        }
    }

    fn is_over(&self) -> bool {
        self.clock.elapsed() >= self.ends_at
    }

    /// Sends a request and waits until it is answered whole. Also returns the answer's body.
    pub(super) async fn wait_for(&self, request: &Request, reader: &Service) -> (Fate, Vec<u8>) {
        let began = self.clock.elapsed();
        let answer = async {
            let response = request.by(&self.client, &reader.url).send().await?;
            Ok((response.status().as_u16(), response.bytes().await?))
        };
        let answer: reqwest::Result<_> = answer.await;
        let took = self.clock.elapsed().saturating_sub(began);
        match answer {
            Ok((status, body)) => (Fate::Answered { status, took }, body.to_vec()),
            Err(error) if error.is_timeout() => (Fate::Hung, Vec::new()),
            Err(_) => (Fate::Failed, Vec::new()),
        }
    }
}

/// Whether a session waits for its answers.
#[derive(Clone, Copy, Debug)]
enum Manner {
    Waits,
    HangsUp,
}

/// A player in front of a browser.
struct Session {
    load: Arc<Load>,
    player: usize,
    reader: Service,
    manner: Manner,
    dice: Dice,
}

impl Session {
    fn new(load: Arc<Load>, player: usize) -> Self {
        Self {
            reader: load.readers[player / 2 % load.readers.len()].clone(),
            manner: [Manner::Waits, Manner::HangsUp][player % 2],
            dice: Dice::seeded(player as u64),
            load,
            player,
        }
    }

    async fn go_on(self) {
        for number in 0_u64.. {
            sleep(Duration::from_millis(
                self.dice.below(self.load.longest_pause_ms + 1),
            ))
            .await;
            if self.load.is_over() {
                return;
            }
            if self.dice.percent(BETS_PERCENT) {
                self.bet(number).await;
            } else {
                let page = Request::page(&self.load.people.players[self.player], &self.dice);
                let (fate, _) = self.send(&page).await;
                self.load.tally.count(Purpose::Page, &fate);
            }
        }
    }

    async fn bet(&self, number: u64) {
        let key = format!("leaks-{}-{number}", self.player);
        let bet = Request::bet(&self.load.people.players[self.player], &key);
        let (fate, body) = self.send(&bet).await;
        let told = told(&fate, &body);
        self.load.tally.count(Purpose::Bet, &fate);
        self.load.tally.keep(Bet {
            player: self.player,
            key,
            told,
        });
    }

    async fn send(&self, request: &Request) -> (Fate, Vec<u8>) {
        match self.manner {
            Manner::Waits => self.load.wait_for(request, &self.reader).await,
            Manner::HangsUp => {
                let bytes = request.to_bytes();
                let sent = torn::send(self.reader.address, &bytes, self.hang_up(bytes.len())).await;
                let fate = match sent {
                    Ok(Some(status)) => Fate::CutShort { status },
                    Ok(None) => Fate::Dropped,
                    Err(_) => Fate::Failed,
                };
                (fate, Vec::new())
            }
        }
    }

    fn hang_up(&self, request_bytes: usize) -> HangUp {
        let unfinished = usize::try_from(self.dice.below(request_bytes as u64)).unwrap_or_default();
        HangUp {
            sent: if self.dice.percent(UNFINISHED_PERCENT) {
                unfinished
            } else {
                request_bytes
            },
            patience: Duration::from_millis(self.dice.below(PATIENCE_MS + 1)),
            farewell: self.dice.pick([Farewell::Close, Farewell::Reset]),
        }
    }
}

#[derive(Deserialize)]
struct RoundAnswer {
    #[serde(rename = "ref")]
    round: String,
}

/// What the answer to a bet tells its player.
pub(super) fn told(fate: &Fate, body: &[u8]) -> Told {
    match fate {
        Fate::Answered { status: 200, .. } => {
            serde_json::from_slice(body).map_or(Told::Taken, |answer: RoundAnswer| Told::Round(answer.round))
        }
        Fate::CutShort { status: 200 } => Told::Taken,
        _ => Told::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bet_is_known_by_its_round_or_by_its_status_or_not_at_all() {
        let answered = |status| Fate::Answered {
            status,
            took: Duration::ZERO,
        };
        assert_eq!(
            told(&answered(200), br#"{"ref":"r","x":1}"#),
            Told::Round("r".to_owned())
        );
        assert_eq!(told(&answered(503), br#"{"ref":"r"}"#), Told::Nothing);
        assert_eq!(told(&Fate::CutShort { status: 200 }, b""), Told::Taken);
        assert_eq!(told(&Fate::Dropped, b""), Told::Nothing);
    }
}
