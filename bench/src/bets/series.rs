//! The two loads by turns, so that whatever else the machine does meets both. Must never compare what was not measured
//! in the same minutes.

use std::collections::BTreeMap;
use std::time::Duration;

use super::load::{Answers, Load};
use super::pgbench::Pgbench;
use crate::failure::Failure;
use crate::report::say;

/// Both loads, and all that they did so far.
#[derive(Debug)]
pub(super) struct Loads {
    http: Load,
    pgbench: Pgbench,
    /// How long each runs at a time.
    seconds: u32,
    /// Bets over HTTP that were taken.
    pub(super) taken: u64,
    /// Bets over HTTP that were answered with another status than 200.
    pub(super) refused: BTreeMap<u16, u64>,
    /// Bets that pgbench made.
    pub(super) transactions: u64,
}

/// What many players at once came to, in the middle one of the rounds.
#[derive(Debug)]
pub(super) struct Crowded {
    pub(super) bets_per_s: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// With the number of clients that did best.
    pub(super) pgbench_tps: f64,
    pub(super) pgbench_clients: u32,
}

impl Crowded {
    /// Bets per second over HTTP for each one by pgbench.
    pub(super) fn ratio(&self) -> f64 {
        self.bets_per_s / self.pgbench_tps
    }
}

/// What one player alone waited for a bet, in the middle one of the rounds.
#[derive(Debug)]
pub(super) struct Lone {
    pub(super) p50_ms: f64,
    pub(super) pgbench_p50_ms: f64,
}

impl Lone {
    /// The time over HTTP for each unit of time by pgbench.
    pub(super) fn ratio(&self) -> f64 {
        self.p50_ms / self.pgbench_p50_ms
    }
}

impl Loads {
    /// Loads that run for so many seconds at a time.
    pub(super) fn new(http: Load, pgbench: Pgbench, seconds: u32) -> Self {
        Self {
            http,
            pgbench,
            seconds,
            taken: 0,
            refused: BTreeMap::new(),
            transactions: 0,
        }
    }

    /// All players at once over HTTP, then pgbench with each number of clients; and so on for several rounds.
    pub(super) async fn crowded(&mut self, rounds: u32, clients: &[u32]) -> Result<Crowded, Failure> {
        let mut answers = Vec::new();
        let mut tps: Vec<(u32, Vec<f64>)> = clients.iter().map(|clients| (*clients, Vec::new())).collect();
        for round in 1..=rounds {
            let answered = self.over_http(self.http.tokens.len()).await?;
            let per_s = answered.per_s();
            answers.push(answered);
            let mut told = Vec::new();
            for (clients, tps) in &mut tps {
                let run = self.pgbench.run(*clients, self.seconds).await?;
                self.transactions += run.transactions;
                told.push(format!("{:.0}/s with {clients} clients", run.tps));
                tps.push(run.tps);
            }
            let told = told.join(", ");
            say(&format!("round {round}: {per_s:.0} bets/s; pgbench {told}"));
        }
        let best = tps.into_iter().map(|(clients, tps)| (clients, median(tps)));
        let best = best.max_by(|one, other| one.1.total_cmp(&other.1));
        let (pgbench_clients, pgbench_tps) = best.unwrap_or_default();
        let middle = |of: fn(&Answers) -> f64| median(answers.iter().map(of).collect());
        Ok(Crowded {
            bets_per_s: middle(Answers::per_s),
            p50_ms: middle(|answers| answers.latencies.p50_ms()),
            p99_ms: middle(|answers| answers.latencies.p99_ms()),
            pgbench_tps,
            pgbench_clients,
        })
    }

    /// One player over HTTP, then one client of pgbench; and so on for several rounds.
    pub(super) async fn lone(&mut self, rounds: u32) -> Result<Lone, Failure> {
        let (mut over_http, mut by_pgbench) = (Vec::new(), Vec::new());
        for round in 1..=rounds {
            let answered = self.over_http(1).await?.latencies.p50_ms();
            let (run, latencies) = self.pgbench.run_alone(self.seconds).await?;
            self.transactions += run.transactions;
            say(&format!(
                "round {round}, alone: half of the bets took at most {answered:.2} ms; pgbench {:.2} ms",
                latencies.p50_ms()
            ));
            over_http.push(answered);
            by_pgbench.push(latencies.p50_ms());
        }
        Ok(Lone {
            p50_ms: median(over_http),
            pgbench_p50_ms: median(by_pgbench),
        })
    }

    async fn over_http(&mut self, players: usize) -> Result<Answers, Failure> {
        let period = Duration::from_secs(self.seconds.into());
        let answers = self.http.run(players, period).await?;
        self.taken += answers.taken;
        for (status, count) in &answers.refused {
            *self.refused.entry(*status).or_default() += count;
        }
        Ok(answers)
    }
}

/// The middle one; of two in the middle their mean; 0 of none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let upper = values.len() / 2;
    match values.len() {
        0 => 0.0,
        even if even % 2 == 0 => f64::midpoint(values[upper - 1], values[upper]),
        _ => values[upper],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle_whatever_the_order() {
        for (values, middle) in [
            (vec![3.0, 1.0, 2.0], 2.0),
            (vec![4.0, 1.0, 2.0, 9.0], 3.0),
            (vec![5.0], 5.0),
            (vec![], 0.0),
        ] {
            assert!((median(values.clone()) - middle).abs() < 1e-9, "{values:?}");
        }
    }
}
