//! The players over HTTP: each has a connection and bets again as soon as the last bet is answered. Must never count a
//! bet that was refused, or answered after the time was up, as one per second.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use shared::clock::Clock;
use tokio::task::JoinSet;

use super::wire::Connection;
use crate::failure::Failure;
use crate::latencies::Latencies;

/// The players, and the writer that they ask.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    /// Where the writer answers.
    pub(crate) writer: SocketAddr,
    /// The session of each player.
    pub(crate) tokens: Vec<Box<str>>,
    /// What they ask.
    pub(crate) ask: Ask,
    pub(crate) clock: Clock,
}

/// A request that is made again and again.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// Where it goes.
    pub(crate) path: &'static str,
    /// The body of each player, by turns.
    pub(crate) bodies: Vec<String>,
}

impl Ask {
    /// A bet on the slots.
    pub(crate) fn slots() -> Self {
        Self {
            path: "/api/casino/slots/bet",
            bodies: vec![r#"{"stake":1.00}"#.to_owned()],
        }
    }
}

/// What became of the bets of one period.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// Bets answered with 200 before the time was up.
    in_time: u64,
    /// Bets answered with 200.
    pub(crate) taken: u64,
    /// How many were answered with each other status.
    pub(crate) refused: BTreeMap<u16, u64>,
    /// How long those in time took.
    pub(crate) latencies: Latencies,
    period: Duration,
}

impl Answers {
    /// Bets answered per second.
    pub(crate) fn per_s(&self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "nobody bets so often that it is not exact"
        )]
        let bets = self.in_time as f64;
        bets / self.period.as_secs_f64()
    }

    fn merge(&mut self, other: &Self) {
        self.in_time += other.in_time;
        self.taken += other.taken;
        for (status, count) in &other.refused {
            *self.refused.entry(*status).or_default() += count;
        }
        self.latencies.merge(&other.latencies);
    }
}

impl Load {
    /// Lets the first `players` of them bet for so long.
    ///
    /// They share a thread of their own: a runtime with several would spend more of the machine on waking them.
    pub(crate) async fn run(&self, players: usize, period: Duration) -> Result<Answers, Failure> {
        let load = self.clone();
        let ran = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_io()
                .build()?;
            runtime.block_on(load.bet(players, period))
        });
        ran.await
            .unwrap_or_else(|_| Err(Failure::Unfit("the load broke down".to_owned())))
    }

    async fn bet(self, players: usize, period: Duration) -> Result<Answers, Failure> {
        let mut connections = Vec::new();
        let bodies = self.ask.bodies.iter().cycle();
        for (token, body) in self.tokens.iter().take(players).zip(bodies) {
            connections.push(Connection::open(self.writer, token, self.ask.path, body).await?);
        }
        let ends_at = self.clock.elapsed() + period;
        let mut tasks = JoinSet::new();
        for connection in connections {
            tasks.spawn(play(connection, self.clock.clone(), ends_at));
        }
        let mut answers = Answers {
            period,
            ..Answers::default()
        };
        while let Some(played) = tasks.join_next().await {
            let played = played.map_err(|_| Failure::Unfit("a player of the load broke down".to_owned()))?;
            answers.merge(&played?);
        }
        Ok(answers)
    }
}

async fn play(mut connection: Connection, clock: Clock, ends_at: Duration) -> Result<Answers, Failure> {
    let mut answers = Answers::default();
    loop {
        let began = clock.elapsed();
        if began >= ends_at {
            return Ok(answers);
        }
        let status = connection.bet().await?;
        let ended = clock.elapsed();
        if status != 200 {
            *answers.refused.entry(status).or_default() += 1;
            continue;
        }
        answers.taken += 1;
        if ended <= ends_at {
            answers.in_time += 1;
            answers.latencies.record(ended.saturating_sub(began));
        }
    }
}
