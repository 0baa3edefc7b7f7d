//! What happened so far: attempts, answers, deaths, and how long nobody was answered after each. Must never hold its
//! lock while anything is awaited.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::latencies::Latencies;
use crate::report::Report;

/// How many surprises are told one by one.
const SHOWN: usize = 10;

/// How a process of the installation died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Death {
    /// The writer, by SIGKILL at any moment.
    Writer,
    /// The writer, by its own hand at a fail point.
    WriterAt(&'static str),
    /// PostgreSQL with all its processes, by SIGKILL at any moment.
    Postgres,
}

/// What became of an attempt to get a command answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// With a status and a whole body.
    Answered(u16),
    /// The connection could not be made, or broke.
    Cut,
    /// Nothing came for so long that the client gave up.
    Late,
}

/// The time since a death in which nobody was answered. Moments are by the clock's elapsed time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Outage {
    death: Death,
    /// When the killing began.
    since: Duration,
    /// When it was surely over.
    dead_at: Duration,
}

#[derive(Debug, Default)]
struct Counts {
    deaths: BTreeMap<Death, u32>,
    /// Those that are not over.
    outages: Vec<Outage>,
    writer_outages: Latencies,
    postgres_outages: Latencies,
    surprises: Vec<String>,
    attempts: u64,
    statuses: BTreeMap<u16, u64>,
    cut: u64,
    late: u64,
    commands: u64,
    /// Commands that took more than one attempt.
    repeated: u64,
    /// Commands of which the first answer that came was that to an earlier attempt.
    answered_before: u64,
    answers: Latencies,
}

/// The counts of all players.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<Counts>);

impl Tally {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a death that came between these two moments of the clock's elapsed time.
    pub(super) fn died(&self, death: Death, since: Duration, dead_at: Duration) {
        let mut counts = self.counts();
        *counts.deaths.entry(death).or_default() += 1;
        counts.outages.push(Outage {
            death,
            since,
            dead_at,
        });
    }

    /// Keeps something about the processes that should not have happened.
    pub(super) fn surprise(&self, sentence: String) {
        self.counts().surprises.push(sentence);
    }

    /// Counts an attempt that began and ended at these moments.
    pub(super) fn attempted(&self, fate: Fate, began: Duration, ended: Duration) {
        let mut counts = self.counts();
        counts.attempts += 1;
        match fate {
            Fate::Answered(status) => {
                *counts.statuses.entry(status).or_default() += 1;
                if status < 500 {
                    counts.recover(began, ended);
                }
            }
            Fate::Cut => counts.cut += 1,
            Fate::Late => counts.late += 1,
        }
    }

    /// Counts a command that is answered after so many attempts and so long.
    pub(super) fn answered(&self, attempts: u32, is_repeat: bool, took: Duration) {
        let mut counts = self.counts();
        counts.commands += 1;
        counts.repeated += u64::from(attempts > 1);
        counts.answered_before += u64::from(is_repeat);
        counts.answers.record(took);
    }

    /// For a person who waits.
    pub(super) fn in_words(&self) -> String {
        let counts = self.counts();
        format!(
            "write-api died {} times ({} at fail points), PostgreSQL {}; {} commands answered, {} of them asked more \
             than once",
            counts.writer_deaths(),
            counts.at_fail_points(),
            counts.deaths_of(Death::Postgres),
            counts.commands,
            counts.repeated
        )
    }

    /// Adds everything to `report`, which asked for so many deaths.
    pub(super) fn report(&self, report: &mut Report, writer_kills: u32, postgres_kills: u32) {
        let counts = self.counts();
        let (writer, postgres) = (counts.writer_deaths(), counts.deaths_of(Death::Postgres));
        report.value("kills_writer", writer);
        report.value("kills_postgres", postgres);
        report.value("kills_at_fail_points", counts.at_fail_points());
        report.value("kills_by_fail_point", counts.by_fail_point());
        report.value("writer_outage_p50_ms", counts.writer_outages.p50_ms());
        report.value("writer_outage_max_ms", counts.writer_outages.max_ms());
        report.value("postgres_outage_p50_ms", counts.postgres_outages.p50_ms());
        report.value("postgres_outage_max_ms", counts.postgres_outages.max_ms());
        report.value("commands", counts.commands);
        report.value("attempts", counts.attempts);
        report.value("commands_repeated", counts.repeated);
        report.value("commands_answered_before", counts.answered_before);
        report.value("statuses", &counts.statuses);
        report.value("connections_cut", counts.cut);
        report.value("attempts_late", counts.late);
        report.value("answer_p50_ms", counts.answers.p50_ms());
        report.value("answer_p99_ms", counts.answers.p99_ms());
        report.value("answer_max_ms", counts.answers.max_ms());

        if (writer, postgres) != (writer_kills, postgres_kills) {
            report.broken(format!(
                "write-api died {writer} times, and PostgreSQL {postgres}, of {writer_kills} and {postgres_kills}"
            ));
        }
        for Outage { death, .. } in &counts.outages {
            report.broken(format!("nobody was answered any more after {death:?}"));
        }
        for sentence in counts.surprises.iter().take(SHOWN) {
            report.broken(sentence.clone());
        }
        // Then the load fell into no gap between commit and answer, and proves nothing.
        if counts.deaths_of(Death::WriterAt("after_commit")) > 0 && counts.answered_before == 0 {
            report.broken("no command had its effect before a death and its answer after it".to_owned());
        }
    }
}

impl Counts {
    /// An attempt that began after a death could only be answered by what came back after it.
    fn recover(&mut self, began: Duration, ended: Duration) {
        for outage in self.outages.extract_if(.., |outage| outage.dead_at <= began) {
            let outages = match outage.death {
                Death::Writer | Death::WriterAt(_) => &mut self.writer_outages,
                Death::Postgres => &mut self.postgres_outages,
            };
            outages.record(ended.saturating_sub(outage.since));
        }
    }

    fn deaths_of(&self, death: Death) -> u32 {
        self.deaths.get(&death).copied().unwrap_or_default()
    }

    fn writer_deaths(&self) -> u32 {
        self.deaths_of(Death::Writer) + self.at_fail_points()
    }

    fn at_fail_points(&self) -> u32 {
        self.by_fail_point().values().sum()
    }

    fn by_fail_point(&self) -> BTreeMap<&'static str, u32> {
        let at = |(death, count): (&Death, &u32)| match death {
            Death::WriterAt(point) => Some((*point, *count)),
            Death::Writer | Death::Postgres => None,
        };
        self.deaths.iter().filter_map(at).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn an_outage_ends_with_the_first_answer_to_what_was_asked_after_the_death() {
        let tally = Tally::default();
        tally.died(Death::Writer, ms(1000), ms(1005));
        tally.attempted(Fate::Answered(200), ms(1002), ms(1010));
        tally.attempted(Fate::Cut, ms(1020), ms(1021));
        tally.died(Death::Postgres, ms(1050), ms(1055));
        tally.attempted(Fate::Answered(503), ms(1060), ms(1070));
        tally.attempted(Fate::Answered(200), ms(1040), ms(1100));
        let left: Vec<Death> = tally.counts().outages.iter().map(|outage| outage.death).collect();
        assert_eq!(left, [Death::Postgres]);
        tally.attempted(Fate::Answered(200), ms(1200), ms(1250));
        let counts = tally.counts();
        assert!(counts.outages.is_empty());
        let outages = [&counts.writer_outages, &counts.postgres_outages].map(Latencies::max_ms);
        assert!((99.0..102.0).contains(&outages[0]), "{outages:?}");
        assert!((199.0..203.0).contains(&outages[1]), "{outages:?}");
    }

    #[test]
    fn a_death_at_a_fail_point_is_one_of_the_writer() {
        let tally = Tally::default();
        for death in [
            Death::Writer,
            Death::WriterAt("before_commit"),
            Death::Postgres,
            Death::WriterAt("before_commit"),
        ] {
            tally.died(death, ms(0), ms(1));
        }
        let counts = tally.counts();
        assert_eq!((counts.writer_deaths(), counts.at_fail_points()), (3, 2));
        assert_eq!(counts.deaths_of(Death::Postgres), 1);
    }
}
